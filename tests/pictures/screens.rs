//! The same as text, at the two sizes that people have: what a terminal really showed, kept
//! beside the pictures.

use super::{Discussion, ESC, PICTURES, agree, command, say};
use chat_tests::{
    Chat, Director, Server,
    proxy::{Fault, Proxy},
    spying::Spy,
    terminal::Terminal,
};
use std::path::Path;

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];
const CTRL_F: &str = "\u{6}";
const F1: &str = "\u{1b}OP";
/// Messages that somebody who comes late finds, and bytes a second that reach it.
const EARLIER: usize = 300;
const SLOW_LINK: u32 = 100_000;

fn keep(screen: &Terminal, name: &str, (columns, rows): (u16, u16)) {
    let folder = Path::new(PICTURES).join("screens");
    let path = folder.join(format!("{name}-{columns}x{rows}.txt"));
    let lines: Vec<_> = screen.screen().lines().map(|line| line.trim_end().to_owned()).collect();
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, lines.join("\n") + "\n"))
        .expect("cli/pictures is writable");
}

fn discussion(server: &Server, size: (u16, u16)) {
    let discussion = Discussion::begin(server, size);
    let Discussion { ann, bob, carol, cable } = &discussion;
    let all = [ann, bob, carol];
    say(ann, "Both, then: soup first", &all);
    agree(&all);
    keep(ann, "discussion", size);

    cable.inject(Fault::Cut);
    bob.wait_for("cut off");
    bob.line("I'm in. Who books a table?");
    bob.wait_for("Who books a table?");
    keep(bob, "cut-off", size);
    cable.heal();
    agree(&all);

    ann.types(CTRL_F);
    ann.wait_for("find:");
    ann.types("soup\r");
    ann.wait_for("of 2: n further up");
    keep(ann, "search", size);
    ann.types(ESC);
    ann.wait_until("the search is over", |screen| !screen.contains("n further up"));

    ann.types(F1);
    ann.wait_for("/quit");
    keep(ann, "help", size);
}

/// Somebody who comes late over a slow link.
fn catching_up(server: &Server, size: (u16, u16)) {
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    for n in 1..=EARLIER {
        // One by one: what is said at once travels in one frame.
        let text = format!("said before you came, {n}");
        ann.say(&text);
        ann.wait_for_text(&text);
    }
    let link = Proxy::to(server.port());
    link.inject(Fault::Throttle(SLOW_LINK));
    let mut join = command(&link.url(), "bob", &["join"]);
    join.env("CHAT_INVITE", invite);
    let bob = Terminal::start(join, size.0, size.1);
    bob.wait_until("it catches up", |screen| {
        screen.contains("catching up: ") && screen.contains(&format!(" of {}", EARLIER + 1))
    });
    keep(&bob, "catching-up", size);
    link.heal();
    bob.wait_for("same transcript 2/2");
}

/// A server that keeps what is said, and the last one leaving.
fn recorded(size: (u16, u16)) {
    let server = Server::with_jetstream();
    let _director = Director::start(&server.url());
    assert!(Spy::connect(&server.url(), "it").record("everything", "chat.>", true));
    let start = command(&server.url(), "ann", &["start", "lunch?"]);
    let ann = Terminal::start(start, size.0, size.1);
    ann.wait_for("RECORDED at the server, by stream everything");
    keep(&ann, "recorder", size);
    ann.line("/quit");
    ann.wait_for("nothing of this discussion exists elsewhere");
    keep(&ann, "last-one", size);
}

#[test]
fn the_screens_beside_the_pictures() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    for size in SIZES {
        discussion(&server, size);
        catching_up(&server, size);
        recorded(size);
    }
}
