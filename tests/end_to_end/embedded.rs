//! Without any server at hand, `chat serve` makes one: a real nats-server and a director.

use chat_tests::{
    Chat,
    programs::{self, Process, listens},
    wait::within,
};
use std::{
    process::{Command, Stdio},
    time::Duration,
};

fn serve(port: u16, arguments: &[&str]) -> Process {
    let mut command = Command::new(programs::program("chat"));
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).args(arguments);
    command.env("CHAT_NATS_SERVER", programs::nats_server());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Process::start(&mut command)
}

#[test]
fn it_serves_a_discussion_and_ends_when_idle() {
    let port = programs::free_port();
    let mut server = serve(port, &["--idle-exit", "2"]);
    within(
        Duration::from_secs(10),
        "it listens",
        || listens(port).then_some(()),
        || server.stderr(),
    );
    let url = format!("nats://127.0.0.1:{port}");
    let started = || {
        let mut ann = Chat::run(&url, &["start"]);
        (ann.finish() == 0).then_some(())
    };
    within(Duration::from_secs(10), "a discussion", started, String::new);
    assert_eq!(server.wait(), 0, "{}", server.stderr());
    assert!(!listens(port), "the server has ended with it");
}

#[test]
fn its_server_dies_with_it_even_when_it_is_killed() {
    let port = programs::free_port();
    let server = serve(port, &[]);
    within(
        Duration::from_secs(10),
        "it listens",
        || listens(port).then_some(()),
        || server.stderr(),
    );
    server.signal("KILL");
    within(
        Duration::from_secs(10),
        "the server ends",
        || (!listens(port)).then_some(()),
        String::new,
    );
}

#[test]
fn the_demo_ends_with_equal_digests() {
    let server = chat_tests::Server::start();
    let _director = chat_tests::Director::start(&server.url());
    let mut command = Command::new(programs::program("chat"));
    command.args(["demo", "--server", &server.url()]).stdin(Stdio::null());
    let output = programs::without_settings(&mut command).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
