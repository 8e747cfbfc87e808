//! Laws of the wire types, held against generated values.
//!
//! A failure is shrunk, and its seed written to `proptest-regressions` beside this
//! folder: commit it with the fix, so that it is tried first from then on.

mod bounds;
mod clocks;
mod director;
mod ids;
mod invites;
mod order;
mod ranges;
mod signed;
mod text;
mod values;
mod wire;
