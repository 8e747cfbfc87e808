//! Full vector clocks of recent frames. The wire carries only heads in large rooms; the
//! full clock is the join over the clocks of what a frame names.

use crate::Entry;
use chat_protocol::{Dot, VectorClock};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Clock entries kept in all, of 24 bytes.
const ENTRIES: usize = 1 << 17;

/// Full clocks of the frames delivered last; of older ones only what their successors took
/// over. O(heads named x members) per frame: whatever else a frame names lies in the past of its
/// author's previous one, mostly.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    known: HashMap<Dot, Arc<VectorClock>>,
    oldest: VecDeque<Dot>,
    entries: usize,
}

impl Clocks {
    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// The full clock of a frame delivered of late.
    pub(crate) fn get(&self, dot: Dot) -> Option<&VectorClock> {
        self.known.get(&dot).map(AsRef::as_ref)
    }

    /// Notes a delivered frame and returns its full clock.
    pub(crate) fn deliver(&mut self, entry: &Entry) -> Arc<VectorClock> {
        let mut full = VectorClock::new();
        for dot in entry.dependencies() {
            // What a full clock covers it has taken over.
            if !full.covers(dot)
                && let Some(clock) = self.known.get(&dot)
            {
                full.merge(clock);
            }
        }
        full.merge(&entry.frame.clock);
        // A frame's own entry is its number, whatever others claim of its author.
        full.set(entry.dot());
        self.entries += full.len();
        let full = Arc::new(full);
        self.known.insert(entry.dot(), full.clone());
        self.oldest.push_back(entry.dot());
        while self.entries > ENTRIES && self.oldest.len() > 1 {
            if let Some(clock) = self.oldest.pop_front().and_then(|dot| self.known.remove(&dot)) {
                self.entries -= clock.len();
            }
        }
        full
    }
}
