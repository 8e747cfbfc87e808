//! What comes out of a sealed body: its author is a member, but may send anything.

use chat_protocol::{limits, text};
use chat_seal::parse_batch;

/// A batch keeps its bounds, is read again as it is written, and can be shown.
pub fn batch(bytes: &[u8]) -> bool {
    let Some(items) = parse_batch(bytes.to_vec()) else { return false };
    assert!(items.len() <= limits::BATCH_ITEMS);
    let written = minicbor_serde::to_vec(&items).expect("what was read can be written");
    assert_eq!(parse_batch(written).as_ref(), Some(&items), "what was written is read");
    for item in &items {
        assert!(item.text.len() <= limits::TEXT_BYTES);
        let shown = text::lines(&item.text);
        assert!(!shown.contains('\u{1b}'), "{shown:?} steers the terminal");
    }
    true
}
