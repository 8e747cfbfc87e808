//! What goes into an engine and what comes out.

use crate::Entry;
use chat_protocol::{Beat, Dot, Give, NodeId, Number, VectorClock, Want};
use std::sync::Arc;

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// A frame on the room's subject.
    Frame(Entry),
    /// A frame on the room's subject that may have been said long ago: its author need not be
    /// there any more.
    OldFrame(Entry),
    /// A beat.
    Beat(Beat),
    /// A request, and where its answer goes.
    Want {
        /// The request.
        want: Want,
        /// The token to be handed back with the answer.
        reply: String,
    },
    /// An answer. Its frames are passed verified, so those in `give` are ignored.
    Give {
        /// The answer.
        give: Give,
        /// Its frames, verified, in the order given.
        entries: Vec<Entry>,
        /// Its join frames, verified.
        joins: Vec<Entry>,
        /// Its proofs: pairs of verified frames.
        proofs: Vec<(Entry, Entry)>,
    },
    /// Nobody serves the room's `sync` subject.
    Nobody,
    /// The connection to the server changed.
    Link(LinkState),
}

/// The state of the connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Connected (again).
    Up,
    /// Not connected: nothing goes out, and nobody is suspected.
    Down,
}

/// Something to be done, in order.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Publish a frame of this node, or one that many miss, on the room's subject.
    Publish(Entry),
    /// Sign and publish a beat.
    Beat(Box<Beat>),
    /// Sign and send a request.
    Ask {
        /// To one member, or to any synced one.
        to: Option<NodeId>,
        /// The request, unsigned and without hello.
        dots: Vec<Dot>,
        /// What is held, where everything else is wanted.
        have: Answers,
    },
    /// Sign and send an answer, with the hellos of its frames' authors and its members.
    Give {
        /// The token that came with the request.
        reply: String,
        /// The answer, unsigned and without hellos.
        give: Box<Give>,
    },
    /// The first page has come, or none will: the room is entered.
    Entered,
    /// Another page has come, and more will.
    CatchingUp {
        /// Frames held.
        held: usize,
        /// Frames still to come, as the answerer says.
        left: usize,
    },
    /// Nobody is there.
    Nobody,
    /// The history given was delivered: publish the join frame now.
    Synced,
    /// A join frame that isn't part of the history given: its author's name, nothing else.
    Introduced(Entry),
    /// A frame is delivered, in causal order.
    Deliver(Delivery),
    /// Say a frame without items: it merges the heads.
    Merge,
    /// This node was stopped for a while: nobody is blamed for what it didn't hear.
    Paused,
    /// Someone's presence changed.
    Presence(NodeId, PresenceChange),
    /// Older frames than some are not held by anyone asked, so they never will be here.
    Trimmed,
    /// A node equivocated: its frames from this number on are void, those shown included.
    Expelled(NodeId, Number),
    /// A rule was broken.
    Fault(Fault),
    /// The last frame is known elsewhere, or the time for that is over: go.
    Gone,
}

/// What a `have` request says: nothing (it names dots), or what is held by author.
pub type Answers = Option<std::collections::BTreeMap<NodeId, chat_protocol::RangeSet>>;

/// See [`Effect::Deliver`].
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The frame.
    pub entry: Entry,
    /// Everything in its past, itself included.
    pub clock: Arc<VectorClock>,
    /// What it depends on and nobody could give.
    pub gap: Vec<Dot>,
    /// Its place is before a frame delivered earlier.
    pub late: bool,
    /// Delivered before this node joined.
    pub backfill: bool,
    /// Who gave it, if it didn't come from its author.
    pub via: Option<NodeId>,
}

/// A change of someone's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresenceChange {
    /// There for the first time.
    Joined,
    /// Left for good.
    Left,
    /// Silent. Local and reversible.
    Unreachable,
    /// Silent for long. Local and reversible.
    Gone,
    /// Heard again.
    Back,
}

/// A rule that someone broke. Counted by the caller; never fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A cut that a frame disproves, or too far ahead to be believed: who gave it, if known.
    Floor(Option<NodeId>),
    /// A frame after its author's last.
    AfterFinal(Dot),
    /// Its author has a different past than this node: the author's own version is asked for.
    OtherPast(Dot),
}
