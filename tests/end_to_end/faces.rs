//! Lines in, lines out; and signals end a node in order.

use chat_tests::{Chat, Director, Server, programs};
use std::{
    io::Write,
    process::{Command, Stdio},
};

#[test]
fn piped_lines_are_said_and_printed() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut command = Command::new(programs::program("chat"));
    command.args(["start", "--clear", "--nick", "ann", "--server", &server.url()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = programs::without_settings(&mut command).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo \x1b[31mred\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{stdout}");
    assert!(lines[0].starts_with("ann·") && lines[0].ends_with(": one"), "{stdout}");
    assert!(!stdout.contains('\u{1b}'), "no escape sequence reaches the terminal: {stdout:?}");
    assert!(stderr.contains("chat1-"), "the invite is told: {stderr}");
    assert!(stderr.contains("CLEAR"), "{stderr}");
}

#[test]
fn a_signal_ends_it_in_order() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    for signal in ["INT", "TERM"] {
        let mut bob = Chat::join(&server.url(), &invite, signal);
        ann.wait_for(signal, |event| event["change"] == "joined" && event["nick"] == signal);
        bob.process().signal(signal);
        assert_eq!(bob.wait(), 0, "{}", bob.stderr());
        let closed = bob.wait_for("closed", |event| event["event"] == "closed");
        assert_eq!(closed["reason"], "signal");
        ann.wait_for("left", |event| event["change"] == "left" && event["nick"] == signal);
    }
}

#[test]
fn a_nick_can_be_changed_and_a_node_can_leave_by_command() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    bob.send(&serde_json::json!({ "nick": "robert" }));
    let renamed =
        ann.wait_for("renamed", |event| event["change"] == "renamed" && event["nick"] == "robert");
    assert_eq!(renamed["was"], "bob");
    bob.say("new name");
    assert_eq!(ann.wait_for_text("new name")["nick"], "robert");
    bob.send(&serde_json::json!({ "leave": true }));
    assert_eq!(bob.wait(), 0);
    let closed = bob.wait_for("closed", |event| event["event"] == "closed");
    assert_eq!(closed["reason"], "left");
    ann.wait_for("left", |event| event["change"] == "left");
    assert_eq!(ann.finish(), 0);
}
