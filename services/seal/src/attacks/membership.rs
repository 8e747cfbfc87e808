//! Those who were members, those who come later, and those who are members elsewhere.

use super::*;
use chat_protocol::{ContentHash, Give};

/// An answer that grants the keys of these frames.
fn granted(group: &mut Group, by: usize, to: usize, frames: &[Frame]) -> Give {
    let hash = |frame: &Frame| frame.content_hash();
    let hashes: Vec<ContentHash> = frames.iter().map(hash).collect();
    let (from, to) = (group.members[by].me(), group.members[to].me());
    let mut give = Give::new(from, to);
    give.frames = frames.iter().cloned().map(Arc::new).collect();
    give.grant = group.members[by].grant(to, hashes.into_iter());
    group.members[by].sign_give(&mut give);
    give
}

#[test]
fn who_has_left_reads_nothing_that_is_said_after() {
    let mut group = Group::new(3, true);
    let before = group.say(0, 2, "before");
    assert!(group.reads(2, &before).is_some());
    group.see(&[0, 1]);
    for at in [0, 1] {
        assert!(!group.members[at].may_speak(), "the old epoch has one too many in it");
        let draft = draft(group.members[at].me(), 3);
        assert!(group.members[at].close(draft, &text("to whom?")).is_none());
    }
    let mint = group.mint(0);
    assert!(!mint.audience.contains_key(&group.members[2].me()));
    for at in [0, 1] {
        let after = group.say(at, 3, "after");
        assert_eq!(group.reads(2, &after), None);
        assert_eq!(group.reads(1 - at, &after).as_deref(), Some("after"));
    }
    assert!(!group.members[2].seized_opens(&mint));
}

#[test]
fn nobody_is_talked_into_an_audience_beyond_its_view() {
    let mut group = Group::new(3, true);
    // The third has left, and the second, who hasn't heard of it, mints for it, too.
    let view = [group.members[0].me(), group.members[1].me()];
    group.members[0].set_view(view.into_iter(), group.now);
    let wide = group.mint(1);
    assert_eq!(wide.audience.len(), 3);
    assert!(!group.members[0].may_speak());
    let narrow = group.mint(0);
    assert_eq!(group.members[0].quoted(), Some(narrow.epoch()));
    // One who is in is read under the wide one all the same.
    let frame = group.say(1, 2, "hi");
    assert_eq!(group.reads(0, &frame).as_deref(), Some("hi"));
}

#[test]
fn a_joiner_reads_nothing_that_was_said_before_where_nothing_is_kept() {
    let mut group = Group::new(2, false);
    let before = group.say(0, 2, "before");
    assert!(group.reads(1, &before).is_some());
    let joiner = group.arrive(false);
    group.introduce(&[0, 1, joiner]);
    // The members have nothing left to grant.
    for by in [0, 1] {
        let give = granted(&mut group, by, joiner, std::slice::from_ref(&before));
        assert!(give.grant.is_none() || by == 0, "the reader has used its key up");
    }
    assert_eq!(group.reads(joiner, &before), None);
    group.see(&[0, 1, joiner]);
    // Until someone mints, those who are there speak on without it.
    let lazy = group.say(0, 3, "not for you yet");
    assert_eq!(group.reads(joiner, &lazy), None);
    let mint = group.mint(1);
    assert!(group.members[joiner].seized_opens(&mint));
    let after = group.say(0, 4, "welcome");
    assert_eq!(group.reads(joiner, &after).as_deref(), Some("welcome"));
    assert_eq!(group.reads(joiner, &before), None);
}

#[test]
fn a_joiner_reads_what_a_member_grants_it_and_no_more() {
    let mut group = Group::new(2, true);
    let frames: Vec<_> = (2..6).map(|n| group.say(0, n, &format!("{n}"))).collect();
    for frame in &frames {
        group.reads(1, frame);
    }
    let joiner = group.arrive(true);
    group.introduce(&[0, 1, joiner]);
    let give = granted(&mut group, 1, joiner, &frames[1..3]);
    group.members[joiner].verify_give(&give).unwrap();
    group.members[joiner].take_grant(&give);
    let read: Vec<_> = frames.iter().map(|frame| group.reads(joiner, frame).is_some()).collect();
    assert_eq!(read, [false, true, true, false]);
}

#[test]
fn a_grant_serves_only_whom_it_was_sealed_to() {
    let mut group = Group::new(2, true);
    let frame = group.say(0, 2, "hi");
    group.reads(1, &frame);
    let (joiner, thief) = (group.arrive(true), group.arrive(true));
    group.introduce(&[0, 1, joiner, thief]);
    let give = granted(&mut group, 1, joiner, std::slice::from_ref(&frame));
    group.members[thief].take_grant(&give);
    // Nor if it is passed on as one's own, to the thief or back to the one it is for.
    for to in [thief, joiner] {
        let mut passed = Give { to: group.members[to].me(), ..give.clone() };
        passed.from = group.members[0].me();
        group.members[0].sign_give(&mut passed);
        group.members[to].verify_give(&passed).unwrap();
        group.members[to].take_grant(&passed);
        assert_eq!(group.reads(to, &frame), None, "it is bound to who granted it to whom");
    }
    group.members[joiner].take_grant(&give);
    assert_eq!(group.reads(joiner, &frame).as_deref(), Some("hi"));
    assert!(group.members[0].grant(NodeId([9; 10]), std::iter::empty()).is_none());
}

#[test]
fn joins_and_mints_at_once_need_no_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut group = Group::new(2, true);
        let (left, right) = (group.arrive(true), group.arrive(true));
        // Each of two members has met another joiner, and both mint.
        group.introduce(&[0, 1, left, right]);
        let ids = group.ids(&[0, 1, left, right]);
        let mut mints = Vec::new();
        for (by, joiner) in [(0, left), (1, right)] {
            let view = [ids[0], ids[1], ids[joiner]];
            group.members[by].set_view(view.into_iter(), group.now);
            mints.push(group.mint_alone(by));
        }
        group.see(&[0, 1, left, right]);
        mints.push(group.mint_alone(left));
        for at in order {
            group.deliver(&mints[at]);
        }
        // Those who were in the two views read each other, in whatever order the mints came.
        let quoted: Vec<_> = group.members.iter().map(Seal::quoted).collect();
        assert!(quoted.iter().all(|epoch| *epoch == Some(mints[2].epoch())), "{quoted:?}");
        for author in group.all() {
            let frame = group.say(author, 2, "hi");
            for reader in group.all() {
                assert_eq!(group.reads(reader, &frame).as_deref(), Some("hi"));
            }
        }
    }
}

#[test]
fn equal_audiences_are_settled_by_rank_alone() {
    for order in [[0, 1], [1, 0]] {
        let mut group = Group::new(3, true);
        let mints = [group.mint_alone(1), group.mint_alone(2)];
        let higher = mints.iter().max_by_key(|mint| (mint.lamport, mint.epoch())).unwrap();
        assert_eq!(mints[0].lamport, mints[1].lamport);
        let early = group.say(1, 2, "under my own");
        for at in order {
            group.deliver(&mints[at]);
        }
        for member in &group.members {
            assert_eq!(member.quoted(), Some(higher.epoch()));
        }
        assert_eq!(group.reads(0, &early).as_deref(), Some("under my own"));
    }
}

#[test]
fn both_sides_of_a_partition_speak_on_and_read_each_other_once_it_heals() {
    let mut group = Group::new(4, true);
    group.see(&[0, 1]);
    group.see(&[2, 3]);
    let mints = [group.mint_alone(0), group.mint_alone(2)];
    for (mint, side) in mints.iter().zip([[0, 1], [2, 3]]) {
        for at in side {
            group.members[at].learn_mint(mint, group.now).unwrap();
        }
    }
    let said = [group.say(1, 2, "left"), group.say(3, 2, "right")];
    assert!(group.reads(0, &said[0]).is_some() && group.reads(2, &said[1]).is_some());
    // Healed: what was said goes around, and so do the mints.
    group.see(&[0, 1, 2, 3]);
    mints.iter().for_each(|mint| group.deliver(mint));
    assert_eq!(group.reads(2, &said[0]), None, "it was said to others");
    let mint = group.mint(3);
    assert!(mint.lamport > mints[0].lamport.max(mints[1].lamport));
    for author in group.all() {
        let frame = group.say(author, 3, "together");
        assert!(group.all().into_iter().all(|reader| group.reads(reader, &frame).is_some()));
    }
    // Where the room passes on its history a member grants the rest.
    let give = granted(&mut group, 0, 2, &said[..1]);
    group.members[2].take_grant(&give);
    assert_eq!(group.reads(2, &said[0]).as_deref(), Some("left"));
}
