//! Flow control: whoever says more than the others take waits until they have it.
//!
//! Core NATS drops what a client doesn't take in time. So two things are bounded: own frames that
//! somebody present hasn't acknowledged, and, counted from the oldest of those on, all that the
//! room says, since it goes through the same buffers, whoever says it.

use crate::{Engine, Phase};
use chat_protocol::{Number, limits};
use std::collections::VecDeque;

/// What went through the room when own frames were said.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Bytes delivered here so far, own ones included.
    passed: u64,
    /// So much of them before each of the last own frames.
    before: VecDeque<u64>,
}

impl Flow {
    pub(crate) fn delivered(&mut self, bytes: usize) {
        self.passed += bytes as u64;
    }

    /// The next delivered is an own frame.
    pub(crate) fn own_frame(&mut self) {
        self.before.push_back(self.passed);
        if self.before.len() as u64 > limits::UNACKNOWLEDGED {
            self.before.pop_front();
        }
    }

    /// Bytes that went through the room from the first of the last `own` own frames on.
    fn since(&self, own: u64) -> u64 {
        let newer = usize::try_from(own).unwrap_or(usize::MAX);
        let oldest = self.before.len().saturating_sub(newer);
        self.before.get(oldest).map_or(0, |before| self.passed - before)
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

    fn unacknowledged(&self) -> u64 {
        let acked = self.roster.present().map(|(_, presence)| presence.acked).min();
        acked.map_or(0, |acked| self.number.0.saturating_sub(acked.0))
    }
}
