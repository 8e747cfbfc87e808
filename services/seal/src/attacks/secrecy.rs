//! Outsiders, who see everything that passes: the director, the server, and whoever has some
//! of the keys.

use super::*;
use crate::{kem::KemKeys, mint};
use chat_protocol::{Envelope, Give, limits};

#[test]
fn who_has_only_the_rooms_id_opens_nothing() {
    let group = Group::new(2, true);
    let mint = group.members[0].mint_of(&group.members[0].quoted().unwrap()).unwrap();
    let kem = KemKeys::new(&mut entropy(1, &group.world));
    let member = identity(1).id();
    assert!(mint::open(&room(), member, &kem, &mint).is_ok());
    // The director, even with a member's stolen key, lacks what follows from the invite.
    let director = RoomKeys::public(room().id());
    assert!(mint::open(&director, member, &kem, &mint).is_err());
}

#[test]
fn a_stolen_key_without_the_invite_opens_no_grant() {
    let mut group = Group::new(2, true);
    let frame = group.say(0, 2, "hi");
    let hash = frame.content_hash();
    let to = group.members[1].me();
    let mut give = Give::new(group.members[0].me(), to);
    give.frames = vec![Arc::new(frame.clone())];
    give.grant = group.members[0].grant(to, [hash].into_iter());
    // The same randomness gives the thief the same key for encapsulation.
    let director = RoomKeys::public(room().id());
    let mut thief = Seal::sealed(director, identity(1), entropy(1, &group.world), true);
    assert_eq!(thief.own_hello().kem, group.members[1].own_hello().kem);
    thief.take_grant(&give);
    assert_eq!(thief.kept(), 0);
    // One that has the invite and another key is no better off.
    let mut insider = Seal::sealed(room(), identity(1), entropy(9, &group.world), true);
    insider.take_grant(&give);
    assert_eq!(insider.kept(), 0);
}

#[test]
fn what_passes_holds_no_text_and_few_lengths() {
    let mut group = Group::new(2, true);
    let secret = "the secret ingredient";
    let mut lengths = std::collections::BTreeSet::new();
    for (n, said) in (2..).zip(["", "y", secret, &secret.repeat(9), &secret.repeat(20)]) {
        let frame = group.say(0, n, said);
        lengths.insert(frame.sealed.as_ref().unwrap().body.0.len());
        let bytes = [frame.signed_form(), Envelope::Frame(Arc::new(frame)).to_json()].concat();
        assert!(!bytes.windows(10).any(|some| secret.as_bytes().starts_with(some)));
    }
    assert_eq!(lengths, [256 + 16, 1024 + 16].into());
    let texts = [limits::TEXT_BYTES, limits::TEXT_BYTES - 1].map(|length| "x".repeat(length));
    let lengths = texts.map(|said| group.say(0, 9, &said).sealed.unwrap().body.0.len());
    assert_eq!(lengths[0], lengths[1]);
}

#[test]
fn the_same_words_never_look_the_same() {
    let mut group = Group::new(2, true);
    let bodies: std::collections::BTreeSet<_> =
        (2..12).map(|n| group.say(0, n, "yes").sealed.unwrap().body.0).collect();
    assert_eq!(bodies.len(), 10);
    let sealed: std::collections::BTreeSet<_> =
        (0..10).map(|_| group.mint(0).sealed[0].0).collect();
    assert_eq!(sealed.len(), 10);
}

#[test]
fn nothing_secret_is_printed() {
    let mut group = Group::new(2, true);
    let frame = group.say(0, 2, "hi");
    let printed = format!("{:?} {:?} {:?}", identity(0), room(), frame.sealed.unwrap().body);
    assert!(printed.len() < 200, "{printed}");
}

#[test]
fn a_fingerprint_tells_keys_apart_and_is_the_same_for_everyone() {
    let group = Group::new(3, true);
    let of =
        |reader: usize, node: usize| group.members[reader].fingerprint(&group.members[node].me());
    assert_eq!(of(0, 2), of(1, 2));
    assert_eq!(of(2, 2), of(1, 2), "its own is what others see");
    assert_ne!(of(0, 1), of(0, 2));
    assert_eq!(group.members[0].fingerprint(&NodeId([9; 10])), "");
}
