//! What is sealed to one member: HPKE (RFC 9180) in its mode with a pre-shared key,
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
//!
//! The pre-shared key follows from the invite, so that a stolen key for encapsulation alone
//! opens nothing, now or when X25519 is broken.

use crate::{entropy::Entropy, key::Key, room::RoomKeys};
use chat_protocol::{hello::Kem, limits, sealed::KemKey};
use curve25519_dalek::MontgomeryPoint;
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, PskBundle, Serializable, aead::ChaCha20Poly1305,
    kdf::HkdfSha256, kem::X25519HkdfSha256,
};
use std::{collections::BTreeMap, time::Duration};
use zeroize::Zeroizing;

type Secret = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

const ENCAPSULATED: usize = 32;

struct Generation {
    // Boxed: moves of an inline key leave unwiped copies.
    secret: Box<Secret>,
    public: KemKey,
    /// Replaced, and to be wiped then.
    until: Option<Duration>,
}

/// A node's keys for encapsulation, by generation.
///
/// Whoever has one and the room's pre-shared key opens every recorded mint that was sealed to
/// it; so each is replaced soon after it opened one, and wiped [`limits::GRACE`] later.
pub(crate) struct KemKeys {
    generations: BTreeMap<u32, Generation>,
    newest: u32,
}

impl KemKeys {
    pub(crate) fn new(entropy: &mut Entropy) -> Self {
        let mut keys = Self { generations: BTreeMap::new(), newest: 0 };
        keys.rotate(Duration::ZERO, entropy);
        keys
    }

    /// The one that others seal to.
    pub(crate) fn newest(&self) -> Kem {
        let key = self.generations.get(&self.newest).map_or(KemKey::ZERO, |it| it.public);
        Kem { generation: self.newest, key }
    }

    /// Replaces the newest.
    pub(crate) fn rotate(&mut self, now: Duration, entropy: &mut Entropy) {
        if let Some(newest) = self.generations.get_mut(&self.newest) {
            newest.until = Some(now + limits::GRACE);
        }
        let (secret, public) = X25519HkdfSha256::derive_keypair(entropy.key().bytes());
        let public = KemKey(public.to_bytes().into());
        self.newest += 1;
        let generation = Generation { secret: Box::new(secret), public, until: None };
        self.generations.insert(self.newest, generation);
    }

    /// Wipes what was replaced long enough ago.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.generations.retain(|_, generation| generation.until.is_none_or(|until| until > now));
    }

    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        self.generations.values().filter_map(|generation| generation.until).min()
    }

    pub(crate) fn has(&self, generation: u32) -> bool {
        self.generations.contains_key(&generation)
    }

    /// Opens what was sealed to a generation of this node's key.
    pub(crate) fn open(
        &self,
        room: &RoomKeys,
        generation: u32,
        info: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let secret = &self.generations.get(&generation)?.secret;
        let (encapsulated, ciphertext) = sealed.split_at_checked(ENCAPSULATED)?;
        let encapsulated = Encapsulated::from_bytes(encapsulated).ok()?;
        let mode = OpModeR::<X25519HkdfSha256>::Psk(bundle(room));
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &mode,
            secret,
            &encapsulated,
            info,
            ciphertext,
            b"",
        )
        .ok()
        .map(Zeroizing::new)
    }
}

/// Seals to another's key; none if that is no valid one.
pub(crate) fn seal(
    room: &RoomKeys,
    to: &KemKey,
    info: &[u8],
    plaintext: &[u8],
    entropy: &mut Entropy,
) -> Option<Vec<u8>> {
    let to = Public::from_bytes(&to.0).ok()?;
    let mode = OpModeS::<X25519HkdfSha256>::Psk(bundle(room));
    let (encapsulated, ciphertext) =
        hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &mode, &to, info, plaintext, b"", entropy,
        )
        .ok()?;
    Some([&encapsulated.to_bytes()[..], &ciphertext].concat())
}

/// Whether anything can be sealed to a key: it is no point of small order, whose every multiple
/// that X25519 can compute is zero (RFC 7748, section 6.1). Those orders divide 8, on the curve and
/// on its twist, and 8 divides what X25519 multiplies by; so eight times it tells.
pub(crate) fn is_valid(key: &KemKey) -> bool {
    let eight = [true, false, false, false];
    MontgomeryPoint(key.0).mul_bits_be(eight.into_iter()).0 != [0; 32]
}

fn bundle(room: &RoomKeys) -> PskBundle<'_> {
    PskBundle::new(room.psk().bytes(), &room.id_ref().0).expect("neither is empty")
}

/// A wiped copy of 32 bytes that were opened.
pub(crate) fn key(opened: &[u8]) -> Option<Key> {
    opened.try_into().ok().map(Key::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_valid_where_x25519_gives_something() {
        let gives = |key: [u8; 32]| MontgomeryPoint(key).mul_clamped([1; 32]).0 != [0; 32];
        let valid = |key: [u8; 32]| is_valid(&KemKey(key));
        let mut entropy = Entropy::new(|out| out.fill(7));
        let honest: [u8; 32] = KemKeys::new(&mut entropy).newest().key.0;
        assert!(gives(honest) && valid(honest));
        // Each number is a point of the curve or of its twist; above the prime the first few again.
        for low in 0..=255 {
            for (middle, high) in [(0, 0), (0, 0x80), (0xff, 0x7f), (0xff, 0xff), (5, 5)] {
                let mut key = [middle; 32];
                (key[0], key[31]) = (low, high);
                assert_eq!(valid(key), gives(key), "{key:?}");
            }
        }
        assert!(!valid([0; 32]));
    }
}
