//! Contents of a frame under its message key: padded to a few sizes, encrypted, committed to.
//!
//! `E(mk, "aead")[76] = key32 nonce12 commit32`; ChaCha20-Poly1305 (RFC 8439) over the batch
//! as CBOR (RFC 8949), padded with `0x80 0x00*`. A message key serves one frame, so the nonce
//! can be derived; the commitment makes up for what the AEAD lacks (key commitment).

use crate::key::Key;
use bytes::Bytes;
use bytestring::ByteString;
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use chat_protocol::{
    Item, ItemKind,
    frame::{self, Terms},
    limits,
    sealed::{Ciphertext, Commitment},
};
use minicbor_serde::{Deserializer, Serializer};
use serde::{
    Deserialize, Deserializer as _, Serialize,
    de::{Error, SeqAccess, Visitor},
};
use std::fmt;
use zeroize::Zeroizing;

/// Sizes that contents are padded to: a length tells little.
const SIZES: [usize; 6] = [256, 1 << 10, 4 << 10, 16 << 10, 32 << 10, 64 << 10];

/// The size on the wire of a batch whose items take so many bytes, in bytes of base64url.
#[must_use]
pub fn sealed_size(bytes: usize) -> usize {
    (padded_size(COUNT + bytes).unwrap_or(usize::MAX / 2) + 16) / 3 * 4 + 4
}

/// What a batch of so many bytes is padded to; none if it is too large.
fn padded_size(bytes: usize) -> Option<usize> {
    SIZES.into_iter().find(|size| bytes < *size)
}

/// What the count of its items takes in a batch, at most.
const COUNT: usize = 3;
/// What an item takes beside its texts and their lengths, at most,
const ITEM: usize = 23;
/// and what terms take beside theirs.
const TERMS: usize = 55;

/// What an item takes in a batch, at most.
#[must_use]
pub fn item_bytes(item: &Item) -> usize {
    let topic = |terms: &Terms| terms.topic.as_ref().map_or(0, String::len);
    let terms = item.terms.as_ref().map_or(0, |terms| topic(terms) + TERMS);
    let texts = [item.kind.as_str(), &item.text].map(|text| length_bytes(text.len()) + text.len());
    ITEM + texts.iter().sum::<usize>() + terms
}

/// What a length takes before what it counts, as in [`length`]: no text's is larger.
fn length_bytes(length: usize) -> usize {
    match length {
        ..24 => 1,
        24..256 => 2,
        _ => 3,
    }
}

struct Schedule {
    cipher: ChaCha20Poly1305,
    nonce: [u8; 12],
    commit: Commitment,
}

fn schedule(message: &Key) -> Schedule {
    let mut out = Zeroizing::new([0; 76]);
    message.expand("aead", b"", out.as_mut());
    let (mut nonce, mut commit) = ([0; 12], [0; 32]);
    nonce.copy_from_slice(&out[32..44]);
    commit.copy_from_slice(&out[44..]);
    let cipher = ChaCha20Poly1305::new_from_slice(&out[..32]).expect("32 bytes are a key");
    Schedule { cipher, nonce, commit: Commitment(commit) }
}

/// The value that fixes a message key.
pub(crate) fn commitment(message: &Key) -> Commitment {
    schedule(message).commit
}

/// Pads and encrypts a batch; none if it could be too large.
pub(crate) fn encrypt(message: &Key, bound: &[u8], items: &[Item]) -> Option<Ciphertext> {
    // What it outgrew would stay behind unwiped.
    let most = COUNT + items.iter().map(item_bytes).sum::<usize>();
    let mut padded = Zeroizing::new(Vec::with_capacity(padded_size(most)?));
    items.serialize(&mut Serializer::new(&mut *padded)).ok()?;
    let size = padded_size(padded.len())?;
    padded.push(0x80);
    padded.resize(size, 0);
    let Schedule { cipher, nonce, .. } = schedule(message);
    let payload = Payload { msg: &padded, aad: bound };
    cipher.encrypt(&nonce.into(), payload).ok().map(Ciphertext)
}

/// Decrypts a batch; none if it isn't what its author encrypted, or breaks a bound.
pub(crate) fn decrypt(message: &Key, bound: &[u8], body: &Ciphertext) -> Option<Vec<Item>> {
    let Schedule { cipher, nonce, .. } = schedule(message);
    let payload = Payload { msg: &body.0, aad: bound };
    let mut padded = cipher.decrypt(&nonce.into(), payload).ok()?;
    let end = padding(&padded)?;
    padded.truncate(end);
    parse_batch(padded)
}

/// Where the padding begins; none where there is none.
fn padding(padded: &[u8]) -> Option<usize> {
    /// Looked at together: most of it is zeros.
    const ZEROS: usize = 64;
    let is_zero = |chunk: &&[u8]| chunk.iter().fold(0, |all, byte| all | byte) == 0;
    let zeros = padded.rchunks_exact(ZEROS).take_while(is_zero).count();
    let rest = &padded[..padded.len() - zeros * ZEROS];
    rest.iter().rposition(|byte| *byte != 0).filter(|at| rest[*at] == 0x80)
}

/// An [`Item`] as it lies in a batch.
#[derive(Deserialize)]
struct Written<'a> {
    kind: &'a str,
    #[serde(default)]
    text: &'a str,
    #[serde(default)]
    at: u64,
    #[serde(default)]
    terms: Option<Terms>,
}

/// Reads a batch of items, as it comes out of a sealed body; none if it breaks a bound. Their
/// texts are slices of it, unless they would keep much else in memory.
#[must_use]
pub fn parse_batch(bytes: Vec<u8>) -> Option<Vec<Item>> {
    let bytes = Bytes::from(bytes);
    let mut items = texts_alone(&bytes).or_else(|| items(&bytes))?;
    frame::check_items(&items).ok()?;
    if 2 * items.iter().map(|item| item.text.len()).sum::<usize>() <= bytes.len() {
        items.iter_mut().for_each(|item| item.text = (&*item.text).into());
    }
    Some(items)
}

/// Reads a batch whose items are texts, their fields in the order and times in the eight bytes in
/// which [`encrypt`] writes them; none of any other. Telling fields apart, as [`items`] does, takes
/// several times as long.
fn texts_alone(bytes: &Bytes) -> Option<Vec<Item>> {
    let (count, mut rest) = length(bytes, 0x80)?;
    let mut items = Vec::with_capacity(count.min(limits::BATCH_ITEMS));
    for _ in 0..count {
        let (text, tail) = length(rest.strip_prefix(b"\xa3\x64kind\x64text\x64text")?, 0x60)?;
        let (text, tail) = tail.split_at_checked(text)?;
        let (at, tail) = tail.strip_prefix(b"\x62at\x1b")?.split_first_chunk()?;
        let text = ByteString::try_from(bytes.slice_ref(text)).ok()?;
        items.push(Item { kind: ItemKind::Text, text, at: u64::from_be_bytes(*at), terms: None });
        rest = tail;
    }
    Some(items)
}

/// A length before what it counts, of this major type, and what follows (RFC 8949, section 3).
fn length(bytes: &[u8], major: u8) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first.checked_sub(major)? {
        short @ 0..24 => Some((short.into(), rest)),
        24 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest)),
        25 => rest
            .split_first_chunk()
            .map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest)),
        _ => None,
    }
}

/// Reads a batch of any items.
fn items(bytes: &Bytes) -> Option<Vec<Item>> {
    (&mut Deserializer::new(bytes)).deserialize_seq(Batch(bytes)).ok()
}

/// Reads items whose texts are slices of these bytes.
struct Batch<'a>(&'a Bytes);

impl<'de> Visitor<'de> for Batch<'de> {
    type Value = Vec<Item>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Item>, A::Error> {
        let count = items.size_hint().unwrap_or_default();
        let mut read = Vec::with_capacity(count.min(limits::BATCH_ITEMS));
        while let Some(Written { kind, text, at, terms }) = items.next_element()? {
            let text = self.0.slice_ref(text.as_bytes());
            let text = ByteString::try_from(text).map_err(A::Error::custom)?;
            read.push(Item { kind: kind.into(), text, at, terms });
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn key(byte: u8) -> Key {
        Key::from_bytes(&[byte; 32])
    }

    fn text(text: impl Into<ByteString>) -> Item {
        Item { kind: ItemKind::Text, text: text.into(), at: 1, terms: None }
    }

    #[test]
    fn what_is_encrypted_is_read_with_its_key_and_what_it_is_bound_to_and_no_other() {
        let items = [text("hi"), text("\0\u{80}"), text("x".repeat(limits::TEXT_BYTES))];
        let body = encrypt(&key(1), b"here", &items).unwrap();
        assert_eq!(decrypt(&key(1), b"here", &body).unwrap(), items);
        assert!(decrypt(&key(2), b"here", &body).is_none());
        assert!(decrypt(&key(1), b"there", &body).is_none());
        for at in 0..64 {
            let mut wrong = body.clone();
            wrong.0[at] ^= 1;
            assert!(decrypt(&key(1), b"here", &wrong).is_none(), "byte {at}");
            assert!(decrypt(&key(1), b"here", &Ciphertext(body.0[..at].to_vec())).is_none());
        }
        assert_ne!(commitment(&key(1)), commitment(&key(2)));
    }

    #[test]
    fn what_is_nested_deep_is_passed_over_without_a_stack() {
        let nested = |wraps: &[u8]| {
            // A list of one map of two: a kind, and a field of a later version.
            let mut bytes = b"\x81\xa2\x64kind\x64text\x61x".to_vec();
            bytes.extend(wraps.iter().cycle().take(32 << 10));
            bytes.push(1);
            bytes
        };
        assert_eq!(parse_batch(nested(b"\x81")).unwrap()[0].kind, ItemKind::Text);
        // A tag, a map's value, a list that never ends.
        for (wraps, reads) in [(&b"\xc6"[..], true), (b"\xa1\x01", true), (b"\x9f", false)] {
            assert_eq!(parse_batch(nested(wraps)).is_some(), reads, "{wraps:?}");
        }
    }

    #[test]
    fn texts_of_a_full_batch_lie_where_they_were_decrypted() {
        let items = vec![text("x".repeat(200)); 100];
        let read = decrypt(&key(1), b"", &encrypt(&key(1), b"", &items).unwrap()).unwrap();
        let places: Vec<_> = read.iter().map(|item| item.text.as_bytes().as_ptr().addr()).collect();
        let stride = minicbor_serde::to_vec(&items[0]).unwrap().len();
        assert!(places.windows(2).all(|next| next[1] - next[0] == stride), "{places:?}");
    }

    #[test]
    fn texts_are_read_as_any_items_are() {
        let now = u64::MAX / 3;
        let said = |text: &str| Item { at: now, ..self::text(text.to_owned()) };
        let short = [said(""), said("h\u{e9}"), said(&"x".repeat(30))];
        for batch in [&short[..], &[said(&"y".repeat(300)), said("")], &vec![said("z"); 30], &[]] {
            let bytes = minicbor_serde::to_vec(batch).unwrap();
            assert_eq!(texts_alone(&bytes.clone().into()).as_deref(), Some(batch));
        }
        let bytes = minicbor_serde::to_vec(&short).unwrap();
        let check = |bytes: Vec<u8>| {
            let bytes = Bytes::from(bytes);
            let texts = texts_alone(&bytes);
            assert!(texts.is_none() || texts == items(&bytes), "{bytes:?}");
        };
        for at in 0..bytes.len() {
            check(bytes[..at].to_vec());
            for byte in 0..=u8::MAX {
                let mut changed = bytes.clone();
                changed[at] = byte;
                check(changed);
            }
        }
    }

    #[test]
    fn no_item_takes_more_than_is_kept_for_it() {
        let topic = Some("x".repeat(limits::TOPIC_CHARS));
        let terms = Terms { history: true, sealed: true, topic, capacity: Some(u32::MAX) };
        for kind in ["join", "text", &"x".repeat(300)] {
            for text in ["", &"x".repeat(300), &"x".repeat(limits::TEXT_BYTES)] {
                let terms = Some(terms.clone());
                let item = Item { kind: kind.into(), text: text.into(), at: u64::MAX, terms };
                let most = item_bytes(&item);
                assert!(minicbor_serde::to_vec(&item).unwrap().len() <= most, "{kind} {text}");
                let plain = Item { terms: None, ..item };
                let bytes = minicbor_serde::to_vec(&plain).unwrap().len();
                assert_eq!(bytes, item_bytes(&plain), "{kind} {text}");
            }
        }
    }

    #[test]
    fn lengths_tell_little() {
        let length =
            |bytes: usize| encrypt(&key(1), b"", &[text("x".repeat(bytes))]).unwrap().0.len();
        let lengths: BTreeSet<_> = (0..200).map(length).collect();
        assert_eq!(lengths.len(), 1);
        assert_eq!(encrypt(&key(1), b"", &[]).unwrap().0.len(), length(0));
    }

    #[test]
    fn the_largest_batch_fits_and_breaking_a_bound_makes_it_unreadable() {
        let (short, long) = (text("\u{1}".repeat(90)), |bytes| text("\u{1}".repeat(bytes)));
        let mut largest = vec![short; limits::BATCH_ITEMS];
        largest[0] = long(300);
        let spare = limits::BATCH_BYTES - largest.iter().map(item_bytes).sum::<usize>();
        largest[0] = long(300 + spare);
        let body = encrypt(&key(1), b"", &largest).unwrap();
        assert_eq!(body.0.len(), limits::SEALED_BYTES);
        assert_eq!(decrypt(&key(1), b"", &body).unwrap(), largest);
        largest[0] = long(300 + spare + 1);
        assert!(encrypt(&key(1), b"", &largest).is_none());
        let many = vec![text(""); limits::BATCH_ITEMS + 1];
        let body = encrypt(&key(1), b"", &many).unwrap();
        assert!(body.0.len() <= limits::SEALED_BYTES);
        assert!(decrypt(&key(1), b"", &body).is_none());
        assert!(encrypt(&key(1), b"", &vec![text("x".repeat(limits::TEXT_BYTES)); 4]).is_none());
    }
}
