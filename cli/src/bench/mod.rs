//! `chat bench`: the same load over raw NATS and over a room of ours, in turns.
//!
//! What measures is the same code for both: `load` says and hears through the two traits of
//! `member`, which `raw` and `rooms` implement.

mod figures;
mod heard;
mod load;
mod mark;
mod member;
mod plan;
mod raw;
mod report;
mod rooms;

pub(crate) use heard::Faults;
pub(crate) use mark::BYTES as SMALLEST;
pub(crate) use plan::{Plan, measure};
pub(crate) use report::{json, table};
