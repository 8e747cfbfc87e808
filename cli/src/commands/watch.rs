//! `chat watch`: the traffic as it passes. Never a member.
//!
//! A space-time diagram on a terminal, a line for each envelope in a pipe, an object with
//! `--json`.
//!
//! Only `msg`, `beat` and `key` are subscribed to. On `sync` and `node` a watcher would be
//! taken for someone who could answer: a joiner of a dead room must hear "nobody" at once.
//!
//! Nothing that is shown here is checked: a watcher sees what passes, forged or not.

mod clocks;
mod diagram;
mod line;

use crate::{
    face::{Output, Shown},
    failure::{self, Code, Failure},
    globals::Globals,
    target::{Target, VISIBLE},
};
use chat_connect::{Connection, Link};
use chat_director::DirectorClient;
use chat_protocol::{Envelope, VectorClock};
use clocks::FullClocks;
use diagram::Diagram;
use futures_util::{StreamExt, stream::select_all};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant, SystemTime},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

/// The last lines get this long to be read.
const LAST_LINES: Duration = Duration::from_millis(500);

/// No terminal is taken to be narrower: a pseudo terminal may not know its width.
const NARROWEST: usize = 60;

/// Arguments of `chat watch`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A discussion's invite or id; `-` reads CHAT_INVITE, or asks; without it everything on
    /// this server
    #[arg(value_name = "INVITE|ROOM")]
    target: Option<String>,
    /// A line for each envelope on a terminal, too, instead of the diagram
    #[arg(long)]
    pub(crate) lines: bool,
}

const EXAMPLES: &str = "\
On a terminal a space-time diagram: a column for each node, time downwards.
  ●  a frame      ├──▸●  after what it answers      ■  its author leaves
  ○  it waits for its causes, and is drawn again after them      ·  it was seen before

Nothing shown here is checked: it is what passes, forged or not.

Examples:
  chat watch                              every discussion on this server
  chat watch ROOM                         one of them
  chat watch | grep beat                  lines in a pipe, or with --lines
  chat watch --json | jq .envelope.kind   for programs, with full clocks";

impl Args {
    /// The meaning of the argument; nothing for all rooms.
    pub(crate) fn target(&self) -> Result<Option<Target>, Failure> {
        match self.target.as_deref() {
            None => Ok(None),
            Some("-") => Target::unseen().map(Some),
            Some(text) => Target::on_command_line(text).map(Some),
        }
    }
}

pub(crate) async fn run(
    target: Option<Target>,
    lines: bool,
    globals: Globals,
) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut connection = globals.connect(&globals.settings()?).await?;
    if target.as_ref().is_some_and(|target| target.visible) {
        tell(&format!("warning: {VISIBLE}"));
    }
    // Held as long as is watched: it renews the pass.
    let _director = assigned(&connection, target.as_ref()).await?;
    let room = target.map_or_else(|| "*".to_owned(), |target| target.address.room().to_string());
    let mut streams = Vec::new();
    for kind in ["msg", "beat", "key"] {
        let subscribed = connection.subscribe(format!("chat.room.{room}.{kind}")).await;
        streams.push(subscribed.map_err(|error| Failure::new(Code::Refused, error.to_string()))?);
    }
    let mut messages = select_all(streams);
    let mut seen = connection.link.borrow_and_update().clone();
    let mut watcher = Watcher::new(Form::fitting(&globals, lines));
    let output = Output::streams()?;
    let mut told = VecDeque::new();
    loop {
        tokio::select! {
            Some(message) = messages.next(), if told.is_empty() => {
                told.extend(watcher.lines(message.subject.as_str(), &message.payload));
            }
            place = output.place(), if !told.is_empty() => {
                if let (Some(place), Some(line)) = (place, told.pop_front()) {
                    place.send(Shown::Data(line));
                }
            }
            // Nobody reads on: that is an end, not an error.
            () = output.closed() => break,
            Ok(()) = connection.link.changed() => {
                let link = connection.link.borrow_and_update().clone();
                news(&seen, &link).iter().for_each(|text| tell(text));
                seen = link;
            }
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    // A reader that doesn't read must not hold up an interrupt.
    let _ = timeout(LAST_LINES, output.finish()).await;
    Ok(())
}

/// Where the server lets nobody see a room without having been assigned it, a watcher asks for
/// that as a member would.
async fn assigned(
    connection: &Connection,
    target: Option<&Target>,
) -> Result<DirectorClient, Failure> {
    let director = DirectorClient::new(connection.clone());
    match target {
        Some(target) => {
            let admitted = director.admit(target.address.room()).await;
            admitted.map_err(|error| failure::director(error, &connection.server))?;
        }
        None if director.gives_passes() => {
            let what = "this server lets nobody see a room without a pass for it";
            return Err(Failure::new(Code::Refused, what)
                .next("name one: `chat watch INVITE|ROOM` asks a director for its pass"));
        }
        None => {}
    }
    Ok(director)
}

/// What the traffic looks like.
enum Form {
    /// One object an envelope.
    Json,
    /// One line an envelope.
    Lines,
    /// Rows of a space-time diagram.
    Diagram(Box<Diagram>),
}

impl Form {
    fn fitting(globals: &Globals, lines: bool) -> Self {
        if globals.json {
            Self::Json
        } else if lines || !io::stdout().is_terminal() {
            Self::Lines
        } else {
            Self::Diagram(Box::new(Diagram::new(globals.colors())))
        }
    }
}

/// Envelopes to lines.
struct Watcher {
    form: Form,
    clocks: FullClocks,
    unknown: u64,
    begun: Instant,
}

impl Watcher {
    fn new(form: Form) -> Self {
        Self { form, clocks: FullClocks::default(), unknown: 0, begun: Instant::now() }
    }

    fn lines(&mut self, subject: &str, payload: &[u8]) -> Vec<String> {
        let envelope = Envelope::parse(payload);
        let clock = match &envelope {
            Ok(Envelope::Frame(frame)) => self.clocks.of_frame(frame),
            Ok(Envelope::Beat(beat)) => self.clocks.of(beat.heads.dots()),
            _ => VectorClock::new(),
        };
        self.unknown += u64::from(envelope.is_err());
        let now = SystemTime::now();
        match (&mut self.form, &envelope) {
            (Form::Json, _) => {
                // What is no JSON at all is null.
                let raw: Value = serde_json::from_slice(payload).unwrap_or(Value::Null);
                vec![json!({ "subject": subject, "envelope": raw, "clock": clock }).to_string()]
            }
            (Form::Diagram(diagram), Ok(envelope)) => {
                let (since, time) = (self.begun.elapsed(), line::time_of_day(now));
                diagram.take(envelope, &self.clocks, since, &time, width())
            }
            (Form::Lines, Ok(told)) => {
                vec![format!("{} {}", line::place(now, subject), line::envelope(told, &clock))]
            }
            (form, Err(error)) => {
                let told = line::unknown(error, self.unknown, payload.len());
                let told = format!("{} {told}", line::place(now, subject));
                // A line that wraps would break the columns.
                let columns = matches!(form, Form::Diagram(_));
                vec![if columns { diagram::cut(&told, width()) } else { told }]
            }
        }
    }
}

/// Of the terminal, as it is now.
fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.map_or(0, |size| usize::from(size.ws_col)).max(NARROWEST)
}

/// What a watcher must know of its own connection: that it misses something.
fn news(before: &Link, now: &Link) -> Vec<String> {
    let mut news = Vec::new();
    if now.losses != before.losses {
        news.push("-- cut off from the server; what passes meanwhile is not seen".to_owned());
    }
    // The first connection is no news.
    if now.up && now.losses > 0 && (!before.up || now.losses != before.losses) {
        news.push("-- connected again".to_owned());
    }
    if now.dropped != before.dropped {
        news.push(format!("-- {} message(s) came too fast and were not seen", now.dropped));
    }
    if now.complaint != before.complaint
        && let Some((_, text)) = &now.complaint
    {
        news.push(format!(
            "warning: the server reports: {}",
            chat_protocol::text::one_line(text, 400)
        ));
    }
    news
}

fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(watcher: &mut Watcher, payload: &[u8]) -> String {
        watcher.lines("chat.room.x.msg", payload).join("\n")
    }

    #[test]
    fn what_is_no_envelope_is_counted_and_shown_as_such() {
        let mut watcher = Watcher::new(Form::Diagram(Box::new(Diagram::new(false))));
        assert!(line(&mut watcher, b"garbage").contains("the 1. so far"));
        assert!(line(&mut watcher, b"garbage").contains("the 2. so far"));
        watcher.form = Form::Json;
        let line = line(&mut watcher, b"\xff");
        assert_eq!(line, r#"{"clock":{},"envelope":null,"subject":"chat.room.x.msg"}"#);
    }

    #[test]
    fn a_watcher_is_told_when_it_misses_something() {
        let up = Link { up: true, ..Link::default() };
        assert!(news(&Link::default(), &up).is_empty(), "the first connection");
        let cut = Link { losses: 1, ..Link::default() };
        assert_eq!(news(&cut, &Link { up: true, ..cut.clone() }), ["-- connected again"]);
        let back = Link { up: true, losses: 1, ..Link::default() };
        assert_eq!(news(&up, &back).len(), 2);
        let refused = Link { complaint: Some((1, "permissions violation".into())), ..up.clone() };
        assert!(news(&up, &refused)[0].contains("permissions"));
    }
}
