//! Vector clocks (Fidge 1988; Mattern 1989).

use crate::{Dot, NodeId, Number};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{cmp::Ordering, fmt, mem};

/// For each node, the number of the last frame of it that was delivered.
///
/// An absent entry is zero, and equal to one that says so. Merging is the pointwise maximum: commutative, associative,
/// idempotent. Looking up costs O(log entries), a new entry and a merge O(entries).
#[derive(Clone, Default, Debug)]
pub struct VectorClock(Vec<(NodeId, Number)>);

impl VectorClock {
    /// An empty clock: nothing was delivered.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn find(&self, node: &NodeId) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(node))
    }

    /// The entry of `node`, zero if it has none.
    #[must_use]
    pub fn get(&self, node: &NodeId) -> Number {
        self.find(node).map_or(Number(0), |at| self.0[at].1)
    }

    fn entry(&mut self, node: NodeId) -> &mut Number {
        let at = self.find(&node).unwrap_or_else(|at| {
            self.0.insert(at, (node, Number(0)));
            at
        });
        &mut self.0[at].1
    }

    /// Sets the entry of a dot's node to the dot's number.
    pub fn set(&mut self, dot: Dot) {
        *self.entry(dot.node) = dot.number;
    }

    /// Raises the entry of a dot's node to the dot's number, if that is higher.
    pub fn raise(&mut self, dot: Dot) {
        let entry = self.entry(dot.node);
        *entry = (*entry).max(dot.number);
    }

    /// Removes the entry of `node`.
    pub fn remove(&mut self, node: &NodeId) -> Option<Number> {
        self.find(node).ok().map(|at| self.0.remove(at).1)
    }

    /// Raises every entry to at least `other`'s.
    pub fn merge(&mut self, other: &Self) {
        let mut mine = mem::take(&mut self.0).into_iter().peekable();
        let mut its = other.0.iter().copied().peekable();
        self.0.reserve(mine.len().max(its.len()));
        while let (Some(a), Some(b)) = (mine.peek(), its.peek()) {
            let (order, number) = (a.0.cmp(&b.0), a.1.max(b.1));
            let next = if order == Ordering::Greater { its.next() } else { mine.next() };
            self.0.extend(next);
            if order == Ordering::Equal
                && let (Some(_), Some(merged)) = (its.next(), self.0.last_mut())
            {
                merged.1 = number;
            }
        }
        self.0.extend(mine);
        self.0.extend(its);
    }

    /// Whether the frame named by `dot` is in the past that this clock stands for.
    #[must_use]
    pub fn covers(&self, dot: Dot) -> bool {
        dot.number <= self.get(&dot.node)
    }

    /// The entries, sorted by node.
    pub fn dots(&self) -> impl ExactSizeIterator<Item = Dot> + '_ {
        self.0.iter().map(|&(node, number)| Dot::new(node, number))
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

    /// Of entries sorted by node: of several for one node the last counts.
    fn from_sorted(mut entries: Vec<(NodeId, Number)>) -> Self {
        entries.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        Self(entries)
    }

    fn within(&self, other: &Self) -> bool {
        self.dots().all(|dot| other.covers(dot))
    }
}

impl Serialize for VectorClock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(node, number)| (node, number)))
    }
}

impl<'de> Deserialize<'de> for VectorClock {
    /// Of a node named twice the last entry counts.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> de::Visitor<'de> for Entries {
            type Value = VectorClock;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of numbers by node")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<VectorClock, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                // Kept for as long as its frame.
                entries.shrink_to_fit();
                entries.sort_by_key(|(node, _): &(NodeId, Number)| *node);
                Ok(VectorClock::from_sorted(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

impl FromIterator<Dot> for VectorClock {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Self {
        let mut entries: Vec<_> = dots.into_iter().map(|dot| (dot.node, dot.number)).collect();
        entries.sort_unstable();
        // The highest number of a node comes last.
        Self::from_sorted(entries)
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

    #[test]
    fn of_a_node_named_twice_the_last_entry_counts() {
        let node = NodeId([1; 10]);
        let twice: VectorClock =
            serde_json::from_str(&format!(r#"{{"{node}":5,"{node}":3}}"#)).unwrap();
        assert_eq!((twice.len(), twice.get(&node)), (1, Number(3)));
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

        #[test]
        fn entries_are_sorted_by_node_and_survive_the_round_trip(a in clocks(), b in clocks()) {
            let clock = merged(&a, &b);
            prop_assert!(clock.dots().is_sorted_by(|a, b| a.node < b.node));
            let json = serde_json::to_string(&clock).unwrap();
            let again: VectorClock = serde_json::from_str(&json).unwrap();
            prop_assert!(again.dots().eq(clock.dots()));
        }
    }
}
