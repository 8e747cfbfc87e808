//! Whether anyone but the members listens to a room, as far as the servers tell.
//!
//! A trace of the room's `msg` subject names every connection that hears it and every stream
//! that keeps it. Which of the connections are members' is found out with nothing that anyone
//! could claim: a member subscribes to its own `node.<id>` subject, and ids are known from
//! signed beats. So a trace of that subject names its connection, and *each member accounts for
//! one connection at most*: whoever subscribes to a member's subject as well is one too many.
//! In rooms of over [`EXACT`] members, where that would be many traces, connections are counted.
//!
//! Inboxes are looked at, too: pages of history go to joiners through them.
//!
//! What this can't see: a member that passes on what it hears; who takes a member's place at
//! the server while that is dead and not yet missed (30 s); who hears it within an account that
//! imports it (the account is named); a server that lies, logs payloads (`-V`) or is tapped. Where
//! a member's subject has two subscribers, it is certain that one is foreign, not which: the
//! newer connection is named. A member that is gone while its connection lives is a listener,
//! as is a `chat watch`. A queue group's members appear one at a time.

mod members;
mod watching;

pub use members::{Company, company};
pub(crate) use watching::watch;

use chat_connect::{Connection, NoTrace, Reach, Subscription, trace};
use chat_protocol::{NodeId, RoomId, subject::RoomSubjects, text};
use futures_util::future::try_join_all;
use serde::Serialize;
use std::{collections::BTreeSet, time::Duration};

/// Members whose connections are told one by one; with more they are counted.
const EXACT: usize = 16;
/// All servers on the way must have reported by then.
const PATIENCE: Duration = Duration::from_secs(2);
/// Characters shown of a name that a connection gave itself.
const NAME: usize = 64;
/// Characters shown of a subject subscribed to; a room's subjects are shorter.
const SUBJECT: usize = 100;

/// What is known of listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenersState {
    /// The servers named nobody but the members. Never "none": see the module.
    NoneSeen,
    /// The servers named someone.
    Seen,
    /// The servers don't tell.
    Unknown,
}

/// What keeps or hears the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenerKind {
    /// A JetStream stream: a recorder.
    Stream,
    /// A connection, or another account.
    Subscriber,
}

/// Somebody who listens and is no member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Listener {
    /// What it is.
    pub kind: ListenerKind,
    /// The stream's name, or what the connection calls itself; cleaned.
    pub name: String,
    /// Of a connection: the server that it is at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Of a connection: its number at that server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// Of a connection: the subject subscribed to; cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// The outcome of a look.
#[derive(Clone, Debug)]
pub struct Look {
    /// Everybody found, in order.
    pub found: Vec<Listener>,
    /// The trace of the room's messages.
    pub reach: Reach,
}

impl Look {
    /// What that means.
    #[must_use]
    pub fn state(&self) -> ListenersState {
        if self.found.is_empty() { ListenersState::NoneSeen } else { ListenersState::Seen }
    }

    /// Whether someone was found who may only be on the way in or out.
    pub(crate) fn names_subscribers(&self) -> bool {
        self.found.iter().any(|listener| listener.kind == ListenerKind::Subscriber)
    }

    /// Keeps of the subscribers those that were there before, too: whoever enters or leaves is
    /// subscribed for a moment without being a member.
    #[must_use]
    pub fn confirming(mut self, before: &[Listener]) -> Self {
        self.found.retain(|now| now.kind == ListenerKind::Stream || before.contains(now));
        self
    }
}

/// Looks who hears a room. `own` is the node of this connection, if that is a member.
///
/// # Errors
/// Why the servers don't tell.
pub async fn look(
    connection: &Connection,
    room: RoomId,
    own: Option<NodeId>,
    company: &Company,
) -> Result<Look, NoTrace> {
    let subjects = RoomSubjects::new(room);
    let inbox = connection.client().new_inbox();
    let msg = subjects.msg();
    let (reach, inboxes) =
        tokio::try_join!(trace(connection, &msg, PATIENCE), trace(connection, &inbox, PATIENCE),)?;
    let info = connection.client().server_info();
    let is_own = |sub: &Subscription| {
        own.is_some() && sub.connection == (info.server_id.clone(), info.client_id)
    };
    let mut rest = connections(&reach);
    rest.retain(|sub| !is_own(sub));
    if !rest.is_empty() && company.known.len() == company.count && company.count <= EXACT {
        let named = company.known.iter().map(|node| subjects.node(*node));
        let traced = try_join_all(named.map(|subject| async move {
            trace(connection, &subject, PATIENCE).await.map(|reach| (subject, reach))
        }));
        for (subject, reach) in traced.await? {
            account(&mut rest, &subject, &reach);
        }
    } else {
        surplus(&mut rest, &msg, company.count);
    }
    Ok(Look { found: found(rest, &reach, &inboxes), reach })
}

/// One subscription for each connection, the oldest connection first.
fn connections(reach: &Reach) -> Vec<Subscription> {
    let mut connections = reach.subscriptions.clone();
    connections.sort_by(|one, other| one.connection.cmp(&other.connection));
    connections.dedup_by(|one, other| one.connection == other.connection);
    connections
}

/// Takes out the one connection that a member accounts for.
fn account(rest: &mut Vec<Subscription>, subject: &str, reach: &Reach) {
    let is_of_member = |sub: &Subscription| {
        reach
            .subscriptions
            .iter()
            .any(|its| its.connection == sub.connection && its.subject == subject)
    };
    let candidates = rest.iter().enumerate().filter(|(_, sub)| is_of_member(sub));
    if let Some((at, _)) = candidates.min_by_key(|(_, sub)| sub.connection.1) {
        rest.remove(at);
    }
}

/// Takes out as many as there are members: first those that look like one.
fn surplus(rest: &mut Vec<Subscription>, msg: &str, members: usize) {
    rest.sort_by_key(|sub| (sub.subject != msg, sub.connection.1));
    rest.drain(..members.min(rest.len()));
}

fn found(rest: Vec<Subscription>, reach: &Reach, inboxes: &Reach) -> Vec<Listener> {
    let of_connection = |sub: Subscription| Listener {
        kind: ListenerKind::Subscriber,
        name: match text::one_line(&sub.name, NAME) {
            name if name.is_empty() => format!("connection {}", sub.connection.1),
            name => name,
        },
        server: Some(text::one_line(&sub.server, NAME)),
        connection: Some(sub.connection.1),
        subject: Some(text::one_line(&sub.subject, SUBJECT)),
    };
    let named =
        |kind, name: String| Listener { kind, name, server: None, connection: None, subject: None };
    let streams = reach.streams.iter().chain(&inboxes.streams);
    let accounts = reach.accounts.iter().chain(&inboxes.accounts);
    // Who hears the inboxes of others has most likely been found above already.
    let known: BTreeSet<_> = rest.iter().map(|sub| sub.connection.clone()).collect();
    let mut on_inboxes = connections(inboxes);
    on_inboxes.retain(|sub| !known.contains(&sub.connection));
    let mut found: Vec<_> = rest.into_iter().chain(on_inboxes).map(of_connection).collect();
    found.extend(streams.map(|name| named(ListenerKind::Stream, text::one_line(name, NAME))));
    found.extend(accounts.map(|name| {
        named(ListenerKind::Subscriber, format!("account {}", text::one_line(name, NAME)))
    }));
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSG: &str = "chat.room.x.msg";

    fn sub(connection: u64, subject: &str) -> Subscription {
        let server = "n1".to_owned();
        let (name, subject) = ("chat".to_owned(), subject.to_owned());
        Subscription { connection: (server.clone(), connection), server, name, subject }
    }

    fn reach(subscriptions: &[Subscription]) -> Reach {
        Reach { subscriptions: subscriptions.to_vec(), ..Reach::default() }
    }

    #[test]
    fn a_member_accounts_for_one_connection_and_a_wildcard_for_none() {
        let mut rest = vec![sub(1, MSG), sub(2, "chat.>"), sub(3, MSG)];
        let bob = "chat.room.x.node.bob";
        account(&mut rest, bob, &reach(&[sub(2, "chat.>"), sub(3, bob), sub(1, "other")]));
        assert_eq!(rest, [sub(1, MSG), sub(2, "chat.>")]);
    }

    #[test]
    fn who_poses_as_a_member_is_one_too_many() {
        let mut rest = vec![sub(1, MSG), sub(9, MSG)];
        let bob = "chat.room.x.node.bob";
        account(&mut rest, bob, &reach(&[sub(9, bob), sub(1, bob)]));
        assert_eq!(rest, [sub(9, MSG)], "the newer connection is named");
    }

    #[test]
    fn counted_members_are_those_that_look_like_members() {
        let mut rest = vec![sub(1, "chat.>"), sub(2, MSG), sub(3, MSG)];
        surplus(&mut rest, MSG, 2);
        assert_eq!(rest, [sub(1, "chat.>")]);
        surplus(&mut rest, MSG, 2);
        assert!(rest.is_empty(), "fewer connections than members are no listeners");
    }

    #[test]
    fn a_listener_is_named_once_and_its_name_is_cleaned() {
        let mut spy = sub(4, ">");
        spy.name = "\u{1b}[2Jspy".into();
        let heard = Reach { streams: vec!["SPY".into()], ..reach(&[spy.clone()]) };
        let found = found(vec![spy], &heard, &heard);
        let names: Vec<_> = found.iter().map(|listener| listener.name.as_str()).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(names[0], "SPY");
        assert!(names[1].ends_with("spy") && !names[1].contains('\u{1b}'), "{names:?}");
    }

    #[test]
    fn who_is_there_only_once_is_not_told() {
        let look = |on| Look {
            found: found(vec![sub(on, MSG)], &reach(&[]), &reach(&[])),
            reach: reach(&[]),
        };
        assert_eq!(look(2).confirming(&look(1).found).state(), ListenersState::NoneSeen);
        assert_eq!(look(2).confirming(&look(2).found).state(), ListenersState::Seen);
    }
}
