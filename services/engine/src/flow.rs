//! Flow control: whoever says more than the others take waits until they have it.
//!
//! Core NATS drops what a client doesn't take in time. So two things are bounded: own frames that
//! somebody present hasn't acknowledged, and, counted from the oldest of those on, all that the
//! room says, since it goes through the same buffers, whoever says it.

use crate::{Engine, Phase, Time, roster::Presence};
use chat_protocol::{Number, limits};
use std::collections::VecDeque;

/// What went through the room when own frames were said.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Bytes delivered here so far, own ones included.
    passed: u64,
    /// So much of them before each of the last own frames, and when that was said.
    before: VecDeque<(u64, Time)>,
}

impl Flow {
    pub(crate) fn delivered(&mut self, bytes: usize) {
        self.passed += bytes as u64;
    }

    /// The next delivered is an own frame.
    pub(crate) fn own_frame(&mut self, now: Time) {
        self.before.push_back((self.passed, now));
        if self.before.len() as u64 > limits::UNACKNOWLEDGED {
            self.before.pop_front();
        }
    }

    /// Bytes that went through the room from the first of the last `own` own frames on.
    fn since(&self, own: u64) -> u64 {
        self.oldest(own).map_or(0, |(before, _)| self.passed - before)
    }

    /// When the first of the last `own` own frames was said, or a later one.
    fn said(&self, own: u64) -> Time {
        self.oldest(own).map_or(Time::ZERO, |(_, at)| *at)
    }

    fn oldest(&self, own: u64) -> Option<&(u64, Time)> {
        let newer = usize::try_from(own).unwrap_or(usize::MAX);
        self.before.get(self.before.len().saturating_sub(newer))
    }

    pub(crate) fn len(&self) -> usize {
        self.before.len()
    }
}

impl Engine {
    /// Whether flow control lets this node say another frame: fewer than
    /// [`limits::UNACKNOWLEDGED`] own ones, and since the oldest of these less than
    /// [`limits::IN_FLIGHT`] of everyone's, lack a present member's acknowledgement.
    #[must_use]
    pub fn may_say(&self) -> bool {
        let own = self.unacknowledged();
        let is_little = own < limits::UNACKNOWLEDGED && self.flow.since(own) < limits::IN_FLIGHT;
        self.phase == Phase::Live && is_little
    }

    /// Whether every present member showed to have all own frames (causal stability).
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.unacknowledged() == 0
    }

    /// The last own frame that a present member showed to have, or that was said before one came in.
    /// O(members).
    #[must_use]
    pub fn acknowledged_by_any(&self) -> Number {
        let acked = self.roster.present().map(|(_, presence)| presence.acked).max();
        acked.unwrap_or(Number(0))
    }

    /// Own frames that somebody present lacks. Whoever beats, but has shown to have no more of them for
    /// as long as makes a silent one gone, isn't waited for.
    fn unacknowledged(&self) -> u64 {
        let (_, patience) = self.suspicion_times();
        let lacks = |presence: &Presence| self.number.0.saturating_sub(presence.acked.0);
        let waits = |presence: &Presence| {
            presence.acked_at.max(self.flow.said(lacks(presence))) + patience > self.now
        };
        let present = self.roster.present().map(|(_, presence)| presence);
        present.filter(|presence| waits(presence)).map(lacks).max().unwrap_or(0)
    }
}
