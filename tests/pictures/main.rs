//! The pictures of the README, drawn from a real discussion: three people in terminals of their
//! own, a cable that is cut, a spy.
//!
//! Who says what is written here; ids, times and digests are those of the run.

mod screens;
mod svg;

use chat_tests::{
    Director, Server, programs,
    proxy::{Fault, Proxy},
    spying::Spy,
    terminal::Terminal,
};
use std::{path::Path, process::Command};

const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/pictures");
const COLUMNS: u16 = 100;
const ROWS: u16 = 20;
/// Discussions begun until everyone has another colour: it comes from their key.
const TRIES: usize = 20;
const ESC: &str = "\u{1b}";
const F2: &str = "\u{1b}OQ";

/// `chat … --nick NICK`, as everything here runs it.
fn command(url: &str, nick: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(programs::program("chat"));
    command.args(arguments).args(["--nick", nick, "--server", url]);
    programs::without_settings(&mut command);
    command
}

fn join(url: &str, nick: &str, invite: &str, (columns, rows): (u16, u16)) -> Terminal {
    let mut command = command(url, nick, &["join"]);
    command.env("CHAT_INVITE", invite);
    Terminal::start(command, columns, rows)
}

/// Says this, and waits until all see it.
fn say(author: &Terminal, text: &str, all: &[&Terminal]) {
    author.line(text);
    for screen in all {
        screen.wait_for(text);
    }
}

fn agree(all: &[&Terminal]) {
    for screen in all {
        screen.wait_for(&format!("same transcript {0}/{0}", all.len()));
    }
}

fn draw(screen: &Terminal, name: &str, title: &str) {
    let path = Path::new(PICTURES).join(name).with_extension("svg");
    std::fs::write(path, svg::draw(&screen.picture(), title)).expect("cli/pictures is writable");
}

/// Three in a discussion, who have said something.
struct Discussion {
    ann: Terminal,
    bob: Terminal,
    carol: Terminal,
    /// Bob's.
    cable: Proxy,
}

impl Discussion {
    fn begin(server: &Server, size: (u16, u16)) -> Self {
        let cable = Proxy::to(server.port());
        let start = command(&server.url(), "ann", &["start", "lunch?"]);
        let ann = Terminal::start(start, size.0, size.1);
        let invite = ann.invite();
        let bob = join(&cable.url(), "bob", &invite, size);
        agree(&[&ann, &bob]);
        let carol = join(&server.url(), "carol", &invite, size);
        let all = [&ann, &bob, &carol];
        agree(&all);
        ann.wait_for("no listener seen");
        say(&ann, "Where shall we have lunch? The canteen is closed today.", &all);
        // What is said while nothing passes is said at the same time.
        cable.inject(Fault::Freeze);
        bob.line("There is a new place at the corner, they make pizza");
        say(&carol, "I would like soup", &[&ann, &carol]);
        cable.heal();
        ann.wait_for("they make pizza");
        bob.wait_for("like soup");
        Self { ann, bob, carol, cable }
    }

    fn all(&self) -> [&Terminal; 3] {
        [&self.ann, &self.bob, &self.carol]
    }

    fn everyone_has_another_color(&self) -> bool {
        let [ann, bob, carol] = ["ann·", "bob·", "carol·"].map(|who| color(&self.ann, who));
        ann != bob && bob != carol && carol != ann
    }

    /// Bob is cut off, and comes back.
    fn cut_off_and_back(&self) {
        let Self { ann, bob, carol, cable } = self;
        cable.inject(Fault::Cut);
        bob.wait_for("✗ cut off");
        bob.line("I'm in. Who books a table?");
        say(carol, "The corner is full until one, I just called", &[ann, carol]);
        say(ann, "One o'clock it is", &[ann, carol]);
        bob.wait_for("Who books a table?");
        ann.wait_for("can't be reached");
        draw(bob, "cut-off", "bob's terminal, cut off: what he says is kept until he is back");
        cable.heal();
        ann.wait_for("Who books a table?");
        bob.wait_for("One o'clock it is");
    }
}

/// The colour in which the last line that shows this does.
fn color(screen: &Terminal, text: &str) -> Option<vt100::Color> {
    let picture = screen.picture();
    let shown = picture.rows(0, COLUMNS).zip(0..ROWS);
    let places = shown.filter_map(|(line, row)| {
        let column = line[..line.find(text)?].chars().count();
        Some((row, u16::try_from(column).ok()?))
    });
    let (row, column) = places.last()?;
    Some(picture.cell(row, column)?.fgcolor())
}

/// Draws it, and closes the panel that it shows.
fn draw_panel(screen: &Terminal, name: &str, title: &str, shown: &str) {
    draw(screen, name, title);
    screen.types(ESC);
    screen.wait_until("the panel is closed", |screen| !screen.contains(shown));
}

#[test]
fn the_pictures_of_the_readme() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut begun = (0..TRIES).map(|_| Discussion::begin(&server, (COLUMNS, ROWS)));
    let discussion = begun.find(Discussion::everyone_has_another_color);
    let discussion = discussion.expect("colours differ in half of all discussions");
    let (ann, all) = (&discussion.ann, discussion.all());
    say(ann, "Both, then: soup first 🍜", &all);
    discussion.cut_off_and_back();
    say(&discussion.carol, "I did: 13:00, for three", &all);
    agree(&all);
    draw(
        ann,
        "discussion",
        "ann's terminal: three in a discussion, braces where they spoke at once",
    );

    let at_once = "neither having seen the other";
    ann.line("/why 3");
    ann.wait_for(at_once);
    let title = "ann has typed /why 3: what that message answers, and what was said at once";
    draw_panel(ann, "why", title, at_once);
    ann.types(F2);
    ann.wait_until("they agree", |screen| screen.matches("✓ the same").count() == 2);
    let title = "ann has typed F2: who is here, their keys, what each had seen of each";
    draw_panel(ann, "who-has-what", title, "What each had seen");

    let _spy = Spy::connect(&server.url(), "wiretap").listening("chat.room.>");
    ann.wait_for("LISTENING, and no member: wiretap");
    draw(ann, "listener", "ann's terminal: someone listens who is no member, and it says so");
}
