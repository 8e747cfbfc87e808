//! An independent check of causal order, on nothing but the JSON that nodes print: it knows
//! clocks as numbers in a map, and no code of the engine.

use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A message's place in its author's stream: the frame's number, then the index in it.
type Place = (u64, u64);

/// Checks one node's output: no message twice, none before one in its clock, each sender's
/// in order; but for what lies in the past of a frame that it said is missing.
///
/// # Panics
/// With the message that breaks the order.
pub fn check(who: &str, events: &[Value]) {
    let messages: Vec<_> = events.iter().filter(|event| event["event"] == "message").collect();
    let mut seen = HashSet::new();
    let mut last: HashMap<String, Place> = HashMap::new();
    // By author and frame: where in the output its first message stands.
    let mut position: HashMap<String, BTreeMap<u64, usize>> = HashMap::new();
    for (at, message) in messages.iter().enumerate().rev() {
        position.entry(author(message)).or_default().insert(place(message).0, at);
    }
    let shown_at = |author: &str, number| position.get(author)?.get(&number);
    // By author: up to which number frames may be missing, as was said before.
    let mut missing: HashMap<String, u64> = HashMap::new();
    // By author: up to which number frames were found to be missing or above: they stay so.
    let mut above: HashMap<String, u64> = HashMap::new();
    for (at, message) in messages.iter().enumerate() {
        let id = message["id"].as_str().unwrap_or_default();
        assert!(seen.insert(id), "{who} shows {id} twice");
        for (author, number) in message["gap"].as_array().into_iter().flatten().filter_map(dot) {
            let shown = shown_at(&author, number);
            let past =
                shown.and_then(|at| messages[*at]["clock"].as_object()).into_iter().flatten();
            let past = past.map(|(other, known)| (other.clone(), known.as_u64().unwrap_or(0)));
            for (other, number) in past.chain([(author, number)]) {
                let known = missing.entry(other).or_default();
                *known = number.max(*known);
            }
        }
        let (author, place) = (author(message), place(message));
        let late = message["late"] == true;
        if let Some(before) = last.get(&author) {
            assert!(late || *before < place, "{who} shows {id} after {before:?} of its author");
        }
        last.insert(author.clone(), place);
        let clock = message["clock"].as_object().expect("a clock");
        assert_eq!(clock.get(&author).and_then(Value::as_u64), Some(place.0), "{who}: {id}");
        for (other, known) in clock {
            // Of its own author: what comes before it.
            let known = known.as_u64().unwrap_or(0).saturating_sub(u64::from(*other == author));
            let of = |numbers: &HashMap<String, u64>| numbers.get(other).copied().unwrap_or(0);
            let checked = of(&above).max(of(&missing));
            let frames = position.get(other).filter(|_| checked < known);
            for (number, other_at) in frames.iter().flat_map(|of| of.range(checked + 1..=known)) {
                assert!(
                    *other_at < at,
                    "{who} shows {id} before {other}:{number}, which is in its clock"
                );
            }
            above.insert(other.clone(), known.max(of(&above)));
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

fn dot(dot: &Value) -> Option<(String, u64)> {
    let (author, number) = dot.as_str()?.rsplit_once(':')?;
    Some((author.to_owned(), number.parse().ok()?))
}

fn place(message: &Value) -> Place {
    let id = message["id"].as_str().unwrap_or_default();
    let parsed = id.rsplit_once(':').and_then(|(_, place)| place.split_once('.'));
    let parsed =
        parsed.and_then(|(number, index)| Some((number.parse().ok()?, index.parse().ok()?)));
    parsed.unwrap_or_else(|| panic!("{id:?} is not node:number.index"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(id: &str, clock: &Value, gap: &Value, late: bool) -> Value {
        let node = id.split(':').next();
        json!({ "event": "message", "id": id, "node": node, "clock": clock, "gap": gap, "late": late })
    }

    #[test]
    fn what_is_missing_may_come_later_if_it_was_said() {
        let late = message("a:1.0", &json!({ "a": 1 }), &json!([]), true);
        let answer = |gap| message("b:1.0", &json!({ "a": 2, "b": 1 }), &gap, false);
        let next = message("b:2.0", &json!({ "a": 2, "b": 2 }), &json!([]), false);
        check("honest", &[answer(json!(["a:2"])), next.clone(), late.clone()]);
        for gap in [json!([]), json!(["c:1"])] {
            let silent = [answer(gap), next.clone(), late.clone()];
            assert!(std::panic::catch_unwind(|| check("silent", &silent)).is_err());
        }
    }

    #[test]
    fn no_message_is_shown_twice_or_before_an_earlier_one_of_its_author() {
        let [first, second] = [1, 2].map(|number| {
            message(&format!("a:{number}.0"), &json!({ "a": number }), &json!([]), false)
        });
        check("right", &[first.clone(), second.clone()]);
        for wrong in [[first.clone(), first.clone()], [second, first]] {
            assert!(std::panic::catch_unwind(|| check("wrong", &wrong)).is_err());
        }
    }
}
