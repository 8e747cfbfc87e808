//! Identifiers and the small values of the wire, each by itself.

use crate::json::read;
use chat_protocol::{
    Dot, Floor, Key, Lamport, NodeId, Number, RangeSet, RoomId, VectorClock,
    frame::{Signature, Terms},
    hash::Past,
    limits,
    subject::is_inbox,
};
use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

/// Each value has one text, which is read again.
pub fn identifiers(bytes: &[u8]) -> bool {
    let in_json = [
        read::<Signature>(bytes).is_some(),
        read::<Past>(bytes).is_some(),
        read::<Dot>(bytes).is_some(),
        read::<Key>(bytes).is_some(),
        read::<Lamport>(bytes).is_some_and(|time| time.0 <= limits::COUNTER_MAX),
        read::<VectorClock>(bytes).is_some(),
        read::<RangeSet>(bytes).is_some_and(|set| is_canonical(&set)),
        read::<Terms>(bytes).is_some(),
        read::<Floor>(bytes).is_some(),
    ];
    let text = str::from_utf8(bytes).unwrap_or_default();
    let node = read_again::<NodeId>(text);
    assert!(node.is_none_or(|node| node.to_string() == text), "{text} isn't the one text");
    let room = read_again::<RoomId>(text);
    let dot = read_again::<Dot>(text);
    assert!(dot.is_none_or(|dot| dot.number <= Number::MAX), "{text} counts too far");
    let inbox = is_inbox(text);
    assert!(!inbox || !text.contains(['*', '>']), "{text} is no subject to answer to");
    in_json.contains(&true) || node.is_some() || room.is_some() || dot.is_some() || inbox
}

fn read_again<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    let again = value.to_string().parse().ok();
    assert_eq!(again.as_ref(), Some(&value), "from {text}");
    again
}

fn is_canonical(set: &RangeSet) -> bool {
    let ranges: Vec<_> = set.iter().collect();
    assert!(ranges.iter().all(|(low, high)| low <= high));
    assert!(ranges.windows(2).all(|pair| pair[0].1.0 + 1 < pair[1].0.0), "{ranges:?}");
    for (low, high) in ranges {
        assert!(set.contains(low) && set.contains(high) && high <= set.top());
    }
    let missing = set.first_missing();
    assert!(!set.contains(missing) || missing == Number::MAX, "{missing} isn't missing");
    true
}
