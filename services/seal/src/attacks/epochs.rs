//! Under which epoch one speaks, when it is renewed, and what makes a new one necessary.

use super::*;
use crate::{Refused, kem::KemKeys, mint};
use chat_protocol::{hello::Kem, limits};
use std::collections::BTreeMap;

/// A mint by a member's own key for an audience of its choice.
fn forged(by: u8, lamport: u64, audience: &BTreeMap<NodeId, Kem>) -> Arc<Mint> {
    let mut random = entropy(70 + by, &Arc::new(AtomicU64::new(lamport)));
    let place = (lamport, false);
    let forged = mint::forge(&room(), &identity(by), &mut random, place, audience);
    Arc::new(forged.unwrap().0)
}

fn kems(group: &Group, who: &[usize]) -> BTreeMap<NodeId, Kem> {
    let kem = |at: &usize| (group.members[*at].me(), group.members[*at].own_hello().kem.unwrap());
    who.iter().map(kem).collect()
}

/// When it mints by itself, if within two minutes.
fn mints_by_itself(group: &mut Group, who: usize, eager: bool) -> Option<(Duration, Arc<Mint>)> {
    let begun = group.now;
    while group.now < begun + Duration::from_secs(120) {
        for chore in group.members[who].timeout(group.now, eager) {
            if let Chore::Mint(mint) = chore {
                return Some((group.now - begun, mint));
            }
        }
        group.now += Duration::from_millis(50);
    }
    None
}

#[test]
fn the_largest_audience_is_spoken_to_though_a_smaller_one_is_newer() {
    let mut group = Group::new(3, true);
    let widest = group.members[0].quoted();
    let newer = forged(1, 50, &kems(&group, &[0, 1]));
    assert!(group.members[0].learn_mint(&newer, group.now).unwrap().opened);
    assert_eq!(group.members[0].quoted(), widest);
    let newest = forged(1, 51, &kems(&group, &[0, 1, 2]));
    assert!(group.members[0].learn_mint(&newest, group.now).unwrap().opened);
    assert_eq!(group.members[0].quoted(), Some(newest.epoch()));
}

#[test]
fn the_count_goes_on_from_mints_that_are_sealed_to_others() {
    let mut group = Group::new(3, true);
    let elsewhere = forged(1, 500, &kems(&group, &[1, 2]));
    assert!(!group.members[0].learn_mint(&elsewhere, group.now).unwrap().opened);
    assert_eq!(group.mint_alone(0).lamport, 501);
    assert!(group.members[0].mint_of(&elsewhere.epoch()).is_some(), "and it is passed on");
}

#[test]
fn who_cannot_open_what_is_meant_for_it_mints_anew() {
    for stale in [true, false] {
        let mut group = Group::new(2, true);
        let mut kems = kems(&group, &[0, 1]);
        let mine = kems.get_mut(&group.members[0].me()).unwrap();
        if stale {
            mine.generation = 7;
        } else {
            // A key of its minter's choosing.
            mine.key = KemKeys::new(&mut entropy(90, &group.world)).newest().key;
        }
        let closed = forged(1, 50, &kems);
        let learned = group.members[0].learn_mint(&closed, group.now);
        assert_eq!(learned.err(), (!stale).then_some(Refused::Unopened));
        let (_, mint) = mints_by_itself(&mut group, 0, false).expect("others speak where it can't");
        assert_eq!(mint.lamport, 51);
        assert!(mints_by_itself(&mut group, 0, false).is_none(), "once is enough");
    }
}

#[test]
fn nobody_mints_without_need_and_everybody_who_must_in_its_turn() {
    let mut group = Group::new(4, true);
    for at in group.all() {
        assert!(mints_by_itself(&mut group, at, true).is_none(), "{at}");
    }
    group.see(&[0, 1, 2]);
    let begun = group.now;
    let after: Vec<_> = (0..3)
        .map(|at| {
            group.now = begun;
            mints_by_itself(&mut group, at, false).expect("it can't speak").0
        })
        .collect();
    let turns: std::collections::BTreeSet<_> = after.iter().collect();
    assert_eq!(turns.len(), 3, "one after another: {after:?}");
    assert!(*turns.last().unwrap() <= &(limits::MINT_EVERY + limits::MINT_STEP * 4), "{after:?}");
}

#[test]
fn who_has_come_is_minted_for() {
    let mut group = Group::new(2, true);
    let joiner = group.arrive(true);
    group.see(&[0, 1, joiner]);
    let (_, mint) = mints_by_itself(&mut group, 0, false).expect("the joiner waits");
    assert!(mint.audience.contains_key(&group.members[joiner].me()));
}

#[test]
fn an_epoch_is_renewed_when_it_is_old_or_much_was_said_under_it() {
    let mut group = Group::new(1, true);
    assert!(mints_by_itself(&mut group, 0, false).is_none());
    group.now += limits::EPOCH_LIFE - Duration::from_secs(250);
    assert!(mints_by_itself(&mut group, 0, false).is_none());
    assert!(mints_by_itself(&mut group, 0, false).is_some(), "after ten minutes");
    for n in 0..limits::EPOCH_FRAMES {
        assert!(mints_by_itself_now(&mut group).is_none(), "frame {n}");
        group.say(0, n + 2, "hi");
    }
    assert!(mints_by_itself(&mut group, 0, false).is_some(), "after a thousand frames");
}

fn mints_by_itself_now(group: &mut Group) -> Option<Chore> {
    group.members[0].timeout(group.now, true).pop()
}

/// Two members that speak under the epoch from before the third came, since it has gone.
fn fallen_back() -> Group {
    let mut group = Group::new(2, true);
    group.arrive(true);
    group.see(&[0, 1, 2]);
    group.mint(0);
    group.see(&[0, 1]);
    assert!(group.members[0].may_speak(), "under the one from before");
    group
}

#[test]
fn an_older_epoch_is_spoken_under_only_until_someone_mints() {
    let mut group = fallen_back();
    let (_, mint) = mints_by_itself(&mut group, 0, false).expect("the newest must be the current");
    assert_eq!((mint.lamport, mint.audience.len()), (3, 2));
    assert!(mints_by_itself(&mut group, 0, false).is_none());
}

#[test]
fn an_expulsion_is_followed_by_a_mint_whoever_may_speak() {
    for expelled_again in [false, true] {
        let mut group = fallen_back();
        if expelled_again {
            // The one expelled knows the gate of the lock before.
            mints_by_itself(&mut group, 0, false).unwrap();
            group.members[0].lock(group.now).unwrap();
        }
        group.members[0].lock_next();
        let (_, mint) = mints_by_itself(&mut group, 0, false).expect("the invite must be void");
        assert!(mint.lock && mint.audience.len() == 2);
        assert!(mints_by_itself(&mut group, 0, false).is_none(), "once is enough");
    }
}

#[test]
fn a_lock_that_another_mints_for_the_same_view_is_enough_after_an_expulsion() {
    let mut group = fallen_back();
    (0..2).for_each(|at| group.members[at].lock_next());
    let (_, lock) = mints_by_itself(&mut group, 0, false).unwrap();
    group.members[1].learn_mint(&lock, group.now).unwrap();
    assert!(lock.lock && mints_by_itself(&mut group, 1, false).is_none());
}

#[test]
fn a_mint_from_the_far_future_is_refused() {
    let mut group = Group::new(2, true);
    let seen = group.mint(0).lamport;
    let kems = kems(&group, &[0, 1]);
    let refused = forged(1, seen + limits::MINT_LEAP + 1, &kems);
    let learned = group.members[0].learn_mint(&refused, group.now);
    assert_eq!(learned, Err(Refused::TooFarAhead));
    assert_eq!(group.mint_alone(0).lamport, seen + 1);
    let taken = forged(1, seen + limits::MINT_LEAP, &kems);
    assert!(group.members[0].learn_mint(&taken, group.now).unwrap().opened);
}

#[test]
fn a_joiner_takes_up_a_count_that_an_insider_has_lifted() {
    let mut group = Group::new(2, true);
    let kems = kems(&group, &[0, 1]);
    let mut lifted = group.mint(0).lamport;
    for _ in 0..3 {
        lifted += limits::MINT_LEAP;
        let mint = forged(1, lifted, &kems);
        assert!(group.members[0].learn_mint(&mint, group.now).unwrap().opened);
    }
    let newest = group.members[0].newest_mint().unwrap();
    let mut late = member(9, true, &Arc::default());
    late.learn(group.members[1].own_hello()).unwrap();
    assert!(late.learn_mint(&newest, group.now).is_ok());
}

#[test]
fn frames_of_an_epoch_that_was_replaced_are_read_for_a_while() {
    let mut group = Group::new(2, true);
    let frames: Vec<_> = (2..4).map(|n| group.say(0, n, "on its way")).collect();
    group.mint(0);
    group.pass(limits::GRACE - Duration::from_secs(1));
    assert!(group.reads(1, &frames[0]).is_some());
    group.pass(Duration::from_secs(2));
    assert_eq!(group.reads(1, &frames[1]), None);
}
