//! The full screen in a real terminal: driven by keys, read as a person would, and given back
//! as it was found whatever happens.

use chat_tests::{
    Chat, Director, Server, programs,
    terminal::Terminal,
    wait::{PATIENCE, within},
};
use std::process::Command;

const CTRL_C: &str = "\u{3}";
const CTRL_F: &str = "\u{6}";
const CTRL_Z: &str = "\u{1a}";
const ESC: &str = "\u{1b}";
const F1: &str = "\u{1b}OP";
const F2: &str = "\u{1b}OQ";

/// `chat … --nick NICK` on a terminal of 80 x 24.
pub(crate) fn chat(server: &Server, nick: &str, arguments: &[&str], invite: &str) -> Terminal {
    run(&programs::program("chat"), server, nick, arguments, invite)
}

fn run(
    program: &std::path::Path,
    server: &Server,
    nick: &str,
    arguments: &[&str],
    invite: &str,
) -> Terminal {
    let mut command = Command::new(program);
    command.args(arguments).args(["--nick", nick, "--server", &server.url()]);
    programs::without_settings(&mut command).env("CHAT_INVITE", invite).env("RUST_BACKTRACE", "0");
    Terminal::start(command, 80, 24)
}

/// Closes the panel that shows this. (Escape and a key right behind it would be Alt and that
/// key.)
fn close(screen: &Terminal, shown: &str) {
    screen.types(ESC);
    screen.wait_until("the panel is closed", |screen| !screen.contains(shown));
}

#[test]
fn what_is_no_invite_is_asked_for_again_and_a_copied_command_will_do() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut ann = chat(&server, "ann", &["start", "lunch?"], "");
    let mut bob = chat(&server, "bob", &["join"], "");
    bob.wait_for("invite (not shown):");
    bob.types("chat1-nothing\r");
    bob.wait_until("it asks again", |screen| screen.matches("invite (not shown):").count() == 2);
    // As a narrow terminal breaks it.
    bob.types(&format!("chat join\r{}\r", ann.invite()));
    ann.wait_for("same transcript 2/2");
    for screen in [&mut bob, &mut ann] {
        screen.types(CTRL_C);
        screen.wait();
    }
}

#[test]
fn a_whole_stay_leaves_the_terminal_as_it_was_found() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut ann = chat(&server, "ann", &["start", "--clear", "lunch?"], "");
    let mut bob = chat(&server, "bob", &["join"], &ann.invite());
    for screen in [&ann, &bob] {
        screen.wait_for("same transcript 2/2");
        screen.wait_for("CLEAR: readable by anyone");
        screen.wait_for("lunch?");
    }
    ann.line("where shall we go?");
    bob.wait_for("where shall we go?");
    bob.line("to the corner, they make pizza");
    ann.wait_for("they make pizza");

    let lines: Vec<_> = (1..=50).map(|n| format!("pasted line {n}")).collect();
    bob.paste(&lines.join("\r"));
    bob.wait_for("50 lines: Enter says them as one message");
    assert!(!ann.screen().contains("pasted"), "it waits for Enter");
    bob.types("\r");
    ann.wait_for("pasted line 50");

    ann.resize(200, 50);
    ann.wait_until("all of it fits", |screen| {
        screen.contains("pasted line 10") && screen.contains("│● bob·")
    });
    ann.types(CTRL_F);
    ann.wait_for("find:");
    ann.types("PIZZA\r");
    ann.wait_for("1 of 1");
    ann.wait_until("the match is marked", |screen| {
        screen.lines().any(|line| line.contains('▸') && line.contains("they make pizza"))
    });
    ann.types(ESC);
    ann.wait_for("F1 help");
    ann.line("/why 2");
    ann.wait_for("why #2");
    ann.wait_until("its cause", |screen| {
        let cause = screen.split("having seen:").nth(1);
        cause.is_some_and(|cause| cause.contains("where shall we go?"))
    });
    ann.types(F2);
    ann.wait_for("What each had seen of each");
    ann.wait_for("✓ the same");
    close(&ann, "What each had seen");
    ann.line("one more");
    ann.wait_until("what was said last is at the bottom", |screen| {
        screen.lines().rev().nth(2).is_some_and(|line| line.contains("one more"))
    });
    ann.line("/verify");
    ann.wait_for("Nothing is missing here.");
    ann.types(F1);
    ann.wait_for("said at the same time: neither had seen the other");
    close(&ann, "neither had seen the other");

    bob.line("/quit");
    assert_eq!(bob.wait(), 0);
    bob.assert_as_found("pizza");
    ann.wait_for("bob·");
    ann.wait_for("has left");
    ann.line("/quit");
    ann.wait_for("nothing will remain. Leave? y/N");
    ann.types("n");
    ann.wait_for("stayed");
    ann.line("/quit");
    ann.wait_for("nothing will remain. Leave? y/N");
    ann.types("y");
    assert_eq!(ann.wait(), 0);
    ann.assert_as_found("pizza");
}

#[test]
fn a_server_that_is_killed_is_told_of_and_costs_nothing_of_the_terminal() {
    let mut server = Server::start();
    let _director = Director::start(&server.url());
    let (node, invite) = Chat::open(&server.url(), "ann");
    let mut bob = chat(&server, "bob", &["join"], &invite);
    bob.wait_for("same transcript 2/2");
    server.kill();
    bob.wait_for("✗ cut off");
    bob.wait_for("listeners unknown");
    bob.line("said while cut off");
    bob.wait_until("it stands in the transcript", |screen| {
        screen.lines().any(|line| line.contains("bob·") && line.contains("said while cut off"))
    });
    server.restart();
    bob.wait_for("connected again");
    node.wait_for_text("said while cut off");
    server.kill();
    bob.wait_for("✗ cut off");
    bob.line("/quit");
    assert_eq!(bob.wait(), 0);
    bob.assert_as_found("said while");
}

#[test]
fn signals_end_it_in_order_and_give_the_terminal_back() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    for signal in ["TERM", "HUP", "INT", "a key"] {
        let nick = signal.replace(' ', "-");
        let mut bob = chat(&server, &nick, &["join"], &invite);
        bob.wait_for("same transcript 2/2");
        if signal == "a key" {
            bob.types(CTRL_C);
        } else {
            bob.signal(signal);
        }
        assert_eq!(bob.wait(), 0, "{signal}: {}", bob.screen());
        bob.assert_as_found("same transcript");
        ann.wait_for("left", |event| event["change"] == "left" && event["nick"] == nick.as_str());
        ann.wait_for_agreement(PATIENCE, 1);
    }
}

#[test]
fn a_stopped_one_lends_the_terminal_and_takes_it_again() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = chat(&server, "bob", &["join"], &invite);
    bob.wait_for("same transcript 2/2");
    for by_key in [true, false] {
        if by_key {
            bob.types(CTRL_Z);
        } else {
            bob.signal("TSTP");
        }
        bob.wait_until_stopped();
        bob.assert_as_found("same transcript");
        let said = format!("said meanwhile, {by_key}");
        ann.say(&said);
        bob.signal("CONT");
        bob.wait_until_taken(true);
        bob.wait_for(&said);
        bob.line(&format!("back, {by_key}"));
        ann.wait_for_text(&format!("back, {by_key}"));
    }
    // Stopped without being asked, it finds the terminal as others have left it.
    bob.signal("STOP");
    bob.wait_until_stopped();
    let times = bob.times_taken();
    bob.signal("CONT");
    // Until it has it again what is typed is read as others have left it: Enter isn't Enter.
    bob.wait_until("it is taken anew", |_| bob.times_taken() > times);
    bob.line("still raw");
    ann.wait_for_text("still raw");
    bob.line("/quit!");
    assert_eq!(bob.wait(), 0);
    bob.assert_as_found("back");
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_what_it_was() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_chat-debug"));
    let mut bob = run(program, &server, "bob", &["join"], &invite);
    bob.wait_for("same transcript 2/2");
    bob.line("a secret");
    ann.wait_for_text("a secret");
    bob.line("/panic");
    assert_eq!(bob.wait(), 1);
    bob.wait_for("as asked for by /panic");
    bob.wait_for("this is a bug");
    bob.assert_as_found("a secret");
    ann.wait_for("left", |event| event["change"] == "left");
}

#[test]
fn what_peers_send_cannot_steer_the_terminal() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open_clear(&server.url(), "ann\u{1b}]0;x\u{7}\u{202e}");
    let bob = chat(&server, "bob", &["join"], &invite);
    bob.wait_for("same transcript 2/2");
    for hostile in [
        "\u{1b}]52;c;c3RvbGVu\u{7}clipboard".to_owned(),
        "\u{1b}]0;title\u{1b}\\ \u{9d}52;c;x\u{9c}".to_owned(),
        "\u{1b}[?1049l\u{1b}[2J\u{1b}[Hgone?\u{1b}c".to_owned(),
        "\u{202e}bidi\u{2066}\u{200b}zero\u{200d}\u{feff}".to_owned(),
        format!("tower{}", "\u{301}".repeat(8_000)),
        "x".repeat(16 << 10),
    ] {
        ann.say(&hostile);
    }
    ann.say("the end");
    bob.wait_until("the last one", |screen| screen.lines().any(|line| line.ends_with("the end")));
    assert!(bob.is_taken(), "no one else can end it");
    assert!(bob.screen().contains("CLEAR: readable by anyone"), "{}", bob.screen());
    bob.types("\u{1b}[5~\u{1b}[5~\u{1b}[5~\u{1b}[1;5H");
    bob.wait_for("tower");
    let written = String::from_utf8_lossy(&bob.bytes()).into_owned();
    for steering in ["\u{1b}]", "\u{1b}c", "\u{1b}[?1049l", "\u{9d}", "\u{202e}", "\u{200b}"] {
        assert!(!written.contains(steering), "{steering:?}");
    }
    let most = written.split(|c| c != '\u{301}').map(str::len).max();
    assert!(most <= Some(8 * '\u{301}'.len_utf8()), "{most:?} bytes of marks");
}

#[test]
fn a_terminal_that_nobody_reads_holds_up_neither_the_node_nor_its_end() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let bob = chat(&server, "bob", &["join"], &invite);
    bob.wait_for("same transcript 2/2");
    bob.resize(200, 50);
    let unread = bob.unread();
    let told = |ann: &Chat| ann.events_of("agreement").len();
    for letter in 'a'..='t' {
        let before = told(&ann);
        // Each cell of the screen becomes another one: far more than a terminal holds unread.
        let say = serde_json::json!({ "say": letter.to_string().repeat(150) });
        ann.send_bytes(format!("{say}\n").repeat(50).as_bytes());
        let agreed = || {
            let same = ann.last_of("agreement").is_some_and(|last| last["same"] == 2);
            (same && told(&ann) > before).then_some(())
        };
        within(PATIENCE, "bob's node has it", agreed, || ann.state());
    }
    assert!(ann.events_of("member").iter().all(|event| event["change"] != "unreachable"));
    bob.signal("TERM");
    ann.wait_for("left", |event| event["change"] == "left");
    bob.signal("TERM");
    within(PATIENCE, "it ends", || bob.has_ended().then_some(()), String::new);
    drop(unread);
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut command = Command::new("env");
    command.arg("TERM=dumb").arg(programs::program("chat"));
    command.args(["start", "--nick", "ann", "--server", &server.url()]);
    programs::without_settings(&mut command);
    let mut ann = Terminal::start(command, 80, 24);
    ann.wait_for("chat1-");
    let invite =
        ann.screen().lines().find_map(|line| line.split("chat join ").nth(1).map(str::to_owned));
    let mut bob = Chat::join(&server.url(), &invite.unwrap(), "bob");
    ann.wait_for("bob·");
    ann.line("hello");
    bob.wait_for_text("hello");
    ann.line("/qiut");
    ann.wait_for("did you mean /quit?");
    bob.say("seen");
    ann.wait_for(": seen");
    let screen = ann.screen();
    assert_eq!(screen.matches("hello").count(), 1, "as it was typed, and not again: {screen}");
    assert!(!ann.is_taken());
    ann.line("/quit");
    assert_eq!(ann.wait(), 0);
    assert_eq!(bob.texts(), ["hello", "seen"]);
    assert_eq!(bob.finish(), 0);
}
