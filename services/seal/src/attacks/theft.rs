//! A thief takes a running node with all its keys, having recorded everything before.

use super::*;
use chat_protocol::limits;

const MOMENT: Duration = Duration::from_secs(1);

#[test]
fn what_was_read_is_gone_where_nothing_is_kept() {
    let mut group = Group::new(2, false);
    let recorded: Vec<_> = (2..12).map(|n| group.say(0, n, "secret")).collect();
    for frame in &recorded {
        assert!(group.reads(1, frame).is_some());
    }
    let mut seized = group.members.pop().unwrap();
    assert!(recorded.iter().all(|frame| reads(&mut seized, frame).is_none()));
    // Nor does its author keep what opens it.
    assert!(recorded.iter().all(|frame| group.reads(0, frame).is_none()));
    // What comes is another matter: until the next mint the chain runs on.
    let next = group.say(0, 12, "next");
    assert!(reads(&mut seized, &next).is_some());
}

#[test]
fn what_was_let_go_is_gone_where_history_is_kept() {
    let mut group = Group::new(2, true);
    let recorded: Vec<_> = (2..5).map(|n| group.say(0, n, "secret")).collect();
    for frame in &recorded {
        assert!(group.reads(1, frame).is_some());
    }
    let held = [recorded[2].content_hash()].into();
    for at in [0, 1] {
        group.members[at].retain(&held);
        let read: Vec<_> = recorded.iter().map(|frame| group.reads(at, frame).is_some()).collect();
        assert_eq!(read, [false, false, true], "{at}");
        assert_eq!(group.members[at].kept(), 1);
    }
}

#[test]
fn a_recorded_mint_opens_as_long_as_its_key_lives_and_no_longer() {
    let mut group = Group::new(2, false);
    let mint = group.mint(0);
    assert!(group.members[1].seized_opens(&mint));
    // Replaced soon, but kept for mints on their way.
    group.pass(limits::KEM_ROTATION + MOMENT);
    assert!(group.members[1].own_hello().kem.unwrap().generation > 1, "it was replaced");
    let late = group.mint_alone(0);
    assert!(late.audience[&group.members[1].me()] > 1);
    assert!(group.members[1].seized_opens(&mint));
    group.pass(limits::GRACE + MOMENT);
    assert!(!group.members[1].seized_opens(&mint), "the key that opened it is gone");
    assert!(group.members[1].seized_opens(&late), "the newer one isn't");
    // The minter itself never had one that opens it.
    assert!(!group.members[0].seized_opens(&mint));
}

#[test]
fn a_key_that_opened_nothing_stays_and_each_that_did_is_replaced() {
    let mut group = Group::new(2, true);
    let generation = |group: &Group| group.members[1].own_hello().kem.unwrap().generation;
    let mut last = generation(&group);
    for _ in 0..5 {
        group.mint(0);
        group.pass(limits::KEM_ROTATION + MOMENT);
        assert_eq!(generation(&group), last + 1);
        last += 1;
        group.pass(limits::GRACE * 2);
        assert_eq!(generation(&group), last);
    }
}

#[test]
fn a_clone_reads_along_until_its_victim_has_changed_its_key_and_someone_mints() {
    // The twin is the thief's copy; from the theft on it has randomness of its own.
    let scene = || Group::new(3, true);
    let (mut group, mut twin) = (scene(), scene());
    twin.world.store(1, Ordering::Relaxed);
    let mut clone = twin.members.remove(2);
    let before = group.say(0, 2, "the thief reads this");
    assert!(reads(&mut clone, &before).is_some(), "it has everything");

    // The victim opens a mint, changes its key, and tells; so does the clone.
    let first = group.mint(0);
    assert!(clone.learn_mint(&first, group.now).unwrap().opened, "by the stolen key");
    group.pass(limits::KEM_ROTATION + MOMENT);
    clone.timeout(group.now, false);
    let second = group.mint(1);
    assert_ne!(clone.own_hello().kem, group.members[2].own_hello().kem);
    assert!(!clone.learn_mint(&second, group.now).is_ok_and(|learned| learned.opened));
    let after = group.say(0, 3, "healed");
    assert_eq!(reads(&mut clone, &after), None);
    assert_eq!(group.reads(2, &after).as_deref(), Some("healed"));
}
