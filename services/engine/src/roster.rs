//! Who is there: heard lately, silent, or silent for long. Opinions of this node alone.

use crate::{PresenceChange, Time};
use chat_protocol::{Lamport, NodeId, Number, hash::TranscriptDigest, limits};
use std::collections::BTreeMap;

/// What is known of a member's presence.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    pub(crate) heard: Time,
    pub(crate) state: State,
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
    /// This node's frames that it acknowledged.
    pub(crate) acked: Number,
}

/// How silent a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Present,
    Unreachable,
    /// Neither counted nor waited for.
    Gone,
}

/// The members, this node excepted. At most [`limits::MEMBERS`] present; of those gone as
/// many are remembered, the longest silent are forgotten first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    members: BTreeMap<NodeId, Presence>,
    /// Those that aren't gone.
    counted: usize,
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
        self.members.iter().filter(|(_, presence)| presence.state != State::Gone)
    }

    /// Members heard lately.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&NodeId, &Presence)> {
        self.members.iter().filter(|(_, presence)| presence.state == State::Present)
    }

    /// Members remembered, those gone included.
    pub(crate) fn size(&self) -> usize {
        self.members.len()
    }

    /// How many others count.
    pub(crate) fn len(&self) -> usize {
        self.counted
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
        if let Some(presence) = self.members.get_mut(&node) {
            presence.heard = now;
            let was = std::mem::replace(&mut presence.state, State::Present);
            if was == State::Gone {
                self.counted += 1;
                self.revision += 1;
            }
            return (was != State::Present).then_some(PresenceChange::Back);
        }
        if self.members.len() >= 2 * limits::MEMBERS {
            let gone = self.members.iter().filter(|(_, presence)| presence.state == State::Gone);
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
        };
        self.members.insert(node, presence);
        self.counted += 1;
        self.revision += 1;
        None
    }

    pub(crate) fn remove(&mut self, node: &NodeId) -> Option<Presence> {
        let presence = self.members.remove(node)?;
        if presence.state != State::Gone {
            self.counted -= 1;
            self.revision += 1;
        }
        Some(presence)
    }

    /// Nobody is blamed for a time in which this node itself was cut off.
    pub(crate) fn restart(&mut self, now: Time) {
        for presence in self.members.values_mut() {
            presence.heard = presence.heard.max(now);
        }
    }

    /// Suspects who has been silent for too long.
    pub(crate) fn suspect(
        &mut self,
        now: Time,
        unreachable: Time,
        gone: Time,
    ) -> Vec<(NodeId, PresenceChange)> {
        let mut changes = Vec::new();
        for (node, presence) in &mut self.members {
            let silent = now.saturating_sub(presence.heard);
            let state = match silent {
                silent if silent >= gone => State::Gone,
                silent if silent >= unreachable => State::Unreachable,
                _ => State::Present,
            };
            if state > presence.state {
                presence.state = state;
                let change = match state {
                    State::Gone => {
                        self.counted -= 1;
                        self.revision += 1;
                        PresenceChange::Gone
                    }
                    _ => PresenceChange::Unreachable,
                };
                changes.push((*node, change));
            }
        }
        changes
    }

    /// When someone will next be suspected.
    pub(crate) fn next_suspicion(&self, unreachable: Time, gone: Time) -> Option<Time> {
        let at = |presence: &Presence| match presence.state {
            State::Present => Some(presence.heard + unreachable),
            State::Unreachable => Some(presence.heard + gone),
            State::Gone => None,
        };
        self.members.values().filter_map(at).min()
    }
}
