//! What really happened: who said what, and what its author had delivered by then. Recorded
//! outside of the engines, whose clocks it never looks at.

use chat_engine::Entry;
use chat_protocol::{ContentHash, Dot, Key};
use fixedbitset::FixedBitSet;
use std::collections::{HashMap, HashSet};

/// A set of frames, by index.
pub type Frames = FixedBitSet;

/// One frame that was said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its name.
    pub dot: Dot,
    /// Its place.
    pub key: Key,
    /// The peer that said it.
    pub author: usize,
    /// Its author is a liar.
    pub hostile: bool,
    /// What its author had delivered; of a liar's frame what its clock stands for, of two
    /// contents with one dot what both stand for.
    pub past: Frames,
    /// What may be missing where it is missing: what lay below its author's floor, too, and
    /// of two contents what either stands for.
    pub hides: Frames,
    /// What a liar's clock names, said by then or not.
    pub names: Vec<Dot>,
}

/// Every frame ever signed.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    said: Vec<Said>,
    index: HashMap<Dot, usize>,
    signed: HashSet<ContentHash>,
}

impl Truth {
    /// Notes a frame of an honest peer that had delivered `past`, and knew what lies below
    /// `floor` only as that.
    pub fn say(&mut self, author: usize, entry: &Entry, past: Frames, floor: Key) {
        let mut hides = past.clone();
        // Its clock may name a head that was lost before its author could deliver it.
        for index in entry.dependencies().filter_map(|dot| self.index(dot)) {
            hides.union_with(&self.said[index].hides);
            hides.grow_and_insert(index);
        }
        for (index, said) in self.said.iter().enumerate() {
            if said.key <= floor {
                hides.grow_and_insert(index);
            }
        }
        self.note(author, entry, past, hides, false);
    }

    /// Notes a liar's frame: its past is what its signed clock stands for.
    pub fn lie(&mut self, author: usize, entry: &Entry) {
        let (past, hides) = self.stated(entry);
        self.note(author, entry, past, hides, true);
    }

    /// Notes a frame of someone honest who believes a false floor: its clock leaves out what
    /// that claims, so of its past only what the clock stands for binds anyone.
    pub fn say_deceived(&mut self, author: usize, entry: &Entry, delivered: &Frames) {
        let (past, mut hides) = self.stated(entry);
        hides.union_with(delivered);
        self.note(author, entry, past, hides, false);
    }

    fn stated(&self, entry: &Entry) -> (Frames, Frames) {
        let (mut past, mut hides) = (Frames::new(), Frames::new());
        for index in entry.dependencies().filter_map(|dot| self.index(dot)) {
            past.union_with(&self.said[index].past);
            hides.union_with(&self.said[index].hides);
            past.grow_and_insert(index);
        }
        hides.union_with(&past);
        (past, hides)
    }

    fn note(&mut self, author: usize, entry: &Entry, past: Frames, hides: Frames, hostile: bool) {
        self.signed.insert(entry.hash);
        let (dot, key) = (entry.dot(), entry.key());
        let next = self.said.len();
        let index = *self.index.entry(dot).or_insert(next);
        if index == next {
            let names = Vec::new();
            self.said.push(Said { dot, key, author, hostile, past, hides, names });
        } else {
            // Another content with one dot: whoever delivered either needed only its past.
            self.said[index].past.intersect_with(&past);
            self.said[index].hides.union_with(&hides);
        }
        if hostile {
            self.said[index].names.extend(entry.frame.named());
        }
    }

    /// Whether its author really signed this content: what signatures stand for.
    #[must_use]
    pub fn is_signed(&self, hash: &ContentHash) -> bool {
        self.signed.contains(hash)
    }

    /// A frame's index.
    #[must_use]
    pub fn index(&self, dot: Dot) -> Option<usize> {
        self.index.get(&dot).copied()
    }

    /// A frame by its index.
    #[must_use]
    pub fn get(&self, index: usize) -> &Said {
        &self.said[index]
    }

    /// All frames, in the order said.
    #[must_use]
    pub fn said(&self) -> &[Said] {
        &self.said
    }
}
