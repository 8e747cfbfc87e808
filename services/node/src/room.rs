//! Entering a room, and the handle that its user holds.

use crate::{
    Events, Reason,
    driver::{self, Driver, User},
    handover,
};
use chat_connect::Connection;
use chat_protocol::{Invite, NodeId, RoomId, director::Visibility};
use chat_seal::{Entropy, Identity, RoomKeys, Seal};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroize;

/// Commands on their way.
const QUEUE: usize = 1024;

/// Which room, and what gives access to it.
#[derive(Clone, Debug)]
pub enum RoomAddress {
    /// A private room: everything is derived from the invite.
    Private(Invite),
    /// A public room: its id, from the director.
    Public(RoomId),
}

impl RoomAddress {
    /// The room's id.
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.keys().id()
    }

    /// What to pass on to those who should join.
    #[must_use]
    pub fn invite(&self) -> String {
        match self {
            Self::Private(invite) => invite.to_string(),
            Self::Public(room) => room.to_string(),
        }
    }

    pub(crate) fn keys(&self) -> RoomKeys {
        match self {
            Self::Private(invite) => RoomKeys::private(invite),
            Self::Public(room) => RoomKeys::public(*room),
        }
    }
}

/// How a node comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It opens the room: it is live at once.
    Found,
    /// It joins: somebody must be there, or it fails with [`EnterError::Nobody`] once it
    /// has asked for this long.
    Join {
        /// 0: fail at the first "nobody".
        patience: Duration,
    },
}

/// Everything that is settled before entering.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which room.
    pub address: RoomAddress,
    /// How.
    pub opening: Opening,
    /// This node's nick.
    pub nick: String,
    /// What the discussion is about; a joiner who doesn't know learns it from the members.
    pub topic: Option<String>,
    /// Joiners are given the live transcript. A joiner who doesn't know learns it from the
    /// members; one who does holds them to it.
    pub history: Option<bool>,
    /// How many members fit; a joiner who doesn't know learns it from the members.
    pub capacity: Option<u32>,
    /// For announcements.
    pub visibility: Visibility,
    /// Contents are end-to-end encrypted.
    pub sealed: bool,
}

impl Entry {
    /// Into a private room, by all that its invite says.
    #[must_use]
    pub fn invited(invite: &Invite, opening: Opening, nick: impl Into<String>) -> Self {
        Self {
            address: RoomAddress::Private(invite.clone()),
            opening,
            nick: nick.into(),
            topic: None,
            history: Some(invite.history),
            capacity: None,
            visibility: Visibility::Private,
            sealed: !invite.clear,
        }
    }

    pub(crate) fn founds(&self) -> bool {
        self.opening == Opening::Found
    }
}

/// Why a room could not be entered.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// No member answered.
    #[error("nobody is in that discussion")]
    Nobody,
    /// The members' signed join frames contradict the invite or the director.
    #[error(
        "the members of the room state other terms than the invite or the director: refused, because someone lies"
    )]
    Terms,
    /// The members let nobody in any more.
    #[error("that discussion was locked: its members let nobody in any more")]
    Locked,
    /// The server refused.
    #[error("the server doesn't let this client into the room: {0}")]
    Server(String),
}

/// What the user does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say something; at most [`chat_protocol::limits::TEXT_BYTES`], checked before.
    Say(String),
    /// Do something (`/me`).
    Act(String),
    /// Take another nick.
    Nick(String),
    /// Let nobody in any more: the invite stops working.
    Lock,
    /// Tell who shows to have what, and what is being repaired: [`Event::Verified`](crate::Event::Verified).
    Verify,
    /// Leave in order; the last event will be `closed` with this reason. After
    /// [`Reason::EndOfInput`] it first waits, for 5 s at most, until all present have what
    /// was said. Told twice, it hurries.
    Leave(Reason),
}

/// A room that was entered. Dropping it leaves.
#[derive(Debug)]
pub struct Room {
    /// This node.
    pub node: NodeId,
    /// Bounded: sending waits while flow control holds the node back.
    pub commands: mpsc::Sender<Command>,
    /// Bounded; `ready` first, `closed` last, then it ends. While it is full nothing more is
    /// received, and what is lost by that is repaired.
    pub events: Events,
    hurry: watch::Sender<Option<Reason>>,
}

impl Room {
    /// Leaves as [`Command::Leave`] does, however much was said that flow control still holds back.
    pub fn leave(&self, reason: Reason) {
        self.hurry.send_replace(Some(reason));
    }

    /// Enters a room: subscribes, catches up, goes live.
    ///
    /// # Errors
    /// Nobody there, other terms than promised, or the server's refusal.
    pub async fn enter(connection: Connection, entry: Entry) -> Result<Self, EnterError> {
        let keys = entry.address.keys();
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| EnterError::Server(error.to_string()))?;
        let me = Identity::from_seed(entry.address.room(), &seed);
        seed.zeroize();
        let seal = if entry.sealed {
            Seal::sealed(keys, me, operating_system(), entry.history.unwrap_or(true))
        } else {
            Seal::clear(keys, me)
        };
        let node = seal.me();
        let (command_in, commands) = mpsc::channel(QUEUE);
        let (handover, events) = handover::channel();
        let (hurry, hurried) = watch::channel(None);
        let user = User { commands, hurried, handover };
        let driver = Driver::subscribe(connection, seal, entry, user).await?;
        driver::start(driver).await?;
        Ok(Self { node, commands: command_in, events, hurry })
    }
}

/// The operating system's randomness. It was there when the node's key was made; without it
/// nothing can be kept secret, so this ends the program rather than going on.
fn operating_system() -> Entropy {
    Entropy::new(|bytes| getrandom::fill(bytes).expect("the operating system has randomness"))
}
