//! A frame whose signature was checked.

use chat_protocol::{ContentHash, Dot, Frame, Key};
use std::sync::Arc;

/// A verified frame, with the hash of its content and its size. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The frame as its author made it.
    pub frame: Arc<Frame>,
    /// The hash of its signed form.
    pub hash: ContentHash,
    /// Its size as JSON, in bytes: what it costs to pass on, and about what it costs to keep.
    pub size: usize,
}

impl Entry {
    /// A frame whose signature holds and whose content hashes to `hash`.
    #[must_use]
    pub fn new(frame: Arc<Frame>, hash: ContentHash) -> Self {
        let size = frame.json_bytes();
        Self { frame, hash, size }
    }

    /// The frame's name.
    #[must_use]
    pub fn dot(&self) -> Dot {
        self.frame.dot()
    }

    /// The frame's place.
    #[must_use]
    pub fn key(&self) -> Key {
        self.frame.key()
    }

    /// The dots that must be delivered before it: its author's previous frame, and those
    /// its clock names.
    pub fn dependencies(&self) -> impl Iterator<Item = Dot> + '_ {
        self.frame.previous().into_iter().chain(self.frame.named())
    }
}
