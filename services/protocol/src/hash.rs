//! Labelled SHA-256, and what is hashed: contents of frames and the `past` that binds them.

use crate::{Dot, binary::Writer, encoding::base64_newtype};
use sha2::{Digest, Sha256};

base64_newtype!(
    /// SHA-256 of a frame's signed binary form: equal hashes, equal frames.
    ContentHash,
    32
);
base64_newtype!(
    /// The first 16 bytes of a hash over the previous frame and those a clock names.
    Past,
    16
);
base64_newtype!(
    /// A digest over a frontier or over a whole transcript.
    TranscriptDigest,
    32
);

/// `H(label, parts) = SHA-256("tchat/v1 " label 0x00 (len64 part)*)`.
#[must_use]
pub fn labelled<'a>(label: &str, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = begun(label);
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// `H(label, part)` of one part that lies in pieces.
pub(crate) fn labelled_pieces<const N: usize>(label: &str, pieces: [&[u8]; N]) -> [u8; 32] {
    let mut hash = begun(label);
    let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
    hash.update((bytes as u64).to_be_bytes());
    pieces.iter().for_each(|piece| hash.update(piece));
    hash.finalize().into()
}

fn begun(label: &str) -> Sha256 {
    Sha256::new().chain_update("tchat/v1 ").chain_update(label).chain_update([0])
}

/// The `past` of a frame: binds the contents of its author's `previous` frame (zero for the
/// first) and of the frames at its clock's other entries, in the order of the clock.
pub fn past(previous: ContentHash, named: impl IntoIterator<Item = (Dot, ContentHash)>) -> Past {
    let mut out = [0; 16];
    out.copy_from_slice(&dots_hash("past", previous, named)[..16]);
    Past(out)
}

/// The digest of a frontier: its heads and their contents, sorted by dot.
pub fn frontier(heads: impl IntoIterator<Item = (Dot, ContentHash)>) -> TranscriptDigest {
    TranscriptDigest(dots_hash("frontier", ContentHash::ZERO, heads))
}

fn dots_hash(
    label: &str,
    first: ContentHash,
    dots: impl IntoIterator<Item = (Dot, ContentHash)>,
) -> [u8; 32] {
    let mut body = Writer::default();
    body.bytes(&first.0);
    for (dot, hash) in dots {
        body.dot(dot).bytes(&hash.0);
    }
    labelled(label, [body.as_slice()])
}

/// The transcript digest people see, on its way: SHA-256 over node id and content hash of
/// each frame held, in the order shown, without final ones.
#[derive(Clone, Debug, Default)]
pub struct TranscriptHash(Sha256);

impl TranscriptHash {
    /// Takes in the next frame.
    pub fn add(&mut self, node: &crate::NodeId, content: &ContentHash) {
        self.0.update(node.0);
        self.0.update(content.0);
    }

    /// Of the frames so far.
    #[must_use]
    pub fn digest(self) -> TranscriptDigest {
        TranscriptDigest(self.0.finalize().into())
    }
}
