//! What must hold of who reads what.

use crate::{
    Setup,
    person::{Link, Person},
};
use chat_engine::Time;
use chat_protocol::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// A question asked before its asker was muted is answered within this time.
const ON_ITS_WAY: Time = Time::from_secs(1);

/// When each text was sealed, and who could read it: the view of its author just then.
#[derive(Default)]
pub struct Audiences(BTreeMap<String, (Time, BTreeSet<NodeId>)>);

impl Audiences {
    /// An author shows its own text: it was sealed just now.
    pub fn sealed(&mut self, text: &str, author: &Person, now: Time) {
        let view = author.participant.members().chain([author.id]).collect();
        self.0.insert(text.to_owned(), (now, view));
    }

    /// Someone shows a text. What is wrong with that, if anything.
    #[must_use]
    pub fn read(&self, text: &str, reader: &Person, setup: &Setup) -> Option<String> {
        let Some((sealed, view)) = self.0.get(text) else {
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

    /// Texts that were sealed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
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
