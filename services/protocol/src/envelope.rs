//! The one JSON object of each NATS message: `{"v":1,"kind":…}`.

use crate::{Beat, Frame, Give, Hello, Mint, NodeId, Refuse, Want, limits};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, sync::Arc};

/// The version of the wire format.
pub const VERSION: u64 = 1;

/// What a room's subjects carry, and what answers to requests on them are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// An entry of the log.
    Frame(Arc<Frame>),
    /// Presence and frontier.
    Beat(Beat),
    /// A node's public key.
    Hello(Hello),
    /// A request for repair.
    Want(Want),
    /// An answer to one.
    Give(Give),
    /// An epoch's secret, for its audience.
    Mint(Arc<Mint>),
    /// An answer to one who isn't let in.
    Refuse(Refuse),
}

/// A bound that an envelope breaks, told from its bytes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Violation(pub &'static str);

/// Why bytes are no envelope.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// More than [`limits::ENVELOPE_BYTES`].
    #[error("{0} bytes are more than a message may have")]
    TooLong(usize),
    /// Not JSON, or not of the kind's shape.
    #[error("not a message of this protocol: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A version this program doesn't speak.
    #[error("protocol version {0}; this program speaks {VERSION}")]
    Version(u64),
    /// A kind this program doesn't know.
    #[error("unknown kind of message")]
    UnknownKind,
    /// A bound is broken.
    #[error(transparent)]
    Violation(#[from] Violation),
}

impl Envelope {
    /// Reads and bounds-checks an envelope. Signatures are not looked at here.
    ///
    /// # Errors
    /// What is wrong with the bytes; never panics.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > limits::ENVELOPE_BYTES {
            return Err(ParseError::TooLong(bytes.len()));
        }
        let envelope = match serde_json::from_slice(bytes) {
            Ok(AsWritten(envelope)) => envelope,
            Err(_) => Self::parse_any_order(bytes)?,
        };
        envelope.check()?;
        Ok(envelope)
    }

    /// What isn't [`AsWritten`]: reads it twice, and tells what is wrong with it.
    fn parse_any_order(bytes: &[u8]) -> Result<Self, ParseError> {
        #[derive(Deserialize)]
        struct Head {
            v: u64,
            kind: String,
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.v != VERSION {
            return Err(ParseError::Version(head.v));
        }
        let mut body = serde_json::Deserializer::from_slice(bytes);
        let envelope = Self::of_kind(&head.kind, &mut body)?.ok_or(ParseError::UnknownKind)?;
        body.end()?;
        Ok(envelope)
    }

    /// The body of an envelope of this kind; none of an unknown one.
    fn of_kind<'de, D: Deserializer<'de>>(kind: &str, body: D) -> Result<Option<Self>, D::Error> {
        Ok(Some(match kind {
            "frame" => Self::Frame(Arc::new(Deserialize::deserialize(body)?)),
            "beat" => Self::Beat(Deserialize::deserialize(body)?),
            "hello" => Self::Hello(Deserialize::deserialize(body)?),
            "want" => Self::Want(Deserialize::deserialize(body)?),
            "give" => Self::Give(Deserialize::deserialize(body)?),
            "mint" => Self::Mint(Arc::new(Deserialize::deserialize(body)?)),
            "refuse" => Self::Refuse(Deserialize::deserialize(body)?),
            _ => return Ok(None),
        }))
    }

    /// The JSON text, `v` and `kind` first.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Tagged<'a, T> {
            v: u64,
            kind: &'a str,
            #[serde(flatten)]
            body: &'a T,
        }
        fn tagged<T: Serialize>(json: &mut Vec<u8>, kind: &str, body: &T) {
            serde_json::to_writer(json, &Tagged { v: VERSION, kind, body })
                .expect("wire types have string keys and serialize to memory");
        }
        let mut json = Vec::with_capacity(self.expected_bytes());
        match self {
            Self::Frame(frame) => tagged(&mut json, self.kind(), frame.as_ref()),
            Self::Beat(beat) => tagged(&mut json, self.kind(), beat),
            Self::Hello(hello) => tagged(&mut json, self.kind(), hello),
            Self::Want(want) => tagged(&mut json, self.kind(), want),
            Self::Give(give) => tagged(&mut json, self.kind(), give),
            Self::Mint(mint) => tagged(&mut json, self.kind(), mint.as_ref()),
            Self::Refuse(refuse) => tagged(&mut json, self.kind(), refuse),
        }
        json
    }

    /// About as long as it is as JSON: a full frame need not be moved as it grows.
    fn expected_bytes(&self) -> usize {
        match self {
            Self::Frame(frame) => 256 + frame.signed_bytes() * 3 / 2,
            _ => 1024,
        }
    }

    /// The value of the `kind` field.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Frame(_) => "frame",
            Self::Beat(_) => "beat",
            Self::Hello(_) => "hello",
            Self::Want(_) => "want",
            Self::Give(_) => "give",
            Self::Mint(_) => "mint",
            Self::Refuse(_) => "refuse",
        }
    }

    /// Who made it, as it says; the signature tells whether that is true.
    #[must_use]
    pub fn from(&self) -> NodeId {
        match self {
            Self::Frame(frame) => frame.from,
            Self::Beat(beat) => beat.from,
            Self::Hello(hello) => hello.from,
            Self::Want(want) => want.from,
            Self::Give(give) => give.from,
            Self::Mint(mint) => mint.from,
            Self::Refuse(refuse) => refuse.from,
        }
    }

    fn check(&self) -> Result<(), Violation> {
        match self {
            Self::Frame(frame) => frame.check(),
            Self::Beat(beat) => beat.check(),
            Self::Hello(hello) => hello.check(),
            Self::Mint(mint) => mint.check(),
            Self::Refuse(_) => Ok(()),
            Self::Want(want) => want.check(),
            Self::Give(give) => give.check(),
        }
    }
}

/// An envelope with `v` and `kind` first, as [`Envelope::to_json`] writes it: read in one go.
struct AsWritten(Envelope);

impl<'de> Deserialize<'de> for AsWritten {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = AsWritten;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message of this version, its version and kind first")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AsWritten, A::Error> {
                let version: Option<(&str, u64)> = map.next_entry()?;
                let kind: Option<(&str, &str)> = map.next_entry()?;
                let (Some(("v", VERSION)), Some(("kind", kind))) = (version, kind) else {
                    return Err(Error::custom("not in the order written"));
                };
                let body = MapAccessDeserializer::new(map);
                let envelope = Envelope::of_kind(kind, body)?;
                envelope.map(AsWritten).ok_or_else(|| Error::custom("unknown kind"))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// Bytes that a value takes as JSON, without making the text.
#[must_use]
pub fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Dot, Item, ItemKind, Lamport, Number, VectorClock,
        frame::{Signature, Terms},
        hash::Past,
        sealed::{Ciphertext, Commitment, EpochId, Sealed},
    };
    use proptest::prelude::*;

    fn frame() -> Frame {
        let (me, other) = (NodeId([1; 10]), NodeId([2; 10]));
        Frame {
            from: me,
            number: Number(12),
            lamport: Lamport(57),
            clock: VectorClock::from_iter([Dot::new(me, Number(12)), Dot::new(other, Number(31))]),
            past: Past([7; 16]),
            items: vec![Item {
                kind: ItemKind::Text,
                text: "hi \u{1f600} \"there\"\n".into(),
                at: 1,
                terms: Some(Terms { history: true, sealed: false, topic: None, capacity: None }),
            }],
            sealed: None,
            is_final: false,
            sig: Signature([9; 64]),
        }
    }

    #[test]
    fn a_frame_reads_like_the_contract() {
        let json: serde_json::Value =
            serde_json::from_slice(&Envelope::Frame(Arc::new(frame())).to_json()).unwrap();
        for field in ["v", "kind", "from", "number", "lamport", "clock", "past", "items", "sig"] {
            assert!(json.get(field).is_some(), "{field} is missing in {json}");
        }
        assert_eq!(json["kind"], "frame");
        assert_eq!(json["clock"][NodeId([2; 10]).to_string()], 31);
        assert!(json.get("final").is_none(), "only a last frame says so");
    }

    #[test]
    fn unknown_fields_are_ignored_and_unknown_kinds_told() {
        let mut json: serde_json::Value =
            serde_json::from_slice(&Envelope::Frame(Arc::new(frame())).to_json()).unwrap();
        json["novelty"] = 1.into();
        let parsed = Envelope::parse(json.to_string().as_bytes()).unwrap();
        assert_eq!(parsed, Envelope::Frame(Arc::new(frame())));
        json["kind"] = "sonnet".into();
        let error = Envelope::parse(json.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, ParseError::UnknownKind));
        json["v"] = 2.into();
        let error = Envelope::parse(json.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, ParseError::Version(2)));
    }

    #[test]
    fn contents_are_sealed_or_not_but_never_in_part() {
        let mut frame = Frame { items: vec![], ..frame() };
        frame.sealed = Some(Sealed {
            epoch: EpochId([1; 16]),
            step: 0,
            commit: Commitment([2; 32]),
            body: Ciphertext(vec![3; 20]),
        });
        let whole = Envelope::Frame(Arc::new(frame));
        let json: serde_json::Value = serde_json::from_slice(&whole.to_json()).unwrap();
        let parsed = |json: &serde_json::Value| Envelope::parse(json.to_string().as_bytes());
        assert_eq!(parsed(&json).unwrap(), whole);
        for field in ["epoch", "step", "commit", "body"] {
            let mut without = json.clone();
            without.as_object_mut().unwrap().remove(field);
            let error = parsed(&without).unwrap_err();
            assert!(error.to_string().contains("sealed in part"), "{field}: {error}");
        }
    }

    #[test]
    fn every_signed_field_changes_the_signed_form() {
        let original = frame();
        let changes: [fn(&mut Frame); 9] = [
            |f| f.from = NodeId([3; 10]),
            |f| f.number = Number(13),
            |f| f.lamport = Lamport(58),
            |f| f.clock.set(Dot::new(NodeId([2; 10]), Number(32))),
            |f| f.past = Past([8; 16]),
            |f| f.items[0].text = "hi!".into(),
            |f| f.items[0].at = 2,
            |f| f.items[0].kind = ItemKind::Action,
            |f| f.is_final = true,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut changed = frame();
            change(&mut changed);
            assert_ne!(changed.signed_form(), original.signed_form(), "change {index}");
        }
    }

    #[test]
    fn bounds_are_checked_when_parsing() {
        let broken: [fn(&mut Frame); 5] = [
            |f| f.number = Number(0),
            |f| f.number = Number(11),
            |f| f.clock.set(Dot::new(NodeId([2; 10]), Number(0))),
            |f| f.items = vec![f.items[0].clone(); limits::BATCH_ITEMS + 1],
            |f| f.items[0].text = "x".repeat(limits::TEXT_BYTES + 1).into(),
        ];
        for (index, breaks) in broken.into_iter().enumerate() {
            let mut frame = frame();
            breaks(&mut frame);
            let json = Envelope::Frame(Arc::new(frame)).to_json();
            let error = Envelope::parse(&json).unwrap_err();
            assert!(matches!(error, ParseError::Violation(_)), "break {index}: {error}");
        }
    }

    #[test]
    fn what_is_longer_than_a_message_may_be_is_not_even_read() {
        let mut json = Envelope::Frame(Arc::new(frame())).to_json();
        json.resize(limits::ENVELOPE_BYTES, b' ');
        assert!(Envelope::parse(&json).is_ok());
        json.push(b' ');
        assert!(matches!(Envelope::parse(&json), Err(ParseError::TooLong(_))));
    }

    #[test]
    fn json_is_measured_as_it_is_written_escapes_included() {
        let mut frame = frame();
        frame.items[0].text = "\u{1}".repeat(100).into();
        assert_eq!(json_bytes(&frame), serde_json::to_vec(&frame).unwrap().len());
        assert!(json_bytes(&frame) > 600);
        assert_eq!(frame.json_bytes(), json_bytes(&frame));
        frame.items.clear();
        for bytes in 0..8 {
            frame.sealed = Some(Sealed {
                epoch: EpochId([1; 16]),
                step: 12,
                commit: Commitment([2; 32]),
                body: Ciphertext(vec![255; bytes]),
            });
            assert_eq!(frame.json_bytes(), json_bytes(&frame), "{bytes}");
        }
    }

    #[test]
    fn a_sealed_body_is_taken_up_to_its_bound() {
        for (bytes, taken) in [(limits::SEALED_BYTES, true), (limits::SEALED_BYTES + 1, false)] {
            let mut frame = Frame { items: vec![], ..frame() };
            frame.sealed = Some(Sealed {
                epoch: EpochId([1; 16]),
                step: 0,
                commit: Commitment([2; 32]),
                body: Ciphertext(vec![0; bytes]),
            });
            assert_eq!(frame.check().is_ok(), taken, "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Envelope::parse(&bytes);
        }

        #[test]
        fn a_flipped_byte_never_panics(at in 0usize..400, to in any::<u8>()) {
            let mut json = Envelope::Frame(Arc::new(frame())).to_json();
            let at = at % json.len();
            json[at] = to;
            let _ = Envelope::parse(&json);
        }

        #[test]
        fn text_survives_the_round_trip(text in "\\PC{0,200}") {
            let mut frame = frame();
            frame.items[0].text = text.into();
            let envelope = Envelope::Frame(Arc::new(frame));
            prop_assert_eq!(Envelope::parse(&envelope.to_json()).unwrap(), envelope);
        }
    }
}
