//! Deterministic simulation of sealed discussions: whole nodes (engine, seal and what joins
//! them) over a lossy, reordering, partitioned network, in one thread, from one seed.
//!
//! The oracle knows who was in each sender's view when something was sealed, and who read
//! what: nobody outside the view may ever read it, unless a member grants it where the room
//! passes on its history; everybody inside must, once the network is calm.

pub mod network;
pub mod next;
pub mod oracle;
pub mod person;
pub mod run;

pub use run::{Outcome, Setup, run};
