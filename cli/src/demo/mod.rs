//! The scripted discussion of `chat demo`, and the cable that it cuts.

mod cable;
pub(crate) mod script;

pub use cable::Cable;
