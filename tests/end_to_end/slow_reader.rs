//! A node that doesn't read for a while is given later what it missed.

use chat_protocol::limits;
use chat_tests::{
    Chat, Director, Server, causal,
    programs::{self, Process},
    wait::PATIENCE,
};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

/// Ann, and Bob, who is in her room and stopped.
fn ann_and_a_stopped_bob(server: &Server) -> (Chat, Chat) {
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.wait_for("bob", |event| event["change"] == "joined");
    bob.process().signal("STOP");
    (ann, bob)
}

#[test]
fn a_stopped_node_catches_up_with_everything() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, mut bob) = ann_and_a_stopped_bob(&server);
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
fn a_signal_ends_a_node_whose_words_another_does_not_take_and_it_tells_how_many_it_drops() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, mut bob) = ann_and_a_stopped_bob(&server);
    let text = "x".repeat(8 << 10);
    let lines = |count| format!("{{\"say\":\"{text}\"}}\n").repeat(count);
    // As it is encoded, not yet as much as may be on its way; then far more, but no more than waits
    // for its turn beside that.
    let most = usize::try_from(limits::IN_FLIGHT).unwrap() / text.len();
    ann.send_bytes(lines(most / 2).as_bytes());
    ann.wait_for_messages(PATIENCE, most / 2);
    ann.send_bytes(lines(limits::OUTBOX_ITEMS + most / 2).as_bytes());
    let unreachable = |ann: &Chat| ann.count(|event| event["change"] == "unreachable");
    let before = unreachable(&ann);
    ann.process().signal("INT");
    assert_eq!(ann.wait(), 0);
    let closed = ann.last_of("closed").unwrap();
    assert_eq!(closed["reason"], "signal", "{closed}");
    if before == 0 {
        // Its last frame may be waited for until Bob is unreachable; what it drops is told at once.
        let events = ann.events();
        let told = events.iter().position(|event| event["event"] == "error").unwrap();
        assert_eq!(events[told]["code"], "rate", "{}", events[told]);
        let waited = events[..told].iter().any(|event| event["change"] == "unreachable");
        assert!(!waited, "it waited until bob no longer counted");
    }
    bob.process().signal("CONT");
}

#[test]
fn a_node_whose_user_does_not_read_beats_on_and_blames_nobody() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut command = Command::new(programs::program("chat"));
    command.args(["join", &invite, "--json", "--nick", "bob", "--server", &server.url()]);
    let mut bob = Process::start(
        programs::without_settings(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()),
    );
    let joined = ann.wait_for("bob", |event| event["change"] == "joined");
    // Far more than a pipe holds, and more than waits for its user before it hears no more.
    ann.send_bytes("{\"say\":\"said\"}\n".repeat(20_000).as_bytes());
    ann.wait_for_messages(PATIENCE, 20_000);
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
    // More than a silent member has, with the pipe full all the while.
    beat_after(first + 2 * u64::from(limits::UNREACHABLE_BEATS));
    assert!(ann.events_of("member").iter().all(|event| event["change"] != "unreachable"));
    ann.say("the last");
    let told = BufReader::new(bob.child().stdout.take().unwrap()).lines().map_while(Result::ok);
    let told: Vec<_> = told.take_while(|line| !line.contains("the last")).collect();
    assert_eq!(told.iter().filter(|line| line.contains("unreachable")).count(), 0);
    assert_eq!(told.iter().filter(|line| line.contains("\"text\":\"said\"")).count(), 20_000);
}
