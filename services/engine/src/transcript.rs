//! The transcript: delivered frames in the one order shown, (Lamport, node, number).
//!
//! Keys never change, so two shown frames never swap; one may only be inserted. Trimmed
//! from the lowest key; what was trimmed lies below the floor, which is a cut.

use crate::Entry;
use chat_protocol::{
    ContentHash, Dot, Key, VectorClock,
    hash::{self, TranscriptDigest},
};
use std::collections::{BTreeMap, HashMap};

/// Frames held, by key and by dot. O(log frames) per operation.
#[derive(Clone, Debug)]
pub(crate) struct Transcript {
    by_key: BTreeMap<Key, Entry>,
    by_dot: HashMap<Dot, Key>,
    bytes: usize,
    /// The highest key below the floor.
    floor: Key,
    /// What frames below the floor name, by author.
    floor_cover: VectorClock,
}

impl Default for Transcript {
    fn default() -> Self {
        Self {
            by_key: BTreeMap::new(),
            by_dot: HashMap::new(),
            bytes: 0,
            floor: Key::ZERO,
            floor_cover: VectorClock::new(),
        }
    }
}

impl Transcript {
    pub(crate) fn floor(&self) -> Key {
        self.floor
    }

    pub(crate) fn floor_cover(&self) -> &VectorClock {
        &self.floor_cover
    }

    pub(crate) fn last_key(&self) -> Option<Key> {
        self.by_key.last_key_value().map(|(key, _)| *key)
    }

    pub(crate) fn get(&self, dot: Dot) -> Option<&Entry> {
        self.by_dot.get(&dot).and_then(|key| self.by_key.get(key))
    }

    pub(crate) fn hash(&self, dot: Dot) -> Option<ContentHash> {
        self.get(dot).map(|entry| entry.hash)
    }

    /// The frames, in the order shown.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.by_key.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a delivered frame in. One whose place is below the floor is not kept.
    pub(crate) fn insert(&mut self, entry: Entry) -> Inserted {
        if entry.key() <= self.floor {
            self.below_floor(&entry);
            return Inserted::BelowFloor;
        }
        self.bytes += entry.size;
        self.by_dot.insert(entry.dot(), entry.key());
        self.by_key.insert(entry.key(), entry);
        Inserted::Kept
    }

    /// Removes the lowest frame and raises the floor to it.
    pub(crate) fn trim(&mut self) -> Option<Entry> {
        let (key, entry) = self.by_key.pop_first()?;
        self.by_dot.remove(&entry.dot());
        self.bytes -= entry.size;
        self.floor = key;
        self.below_floor(&entry);
        Some(entry)
    }

    /// Adopts another node's floor; returns the frames held here that lie below.
    pub(crate) fn raise_floor(&mut self, floor: Key, cover: &VectorClock) -> Vec<Entry> {
        self.floor_cover.merge(cover);
        let mut below = Vec::new();
        while self.by_key.first_key_value().is_some_and(|(key, _)| *key <= floor) {
            below.extend(self.trim());
        }
        self.floor = self.floor.max(floor);
        below
    }

    /// SHA-256 over id and hash of each frame held, final ones excepted. O(frames).
    pub(crate) fn digest(&self) -> TranscriptDigest {
        let shown = self.iter().filter(|entry| !entry.frame.is_final);
        hash::transcript(shown.map(|entry| (&entry.frame.from, &entry.hash)))
    }

    fn below_floor(&mut self, entry: &Entry) {
        for dot in entry.frame.named() {
            self.floor_cover.raise(dot);
        }
    }
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    Kept,
    BelowFloor,
}
