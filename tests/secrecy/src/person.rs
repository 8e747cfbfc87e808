//! One simulated node: a participant, and what it has read.

use chat_engine::{Config, Time};
use chat_node::{Entry, Opening, Participant};
use chat_protocol::{Dot, Invite, NodeId, VectorClock};
use chat_seal::{Entropy, Identity, RoomKeys, Seal};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeSet;

/// How a node is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Everything passes.
    Whole,
    /// Since then what it sends is lost, but it hears everything: to the others it is gone.
    Mute(Time),
}

/// See the module.
pub struct Person {
    /// The node.
    pub participant: Participant,
    /// Its id.
    pub id: NodeId,
    /// The process runs.
    pub alive: bool,
    /// It was told to leave.
    pub leaving: bool,
    /// It answers on the room's `sync` subject.
    pub serving: bool,
    /// It is in the room.
    pub ready: bool,
    /// Its connection.
    pub link: Link,
    /// The part of the network it is in.
    pub side: u8,
    /// The texts it showed.
    pub read: BTreeSet<String>,
    /// Frames that its messages named as missing.
    pub told: BTreeSet<Dot>,
    /// The past of frames that it told of as not given by anyone.
    pub lost: VectorClock,
    /// The timer that is set.
    pub armed: Option<Time>,
}

/// What all know who have the invite.
#[must_use]
pub fn invite(history: bool) -> Invite {
    Invite { secret: [7; 20].into(), clear: false, history }
}

fn identity(keys: &RoomKeys, random: &mut StdRng) -> Identity {
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    Identity::from_seed(keys.id(), &seed)
}

/// What a member can do that follows no rules: the seal of the node of this seed, without its
/// epochs, that signs whatever it is told to.
#[must_use]
pub fn rogue(history: bool, seed: u64) -> Seal {
    let mut random = StdRng::seed_from_u64(seed);
    let keys = RoomKeys::private(&invite(history));
    let me = identity(&keys, &mut random);
    Seal::sealed(keys, me, Entropy::new(move |out| random.fill_bytes(out)), history)
}

impl Person {
    /// A node that opens the room, or joins it.
    #[must_use]
    pub fn enter(founds: bool, history: bool, seed: u64, now: Time) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let keys = RoomKeys::private(&invite(history));
        let me = identity(&keys, &mut random);
        let id = me.id();
        let config = Config { seed, history, ..Config::default() };
        let seal = Seal::sealed(keys, me, Entropy::new(move |out| random.fill_bytes(out)), history);
        let opening = if founds { Opening::Found } else { Opening::Join { patience: Time::ZERO } };
        let entry = Entry::invited(&invite(history), opening, format!("n{seed}"));
        let participant = Participant::new(seal, config, entry, String::new(), 1 << 20, now, 0);
        Self {
            participant,
            id,
            alive: true,
            leaving: false,
            serving: founds,
            ready: false,
            link: Link::Whole,
            side: 0,
            read: BTreeSet::new(),
            told: BTreeSet::new(),
            lost: VectorClock::new(),
            armed: None,
        }
    }

    /// In the room, and not about to leave.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.alive && self.ready && !self.leaving
    }
}
