//! Who is there: heard lately, silent, or silent for long. Opinions of this node alone.

use crate::{PresenceChange, Time};
use chat_protocol::{Lamport, NodeId, Number, hash::TranscriptDigest, limits};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a member's presence.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    heard: Time,
    state: State,
    /// `Joined` was told.
    pub(crate) introduced: bool,
    /// The last beat's count: an older one is a replay.
    pub(crate) beats: Number,
    /// The frontier's digest in the last beat.
    pub(crate) digest: Option<TranscriptDigest>,
    /// The highest Lamport time it claims to have delivered.
    pub(crate) lamport: Lamport,
    /// Frames that it lacks below its authors' tops, by its last beat.
    pub(crate) holes: u64,
    /// The digest of its transcript, if nothing was trimmed there.
    pub(crate) transcript: Option<TranscriptDigest>,
    /// This node's frames that it acknowledged,
    pub(crate) acked: Number,
    /// and when they became more, or it came.
    pub(crate) acked_at: Time,
}

/// How silent a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Present,
    Unreachable,
    /// Neither counted nor waited for.
    Gone,
}

impl Presence {
    /// It has this node's frames up to there.
    pub(crate) fn acknowledged(&mut self, number: Number, now: Time) {
        if number > self.acked {
            (self.acked, self.acked_at) = (number, now);
        }
    }

    /// Whether it is present or unreachable, not gone.
    fn counts(&self) -> bool {
        self.state != State::Gone
    }

    /// Whether it was heard lately.
    pub(crate) fn is_present(&self) -> bool {
        self.state == State::Present
    }
}

/// The members, this node excepted. With it at most [`limits::MEMBERS`] count, for more have no
/// place in an epoch's audience: who comes then isn't counted. Of those gone as many are
/// remembered, the longest silent are forgotten first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    members: BTreeMap<NodeId, Presence>,
    /// The present and the unreachable, the longest silent first.
    present: BTreeSet<(Time, NodeId)>,
    unreachable: BTreeSet<(Time, NodeId)>,
    /// Changes with them.
    revision: u64,
}

impl Roster {
    pub(crate) fn get(&self, node: &NodeId) -> Option<&Presence> {
        self.members.get(node)
    }

    pub(crate) fn get_mut(&mut self, node: &NodeId) -> Option<&mut Presence> {
        self.members.get_mut(node)
    }

    /// Members that count: present or unreachable, not gone.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&NodeId, &Presence)> {
        self.members.iter().filter(|(_, presence)| presence.counts())
    }

    /// Members heard lately.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&NodeId, &Presence)> {
        self.members.iter().filter(|(_, presence)| presence.is_present())
    }

    /// Members remembered, those gone included.
    pub(crate) fn size(&self) -> usize {
        self.members.len()
    }

    /// How many others count.
    pub(crate) fn len(&self) -> usize {
        self.present.len() + self.unreachable.len()
    }

    /// Changes whenever those that count do.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// A member was heard. `acked` is what it is taken to have of this node's frames until
    /// it says more.
    pub(crate) fn heard(
        &mut self,
        node: NodeId,
        now: Time,
        acked: Number,
    ) -> Option<PresenceChange> {
        let is_full = 1 + self.len() >= limits::MEMBERS;
        if is_full && !self.members.get(&node).is_some_and(Presence::counts) {
            return None;
        }
        if let Some(presence) = self.members.get_mut(&node) {
            let was = std::mem::replace(&mut presence.state, State::Present);
            let heard = std::mem::replace(&mut presence.heard, now);
            if was != State::Present {
                presence.acked_at = now;
            }
            match was {
                State::Present => drop(self.present.remove(&(heard, node))),
                State::Unreachable => drop(self.unreachable.remove(&(heard, node))),
                State::Gone => self.revision += 1,
            }
            self.present.insert((now, node));
            return (was != State::Present).then_some(PresenceChange::Back);
        }
        if self.members.len() >= 2 * limits::MEMBERS {
            let gone = self.members.iter().filter(|(_, presence)| !presence.counts());
            let oldest = gone.min_by_key(|(_, presence)| presence.heard).map(|(node, _)| *node)?;
            self.members.remove(&oldest);
        }
        let presence = Presence {
            heard: now,
            state: State::Present,
            introduced: false,
            beats: Number(0),
            digest: None,
            lamport: Lamport(0),
            holes: 0,
            transcript: None,
            acked,
            acked_at: now,
        };
        self.members.insert(node, presence);
        self.present.insert((now, node));
        self.revision += 1;
        None
    }

    pub(crate) fn remove(&mut self, node: &NodeId) -> Option<Presence> {
        let presence = self.members.remove(node)?;
        let silent = (presence.heard, *node);
        if self.present.remove(&silent) || self.unreachable.remove(&silent) {
            self.revision += 1;
        }
        Some(presence)
    }

    /// Nobody is blamed for a time in which this node itself was cut off.
    pub(crate) fn restart(&mut self, now: Time) {
        for presence in self.members.values_mut() {
            presence.heard = presence.heard.max(now);
            presence.acked_at = presence.acked_at.max(now);
        }
        for silent in [&mut self.present, &mut self.unreachable] {
            *silent = silent.iter().map(|&(heard, node)| (heard.max(now), node)).collect();
        }
    }

    /// Suspects who has been silent for too long. O(log members) for each of them.
    pub(crate) fn suspect(
        &mut self,
        now: Time,
        unreachable: Time,
        gone: Time,
    ) -> Vec<(NodeId, PresenceChange)> {
        let mut changes = Vec::new();
        while let Some(&(heard, node)) = self.present.first()
            && now >= heard + unreachable
        {
            self.present.pop_first();
            self.unreachable.insert((heard, node));
            self.changed(node, State::Unreachable);
            changes.push((node, PresenceChange::Unreachable));
        }
        while let Some(&(heard, node)) = self.unreachable.first()
            && now >= heard + gone
        {
            self.unreachable.pop_first();
            self.revision += 1;
            self.changed(node, State::Gone);
            changes.push((node, PresenceChange::Gone));
        }
        changes
    }

    fn changed(&mut self, node: NodeId, state: State) {
        if let Some(presence) = self.members.get_mut(&node) {
            presence.state = state;
        }
    }

    /// When someone will next be suspected. O(log members).
    pub(crate) fn next_suspicion(&self, unreachable: Time, gone: Time) -> Option<Time> {
        let present = self.present.first().map(|&(heard, _)| heard + unreachable);
        let silent = self.unreachable.first().map(|&(heard, _)| heard + gone);
        [present, silent].into_iter().flatten().min()
    }
}
