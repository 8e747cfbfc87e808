//! What was genuine once comes again, late, often, or in another place.

use super::*;
use crate::{Refused, keyring::Learned};
use chat_protocol::{Hello, Want, limits};

#[test]
fn a_frame_that_comes_again_is_not_read_again() {
    let mut group = Group::new(2, false);
    let frame = group.say(0, 2, "hi");
    assert_eq!(group.reads(1, &frame).as_deref(), Some("hi"));
    assert_eq!(group.reads(1, &frame), None);
}

#[test]
fn frames_are_read_in_any_order_and_the_skipped_ones_have_their_keys_once() {
    let mut group = Group::new(2, false);
    let frames: Vec<_> = (2..52).map(|n| group.say(0, n, &format!("{n}"))).collect();
    for round in [true, false] {
        for at in (0..50).map(|n| n * 37 % 50) {
            let read = group.reads(1, &frames[at]);
            assert_eq!(read, round.then(|| format!("{}", at + 2)), "{at}");
        }
    }
    assert_eq!(group.members[1].sizes()[3], 0, "no skipped key is left");
}

#[test]
fn every_message_has_a_key_of_its_own() {
    let mut group = Group::new(2, true);
    let mut commits = std::collections::BTreeSet::new();
    for epoch in 0..4 {
        group.mint(0);
        for (author, n) in (0..20).map(|n| (n % 2, n as u64 + 2)) {
            let frame = group.say(author, epoch * 100 + n, "the same words");
            assert!(commits.insert(frame.sealed.unwrap().commit.0));
        }
    }
    assert_eq!(commits.len(), 80);
}

#[test]
fn an_old_hello_never_brings_an_old_key_back() {
    let mut group = Group::new(3, true);
    let old = group.members[0].own_hello().clone();
    let mint = group.mint(1);
    group.pass(limits::KEM_ROTATION + Duration::from_secs(1));
    let new = group.members[0].own_hello().clone();
    assert!(new.kem.unwrap().generation > old.kem.unwrap().generation, "it opened {mint:?}");
    assert_eq!(group.members[2].learn(&old), Ok(false));
    assert_eq!(group.members[2].hello(&new.from), Some(&new));
    // Nor does one that comes inside a request.
    let mut want = Want::new(old);
    want.sig = identity(0).sign("want", room().id(), &want.signed_form());
    assert_eq!(group.members[2].verify_want(&want), Ok(()));
    assert_eq!(group.members[2].hello(&new.from), Some(&new));
    assert_eq!(group.mint_alone(2).audience[&new.from], new.kem.unwrap().generation);
}

#[test]
fn a_hello_with_another_nodes_key_or_an_unsigned_one_changes_nothing() {
    let group = Group::new(2, true);
    let genuine = group.members[0].own_hello().clone();
    let newer = |hello: &Hello| {
        let mut hello = hello.clone();
        hello.kem.as_mut().unwrap().generation += 1;
        hello.kem.as_mut().unwrap().key = identity_kem(&group);
        hello.mac = room().gate_mac(&hello.body());
        hello
    };
    let mut reader = member(9, true, &group.world);
    reader.learn(&genuine).unwrap();
    let swapped = newer(&genuine);
    assert_eq!(reader.learn(&swapped), Err(Refused::BadSignature));
    let by_another = Hello {
        sig: identity(1).sign("hello", room().id(), &swapped.signed_form()),
        ..swapped.clone()
    };
    assert_eq!(reader.learn(&by_another), Err(Refused::BadSignature));
    // One who has not met the node yet is not fooled either.
    assert_eq!(member(8, true, &group.world).learn(&by_another), Err(Refused::BadSignature));
    assert_eq!(reader.hello(&genuine.from), Some(&genuine));
}

/// A key that the attacker, the second member, has the secret of.
fn identity_kem(group: &Group) -> chat_protocol::sealed::KemKey {
    group.members[1].own_hello().kem.unwrap().key
}

#[test]
fn a_mint_that_comes_again_changes_nothing() {
    let mut group = Group::new(2, true);
    let mint = group.mint(0);
    let quoted = group.members[1].quoted();
    let frame = group.say(0, 2, "hi");
    assert_eq!(group.reads(1, &frame).as_deref(), Some("hi"));
    for _ in 0..3 {
        assert_eq!(group.members[1].learn_mint(&mint, group.now), Ok(Learned::default()));
        // Its minter does not take it from the network at all.
        assert_eq!(group.members[0].learn_mint(&mint, group.now), Ok(Learned::default()));
    }
    assert_eq!(group.members[1].quoted(), quoted);
    let frame = group.say(0, 3, "the chain runs on");
    assert_eq!(frame.sealed.as_ref().unwrap().step, 1);
    assert!(group.reads(1, &frame).is_some());
}

#[test]
fn the_mint_of_a_retired_epoch_does_not_bring_its_keys_back() {
    let mut group = Group::new(2, false);
    let old = group.mint(0);
    let recorded: Vec<_> = (2..5).map(|n| group.say(0, n, "secret")).collect();
    for frame in &recorded[..2] {
        assert!(group.reads(1, frame).is_some());
    }
    // So many newer ones push it out while the key that opens it is still there.
    (0..=limits::EPOCHS).for_each(|_| drop(group.mint(0)));
    assert!(group.members[1].seized_opens(&old), "without a rule against it");
    assert_eq!(group.members[1].learn_mint(&old, group.now), Ok(Learned::default()));
    for frame in &recorded {
        assert_eq!(group.reads(1, frame), None);
    }
}

#[test]
fn an_old_epoch_is_not_a_sign_of_life() {
    let mut group = Group::new(3, true);
    let old = group.members[0].quoted().unwrap();
    assert_eq!(group.members[1].is_current(Some(&old)), Some(true));
    group.mint(1);
    group.pass(limits::GRACE + Duration::from_secs(1));
    assert_eq!(group.members[1].is_current(Some(&old)), Some(false));
    assert_eq!(group.members[1].is_current(None), Some(false), "it is in a sealed room");
    // Nor is one that was never opened here.
    let mut other = Group::new(3, true);
    let closed = {
        other.see(&[0, 2]);
        other.mint(0)
    };
    (0..3).for_each(|_| drop(other.mint(1)));
    assert!(other.members[1].mint_of(&closed.epoch()).is_some());
    assert_eq!(other.members[1].is_current(Some(&closed.epoch())), Some(false));
    let unknown = chat_protocol::EpochId([1; 16]);
    assert_eq!(group.members[1].is_current(Some(&unknown)), None, "it must be asked for");
}

#[test]
fn nothing_of_one_room_is_worth_anything_in_another() {
    let mut group = Group::new(2, true);
    let mint = group.mint(0);
    let frame = group.say(0, 2, "hi");
    let other = Invite { secret: [8; 20].into(), clear: false, history: true };
    let other = RoomKeys::private(&other);
    let me = Identity::from_seed(other.id(), &[1; 32]);
    assert_ne!(me.id(), group.members[1].me(), "one key has another id in another room");
    let id = other.id();
    let mut there = Seal::sealed(other, me, entropy(1, &group.world), true);
    assert_eq!(there.learn(group.members[0].own_hello()), Err(Refused::BadKey));
    assert_eq!(there.learn_mint(&mint, group.now), Err(Refused::UnknownSender));
    assert_eq!(there.verify_frame(&frame), Err(Refused::UnknownSender));
    // Not even where the id were the same.
    let key = ed25519_dalek::VerifyingKey::from_bytes(&identity(0).public().0).unwrap();
    let verify =
        |room| crate::identity::verify(&key, "frame", room, &frame.signed_form(), &frame.sig);
    assert!(verify(room().id()) && !verify(id));
}

#[test]
fn old_mints_that_come_again_keep_nobody_from_minting() {
    let mut group = Group::new(3, true);
    let recorded: Vec<_> = (0..3 * limits::MINTS).map(|_| group.mint(1)).collect();
    group.pass(limits::GRACE * 2);
    // Someone leaves. Anyone who can publish repeats what it has recorded, again and again.
    group.see(&[0, 1]);
    let until = group.now + Duration::from_secs(10);
    let mut minted = false;
    while group.now < until && !minted {
        for old in &recorded {
            let _ = group.members[0].learn_mint(old, group.now);
        }
        let chores = group.members[0].timeout(group.now, false);
        minted = chores.iter().any(|chore| matches!(chore, Chore::Mint(_)));
        group.now += Duration::from_millis(100);
    }
    assert!(minted, "its turn never comes");
}
