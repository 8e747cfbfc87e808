//! `chat doctor` finds those who listen and those who record, and says what it can't know.

use chat_tests::{
    Chat, Director, Server,
    programs::{free_port, program, without_settings},
    spying::{Cluster, Leaf, OldServer, Spy},
    wait::{PATIENCE, within},
};
use serde_json::Value;
use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

/// A verdict: the exit code and the object.
struct Verdict {
    code: i32,
    object: Value,
}

impl Verdict {
    fn check(&self, name: &str) -> &Value {
        let checks = self.object["checks"].as_array().expect("checks");
        checks
            .iter()
            .find(|check| check["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {}", self.object))
    }

    fn found(&self, name: &str) -> Vec<(String, String)> {
        let found = self.check(name)["found"].as_array().expect("found").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        found.map(|found| (text(&found["kind"]), text(&found["name"]))).collect()
    }

    /// One line of a table of verdicts.
    fn show(self, case: &str) -> Self {
        let of = |name: &str| {
            let checks = self.object["checks"].as_array().expect("checks");
            let check = checks.iter().find(|check| check["name"] == name);
            check.map_or("-", |check| check["status"].as_str().unwrap_or("?")).to_owned()
        };
        eprintln!(
            "| {case} | {} | {} | {} | {} | {} | {} |",
            self.code,
            self.object["status"].as_str().unwrap_or("?"),
            of("version"),
            of("jetstream"),
            of("recorders"),
            of("listeners"),
        );
        self
    }
}

fn doctor(arguments: &[&str]) -> Output {
    let mut command = Command::new(program("chat"));
    command.arg("doctor").args(arguments).stdin(Stdio::null());
    without_settings(&mut command).output().expect("chat runs")
}

fn examine(url: &str, more: &[&str]) -> Verdict {
    let output = doctor(&[&["--json", "--server", url], more].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let object = serde_json::from_slice(&output.stdout);
    let object = object.unwrap_or_else(|_| panic!("one object: {output:?} {stderr}"));
    Verdict { code: output.status.code().expect("an exit code"), object }
}

/// Streams and routes take a moment to be known across a cluster.
fn examine_until(url: &str, enough: impl Fn(&Verdict) -> bool) -> Verdict {
    let looked = || Some(examine(url, &[])).filter(|verdict| enough(verdict));
    within(PATIENCE, "the verdict", looked, || examine(url, &[]).object.to_string())
}

fn recorder(name: &str) -> Vec<(String, String)> {
    vec![("stream".to_owned(), name.to_owned())]
}

#[test]
fn a_clean_server_is_good_and_none_are_seen() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let verdict = examine(&server.url(), &[]).show("clean server");
    assert_eq!((verdict.code, &verdict.object["status"]), (0, &"ok".into()), "{}", verdict.object);
    for name in [
        "server",
        "version",
        "tls",
        "round_trip",
        "director",
        "jetstream",
        "recorders",
        "listeners",
        "time",
    ] {
        assert_eq!(verdict.check(name)["status"], "ok", "{}", verdict.object);
    }
    let detail = verdict.check("listeners")["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("none seen"), "never just none: {detail}");
    let lines = String::from_utf8(doctor(&["--server", &server.url()]).stdout).unwrap();
    assert!(lines.contains("listeners") && lines.ends_with("=> good\n"), "{lines}");
}

#[test]
fn a_planted_subscriber_is_a_warning_and_hears_nothing_of_it() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let spy = Spy::connect(&server.url(), "nats sub").listening("chat.room.*.msg");
    let verdict = examine(&server.url(), &[]).show("planted `nats sub`");
    assert_eq!(verdict.code, 1, "{}", verdict.object);
    assert_eq!(verdict.found("listeners"), [("subscriber".into(), "nats sub".into())]);
    assert_eq!(verdict.check("recorders")["status"], "ok");
    assert!(!spy.has_heard(), "looking delivers nothing");
}

#[test]
fn a_stream_on_this_server_is_critical_acknowledging_or_not() {
    for no_ack in [false, true] {
        let server = Server::with_jetstream();
        let _director = Director::start(&server.url());
        let verdict = examine(&server.url(), &[]).show("JetStream on, no stream");
        assert_eq!(verdict.code, 1, "on, though nothing is recorded: {}", verdict.object);
        assert_eq!(verdict.check("jetstream")["status"], "warning");
        let spy = Spy::connect(&server.url(), "");
        assert!(spy.record("SPY", "chat.room.>", no_ack));
        let case = if no_ack { "stream on this server, no_ack" } else { "stream on this server" };
        let verdict = examine(&server.url(), &[]).show(case);
        assert_eq!(verdict.code, 2, "{}", verdict.object);
        assert_eq!(verdict.check("recorders")["status"], "critical");
        assert_eq!(verdict.found("recorders"), recorder("SPY"));
        assert_eq!(verdict.found("listeners"), recorder("SPY"));
    }
}

#[test]
fn what_listens_behind_another_server_of_the_cluster_is_found() {
    for no_ack in [false, true] {
        let cluster = Cluster::start();
        let url = cluster.front.url();
        let _director = Director::start(&url);
        let spy = Spy::connect(&cluster.behind.url(), "spy behind").listening("chat.>");
        let named = |verdict: &Verdict, kind: &str| {
            verdict.found("listeners").iter().any(|(found, _)| found == kind)
        };
        let verdict = examine_until(&url, |verdict| named(verdict, "subscriber"))
            .show("`nats sub` at another server of the cluster");
        assert_eq!(verdict.found("listeners"), [("subscriber".into(), "spy behind".into())]);
        assert_eq!(verdict.code, 1, "{}", verdict.object);
        let recording = || spy.record("SPY", "chat.room.>", no_ack).then_some(());
        within(PATIENCE, "the stream", recording, String::new);
        drop(spy);
        let verdict = examine_until(&url, |verdict| {
            named(verdict, "stream") && !named(verdict, "subscriber")
        });
        let case = if no_ack { ", no_ack" } else { "" };
        let verdict = verdict.show(&format!("stream on another server of the cluster{case}"));
        assert_eq!(verdict.found("listeners"), recorder("SPY"));
        assert_eq!(verdict.code, 2, "{}", verdict.object);
    }
}

#[test]
fn a_stream_behind_a_leafs_hub_is_found() {
    let servers = Leaf::start();
    let url = servers.leaf.url();
    let _director = Director::start(&url);
    let spy = Spy::connect(&servers.hub.url(), "");
    assert!(spy.record("SPY", "chat.room.>", true));
    drop(spy);
    let verdict = examine_until(&url, |verdict| !verdict.found("listeners").is_empty())
        .show("stream at the hub behind a leaf, no_ack");
    assert_eq!(verdict.found("listeners"), recorder("SPY"));
    assert_eq!(verdict.code, 2, "{}", verdict.object);
}

#[test]
fn an_older_server_leaves_it_unknown_and_is_not_even_asked() {
    let server = OldServer::start();
    let _director = Director::start(&server.real_url());
    let verdict = examine(&server.url(), &[]).show("older server (says 2.10.29)");
    assert_eq!((verdict.code, &verdict.object["status"]), (3, &"unknown".into()));
    for name in ["version", "recorders", "listeners"] {
        assert_eq!(verdict.check(name)["status"], "unknown", "{}", verdict.object);
    }
    assert_eq!(verdict.check("round_trip")["status"], "ok");
    assert!(!server.was_asked_for_a_trace(), "it would deliver the question to the room");
}

#[test]
fn whoever_may_not_ask_does_not_know() {
    let server = Server::configured(
        "authorization { users: [\n\
         { user: d, password: d }\n\
         { user: u, password: p, permissions: { \
         publish: { allow: [\"chat.>\"] }, subscribe: [\"chat.>\", \"_INBOX.>\"] } }\n] }\n",
    );
    let url = server.url();
    let _director = Director::start(&url.replace("//", "//d:d@"));
    let verdict = examine(&url, &["--user", "u", "--password", "p"]).show("no permission to trace");
    assert_eq!(verdict.code, 3, "{}", verdict.object);
    assert_eq!(verdict.check("listeners")["status"], "unknown");
    assert_eq!(verdict.check("round_trip")["status"], "ok", "{}", verdict.object);
    assert_eq!(verdict.check("director")["status"], "ok");
}

#[test]
fn no_server_is_critical_and_a_mistyped_invite_is_not_looked_up() {
    let nowhere = format!("nats://127.0.0.1:{}", free_port());
    let verdict = examine(&nowhere, &[]).show("no server");
    assert_eq!((verdict.code, verdict.check("server")["status"].as_str()), (2, Some("critical")));
    let output = doctor(&["chat1-abc", "--server", &nowhere]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cut off"), "{output:?}");
}

#[test]
fn a_server_without_a_director_is_a_warning() {
    let server = Server::start();
    let verdict = examine(&server.url(), &[]).show("no director");
    assert_eq!((verdict.code, verdict.check("director")["status"].as_str()), (1, Some("warning")));
}

#[test]
fn the_members_of_a_discussion_are_no_listeners_and_anyone_else_is() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let bob = Chat::join(&server.url(), &invite, "bob");
    bob.wait_for_agreement(Duration::from_secs(30), 2);
    let verdict = examine(&server.url(), &[&invite]).show("INVITE, two members");
    assert_eq!(verdict.code, 0, "{}", verdict.object);
    assert!(verdict.check("listeners")["detail"].as_str().unwrap().contains("of 2 members"));

    // It takes the subjects of a member, and is one too many all the same.
    let (room, node) = (&ann.ready()["room"], &bob.ready()["node"]);
    let (room, node) = (room.as_str().unwrap(), node.as_str().unwrap());
    let spy = Spy::connect(&server.url(), "impostor")
        .listening(&format!("chat.room.{room}.msg"))
        .listening(&format!("chat.room.{room}.node.{node}"));
    let verdict = examine(&server.url(), &[&invite]).show("INVITE, two members and an impostor");
    assert_eq!(verdict.code, 1, "{}", verdict.object);
    assert_eq!(verdict.found("listeners"), [("subscriber".into(), "impostor".into())]);
    drop(spy);
    assert_eq!(ann.events_of("member").len(), 1, "the doctor has not joined: {}", ann.state());
    assert!(ann.find(|event| event["code"] == "refused").is_none(), "{}", ann.state());
    assert_eq!(ann.finish(), 0);
}

#[test]
fn a_public_discussion_is_examined_by_its_id() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut ann = Chat::run(&server.url(), &["start", "--public", "tea"]);
    let room = ann.ready()["room"].as_str().unwrap().to_owned();
    let verdict = examine(&server.url(), &[&room]).show("ROOM, one member");
    assert_eq!(verdict.code, 0, "{}", verdict.object);
    assert!(verdict.check("listeners")["detail"].as_str().unwrap().contains("of 1 member"));
    assert_eq!(ann.finish(), 0);
    let verdict = examine(&server.url(), &[&room]).show("ROOM, nobody there any more");
    assert_eq!(verdict.code, 0, "{}", verdict.object);
    assert!(verdict.check("listeners")["detail"].as_str().unwrap().contains("no member"));
}
