//! What must hold of who reads what.

use crate::{Setup, person::Person};
use chat_engine::Time;
use chat_protocol::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// Who could read each text: the view of its author when it was sealed.
#[derive(Default)]
pub struct Audiences(BTreeMap<String, BTreeSet<NodeId>>);

impl Audiences {
    /// An author shows its own text: it was sealed just now.
    pub fn sealed(&mut self, text: &str, author: &Person) {
        let view = author.participant.members().chain([author.id]).collect();
        self.0.insert(text.to_owned(), view);
    }

    /// Someone shows a text. What is wrong with that, if anything.
    #[must_use]
    pub fn read(&self, text: &str, reader: &Person, setup: &Setup, now: Time) -> Option<String> {
        let Some(view) = self.0.get(text) else {
            return Some(format!("{} reads {text:?}, which nobody said", reader.id));
        };
        let granted = setup.history && reader.could_ask(now);
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
