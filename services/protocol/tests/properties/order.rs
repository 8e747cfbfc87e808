//! The order of the transcript is total: Lamport time, then node, then number.

use crate::values::{clocks, keys};
use chat_protocol::{Key, Lamport, Number, limits};
use proptest::prelude::*;
use std::cmp::Ordering;

proptest! {
    #[test]
    fn keys_compare_by_lamport_time_then_node_then_number(a in keys(), b in keys()) {
        let expected = a
            .lamport
            .0
            .cmp(&b.lamport.0)
            .then(a.node.to_string().cmp(&b.node.to_string()))
            .then(a.number.0.cmp(&b.number.0));
        prop_assert_eq!(a.cmp(&b), expected);
        prop_assert_eq!(a.partial_cmp(&b), Some(expected));
    }

    #[test]
    fn the_order_of_keys_is_total(a in keys(), b in keys(), c in keys()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        let mut sorted = [a, b, c];
        sorted.sort_unstable();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
    }

    #[test]
    fn every_key_of_a_frame_lies_above_zero(key in keys()) {
        prop_assert!(Key::ZERO < key);
    }

    #[test]
    fn a_clock_lists_its_nodes_in_their_order(clock in clocks()) {
        let nodes: Vec<_> = clock.dots().map(|dot| dot.node).collect();
        prop_assert!(nodes.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn counters_grow_by_one_and_stay_within_what_travels(n in 0..=limits::COUNTER_MAX) {
        let next = (n + 1).min(limits::COUNTER_MAX);
        prop_assert_eq!(Number(n).next(), Number(next));
        prop_assert_eq!(Lamport(n).next(), Lamport(next));
    }

    #[test]
    fn counters_beyond_what_json_holds_exactly_are_refused(over in limits::COUNTER_MAX + 1..) {
        prop_assert!(serde_json::from_str::<Number>(&over.to_string()).is_err());
        prop_assert!(serde_json::from_str::<Lamport>(&over.to_string()).is_err());
    }
}
