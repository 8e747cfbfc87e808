//! `chat watch`: the traffic as it passes. Never a member.
//!
//! Only `msg`, `beat` and `key` are subscribed to. On `sync` and `node` a watcher would be
//! taken for someone who could answer: a joiner of a dead room must hear "nobody" at once.
//!
//! Nothing that is shown here is checked: a watcher sees what passes, forged or not.

mod clocks;
mod line;

use crate::{
    face::{Output, Shown},
    failure::{Code, Failure},
    globals::Globals,
    target::{Target, VISIBLE},
};
use chat_connect::Link;
use chat_protocol::{Envelope, VectorClock};
use clocks::FullClocks;
use futures_util::{StreamExt, stream::select_all};
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

/// The last lines get this long to be read.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Arguments of `chat watch`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A discussion's invite or id; `-` reads CHAT_INVITE, or asks; without it everything on
    /// this server
    #[arg(value_name = "INVITE|ROOM")]
    target: Option<String>,
}

const EXAMPLES: &str = "\
Nothing shown here is checked: it is what passes, forged or not.

Examples:
  chat watch                              every discussion on this server
  chat watch ROOM                         one of them
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

pub(crate) async fn run(target: Option<Target>, globals: Globals) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut connection = globals.connect(&globals.settings()?).await?;
    if target.as_ref().is_some_and(|target| target.visible) {
        tell(&format!("warning: {VISIBLE}"));
    }
    let room = target.map_or_else(|| "*".to_owned(), |target| target.address.room().to_string());
    let mut streams = Vec::new();
    for kind in ["msg", "beat", "key"] {
        let subscribed = connection.client.subscribe(format!("chat.room.{room}.{kind}")).await;
        streams.push(subscribed.map_err(|error| Failure::new(Code::Refused, error.to_string()))?);
    }
    let mut messages = select_all(streams);
    let mut seen = connection.link.borrow_and_update().clone();
    let mut watcher = Watcher { json: globals.json, clocks: FullClocks::default(), unknown: 0 };
    let output = Output::streams();
    let mut told = None;
    loop {
        tokio::select! {
            Some(message) = messages.next(), if told.is_none() => {
                told = Some(watcher.line(message.subject.as_str(), &message.payload));
            }
            place = output.place(), if told.is_some() => {
                if let (Some(place), Some(line)) = (place, told.take()) {
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

/// Envelopes to lines.
struct Watcher {
    json: bool,
    clocks: FullClocks,
    unknown: u64,
}

impl Watcher {
    fn line(&mut self, subject: &str, payload: &[u8]) -> String {
        let envelope = Envelope::parse(payload);
        let clock = match &envelope {
            Ok(Envelope::Frame(frame)) => self.clocks.of_frame(frame),
            Ok(Envelope::Beat(beat)) => self.clocks.of(beat.heads.dots()),
            _ => VectorClock::new(),
        };
        self.unknown += u64::from(envelope.is_err());
        if self.json {
            // What is no JSON at all is null.
            let raw: Value = serde_json::from_slice(payload).unwrap_or(Value::Null);
            return json!({ "subject": subject, "envelope": raw, "clock": clock }).to_string();
        }
        let told = match &envelope {
            Ok(envelope) => line::envelope(envelope, &clock),
            Err(error) => line::unknown(error, self.unknown, payload.len()),
        };
        format!("{} {told}", line::place(SystemTime::now(), subject))
    }
}

/// What a watcher must know of its own connection: that it misses something.
fn news(before: &Link, now: &Link) -> Vec<String> {
    let mut news = Vec::new();
    if now.losses != before.losses {
        news.push("-- cut off from the server; what passes meanwhile is not seen".to_owned());
    }
    if now.up && (!before.up || now.losses != before.losses) {
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

    #[test]
    fn what_is_no_envelope_is_counted_and_shown_as_such() {
        let mut watcher = Watcher { json: false, clocks: FullClocks::default(), unknown: 0 };
        for _ in 0..2 {
            watcher.line("chat.room.x.msg", b"garbage");
        }
        assert_eq!(watcher.unknown, 2);
        watcher.json = true;
        let line = watcher.line("chat.room.x.msg", b"\xff");
        assert_eq!(line, r#"{"clock":{},"envelope":null,"subject":"chat.room.x.msg"}"#);
    }

    #[test]
    fn a_watcher_is_told_when_it_misses_something() {
        let up = Link { up: true, ..Link::default() };
        assert_eq!(news(&Link::default(), &up), ["-- connected again"]);
        let back = Link { up: true, losses: 1, ..Link::default() };
        assert_eq!(news(&up, &back).len(), 2);
        let refused = Link { complaint: Some((1, "permissions violation".into())), ..up.clone() };
        assert!(news(&up, &refused)[0].contains("permissions"));
    }
}
