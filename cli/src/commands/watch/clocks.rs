//! Full clocks from those on the wire, which in large rooms name heads only.
//!
//! The full clock of a frame is the join over the clocks of the frames that it names. What
//! passed before the watcher came is unknown and left out.
//!
//! Bounds: [`FRAMES`] frames and [`ENTRIES`] clock entries are remembered, the oldest forgotten
//! first: nothing here is checked, and whoever can publish can send any clock.

use chat_protocol::{Dot, Frame, VectorClock};
use std::collections::{HashMap, VecDeque};

/// Frames whose full clocks are remembered.
const FRAMES: usize = 4096;
/// Entries of all clocks remembered.
const ENTRIES: usize = 1 << 18;

/// See the module.
#[derive(Default)]
pub(super) struct FullClocks {
    known: HashMap<Dot, VectorClock>,
    oldest: VecDeque<Dot>,
    entries: usize,
}

impl FullClocks {
    /// The full clock of a frame, remembered from now on.
    pub(super) fn of_frame(&mut self, frame: &Frame) -> VectorClock {
        let mut clock = self.of(frame.clock.dots().chain(frame.previous()));
        clock.set(frame.dot());
        self.entries += clock.len();
        match self.known.insert(frame.dot(), clock.clone()) {
            Some(before) => self.entries -= before.len(),
            None => self.oldest.push_back(frame.dot()),
        }
        while self.oldest.len() > FRAMES || self.entries > ENTRIES {
            let Some(forgotten) = self.oldest.pop_front() else { break };
            self.entries -= self.known.remove(&forgotten).map_or(0, |clock| clock.len());
        }
        clock
    }

    /// The full clock of a frame that is remembered.
    pub(super) fn get(&self, dot: &Dot) -> Option<&VectorClock> {
        self.known.get(dot)
    }

    /// The join over these frames and everything known of their past.
    pub(super) fn of(&self, dots: impl Iterator<Item = Dot>) -> VectorClock {
        let mut clock = VectorClock::new();
        for dot in dots {
            clock.raise(dot);
            if let Some(known) = self.known.get(&dot) {
                clock.merge(known);
            }
        }
        clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{Lamport, NodeId, Number, frame::Signature, hash::Past};

    fn frame(node: u8, number: u64, names: &[(u8, u64)]) -> Frame {
        let dot = |node: u8, number| Dot::new(NodeId([node; 10]), Number(number));
        let named = names.iter().map(|(node, number)| dot(*node, *number));
        Frame {
            from: NodeId([node; 10]),
            number: Number(number),
            lamport: Lamport(1),
            clock: named.chain([dot(node, number)]).collect(),
            past: Past::ZERO,
            sealed: None,
            items: vec![],
            is_final: false,
            sig: Signature::ZERO,
        }
    }

    #[test]
    fn a_full_clock_is_the_join_over_what_a_frame_names() {
        let mut clocks = FullClocks::default();
        clocks.of_frame(&frame(1, 1, &[]));
        clocks.of_frame(&frame(2, 1, &[(1, 1)]));
        let full = clocks.of_frame(&frame(3, 1, &[(2, 1)]));
        let expected: VectorClock =
            [1, 2, 3].map(|node| Dot::new(NodeId([node; 10]), Number(1))).into_iter().collect();
        assert_eq!(full, expected);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut clocks = FullClocks::default();
        for number in 1..=2 * FRAMES as u64 {
            clocks.of_frame(&frame(1, number, &[]));
        }
        assert_eq!((clocks.known.len(), clocks.oldest.len()), (FRAMES, FRAMES));
        assert_eq!(clocks.entries, FRAMES);
    }

    #[test]
    fn large_clocks_of_whoever_sends_them_are_bounded_too() {
        let mut clocks = FullClocks::default();
        let names: Vec<_> = (0..=255).map(|node| (node, 1)).collect();
        for number in 1..=2 * (ENTRIES / names.len()) as u64 {
            clocks.of_frame(&frame(0, number, &names));
            // The same one twice counts once.
            clocks.of_frame(&frame(0, number, &names));
        }
        let held: usize = clocks.known.values().map(VectorClock::len).sum();
        assert_eq!(held, clocks.entries);
        assert!(held <= ENTRIES && held > ENTRIES / 2, "{held}");
    }
}
