//! What a node may be called. Nothing is decided by a nick alone: beside it stands its key's tag,
//! behind a dot that no nick may have.

use crate::{limits, text};

/// What stands between a nick and the tag of its key.
pub const SEPARATOR: char = '·';
/// What looks like it.
const LIKE_SEPARATOR: [char; 5] = ['·', '\u{387}', '\u{2219}', '\u{22c5}', '\u{2e31}'];

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
    if text::one_line(nick, limits::NICK_CHARS).is_empty() {
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
    text::one_line(nick, limits::NICK_CHARS).replace(LIKE_SEPARATOR, "-")
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
    }
}
