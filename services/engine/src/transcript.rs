//! The transcript: delivered frames in the one order shown, (Lamport, node, number).
//!
//! Keys never change, so two shown frames never swap; one may only be inserted. Trimmed
//! from the lowest key; what was trimmed lies below the floor, which is a cut.

use crate::{Entry, checkpoint::Checkpoint};
use chat_protocol::{
    ContentHash, Dot, Frame, Key, NodeId, Number, VectorClock, hash::TranscriptDigest,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

/// A delivered frame and how it came here.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) entry: Entry,
    /// What it was delivered without.
    pub(crate) gap: Vec<Dot>,
    /// Who gave it, if it didn't come from its author.
    pub(crate) via: Option<NodeId>,
    /// Some frame's `past`, found right here, commits to its content.
    pub(crate) bound: bool,
}

/// Frames held, by key and by dot. O(log frames) per operation.
#[derive(Clone, Debug)]
pub(crate) struct Transcript {
    by_key: BTreeMap<Key, Held>,
    /// Where a dot is, and its content.
    by_dot: HashMap<Dot, (Key, ContentHash)>,
    bytes: usize,
    revision: u64,
    checkpoint: Checkpoint,
    /// Of this revision, once it was asked for.
    digest: OnceLock<TranscriptDigest>,
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
            revision: 0,
            checkpoint: Checkpoint::default(),
            digest: OnceLock::new(),
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

    /// Counts changes.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn last_key(&self) -> Option<Key> {
        self.by_key.last_key_value().map(|(key, _)| *key)
    }

    pub(crate) fn get(&self, dot: Dot) -> Option<&Entry> {
        self.held(dot).map(|held| &held.entry)
    }

    pub(crate) fn held(&self, dot: Dot) -> Option<&Held> {
        self.by_dot.get(&dot).and_then(|(key, _)| self.by_key.get(key))
    }

    /// The frames of the same author next to a dot: O(1), O(frames) where there are holes.
    pub(crate) fn neighbours(&self, dot: Dot) -> (Option<&Entry>, Option<&Entry>) {
        let at = |number| self.get(Dot::new(dot.node, Number(number)));
        let before = at(dot.number.0 - 1).or_else(|| {
            if dot.number.0 == 1 {
                return None;
            }
            let of = self.iter().filter(|entry| entry.frame.from == dot.node);
            of.filter(|entry| entry.frame.number < dot.number)
                .max_by_key(|entry| entry.frame.number)
        });
        let after = at(dot.number.0 + 1);
        (before, after)
    }

    /// An author's frames from `from` on, lowest first. O(frames).
    pub(crate) fn of_author(&self, node: NodeId, from: Number) -> Vec<(Number, ContentHash)> {
        let of = self.iter().filter(|entry| entry.frame.from == node);
        let mut found: Vec<_> = of.map(|entry| (entry.frame.number, entry.hash)).collect();
        found.retain(|(number, _)| *number >= from);
        found.sort_unstable();
        found
    }

    pub(crate) fn hash(&self, dot: Dot) -> Option<ContentHash> {
        self.by_dot.get(&dot).map(|(_, hash)| *hash)
    }

    /// The frames, in the order shown.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.by_key.values().map(|held| &held.entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a delivered frame in. One whose place is below the floor is not kept.
    pub(crate) fn insert(&mut self, held: Held) -> Inserted {
        let entry = &held.entry;
        if entry.key() <= self.floor {
            let names = entry.frame.clone();
            self.below_floor(&names);
            return Inserted::BelowFloor;
        }
        self.bytes += entry.size;
        let key = entry.key();
        self.by_dot.insert(entry.dot(), (key, entry.hash));
        self.by_key.insert(key, held);
        self.changed(key);
        Inserted::Kept
    }

    /// Removes the lowest frame and raises the floor to it.
    pub(crate) fn trim(&mut self) -> Option<Entry> {
        let key = *self.by_key.first_key_value()?.0;
        let entry = self.take(key)?;
        self.floor = key;
        self.below_floor(&entry.frame);
        Some(entry)
    }

    /// Removes an author's frames from `from` on: they are void. O(frames).
    pub(crate) fn remove(&mut self, node: NodeId, from: Number) {
        let of = |key: &&Key| key.node == node && key.number >= from;
        let void: Vec<_> = self.by_key.keys().filter(of).copied().collect();
        for key in void {
            self.take(key);
        }
    }

    fn take(&mut self, key: Key) -> Option<Entry> {
        let entry = self.by_key.remove(&key)?.entry;
        self.by_dot.remove(&entry.dot());
        self.bytes -= entry.size;
        self.changed(key);
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

    /// What frames below the floor are said to name of an author is not believed any longer.
    pub(crate) fn forget_cover(&mut self, node: &NodeId) {
        self.floor_cover.remove(node);
    }

    /// SHA-256 over id and hash of each frame held, final ones excepted. O(frames above the
    /// checkpoint) once for each revision.
    pub(crate) fn digest(&self) -> TranscriptDigest {
        *self.digest.get_or_init(|| self.checkpoint.digest(&self.by_key))
    }

    /// The digest, if nothing was trimmed: then members that have everything have the same.
    pub(crate) fn whole_digest(&self) -> Option<TranscriptDigest> {
        (self.floor == Key::ZERO).then(|| self.digest())
    }

    /// Notes frames whose contents a `past` commits to.
    pub(crate) fn bind(&mut self, dots: impl Iterator<Item = Dot>) {
        for dot in dots {
            if let Some(held) = self.by_dot.get(&dot).and_then(|(key, _)| self.by_key.get_mut(key))
            {
                held.bound = true;
            }
        }
    }

    /// Forgets all that was bound.
    pub(crate) fn unbind(&mut self) {
        for held in self.by_key.values_mut() {
            held.bound = false;
        }
    }

    /// Frames whose contents no `past` found right here commits to. O(frames).
    pub(crate) fn unbound(&self) -> impl Iterator<Item = Dot> {
        self.by_key.values().filter(|held| !held.bound).map(|held| held.entry.dot())
    }

    fn changed(&mut self, key: Key) {
        self.revision += 1;
        self.checkpoint.changed(key, &self.by_key);
        self.digest = OnceLock::new();
    }

    fn below_floor(&mut self, frame: &Frame) {
        for dot in frame.named() {
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
