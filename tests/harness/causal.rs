//! An independent check of causal order, on nothing but the JSON that nodes print: it knows
//! clocks as numbers in a map, and no code of the engine.

use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A message's place in its author's stream: the frame's number, then the index in it.
type Place = (u64, u64);

/// Checks one node's output: no message twice, none before one in its clock, each sender's
/// in order, unless it says that there is a gap.
///
/// # Panics
/// With the message that breaks the order.
pub fn check(who: &str, events: &[Value]) {
    let messages: Vec<_> = events.iter().filter(|event| event["event"] == "message").collect();
    let mut seen = HashSet::new();
    let mut last: HashMap<String, Place> = HashMap::new();
    // By author and frame: where in the output its first message stands.
    let position: HashMap<(String, u64), usize> = messages
        .iter()
        .enumerate()
        .rev()
        .map(|(at, message)| ((author(message), place(message).0), at))
        .collect();
    for (at, message) in messages.iter().enumerate() {
        let id = message["id"].as_str().unwrap_or_default();
        assert!(seen.insert(id), "{who} shows {id} twice");
        if message["gap"].as_array().is_some_and(|gap| !gap.is_empty()) {
            continue;
        }
        let (author, place) = (author(message), place(message));
        let late = message["late"] == true;
        if let Some(before) = last.get(&author) {
            assert!(late || *before < place, "{who} shows {id} after {before:?} of its author");
        }
        last.insert(author.clone(), place);
        let clock = message["clock"].as_object().expect("a clock");
        assert_eq!(clock.get(&author).and_then(Value::as_u64), Some(place.0), "{who}: {id}");
        for ((other, number), other_at) in &position {
            let known = clock.get(other).and_then(Value::as_u64).unwrap_or(0);
            let in_past = *number <= known && (other, *number) != (&author, place.0);
            assert!(
                !in_past || *other_at < at,
                "{who} shows {id} before {other}:{number}, which is in its clock"
            );
        }
    }
}

/// Checks that all nodes closed with the same transcript.
///
/// # Panics
/// With those that differ.
pub fn check_equal(closed: &[Value]) {
    for pair in closed.windows(2) {
        assert_eq!(pair[0]["order"], pair[1]["order"], "orders differ");
        assert_eq!(pair[0]["digest"], pair[1]["digest"], "digests differ");
        assert_eq!(pair[0]["messages"], pair[1]["messages"]);
    }
}

fn author(message: &Value) -> String {
    message["node"].as_str().unwrap_or_default().to_owned()
}

fn place(message: &Value) -> Place {
    let id = message["id"].as_str().unwrap_or_default();
    let parsed = id.rsplit_once(':').and_then(|(_, place)| place.split_once('.'));
    let parsed =
        parsed.and_then(|(number, index)| Some((number.parse().ok()?, index.parse().ok()?)));
    parsed.unwrap_or_else(|| panic!("{id:?} is not node:number.index"))
}
