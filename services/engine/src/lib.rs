//! Causal broadcast over a broker that forgets: delivery, repair, membership, transcript.
//!
//! [`Engine`] is a state machine with three verbs: [`Engine::handle`] takes an input,
//! [`Engine::timeout`] tells the time, [`Engine::poll_effect`] gives what is to be done. It
//! knows no socket, no clock and no random source of its own, so that a whole conversation
//! between a hundred nodes can run in one thread from one seed. What it is given has been
//! checked: signatures and bounds are other crates' work.
//!
//! The rules, one a module: [`delivery`](Engine::handle) (Birman, Schiper, Stephenson, ACM
//! TOCS 1991), `frontier` (heads: the transitive reduction of what was delivered), `wants`
//! (asking with back-off, SRM and RFC 5401), `repair` (one exchange for loss, late join,
//! reconnect and merge), `presence` (RTCP's interval, RFC 3550 section 6.2), `transcript`
//! (one order at every node, trimmed by a cut).

mod authors;
mod budget;
mod checkpoint;
mod clocks;
mod config;
mod conviction;
mod delivery;
mod draft;
mod effect;
mod engine;
mod entry;
mod floor;
mod flow;
mod frontier;
mod holdings;
mod merge;
mod presence;
mod repair;
mod roster;
mod seek;
mod standing;
mod transcript;
mod waiting;
mod wants;
mod why;

pub use config::Config;
pub use effect::{Answers, Delivery, Effect, Fault, Input, LinkState, PresenceChange};
pub use engine::{Agreement, Engine, Phase};
pub use entry::Entry;
pub use holdings::Holdings;
pub use standing::Standing;
pub use why::Why;

/// Time since an origin that the caller chooses; it never goes back.
pub type Time = std::time::Duration;
