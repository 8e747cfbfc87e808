//! What an invite, or a public room's id, gives access to.

use crate::key::Key;
use chat_protocol::{Invite, NodeId, RoomId, encoding::BASE32, hello::GateMac};
use std::fmt;

/// A room's id and the keys that follow from its invite.
///
/// Protects a private room's gate, and what is sealed in it, from everyone who lacks the
/// invite, for as long as it lives; wiped when dropped. A public room's keys follow from its
/// id: they keep nobody out.
pub struct RoomKeys {
    id: RoomId,
    psk: Key,
    gate: Key,
}

impl RoomKeys {
    /// A private room: `prk = HKDF-Extract("tchat/v1 private room", secret)`, and the id is
    /// derived from that, so the director learns the id and nothing of the secret.
    #[must_use]
    pub fn private(invite: &Invite) -> Self {
        let prk = Key::extract(b"tchat/v1 private room", invite.secret.bytes());
        let mut id = [0; 16];
        prk.expand("rid", b"", &mut id);
        Self::derived(RoomId(id), &prk)
    }

    /// A public room, by the id that the director gave it.
    #[must_use]
    pub fn public(id: RoomId) -> Self {
        let prk = Key::extract(b"tchat/v1 public room", &id.0);
        Self::derived(id, &prk)
    }

    fn derived(id: RoomId, prk: &Key) -> Self {
        Self { id, psk: prk.derive("psk", b""), gate: prk.derive("gate", b"") }
    }

    /// The room's id.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    pub(crate) fn id_ref(&self) -> &RoomId {
        &self.id
    }

    /// `E(psk, "refuse", from to)`
    pub(crate) fn refuse_mac(&self, from: NodeId, to: NodeId) -> GateMac {
        let mut mac = [0; 32];
        self.psk.expand("refuse", &[from.0, to.0].concat(), &mut mac);
        GateMac(mac)
    }

    /// What everything sealed to a member is bound to beside its key.
    pub(crate) fn psk(&self) -> &Key {
        &self.psk
    }

    /// From now on only who knows this gate is let in.
    pub(crate) fn replace_gate(&mut self, gate: Key) {
        self.gate = gate;
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
