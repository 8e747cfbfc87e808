//! The faces of a room: NDJSON for programs, lines for pipes and plain terminals, a full screen
//! for people.

mod input;
mod json;
mod lines;
mod output;
mod reader;
mod slash;
mod telling;
mod tui;
mod typed;

pub(crate) use output::Output;
pub(crate) use telling::node_color;
pub(crate) use tui::{give_back_terminal, terminal_is_taken};

use crate::{failure::Failure, globals::Globals};
use chat_node::{Command, Event};
use std::io::{self, IsTerminal};
use tokio::{signal::unix::Signal, sync::mpsc};

/// Input on its way from the thread that reads it. Small: who types faster than the room
/// takes waits.
const QUEUE: usize = 64;

/// What came from the user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// Something for the room.
    Command(Command),
    /// Something that isn't, and what is to be told about it.
    Wrong(Event),
    /// There is nothing more.
    EndOfInput,
}

/// A text for the user, without its last line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// What was asked for: stdout.
    Data(String),
    /// What is told beside it: stderr.
    Aside(String),
}

/// How a room looks line by line.
trait Face: Send {
    /// The text of an event, if it has one.
    fn text(&mut self, event: &Event) -> Option<Shown>;
}

/// What a face hears from its user, and where it is told of the room.
pub(crate) struct Opened {
    pub(crate) input: mpsc::Receiver<Said>,
    pub(crate) output: Output<Event>,
    /// Where losing the terminal ends the stay.
    pub(crate) hangup: Option<Signal>,
}

/// The face that fits: JSON if asked for, the screen of a terminal that can, else lines.
pub(crate) fn open(globals: &Globals) -> Result<Opened, Failure> {
    let (sender, input) = mpsc::channel(QUEUE);
    let typed = io::stdin().is_terminal();
    let on_terminal = typed && io::stdout().is_terminal();
    let dumb = std::env::var_os("TERM").is_none_or(|kind| kind.is_empty() || kind == "dumb");
    if on_terminal && !dumb && !globals.json {
        let (output, hangup) = tui::start(sender, globals.colors(), globals.bell())?;
        return Ok(Opened { input, output, hangup: Some(hangup) });
    }
    let face: Box<dyn Face> = if globals.json {
        input::start(sender, json::meaning);
        Box::new(json::Json)
    } else {
        if typed {
            input::start(sender, typed::meaning);
        } else {
            let mut piped = lines::Piped::default();
            input::start(sender, move |line| piped.meaning(line));
        }
        Box::new(lines::Lines::new(globals.colors(), on_terminal))
    };
    Ok(Opened { input, output: Output::of(face)?, hangup: None })
}
