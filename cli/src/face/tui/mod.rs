//! A full screen for people on a terminal.
//!
//! `model` is all that is shown, a plain value that events and `keys` change; `view` draws it,
//! a pure function. `screen` is the thread that does both, `terminal` what it takes and gives
//! back. `transcript` keeps the members' common order, `scroll` a reader's place in it.
//!
//! Nothing of it outlives the process: the screen is an alternate one, and what was typed is
//! remembered in memory.

mod commands;
mod comparison;
mod complete;
mod editor;
mod find;
mod keys;
mod model;
mod pace;
mod panel;
mod room;
#[cfg(test)]
mod scenes;
mod screen;
mod scroll;
#[cfg(test)]
mod snapshots;
mod terminal;
mod transcript;
mod view;
mod why;
mod wrap;

pub(crate) use terminal::{give_back_terminal, terminal_is_taken};

use super::{Output, Said};
use crate::failure::{Code, Failure};
use chat_node::Event;
use screen::Screen;
use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};

/// Takes the terminal; where events go, and the signal that the terminal is gone.
pub(super) fn start(
    said: mpsc::Sender<Said>,
    colors: bool,
    bell: bool,
) -> Result<(Output<Event>, Signal), Failure> {
    let hangup = signal(SignalKind::hangup())?;
    let screen = Screen::open(said, colors, bell).map_err(|error| {
        give_back_terminal();
        Failure::new(Code::Other, format!("the terminal can't be used: {error}"))
            .next("`TERM=dumb chat …` does with lines")
    })?;
    let runtime = Handle::current();
    let output = Output::on_thread(move |events| {
        let shown = runtime.block_on(screen.show(events));
        give_back_terminal();
        shown.map_err(|error| {
            Failure::new(Code::Other, format!("the terminal can no longer be drawn on: {error}"))
        })
    });
    Ok((output, hangup))
}
