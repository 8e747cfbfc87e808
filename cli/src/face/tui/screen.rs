//! The terminal's thread: keys before all else, then drawing when it is due, then what happens
//! in the room. Waits for all three, and does nothing while there is nothing.

use super::{
    model::{Action, Model},
    pace::Pace,
    terminal, view,
};
use crate::face::Said;
use chat_node::Event;
use futures_util::future::pending;
use ratatui::{Terminal, backend::CrosstermBackend, crossterm::event::Event as Input};
use rustix::process::{Signal as Number, getpid, kill_current_process_group, kill_process};
use std::{
    io::{self, BufWriter, Stdout, Write},
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::sleep_until,
};

/// Keys on their way from the thread that reads them.
const KEYS: usize = 256;
/// Shortest time between two rings.
const BELL: Duration = Duration::from_secs(1);
/// Bytes gathered before they are written to the terminal.
const BUFFER: usize = 64 << 10;

/// See the module.
pub(super) struct Screen {
    model: Model,
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    pace: Pace,
    keys: mpsc::Receiver<Input>,
    said: mpsc::Sender<Said>,
    stop: Signal,
    resume: Signal,
    rung: Option<Instant>,
    /// The model's time begins here.
    origin: Instant,
}

impl Screen {
    /// Takes the terminal. Within a runtime.
    pub(super) fn open(said: mpsc::Sender<Said>, colors: bool, bell: bool) -> io::Result<Self> {
        let signal = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        let (stop, resume) = (signal(Number::TSTP)?, signal(Number::CONT)?);
        let zone = jiff::tz::TimeZone::system();
        terminal::give_back_on_panic();
        terminal::take()?;
        let out = BufWriter::with_capacity(BUFFER, io::stdout());
        let terminal = Terminal::new(CrosstermBackend::new(out))?;
        let size = terminal.size()?;
        let (sender, keys) = mpsc::channel(KEYS);
        let ended = said.clone();
        std::thread::spawn(move || read_keys(&sender, &ended));
        let mut model = Model::new(colors, (size.width, size.height), zone);
        model.bell = bell;
        let mut pace = Pace::default();
        pace.change();
        Ok(Self {
            model,
            terminal,
            pace,
            keys,
            said,
            stop,
            resume,
            rung: None,
            origin: Instant::now(),
        })
    }

    /// Shows the room until there is nothing more of it.
    pub(super) async fn show(mut self, mut events: mpsc::Receiver<Event>) -> io::Result<()> {
        loop {
            tokio::select! {
                biased;
                Some(input) = self.keys.recv() => {
                    let action = self.model.input(input);
                    self.act(action)?;
                }
                _ = self.stop.recv() => self.stop()?,
                _ = self.resume.recv() => self.resume()?,
                () = due(self.pace.due()) => {
                    self.draw()?;
                    continue;
                }
                () = due(self.model.changes_at().map(|at| self.origin + at)) => {
                    self.model.now = self.origin.elapsed();
                }
                event = events.recv() => match event {
                    None => break,
                    Some(event) => {
                        self.model.now = self.origin.elapsed();
                        let action = self.model.happened(event);
                        self.act(action)?;
                    }
                },
            }
            self.pace.change();
        }
        terminal::give_back_terminal();
        Ok(())
    }

    fn act(&mut self, action: Option<Action>) -> io::Result<()> {
        match action {
            None => {}
            Some(Action::Say(said)) => {
                // Waiting for a room that takes nothing would freeze the screen.
                if let Err(error) = self.said.try_send(said) {
                    self.model.not_taken(error.into_inner());
                }
            }
            Some(Action::Interrupt) => kill_process(getpid(), Number::INT)?,
            // Who started this program stops with it, as in a shell's job.
            Some(Action::Suspend) => kill_current_process_group(Number::TSTP)?,
            Some(Action::Redraw) => self.forget_drawn()?,
            Some(Action::Bell) => self.ring()?,
            #[cfg(debug_assertions)]
            Some(Action::Panic) => panic!("as asked for by /panic"),
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        // A panic elsewhere has given it back: what it said must stay readable.
        if terminal::terminal_is_taken() {
            self.terminal.draw(|frame| {
                let area = frame.area();
                self.model.size = (area.width, area.height);
                view::draw(&self.model, frame);
            })?;
        }
        self.pace.drawn(begun, Instant::now());
        Ok(())
    }

    /// Stops the process, with the terminal as it was found.
    fn stop(&mut self) -> io::Result<()> {
        terminal::lend();
        kill_process(getpid(), Number::STOP)?;
        Ok(())
    }

    /// The process goes on; whoever had the terminal meanwhile may have changed it.
    fn resume(&mut self) -> io::Result<()> {
        terminal::lend();
        terminal::take()?;
        if terminal::terminal_is_taken() { self.forget_drawn() } else { Ok(()) }
    }

    /// All of it is drawn next time. (`clear` would ask the terminal where its cursor is, and
    /// the answer would come as a key.)
    fn forget_drawn(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    fn ring(&mut self) -> io::Result<()> {
        if self.rung.is_none_or(|rung| rung.elapsed() >= BELL) {
            self.rung = Some(Instant::now());
            let out = self.terminal.backend_mut();
            out.write_all(b"\x07")?;
            out.flush()?;
        }
        Ok(())
    }
}

/// Reading a terminal can't be made not to block, so it has a thread of its own.
fn read_keys(keys: &mpsc::Sender<Input>, ended: &mpsc::Sender<Said>) {
    while let Ok(input) = ratatui::crossterm::event::read() {
        if keys.blocking_send(input).is_err() {
            return;
        }
    }
    let _ = ended.blocking_send(Said::EndOfInput);
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => pending().await,
    }
}
