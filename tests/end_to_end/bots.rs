//! The bots that the README shows: what it promises of `--json` holds for them.

use chat_tests::{
    Chat, Director, Server,
    programs::{Process, program, without_settings},
};
use std::{
    env::{join_paths, split_paths, var_os},
    path::Path,
    process::{Command, Stdio},
};

/// A script that finds `chat` on PATH, and everything else in its environment.
fn bot(script: &str, url: &str, invite: &str) -> Process {
    let chat = program("chat");
    let ours = chat.parent().expect("a file is in a folder").to_owned();
    let path = var_os("PATH").expect("there is a PATH");
    let path = join_paths([ours].into_iter().chain(split_paths(&path))).expect("no odd folders");
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/examples"));
    let mut command = Command::new(examples.join(script));
    let command = without_settings(&mut command).env("PATH", path);
    command.env("NATS_URL", url).env("CHAT_INVITE", invite);
    Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()))
}

#[test]
fn the_bots_of_the_readme_answer_and_leave() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    ann.say("before them");
    ann.wait_for_text("before them");
    let mut bots = ["ping", "tally.py"].map(|script| bot(script, &server.url(), &invite));
    for nick in ["ping", "tally"] {
        ann.wait_for(nick, |event| event["change"] == "joined" && event["nick"] == nick);
    }
    ann.say("ping");
    assert_eq!(ann.wait_for_text("pong")["nick"], "ping");
    ann.say("they're \"text\":\"ping\", aren't they");
    ann.say("tally");
    assert_eq!(ann.wait_for_text("ann: 4, ping: 1")["nick"], "tally");
    ann.say("bye, bots");
    for nick in ["ping", "tally"] {
        ann.wait_for(nick, |event| event["change"] == "left" && event["nick"] == nick);
    }
    assert_eq!(bots.each_mut().map(Process::wait), [0, 0]);
    assert_eq!(ann.texts().iter().filter(|text| *text == "pong").count(), 1);
    assert_eq!(ann.finish(), 0);
}
