//! Users who may touch nothing but what a discussion needs, by the configuration that operators
//! copy.

use chat_tests::{
    Chat, Server,
    programs::{Process, program, without_settings},
};
use std::process::{Command, Stdio};

const ACCOUNTS: &str = include_str!("../../nats/accounts.conf");

fn command(name: &str, server: &Server, user: &str, arguments: &[&str]) -> Command {
    let inbox = format!("_INBOX.{user}");
    let mut command = Command::new(program(name));
    command.args(arguments).args(["--server", &server.url(), "--inbox-prefix", &inbox]);
    command.args(["--user", user, "--password", "change-me"]);
    without_settings(&mut command);
    command
}

fn director(server: &Server) -> Process {
    let mut director = command("chat-director", server, "director", &[]);
    let process = Process::start(director.stdin(Stdio::null()).stdout(Stdio::null()));
    process.wait_for_stderr("director ready");
    process
}

#[test]
fn a_discussion_needs_no_more_than_the_permissions_that_the_configuration_gives() {
    let server = Server::configured(ACCOUNTS);
    let _director = director(&server);
    let mut ann = Chat::start(&mut command("chat", &server, "ann", &["start", "--json"]));
    let invite = ann.ready()["invite"].as_str().expect("a private room has one").to_owned();
    let mut join = command("chat", &server, "bob", &["join", "--json"]);
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

    let doctor = command("chat", &server, "bob", &["doctor", "--json"]).output().unwrap();
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
    let started = command("chat", &server, "director", &["start", "--json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&started.stderr).into_owned();
    assert_eq!(started.status.code(), Some(6), "{told}");
    assert!(told.to_lowercase().contains("permission"), "{told}");
}
