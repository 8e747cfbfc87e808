//! The beat: presence, and a summary of what its sender has delivered.

use crate::{
    Dot, Lamport, NodeId, Number, VectorClock, binary::Writer, envelope::Violation,
    frame::Signature, hash::TranscriptDigest, limits, sealed::EpochId,
};
use serde::{Deserialize, Serialize};

/// "I am here, and this is what I have."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// The sender.
    pub from: NodeId,
    /// The sender's count of its beats, from 1. An older one than the last seen is a replay.
    pub count: Number,
    /// The sender's last frame.
    pub number: Number,
    /// The highest Lamport time delivered.
    pub lamport: Lamport,
    /// The frontier: delivered dots that no other delivered frame names. At most
    /// [`limits::BEAT_HEADS`] of them, a random choice where there are more.
    pub heads: VectorClock,
    /// Hash over all heads and their contents; absent where not all are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<TranscriptDigest>,
    /// Frames not delivered below the authors' tops: heads alone don't show these.
    #[serde(default)]
    pub holes: u64,
    /// Digest of the transcript; absent where something was trimmed. Heads commit only to what
    /// honest authors bind with `past`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<TranscriptDigest>,
    /// For senders active lately: everything up to here was delivered.
    #[serde(default)]
    pub acks: VectorClock,
    /// Waived dots still looked for.
    #[serde(default)]
    pub miss: Vec<Dot>,
    /// The lowest proven dot of each sender known to have signed two frames with one dot.
    #[serde(default)]
    pub cut: Vec<Dot>,
    /// The epoch under which the sender speaks, or, before it does, the newest it knows of: a
    /// beat that quotes an old one is a replay. None in a clear room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<EpochId>,
    /// Members present, the sender included.
    pub members: u32,
    /// Signature of the sender over the room and the hash of [`Beat::signed_form`].
    pub sig: Signature,
}

impl Beat {
    /// The bytes that are signed: all fields but the signature.
    #[must_use]
    pub fn signed_form(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(1).node(self.from).u64(self.count.0).u64(self.number.0).u64(self.lamport.0);
        out.clock(&self.heads);
        for digest in [&self.digest, &self.transcript] {
            match digest {
                None => out.u8(0),
                Some(digest) => out.u8(1).bytes(&digest.0),
            };
        }
        out.u64(self.holes).clock(&self.acks);
        for dots in [&self.miss, &self.cut] {
            out.list(dots.iter(), |out, dot| {
                out.dot(*dot);
            });
        }
        out.u32(self.members).bytes(&self.epoch.unwrap_or(EpochId::ZERO).0);
        out.into_bytes()
    }

    /// Checks what can be told from the beat alone.
    ///
    /// # Errors
    /// The bound that the beat breaks.
    pub fn check(&self) -> Result<(), Violation> {
        let within = self.heads.len() <= limits::BEAT_HEADS
            && self.acks.len() <= limits::BEAT_ACKS
            && self.miss.len() <= limits::BEAT_MISS
            && self.cut.len() <= limits::BEAT_CUT;
        if within { Ok(()) } else { Err(Violation("beat has too many entries")) }
    }
}
