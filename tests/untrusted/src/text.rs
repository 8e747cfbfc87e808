//! Text of peers that a terminal shows.

use chat_protocol::text::{lines, one_line};

/// Cleaned text is clean: it steers nothing, fits, and isn't changed by cleaning it again.
/// The first byte is the longest line, in characters.
pub fn text(bytes: &[u8]) -> bool {
    let Some((limit, text)) = bytes.split_first() else { return false };
    let limit = usize::from(*limit);
    let text = String::from_utf8_lossy(text);

    let shown = lines(&text);
    assert!(shown.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')), "{shown:?}");
    assert!(!shown.contains('\u{202e}') && !shown.contains('\u{200b}'), "{shown:?} hides");
    assert_eq!(lines(&shown), shown);

    let line = one_line(&text, limit);
    assert!(line.chars().count() <= limit && !line.contains(char::is_control), "{line:?}");
    assert_eq!(line.trim(), line);
    assert_eq!(one_line(&line, limit), line);
    true
}
