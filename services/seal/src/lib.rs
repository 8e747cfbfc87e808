//! Who is who: room keys from an invite, one identity per process and room, and the
//! signatures on everything that members send.
//!
//! Pure: no I/O, no clock, no randomness of its own (seeds come in). Rooms are *clear* in
//! this version: contents are signed, not encrypted. [`Seal::close`] and [`Seal::open`] are
//! the two places where a frame's items pass in and out; encryption belongs there and
//! nowhere else.
//!
//! Start with [`Seal`], a member's view of one room.

mod identity;
mod key;
mod room;
mod seal;

pub use identity::Identity;
pub use room::RoomKeys;
pub use seal::{Refused, Seal};
