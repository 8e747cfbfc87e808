//! Which frames a member can deliver at once and which wait, as it looks from here.
//!
//! A member waits for everything that a frame names. A watcher has come at some moment and sees
//! no repair, so it takes for seen what is named of an author that it hasn't met before, and
//! believes a beat that names a waiting frame: somebody has delivered it.
//!
//! Bounds: [`WAITING`] frames wait, for [`PATIENCE`] at most; [`AUTHORS`] authors are remembered.
//! Nothing here is checked: whoever can publish can make up any number of them.

use chat_protocol::{Beat, Dot, Frame, Number, VectorClock, limits};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Frames that wait; with more the oldest is forgotten.
const WAITING: usize = 64;
/// Authors whose frames are counted; with more all are forgotten, and met anew.
const AUTHORS: usize = 4096;
/// Members give up what nobody has within this time.
const PATIENCE: Duration = limits::GAP;

/// What becomes of a frame that passes.
pub(super) enum Arrival {
    /// It can be delivered, and with it these that waited for it.
    Ready(Vec<Release>),
    /// Not before these.
    Waiting(Vec<Dot>),
    /// It, or a later one of its author, has passed before.
    Again,
}

/// A frame that waited and waits no more.
pub(super) struct Release {
    pub(super) frame: Arc<Frame>,
    pub(super) causes: Vec<Dot>,
    pub(super) waited: Duration,
    /// What of its past hasn't been seen here.
    pub(super) unseen: Vec<Dot>,
}

struct Waiting {
    frame: Arc<Frame>,
    causes: Vec<Dot>,
    since: Duration,
}

/// See the module.
#[derive(Default)]
pub(super) struct Arrivals {
    seen: VectorClock,
    waiting: VecDeque<Waiting>,
}

impl Arrivals {
    pub(super) fn frame(&mut self, frame: &Arc<Frame>, causes: Vec<Dot>, now: Duration) -> Arrival {
        let dot = frame.dot();
        let waits = self.waiting.iter().any(|waiting| waiting.frame.dot() == dot);
        self.meet(Dot::new(dot.node, Number(dot.number.0.saturating_sub(1))));
        if waits || self.seen.covers(dot) {
            return Arrival::Again;
        }
        frame
            .clock
            .dots()
            .filter(|named| named.node != dot.node)
            .for_each(|named| self.meet(named));
        let missing = self.missing(frame);
        if missing.is_empty() {
            self.seen.raise(dot);
            return Arrival::Ready(self.release(now, |_| false));
        }
        self.waiting.push_back(Waiting { frame: frame.clone(), causes, since: now });
        if self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
        Arrival::Waiting(missing)
    }

    /// Whatever the beat's sender has delivered waits no more, and nothing waits for ever.
    pub(super) fn beat(&mut self, beat: &Beat, now: Duration) -> Vec<Release> {
        beat.heads.dots().for_each(|head| self.meet(head));
        self.release(now, |waiting| {
            beat.heads.covers(waiting.frame.dot()) || waiting.since + PATIENCE <= now
        })
    }

    /// What is named of an author not met before has passed before.
    fn meet(&mut self, dot: Dot) {
        if self.seen.get(&dot.node) == Number::default() {
            if self.seen.len() >= AUTHORS {
                self.seen = VectorClock::new();
            }
            self.seen.raise(dot);
        }
    }

    fn missing(&self, frame: &Frame) -> Vec<Dot> {
        let named = frame.clock.dots().filter(|named| named.node != frame.from);
        named.chain(frame.previous()).filter(|named| !self.seen.covers(*named)).collect()
    }

    /// Takes out what can be delivered, or must be, as long as there is something.
    fn release(&mut self, now: Duration, must: impl Fn(&Waiting) -> bool) -> Vec<Release> {
        let mut released = Vec::new();
        let due = |this: &Self| {
            this.waiting
                .iter()
                .position(|waiting| must(waiting) || this.missing(&waiting.frame).is_empty())
        };
        while let Some(at) = due(self) {
            let Some(Waiting { frame, causes, since }) = self.waiting.remove(at) else { break };
            let unseen = self.missing(&frame);
            frame.clock.dots().for_each(|named| self.seen.raise(named));
            released.push(Release { frame, causes, waited: now.saturating_sub(since), unseen });
        }
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{Lamport, NodeId, frame::Signature, hash::Past};

    fn dot(node: u8, number: u64) -> Dot {
        Dot::new(NodeId([node; 10]), Number(number))
    }

    fn frame(node: u8, number: u64, names: &[Dot]) -> Arc<Frame> {
        Arc::new(Frame {
            from: NodeId([node; 10]),
            number: Number(number),
            lamport: Lamport(number),
            clock: names.iter().copied().chain([dot(node, number)]).collect(),
            past: Past::ZERO,
            sealed: None,
            items: vec![],
            is_final: false,
            sig: Signature::ZERO,
        })
    }

    fn beat(heads: &[Dot]) -> Beat {
        Beat {
            from: NodeId([9; 10]),
            count: Number(1),
            number: Number(1),
            lamport: Lamport(1),
            heads: heads.iter().copied().collect(),
            digest: None,
            holes: 0,
            transcript: None,
            acks: VectorClock::new(),
            miss: vec![],
            cut: vec![],
            epoch: None,
            members: 1,
            sig: Signature::ZERO,
        }
    }

    /// One frame that waits for another.
    fn waiting() -> Arrivals {
        let mut arrivals = Arrivals::default();
        arrivals.frame(&frame(1, 1, &[]), vec![], Duration::ZERO);
        let waits = arrivals.frame(&frame(2, 1, &[dot(1, 2)]), vec![], Duration::ZERO);
        assert!(matches!(waits, Arrival::Waiting(missing) if missing == [dot(1, 2)]));
        arrivals
    }

    #[test]
    fn what_a_watcher_finds_on_coming_is_taken_for_past() {
        let mut arrivals = Arrivals::default();
        let frame = frame(1, 70, &[dot(2, 40), dot(3, 7)]);
        assert!(matches!(arrivals.frame(&frame, vec![], Duration::ZERO), Arrival::Ready(_)));
    }

    #[test]
    fn a_frame_that_a_member_has_delivered_waits_no_more() {
        let mut arrivals = waiting();
        assert!(arrivals.beat(&beat(&[dot(1, 1)]), Duration::from_secs(1)).is_empty());
        let released = arrivals.beat(&beat(&[dot(2, 1)]), Duration::from_secs(2));
        assert_eq!(released.len(), 1);
        assert_eq!(
            (released[0].unseen.as_slice(), released[0].waited.as_secs()),
            (&[dot(1, 2)][..], 2)
        );
    }

    #[test]
    fn no_frame_waits_for_ever_and_only_so_many_wait() {
        let mut arrivals = waiting();
        assert_eq!(arrivals.beat(&beat(&[]), PATIENCE).len(), 1);
        for number in 0..3 * WAITING as u64 {
            let at = Duration::from_millis(number);
            arrivals.frame(&frame(2, 2, &[dot(1, 100 + number)]), vec![], at);
            arrivals.frame(&frame(7, 2 + number, &[dot(1, 100)]), vec![], at);
        }
        assert_eq!(arrivals.waiting.len(), WAITING);
    }
}
