//! A node that doesn't read for a while is given later what it missed.

use chat_tests::{
    Chat, Director, Server, causal,
    programs::{self, Process},
    wait::PATIENCE,
};
use std::{
    process::{Command, Stdio},
    time::Duration,
};

#[test]
fn a_stopped_node_catches_up_with_everything() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.wait_for("bob", |event| event["change"] == "joined");
    bob.process().signal("STOP");
    for round in 0..4 {
        let lines: String = (0..500).map(|n| format!("{{\"say\":\"{round} {n}\"}}\n")).collect();
        ann.send_bytes(lines.as_bytes());
        ann.wait_for_messages(PATIENCE, (round + 1) * 500);
    }
    // Long enough to be suspected: flow control must not wait for it any longer.
    ann.wait_for("unreachable", |event| event["change"] == "unreachable");
    bob.process().signal("CONT");
    bob.wait_for_messages(Duration::from_secs(20), 2000);
    ann.wait_for_agreement(PATIENCE, 2);
    causal::check("bob", &bob.events());
    causal::check_equal(&[ann.closed(), bob.closed()]);
}

#[test]
fn a_user_who_does_not_read_does_not_stop_the_nodes_beats() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut command = Command::new(programs::program("chat"));
    command.args(["join", &invite, "--json", "--nick", "bob", "--server", &server.url()]);
    let _bob = Process::start(
        programs::without_settings(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()),
    );
    let joined = ann.wait_for("bob", |event| event["change"] == "joined");
    // Far more than a pipe holds.
    let text = "x".repeat(8 << 10);
    for _ in 0..200 {
        ann.say(&text);
    }
    ann.wait_for_messages(PATIENCE, 200);
    let watch = Chat::run(&server.url(), &["watch", ann.ready()["room"].as_str().unwrap()]);
    let beat_after = |count: u64| {
        let beat = watch.wait_for("a beat of bob's", |line| {
            let envelope = &line["envelope"];
            envelope["kind"] == "beat"
                && envelope["from"] == joined["node"]
                && envelope["count"].as_u64() > Some(count)
        });
        beat["envelope"]["count"].as_u64().unwrap_or_default()
    };
    let first = beat_after(0);
    // Further ones, with the pipe full all the while.
    beat_after(first + 3);
    assert!(ann.events_of("member").iter().all(|event| event["change"] != "unreachable"));
}
