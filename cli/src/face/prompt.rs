//! A prompt for people on a terminal: a line editor below, what others say above it. The
//! history of what was typed is in memory only.

use super::{Face, Said, Shown, input, output::Sink, telling};
use crate::failure::{Code as ExitCode, Failure};
use chat_node::{Change, Code, Command, Event, Reason};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::{Config, Editor, ExternalPrinter, error::ReadlineError, history::MemHistory};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::mpsc;

const HELP: &str = "\
/who            who is here            /nick NAME   take another name
/me DOES        do something           /invite      how others join
/clock          the last clock shown   /quit        leave (/quit! without asking)";

/// Takes what stands on the cursor's line off it.
const ERASE_LINE: &str = "\u{1b}[K";

/// What slash commands tell about.
#[derive(Default)]
struct Known {
    invite: String,
    members: BTreeMap<String, String>,
    clock: String,
}

/// Prints above the line being typed.
pub(super) struct Printer {
    editor: Box<dyn ExternalPrinter + Send>,
    closed: Arc<AtomicBool>,
}

impl Sink for Printer {
    fn write(&mut self, shown: &Shown) -> io::Result<()> {
        let (Shown::Data(text) | Shown::Aside(text)) = shown;
        // The editor prints when it comes to it: last words would be lost with its thread.
        if !self.closed.load(Ordering::Acquire) && self.editor.print(format!("{text}\n")).is_ok() {
            return Ok(());
        }
        writeln!(io::stdout(), "\r{ERASE_LINE}{text}")
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// What a person on a terminal sees of a room.
pub(super) struct Prompt {
    known: Arc<Mutex<Known>>,
    colors: bool,
    own: Option<chat_protocol::NodeId>,
    /// The terminal as it was found: the editor may be cut short in the middle of a line.
    found: Option<Termios>,
    /// The room is closed, and the editor with it.
    closed: Arc<AtomicBool>,
}

impl Prompt {
    pub(super) fn start(
        sender: mpsc::Sender<Said>,
        colors: bool,
    ) -> Result<(Self, Printer), Failure> {
        let found = tcgetattr(io::stdin()).ok();
        let config = Config::builder().auto_add_history(true).build();
        let unusable = |error: ReadlineError| {
            Failure::new(ExitCode::Other, format!("the terminal can't be used: {error}"))
        };
        let mut editor: Editor<(), MemHistory> =
            Editor::with_history(config, MemHistory::new()).map_err(unusable)?;
        let mut printer = editor.create_external_printer().map_err(unusable)?;
        let mut asides = editor.create_external_printer().map_err(unusable)?;
        let known = Arc::new(Mutex::new(Known::default()));
        let shared = known.clone();
        let _ = printer.print("type to talk; /help tells more\n".into());
        std::thread::spawn(move || {
            let mut tell = |text: String| drop(asides.print(text));
            loop {
                let said = match editor.readline("> ") {
                    Ok(line) => match meaning(line, &shared, &mut tell, &mut editor) {
                        Some(said) => said,
                        None => continue,
                    },
                    Err(ReadlineError::Interrupted) => {
                        Said::Command(Command::Leave(Reason::Signal))
                    }
                    Err(_) => Said::EndOfInput,
                };
                let ended = matches!(said, Said::EndOfInput | Said::Command(Command::Leave(_)));
                if sender.blocking_send(said).is_err() || ended {
                    return;
                }
            }
        });
        let closed = Arc::new(AtomicBool::new(false));
        let printer = Printer { editor: Box::new(printer), closed: closed.clone() };
        Ok((Self { known, colors, own: None, found, closed }, printer))
    }

    fn note(&mut self, event: &Event) {
        let Ok(mut known) = self.known.lock() else { return };
        match event {
            Event::Ready(ready) => {
                known.invite.clone_from(&ready.invite);
                known.members.clear();
                self.own = Some(ready.node);
            }
            Event::Member(member) => {
                let node = member.node.to_string();
                match member.change {
                    Change::Left | Change::Gone | Change::Expelled => {
                        known.members.remove(&node);
                    }
                    _ => {
                        let who = telling::who(&member.nick, member.node);
                        known.members.insert(node, format!("{who}  key {}", member.fingerprint));
                    }
                }
            }
            Event::Message(message) => {
                let entries =
                    message.clock.dots().map(|dot| format!("{} {}", dot.node.tag(), dot.number));
                known.clock = entries.collect::<Vec<_>>().join("  ");
            }
            _ => {}
        }
    }
}

impl Face for Prompt {
    fn text(&mut self, event: &Event) -> Option<Shown> {
        self.note(event);
        if matches!(event, Event::Closed(_)) {
            self.close();
        }
        match event {
            // One's own line stands above already, as it was typed.
            Event::Message(message) if Some(message.node) == self.own && !message.action => None,
            Event::Message(message) => Some(Shown::Data(telling::message(message, self.colors))),
            other => telling::aside(other).map(Shown::Aside),
        }
    }

    fn close(&mut self) {
        self.closed.store(true, Ordering::Release);
        if let Some(found) = self.found.take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &found);
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        self.close();
    }
}

/// What a line means; nothing if it was answered here.
fn meaning(
    line: String,
    known: &Mutex<Known>,
    tell: &mut impl FnMut(String),
    editor: &mut Editor<(), MemHistory>,
) -> Option<Said> {
    let Some(command) = line.strip_prefix('/').filter(|rest| !rest.starts_with('/')) else {
        if line.is_empty() {
            return None;
        }
        // `//x` says `/x`.
        let said = line.strip_prefix('/').unwrap_or(&line).to_owned();
        return Some(input::text(said, Command::Say));
    };
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    let rest = rest.trim();
    let known = || {
        known.lock().map(|known| (known.invite.clone(), known.members.clone(), known.clock.clone()))
    };
    let (invite, members, clock) = known().unwrap_or_default();
    match (name, rest) {
        ("me", does) if !does.is_empty() => {
            return Some(input::text(does.to_owned(), Command::Act));
        }
        ("nick", nick) if !nick.is_empty() => {
            return Some(Said::Command(Command::Nick(nick.to_owned())));
        }
        ("quit!", _) => return Some(Said::Command(Command::Leave(Reason::Left))),
        ("quit", _) => {
            let sure = !members.is_empty() || {
                let answer =
                    editor.readline("you are the last one: nothing will remain. Leave? y/N ");
                answer.is_ok_and(|answer| answer.trim().eq_ignore_ascii_case("y"))
            };
            return sure.then_some(Said::Command(Command::Leave(Reason::Left)));
        }
        ("who", _) if members.is_empty() => tell("nobody else is here\n".into()),
        ("who", _) => tell(members.into_values().collect::<Vec<_>>().join("\n") + "\n"),
        ("invite", _) => tell(format!("chat join {invite}\n")),
        ("clock", _) => tell(format!("{clock}\n")),
        ("help", _) => tell(format!("{HELP}\n")),
        ("me" | "nick", _) => tell(format!("/{name} what?\n")),
        _ => {
            let message = format!("there is no /{name}; /help tells what there is");
            return Some(input::wrong(Code::BadInput, message));
        }
    }
    None
}
