//! Envelopes of nodes whose hello hasn't come yet: held, within bounds, until it does.

use chat_engine::Time;
use chat_protocol::{Envelope, NodeId, limits};
use std::collections::{HashMap, VecDeque};

/// A node's hello is asked for at most once in this time.
const ASK_EVERY: Time = Time::from_millis(500);

/// What strangers said, oldest first; the oldest goes when there is too much.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    held: VecDeque<(Envelope, usize)>,
    bytes: usize,
    asked: HashMap<NodeId, Time>,
}

impl Strangers {
    /// Holds an envelope of `size` bytes. True if its sender should be asked for its hello.
    pub(crate) fn hold(&mut self, envelope: Envelope, size: usize, now: Time) -> bool {
        let from = envelope.from();
        self.held.push_back((envelope, size));
        self.bytes += size;
        while self.held.len() > limits::STRANGERS || self.bytes > limits::STRANGER_BYTES {
            if let Some((_, size)) = self.held.pop_front() {
                self.bytes -= size;
            }
        }
        if self.asked.len() >= limits::STRANGERS {
            self.asked.retain(|_, at| *at + ASK_EVERY > now);
        }
        let due = self.asked.get(&from).is_none_or(|at| *at + ASK_EVERY <= now);
        if due && self.asked.len() < limits::STRANGERS {
            self.asked.insert(from, now);
        }
        due
    }

    /// Everything held of a node that has introduced itself.
    pub(crate) fn release(&mut self, node: NodeId) -> Vec<Envelope> {
        self.asked.remove(&node);
        if self.held.is_empty() {
            return Vec::new();
        }
        let (released, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|(e, _)| e.from() == node);
        self.held = kept.into();
        self.bytes = self.held.iter().map(|(_, size)| size).sum();
        released.into_iter().map(|(envelope, _)| envelope).collect()
    }
}
