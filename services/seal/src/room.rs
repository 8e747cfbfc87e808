//! What an invite, or a public room's id, gives access to.

use crate::key::Key;
use chat_protocol::{Invite, RoomId, encoding::BASE32, hello::GateMac};
use std::fmt;

/// A room's id and the keys that follow from its invite.
///
/// Protects the gate of a private room from everyone who lacks the invite, for as long as
/// the room lives. A public room's keys follow from its id: they keep nobody out.
pub struct RoomKeys {
    id: RoomId,
    gate: Key,
}

impl RoomKeys {
    /// A private room: `prk = HKDF-Extract("tchat/v1 private room", secret)`, and the id is
    /// derived from that, so the director learns the id and nothing of the secret.
    #[must_use]
    pub fn private(invite: &Invite) -> Self {
        let prk = Key::extract(b"tchat/v1 private room", &invite.secret);
        let mut id = [0; 16];
        prk.expand("rid", b"", &mut id);
        Self { id: RoomId(id), gate: prk.derive("gate", b"") }
    }

    /// A public room, by the id that the director gave it.
    #[must_use]
    pub fn public(id: RoomId) -> Self {
        let prk = Key::extract(b"tchat/v1 public room", &id.0);
        Self { id, gate: prk.derive("gate", b"") }
    }

    /// The room's id.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// `E(gate, "hello", body)`
    pub(crate) fn gate_mac(&self, hello_body: &[u8]) -> GateMac {
        let mut mac = [0; 32];
        self.gate.expand("hello", hello_body, &mut mac);
        GateMac(mac)
    }
}

impl fmt::Debug for RoomKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomKeys({}, ..)", BASE32.encode(&self.id.0))
    }
}
