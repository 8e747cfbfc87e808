//! The hello: a node's public key, to which its id and all its signatures refer.

use crate::{
    NodeId, binary::Writer, encoding::base64_newtype, envelope::Violation, frame::Signature,
    sealed::KemKey,
};
use serde::{Deserialize, Serialize};

base64_newtype!(
    /// An Ed25519 public key.
    PublicKey,
    32
);
base64_newtype!(
    /// Proof of knowing the room's gate: who hasn't got the invite can't make one.
    GateMac,
    32
);

/// A node introduces itself, and tells its newest key for what is sealed to it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The node; must be the id that `sign` and the room hash to.
    pub from: NodeId,
    /// Its key for signatures.
    pub sign: PublicKey,
    /// Its key for what is sealed to it; none in a clear room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kem: Option<Kem>,
    /// Keyed hash over [`Hello::body`] under the room's gate.
    pub mac: GateMac,
    /// Signature over the room and the hash of [`Hello::body`] and `mac`.
    pub sig: Signature,
}

impl Hello {
    /// `1 sign32 kem_gen4 kem32`, the latter two zero in a clear room.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let kem = self.kem.unwrap_or(Kem { generation: 0, key: KemKey::ZERO });
        out.u8(1).bytes(&self.sign.0).u32(kem.generation).bytes(&kem.key.0);
        out.into_bytes()
    }

    /// The bytes that are signed: the body and the MAC.
    #[must_use]
    pub fn signed_form(&self) -> Vec<u8> {
        let mut out = self.body();
        out.extend_from_slice(&self.mac.0);
        out
    }

    pub(crate) fn check(&self) -> Result<(), Violation> {
        match self.kem {
            Some(Kem { generation: 0, .. }) => Err(Violation("generations count from 1")),
            _ => Ok(()),
        }
    }
}

/// A node's key for encapsulation. It changes: a newer generation replaces the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kem {
    /// From 1.
    pub generation: u32,
    /// The key.
    pub key: KemKey,
}
