//! Seeking what was given up: heads don't show what is missing further down, so a member with
//! holes in what it delivered compares them with another's now and then, in turns.

use crate::{Engine, Time};
use chat_protocol::limits;

/// When to look next. Idle where nothing is missing, and after [`limits::SEEK_ROUNDS`] in
/// vain: until something changes.
#[derive(Debug, Default)]
pub(crate) struct Seek {
    next: Option<Time>,
    wait: Time,
    rounds: u32,
    turn: usize,
}

impl Seek {
    pub(crate) fn next(&self) -> Option<Time> {
        self.next
    }

    /// Something was given up, or someone is back who may have it.
    pub(crate) fn restart(&mut self, now: Time) {
        let turn = self.turn;
        *self = Self { next: Some(now + limits::SEEK), wait: limits::SEEK, rounds: 0, turn };
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
        !self.waived.is_empty() || self.authors.holes() > 0
    }

    pub(crate) fn seek_holes(&mut self) {
        let Some(next) = self.seek.next.filter(|next| *next <= self.now) else { return };
        if !self.has_holes() || self.seek.rounds >= limits::SEEK_ROUNDS {
            self.seek.next = None;
            return;
        }
        let present: Vec<_> = self.roster.present().map(|(node, _)| *node).collect();
        if !present.is_empty() {
            self.seek.turn = (self.seek.turn + 1) % present.len();
            self.ask_for_everything(Some(present[self.seek.turn]));
        }
        let most = limits::SEEK_MOST.max(self.interval());
        self.seek.wait = (2 * self.seek.wait).min(most);
        self.seek.rounds += 1;
        self.seek.next = Some(next.max(self.now) + self.seek.wait);
    }
}
