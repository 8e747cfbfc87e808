//! Sets of frame numbers as disjoint ranges: an entry of a dotted version vector.

use crate::Number;
use serde::{Deserialize, Deserializer, Serialize};

/// A set of numbers, kept as sorted, disjoint, non-adjacent inclusive ranges.
///
/// Looking up costs O(log ranges), adding O(ranges). In JSON: `[[1,42],[44,44]]`.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
#[serde(transparent)]
pub struct RangeSet(Vec<(Number, Number)>);

impl RangeSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `number` is in the set.
    #[must_use]
    pub fn contains(&self, number: Number) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= number);
        after > 0 && number <= self.0[after - 1].1
    }

    /// The highest number, zero if empty.
    #[must_use]
    pub fn top(&self) -> Number {
        self.0.last().map_or(Number(0), |(_, high)| *high)
    }

    /// The lowest number from 1 that is not in the set.
    #[must_use]
    pub fn first_missing(&self) -> Number {
        match self.0.first() {
            Some((Number(0 | 1), high)) => high.next(),
            _ => Number(1),
        }
    }

    /// Adds one number.
    pub fn insert(&mut self, number: Number) {
        self.insert_range(number, number);
    }

    /// Adds all numbers from `low` to `high`; nothing if `low > high`.
    pub fn insert_range(&mut self, low: Number, high: Number) {
        if low > high {
            return;
        }
        // The ranges that touch or overlap the new one are replaced by their union.
        let from = self.0.partition_point(|(_, end)| end.0 + 1 < low.0);
        let to = self.0.partition_point(|(start, _)| start.0 <= high.0 + 1);
        let (mut low, mut high) = (low, high);
        if from < to {
            low = low.min(self.0[from].0);
            high = high.max(self.0[to - 1].1);
        }
        self.0.splice(from..to, [(low, high)]);
    }

    /// Removes `from` and everything above it.
    pub fn truncate(&mut self, from: Number) {
        self.0.retain(|(low, _)| *low < from);
        if let Some((_, high)) = self.0.last_mut()
            && *high >= from
        {
            *high = Number(from.0 - 1);
        }
    }

    /// The lowest hole between two ranges, if there is one.
    #[must_use]
    pub fn lowest_hole(&self) -> Option<(Number, Number)> {
        let (first, second) = (self.0.first()?, self.0.get(1)?);
        Some((first.1.next(), Number(second.0.0 - 1)))
    }

    /// Number of ranges.
    #[must_use]
    pub fn ranges(&self) -> usize {
        self.0.len()
    }

    /// The ranges, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Number, Number)> + '_ {
        self.0.iter().copied()
    }
}

impl<'de> Deserialize<'de> for RangeSet {
    /// Takes ranges in any order, overlapping or reversed, into their canonical form.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ranges = Vec::<(Number, Number)>::deserialize(deserializer)?;
        // Sorted first, each insertion is at the end: linear, whatever a peer sends.
        ranges.sort_unstable();
        let mut set = Self::new();
        for (low, high) in ranges {
            set.insert_range(low, high);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn zero_does_not_count_as_missing_nor_hide_what_is() {
        for (high, missing) in [(0, 1), (1, 2), (5, 6)] {
            let mut set = RangeSet::new();
            set.insert_range(Number(0), Number(high));
            assert_eq!(set.first_missing(), Number(missing));
        }
    }

    proptest! {
        #[test]
        fn it_behaves_like_a_set_of_numbers(ranges in proptest::collection::vec((1u64..60, 0u64..6), 0..30)) {
            let (mut set, mut model) = (RangeSet::new(), BTreeSet::new());
            for (low, length) in ranges {
                set.insert_range(Number(low), Number(low + length));
                model.extend(low..=low + length);
            }
            for n in 0..70 {
                prop_assert_eq!(set.contains(Number(n)), model.contains(&n));
            }
            prop_assert_eq!(set.top().0, model.last().copied().unwrap_or(0));
            prop_assert_eq!(set.first_missing().0, (1..).find(|n| !model.contains(n)).unwrap());
            let list: Vec<_> = set.iter().collect();
            let mut cut = set.clone();
            cut.truncate(Number(30));
            for n in 0..70 {
                prop_assert_eq!(cut.contains(Number(n)), n < 30 && model.contains(&n));
            }
            prop_assert!(list.windows(2).all(|pair| pair[0].1.0 + 1 < pair[1].0.0), "canonical: {list:?}");
        }
    }
}
