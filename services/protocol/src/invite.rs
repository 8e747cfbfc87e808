//! Invites: `chat1-` and 37 base32 symbols in groups of four: one of flags, 32 of a
//! 20-byte secret, four of a checksum that catches typos before anything is sent.

use crate::{encoding::ALPHABET, encoding::BASE32, hash};
use std::{fmt, str::FromStr};
use zeroize::{Zeroize, ZeroizeOnDrop};

const PREFIX: &str = "chat1";
const SECRET_BYTES: usize = 20;
const SECRET_CHARS: usize = 32;
const CHECK_CHARS: usize = 4;
const CHARS: usize = 1 + SECRET_CHARS + CHECK_CHARS;
const FLAG_CLEAR: u8 = 1;
const FLAG_NO_HISTORY: u8 = 2;

/// An invite's secret: wiped when dropped, and never printed.
///
/// Boxed, because a move of an inline array leaves an unwiped copy behind.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Box<[u8; SECRET_BYTES]>);

impl Secret {
    /// The secret that `fill` makes of zeros.
    ///
    /// # Errors
    /// Whatever `fill` returns.
    pub fn try_fill<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(Box::new([0; SECRET_BYTES]));
        fill(&mut *secret.0)?;
        Ok(secret)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }
}

impl From<[u8; SECRET_BYTES]> for Secret {
    fn from(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(Box::new(bytes))
    }
}

/// What lets someone into a private room: its secret, and the terms it was opened with.
///
/// Neither shown by `Debug` nor ever sent: the director learns only the room's id.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// From which the room's id and keys are derived.
    pub secret: Secret,
    /// Contents are not encrypted.
    pub clear: bool,
    /// Joiners are given the live transcript.
    pub history: bool,
}

/// Why a text is no invite. Nothing of the text is repeated: it may be nearly right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// It doesn't begin with `chat1`.
    #[error("an invite begins with chat1-")]
    Prefix,
    /// Too few or too many symbols.
    #[error("an invite has {CHARS} symbols after chat1-, this one {0}: was it cut off?")]
    Length(usize),
    /// A symbol outside the alphabet.
    #[error("{0:?} is in no invite: the symbols are a-z and 2-7")]
    Symbol(char),
    /// The checksum doesn't fit.
    #[error("the invite is mistyped (its checksum doesn't fit): compare it with the original")]
    Checksum,
    /// Made by a later version.
    #[error("the invite asks for something this version doesn't know: update chat")]
    Flags,
}

impl Invite {
    fn flags(&self) -> u8 {
        u8::from(self.clear) * FLAG_CLEAR + u8::from(!self.history) * FLAG_NO_HISTORY
    }

    fn checksum(flags: u8, secret: &Secret) -> String {
        let hash = hash::labelled("invite", [&[flags][..], secret.bytes()]);
        let mut text = BASE32.encode(&hash[..3]);
        text.truncate(CHECK_CHARS);
        text
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.flags();
        let mut symbols = String::with_capacity(CHARS);
        symbols.push(char::from(ALPHABET.as_bytes()[usize::from(flags)]));
        BASE32.encode_append(self.secret.bytes(), &mut symbols);
        symbols.push_str(&Self::checksum(flags, &self.secret));
        f.write_str(PREFIX)?;
        for (index, symbol) in symbols.chars().enumerate() {
            if index % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{symbol}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invite(..)")
    }
}

impl FromStr for Invite {
    type Err = InviteError;

    /// Case, hyphens and white space don't matter.
    fn from_str(text: &str) -> Result<Self, InviteError> {
        let symbols: String = text
            .chars()
            .filter(|symbol| *symbol != '-' && !symbol.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect();
        let symbols = symbols.strip_prefix(PREFIX).ok_or(InviteError::Prefix)?;
        if let Some(stray) = symbols.chars().find(|symbol| !ALPHABET.contains(*symbol)) {
            return Err(InviteError::Symbol(stray));
        }
        if symbols.len() != CHARS {
            return Err(InviteError::Length(symbols.len()));
        }
        let (flags, rest) = symbols.split_at(1);
        let (secret, checksum) = rest.split_at(SECRET_CHARS);
        let flags = ALPHABET.find(flags).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX);
        let decode = |out: &mut [u8]| BASE32.decode_mut(secret.as_bytes(), out).map(drop);
        let secret = Secret::try_fill(decode).map_err(|_| InviteError::Length(CHARS))?;
        if checksum != Self::checksum(flags, &secret) {
            return Err(InviteError::Checksum);
        }
        if flags & !(FLAG_CLEAR | FLAG_NO_HISTORY) != 0 {
            return Err(InviteError::Flags);
        }
        Ok(Self { secret, clear: flags & FLAG_CLEAR != 0, history: flags & FLAG_NO_HISTORY == 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn invites() -> impl Strategy<Value = Invite> {
        (any::<[u8; 20]>(), any::<bool>(), any::<bool>())
            .prop_map(|(secret, clear, history)| Invite { secret: secret.into(), clear, history })
    }

    proptest! {
        #[test]
        fn case_and_hyphens_do_not_matter(invite in invites()) {
            let text = invite.to_string();
            prop_assert_eq!(text.parse::<Invite>().unwrap(), invite.clone());
            let typed = format!(" {} ", text.to_uppercase().replace('-', ""));
            prop_assert_eq!(typed.parse::<Invite>().unwrap(), invite);
        }

        #[test]
        fn every_typo_of_one_symbol_is_caught(invite in invites(), at in 0usize..37, symbol in 0usize..32) {
            let text = invite.to_string();
            let mut symbols: Vec<char> = text["chat1-".len()..].chars().filter(|c| *c != '-').collect();
            let typo = char::from(ALPHABET.as_bytes()[symbol]);
            prop_assume!(symbols[at] != typo);
            symbols[at] = typo;
            let typed = format!("chat1{}", symbols.into_iter().collect::<String>());
            prop_assert!(typed.parse::<Invite>().is_err());
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,60}") {
            let _ = text.parse::<Invite>();
        }
    }

    #[test]
    fn the_symbols_are_37_in_groups_of_four() {
        let invite = Invite { secret: [0; 20].into(), clear: true, history: true };
        let groups: Vec<_> = invite.to_string().split('-').map(str::len).collect();
        assert_eq!(groups, [5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1]);
    }
}
