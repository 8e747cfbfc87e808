//! Missing dots that someone showed to exist, and when to ask whom for them.
//!
//! The claimant is asked first; the author and others only if a signed frame depends on the
//! dot: a beat alone may claim anything. Random delays keep a room from asking in chorus
//! (SRM, RFC 5401).

use crate::Time;
use chat_protocol::{Dot, NodeId, limits};
use rand::{RngExt, rngs::StdRng};
use std::collections::BTreeMap;

/// A missing dot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    claimant: NodeId,
    next: Time,
    pub(crate) tries: u32,
    /// A signed frame depends on it.
    pub(crate) signed: bool,
}

/// At most [`limits::WANTS`] missing dots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wants(BTreeMap<Dot, Want>);

impl Wants {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether not even what a frame depends on finds a place.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= limits::WANTS && self.0.values().all(|want| want.signed)
    }

    /// Whether a signed frame depends on it.
    pub(crate) fn is_signed(&self, dot: Dot) -> bool {
        self.0.get(&dot).is_some_and(|want| want.signed)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Dot, &Want)> {
        self.0.iter().map(|(dot, want)| (*dot, want))
    }

    /// Whether something that a frame depends on is to be asked for by then.
    pub(crate) fn is_needed_by(&self, at: Time) -> bool {
        self.0.values().any(|want| want.signed && want.next <= at)
    }

    /// Notes a claim; asks at that time if it is new. What a frame depends on takes the place of what
    /// was only told of.
    pub(crate) fn claim(&mut self, dot: Dot, claimant: NodeId, signed: bool, at: Time) {
        if let Some(want) = self.0.get_mut(&dot) {
            want.signed |= signed;
        } else if self.0.len() < limits::WANTS || signed && self.forget_hearsay() {
            self.0.insert(dot, Want { claimant, next: at, tries: 0, signed });
        }
    }

    /// Whether there was any.
    fn forget_hearsay(&mut self) -> bool {
        let hearsay = self.0.iter().find(|(_, want)| !want.signed).map(|(dot, _)| *dot);
        hearsay.is_some_and(|dot| self.0.remove(&dot).is_some())
    }

    pub(crate) fn remove(&mut self, dot: Dot) {
        self.0.remove(&dot);
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(Dot) -> bool) {
        self.0.retain(|dot, _| keep(*dot));
    }

    /// No frame waits for it any longer.
    pub(crate) fn waive(&mut self, dot: Dot) {
        if let Some(want) = self.0.get_mut(&dot) {
            want.signed = false;
        }
    }

    pub(crate) fn next(&self) -> Option<Time> {
        self.0.values().map(|want| want.next).min()
    }

    /// Asks again at once: after a reconnect.
    pub(crate) fn restart(&mut self, now: Time) {
        for want in self.0.values_mut() {
            want.next = now;
            want.tries = 0;
        }
    }

    /// What was due isn't asked for yet: it will be soon.
    pub(crate) fn put_off(&mut self, dots: &[Dot], now: Time) {
        for dot in dots {
            if let Some(want) = self.0.get_mut(dot) {
                want.tries -= 1;
                want.next = now + limits::ASK_BACKOFF;
            }
        }
    }

    /// What to ask now, by whom to ask. Those tried in vain too often are dropped; if
    /// something still depends on them they will be claimed again.
    pub(crate) fn due(
        &mut self,
        now: Time,
        present: &[NodeId],
        rng: &mut StdRng,
    ) -> BTreeMap<NodeId, Vec<Dot>> {
        let mut asks: BTreeMap<NodeId, Vec<Dot>> = BTreeMap::new();
        self.0.retain(|dot, want| {
            if want.next > now {
                return true;
            }
            let tries = if want.signed { limits::TRIES_SIGNED } else { limits::TRIES_CLAIMED };
            if want.tries >= tries {
                return false;
            }
            let to = match want.tries {
                1 if want.signed => dot.node,
                2.. if want.signed && !present.is_empty() => {
                    present[rng.random_range(0..present.len())]
                }
                _ => want.claimant,
            };
            asks.entry(to).or_default().push(*dot);
            want.tries += 1;
            let jitter = Time::from_millis(rng.random_range(0..100));
            want.next = now + limits::ASK_BACKOFF * (1 << want.tries.min(5)) + jitter;
            true
        });
        asks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::Number;
    use rand::SeedableRng;

    /// When a dot is asked for, and how long the pauses are.
    fn pauses(signed: bool) -> Vec<Time> {
        let mut wants = Wants::default();
        let mut rng = StdRng::seed_from_u64(1);
        let (claimant, dot) = (NodeId([1; 10]), Dot::new(NodeId([2; 10]), Number(1)));
        wants.claim(dot, claimant, signed, Time::ZERO);
        let mut asked = Vec::new();
        while let Some(now) = wants.next() {
            if !wants.due(now, &[], &mut rng).is_empty() {
                asked.push(now);
            }
        }
        asked.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn a_dot_is_asked_for_a_bounded_number_of_times_with_growing_pauses() {
        for (signed, tries) in [(true, limits::TRIES_SIGNED), (false, limits::TRIES_CLAIMED)] {
            let pauses = pauses(signed);
            assert_eq!(pauses.len() + 1, tries as usize);
            for (pause, k) in pauses.into_iter().zip(1..) {
                let backoff = limits::ASK_BACKOFF * (1 << k.min(5));
                assert!(pause >= backoff && pause < backoff + limits::ASK_BACKOFF, "{pause:?}");
            }
        }
    }
}
