//! Who keeps and who hears the room, or a made-up one, and what else the servers' answer to
//! that says: their clocks.

use super::{
    check::{Check, Status},
    services::made_up_room,
};
use crate::failure::{Code, Failure};
use chat_connect::{Connection, NoTrace};
use chat_node::{Company, Listener, ListenerKind, Look, RoomAddress, company, look};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// Seconds by which a clock may be off; certificates and labels tolerate more.
const SKEW: f64 = 5.0;

/// What the servers told.
pub(super) struct Heard {
    looked: Result<Look, NoTrace>,
    /// The members known; none where the room is made up.
    members: Option<usize>,
    /// This machine's clock right before and after they told.
    between: (SystemTime, SystemTime),
}

/// Asks who hears the room of this address, or a made-up one.
pub(super) async fn listen(
    connection: &Connection,
    address: Option<RoomAddress>,
    members: Company,
) -> Result<Heard, Failure> {
    let Some(address) = address else {
        let room = made_up_room().ok_or_else(|| Failure::new(Code::Other, "no randomness"))?;
        let begun = SystemTime::now();
        let looked = look(connection, room, None, &Company::default()).await;
        return Ok(Heard { looked, members: None, between: (begun, SystemTime::now()) });
    };
    let room = address.room();
    let first = look(connection, room, None, &members).await;
    let Some(before) = suspects(&first) else {
        let now = SystemTime::now();
        return Ok(Heard { looked: first, members: Some(members.count), between: (now, now) });
    };
    // It may be someone who is just coming in or going: members are counted once more.
    let members = company(connection, &address).await;
    let members = members.map_err(|error| Failure::new(Code::Refused, error.to_string()))?;
    let begun = SystemTime::now();
    let looked = look(connection, room, None, &members).await;
    let looked = looked.map(|look| look.confirming(&before));
    Ok(Heard { looked, members: Some(members.count), between: (begun, SystemTime::now()) })
}

fn suspects(look: &Result<Look, NoTrace>) -> Option<Vec<Listener>> {
    let found = &look.as_ref().ok()?.found;
    let is_subscriber = |listener: &Listener| listener.kind == ListenerKind::Subscriber;
    found.iter().any(is_subscriber).then(|| found.clone())
}

impl Heard {
    /// `recorders` and `listeners`.
    pub(super) fn checks(&self) -> [Check; 2] {
        let look = match &self.looked {
            Ok(look) => look,
            Err(why) => {
                let unknown =
                    |name| Check::new(name, Status::Unknown, why.to_string()).next(next(why));
                return [unknown("recorders"), unknown("listeners")];
            }
        };
        let of = |kind| look.found.iter().filter(move |listener: &&Listener| listener.kind == kind);
        let (streams, subscribers) = (of(ListenerKind::Stream), of(ListenerKind::Subscriber));
        let (streams, subscribers): (Vec<_>, Vec<_>) = (streams.collect(), subscribers.collect());
        let what = self.what();
        let recorders = if streams.is_empty() {
            Check::new("recorders", Status::Ok, format!("none seen: no stream keeps {what}"))
        } else {
            let detail = format!("{what} is kept by: {}", listed(&streams));
            Check::new("recorders", Status::Critical, detail).next(
                "don't talk here; whoever runs the server can delete the stream (`nats stream rm`)",
            )
        };
        let listeners = if subscribers.is_empty() && streams.is_empty() {
            Check::new(
                "listeners",
                Status::Ok,
                match self.members {
                    None => "none seen: nobody hears a made-up room".to_owned(),
                    Some(_) => format!("none seen: nobody but members hears {what}"),
                },
            )
        } else if subscribers.is_empty() {
            let detail = format!("recorded, see above; besides none seen who hears {what}");
            Check::new("listeners", Status::Critical, detail)
        } else {
            let status = if streams.is_empty() { Status::Warning } else { Status::Critical };
            let detail = format!("{what} is heard by: {}", listed(&subscribers));
            Check::new("listeners", status, detail)
                .next("ask whoever runs the server what that is; a `chat watch` is one, too")
        };
        let json = |listeners: &[&Listener]| -> Vec<Value> {
            listeners.iter().map(|listener| json!(listener)).collect()
        };
        let all: Vec<_> = look.found.iter().collect();
        [recorders.found(json(&streams)), listeners.found(json(&all))]
    }

    /// The server's clock against this machine's.
    pub(super) fn time(&self) -> Check {
        let unknown = || Check::new("time", Status::Unknown, "the server doesn't tell its time");
        let server = self.looked.as_ref().ok().and_then(|look| look.reach.servers.first());
        let Some(server) = server else { return unknown() };
        let Ok(there) = server.time.parse::<jiff::Timestamp>() else { return unknown() };
        let off = skew(moment(there), self.between);
        let found = [json!({ "server": server.name, "ahead_s": off })];
        if off.abs() <= SKEW {
            Check::new("time", Status::Ok, "the server's clock and this machine's agree")
        } else {
            let (much, way) = (off.abs(), if off > 0.0 { "ahead of" } else { "behind" });
            Check::new(
                "time",
                Status::Warning,
                format!("the server's clock is {much:.0} s {way} this machine's"),
            )
            .next("set both by NTP: TLS certificates and the times shown depend on them")
        }
        .found(found)
    }

    /// Servers on the way that have JetStream on.
    pub(super) fn servers_with_jetstream(&self) -> Vec<String> {
        let servers = self.looked.iter().flat_map(|look| &look.reach.servers);
        let mut names: Vec<_> =
            servers.filter(|server| server.jetstream).map(|server| server.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What that means for now.
    pub(super) fn recorded(&self) -> &'static str {
        match &self.looked {
            Err(_) => "whether anything is, is unknown",
            Ok(look) if look.reach.streams.is_empty() => "nothing keeps it now",
            Ok(_) => "and it is kept, see below",
        }
    }

    fn what(&self) -> String {
        match self.members {
            None => "a made-up room".to_owned(),
            Some(0) => "that discussion (where no member is heard)".to_owned(),
            Some(1) => "that discussion (of 1 member)".to_owned(),
            Some(members) => format!("that discussion (of {members} members)"),
        }
    }
}

/// A server's clock as ours are told; before 1970 is as wrong as 1970.
fn moment(at: jiff::Timestamp) -> SystemTime {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

/// Seconds by which a clock is ahead of ours, at least: it was read between two times of ours.
fn skew(there: SystemTime, (begun, ended): (SystemTime, SystemTime)) -> f64 {
    let ahead = |of| there.duration_since(of).map_or(0.0, |ahead| ahead.as_secs_f64());
    let behind =
        |of: SystemTime| of.duration_since(there).map_or(0.0, |behind| behind.as_secs_f64());
    if there > ended { ahead(ended) } else { -behind(begun) }
}

fn listed(listeners: &[&Listener]) -> String {
    let one = |listener: &&Listener| match (&listener.subject, &listener.server) {
        (Some(subject), Some(server)) => {
            format!("{} (subscribed to {subject} at {})", listener.name, short(server))
        }
        _ => listener.name.clone(),
    };
    listeners.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A server without a name of its own goes by its key.
pub(super) fn short(server: &str) -> String {
    const NAME: usize = 24;
    const KEY: usize = 56;
    if server.len() == KEY { format!("{server:.8}…") } else { format!("{server:.NAME$}") }
}

fn next(why: &NoTrace) -> &'static str {
    match why {
        NoTrace::OldServer(_) => "update the server to 2.11 or newer",
        NoTrace::Refused(_) => {
            "where rooms need a pass name one (`chat doctor INVITE`); else ask whoever runs the server to let this user publish to its inbox, _INBOX.>"
        }
        NoTrace::Unsupported(_) => "update all servers to 2.11 or newer",
        NoTrace::Incomplete | NoTrace::Down => "try again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_read_between_two_times_of_ours_is_right() {
        let at = |s| SystemTime::UNIX_EPOCH + Duration::from_secs(s);
        let between = (at(100), at(103));
        assert!(skew(at(101), between).abs() < 1e-9);
        assert!((skew(at(113), between) - 10.0).abs() < 1e-9);
        assert!((skew(at(90), between) + 10.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_known_says_why_and_what_to_do() {
        let now = SystemTime::now();
        let looked = Err(NoTrace::OldServer("2.10.29".into()));
        let heard = Heard { looked, members: None, between: (now, now) };
        for check in heard.checks() {
            assert_eq!(check.status, Status::Unknown);
            let lines = check.lines(false, str::to_owned);
            assert!(lines.contains("2.10.29") && lines.contains("next: update"), "{lines}");
        }
        assert_eq!(heard.time().status, Status::Unknown);
    }
}
