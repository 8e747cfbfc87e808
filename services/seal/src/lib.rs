//! Who is who, and who can read what: room keys from an invite, one identity per process and
//! room, signatures on everything that members send, and the epochs under which they encrypt.
//!
//! Pure: no I/O, no clock; time and randomness come in. Epochs are minted by any member for an
//! explicit audience and need no order (`ARCHITECTURE.md` tells why, and why not MLS); the
//! primitives are standard ones, their composition is our own and was not audited.
//!
//! Start with [`Seal`], a member's view of one room.

#[cfg(test)]
mod attacks;
mod body;
mod chain;
mod entropy;
mod epochs;
mod identity;
mod kem;
mod key;
mod keyring;
mod mint;
mod room;
mod seal;
mod turns;
#[cfg(test)]
mod vectors;

pub use body::{item_bytes, parse_batch, sealed_size};
pub use entropy::Entropy;
pub use identity::Identity;
pub use keyring::{Admission, Chore, Learned};
pub use room::RoomKeys;
pub use seal::{Refused, Seal};
