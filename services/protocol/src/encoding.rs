//! Text forms of binary values: lower-case base32 (RFC 4648) for what stands in subjects
//! and invites, base64url without padding for the rest, both behind fixed-size newtypes.

use data_encoding::{Encoding, Specification};
use serde::{
    Deserializer, Serializer,
    de::{Error, Visitor},
};
use std::{fmt, marker::PhantomData, sync::LazyLock};

/// The alphabet of identifiers and invites: RFC 4648 base32, lower case, no padding.
pub const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz234567";

/// Base32 over [`ALPHABET`]. Spare bits of the last character are ignored when decoding.
pub static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str(ALPHABET);
    spec.check_trailing_bits = false;
    spec.encoding().expect("32 distinct ASCII symbols are an alphabet")
});

/// Decodes exactly `N` bytes of base64url, or nothing.
#[must_use]
pub fn base64_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode_array(&data_encoding::BASE64URL_NOPAD, text)
}

/// Decodes exactly `N` bytes of base32, or nothing.
#[must_use]
pub fn base32_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode_array(&BASE32, text)
}

fn decode_array<const N: usize>(encoding: &Encoding, text: &str) -> Option<[u8; N]> {
    // Refuse by length first: an attacker's megabyte is not worth decoding.
    if text.len() != encoding.encode_len(N) {
        return None;
    }
    let mut out = [0; N];
    let written = encoding.decode_mut(text.as_bytes(), &mut out).ok()?;
    (written == N).then_some(out)
}

/// Writes bytes as a text of so many characters, without a formatter.
pub(crate) fn to_text<const CHARS: usize, S: Serializer>(
    serializer: S,
    encoding: &Encoding,
    bytes: &[u8],
) -> Result<S::Ok, S::Error> {
    let mut text = [0; CHARS];
    encoding.encode_mut(bytes, &mut text);
    serializer.serialize_str(str::from_utf8(&text).expect("an alphabet is ASCII"))
}

/// Reads a value from its text without a copy of that.
pub(crate) fn from_text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    struct Text<F, T>(F, PhantomData<T>);

    impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F, T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<Failed: Error>(self, text: &str) -> Result<T, Failed> {
            (self.0)(text).map_err(Failed::custom)
        }
    }

    deserializer.deserialize_str(Text(read, PhantomData))
}

/// Defines a fixed-size byte string that travels as base64url text.
macro_rules! base64_newtype {
    ($(#[$meta:meta])* $name:ident, $len:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// All zero bytes: the value of an absent field in a signed binary form.
            pub const ZERO: Self = Self([0; $len]);
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                data_encoding::BASE64URL_NOPAD.encode_display(&self.0).fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                const CHARS: usize = ($len * 4_usize).div_ceil(3);
                let encoding = &data_encoding::BASE64URL_NOPAD;
                $crate::encoding::to_text::<CHARS, S>(serializer, encoding, &self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let why = concat!("not ", $len, " bytes of base64url");
                $crate::encoding::from_text(deserializer, |text| {
                    $crate::encoding::base64_array(text).map(Self).ok_or(why)
                })
            }
        }
    };
}
pub(crate) use base64_newtype;
