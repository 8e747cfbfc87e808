//! What was written is read again, and what a later version adds is passed over.

use crate::values::{beats, frames, gives, hellos, items, mints, texts, wants};
use chat_protocol::{Envelope, Item, ParseError, envelope, hash, limits};
use proptest::prelude::*;
use serde_json::Value;
use std::sync::Arc;

/// Fields that map nodes to something: their keys are no field names.
const MAPS: [&str; 6] = ["audience", "clock", "heads", "acks", "have", "entries"];

fn envelopes() -> impl Strategy<Value = Envelope> {
    prop_oneof![
        frames().prop_map(|frame| Envelope::Frame(Arc::new(frame))),
        beats().prop_map(Envelope::Beat),
        hellos().prop_map(Envelope::Hello),
        wants().prop_map(Envelope::Want),
        gives().prop_map(Envelope::Give),
        mints().prop_map(|mint| Envelope::Mint(Arc::new(mint))),
    ]
}

/// Adds a field to every object, as a later version may.
fn add_novelty(value: &mut Value, novelty: &Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| add_novelty(value, novelty)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match field {
                    Value::Object(map) if MAPS.contains(&name.as_str()) => {
                        map.values_mut().for_each(|value| add_novelty(value, novelty));
                    }
                    field => add_novelty(field, novelty),
                }
            }
            fields.insert("novelty".into(), novelty.clone());
        }
        _ => {}
    }
}

fn novelties() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<u64>().prop_map(Value::from),
        texts().prop_map(Value::from),
        texts().prop_map(|text| serde_json::json!({ "deep": [text, { "from": 1.5 }] })),
    ]
}

proptest! {
    #[test]
    fn an_envelope_survives_the_round_trip(envelope in envelopes()) {
        let json = envelope.to_json();
        let parsed = Envelope::parse(&json).expect("what we write is read");
        prop_assert_eq!(parsed.to_json(), json);
        prop_assert_eq!(parsed, envelope);
    }

    #[test]
    fn unknown_fields_are_ignored_at_every_depth(
        envelope in envelopes(), novelty in novelties(),
    ) {
        let mut json: Value = serde_json::from_slice(&envelope.to_json()).expect("it is JSON");
        add_novelty(&mut json, &novelty);
        let parsed = Envelope::parse(json.to_string().as_bytes());
        prop_assert_eq!(parsed.expect("only fields were added"), envelope);
    }

    #[test]
    fn the_order_of_fields_and_white_space_do_not_matter(envelope in envelopes()) {
        // A `Value` sorts its fields by name.
        let json: Value = serde_json::from_slice(&envelope.to_json()).expect("it is JSON");
        let pretty = serde_json::to_vec_pretty(&json).expect("it is JSON still");
        prop_assert_eq!(Envelope::parse(&pretty).expect("nothing was changed"), envelope);
    }

    #[test]
    fn a_truncated_envelope_is_refused(envelope in envelopes(), at in any::<prop::sample::Index>()) {
        let json = envelope.to_json();
        let cut = &json[..at.index(json.len())];
        prop_assert!(matches!(Envelope::parse(cut), Err(ParseError::Malformed(_))));
    }

    #[test]
    fn another_version_is_told_whatever_else_it_says(envelope in envelopes(), v in 2u64..) {
        let mut json: Value = serde_json::from_slice(&envelope.to_json()).expect("it is JSON");
        json["v"] = v.into();
        let parsed = Envelope::parse(json.to_string().as_bytes());
        prop_assert!(matches!(parsed, Err(ParseError::Version(told)) if told == v));
    }

    #[test]
    fn the_length_in_json_is_measured_as_written(frame in frames()) {
        let written = serde_json::to_vec(&frame).expect("a frame is JSON");
        prop_assert_eq!(envelope::json_bytes(&frame), written.len());
    }

    #[test]
    fn the_length_of_the_signed_form_is_that_and_its_hash_the_contents(frame in frames()) {
        let form = frame.signed_form();
        prop_assert_eq!(frame.signed_bytes(), form.len());
        prop_assert_eq!(frame.content_hash().0, hash::labelled("frame", [form.as_slice()]));
    }

    #[test]
    fn no_frame_has_longer_contents_than_a_frame_may_have(
        mut frame in frames(), item in items(), long in 0..2 * limits::CONTENTS_BYTES,
    ) {
        // The name of an unknown kind has no bound of its own.
        frame.sealed = None;
        frame.items.push(Item { kind: "x".repeat(long).as_str().into(), ..item });
        let beside = frame.header().len() + 32 + 8;
        let fits = frame.signed_form().len() - beside <= limits::CONTENTS_BYTES;
        prop_assert_eq!(frame.check().is_ok(), fits);
        prop_assert!(!fits || frame.signed_form().len() <= limits::FRAME_BYTES);
    }
}
