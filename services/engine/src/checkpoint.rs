//! The transcript's digest without hashing the whole transcript for each new frame: hashed up
//! to a checkpoint that follows the newest frames at a distance.

use crate::{Entry, transcript::Held};
use chat_protocol::{
    Key,
    hash::{TranscriptDigest, TranscriptHash},
};
use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

/// Newest frames that stay above the checkpoint: among these others are still put.
const NEWEST: usize = 64;
/// Frames that the checkpoint moves up by for each change at most, so that no change costs
/// much; from the bottom again after a change below it,
const STEP: usize = 16;
/// and only after so many changes above it: where each new frame has the lowest one trimmed,
/// moving up would be for nothing.
const CALM: usize = 8;

/// The hash of the lowest frames.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    hash: TranscriptHash,
    /// The highest of them.
    key: Key,
    frames: usize,
    /// Changes since one below it.
    calm: usize,
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self { hash: TranscriptHash::default(), key: Key::ZERO, frames: 0, calm: 0 }
    }
}

impl Checkpoint {
    /// A frame came to `key`, or was removed there.
    pub(crate) fn changed(&mut self, key: Key, frames: &BTreeMap<Key, Held>) {
        let lowest = frames.first_key_value().is_some_and(|(lowest, _)| key < *lowest);
        if key <= self.key || lowest {
            *self = Self::default();
            return;
        }
        self.calm += 1;
        if self.calm < CALM {
            return;
        }
        let step = frames.len().saturating_sub(self.frames + NEWEST).min(STEP);
        for (key, held) in frames.range((Excluded(self.key), Unbounded)).take(step) {
            add(&mut self.hash, &held.entry);
            (self.key, self.frames) = (*key, self.frames + 1);
        }
    }

    /// Of all frames. O(frames above the checkpoint).
    pub(crate) fn digest(&self, frames: &BTreeMap<Key, Held>) -> TranscriptDigest {
        let mut hash = self.hash.clone();
        for held in frames.range((Excluded(self.key), Unbounded)).map(|(_, held)| held) {
            add(&mut hash, &held.entry);
        }
        hash.digest()
    }
}

fn add(hash: &mut TranscriptHash, entry: &Entry) {
    if !entry.frame.is_final {
        hash.add(&entry.frame.from, &entry.hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{
        ContentHash, Frame, Lamport, NodeId, Number, VectorClock, frame::Signature, hash::Past,
    };
    use proptest::prelude::*;
    use std::sync::Arc;

    fn held(lamport: u64) -> Held {
        let frame = Frame {
            from: NodeId([1; 10]),
            number: Number(lamport),
            lamport: Lamport(lamport),
            clock: VectorClock::new(),
            past: Past::ZERO,
            items: Vec::new(),
            sealed: None,
            is_final: lamport % 7 == 3,
            sig: Signature::ZERO,
        };
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&lamport.to_be_bytes());
        let entry = Entry::new(Arc::new(frame), ContentHash(hash));
        Held { entry, gap: Vec::new(), via: None, bound: false }
    }

    proptest! {
        #[test]
        fn the_digest_is_that_of_hashing_everything(
            changes in proptest::collection::vec((0u64..400, any::<bool>()), 0..600),
        ) {
            let (mut checkpoint, mut frames) = (Checkpoint::default(), BTreeMap::new());
            for (at, (lamport, near_the_end)) in (0..).zip(changes) {
                let lamport = if near_the_end { at } else { lamport };
                let held = held(lamport);
                let key = held.entry.key();
                if frames.remove(&key).is_none() {
                    frames.insert(key, held);
                }
                checkpoint.changed(key, &frames);
                let whole = Checkpoint::default().digest(&frames);
                prop_assert_eq!(checkpoint.digest(&frames), whole);
            }
        }
    }
}
