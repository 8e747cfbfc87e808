//! What the servers on the way report, and when all of it is there.

use super::{NoTrace, Reach, Server, Subscription};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

/// Reports looked at: a supercluster has fewer servers, and anybody who learns of the inbox
/// could write to it.
const REPORTS: usize = 256;
/// The header by which a report says which hop it is of.
const HOP: &str = "Nats-Trace-Hop";
/// Kinds of receivers, as servers number them.
const CLIENT: u8 = 0;

/// One server's report; what isn't needed here is left out.
#[derive(Deserialize)]
struct Report {
    server: Reporter,
    #[serde(default)]
    request: Request,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Reporter {
    name: String,
    id: String,
    #[serde(default)]
    ver: String,
    #[serde(default)]
    jetstream: bool,
    #[serde(default)]
    time: String,
}

#[derive(Default, Deserialize)]
struct Request {
    #[serde(default)]
    header: HashMap<String, Vec<String>>,
}

/// Of every type; which fields there are depends on it.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    what: String,
    #[serde(default)]
    kind: u8,
    #[serde(default)]
    cid: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    hop: String,
    #[serde(default)]
    acc: String,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    error: String,
}

/// The reports that came so far.
#[derive(Default)]
pub(super) struct Reports {
    taken: Vec<(String, Report)>,
}

impl Reports {
    /// Takes what came; anything that is no report is passed over.
    pub(super) fn take(&mut self, payload: &[u8]) {
        let Ok(report) = serde_json::from_slice::<Report>(payload) else { return };
        if self.taken.len() < REPORTS {
            let hop = report.request.header.get(HOP).and_then(|hops| hops.first());
            self.taken.push((hop.cloned().unwrap_or_default(), report));
        }
    }

    /// Whether there is one of the server asked, and one for each hop named.
    pub(super) fn complete(&self) -> bool {
        let have: BTreeSet<&str> = self.taken.iter().map(|(hop, _)| hop.as_str()).collect();
        // A hop with an error goes nowhere, and nobody will report of it.
        let named = self.events().filter(|(_, event)| event.error.is_empty());
        let mut named = named.map(|(_, event)| event.hop.as_str());
        have.contains("") && named.all(|hop| have.contains(hop))
    }

    /// Where the message would go, from whole reports.
    pub(super) fn reach(mut self) -> Result<Reach, NoTrace> {
        self.taken.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut reach = Reach::default();
        for (_, Report { server, .. }) in &self.taken {
            reach.servers.push(Server {
                name: server.name.clone(),
                version: server.ver.clone(),
                jetstream: server.jetstream,
                time: server.time.clone(),
            });
        }
        let mut untold = None;
        for (server, event) in self.events() {
            match event.what.as_str() {
                "in" if !event.error.is_empty() => {
                    return Err(NoTrace::Refused(event.error.clone()));
                }
                "eg" if event.kind == CLIENT => reach.subscriptions.push(Subscription {
                    connection: (server.id.clone(), event.cid),
                    server: server.name.clone(),
                    name: event.name.clone(),
                    subject: event.sub.clone(),
                }),
                "eg" if !event.error.is_empty() => untold = Some(event),
                "js" => reach.streams.push(event.stream.clone()),
                "se" => reach.accounts.push(event.acc.clone()),
                _ => {}
            }
        }
        reach.streams.sort();
        reach.streams.dedup();
        // What was found stands, whoever else doesn't tell.
        match untold.filter(|_| reach.streams.is_empty()) {
            Some(event) => Err(NoTrace::Unsupported(format!("{}: {}", event.name, event.error))),
            None => Ok(reach),
        }
    }

    fn events(&self) -> impl Iterator<Item = (&Reporter, &Event)> {
        self.taken
            .iter()
            .flat_map(|(_, report)| report.events.iter().map(move |event| (&report.server, event)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn report(server: &str, hop: Option<&str>, events: &Value) -> Vec<u8> {
        let header = hop.map_or_else(|| json!({}), |hop| json!({ HOP: [hop] }));
        let server = json!({ "name": server, "id": server, "ver": "2.15.1", "time": "" });
        json!({ "server": server, "request": { "header": header }, "events": events })
            .to_string()
            .into_bytes()
    }

    fn origin() -> Vec<u8> {
        report(
            "a",
            None,
            &json!([
                { "type": "in", "kind": 0, "cid": 9, "name": "me" },
                { "type": "eg", "kind": 0, "cid": 9, "name": "me", "sub": "chat.room.x.msg" },
                { "type": "eg", "kind": 1, "cid": 8, "name": "b", "hop": "1" },
            ]),
        )
    }

    fn second() -> Vec<u8> {
        report(
            "b",
            Some("1"),
            &json!([
                { "type": "eg", "kind": 0, "cid": 12, "name": "spy", "sub": "chat.>" },
                { "type": "js", "stream": "SPY" },
            ]),
        )
    }

    #[test]
    fn reports_are_whole_once_each_hop_named_has_reported_in_whatever_order() {
        for order in [[origin(), second()], [second(), origin()]] {
            let mut reports = Reports::default();
            reports.take(b"garbage");
            reports.take(&order[0]);
            assert!(!reports.complete(), "one of two");
            reports.take(&order[1]);
            assert!(reports.complete());
            let reach = reports.reach().unwrap();
            assert_eq!(reach.servers[0].name, "a", "the one asked stands first");
            assert_eq!(reach.streams, ["SPY"]);
            let names: Vec<_> = reach.subscriptions.iter().map(|sub| sub.name.as_str()).collect();
            assert_eq!(names, ["me", "spy"]);
            assert_eq!(reach.subscriptions[1].connection, ("b".to_owned(), 12));
        }
    }

    #[test]
    fn a_server_that_cannot_report_leaves_it_unknown() {
        let error = "Message delivered but remote does not support message tracing";
        let route = json!([{ "type": "eg", "kind": 1, "name": "old", "hop": "1", "error": error }]);
        let mut reports = Reports::default();
        reports.take(&report("a", None, &route));
        assert!(reports.complete(), "nothing more will come");
        assert!(matches!(reports.reach(), Err(NoTrace::Unsupported(_))));
    }

    #[test]
    fn whoever_may_not_publish_there_is_not_told() {
        let mut reports = Reports::default();
        reports.take(&report("a", None, &json!([{ "type": "in", "error": "Permissions" }])));
        assert!(reports.complete());
        assert!(matches!(reports.reach(), Err(NoTrace::Refused(_))));
    }
}
