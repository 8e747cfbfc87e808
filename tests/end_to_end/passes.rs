//! Discussions on a server that lets nobody into a room without a pass for it.

use chat_tests::{Chat, Keys, Server, causal, programs::without_settings, wait::PATIENCE};
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// A node that comes as a guest.
pub(crate) fn chat(keys: &Keys, server: &Server, arguments: &[&str]) -> Chat {
    Chat::start(keys.guest(&server.url(), &["--json"]).args(arguments))
}

/// Opens a private discussion; the node and its invite.
pub(crate) fn open(keys: &Keys, server: &Server, nick: &str) -> (Chat, String) {
    let chat = chat(keys, server, &["start", "--nick", nick]);
    let invite = chat.ready()["invite"].as_str().unwrap_or_default().to_owned();
    (chat, invite)
}

/// The server has refused something.
pub(crate) fn refused(event: &Value) -> bool {
    event.to_string().to_lowercase().contains("violation")
}

fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("it runs")
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

#[test]
fn a_sealed_discussion_of_three_outlives_its_director_and_a_restart_of_the_server() {
    let keys = Keys::make();
    let mut server = keys.server();
    let director = keys.director(&server.url(), &[]);
    let (mut ann, invite) = open(&keys, &server, "ann");
    let join = |nick| chat(&keys, &server, &["join", &invite, "--nick", nick]);
    let (mut bob, mut eve) = (join("bob"), join("eve"));
    for node in [&ann, &bob, &eve] {
        node.wait_for_agreement(PATIENCE, 3);
    }
    ann.say("with a director");
    for node in [&bob, &eve] {
        node.wait_for_text("with a director");
    }
    drop(director);
    bob.say("without one");
    for node in [&ann, &eve] {
        node.wait_for_text("without one");
    }
    server.kill();
    for node in [&ann, &bob, &eve] {
        node.wait_for("down", |event| event["event"] == "connection" && event["state"] == "down");
    }
    eve.say("into nothing");
    server.restart();
    for node in [&ann, &bob] {
        node.wait_for_text("into nothing");
    }
    ann.say("by the same passes");
    for node in [&bob, &eve] {
        node.wait_for_text("by the same passes");
    }
    let nodes = [&ann, &bob, &eve];
    Chat::wait_for_one_transcript(nodes, PATIENCE);
    for node in nodes {
        assert_eq!(node.ready()["sealed"], true);
        causal::check("a node", &node.events());
        assert_eq!(node.find(refused), None, "nothing that members do is refused");
    }
    causal::check_equal(&[ann.closed(), bob.closed(), eve.closed()]);
}

#[test]
fn members_and_a_doctor_with_an_invite_see_who_listens() {
    let keys = Keys::make();
    let server = keys.server();
    let _director = keys.director(&server.url(), &[]);
    let (ann, invite) = open(&keys, &server, "ann");
    let bob = chat(&keys, &server, &["join", &invite]);
    let looked = |node: &Chat| node.wait_for("a look", |event| event["event"] == "listeners");
    assert_eq!([&ann, &bob].map(|node| looked(node)["state"].clone()), ["none_seen", "none_seen"]);
    let doctor = |arguments: &[&str]| {
        let doctor = output(keys.guest(&server.url(), &["doctor", "--json"]).args(arguments));
        serde_json::from_slice::<Value>(&doctor.stdout)
            .unwrap_or_else(|_| panic!("{}", told(&doctor)))
    };
    assert_eq!(doctor(&[&invite])["status"], "ok");
    let alone = doctor(&[]);
    assert_eq!(alone["status"], "unknown", "a made-up room was assigned to nobody: {alone}");
    assert!(alone.to_string().contains("chat doctor INVITE"), "{alone}");

    // A watcher has a pass, too, and is seen.
    let _watcher = chat(&keys, &server, &["watch", &invite]);
    ann.wait_for("the watcher", |event| event["event"] == "listeners" && event["state"] == "seen");
    let everything = output(&mut keys.guest(&server.url(), &["watch"]));
    assert_eq!(everything.status.code(), Some(6), "{}", told(&everything));
    assert!(told(&everything).contains("next: name one"), "{}", told(&everything));
}

#[test]
fn strangers_meet_and_rooms_are_listed() {
    let keys = Keys::make();
    let server = keys.server();
    let _directors = [keys.director(&server.url(), &[]), keys.director(&server.url(), &[])];
    let mut nodes = [0, 1].map(|_| chat(&keys, &server, &["random", "--stay"]));
    for node in &nodes {
        node.wait_for_agreement(PATIENCE, 2);
    }
    nodes[0].say("anyone?");
    nodes[1].wait_for_text("anyone?");
    let room = nodes[1].last_of("ready").expect("it is in")["room"].to_string();
    let rooms = output(&mut keys.guest(&server.url(), &["rooms", "--json"]));
    assert!(told(&rooms).contains(&room), "{}", told(&rooms));
    let demo = output(&mut keys.guest(&server.url(), &["demo"]));
    assert!(told(&demo).contains("Three equal digests"), "{}", told(&demo));
}

#[test]
fn who_gets_no_pass_is_told_why_and_what_to_do() {
    let keys = Keys::make();
    let server = keys.server();
    let url = server.url();
    let expect = |command: &mut Command, code: i32, says: &[&str]| {
        let output = output(command);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(says.iter().all(|says| told.contains(says)), "{told}");
    };
    let no_passes =
        ["no director answers that gives passes", "next: have `chat-director --pass-key`"];
    expect(&mut keys.guest(&url, &["start"]), 4, &no_passes);

    // A director without the key is none for guests.
    let creds = keys.file("director.creds").display().to_string();
    let plain =
        chat_tests::Director::with(&url, &["--creds", &creds, "--inbox-prefix", "_INBOX.director"]);
    expect(&mut keys.guest(&url, &["start"]), 4, &no_passes);
    drop(plain);
    let mut keyless = Command::new(chat_tests::programs::program("chat-director"));
    keyless.args(["--server", &url, "--pass-key"]).arg(keys.file("pass.nk"));
    expect(without_settings(&mut keyless), 2, &["--pass-key needs --creds"]);

    // A key that the account doesn't know.
    let elsewhere = Keys::make();
    let others = elsewhere.file("pass.nk").display().to_string();
    let wrong = keys.director(&url, &["--pass-key", &others]);
    let not_accepted = ["doesn't accept the pass", "--pass-key must be a signing key"];
    expect(&mut keys.guest(&url, &["start"]), 6, &not_accepted);
    drop(wrong);

    let _director = keys.director(&url, &[]);
    let (mut ann, invite) = open(&keys, &server, "ann");
    assert_eq!(ann.finish(), 0);
    let over = ["that discussion is over", "next: `chat start`"];
    expect(keys.guest(&url, &["join"]).env("CHAT_INVITE", &invite), 5, &over);
    expect(&mut elsewhere.guest(&url, &["rooms"]), 6, &["doesn't let this client in"]);
}
