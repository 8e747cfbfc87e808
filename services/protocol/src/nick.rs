//! What a node may be called. Nothing is decided by a nick alone: beside it stands its key's tag,
//! behind a dot that no nick may have.

use crate::{limits, text};

/// What stands between a nick and the tag of its key.
pub const SEPARATOR: char = '·';
/// What looks like it.
const LIKE_SEPARATOR: [char; 13] = [
    '·', '\u{387}', '\u{1427}', '\u{16eb}', '\u{2022}', '\u{2027}', '\u{2219}', '\u{22c5}',
    '\u{2e31}', '\u{2e33}', '\u{30fb}', '\u{a78f}', '\u{ff65}',
];
/// Blank, though not white space: Braille without dots.
const BLANK: char = '\u{2800}';

/// Why something can't be a nick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NickError {
    /// Nothing of it would be seen.
    #[error("an empty nick: leave it out, and one is made up")]
    Empty,
    /// It could pass for another's nick and tag.
    #[error("a nick has no {SEPARATOR} in it: that stands between nicks and key tags")]
    Separator,
    /// Too many characters.
    #[error("a nick has at most {} characters", limits::NICK_CHARS)]
    TooLong,
}

/// Whether it is a nick as one may take it.
///
/// # Errors
/// What is wrong with it.
pub fn check(nick: &str) -> Result<(), NickError> {
    if clean(nick).is_empty() {
        return Err(NickError::Empty);
    }
    if nick.contains(LIKE_SEPARATOR) {
        return Err(NickError::Separator);
    }
    if nick.trim().chars().count() > limits::NICK_CHARS {
        return Err(NickError::TooLong);
    }
    Ok(())
}

/// A peer's nick as it is shown, whatever it was: one short line that can't pass for a nick and a
/// tag. May be empty.
#[must_use]
pub fn clean(nick: &str) -> String {
    text::one_line(&nick.replace(BLANK, " "), limits::NICK_CHARS).replace(LIKE_SEPARATOR, "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_poses_as_another_is_no_nick() {
        assert_eq!(check("quiet-otter"), Ok(()));
        assert_eq!(check(""), Err(NickError::Empty));
        assert_eq!(check(" \t"), Err(NickError::Empty));
        assert_eq!(check("bob·jjfe"), Err(NickError::Separator));
        assert_eq!(check("bob\u{22c5}jjfe"), Err(NickError::Separator));
        assert_eq!(check(&"x".repeat(limits::NICK_CHARS + 1)), Err(NickError::TooLong));
        assert_eq!(clean("bob·jjfe\n"), "bob-jjfe");
        assert_eq!(clean("bob\u{2027}jjfe\u{2800}\u{2800}x"), "bob-jjfe x");
        assert_eq!(check("\u{2800}"), Err(NickError::Empty));
    }
}
