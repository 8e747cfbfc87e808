//! A range set behaves like the set of its numbers.

use chat_protocol::{Number, RangeSet, limits};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeSet;

/// Width of the window that is looked at; what is inserted lies within it.
const WINDOW: u64 = 70;

/// The bottom and the top of what numbers can be: there, sums might overflow.
fn windows() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(limits::COUNTER_MAX - WINDOW)]
}

/// Ranges within the window, some of them reversed: those are empty.
fn ranges() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let range = prop_oneof![
        3 => (0..WINDOW - 6, 0u64..6).prop_map(|(low, length)| (low, low + length)),
        1 => (0..=WINDOW, 0..=WINDOW),
    ];
    vec(range, 0..16)
}

fn runs(model: &BTreeSet<u64>) -> Vec<(Number, Number)> {
    let mut runs: Vec<(Number, Number)> = Vec::new();
    for &n in model {
        match runs.last_mut() {
            Some((_, high)) if high.0 + 1 == n => *high = Number(n),
            _ => runs.push((Number(n), Number(n))),
        }
    }
    runs
}

fn check(set: &RangeSet, model: &BTreeSet<u64>, from: u64) -> Result<(), TestCaseError> {
    for n in from..=from + WINDOW {
        prop_assert_eq!(set.contains(Number(n)), model.contains(&n), "{}", n);
    }
    let runs = runs(model);
    prop_assert_eq!(set.top().0, model.last().copied().unwrap_or(0));
    prop_assert_eq!(Some(set.first_missing().0), (1..).find(|n| !model.contains(n)));
    let hole = runs.get(1).map(|(low, _)| (runs[0].1.next(), Number(low.0 - 1)));
    prop_assert_eq!(set.lowest_hole(), hole);
    prop_assert_eq!(set.ranges(), runs.len());
    prop_assert_eq!(set.iter().collect::<Vec<_>>(), runs);
    Ok(())
}

proptest! {
    #[test]
    fn it_behaves_like_a_set_of_numbers(from in windows(), ranges in ranges()) {
        let (mut set, mut model) = (RangeSet::new(), BTreeSet::new());
        for (low, high) in ranges {
            let (low, high) = (from + low, from + high);
            if low == high {
                set.insert(Number(low));
            } else {
                set.insert_range(Number(low), Number(high));
            }
            model.extend(low..=high);
            check(&set, &model, from)?;
        }
    }

    #[test]
    fn any_list_of_ranges_is_read_as_their_union(from in windows(), ranges in ranges()) {
        let ranges: Vec<_> = ranges.iter().map(|(low, high)| (from + low, from + high)).collect();
        let json = serde_json::to_string(&ranges).expect("numbers are JSON");
        let set: RangeSet = serde_json::from_str(&json).expect("ranges are a set");
        let model = ranges.iter().flat_map(|(low, high)| *low..=*high).collect();
        check(&set, &model, from)?;
        let json = serde_json::to_string(&set).expect("a set is JSON");
        prop_assert_eq!(serde_json::from_str::<RangeSet>(&json).expect("it was a set"), set);
    }
}
