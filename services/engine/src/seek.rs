//! Seeking what was given up: heads don't show what is missing further down, so a member with
//! holes in what it delivered compares them with another's now and then, in turns. And seeking
//! forks: whoever holds a frame whose `past` it computes differently asks for what that names;
//! and if only the transcript's digest differs, for frames that no `past` commits to.

use crate::{Effect, Engine, Entry, Time, roster::Presence};
use chat_protocol::{Dot, NodeId, limits};
use rand::RngExt;
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
    /// The transcript's revision when it was last looked for in vain.
    in_vain: Option<u64>,
}

impl Seek {
    pub(crate) fn next(&self) -> Option<Time> {
        self.next
    }

    /// Something was given up, or someone is back who may have it.
    pub(crate) fn restart(&mut self, now: Time) {
        (self.next, self.wait, self.rounds) = (Some(now + limits::SEEK), limits::SEEK, 0);
    }

    /// A member has found what it had given up, and this node may not have: unless it looks
    /// already. Whoever's count of holes goes up and down must not put that off.
    pub(crate) fn resume(&mut self, now: Time) {
        if self.next.is_none() {
            self.restart(now);
        }
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

    /// A member shows the same heads and another transcript: below them is a fork.
    pub(crate) fn compare_transcripts(&mut self, member: &NodeId) {
        let fresh = self.seek.in_vain != Some(self.revision());
        if self.seek.next.is_none() && fresh && self.hides_a_fork(member) {
            self.seek.restart(self.now);
        }
    }

    fn hides_a_fork(&self, member: &NodeId) -> bool {
        let same_heads = self.shows_the_same_heads();
        self.roster
            .get(member)
            .is_some_and(|presence| same_heads(presence) && self.differs(presence))
    }

    fn has_holes(&self) -> bool {
        !self.waived.is_empty()
            || self.authors.holes() > 0
            || !self.seek.disputed.is_empty()
            || self.sees_a_fork()
    }

    fn sees_a_fork(&self) -> bool {
        let same_heads = self.shows_the_same_heads();
        let hides = |presence: &Presence| same_heads(presence) && self.differs(presence);
        self.roster.present().any(|(_, presence)| hides(presence))
    }

    pub(crate) fn seek_holes(&mut self) {
        let Some(next) = self.seek.next.filter(|next| *next <= self.now) else { return };
        if !self.has_holes() || self.seek.rounds >= limits::SEEK_ROUNDS {
            self.seek.next = None;
            self.seek.disputed.clear();
            self.seek.in_vain = Some(self.revision());
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
        let mut dots: BTreeSet<_> = named.collect();
        if self.hides_a_fork(&member) {
            // Of heads the equal digests show that they are the same.
            let heads = self.heads();
            let unbound = self.transcript.unbound();
            dots.extend(unbound.filter(|dot| heads.get(&dot.node) != dot.number));
        }
        let mut dots: Vec<_> = dots.into_iter().collect();
        if !dots.is_empty() {
            // No more than a page brings, and not always the same.
            let first = self.rng.random_range(0..dots.len());
            dots.rotate_left(first);
            dots.truncate(self.config.page_frames.min(limits::WANTS));
            self.effect(Effect::Ask { to: Some(member), dots, have: None });
        }
    }
}
