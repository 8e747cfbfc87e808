//! The faces of a room: NDJSON for programs, lines for pipes, a prompt for people.

mod input;
mod json;
mod lines;
mod output;
mod prompt;
mod reader;
mod telling;

pub(crate) use output::Output;
pub(crate) use telling::node_color;

use crate::{failure::Failure, globals::Globals};
use chat_node::{Command, Event};
use std::io::{self, IsTerminal};
use tokio::sync::mpsc;

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

/// How a room looks to its user.
pub(crate) trait Face {
    /// The text of an event, if it has one.
    fn text(&mut self, event: &Event) -> Option<Shown>;

    /// Leaves the terminal as it was found.
    fn close(&mut self) {}
}

/// A face, what it is told and where it tells.
pub(crate) struct Opened {
    pub(crate) face: Box<dyn Face>,
    pub(crate) input: mpsc::Receiver<Said>,
    pub(crate) output: Output,
}

/// The face that fits: JSON if asked for, a prompt on a terminal, else lines.
pub(crate) fn open(globals: &Globals) -> Result<Opened, Failure> {
    let (sender, input) = mpsc::channel(QUEUE);
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if on_terminal && !globals.json {
        let (prompt, printer) = prompt::Prompt::start(sender, globals.colors())?;
        return Ok(Opened { face: Box::new(prompt), input, output: Output::start(printer) });
    }
    let face: Box<dyn Face> = if globals.json {
        input::start(sender, json::said);
        Box::new(json::Json)
    } else {
        input::start(sender, lines::said);
        Box::new(lines::Lines::new(globals.colors()))
    };
    Ok(Opened { face, input, output: Output::streams()? })
}
