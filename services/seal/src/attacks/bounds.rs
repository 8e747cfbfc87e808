//! Floods: whoever sends without end costs a bounded amount of memory, and delays nobody.

use super::*;
use crate::{Refused, mint};
use chat_protocol::{hello::Kem, limits};
use std::collections::BTreeMap;

fn kems(group: &Group) -> BTreeMap<NodeId, Kem> {
    let kem = |seal: &Seal| (seal.me(), seal.own_hello().kem.unwrap());
    group.members.iter().map(kem).collect()
}

/// Mints of the second member without end.
fn flood(group: &Group, audience: &BTreeMap<NodeId, Kem>, count: u64) -> Vec<Arc<Mint>> {
    let mut random = entropy(80, &group.world);
    let mint = |n| mint::forge(&room(), &identity(1), &mut random, (10 + n, false), audience);
    (0..count).map(mint).map(|forged| Arc::new(forged.unwrap().0)).collect()
}

#[test]
fn so_many_epochs_are_held_and_mints_kept() {
    let mut group = Group::new(2, true);
    for mint in flood(&group, &kems(&group), 100) {
        assert!(group.members[0].learn_mint(&mint, group.now).unwrap().opened);
        let [held, kept, _, _] = group.members[0].sizes();
        assert!(held <= limits::EPOCHS && kept <= limits::MINTS, "{held} {kept}");
        assert_eq!(group.members[0].quoted(), Some(mint.epoch()));
    }
    // Their names are remembered while a key could open them again, and no longer.
    assert!(group.members[0].sizes()[2] >= 90);
    group.pass(limits::KEM_ROTATION + limits::GRACE + Duration::from_secs(1));
    assert_eq!(group.members[0].sizes()[2], 0);
    assert!(group.members[0].may_speak());
}

#[test]
fn mints_for_others_are_kept_up_to_a_number_and_never_push_out_the_one_in_use() {
    let mut group = Group::new(2, true);
    let used = group.members[0].quoted().unwrap();
    let minter: BTreeMap<_, _> =
        kems(&group).into_iter().filter(|(node, _)| *node == group.members[1].me()).collect();
    for mint in flood(&group, &minter, 100) {
        assert!(!group.members[0].learn_mint(&mint, group.now).unwrap().opened);
    }
    let [held, kept, retired, _] = group.members[0].sizes();
    assert_eq!((held, kept, retired), (1, limits::MINTS, 0));
    assert!(group.members[0].mint_of(&used).is_some());
    assert_eq!(group.members[0].quoted(), Some(used));
}

#[test]
fn who_skips_too_far_is_not_followed_and_the_next_in_order_is() {
    let mut group = Group::new(2, true);
    let first = group.say(0, 2, "first");
    let mut last = None;
    for n in 0..=u64::from(limits::SKIPPED_KEYS) + 1 {
        last = Some(group.say(0, n + 3, "unseen"));
    }
    assert_eq!(group.reads(1, &last.unwrap()), None);
    assert_eq!(group.members[1].sizes()[3], 0, "it has cost nothing");
    assert_eq!(group.reads(1, &first).as_deref(), Some("first"));
}

#[test]
fn keys_skipped_in_one_epoch_are_bounded_in_all() {
    let count = 1 + limits::SKIPPED_KEYS_IN_ALL / limits::SKIPPED_KEYS as usize;
    let mut group = Group::new(u8::try_from(count + 1).unwrap(), true);
    for author in 1..=count {
        for n in 0..u64::from(limits::SKIPPED_KEYS) {
            group.say(author, n + 2, "unseen");
        }
        let seen = group.say(author, 5000, "seen");
        let read = group.reads(0, &seen);
        assert_eq!(read.is_some(), author < count, "{author}");
        assert!(group.members[0].sizes()[3] <= limits::SKIPPED_KEYS_IN_ALL);
    }
    // Whoever leaves no gap is read all the same.
    let mint = group.mint(0);
    let frame = group.say(1, 6000, "hi");
    assert_eq!(frame.sealed.as_ref().unwrap().epoch, mint.epoch());
    assert!(group.reads(0, &frame).is_some());
}

#[test]
fn so_many_hellos_are_remembered_and_those_known_stay() {
    // In a clear room, where making one costs less; the bound is the same.
    let public = || RoomKeys::public(chat_protocol::RoomId([1; 16]));
    let hello = |n: u32| {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&n.to_be_bytes());
        let me = Identity::from_seed(public().id(), &seed);
        Seal::clear(public(), me).own_hello().clone()
    };
    let me = Identity::from_seed(public().id(), &[1; 32]);
    let mut reader = Seal::clear(public(), me);
    for n in 1..u32::try_from(limits::TOMBSTONES).unwrap() {
        assert_eq!(reader.learn(&hello(n)), Ok(true), "{n}");
    }
    assert_eq!(reader.learn(&hello(0)), Err(Refused::TooMany));
    assert_eq!(reader.learn(&hello(1)), Ok(false));
}

#[test]
fn a_grant_is_no_larger_than_its_bound() {
    let mut group = Group::new(2, true);
    let count = limits::GRANT_BYTES as u64 / 64 + 10;
    let mut hashes = Vec::new();
    for n in 0..count {
        let draft = draft(group.members[0].me(), n + 2);
        hashes.push(group.members[0].close(draft, &text("")).unwrap().1);
    }
    let to = group.members[1].me();
    let grant = group.members[0].grant(to, hashes.into_iter()).unwrap();
    assert!(grant.keys.0.len() <= limits::GRANT_BYTES);
    assert!(grant.keys.0.len() + 64 > limits::GRANT_BYTES - 64);
}
