//! The traffic can be watched: by `chat watch`, which is never a member.

use chat_tests::{
    Chat, Director, Server,
    programs::{program, without_settings},
    wait::PATIENCE,
};
use std::{
    io::Read,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

/// Runs a command on a terminal of its own, and passes on what it writes.
const ON_TERMINAL: &str = "import pty, sys; pty.spawn(sys.argv[1:])";

#[test]
fn on_a_terminal_the_traffic_is_a_diagram() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open_clear(&server.url(), "ann");
    let mut command = Command::new("python3");
    command.args(["-c", ON_TERMINAL]).arg(program("chat"));
    command.args(["--color", "never", "--server", &server.url(), "watch"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = without_settings(&mut command).spawn().unwrap();
    let (screen, mut stdout) = (Arc::<Mutex<String>>::default(), child.stdout.take().unwrap());
    let seen = screen.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stdout.read(&mut buffer) {
            seen.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    });
    let shows = |text: &str| {
        let shown = || screen.lock().unwrap().contains(text).then_some(());
        chat_tests::wait::within(PATIENCE, text, shown, || screen.lock().unwrap().clone());
    };
    let tag = |chat: &Chat| chat.ready()["node"].as_str().unwrap()[..4].to_owned();
    // Its name stands above its column once it is heard of.
    shows(&tag(&ann));
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.wait_for("bob", |event| event["change"] == "joined");
    bob.say("a question");
    ann.wait_for_text("a question");
    ann.say("an answer");
    let (a, b) = (tag(&ann), tag(&bob));
    shows(&format!("●◂─────┤      {a}:2 \"an answer\" ← {b}:2"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((bob.finish(), ann.finish()), (0, 0));
}

#[test]
fn a_watcher_sees_frames_with_clocks_and_is_not_a_member() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open_clear(&server.url(), "ann");
    let room = ann.ready()["room"].as_str().unwrap().to_owned();
    let mut watch = Chat::run(&server.url(), &["watch", &room]);
    // Beats show that it is subscribed.
    watch.wait_for("a beat", |line| line["envelope"]["kind"] == "beat");
    ann.say("seen by all");
    let frame = watch.wait_for("the frame", |line| {
        line["envelope"]["kind"] == "frame" && line.to_string().contains("seen by all")
    });
    assert_eq!(frame["subject"], format!("chat.room.{room}.msg"));
    let me = ann.ready()["node"].as_str().unwrap().to_owned();
    assert_eq!(frame["clock"][&me], frame["envelope"]["number"]);
    watch.process().signal("INT");
    assert_eq!(watch.wait(), 0, "{}", watch.stderr());
    assert!(ann.events_of("member").is_empty(), "a watcher is no member");
    assert_eq!(ann.finish(), 0);
    let mut late = Chat::run(&server.url(), &["join", &invite]);
    assert_eq!(late.wait(), 5, "{}", late.stderr());
}
