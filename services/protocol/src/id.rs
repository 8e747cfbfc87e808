//! Identifiers of rooms and nodes: random bytes, shown as lower-case base32.

use crate::encoding::{BASE32, base32_array, from_text, to_text};
use std::{cmp::Ordering, fmt, str::FromStr};

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} characters of a-z and 2-7")]
pub struct IdError {
    expected: usize,
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $bytes:expr, $chars:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// Length of the text form, in characters.
            pub const CHARS: usize = $chars;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                BASE32.encode_display(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                base32_array(text).map(Self).ok_or(IdError { expected: $chars })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                to_text::<$chars, S>(serializer, &BASE32, &self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, str::parse)
            }
        }
    };
}

id!(
    /// A room: 16 bytes, 26 characters. The two spare bits of the last character are
    /// ignored when parsed, so each id has one canonical text.
    #[derive(PartialOrd, Ord)]
    RoomId,
    16,
    26
);

id!(
    /// A node in one room: the first 10 bytes of a hash of its public key and the room
    /// (self-certifying), 16 characters. One process and room, one id. Ordered as their texts
    /// are in ASCII: whoever sorts what `--json` prints sorts alike.
    NodeId,
    10,
    16
);

/// The highest bit of each symbol of five bits.
const HIGH: u128 = 0x1084_2108_4210_8421_0842_1084_2108_4210;
/// Six in each symbol: the digits 2 to 7 follow the letters in base32, and precede them in ASCII.
const SIX: u128 = 0x0631_8c63_18c6_318c_6318_c631_8c63_18c6;

impl Ord for NodeId {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let as_text = |id: &Self| {
            // In registers: a load of all that was just stored in parts has to wait for it.
            let [a, b, c, d, e, f, g, h, tail @ ..] = id.0;
            let head = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            let symbols = u128::from(head) << 16 | u128::from(u16::from_be_bytes(tail));
            // Adds in each symbol by itself, without carrying into the next.
            ((symbols & !HIGH) + (SIX & !HIGH)) ^ ((symbols ^ SIX) & HIGH)
        };
        // What lies above the sixteen symbols is the same for both.
        as_text(self).cmp(&as_text(other))
    }
}

impl PartialOrd for NodeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl NodeId {
    /// The first four characters, shown behind a nick to tell namesakes apart.
    #[must_use]
    pub fn tag(&self) -> String {
        let mut text = self.to_string();
        text.truncate(4);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_length_of_the_contract_and_survive_the_round_trip() {
        let room = RoomId([0xa5; 16]);
        let node = NodeId([0x5a; 10]);
        assert_eq!(room.to_string().len(), RoomId::CHARS);
        assert_eq!(node.to_string().len(), NodeId::CHARS);
        assert_eq!(room.to_string().parse(), Ok(room));
        assert_eq!(node.to_string().parse(), Ok(node));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "a", &"a".repeat(25), &"a".repeat(27), &"A".repeat(26), &"1".repeat(26), "é"]
        {
            assert!(text.parse::<RoomId>().is_err(), "{text}");
        }
    }
}
