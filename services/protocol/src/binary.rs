//! The binary form that is hashed and signed: fixed-width big-endian integers, lengths
//! before everything variable. It is written, never parsed: what travels is JSON.

use crate::{Dot, NodeId, VectorClock};

/// Appends values to a binary form.
#[derive(Debug, Default, Clone)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// For a form of so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Raw bytes of a length that the form fixes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Bytes behind their length (64 bits).
    pub fn sized(&mut self, bytes: &[u8]) -> &mut Self {
        self.u64(bytes.len() as u64).bytes(bytes)
    }

    /// What `write` writes, behind its length (64 bits).
    pub fn sized_by(&mut self, write: impl FnOnce(&mut Self)) -> &mut Self {
        let at = self.0.len();
        write(self.u64(0));
        let bytes = (self.0.len() - at - 8) as u64;
        self.0[at..at + 8].copy_from_slice(&bytes.to_be_bytes());
        self
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A node id.
    pub fn node(&mut self, node: NodeId) -> &mut Self {
        self.bytes(&node.0)
    }

    /// A dot: node, then number.
    pub fn dot(&mut self, dot: Dot) -> &mut Self {
        self.node(dot.node).u64(dot.number.0)
    }

    /// A list: its length, then each element as `write` writes it.
    pub fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.u64(items.len() as u64);
        for item in items {
            write(self, item);
        }
        self
    }

    /// A clock: its entries as dots, sorted by node.
    pub fn clock(&mut self, clock: &VectorClock) -> &mut Self {
        self.list(clock.dots(), |out, dot| {
            out.dot(dot);
        })
    }

    /// What was written.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// What was written, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
