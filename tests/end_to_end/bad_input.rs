//! What is wrong with input is told in a line or two, with the contract's exit code.

use chat_protocol::{RoomId, subject::RoomSubjects};
use chat_tests::{Chat, Director, Server, programs, wait::within};
use futures_util::StreamExt;
use std::{
    io::Read,
    process::{Command, Output, Stdio},
    time::Duration,
};

fn chat(arguments: &[&str]) -> Output {
    let mut command = Command::new(programs::program("chat"));
    command.args(arguments).stdin(Stdio::null());
    programs::without_settings(&mut command).output().expect("chat runs")
}

fn expect_refusal(arguments: &[&str], code: i32, says: &str) {
    let output = chat(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    assert!(stderr.trim_end().lines().count() <= 2, "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn ready_is_the_first_line_whatever_was_written_before() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    for _ in 0..10 {
        let mut ann = Chat::run(&server.url(), &["start", "--nick", "ann"]);
        ann.send_bytes(b"nonsense\n{\"say\":\"\"}\n");
        ann.wait_for("the error", |event| event["event"] == "error");
        assert_eq!(ann.events()[0]["event"], "ready", "{}", ann.state());
        assert_eq!(ann.finish(), 0);
        assert_eq!(ann.events().last().unwrap()["event"], "closed", "{}", ann.state());
    }
}

#[test]
fn a_named_server_that_cannot_be_reached_is_an_error() {
    let url = format!("nats://127.0.0.1:{}", programs::free_port());
    for command in ["start", "random", "rooms"] {
        expect_refusal(&[command, "--server", &url], 3, "127.0.0.1");
    }
}

#[test]
fn a_mistyped_invite_is_caught_before_anything_is_sent() {
    let server = Server::start();
    let director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let last = invite.chars().last().unwrap();
    let typo = format!("{}{}", &invite[..invite.len() - 1], if last == 'a' { 'b' } else { 'a' });
    // Unreachable on purpose: a connection would fail with another code.
    let nowhere = format!("nats://127.0.0.1:{}", programs::free_port());
    expect_refusal(&["join", &typo, "--server", &nowhere], 2, "mistyped");
    expect_refusal(&["join", "chat1-abc", "--server", &nowhere], 2, "cut off");
    expect_refusal(&["join", "no-room", "--server", &nowhere], 2, "");
    drop((ann, director));
}

#[test]
fn wrong_credentials_are_refused() {
    let server = Server::with_password("ann", "right");
    let arguments = ["rooms", "--server", &server.url(), "--user", "ann", "--password", "wrong"];
    expect_refusal(&arguments, 6, "");
    let output = chat(&arguments);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("wrong\""), "no password is shown");
}

#[test]
fn two_kinds_of_credentials_from_two_sources_are_refused_and_named() {
    let mut command = Command::new(programs::program("chat"));
    command.args(["rooms", "--token", "t"]).stdin(Stdio::null());
    let output = programs::without_settings(&mut command).env("NATS_USER", "ann").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("--token") && stderr.contains("NATS_USER"), "{stderr}");
}

#[test]
fn bad_lines_are_told_and_survived() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    let code = |code: &'static str| move |event: &serde_json::Value| event["code"] == code;
    ann.send_bytes(b"not json\n");
    assert_eq!(ann.wait_for("bad_input", code("bad_input"))["event"], "error");
    ann.send_bytes(b"\xff\xfe{}\n");
    assert_eq!(ann.wait_for("not_utf8", code("not_utf8"))["event"], "error");
    ann.say("");
    assert_eq!(ann.wait_for("empty", code("empty"))["event"], "warning");
    ann.say(&"x".repeat((16 << 10) + 1));
    assert_eq!(ann.wait_for("too_long", code("too_long"))["event"], "error");
    ann.send_bytes(&vec![b'y'; 3 << 20]);
    ann.send_bytes(b"\n");
    ann.say(&"z".repeat(16 << 10));
    ann.wait_for_text(&"z".repeat(16 << 10));
    ann.say("fine");
    ann.wait_for_text("fine");
    let too_long =
        ann.events_of("error").iter().filter(|error| error["code"] == "too_long").count();
    assert_eq!(too_long, 2);
    assert_eq!(ann.closed()["messages"], 2);
}

#[test]
fn a_closed_stdout_ends_it_without_a_panic() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut command = Command::new(programs::program("chat"));
    command.args(["start", "--json", "--server", &server.url()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = programs::without_settings(&mut command).spawn().unwrap();
    drop(child.stdout.take());
    let ended =
        within(Duration::from_secs(20), "it ends", || child.try_wait().unwrap(), String::new);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(ended.code().is_some_and(|code| code <= 1), "{ended:?} {stderr}");
}

#[test]
fn garbage_on_the_rooms_subjects_is_counted_and_survived() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let room: RoomId = ann.ready()["room"].as_str().unwrap().parse().unwrap();
    let subjects = RoomSubjects::new(room);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let raw = async_nats::connect(server.url()).await.unwrap();
        let mut huge = vec![b'['; 900 << 10];
        huge.extend(b"{\"v\":1}");
        let garbage: [&[u8]; 6] = [
            b"",
            b"\x00\xff",
            b"{}",
            b"{\"v\":1,\"kind\":\"frame\"}",
            b"{\"v\":9,\"kind\":\"beat\"}",
            &huge,
        ];
        for subject in [subjects.msg(), subjects.beat(), subjects.key(), subjects.sync()] {
            for payload in garbage {
                raw.publish(subject.clone(), payload.to_vec().into()).await.unwrap();
            }
        }
        raw.flush().await.unwrap();
    });
    ann.wait_for("a count", |event| event["code"] == "refused");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.say("unharmed");
    bob.wait_for_text("unharmed");
    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);
}

#[test]
fn a_request_that_was_put_to_all_is_answered_by_nobody() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let bob = Chat::join(&server.url(), &invite, "bob");
    let room: RoomId = ann.ready()["room"].as_str().unwrap().parse().unwrap();
    let node = ann.ready()["node"].as_str().unwrap().parse().unwrap();
    let subjects = RoomSubjects::new(room);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let raw = async_nats::connect(server.url()).await.unwrap();
        let mut requests = raw.subscribe(subjects.sync()).await.unwrap();
        raw.flush().await.unwrap();
        let _carol = Chat::join(&server.url(), &invite, "carol");
        let request = requests.next().await.unwrap().payload;
        let mut answers = raw.subscribe("_INBOX.mallory.*").await.unwrap();
        for (subject, inbox) in [(subjects.msg(), "all"), (subjects.node(node), "one")] {
            let inbox = format!("_INBOX.mallory.{inbox}");
            raw.publish_with_reply(subject, inbox, request.clone()).await.unwrap();
        }
        for member in [&ann, &bob] {
            member.wait_for("a refusal", |event| event["code"] == "refused");
        }
        let answer = answers.next().await.unwrap();
        assert_eq!(answer.subject.as_str(), "_INBOX.mallory.one");
    });
}
