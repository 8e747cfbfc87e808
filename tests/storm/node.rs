//! A node in the storm: its process, since when it is in the room, and what it was told to say.

use chat_tests::Chat;
use serde_json::Value;
use std::{collections::HashSet, time::Instant};

/// See the module.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) chat: Chat,
    pub(crate) nick: String,
    /// When it was seen to be in the room.
    pub(crate) entered: Option<Instant>,
    pub(crate) said: Vec<Said>,
    /// Whether it has left, or is about to.
    pub(crate) left: bool,
}

/// Something said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) at: Instant,
}

/// See the `agreement` event.
#[derive(Debug)]
pub(crate) struct Agreement {
    pub(crate) digest: String,
    pub(crate) same: u64,
    pub(crate) of: u64,
}

impl Node {
    /// The one that opens the discussion; with its invite.
    pub(crate) fn founder(url: &str, nick: String) -> (Self, String) {
        let chat = Chat::run(url, &["start", "--verbose", "--nick", &nick]);
        let invite = chat.ready()["invite"].as_str().unwrap_or_default().to_owned();
        (Self::of(chat, nick), invite)
    }

    /// One that is about to join.
    pub(crate) fn joining(url: &str, invite: &str, nick: String) -> Self {
        Self::of(Chat::run(url, &["join", invite, "--verbose", "--nick", &nick]), nick)
    }

    fn of(chat: Chat, nick: String) -> Self {
        Self { chat, nick, entered: None, said: Vec::new(), left: false }
    }

    /// Whether it is in the room.
    pub(crate) fn is_in(&mut self) -> bool {
        if self.entered.is_none() && self.chat.find(|event| event["event"] == "ready").is_some() {
            self.entered = Some(Instant::now());
        }
        self.entered.is_some()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.chat.process().has_ended()
    }

    /// Says something that nobody else ever says.
    pub(crate) fn say(&mut self) {
        let text = format!("{} says {}", self.nick, self.said.len());
        self.chat.say(&text);
        self.said.push(Said { text, at: Instant::now() });
    }

    pub(crate) fn shows_all(&self, texts: &HashSet<&str>) -> bool {
        let shown = |event: &Value| {
            is_message(event) && event["text"].as_str().is_some_and(|text| texts.contains(text))
        };
        self.chat.count(shown) == texts.len()
    }

    /// Whether it holds less than was said.
    pub(crate) fn has_trimmed(&self) -> bool {
        self.chat.find(|event| event["code"] == "trimmed").is_some()
    }

    /// What it told last of its transcript and the others'.
    pub(crate) fn agreement(&self) -> Agreement {
        let last = self.chat.last_of("agreement").unwrap_or_default();
        let count = |name: &str| last[name].as_u64().unwrap_or_default();
        Agreement {
            digest: last["digest"].as_str().unwrap_or_default().to_owned(),
            same: count("same"),
            of: count("of"),
        }
    }

    /// What it knows of the others' transcripts, and its last events.
    pub(crate) fn state(&self) -> String {
        let last = |kind| self.chat.last_of(kind).unwrap_or_default();
        let (agreement, link) = (last("agreement"), last("connection"));
        format!("{}: {agreement} {link} {}\n", self.nick, self.chat.state())
    }
}

pub(crate) fn is_message(event: &Value) -> bool {
    event["event"] == "message"
}
