//! What must hold for any bytes that come from outside: one check for each parser of them.
//!
//! A check panics if the parser does, or if what the parser made of the bytes breaks a rule
//! of the protocol. The fuzz targets (`tests/fuzz`) look for bytes that do that; a test here
//! replays the corpus of bytes that were worth keeping.

mod batch;
mod director;
mod envelope;
mod identifiers;
mod invite;
mod json;
mod settings;
mod text;

pub use batch::batch;
pub use director::director;
pub use envelope::envelope;
pub use identifiers::identifiers;
pub use invite::invite;
pub use settings::settings;
pub use text::text;

/// Feeds bytes to a parser, and tells whether it took them.
///
/// # Panics
/// If a rule is broken.
pub type Check = fn(&[u8]) -> bool;

/// Every check by the name of its fuzz target and of its folder in the corpus.
pub const CHECKS: [(&str, Check); 7] = [
    ("batch", batch),
    ("director", director),
    ("envelope", envelope),
    ("identifiers", identifiers),
    ("invite", invite),
    ("settings", settings),
    ("text", text),
];
