//! The epochs a member knows, and under which of them it speaks.
//!
//! Removal is strict, addition is lazy: one speaks only under an epoch whose audience is a
//! subset of one's own view of who is there; of those under the largest, then under the one of
//! highest (Lamport time, name). Epochs aren't ordered: several are held for receiving, and
//! concurrent mints need no agreement.
//!
//! Bounds: [`limits::EPOCHS`] held, [`limits::MINTS`] mints kept to be passed on.

use crate::{chain::Chain, key::Key, mint::Opened};
use chat_protocol::{EpochId, Mint, NodeId, limits};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Lamport time, then name.
pub(crate) type Rank = (u64, EpochId);

/// An epoch that this node can read.
pub(crate) struct Epoch {
    pub(crate) rank: Rank,
    pub(crate) audience: BTreeSet<NodeId>,
    chains: BTreeMap<NodeId, Chain>,
    /// The generation of this node's key that opens its mint; none if it minted it.
    generation: Option<u32>,
    pub(crate) since: Duration,
    /// Frames said or read under it.
    pub(crate) frames: u64,
    /// Since when another one is spoken under.
    replaced: Option<Duration>,
}

impl Epoch {
    /// The author's next step and its key.
    pub(crate) fn advance(&mut self, author: &NodeId) -> Option<(u32, Key)> {
        self.frames += 1;
        self.chains.get_mut(author)?.advance()
    }

    /// An author's key of a step, once.
    pub(crate) fn take(&mut self, author: &NodeId, step: u32) -> Option<Key> {
        let skipped: usize = self.chains.values().map(Chain::skipped).sum();
        let room = limits::SKIPPED_KEYS_IN_ALL.saturating_sub(skipped);
        let key = self.chains.get_mut(author)?.take(step, room)?;
        self.frames += 1;
        Some(key)
    }

    pub(crate) fn put_back(&mut self, author: &NodeId, step: u32, key: Key) {
        if let Some(chain) = self.chains.get_mut(author) {
            chain.put_back(step, key);
        }
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Epochs {
    held: BTreeMap<EpochId, Epoch>,
    mints: BTreeMap<EpochId, Arc<Mint>>,
    /// Epochs no longer held, and the generation that could open their mints once more.
    retired: BTreeMap<EpochId, u32>,
    /// The highest of all mints seen, opened or not.
    pub(crate) lamport: u64,
    /// The highest of those spoken under.
    spoken: u64,
    sending: Option<EpochId>,
}

impl Epochs {
    pub(crate) fn get_mut(&mut self, epoch: &EpochId) -> Option<&mut Epoch> {
        self.held.get_mut(epoch)
    }

    pub(crate) fn holds(&self, epoch: &EpochId) -> bool {
        self.held.contains_key(epoch)
    }

    /// Whether its mint was seen, be it long ago.
    pub(crate) fn knows(&self, epoch: &EpochId) -> bool {
        self.holds(epoch) || self.mints.contains_key(epoch) || self.retired.contains_key(epoch)
    }

    /// Whether a mint has nothing new. Another one by its epoch's name doesn't settle that
    /// unless it was opened: anyone can sign a commitment that it has seen.
    pub(crate) fn is_settled(&self, mint: &Mint) -> bool {
        let epoch = mint.epoch();
        let same = self.mints.get(&epoch).is_some_and(|kept| **kept == *mint);
        same || self.holds(&epoch) || self.retired.contains_key(&epoch)
    }

    pub(crate) fn mint(&self, epoch: &EpochId) -> Option<&Arc<Mint>> {
        self.mints.get(epoch)
    }

    /// The one this node speaks under.
    pub(crate) fn sending(&self) -> Option<&Epoch> {
        self.held.get(&self.sending?)
    }

    pub(crate) fn sending_mut(&mut self) -> Option<&mut Epoch> {
        self.held.get_mut(&self.sending?)
    }

    /// Whether an older epoch is spoken under than before: what was said last, by one who has
    /// gone since, would look newer than what is said now.
    pub(crate) fn has_fallen_back(&self) -> bool {
        self.sending().is_some_and(|epoch| epoch.rank.0 < self.spoken)
    }

    /// The highest mint seen, for one who can't speak yet.
    pub(crate) fn newest(&self) -> Option<EpochId> {
        self.mints.values().map(|mint| (mint.lamport, mint.epoch())).max().map(|(_, epoch)| epoch)
    }

    /// Whether someone who speaks now may quote this epoch, as far as is known: it is held, or
    /// its mint is no older than that of the epoch spoken under here. None: its mint is unknown.
    pub(crate) fn is_current(&self, epoch: &EpochId) -> Option<bool> {
        if self.holds(epoch) {
            return Some(true);
        }
        let Some(mint) = self.mints.get(epoch) else {
            return self.retired.contains_key(epoch).then_some(false);
        };
        Some(self.sending().is_none_or(|sending| mint.lamport >= sending.rank.0))
    }

    /// Keeps a mint to pass on. The lowest goes when there are too many, but never the one
    /// spoken under.
    pub(crate) fn keep(&mut self, mint: Arc<Mint>) {
        self.lamport = self.lamport.max(mint.lamport);
        self.mints.insert(mint.epoch(), mint);
        if self.mints.len() > limits::MINTS {
            let others = self.mints.values().map(|mint| (mint.lamport, mint.epoch()));
            let lowest = others.filter(|(_, epoch)| Some(*epoch) != self.sending).min();
            if let Some((_, lowest)) = lowest {
                self.mints.remove(&lowest);
            }
        }
    }

    /// Holds an epoch that was opened by this generation of the own key, or minted here.
    pub(crate) fn hold(
        &mut self,
        mint: &Mint,
        opened: Opened,
        generation: Option<u32>,
        now: Duration,
    ) {
        let epoch = Epoch {
            rank: (mint.lamport, mint.epoch()),
            audience: mint.audience.keys().copied().collect(),
            chains: opened.chains,
            generation,
            since: now,
            frames: 0,
            replaced: Some(now),
        };
        self.held.insert(mint.epoch(), epoch);
    }

    /// Chooses anew what to speak under. O(epochs x audience).
    pub(crate) fn choose(&mut self, view: &BTreeSet<NodeId>, now: Duration) {
        let fitting = self.held.values().filter(|epoch| epoch.audience.is_subset(view));
        let best = fitting.max_by_key(|epoch| (epoch.audience.len(), epoch.rank));
        let best = best.map(|epoch| epoch.rank.1);
        if best != self.sending {
            if let Some(old) = self.sending_mut() {
                old.replaced = Some(now);
            }
            self.sending = best;
            if let Some(new) = self.sending_mut() {
                new.replaced = None;
            }
        }
        self.spoken = self.spoken.max(self.sending().map_or(0, |epoch| epoch.rank.0));
        while self.held.len() > limits::EPOCHS {
            let replaced = self.held.values().filter_map(|epoch| Some((epoch.replaced?, epoch)));
            let Some((_, oldest)) = replaced.min_by_key(|(at, epoch)| (*at, epoch.rank)) else {
                return;
            };
            let oldest = oldest.rank.1;
            self.retire(&oldest);
        }
    }

    fn retire(&mut self, epoch: &EpochId) {
        if let Some(Epoch { generation: Some(generation), .. }) = self.held.remove(epoch) {
            self.retired.insert(*epoch, generation);
        }
        self.mints.remove(epoch);
    }

    /// Wipes the chains of epochs that were replaced long enough ago. `has` tells which
    /// generations could still open their mints.
    pub(crate) fn expire(&mut self, now: Duration, has: impl Fn(u32) -> bool) {
        let due = |epoch: &&Epoch| epoch.replaced.is_some_and(|at| at + limits::GRACE <= now);
        let old: Vec<_> = self.held.values().filter(due).map(|epoch| epoch.rank.1).collect();
        for epoch in old {
            self.retire(&epoch);
        }
        self.retired.retain(|_, generation| has(*generation));
    }

    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        self.held.values().filter_map(|epoch| Some(epoch.replaced? + limits::GRACE)).min()
    }

    /// Epochs held, mints kept, retired names, skipped keys.
    pub(crate) fn sizes(&self) -> [usize; 4] {
        let chains = self.held.values().flat_map(|epoch| epoch.chains.values());
        let skipped = chains.map(Chain::skipped).sum();
        [self.held.len(), self.mints.len(), self.retired.len(), skipped]
    }
}
