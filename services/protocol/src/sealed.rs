//! What encrypted contents look like on the wire, and the mint that opens an epoch to its
//! audience. How they are made and opened is the seal's affair.

use crate::{
    NodeId, binary::Writer, encoding::base64_newtype, envelope::Violation, frame::Signature,
    hello::GateMac, limits,
};
use base64::{
    Engine,
    engine::{general_purpose::NO_PAD, simd::Simd},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use std::{collections::BTreeMap, fmt, sync::LazyLock};

base64_newtype!(
    /// The name of an epoch: the first bytes of its commitment. Never all zero.
    EpochId,
    16
);
base64_newtype!(
    /// A public value that fixes a secret: no other secret has the same one.
    Commitment,
    32
);
base64_newtype!(
    /// An X25519 public key (RFC 7748) for HPKE (RFC 9180).
    KemKey,
    32
);
base64_newtype!(
    /// An epoch's secret sealed to one member: encapsulated key, ciphertext and tag.
    SealedSecret,
    80
);

/// Base64url without padding, by whole vectors: most of what travels is encrypted bytes.
static BASE64URL: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));

/// Encrypted bytes, base64url on the wire.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Ciphertext(pub Vec<u8>);

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ciphertext({} bytes)", self.0.len())
    }
}

impl Serialize for Ciphertext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL.encode(&self.0))
    }
}

impl Ciphertext {
    /// How long it is as text.
    pub(crate) fn text_bytes(&self) -> usize {
        (4 * self.0.len()).div_ceil(3)
    }
}

impl<'de> Deserialize<'de> for Ciphertext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// As bytes: what isn't UTF-8 isn't in the alphabet either, so it is looked at once.
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Ciphertext;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64url")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Ciphertext, E> {
                self.visit_bytes(text.as_bytes())
            }

            fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Ciphertext, E> {
                BASE64URL.decode(text).map(Ciphertext).map_err(|_| E::custom("not base64url"))
            }
        }

        deserializer.deserialize_bytes(Text)
    }
}

/// The contents of a frame in a sealed room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Under which epoch.
    pub epoch: EpochId,
    /// The position in its author's key chain of that epoch, from 0.
    pub step: u32,
    /// Fixes the message key: one frame has one meaning for everyone.
    pub commit: Commitment,
    /// The batch of items, padded and encrypted.
    pub body: Ciphertext,
}

impl Sealed {
    pub(crate) fn check(&self) -> Result<(), Violation> {
        if self.epoch == EpochId::ZERO {
            return Err(Violation("an epoch has no name"));
        }
        if self.body.0.len() > limits::SEALED_BYTES {
            return Err(Violation("body too long"));
        }
        Ok(())
    }
}

/// A fresh epoch secret, sealed to each member of an explicit audience.
///
/// Public and signed: whoever relays it changes nothing, whoever isn't in its audience learns
/// nothing but who is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mint {
    /// The minter; it is in the audience.
    pub from: NodeId,
    /// Whoever opens it takes the gate that follows from it: old invites stop working.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lock: bool,
    /// 1 + the highest of the mints that the minter has seen.
    pub lamport: u64,
    /// Who can open it, and by which generation of its key.
    pub audience: BTreeMap<NodeId, u32>,
    /// Fixes the secret; its first bytes are the epoch's name.
    pub commit: Commitment,
    /// The secret for each of the audience but the minter, in order of their ids.
    pub sealed: Box<[SealedSecret]>,
    /// Signature of the minter over the room and the hash of [`Mint::signed_form`].
    pub sig: Signature,
}

impl Mint {
    /// The epoch that it opens.
    #[must_use]
    pub fn epoch(&self) -> EpochId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.commit.0[..16]);
        EpochId(id)
    }

    /// `1 flags1 minter10 lamport8 n2 (id10 kem_gen4)*n`: what the epoch's keys are bound to.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(1).u8(u8::from(self.lock)).node(self.from).u64(self.lamport);
        let count = u16::try_from(self.audience.len()).unwrap_or(u16::MAX);
        out.bytes(&count.to_be_bytes());
        for (node, generation) in &self.audience {
            out.node(*node).u32(*generation);
        }
        out.into_bytes()
    }

    /// The bytes that are signed: the head, the commitment and what is sealed.
    #[must_use]
    pub fn signed_form(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(&self.head()).bytes(&self.commit.0);
        for secret in &self.sealed {
            out.bytes(&secret.0);
        }
        out.into_bytes()
    }

    /// Checks what can be told from the mint alone.
    ///
    /// # Errors
    /// The bound that the mint breaks.
    pub fn check(&self) -> Result<(), Violation> {
        if self.audience.len() > limits::MEMBERS {
            return Err(Violation("mint has too large an audience"));
        }
        if !self.audience.contains_key(&self.from) {
            return Err(Violation("minter is not in the audience of its mint"));
        }
        if self.sealed.len() + 1 != self.audience.len() {
            return Err(Violation("mint isn't sealed to each of its audience"));
        }
        if self.epoch() == EpochId::ZERO || self.lamport > limits::COUNTER_MAX {
            return Err(Violation("mint without a name or with too high a count"));
        }
        Ok(())
    }
}

/// Message keys of frames, sealed to whoever asked for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// By which generation of its key.
    pub kem_gen: u32,
    /// `(frame_hash32 message_key32)*`, sealed.
    pub keys: Ciphertext,
}

/// A member doesn't let someone in: the room was locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refuse {
    /// Who refuses.
    pub from: NodeId,
    /// Whom.
    pub to: NodeId,
    /// Keyed hash over both under the room's pre-shared key: whoever lacks the invite can't
    /// keep anyone out.
    pub mac: GateMac,
}
