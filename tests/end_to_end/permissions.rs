//! Users who may touch nothing but what a discussion needs, by the configuration that operators
//! copy.

use chat_tests::{
    Chat, Director, Server,
    programs::{program, without_settings},
};
use std::process::{Command, Stdio};

const ACCOUNTS: &str = include_str!("../../nats/accounts.conf");

/// Who one is, and which inboxes are one's own.
fn user(name: &str) -> [String; 6] {
    let inbox = format!("_INBOX.{name}");
    ["--user", name, "--password", "change-me", "--inbox-prefix", &inbox].map(str::to_owned)
}

/// `chat COMMAND --json`, by this user.
fn command(server: &Server, name: &str, command: &str) -> Command {
    let mut chat = Command::new(program("chat"));
    chat.args([command, "--json", "--server", &server.url()]).args(user(name));
    without_settings(&mut chat);
    chat
}

fn director(server: &Server) -> Director {
    let options = user("director");
    Director::with(&server.url(), &options.each_ref().map(String::as_str))
}

#[test]
fn a_discussion_needs_no_more_than_the_permissions_that_the_configuration_gives() {
    let server = Server::configured(ACCOUNTS);
    let _director = director(&server);
    let mut ann = Chat::start(&mut command(&server, "ann", "start"));
    let invite = ann.ready()["invite"].as_str().expect("a private room has one").to_owned();
    let mut join = command(&server, "bob", "join");
    let mut bob = Chat::start(join.env("CHAT_INVITE", &invite));
    for node in [&ann, &bob] {
        node.wait_for("agreement", |event| event["same"] == 2 && event["of"] == 2);
    }
    ann.say("can you hear me?");
    bob.wait_for_text("can you hear me?");
    bob.say("yes");
    ann.wait_for_text("yes");
    let heard = ann.wait_for("a look at who listens", |event| event["event"] == "listeners");
    assert_eq!(heard["state"], "none_seen", "members may trace: {heard}");

    let doctor = command(&server, "bob", "doctor").output().unwrap();
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(!doctor.contains("critical"), "{doctor}");

    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);
    for node in [&ann, &bob] {
        assert!(!node.stderr().to_lowercase().contains("permission"), "{}", node.stderr());
        assert_eq!(node.find(|event| event["event"] == "error"), None);
    }
}
#[test]
fn who_may_not_touch_rooms_is_told_so() {
    let server = Server::configured(ACCOUNTS);
    let _director = director(&server);
    let started = command(&server, "director", "start").stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&started.stderr).into_owned();
    assert_eq!(started.status.code(), Some(6), "{told}");
    assert!(told.to_lowercase().contains("permission"), "{told}");
}
