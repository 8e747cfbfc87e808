//! A node's identity in one room: an Ed25519 key (RFC 8032) and the id that follows from it.

use chat_protocol::{NodeId, RoomId, frame::Signature, hash::labelled, hello::PublicKey};
use curve25519_dalek::constants::EIGHT_TORSION;
use ed25519_dalek::{Signer, SigningKey, Verifier, VerifyingKey};
use std::{fmt, sync::LazyLock};

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

/// A key that signatures can be checked with; none of small order, for which anyone can sign.
pub(crate) fn verifying_key(public: &PublicKey) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&public.0).ok().filter(|key| !key.is_weak())
}

/// Points of small order, as they are encoded.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// Checks a signature over the form that has this hash, strictly: no R of small order, no
/// malleable encodings; the key is a [`verifying_key`]. As `verify_strict` does, but for decoding R,
/// a seventh of its time: where the signature holds R is, byte for byte, the point that was computed.
pub(crate) fn verify_hash(
    key: &VerifyingKey,
    room: RoomId,
    hash: &[u8; 32],
    signature: &Signature,
) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    !SMALL_ORDER.contains(signature.r_bytes())
        && key.verify(&signed(room, hash), &signature).is_ok()
}

fn signed(room: RoomId, hash: &[u8; 32]) -> Vec<u8> {
    [b"tchat/v1 sig ", &room.0[..], hash].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::{EdwardsPoint, Scalar};
    use sha2::{Digest, Sha512};

    const ROOM: RoomId = RoomId([1; 16]);
    const HASH: [u8; 32] = [2; 32];

    /// That `s B = R + k A` holds for: R, its discrete logarithm and that of A beyond what has small
    /// order.
    fn forged(r: EdwardsPoint, log_r: Scalar, key: &VerifyingKey, log_a: Scalar) -> Signature {
        let r = r.compress();
        let hash = [r.as_bytes(), key.as_bytes(), &signed(ROOM, &HASH)[..]]
            .into_iter()
            .fold(Sha512::new(), Sha512::chain_update);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(r.as_bytes());
        bytes[32..].copy_from_slice((log_r + k * log_a).as_bytes());
        Signature(bytes)
    }

    #[test]
    fn what_is_taken_is_what_a_strict_check_takes() {
        let (a, r) = (Scalar::from(7_u64), Scalar::from(11_u64));
        let (mut taken, mut loose) = (0, 0);
        for torsion in EIGHT_TORSION {
            for log_a in [a, Scalar::ZERO] {
                let point = EdwardsPoint::mul_base(&log_a) + torsion;
                let public = PublicKey(point.compress().to_bytes());
                let key = VerifyingKey::from_bytes(&public.0).unwrap();
                let strict_key = verifying_key(&public);
                for log_r in [r, Scalar::ZERO] {
                    for other in EIGHT_TORSION {
                        let r = EdwardsPoint::mul_base(&log_r) + other;
                        let good = forged(r, log_r, &key, log_a);
                        let mut bad = good;
                        bad.0[40] ^= 1;
                        for sig in [good, bad] {
                            let strict = ed25519_dalek::Signature::from_bytes(&sig.0);
                            let form = signed(ROOM, &HASH);
                            let expected = key.verify_strict(&form, &strict).is_ok();
                            let holds = |key| verify_hash(key, ROOM, &HASH, &sig);
                            assert_eq!(strict_key.as_ref().is_some_and(holds), expected);
                            taken += u32::from(expected);
                            loose += u32::from(key.verify(&form, &strict).is_ok());
                        }
                    }
                }
            }
        }
        assert!(taken > 0 && loose > taken, "{taken} of {loose}");
    }

    /// Which vectors a crate computes with depends on the processor, and the older one has none of 512
    /// bits.
    #[test]
    fn what_is_signed_and_taken_is_what_an_older_crate_signs_and_takes() {
        use older_dalek::{Signature as Older, Signer, SigningKey};
        for seed in 0..32 {
            let (me, older) =
                (Identity::from_seed(ROOM, &[seed; 32]), SigningKey::from_bytes(&[seed; 32]));
            let (key, hash) = (verifying_key(&me.public()).unwrap(), [seed ^ 1; 32]);
            let sig = me.sign_hash(ROOM, &hash);
            assert_eq!(sig.0, older.sign(&signed(ROOM, &hash)).to_bytes());
            assert!(verify_hash(&key, ROOM, &hash, &sig));
            for bit in 0..512 {
                let mut sig = sig;
                sig.0[bit / 8] ^= 1 << (bit % 8);
                let taken = older.verify_strict(&signed(ROOM, &hash), &Older::from_bytes(&sig.0));
                assert_eq!(verify_hash(&key, ROOM, &hash, &sig), taken.is_ok(), "{seed} {bit}");
            }
        }
    }

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
