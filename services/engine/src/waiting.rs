//! Frames that wait until everything they depend on was delivered. Bounded in frames and
//! bytes, a quarter of either per author; when full, the highest key goes (it will be
//! claimed again).

use crate::{Config, Entry, Time};
use chat_protocol::{Dot, Key, Lamport, NodeId, Number, limits};
use std::collections::{BTreeMap, BTreeSet};

/// A frame that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) entry: Entry,
    /// Since when.
    pub(crate) since: Time,
    /// Who showed it to us.
    pub(crate) from: NodeId,
    /// What it still waits for.
    missing: BTreeSet<Dot>,
    /// Its author has seen other contents of what it names: it waits for the proof of that.
    disputed: bool,
}

impl Waiting {
    pub(crate) fn missing(&self) -> impl Iterator<Item = Dot> + '_ {
        self.missing.iter().copied()
    }
}

/// The buffer. A frame costs O(its dependencies and its author's frames here) when it arrives and
/// O(log frames) when what it waits for arrives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffer {
    frames: BTreeMap<Dot, Waiting>,
    /// By missing dot: who waits for it.
    blocked: BTreeMap<Dot, BTreeSet<Dot>>,
    /// Nothing is missing; perhaps Lamport time lies ahead.
    ready: BTreeSet<Key>,
    bytes: usize,
}

impl Buffer {
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, dot: Dot) -> Option<&Waiting> {
        self.frames.get(&dot)
    }

    pub(crate) fn contains(&self, dot: Dot) -> bool {
        self.frames.contains_key(&dot)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.frames.values().map(|waiting| &waiting.entry)
    }

    pub(crate) fn dots(&self) -> impl Iterator<Item = Dot> + '_ {
        self.frames.keys().copied()
    }

    /// Missing dots and who showed the frame that lacks it; those that wait here themselves
    /// are left out.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (Dot, NodeId)> + '_ {
        self.blocked
            .iter()
            .filter(|(dot, _)| !self.frames.contains_key(dot))
            .filter_map(|(dot, waiters)| Some((*dot, self.frames.get(waiters.first()?)?.from)))
    }

    /// Takes a frame in. False if it found no place.
    pub(crate) fn insert(
        &mut self,
        config: &Config,
        entry: Entry,
        missing: BTreeSet<Dot>,
        since: Time,
        from: NodeId,
    ) -> bool {
        let dot = entry.dot();
        let of_author = |n| Dot::new(dot.node, Number(n));
        let mine = || self.frames.range(of_author(0)..=of_author(limits::COUNTER_MAX));
        let my_bytes: usize = mine().map(|(_, waiting)| waiting.entry.size).sum();
        let rival = if mine().count() >= config.waiting_frames / 4
            || my_bytes + entry.size > config.waiting_bytes / 4
        {
            mine().next_back().map(|(_, waiting)| waiting.entry.key())
        } else if self.frames.len() >= config.waiting_frames
            || self.bytes + entry.size > config.waiting_bytes
        {
            self.frames.values().map(|waiting| waiting.entry.key()).max()
        } else {
            None
        };
        if let Some(rival) = rival {
            if rival <= entry.key() {
                return false;
            }
            self.remove(Dot::new(rival.node, rival.number));
            return self.insert(config, entry, missing, since, from);
        }
        if missing.is_empty() {
            self.ready.insert(entry.key());
        }
        for need in &missing {
            self.blocked.entry(*need).or_default().insert(dot);
        }
        self.bytes += entry.size;
        self.frames.insert(dot, Waiting { entry, since, from, missing, disputed: false });
        true
    }

    /// A dot was delivered or waived: nothing waits for it any longer.
    pub(crate) fn satisfy(&mut self, dot: Dot) {
        for waiter in self.blocked.remove(&dot).unwrap_or_default() {
            let Some(waiting) = self.frames.get_mut(&waiter) else { continue };
            waiting.missing.remove(&dot);
            if waiting.missing.is_empty() {
                self.ready.insert(waiting.entry.key());
            }
        }
    }

    /// Everything that `has` tells of is delivered: after a floor was adopted.
    pub(crate) fn satisfy_all(&mut self, has: impl Fn(Dot) -> bool) {
        let satisfied: Vec<_> = self.blocked.keys().copied().filter(|dot| has(*dot)).collect();
        for dot in satisfied {
            self.satisfy(dot);
        }
        let delivered: Vec<_> = self.frames.keys().copied().filter(|dot| has(*dot)).collect();
        for dot in delivered {
            self.remove(dot);
        }
    }

    /// A frame of the same author that comes after.
    pub(crate) fn after(&self, dot: Dot) -> Option<&Entry> {
        let end = Dot::new(dot.node, Number(limits::COUNTER_MAX));
        let last = self.frames.range(dot..=end).next_back()?;
        (*last.0 > dot).then_some(&last.1.entry)
    }

    /// Removes an author's frames from `from` on: they are void.
    pub(crate) fn purge(&mut self, from: Dot) {
        let void: Vec<_> = self
            .frames
            .range(from..=Dot::new(from.node, Number(limits::COUNTER_MAX)))
            .map(|(dot, _)| *dot)
            .collect();
        for dot in void {
            self.remove(dot);
        }
    }

    /// The lowest frame that waits for nothing and whose Lamport time is at most `lamport`.
    pub(crate) fn ready(&self, lamport: Lamport) -> Option<&Waiting> {
        let key = self.ready.first().filter(|key| key.lamport <= lamport)?;
        self.frames.get(&Dot::new(key.node, key.number))
    }

    /// A frame that is ready waits for a proof.
    pub(crate) fn hold(&mut self, dot: Dot) {
        if let Some(waiting) = self.frames.get_mut(&dot) {
            waiting.disputed = true;
            self.ready.remove(&waiting.entry.key());
        }
    }

    /// Something was proven: what waited for that is looked at again.
    pub(crate) fn release(&mut self) {
        for waiting in self.frames.values_mut() {
            if std::mem::take(&mut waiting.disputed) {
                self.ready.insert(waiting.entry.key());
            }
        }
    }

    /// A frame that has waited for too long, or one that it waits for and that itself waits
    /// only for what isn't here; with what that lacks. Frames of a circle lack each other.
    pub(crate) fn pop_expired(
        &mut self,
        now: Time,
        expiry: impl Fn(&Waiting) -> Time,
        is_far: impl Fn(&Waiting) -> bool,
    ) -> Option<(Waiting, BTreeSet<Dot>)> {
        let expired = self.frames.values().filter(|waiting| expiry(waiting) <= now);
        let key = expired.map(|waiting| waiting.entry.key()).min()?;
        let mut root = Dot::new(key.node, key.number);
        let mut seen = BTreeSet::from([root]);
        // One whose Lamport time lies far ahead waits for that, too, and goes on waiting.
        let lacks = |dot: &Dot| {
            let waits = |it: &Waiting| it.disputed || !it.missing.is_empty();
            self.frames.get(dot).is_some_and(|it| waits(it) && !is_far(it))
        };
        while let Some(deeper) = self
            .frames
            .get(&root)
            .and_then(|waiting| waiting.missing().find(|dot| lacks(dot) && !seen.contains(dot)))
        {
            seen.insert(deeper);
            root = deeper;
        }
        let waiting = self.remove(root)?;
        let missing = waiting.missing.clone();
        Some((waiting, missing))
    }

    /// When the first frame will have waited for too long. O(frames).
    pub(crate) fn next_expiry(&self, expiry: impl Fn(&Waiting) -> Time) -> Option<Time> {
        self.frames.values().map(expiry).min()
    }

    /// Restarts everyone's patience, after a time without connection.
    pub(crate) fn restart(&mut self, now: Time) {
        for waiting in self.frames.values_mut() {
            waiting.since = now;
        }
    }

    pub(crate) fn remove(&mut self, dot: Dot) -> Option<Waiting> {
        let waiting = self.frames.remove(&dot)?;
        self.bytes -= waiting.entry.size;
        self.ready.remove(&waiting.entry.key());
        for need in &waiting.missing {
            if let Some(waiters) = self.blocked.get_mut(need) {
                waiters.remove(&dot);
                if waiters.is_empty() {
                    self.blocked.remove(need);
                }
            }
        }
        Some(waiting)
    }
}
