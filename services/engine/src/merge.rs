//! Merging heads: a frame that names every head of its author is the only head afterwards,
//! everywhere.
//!
//! Two members can hold the same frames and differ in heads: one of them has lost, or trimmed,
//! the frame that names a dot. In a room that talks the next word settles that. In a silent
//! one a member with more heads than another says a frame without items.

use crate::{Effect, Engine, Phase, Time};
use chat_protocol::{Beat, limits};
use rand::RngExt;

/// When to merge, and how long to wait next time if it didn't help.
#[derive(Debug)]
pub(crate) struct Merge {
    pub(crate) due: Option<Time>,
    wait: Time,
}

impl Default for Merge {
    fn default() -> Self {
        Self { due: None, wait: limits::MERGE }
    }
}

impl Engine {
    /// A member shows other heads, although neither lacks anything of the other's.
    pub(crate) fn compare_heads(&mut self, beat: &Beat) {
        let lacks_nothing = beat.heads.dots().all(|dot| self.is_satisfied(dot));
        let all = beat.digest.is_some();
        let more = || self.heads().dots().any(|dot| beat.heads.get(&dot.node) < dot.number);
        if self.merge.due.is_none() && all && lacks_nothing && more() {
            let spread = self.rng.random_range(1.0..2.0);
            self.merge.due = Some(self.now + self.merge.wait.mul_f64(spread));
        }
    }

    /// Something was said: whatever differed may be settled.
    pub(crate) fn heads_changed(&mut self, by_words: bool) {
        self.merge.due = None;
        if by_words {
            self.merge.wait = limits::MERGE;
        }
    }

    pub(crate) fn merge_if_due(&mut self) {
        if self.phase != Phase::Live || self.merge.due.is_none_or(|due| due > self.now) {
            return;
        }
        self.merge.due = None;
        self.merge.wait = (2 * self.merge.wait).min(limits::MERGE_MOST);
        // What was lost is a head on hearsay only: whoever has it merges it.
        if !self.frontier.forget_lost() {
            self.effect(Effect::Merge);
        }
    }
}
