//! What must hold of who reads what.

use crate::{
    Setup,
    person::{Link, Person},
};
use chat_engine::Time;
use chat_node::Message;
use chat_protocol::{Dot, Frame, Key, NodeId, VectorClock};
use std::collections::{BTreeMap, BTreeSet};

/// A question asked before its asker was muted is answered within this time.
const ON_ITS_WAY: Time = Time::from_secs(1);

/// When each text was sealed, and who could read it: the view of its author just then.
#[derive(Default)]
pub struct Audiences {
    texts: BTreeMap<String, (Time, BTreeSet<NodeId>)>,
    frames: BTreeMap<Dot, (Key, String)>,
    /// What is in the past of each frame published.
    pasts: BTreeMap<Dot, VectorClock>,
}

impl Audiences {
    /// An author shows its own text: it was sealed just now.
    pub fn sealed(&mut self, message: &Message, author: &Person, now: Time) {
        let view = author.participant.members().chain([author.id]).collect();
        self.texts.insert(message.text.to_string(), (now, view));
        let Dot { node, number } = message.origin.dot;
        let key = Key { lamport: message.origin.lamport, node, number };
        self.frames.insert(message.origin.dot, (key, message.text.to_string()));
    }

    /// Someone shows a text. What is wrong with that, if anything.
    #[must_use]
    pub fn read(&self, text: &str, reader: &Person, setup: &Setup) -> Option<String> {
        let Some((sealed, view)) = self.texts.get(text) else {
            return Some(format!("{} reads {text:?}, which nobody said", reader.id));
        };
        // Who can ask, or could after it was said, may have been granted the key.
        let could_ask = match reader.link {
            Link::Whole => true,
            Link::Mute(since) => *sealed < since + ON_ITS_WAY,
        };
        let granted = setup.history && could_ask;
        if view.contains(&reader.id) || granted {
            return None;
        }
        Some(format!("secrecy: {} reads {text:?}, sealed to others", reader.id))
    }

    /// A frame is on its way.
    pub fn published(&mut self, frame: &Frame) {
        let mut past = VectorClock::new();
        for dot in frame.previous().into_iter().chain(frame.named()) {
            past.merge(&self.past(dot));
            past.raise(dot);
        }
        self.pasts.insert(frame.dot(), past);
    }

    /// What is in a frame's past.
    #[must_use]
    pub fn past(&self, dot: Dot) -> VectorClock {
        self.pasts.get(&dot).cloned().unwrap_or_default()
    }

    /// Someone shows a message. What it answers that was neither shown before nor named as
    /// missing, if anything. Nobody misses what lies below its floor, and nobody can know what
    /// is in the past of frames that nobody gave it.
    #[must_use]
    pub fn out_of_order(&self, message: &Message, reader: &Person) -> Option<String> {
        let floor = reader.participant.floor();
        let due = |dot: Dot, key: Key| {
            let in_past = dot != message.origin.dot && message.origin.clock.covers(dot);
            in_past && key > floor && !reader.lost.covers(dot)
        };
        let is_missing = |dot: &Dot, text: &String| {
            !reader.read.contains(text)
                && !message.origin.gap.contains(dot)
                && !reader.told.contains(dot)
        };
        let mut frames = self.frames.iter();
        let (dot, (_, text)) =
            frames.find(|(dot, (key, text))| due(**dot, *key) && is_missing(dot, text))?;
        let shown = &message.text;
        Some(format!("causality: {} shows {shown:?} without {text:?} ({dot})", reader.id))
    }

    /// Texts that were sealed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// Why the members don't all have the same, if they don't.
    #[must_use]
    pub fn unsettled(&self, people: &[Person], setup: &Setup, last: &[String]) -> Option<String> {
        let members: Vec<_> = people.iter().filter(|person| person.is_member()).collect();
        let first = members.first()?;
        // Without history each has what was said from its joining on.
        let digest = |person: &Person| match setup.history {
            true => person.participant.digest(),
            false => person.participant.frontier(),
        };
        for member in &members {
            if digest(member) != digest(first) {
                return Some(format!("{} and {} have other digests", first.id, member.id));
            }
        }
        let wanted: BTreeSet<_> = if setup.history {
            members.iter().flat_map(|member| &member.read).collect()
        } else {
            last.iter().collect()
        };
        for member in members {
            let lacks = wanted.iter().find(|text| !member.read.contains(**text));
            if let Some(text) = lacks {
                return Some(format!("{} can't read {text:?}", member.id));
            }
        }
        None
    }
}
