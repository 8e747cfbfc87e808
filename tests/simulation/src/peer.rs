//! One simulated process: an engine, its connection, its own clock, and what is known of it
//! from outside.

use crate::{
    truth::Frames,
    wire::{Edge, Message},
};
use chat_engine::{Engine, LinkState, Time};
use chat_protocol::{Dot, Key, NodeId};
use std::{collections::VecDeque, sync::Arc};

/// The state of a connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Everything passes.
    Whole,
    /// The TCP connection has ended. What is published waits, up to a bound.
    Down,
    /// Nothing passes either way, nobody is told, nothing is lost: it all comes later.
    Stalled,
    /// What it sends is lost, and nobody is told.
    Mute,
    /// What is sent to it is lost, and nobody is told.
    Deaf,
}

/// A process's clock: monotonic, but neither at the others' rate nor from their origin.
#[derive(Clone, Copy, Debug)]
pub struct LocalClock {
    /// What it shows when the run begins.
    pub offset: Time,
    /// Its seconds per real second.
    pub rate: f64,
}

impl LocalClock {
    /// What it shows.
    #[must_use]
    pub fn at(&self, now: Time) -> Time {
        self.offset + now.mul_f64(self.rate)
    }

    /// When it will show `local`.
    #[must_use]
    pub fn when(&self, local: Time) -> Time {
        local.saturating_sub(self.offset).div_f64(self.rate)
    }
}

/// See the module.
pub struct Peer {
    /// The engine; a liar has none.
    pub engine: Option<Engine>,
    /// Signs and checks.
    pub edge: Edge,
    /// Its own time.
    pub clock: LocalClock,
    /// The process runs.
    pub alive: bool,
    /// It said its join frame and not its last.
    pub live: bool,
    /// Stopped (SIGSTOP): alive, but it does nothing.
    pub paused: bool,
    /// Its connection.
    pub link: Link,
    /// What its engine was told of the connection.
    pub told: LinkState,
    /// The server routes to it: true for a while after its death.
    pub routed: bool,
    /// It answers on the room's `sync` subject.
    pub serving: bool,
    /// The part of the cluster it is connected to.
    pub side: u8,
    /// When its timer is set to.
    pub armed: Option<Time>,
    /// Last arrivals in either direction: a connection keeps order.
    pub last_up: Time,
    /// See `last_up`.
    pub last_down: Time,
    /// Published while cut off.
    pub outbox: VecDeque<(crate::network::To, Arc<Message>)>,
    /// What came while it was paused or stalled: the newest is dropped when full.
    pub backlog: VecDeque<(usize, Arc<Message>)>,
    /// What is known of its deliveries.
    pub view: View,
}

/// What a peer has shown, noted outside of its engine.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Delivered frames.
    pub delivered: Frames,
    /// Frames it may deliver others without: those given up with a gap, and their past.
    pub excused: Frames,
    /// The highest key delivered.
    pub highest: Option<Key>,
    /// Equivocators and the numbers from which they are void.
    pub void: Vec<Dot>,
    /// A floor was adopted or frames were trimmed.
    pub trimmed: bool,
    /// It delivered something with a gap.
    pub gaps: u64,
    /// The transcript as last looked at.
    pub order: Vec<Dot>,
    /// A liar answered it while it joined: its floor may be false.
    pub deceived: bool,
    /// It was told that nobody is there.
    pub nobody: bool,
    /// Members it was told of, and not told to have left.
    pub members: std::collections::BTreeSet<NodeId>,
}

impl Peer {
    /// A new process.
    #[must_use]
    pub fn new(edge: Edge, engine: Option<Engine>, clock: LocalClock) -> Self {
        Self {
            engine,
            edge,
            clock,
            alive: true,
            live: false,
            paused: false,
            link: Link::Whole,
            told: LinkState::Up,
            routed: true,
            serving: false,
            side: 0,
            armed: None,
            last_up: Time::ZERO,
            last_down: Time::ZERO,
            outbox: VecDeque::new(),
            backlog: VecDeque::new(),
            view: View::default(),
        }
    }

    /// An honest process that runs.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.alive && self.engine.is_some()
    }

    /// An honest member.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.is_honest() && self.live
    }
}
