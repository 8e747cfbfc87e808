//! An invite is read as it was shown, and not otherwise.
//!
//! The checksum has 20 bits: of a million mistyped invites one passes. What it must catch
//! for certain, or what the length or the alphabet catches, is tried on generated invites;
//! what it catches with that probability, on fixed ones.

use chat_protocol::{Invite, encoding::ALPHABET, invite::InviteError};
use proptest::prelude::*;

const SYMBOLS: usize = 37;
const CHECKSUM: usize = 4;

fn invites() -> impl Strategy<Value = Invite> {
    (any::<[u8; 20]>(), any::<bool>(), any::<bool>()).prop_map(|(secret, clear, history)| Invite {
        secret: secret.into(),
        clear,
        history,
    })
}

fn alphabet() -> impl Strategy<Value = char> {
    prop::sample::select(ALPHABET.chars().collect::<Vec<_>>())
}

/// The symbols behind the prefix, without hyphens.
fn symbols(invite: &Invite) -> Vec<char> {
    invite.to_string()["chat1-".len()..].chars().filter(|symbol| *symbol != '-').collect()
}

fn read(symbols: &[char]) -> Result<Invite, InviteError> {
    format!("chat1-{}", symbols.iter().collect::<String>()).parse()
}

proptest! {
    #[test]
    fn an_invite_survives_the_round_trip(invite in invites(), upper in any::<bool>()) {
        let text = invite.to_string();
        let typed = if upper { text.to_uppercase().replace('-', " ") } else { text };
        prop_assert_eq!(typed.parse(), Ok(invite));
    }

    #[test]
    fn different_invites_have_different_texts(one in invites(), other in invites()) {
        prop_assert_eq!(one.to_string() == other.to_string(), one == other);
    }

    #[test]
    fn a_cut_off_invite_is_refused(invite in invites(), at in any::<prop::sample::Index>()) {
        let text = invite.to_string();
        prop_assert!(text[..at.index(text.len())].parse::<Invite>().is_err());
    }

    #[test]
    fn a_symbol_too_many_is_refused(
        invite in invites(), at in 0..=SYMBOLS, symbol in alphabet(),
    ) {
        let mut symbols = symbols(&invite);
        symbols.insert(at, symbol);
        prop_assert_eq!(read(&symbols), Err(InviteError::Length(SYMBOLS + 1)));
    }

    #[test]
    fn a_mistyped_checksum_is_refused(
        invite in invites(), at in SYMBOLS - CHECKSUM..SYMBOLS, symbol in alphabet(),
    ) {
        let mut symbols = symbols(&invite);
        prop_assume!(symbols[at] != symbol);
        symbols[at] = symbol;
        prop_assert_eq!(read(&symbols), Err(InviteError::Checksum));
    }

    #[test]
    fn a_character_of_no_invite_is_refused(
        invite in invites(), at in 0..SYMBOLS, stray in "[^-a-zA-Z2-7\\s\u{212a}\u{130}]",
    ) {
        let mut symbols = symbols(&invite);
        symbols[at] = stray.chars().next().expect("one was generated");
        prop_assert!(matches!(read(&symbols), Err(InviteError::Symbol(_))));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_secret(invite in invites(), at in 0..SYMBOLS) {
        let mut symbols = symbols(&invite);
        symbols.remove(at);
        let told = read(&symbols).expect_err("one symbol is missing").to_string();
        let shown = format!("{invite:?}");
        for part in symbols.windows(8) {
            let part: String = part.iter().collect();
            prop_assert!(!told.contains(&part) && !shown.contains(&part));
        }
    }
}

#[test]
fn every_single_mistyped_symbol_is_refused() {
    for (byte, clear, history) in [(0x00, true, true), (0x5a, false, true), (0xff, true, false)] {
        let original = symbols(&Invite { secret: [byte; 20].into(), clear, history });
        for at in 0..SYMBOLS {
            for symbol in ALPHABET.chars().filter(|symbol| *symbol != original[at]) {
                let mut symbols = original.clone();
                symbols[at] = symbol;
                assert_eq!(read(&symbols), Err(InviteError::Checksum), "{symbols:?}");
            }
        }
    }
}

#[test]
fn two_swapped_neighbours_are_refused() {
    let original =
        symbols(&Invite { secret: (*b"a twenty byte secret").into(), clear: true, history: true });
    for at in (1..SYMBOLS).filter(|at| original[at - 1] != original[*at]) {
        let mut symbols = original.clone();
        symbols.swap(at - 1, at);
        assert_eq!(read(&symbols), Err(InviteError::Checksum), "{symbols:?}");
    }
}
