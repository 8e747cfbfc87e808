//! Vector clocks are a join semilattice: merging is the least upper bound of their order.

use crate::values::nodes;
use chat_protocol::{Dot, Number, VectorClock};
use proptest::{collection::vec, prelude::*};
use std::cmp::Ordering;

/// Clocks whose entries often meet; some entries are zero, which is as good as absent.
fn clocks() -> impl Strategy<Value = VectorClock> {
    vec((nodes(), 0u64..5), 0..5).prop_map(|entries| {
        let mut clock = VectorClock::new();
        for (node, number) in entries {
            clock.set(Dot::new(node, Number(number)));
        }
        clock
    })
}

fn merged(a: &VectorClock, b: &VectorClock) -> VectorClock {
    let mut out = a.clone();
    out.merge(b);
    out
}

/// `low`, and a clock at or above it.
fn ascending() -> impl Strategy<Value = (VectorClock, VectorClock)> {
    (clocks(), clocks()).prop_map(|(low, more)| (low.clone(), merged(&low, &more)))
}

proptest! {
    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        a in clocks(), b in clocks(), c in clocks(),
    ) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &a), a);
    }

    #[test]
    fn the_empty_clock_is_the_identity_and_below_all(a in clocks()) {
        let empty = VectorClock::new();
        prop_assert_eq!(merged(&a, &empty), a.clone());
        prop_assert_eq!(merged(&empty, &a), a.clone());
        prop_assert!(empty <= a);
    }

    #[test]
    fn merging_is_monotone((low, high) in ascending(), other in clocks()) {
        prop_assert!(merged(&low, &other) <= merged(&high, &other));
    }

    #[test]
    fn a_merge_is_the_pointwise_maximum(a in clocks(), b in clocks(), node in nodes()) {
        prop_assert_eq!(merged(&a, &b).get(&node), a.get(&node).max(b.get(&node)));
    }

    #[test]
    fn a_merge_is_the_least_upper_bound(a in clocks(), b in clocks(), more in clocks()) {
        let both = merged(&a, &b);
        prop_assert!(a <= both && b <= both);
        let bound = merged(&merged(&more, &a), &b);
        prop_assert!(both <= bound, "{both:?} is above {bound:?}, which bounds both, too");
        prop_assert_eq!(a <= b, both == b);
    }

    #[test]
    fn the_order_is_reflexive_antisymmetric_and_transitive(
        a in clocks(), (b, c) in ascending(), d in clocks(),
    ) {
        prop_assert_eq!(a.partial_cmp(&a), Some(Ordering::Equal));
        prop_assert_eq!(a <= b && b <= a, a == b);
        prop_assert_eq!(a.partial_cmp(&b), b.partial_cmp(&a).map(Ordering::reverse));
        prop_assert!(b <= c && c <= merged(&c, &d) && b <= merged(&c, &d));
        prop_assert!(!(a <= b && b <= c) || a <= c);
    }

    #[test]
    fn a_clock_covers_what_lies_at_or_below_its_entry(
        clock in clocks(), node in nodes(), number in 0u64..6,
    ) {
        let dot = Dot::new(node, Number(number));
        let mut raised = clock.clone();
        raised.raise(dot);
        prop_assert!(raised.covers(dot) && clock <= raised);
        prop_assert_eq!(clock.covers(dot), raised == clock);
    }
}
