//! Vector clocks (Fidge 1988; Mattern 1989).

use crate::{Dot, NodeId, Number};
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, collections::BTreeMap};

/// For each node, the number of the last frame of it that was delivered.
///
/// An absent entry is zero, and equal to one that says so. Merging is the pointwise maximum: commutative, associative,
/// idempotent.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VectorClock(BTreeMap<NodeId, Number>);

impl VectorClock {
    /// An empty clock: nothing was delivered.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The entry of `node`, zero if it has none.
    #[must_use]
    pub fn get(&self, node: &NodeId) -> Number {
        self.0.get(node).copied().unwrap_or_default()
    }

    /// Sets the entry of a dot's node to the dot's number.
    pub fn set(&mut self, dot: Dot) {
        self.0.insert(dot.node, dot.number);
    }

    /// Raises the entry of a dot's node to the dot's number, if that is higher.
    pub fn raise(&mut self, dot: Dot) {
        let entry = self.0.entry(dot.node).or_default();
        *entry = (*entry).max(dot.number);
    }

    /// Removes the entry of `node`.
    pub fn remove(&mut self, node: &NodeId) -> Option<Number> {
        self.0.remove(node)
    }

    /// Raises every entry to at least `other`'s: O(entries of `other`).
    pub fn merge(&mut self, other: &Self) {
        for dot in other.dots() {
            self.raise(dot);
        }
    }

    /// Whether the frame named by `dot` is in the past that this clock stands for.
    #[must_use]
    pub fn covers(&self, dot: Dot) -> bool {
        dot.number <= self.get(&dot.node)
    }

    /// The entries, sorted by node.
    pub fn dots(&self) -> impl ExactSizeIterator<Item = Dot> + '_ {
        self.0.iter().map(|(node, number)| Dot::new(*node, *number))
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn within(&self, other: &Self) -> bool {
        self.dots().all(|dot| other.covers(dot))
    }
}

impl FromIterator<Dot> for VectorClock {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Self {
        let mut clock = Self::new();
        for dot in dots {
            clock.raise(dot);
        }
        clock
    }
}

impl PartialEq for VectorClock {
    fn eq(&self, other: &Self) -> bool {
        self.within(other) && other.within(self)
    }
}

impl Eq for VectorClock {}

impl PartialOrd for VectorClock {
    /// Before, after, equal, or nothing of these: concurrent.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.within(other), other.within(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clocks() -> impl Strategy<Value = VectorClock> {
        proptest::collection::vec((0u8..6, 1u64..9), 0..6).prop_map(|entries| {
            entries.into_iter().map(|(node, n)| Dot::new(NodeId([node; 10]), Number(n))).collect()
        })
    }

    fn merged(a: &VectorClock, b: &VectorClock) -> VectorClock {
        let mut out = a.clone();
        out.merge(b);
        out
    }

    #[test]
    fn an_entry_of_zero_is_as_good_as_none() {
        let zero = VectorClock::from_iter([Dot::new(NodeId([1; 10]), Number(0))]);
        assert_eq!(zero.partial_cmp(&VectorClock::new()), Some(Ordering::Equal));
        assert_eq!(zero, VectorClock::new());
    }

    proptest! {
        #[test]
        fn merge_is_commutative_associative_and_idempotent(a in clocks(), b in clocks(), c in clocks()) {
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(merged(&a, &a), a);
        }

        #[test]
        fn a_merge_is_the_least_upper_bound(a in clocks(), b in clocks()) {
            let both = merged(&a, &b);
            prop_assert!(a <= both && b <= both);
            prop_assert_eq!(a <= b, both == b);
        }
    }
}
