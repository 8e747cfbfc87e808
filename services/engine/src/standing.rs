//! Who shows to have what: the details behind the count in [`Agreement`](crate::Agreement).

use crate::Engine;
use chat_protocol::{Dot, NodeId, hash::TranscriptDigest};

/// What a member's last beat shows, compared with this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub node: NodeId,
    /// Heard lately.
    pub present: bool,
    /// It shows this node's transcript.
    pub same: bool,
    /// Of its frontier, as [`Engine::frontier`]; none before its first beat, or with too many
    /// heads.
    pub digest: Option<TranscriptDigest>,
    /// Frames that it lacks below its authors' tops.
    pub holes: u64,
}

impl Engine {
    /// Each member not gone, this node excepted. O(members).
    pub fn standings(&self) -> impl Iterator<Item = Standing> + '_ {
        let shows_the_same = self.shows_the_same_heads();
        self.roster.counted().map(move |(node, presence)| Standing {
            node: *node,
            present: presence.is_present(),
            same: shows_the_same(presence) && !self.differs(presence),
            digest: presence.digest,
            holes: presence.holes,
        })
    }

    /// Missing frames that are being asked for.
    pub fn wanted(&self) -> impl Iterator<Item = Dot> + '_ {
        self.wants.iter().map(|(dot, _)| dot)
    }

    /// Missing frames that were given up, and are still looked for.
    pub fn waived(&self) -> impl Iterator<Item = Dot> + '_ {
        self.waived.iter().copied()
    }
}
