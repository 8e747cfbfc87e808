//! Identifiers, dots and what stands in subjects: each has one text, which is read again.

use crate::values::{dots, nodes, rooms, signatures, texts};
use chat_protocol::{
    Dot, NodeId, RoomId, VectorClock,
    encoding::ALPHABET,
    frame::Signature,
    limits,
    subject::{self, RoomSubjects},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #[test]
    fn identifiers_survive_the_round_trip(room in rooms(), node in nodes(), dot in dots()) {
        prop_assert_eq!(room.to_string().parse(), Ok(room));
        prop_assert_eq!(node.to_string().parse(), Ok(node));
        prop_assert_eq!(dot.to_string().parse(), Ok(dot));
        prop_assert!(node.to_string().starts_with(&node.tag()));
    }

    #[test]
    fn different_identifiers_have_different_texts(a in dots(), b in dots()) {
        prop_assert_eq!(a.to_string() == b.to_string(), a == b);
        prop_assert_eq!(a.node.to_string() == b.node.to_string(), a.node == b.node);
    }

    #[test]
    fn identifiers_in_json_are_their_texts(
        room in rooms(), dot in dots(), signature in signatures(),
    ) {
        prop_assert_eq!(serde_json::json!(room), room.to_string());
        prop_assert_eq!(serde_json::from_str::<Dot>(&format!("\"{dot}\"")).ok(), Some(dot));
        let json = format!("\"{signature}\"");
        prop_assert_eq!(serde_json::from_str::<Signature>(&json).ok(), Some(signature));
        let clock = VectorClock::from_iter([dot]);
        prop_assert_eq!(serde_json::json!(clock)[dot.node.to_string()].as_u64(), Some(dot.number.0));
    }

    #[test]
    fn other_texts_are_no_identifiers(
        room in rooms(), at in any::<prop::sample::Index>(), stray in "[^a-z2-7]",
    ) {
        let mut text = room.to_string();
        let at = at.index(text.len());
        prop_assert!(text[..at].parse::<RoomId>().is_err());
        text.replace_range(at..=at, &stray);
        prop_assert!(text.parse::<RoomId>().is_err());
    }

    #[test]
    fn what_is_read_as_a_node_is_its_one_text(text in "[a-z2-7]{15,17}") {
        // 16 symbols are 10 bytes without a spare bit.
        let read = text.parse::<NodeId>().ok().map(|node| node.to_string());
        prop_assert_eq!(read, (text.len() == NodeId::CHARS).then_some(text));
    }

    #[test]
    fn a_dot_counts_no_further_than_numbers_travel(
        node in nodes(), over in limits::COUNTER_MAX + 1.., text in texts(),
    ) {
        for text in [format!("{node}:{over}"), format!("{node}:"), text] {
            prop_assert!(text.parse::<Dot>().is_err(), "{}", text);
        }
    }

    #[test]
    fn a_room_is_found_in_its_subjects(room in rooms(), node in nodes()) {
        let subjects = RoomSubjects::new(room);
        let all = [
            subject::lobby(room), subjects.msg(), subjects.beat(), subjects.key(), subjects.sync(),
            subjects.node(node),
        ];
        for subject in &all {
            let tokens: Vec<_> = subject.split('.').collect();
            prop_assert!(tokens.iter().any(|token| token.parse() == Ok(room)), "{}", subject);
            let plain = |c: char| ALPHABET.contains(c) || c == '.';
            prop_assert!(subject.chars().all(plain), "{}", subject);
            prop_assert!(tokens.iter().all(|token| !token.is_empty()), "{}", subject);
        }
        let last = all[5].rsplit('.').next().and_then(|token| token.parse().ok());
        prop_assert_eq!(last, Some(node));
        prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn no_subject_of_ours_is_answered_as_an_inbox(room in rooms(), node in nodes()) {
        let subjects = RoomSubjects::new(room);
        for subject in [subject::lobby(room), subjects.sync(), subjects.node(node)] {
            prop_assert!(!subject::is_inbox(&subject));
        }
    }
}
