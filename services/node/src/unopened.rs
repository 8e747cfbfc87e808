//! Frames whose key hasn't come yet: held back from the engine, within bounds, until it does.
//!
//! What waits here counts as not received: what depends on it waits, too, so nothing is shown
//! before what it answers. After [`limits::GAP`] it goes on unread.

use chat_engine::{Entry, Time};
use chat_protocol::{Dot, EpochId, NodeId, limits};
use std::collections::VecDeque;

/// First question for a key: after this, then after twice as long, and so on.
const ASK: Time = Time::from_millis(100);

/// A frame that waits, and how it came.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) entry: Entry,
    /// Who showed it.
    pub(crate) from: NodeId,
    since: Time,
    next: Time,
    tries: u32,
}

/// A question that is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) dot: Dot,
    pub(crate) epoch: Option<EpochId>,
    pub(crate) from: NodeId,
    /// How often it was asked before.
    pub(crate) tries: u32,
}

/// See the module. When there is too much the newest isn't taken in: it will be asked for
/// again by whatever depends on it.
#[derive(Debug, Default)]
pub(crate) struct Unopened {
    held: VecDeque<Held>,
    bytes: usize,
}

impl Unopened {
    /// Holds a frame that `from` showed.
    pub(crate) fn hold(&mut self, entry: Entry, from: NodeId, now: Time) {
        let full =
            self.held.len() >= limits::UNOPENED || self.bytes + entry.size > limits::UNOPENED_BYTES;
        if full || self.held.iter().any(|held| held.entry.hash == entry.hash) {
            return;
        }
        self.bytes += entry.size;
        self.held.push_back(Held { entry, from, since: now, next: now + ASK, tries: 0 });
    }

    /// Those that can go on: whatever `may` tells of, and what has waited too long.
    pub(crate) fn release(&mut self, now: Time, mut may: impl FnMut(&Entry) -> bool) -> Vec<Held> {
        let mut released = Vec::new();
        let mut kept = VecDeque::with_capacity(self.held.len());
        for held in std::mem::take(&mut self.held) {
            if held.since + limits::GAP <= now || may(&held.entry) {
                self.bytes -= held.entry.size;
                released.push(held);
            } else {
                kept.push_back(held);
            }
        }
        self.held = kept;
        released
    }

    /// Restarts everyone's patience, after a time in which no key could come.
    pub(crate) fn restart(&mut self, now: Time) {
        for held in &mut self.held {
            (held.since, held.next, held.tries) = (now, now + ASK, 0);
        }
    }

    /// What to ask for now.
    pub(crate) fn due(&mut self, now: Time) -> Vec<Question> {
        let mut questions = Vec::new();
        for held in self.held.iter_mut().filter(|held| held.next <= now) {
            let epoch = held.entry.frame.sealed.as_ref().map(|sealed| sealed.epoch);
            let (dot, from, tries) = (held.entry.dot(), held.from, held.tries);
            questions.push(Question { dot, epoch, from, tries });
            held.tries += 1;
            held.next = now + ASK * (1 << held.tries.min(6));
        }
        questions
    }

    pub(crate) fn next(&self) -> Option<Time> {
        self.held.iter().map(|held| held.next.min(held.since + limits::GAP)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{
        Frame, Lamport, Number, Sealed, VectorClock,
        frame::Signature,
        hash::Past,
        sealed::{Ciphertext, Commitment},
    };
    use std::sync::Arc;

    fn entry(number: u64, bytes: usize) -> Entry {
        let dot = Dot::new(NodeId([1; 10]), Number(number));
        let body = Ciphertext(vec![0; bytes]);
        let epoch = EpochId([1; 16]);
        let frame = Frame {
            from: dot.node,
            number: dot.number,
            lamport: Lamport(number),
            clock: VectorClock::from_iter([dot]),
            past: Past::ZERO,
            items: Vec::new(),
            sealed: Some(Sealed { epoch, step: 0, commit: Commitment::ZERO, body }),
            is_final: false,
            sig: Signature::ZERO,
        };
        let hash = frame.content_hash();
        Entry::new(Arc::new(frame), hash)
    }

    #[test]
    fn so_many_frames_and_bytes_wait_for_a_key() {
        let mut unopened = Unopened::default();
        for n in 1..=limits::UNOPENED as u64 + 10 {
            unopened.hold(entry(n, 20), NodeId([1; 10]), Time::ZERO);
        }
        assert_eq!(unopened.held.len(), limits::UNOPENED);
        assert_eq!(unopened.release(Time::ZERO, |_| true).len(), limits::UNOPENED);
        for n in 1..=100 {
            unopened.hold(entry(n, limits::SEALED_BYTES), NodeId([1; 10]), Time::ZERO);
        }
        assert!(unopened.bytes <= limits::UNOPENED_BYTES && unopened.held.len() > 10);
    }

    #[test]
    fn the_time_in_which_no_key_could_come_does_not_count() {
        let mut unopened = Unopened::default();
        unopened.hold(entry(1, 20), NodeId([1; 10]), Time::ZERO);
        let back = limits::GAP + Time::from_secs(3);
        unopened.restart(back);
        assert!(unopened.release(back, |_| false).is_empty());
        assert_eq!(unopened.next(), Some(back + ASK));
        assert_eq!(unopened.release(back + limits::GAP, |_| false).len(), 1);
    }

    #[test]
    fn a_key_is_asked_for_with_growing_pauses_and_no_longer_than_a_gap() {
        let mut unopened = Unopened::default();
        unopened.hold(entry(1, 20), NodeId([1; 10]), Time::ZERO);
        let mut asked = Vec::new();
        while let Some(next) = unopened.next() {
            if unopened.release(next, |_| false).is_empty() {
                asked.extend(unopened.due(next).iter().map(|question| question.tries));
            }
        }
        assert_eq!(asked, (0..6).collect::<Vec<_>>());
    }
}
