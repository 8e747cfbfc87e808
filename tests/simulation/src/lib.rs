//! Deterministic simulation of whole discussions: many engines, a model of core NATS, virtual
//! time and every fault, in one thread, from one seed (after FoundationDB's and TigerBeetle's
//! simulators). A seed that fails is replayed, its schedule shrunk, and shown as a space-time
//! log.
//!
//! [`Setup`] draws a run from a seed; [`schedule`] is its list of faults; [`World`] runs it
//! over [`network`], the broker; [`truth`] is what really happened, recorded outside of the
//! engines; [`oracle`] compares.

pub mod liar;
pub mod log;
pub mod network;
pub mod oracle;
pub mod peer;
pub mod run;
pub mod scale;
pub mod schedule;
pub mod truth;
pub mod wire;
pub mod world;

pub use oracle::Violation;
pub use run::{Outcome, Report, Setup, run, run_seeds};
pub use world::World;
