//! The hello: a node's public key, to which its id and all its signatures refer.

use crate::{NodeId, binary::Writer, encoding::base64_newtype, frame::Signature};
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

/// A node introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The node; must be the id that `sign` and the room hash to.
    pub from: NodeId,
    /// Its key for signatures.
    pub sign: PublicKey,
    /// Keyed hash over [`Hello::body`] under the room's gate.
    pub mac: GateMac,
    /// Signature over [`Hello::body`] and `mac`, and the room.
    pub sig: Signature,
}

impl Hello {
    /// `1 sign32 kem_gen4 kem32`: a clear room has no key for encapsulation, so its
    /// generation and bytes are zero.
    #[must_use]
    pub fn body(sign: &PublicKey) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(1).bytes(&sign.0).u32(0).bytes(&[0; 32]);
        out.into_bytes()
    }

    /// The bytes that are signed: the body and the MAC.
    #[must_use]
    pub fn signed_form(sign: &PublicKey, mac: &GateMac) -> Vec<u8> {
        let mut out = Self::body(sign);
        out.extend_from_slice(&mac.0);
        out
    }
}
