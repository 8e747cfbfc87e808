//! A node's identity in one room: an Ed25519 key (RFC 8032) and the id that follows from it.

use chat_protocol::{NodeId, RoomId, frame::Signature, hash::labelled, hello::PublicKey};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use std::fmt;

/// Words of a fingerprint,
const WORDS: usize = 8;
/// each one of 2048.
const WORD_BITS: usize = 11;

/// One process's identity in one room. Ephemeral: never written anywhere.
///
/// Protects against anyone, members included, speaking as this node, until it is dropped
/// (the signing key is wiped then).
pub struct Identity {
    id: NodeId,
    // Boxed: moves of an inline key leave unwiped copies.
    sign: Box<SigningKey>,
}

impl Identity {
    /// The identity that a seed of 32 random bytes makes in `room`.
    #[must_use]
    pub fn from_seed(room: RoomId, seed: &[u8; 32]) -> Self {
        let sign = Box::new(SigningKey::from_bytes(seed));
        let id = node_id(room, &PublicKey(sign.verifying_key().to_bytes()));
        Self { id, sign }
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The node's public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.sign.verifying_key().to_bytes())
    }

    /// `sig(label, form) = Ed25519("tchat/v1 sig " room H(label, form))`
    pub(crate) fn sign(&self, label: &str, room: RoomId, form: &[u8]) -> Signature {
        self.sign_hash(room, &labelled(label, [form]))
    }

    /// [`Identity::sign`] of a form whose hash is known: of a frame that is its content hash.
    pub(crate) fn sign_hash(&self, room: RoomId, hash: &[u8; 32]) -> Signature {
        Signature(self.sign.sign(&signed(room, hash)).to_bytes())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, ..)", self.id)
    }
}

/// `id = H("node", room, public)[..10]`: self-certifying.
pub(crate) fn node_id(room: RoomId, public: &PublicKey) -> NodeId {
    let hash = labelled("node", [&room.0[..], &public.0]);
    let mut id = [0; 10];
    id.copy_from_slice(&hash[..10]);
    NodeId(id)
}

/// 88 bits of a hash of the public key as eight words, for people to compare over another
/// channel. One for each key: a short hash over two would be a birthday target.
pub(crate) fn fingerprint(room: RoomId, public: &PublicKey) -> String {
    let hash = labelled("fingerprint", [&room.0[..], &public.0]);
    let list = bip39::Language::English.word_list();
    let word = |place: usize| {
        let bit = |at: usize| usize::from(hash[at / 8] >> (7 - at % 8) & 1);
        list[(place * WORD_BITS..(place + 1) * WORD_BITS).fold(0, |word, at| word << 1 | bit(at))]
    };
    (0..WORDS).map(word).collect::<Vec<_>>().join("-")
}

/// Checks a signature over this form.
pub(crate) fn verify(
    key: &VerifyingKey,
    label: &str,
    room: RoomId,
    form: &[u8],
    signature: &Signature,
) -> bool {
    verify_hash(key, room, &labelled(label, [form]), signature)
}

/// Checks a signature over the form that has this hash, strictly: no small-order keys, no
/// malleable encodings.
pub(crate) fn verify_hash(
    key: &VerifyingKey,
    room: RoomId,
    hash: &[u8; 32],
    signature: &Signature,
) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    key.verify_strict(&signed(room, hash), &signature).is_ok()
}

fn signed(room: RoomId, hash: &[u8; 32]) -> Vec<u8> {
    [b"tchat/v1 sig ", &room.0[..], hash].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_eight_words_of_the_first_88_bits() {
        let print = |byte| fingerprint(RoomId([1; 16]), &PublicKey([byte; 32]));
        assert_eq!(print(1).split('-').count(), WORDS);
        assert_ne!(print(1), print(2));
        assert_ne!(print(1), fingerprint(RoomId([2; 16]), &PublicKey([1; 32])));
        let hash = labelled("fingerprint", [&[1; 16][..], &[1; 32]]);
        let first = usize::from(hash[0]) << 3 | usize::from(hash[1]) >> 5;
        let list = bip39::Language::English.word_list();
        assert!(print(1).starts_with(&format!("{}-", list[first])));
    }
}
