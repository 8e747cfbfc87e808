//! Envelopes of nodes whose hello hasn't come yet: held, within bounds, until it does.

use chat_engine::Time;
use chat_protocol::{Envelope, NodeId, limits};
use std::collections::{HashMap, VecDeque};

/// A node's hello is asked for at most once in this time, and those of [`limits::STRANGERS`].
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
        let asked = self.asked.get(&from);
        let has_place = asked.is_some() || self.asked.len() < limits::STRANGERS;
        let due = has_place && asked.is_none_or(|at| *at + ASK_EVERY <= now);
        if due {
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

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{Hello, frame::Signature, hello};

    fn said(n: usize) -> Envelope {
        let mut from = [0; 10];
        from[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let (sign, mac) = (hello::PublicKey::ZERO, hello::GateMac::ZERO);
        Envelope::Hello(Hello { from: NodeId(from), sign, kem: None, mac, sig: Signature::ZERO })
    }

    #[test]
    fn so_many_envelopes_of_strangers_are_held_and_the_oldest_goes() {
        let mut strangers = Strangers::default();
        let held = (0..limits::STRANGERS + 10).map(|n| strangers.hold(said(n), 100, Time::ZERO));
        assert_eq!(held.filter(|asks| *asks).count(), limits::STRANGERS, "no more are asked");
        assert_eq!(strangers.held.len(), limits::STRANGERS);
        assert_eq!(strangers.asked.len(), limits::STRANGERS);
        assert!(strangers.release(said(9).from()).is_empty());
        assert_eq!(strangers.release(said(10).from()).len(), 1);
    }

    #[test]
    fn so_many_bytes_of_strangers_are_held() {
        let mut strangers = Strangers::default();
        for n in 0..100 {
            strangers.hold(said(n), limits::STRANGER_BYTES / 4, Time::ZERO);
        }
        assert_eq!((strangers.held.len(), strangers.bytes), (4, limits::STRANGER_BYTES));
        strangers.release(said(99).from());
        assert_eq!(strangers.bytes, 3 * (limits::STRANGER_BYTES / 4));
    }

    #[test]
    fn a_stranger_is_asked_for_its_hello_now_and_then() {
        let mut strangers = Strangers::default();
        let mut asks = |at| strangers.hold(said(1), 1, at);
        assert!(asks(Time::ZERO));
        assert!(!asks(ASK_EVERY / 2));
        assert!(asks(ASK_EVERY));
    }
}
