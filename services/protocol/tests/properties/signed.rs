//! Signed forms are injective: another value has other bytes, so that no signature can be
//! passed off as one for something else.

use crate::values::{beats, clocks, frames, gives, hellos, mints, wants};
use chat_protocol::{
    Beat, Dot, Frame, Give, Hello, Item, ItemKind, Mint, NodeId, Number, RangeSet, VectorClock,
    Want, frame::Terms,
};
use proptest::{collection::vec, option, prelude::*};
use std::fmt::Debug;

/// Takes one field over from another value.
type Change<T> = fn(&mut T, &T);

const FRAME: [Change<Frame>; 7] = [
    |frame, other| frame.from = other.from,
    |frame, other| frame.number = other.number,
    |frame, other| frame.lamport = other.lamport,
    |frame, other| frame.clock.clone_from(&other.clock),
    |frame, other| frame.past = other.past,
    |frame, other| {
        frame.items.clone_from(&other.items);
        frame.sealed.clone_from(&other.sealed);
    },
    |frame, other| frame.is_final = other.is_final,
];
const BEAT: [Change<Beat>; 13] = [
    |beat, other| beat.from = other.from,
    |beat, other| beat.count = other.count,
    |beat, other| beat.number = other.number,
    |beat, other| beat.lamport = other.lamport,
    |beat, other| beat.heads.clone_from(&other.heads),
    |beat, other| beat.digest = other.digest,
    |beat, other| beat.holes = other.holes,
    |beat, other| beat.transcript = other.transcript,
    |beat, other| beat.acks.clone_from(&other.acks),
    |beat, other| beat.miss.clone_from(&other.miss),
    |beat, other| beat.cut.clone_from(&other.cut),
    |beat, other| beat.epoch = other.epoch,
    |beat, other| beat.members = other.members,
];
const WANT: [Change<Want>; 6] = [
    |want, other| want.from = other.from,
    |want, other| want.dots.clone_from(&other.dots),
    |want, other| want.hellos.clone_from(&other.hellos),
    |want, other| want.epochs.clone_from(&other.epochs),
    |want, other| want.have.clone_from(&other.have),
    |want, other| want.cut.clone_from(&other.cut),
];
/// What an answer passes on bears its authors' own signatures.
const GIVE: [Change<Give>; 11] = [
    |give, other| give.from = other.from,
    |give, other| give.to = other.to,
    |give, other| give.live.clone_from(&other.live),
    |give, other| give.floor.entries.clone_from(&other.floor.entries),
    |give, other| give.floor.key = other.floor.key,
    |give, other| give.lost.clone_from(&other.lost),
    |give, other| give.grant.clone_from(&other.grant),
    |give, other| give.epoch = other.epoch,
    |give, other| give.more = other.more,
    |give, other| give.left = other.left,
    |give, other| give.sync = other.sync,
];
const HELLO: [Change<Hello>; 3] = [
    |hello, other| hello.sign = other.sign,
    |hello, other| hello.kem = other.kem,
    |hello, other| hello.mac = other.mac,
];
const MINT: [Change<Mint>; 5] = [
    |mint, other| mint.from = other.from,
    |mint, other| mint.lock = other.lock,
    |mint, other| mint.lamport = other.lamport,
    |mint, other| mint.audience.clone_from(&other.audience),
    |mint, other| mint.commit = other.commit,
];

fn every_change_shows<T: Clone + PartialEq + Debug>(
    changes: &[Change<T>],
    (one, other): (&T, &T),
    signed_form: impl Fn(&T) -> Vec<u8>,
) -> Result<(), TestCaseError> {
    for (index, change) in changes.iter().enumerate() {
        let mut changed = one.clone();
        change(&mut changed, other);
        let same = signed_form(&changed) == signed_form(one);
        prop_assert_eq!(same, changed == *one, "field {} of {:?} and {:?}", index, one, other);
    }
    Ok(())
}

/// Texts so short and alike that a missing length would make two lists of them the same.
fn alike() -> impl Strategy<Value = String> {
    "[a\0]{0,2}"
}

fn items_alike() -> impl Strategy<Value = Vec<Item>> {
    let item = (alike(), alike()).prop_map(|(kind, text)| Item {
        kind: kind.as_str().into(),
        text: text.into(),
        at: 0,
        terms: None,
    });
    vec(item, 0..3)
}

/// Terms of which some are absent, or present and empty.
fn terms_alike() -> impl Strategy<Value = Option<Terms>> {
    let topic = option::of("a?");
    let terms = (any::<bool>(), topic, option::of(0u32..2))
        .prop_map(|(history, topic, capacity)| Terms { history, sealed: false, topic, capacity });
    option::weighted(0.9, terms)
}

fn dots_alike() -> impl Strategy<Value = Vec<Dot>> {
    let dot = (0u8..2, 0u64..2).prop_map(|(node, n)| Dot::new(NodeId([node; 10]), Number(n)));
    vec(dot, 0..3)
}

fn ranges_alike() -> impl Strategy<Value = RangeSet> {
    vec(1u64..4, 0..3).prop_map(|numbers| {
        let mut set = RangeSet::new();
        numbers.into_iter().for_each(|n| set.insert(Number(n)));
        set
    })
}

proptest! {
    #[test]
    fn changing_any_signed_field_changes_the_form(
        frames in (frames(), frames()), beats in (beats(), beats()),
        wants in (wants(), wants()), gives in (gives(), gives()), hellos in (hellos(), hellos()),
        mints in (mints(), mints()),
    ) {
        every_change_shows(&FRAME, (&frames.0, &frames.1), Frame::signed_form)?;
        every_change_shows(&BEAT, (&beats.0, &beats.1), Beat::signed_form)?;
        every_change_shows(&WANT, (&wants.0, &wants.1), Want::signed_form)?;
        every_change_shows(&GIVE, (&gives.0, &gives.1), Give::signed_form)?;
        every_change_shows(&HELLO, (&hellos.0, &hellos.1), Hello::signed_form)?;
        every_change_shows(&MINT, (&mints.0, &mints.1), Mint::signed_form)?;
    }

    #[test]
    fn frames_with_items_that_differ_little_differ(
        frame in frames(), one in items_alike(), other in items_alike(),
    ) {
        let with = |items: &[Item]| {
            Frame { items: items.to_vec(), sealed: None, ..frame.clone() }.signed_form()
        };
        prop_assert_eq!(with(&one) == with(&other), one == other);
    }

    #[test]
    fn terms_that_differ_little_differ(
        frame in frames(), one in terms_alike(), other in terms_alike(),
    ) {
        let with = |terms: &Option<Terms>| {
            let item =
                Item { kind: ItemKind::Join, text: "".into(), at: 0, terms: terms.clone() };
            Frame { items: vec![item], sealed: None, ..frame.clone() }.signed_form()
        };
        prop_assert_eq!(with(&one) == with(&other), one == other, "{:?}, {:?}", one, other);
    }

    #[test]
    fn neighbouring_lists_of_a_beat_do_not_run_together(
        beat in beats(), one in [dots_alike(), dots_alike()], other in [dots_alike(), dots_alike()],
    ) {
        let with = |[miss, cut]: &[Vec<Dot>; 2]| {
            Beat { miss: miss.clone(), cut: cut.clone(), ..beat.clone() }.signed_form()
        };
        prop_assert_eq!(with(&one) == with(&other), one == other);
    }

    #[test]
    fn neighbouring_clocks_of_a_beat_do_not_run_together(
        beat in beats(),
        one in [clocks(), clocks()],
    ) {
        let with = |[heads, acks]: [&VectorClock; 2]| {
            let beat = Beat { heads: heads.clone(), digest: None, ..beat.clone() };
            Beat { acks: acks.clone(), ..beat }.signed_form()
        };
        let swapped = with([&one[1], &one[0]]);
        prop_assert_eq!(with([&one[0], &one[1]]) == swapped, one[0] == one[1]);
    }

    #[test]
    fn requests_that_differ_little_differ(
        want in wants(),
        one in vec((0u8..3, ranges_alike()), 0..3), other in vec((0u8..3, ranges_alike()), 0..3),
    ) {
        let with = |have: &[(u8, RangeSet)]| {
            let entries = have.iter().map(|(node, set)| (NodeId([*node; 10]), set.clone()));
            Want { have: Some(entries.collect()), ..want.clone() }
        };
        let (one, other) = (with(&one), with(&other));
        prop_assert_eq!(one.signed_form() == other.signed_form(), one == other);
        let nothing = Want { have: None, ..one.clone() };
        prop_assert_ne!(nothing.signed_form(), one.signed_form());
    }
}
