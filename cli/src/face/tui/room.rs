//! What is known of the room around the transcript: who is there, who agrees, who listens.

use super::{comparison::Comparison, wrap::width};
use crate::face::telling;
use chat_node::{
    Change, ConnectionState, Listener, ListenerKind, ListenersState, Member, Ready, Verified,
};
use chat_protocol::{NodeId, limits, text};
use std::collections::{BTreeMap, BTreeSet};

/// Another member, or this node.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// `nick·tag`, cleaned.
    pub(super) who: String,
    pub(super) nick: String,
    /// The nick before, of one who has taken another.
    pub(super) was: Option<String>,
    pub(super) fingerprint: String,
    pub(super) reachable: bool,
}

/// Whether anyone beside the members hears the room, as far as was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Listeners {
    /// Nobody has looked yet.
    #[default]
    NotLooked,
    /// The server can't or won't tell.
    Unknown,
    /// None was seen; there may be some.
    NoneSeen,
    /// These: what the streams that keep what passes are called, and what everybody else.
    Seen { recorders: Vec<String>, listeners: Vec<String> },
}

impl Listeners {
    /// Everybody seen: what they do, and what they are called.
    fn named(&self) -> impl Iterator<Item = String> + '_ {
        let (recorders, listeners) = match self {
            Self::Seen { recorders, listeners } => (recorders.as_slice(), listeners.as_slice()),
            _ => (&[][..], &[][..]),
        };
        let recorders = recorders.iter().map(|name| format!("recorded by {name}"));
        recorders.chain(listeners.iter().map(|name| format!("heard by {name}")))
    }
}

/// How far this node is in the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// What was said before is on its way.
    #[default]
    CatchingUp,
    Live,
    Leaving,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) topic: Option<String>,
    pub(super) own: Option<NodeId>,
    pub(super) nick: String,
    pub(super) fingerprint: String,
    pub(super) invite: String,
    pub(super) server: String,
    pub(super) sealed: bool,
    /// Whoever knows its name can come in.
    pub(super) open: bool,
    /// Nobody is let in any more.
    pub(super) locked: bool,
    pub(super) down: bool,
    pub(super) phase: Phase,
    /// Of what was said before this node joined, what is here, and all of it; in frames.
    pub(super) catching_up: Option<(usize, usize)>,
    pub(super) others: BTreeMap<NodeId, Person>,
    /// Columns of the widest name so far: what stands beside names doesn't move when one goes.
    pub(super) widest: usize,
    /// What those who have left were called; at most [`limits::MEMBERS`].
    departed: BTreeMap<NodeId, String>,
    pub(super) ignored: BTreeSet<NodeId>,
    pub(super) comparison: Comparison,
    pub(super) listeners: Listeners,
    pub(super) verified: Option<Verified>,
}

impl Room {
    pub(super) fn entered(ready: &Ready) -> Self {
        let topic = ready.topic.as_deref().map(|topic| text::one_line(topic, limits::TOPIC_CHARS));
        Self {
            topic,
            own: Some(ready.node),
            nick: text::one_line(&ready.nick, limits::NICK_CHARS),
            fingerprint: text::one_line(&ready.fingerprint, 80),
            invite: ready.invite.clone(),
            server: ready.server.clone(),
            sealed: ready.sealed,
            // A public room has no secret: its name is its invite.
            open: ready.invite == ready.room.to_string(),
            widest: width(&telling::who(&ready.nick, ready.node)),
            ..Self::default()
        }
    }

    /// Takes note of a change; how it is told.
    pub(super) fn changed(&mut self, member: &Member) -> String {
        let node = member.node;
        let who = telling::who(&member.nick, node);
        self.widest = self.widest.max(width(&who));
        if Some(node) == self.own {
            self.nick = text::one_line(&member.nick, limits::NICK_CHARS);
            return format!("you are now called {who}");
        }
        match member.change {
            Change::Left | Change::Gone | Change::Expelled => {
                self.others.remove(&node);
                if self.departed.len() >= limits::MEMBERS {
                    self.departed.pop_first();
                }
                self.departed.insert(node, who);
            }
            change => {
                let was = member.was.as_deref().map(|was| text::one_line(was, limits::NICK_CHARS));
                let before = self.others.get(&node).and_then(|person| person.was.clone());
                let person = Person {
                    who,
                    was: was.or(before),
                    nick: text::one_line(&member.nick, limits::NICK_CHARS),
                    fingerprint: text::one_line(&member.fingerprint, 80),
                    reachable: change != Change::Unreachable,
                };
                self.others.insert(node, person);
            }
        }
        telling::member(member)
    }

    /// Who else heard the room, as far as was seen; what is told of those seen before.
    pub(super) fn listened(&mut self, state: ListenersState, found: &[Listener]) -> Option<String> {
        let named = |kind| {
            let of_kind = found.iter().filter(move |listener| listener.kind == kind);
            let name = |listener: &Listener| text::one_line(&listener.name, limits::TOPIC_CHARS);
            of_kind.map(name).collect::<Vec<_>>()
        };
        let now = match state {
            ListenersState::Unknown => Listeners::Unknown,
            ListenersState::NoneSeen => Listeners::NoneSeen,
            ListenersState::Seen => Listeners::Seen {
                recorders: named(ListenerKind::Stream),
                listeners: named(ListenerKind::Subscriber),
            },
        };
        let before = std::mem::replace(&mut self.listeners, now);
        let gone: Vec<_> =
            before.named().filter(|name| !self.listeners.named().any(|now| now == *name)).collect();
        let gone = (!gone.is_empty()).then(|| gone.join(", "))?;
        Some(match state {
            ListenersState::Unknown => format!("whether it is still so is unknown: {gone}"),
            _ => format!("no longer seen: {gone}"),
        })
    }

    pub(super) fn connection(&mut self, state: ConnectionState) {
        self.down = state == ConnectionState::Down;
        if self.down {
            self.listeners = Listeners::Unknown;
        }
    }

    /// How a node is called, whether or not it is still there.
    pub(super) fn who(&self, node: NodeId) -> String {
        if Some(node) == self.own {
            return telling::who(&self.nick, node);
        }
        let present = self.others.get(&node).map(|person| &person.who);
        present.or_else(|| self.departed.get(&node)).cloned().unwrap_or_else(|| node.tag())
    }

    /// The one other member that a name means: a nick, a nick with tag, or the tag.
    pub(super) fn named(&self, name: &str) -> Result<NodeId, String> {
        let name = name.trim_start_matches('@');
        let means = |(node, person): &(&NodeId, &Person)| {
            person.who == name || person.nick == name || node.tag() == name
        };
        let mut meant = self.others.iter().filter(means);
        match (meant.next(), meant.next()) {
            (Some((node, _)), None) => Ok(*node),
            (Some((_, one)), Some((_, other))) => {
                Err(format!("{name} may be {} or {}: write the whole name", one.who, other.who))
            }
            (None, _) => Err(format!("nobody here is called {name}; /who tells who is here")),
        }
    }

    /// Whether this node's user is the only one left.
    pub(super) fn is_alone(&self) -> bool {
        self.others.is_empty()
    }

    /// Members, this node included.
    pub(super) fn members(&self) -> usize {
        self.others.len() + 1
    }
}
