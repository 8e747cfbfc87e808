//! One author's message keys in one epoch: a chain that only runs forward.
//!
//! `mk_n = E(ck_n, "msg")`, `ck_{n+1} = E(ck_n, "next")`; a chain key is wiped when it is
//! stepped, a message key when it is taken. Keys of frames that others overtook are kept,
//! within bounds, until those come.

use crate::key::Key;
use chat_protocol::limits;
use std::collections::BTreeMap;

/// See the module.
pub(crate) struct Chain {
    chain: Key,
    next: u32,
    skipped: BTreeMap<u32, Key>,
}

impl Chain {
    pub(crate) fn new(chain: Key) -> Self {
        Self { chain, next: 0, skipped: BTreeMap::new() }
    }

    /// The key of the next step.
    #[cfg(test)]
    pub(crate) fn key(&self) -> &Key {
        &self.chain
    }

    /// Keys kept for frames that were overtaken.
    pub(crate) fn skipped(&self) -> usize {
        self.skipped.len()
    }

    fn step(&mut self) -> Key {
        let message = self.chain.derive("msg", b"");
        self.chain = self.chain.derive("next", b"");
        self.next += 1;
        message
    }

    /// The author's next step and its key; none once four billion are used up.
    pub(crate) fn advance(&mut self) -> Option<(u32, Key)> {
        let step = self.next;
        (step < u32::MAX).then(|| (step, self.step()))
    }

    /// The key of a step, once. Only for frames whose signature was checked: anyone else
    /// could use keys up. `room` more keys may be skipped.
    pub(crate) fn take(&mut self, step: u32, room: usize) -> Option<Key> {
        if step < self.next {
            return self.skipped.remove(&step);
        }
        let gap = step - self.next;
        let kept = self.skipped.len() + gap as usize;
        if kept > limits::SKIPPED_KEYS as usize || gap as usize > room || step == u32::MAX {
            return None;
        }
        while self.next < step {
            let at = self.next;
            let key = self.step();
            self.skipped.insert(at, key);
        }
        Some(self.step())
    }

    /// A key that isn't the one its frame commits to goes back.
    pub(crate) fn put_back(&mut self, step: u32, key: Key) {
        self.skipped.insert(step, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn chain() -> Chain {
        Chain::new(Key::from_bytes(&[7; 32]))
    }

    #[test]
    fn every_step_has_its_own_key_whatever_the_order_and_gives_it_once() {
        let mut author = chain();
        let keys: Vec<_> = (0..200).map(|_| author.advance().unwrap()).collect();
        let mut reader = chain();
        let mut order: Vec<usize> = (0..200).collect();
        (0..200).for_each(|n| order.swap(n, (n * 7919 + 13) % 200));
        for at in order {
            let (step, key) = &keys[at];
            assert_eq!(reader.take(*step, 1000).unwrap().bytes(), key.bytes());
        }
        assert!(keys.iter().all(|(step, _)| reader.take(*step, 1000).is_none()));
        let distinct: BTreeSet<_> = keys.iter().map(|(_, key)| *key.bytes()).collect();
        assert_eq!(distinct.len(), 200);
    }

    #[test]
    fn no_more_than_so_many_keys_are_skipped() {
        let most = limits::SKIPPED_KEYS;
        assert!(chain().take(most, usize::MAX).is_some());
        let mut reader = chain();
        assert!(reader.take(most + 1, usize::MAX).is_none());
        assert!(reader.take(10, 5).is_none(), "there is room for five in all");
        assert!(reader.take(0, 5).is_some(), "what was refused cost nothing");
    }
}
