//! What nodes, directors and programs say to each other: wire types, their signed binary
//! form, subjects, invites and limits.
//!
//! Everything here is a plain value. There is no I/O, no clock, no randomness and no
//! cryptography beyond SHA-256; parsing never panics, whatever the bytes.
//!
//! Start with [`envelope::Envelope`], the one JSON object of each NATS message, then
//! [`frame::Frame`], the entry of the causally ordered log.

pub mod beat;
pub mod binary;
pub mod clock;
pub mod director;
pub mod dot;
pub mod encoding;
pub mod envelope;
pub mod frame;
pub mod hash;
pub mod hello;
pub mod id;
pub mod invite;
pub mod limits;
pub mod nick;
pub mod ranges;
pub mod sealed;
pub mod subject;
pub mod sync;
pub mod text;

pub use beat::Beat;
pub use clock::VectorClock;
pub use dot::{Dot, Key, Lamport, Number};
pub use envelope::{Envelope, ParseError};
pub use frame::{Frame, Item, ItemKind};
pub use hash::ContentHash;
pub use hello::Hello;
pub use id::{NodeId, RoomId};
pub use invite::Invite;
pub use ranges::RangeSet;
pub use sealed::{EpochId, Grant, Mint, Refuse, Sealed};
pub use sync::{Floor, FloorEntry, Give, Proof, Want};
