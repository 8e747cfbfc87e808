//! The frame: a signed entry of the causally ordered log, holding a batch of items.

use crate::{
    ContentHash, Dot, Key, Lamport, NodeId, Number, Sealed, VectorClock,
    binary::Writer,
    encoding::{base64_newtype, from_text},
    envelope::{Violation, json_bytes},
    hash::{self, Past},
    limits,
    sealed::{Ciphertext, Commitment, EpochId},
};
use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, convert::Infallible};

base64_newtype!(
    /// An Ed25519 signature (RFC 8032).
    Signature,
    64
);

/// A signed entry of its author's log.
///
/// The first one (number 1) is the author's join; one with `final` is its last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Frame {
    /// The author.
    pub from: NodeId,
    /// The author's count of its frames, from 1.
    pub number: Number,
    /// 1 + the highest Lamport time delivered at the author.
    pub lamport: Lamport,
    /// What the author had delivered, and its own number.
    pub clock: VectorClock,
    /// Binds the contents of the author's previous frame and of those the clock names.
    pub past: Past,
    /// What was said, readable by anyone: this is a clear room.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// What was said, readable by the audience of its epoch. A frame that says nothing, a last
    /// one for example, has neither this nor items.
    #[serde(flatten)]
    pub sealed: Option<Sealed>,
    /// The author has left; nothing comes after this.
    #[serde(rename = "final", skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
    /// Signature of the author over the room and the hash of [`Frame::signed_form`].
    pub sig: Signature,
}

/// A frame as it is read: what serde flattens it would copy first.
#[derive(Deserialize)]
struct Fields {
    from: NodeId,
    number: Number,
    lamport: Lamport,
    clock: VectorClock,
    past: Past,
    #[serde(default)]
    items: Vec<Item>,
    epoch: Option<EpochId>,
    step: Option<u32>,
    commit: Option<Commitment>,
    body: Option<Ciphertext>,
    #[serde(rename = "final", default)]
    is_final: bool,
    sig: Signature,
}

impl TryFrom<Fields> for Frame {
    type Error = Violation;

    fn try_from(fields: Fields) -> Result<Self, Violation> {
        let Fields { from, number, lamport, clock, past, items, is_final, sig, .. } = fields;
        let sealed = match (fields.epoch, fields.step, fields.commit, fields.body) {
            (Some(epoch), Some(step), Some(commit), Some(body)) => {
                Some(Sealed { epoch, step, commit, body })
            }
            (None, None, None, None) => None,
            _ => return Err(Violation("contents are sealed in part")),
        };
        Ok(Self { from, number, lamport, clock, past, items, sealed, is_final, sig })
    }
}

impl Frame {
    /// The frame's name.
    #[must_use]
    pub fn dot(&self) -> Dot {
        Dot::new(self.from, self.number)
    }

    /// The frame's place in the transcript.
    #[must_use]
    pub fn key(&self) -> Key {
        Key { lamport: self.lamport, node: self.from, number: self.number }
    }

    /// The author's previous frame, if this isn't its first.
    #[must_use]
    pub fn previous(&self) -> Option<Dot> {
        (self.number > Number(1)).then(|| Dot::new(self.from, Number(self.number.0 - 1)))
    }

    /// The dots of other nodes that the clock names.
    pub fn named(&self) -> impl Iterator<Item = Dot> + '_ {
        self.clock.dots().filter(|dot| dot.node != self.from)
    }

    /// Whether it says anything.
    #[must_use]
    pub fn has_contents(&self) -> bool {
        self.sealed.is_some() || !self.items.is_empty()
    }

    /// `1 sender10 epoch16 number8 step4 flags1 len8 causal`, where `causal` is the Lamport
    /// time, the clock and `past`: what a sealed body is bound to. Without a sealed body epoch
    /// and step are zero.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.header_bytes());
        self.write_header(&mut out);
        out.into_bytes()
    }

    fn write_header(&self, out: &mut Writer) {
        let sealed = self.sealed.as_ref();
        let (epoch, step) = sealed.map_or((EpochId::ZERO, 0), |sealed| (sealed.epoch, sealed.step));
        out.u8(1).node(self.from).bytes(&epoch.0).u64(self.number.0).u32(step);
        out.u8(u8::from(self.is_final)).sized_by(|causal| {
            causal.u64(self.lamport.0).clock(&self.clock).bytes(&self.past.0);
        });
    }

    /// How long the header is.
    fn header_bytes(&self) -> usize {
        80 + 18 * self.clock.len()
    }

    /// The bytes that are signed and hashed, all fields but the signature:
    /// `header commit32 len8 body`, where `body` is what is encrypted, or the items after a
    /// commitment of zero.
    #[must_use]
    pub fn signed_form(&self) -> Vec<u8> {
        self.signed_pieces().concat()
    }

    /// Hash of [`Frame::signed_form`]: the identity of the frame's content.
    #[must_use]
    pub fn content_hash(&self) -> ContentHash {
        let pieces = self.signed_pieces();
        ContentHash(hash::labelled_pieces("frame", pieces.each_ref().map(|piece| &**piece)))
    }

    /// The signed form in two pieces: what is encrypted needs no copy.
    fn signed_pieces(&self) -> [Cow<'_, [u8]>; 2] {
        let mut head = Writer::with_capacity(self.header_bytes() + 32 + 8);
        self.write_header(&mut head);
        let body = match &self.sealed {
            Some(sealed) => {
                head.bytes(&sealed.commit.0).u64(sealed.body.0.len() as u64);
                Cow::from(&sealed.body.0)
            }
            None => {
                let mut body = Writer::default();
                body.list(self.items.iter(), |out, item| item.write(out));
                head.bytes(&[0; 32]).u64(body.as_slice().len() as u64);
                Cow::from(body.into_bytes())
            }
        };
        [head.into_bytes().into(), body]
    }

    /// Checks what can be told from the frame alone.
    ///
    /// # Errors
    /// The bound that the frame breaks.
    pub fn check(&self) -> Result<(), Violation> {
        if self.number.0 == 0 || self.lamport.0 == 0 {
            return Err(Violation("number and lamport count from 1"));
        }
        if self.clock.len() > limits::CLOCK_ENTRIES {
            return Err(Violation("clock has too many entries"));
        }
        if self.clock.get(&self.from) != self.number {
            return Err(Violation("clock entry of the sender is not its number"));
        }
        if self.clock.dots().any(|dot| dot.number.0 == 0) {
            return Err(Violation("clock entry of zero"));
        }
        // Each number of a clock is at most the Lamport time of the frame that it names.
        if self.lamport.0 < self.number.0 || self.named().any(|dot| dot.number.0 >= self.lamport.0)
        {
            return Err(Violation("lamport is not above what the clock names"));
        }
        if let Some(sealed) = &self.sealed {
            sealed.check()?;
            if !self.items.is_empty() {
                return Err(Violation("contents both sealed and clear"));
            }
        }
        check_items(&self.items)?;
        // Names of unknown kinds and topics have no bound of their own.
        if self.contents_bytes() > limits::CONTENTS_BYTES {
            return Err(Violation("frame too long"));
        }
        Ok(())
    }

    /// How long the signed form is.
    #[must_use]
    pub fn signed_bytes(&self) -> usize {
        self.header_bytes() + 32 + 8 + self.contents_bytes()
    }

    fn contents_bytes(&self) -> usize {
        match &self.sealed {
            Some(sealed) => sealed.body.0.len(),
            None => 8 + self.items.iter().map(Item::signed_bytes).sum::<usize>(),
        }
    }

    /// Bytes that it takes as JSON.
    #[must_use]
    pub fn json_bytes(&self) -> usize {
        let Some(sealed) = &self.sealed else { return json_bytes(self) };
        // Encoding the body only to count it would cost more than all else here.
        let Sealed { epoch, step, commit, body } = sealed;
        let (epoch, step, commit) = (*epoch, *step, *commit);
        let hollow = Sealed { epoch, step, commit, body: Ciphertext::default() };
        let hollow = Self {
            sealed: Some(hollow),
            clock: self.clock.clone(),
            items: self.items.clone(),
            ..*self
        };
        json_bytes(&hollow) + body.text_bytes()
    }
}

/// Checks a batch, as it is sent in the clear or comes out of a sealed body.
///
/// # Errors
/// The bound that it breaks.
pub fn check_items(items: &[Item]) -> Result<(), Violation> {
    if items.len() > limits::BATCH_ITEMS {
        return Err(Violation("too many items"));
    }
    if items.iter().any(|item| item.text.len() > limits::TEXT_BYTES) {
        return Err(Violation("item too long"));
    }
    if items.iter().map(|item| item.text.len()).sum::<usize>() > limits::CONTENTS_BYTES {
        return Err(Violation("frame too long"));
    }
    Ok(())
}

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What sort of thing.
    pub kind: ItemKind,
    /// The text, verbatim; of a join or nick item the nick. A slice of what was decrypted.
    #[serde(default)]
    pub text: ByteString,
    /// The author's wall clock in milliseconds since 1970: a label, nothing depends on it.
    #[serde(default)]
    pub at: u64,
    /// Of a join item: the terms the author believes the room to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

impl Item {
    /// How long [`Item::write`] makes a form.
    fn signed_bytes(&self) -> usize {
        let terms = |terms: &Terms| 1 + 4 + 8 + terms.topic.as_ref().map_or(0, String::len);
        let terms = self.terms.as_ref().map_or(0, terms);
        8 + self.kind.as_str().len() + 8 + self.text.len() + 8 + 1 + terms
    }

    fn write(&self, out: &mut Writer) {
        out.sized(self.kind.as_str().as_bytes()).sized(self.text.as_bytes()).u64(self.at);
        match &self.terms {
            None => out.u8(0),
            Some(terms) => out
                .u8(1)
                .u8(terms.flags())
                .u32(terms.capacity.unwrap_or(0))
                .sized(terms.topic.as_deref().unwrap_or_default().as_bytes()),
        };
    }
}

/// The sort of an [`Item`]. Unknown ones are kept, signed over, and shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// The author came in; the text is its nick.
    Join,
    /// The author took another nick.
    Nick,
    /// Something said.
    Text,
    /// Something done (`/me`).
    Action,
    /// A kind of a later version.
    Unknown(String),
}

impl ItemKind {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Join => "join",
            Self::Nick => "nick",
            Self::Text => "text",
            Self::Action => "action",
            Self::Unknown(name) => name,
        }
    }
}

impl From<&str> for ItemKind {
    fn from(name: &str) -> Self {
        match name {
            "join" => Self::Join,
            "nick" => Self::Nick,
            "text" => Self::Text,
            "action" => Self::Action,
            _ => Self::Unknown(name.to_owned()),
        }
    }
}

impl Serialize for ItemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ItemKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |name| Ok::<_, Infallible>(name.into()))
    }
}

/// What a room was opened with; repeated in every member's signed join frame, so that
/// nobody can be talked into other terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The live transcript is passed on to joiners.
    pub history: bool,
    /// Contents are end-to-end encrypted.
    pub sealed: bool,
    /// What the discussion is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// How many members fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
}

impl Terms {
    /// One bit for each field: its value, or, of what may be absent, whether it is there.
    fn flags(&self) -> u8 {
        u8::from(self.history)
            | u8::from(self.sealed) << 1
            | u8::from(self.topic.is_some()) << 2
            | u8::from(self.capacity.is_some()) << 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(kind: ItemKind, topic: Option<String>, capacity: Option<u32>) -> Frame {
        let dot = Dot::new(NodeId([1; 10]), Number(1));
        let terms = Some(Terms { history: true, sealed: false, topic, capacity });
        Frame {
            from: dot.node,
            number: dot.number,
            lamport: Lamport(1),
            clock: VectorClock::from_iter([dot]),
            past: Past([0; 16]),
            items: vec![Item { kind, text: "ann".into(), at: 1, terms }],
            sealed: None,
            is_final: false,
            sig: Signature::ZERO,
        }
    }

    #[test]
    fn an_empty_topic_and_no_capacity_at_all_are_other_terms_than_none() {
        let form = |topic: Option<&str>, capacity| {
            join(ItemKind::Join, topic.map(str::to_owned), capacity).signed_form()
        };
        assert_ne!(form(None, None), form(Some(""), None));
        assert_ne!(form(None, None), form(None, Some(0)));
    }

    #[test]
    fn what_has_no_bound_of_its_own_counts_towards_the_frame() {
        let long = "x".repeat(limits::CONTENTS_BYTES);
        assert_eq!(join(ItemKind::Join, None, None).check(), Ok(()));
        assert!(join(ItemKind::Join, Some(long.clone()), None).check().is_err());
        assert!(join(ItemKind::Unknown(long), None, None).check().is_err());
    }
}
