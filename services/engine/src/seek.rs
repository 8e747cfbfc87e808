//! Seeking what was given up: heads don't show what is missing further down, so a member with
//! holes in what it delivered compares them with another's now and then, in turns. And seeking
//! forks: whoever holds a frame whose `past` it computes differently asks for what that names.

use crate::{Effect, Engine, Entry, Time};
use chat_protocol::{Dot, NodeId, limits};
use std::collections::BTreeSet;

/// When to look next. Idle where nothing is missing, and after [`limits::SEEK_ROUNDS`] in
/// vain: until something changes.
#[derive(Debug, Default)]
pub(crate) struct Seek {
    next: Option<Time>,
    wait: Time,
    rounds: u32,
    turn: usize,
    /// Frames whose authors have seen other contents, at most [`limits::DISPUTED`].
    disputed: BTreeSet<Dot>,
}

impl Seek {
    pub(crate) fn next(&self) -> Option<Time> {
        self.next
    }

    /// Something was given up, or someone is back who may have it.
    pub(crate) fn restart(&mut self, now: Time) {
        (self.next, self.wait, self.rounds) = (Some(now + limits::SEEK), limits::SEEK, 0);
    }

    /// A frame's author has seen other contents than this node.
    pub(crate) fn dispute(&mut self, frame: Dot, now: Time) {
        if self.disputed.len() < limits::DISPUTED && self.disputed.insert(frame) {
            self.restart(now);
        }
    }
}

impl Engine {
    /// Someone is back, or this node: what was given up may be there.
    pub(crate) fn seek_again(&mut self) {
        if self.has_holes() {
            self.seek.restart(self.now);
        }
    }

    fn has_holes(&self) -> bool {
        !self.waived.is_empty() || self.authors.holes() > 0 || !self.seek.disputed.is_empty()
    }

    pub(crate) fn seek_holes(&mut self) {
        let Some(next) = self.seek.next.filter(|next| *next <= self.now) else { return };
        if !self.has_holes() || self.seek.rounds >= limits::SEEK_ROUNDS {
            self.seek.next = None;
            self.seek.disputed.clear();
            return;
        }
        let present: Vec<_> = self.roster.present().map(|(node, _)| *node).collect();
        if !present.is_empty() {
            self.seek.turn = (self.seek.turn + 1) % present.len();
            self.ask_for_everything(Some(present[self.seek.turn]));
            self.ask_for_other_contents(present[self.seek.turn]);
        }
        let most = limits::SEEK_MOST.max(self.interval());
        self.seek.wait = (2 * self.seek.wait).min(most);
        self.seek.rounds += 1;
        self.seek.next = Some(next.max(self.now) + self.seek.wait);
    }

    fn ask_for_other_contents(&mut self, member: NodeId) {
        let authors = &self.authors;
        self.seek.disputed.retain(|dot| !authors.is_void(*dot));
        let disputed = self.seek.disputed.iter().filter_map(|dot| self.transcript.get(*dot));
        let named = disputed.flat_map(Entry::dependencies).filter(|dot| !authors.is_void(*dot));
        let dots: Vec<_> = named.collect::<BTreeSet<_>>().into_iter().take(limits::WANTS).collect();
        if !dots.is_empty() {
            self.effect(Effect::Ask { to: Some(member), dots, have: None });
        }
    }
}
