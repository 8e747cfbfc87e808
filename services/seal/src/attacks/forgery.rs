//! Insiders: they have every chain of the epoch, and everything that was sealed.

use super::*;
use crate::{
    Refused, body,
    chain::Chain,
    identity::node_id,
    kem::{self, KemKeys},
    key::Key,
    mint,
};
use chat_protocol::{
    ContentHash, Give, Grant, Sealed,
    hello::Kem,
    sealed::{Ciphertext, Commitment, SealedSecret},
};
use std::collections::BTreeMap;

/// The chains of an epoch, as the member at this place has them from its mint.
fn chains(group: &Group, insider: u8, mint: &Mint) -> BTreeMap<NodeId, Chain> {
    let kem = KemKeys::new(&mut entropy(insider, &group.world));
    mint::open(&room(), identity(insider).id(), &kem, mint).ok().unwrap().chains
}

/// Signs a frame as someone, whatever is in it.
fn signed(by: &Identity, mut frame: Frame) -> Frame {
    frame.sig = by.sign("frame", room().id(), &frame.signed_form());
    frame
}

/// Contents that are bound to their frame as the rules have it.
fn sealed(frame: &mut Frame, mint: &Mint, step: u32, key: &Key, commit: Commitment, said: &str) {
    let empty = Sealed { epoch: mint.epoch(), step, commit, body: Ciphertext::default() };
    frame.sealed = Some(empty);
    let bound = [&room().id().0[..], &frame.header()].concat();
    frame.sealed.as_mut().unwrap().body = body::encrypt(key, &bound, &text(said)).unwrap();
}

#[test]
fn who_holds_anothers_chain_cannot_speak_as_it() {
    let mut group = Group::new(3, true);
    let mint = group.mint(0);
    let victim = group.members[0].me();
    let (_, key) = chains(&group, 2, &mint).get_mut(&victim).unwrap().advance().unwrap();
    let mut frame = draft(victim, 2);
    sealed(&mut frame, &mint, 0, &key, body::commitment(&key), "send me the invite");
    let forged = signed(&identity(2), frame);
    assert_eq!(group.members[1].verify_frame(&forged), Err(Refused::BadSignature));
    // Under its own name the forger can't use the victim's chain either.
    let own = signed(&identity(2), Frame { from: group.members[2].me(), ..forged });
    assert_eq!(group.reads(1, &own), None);
    let genuine = group.say(0, 2, "hi");
    assert_eq!(group.reads(1, &genuine).as_deref(), Some("hi"));
}

#[test]
fn nobody_comes_in_with_a_key_that_anyone_can_sign_for() {
    let mut group = Group::new(2, true);
    let mut hello = group.members[1].own_hello().clone();
    // The neutral element.
    hello.sign.0 = [0; 32];
    hello.sign.0[0] = 1;
    hello.from = node_id(room().id(), &hello.sign);
    hello.mac = room().gate_mac(&hello.body());
    assert_eq!(group.members[0].learn(&hello), Err(Refused::BadKey));
}

#[test]
fn one_frame_says_the_same_to_everyone() {
    let mut group = Group::new(2, true);
    let mint = group.mint(0);
    let author = group.members[0].me();
    let (_, key) = chains(&group, 1, &mint).get_mut(&author).unwrap().advance().unwrap();
    // Signed by its author, and committed to another key than that of its step.
    let mut frame = draft(author, 2);
    let other = body::commitment(&Key::from_bytes(&[1; 32]));
    sealed(&mut frame, &mint, 0, &key, other, "one thing to some, another to others");
    let wrong = signed(&identity(0), frame);
    let hash = group.members[1].verify_frame(&wrong).unwrap();
    assert_eq!(group.members[1].admit(&wrong, hash), Admission::Unreadable);
    assert_eq!(group.reads(1, &wrong), None);
    // It has used nothing up: the genuine frame of that step is read.
    let genuine = group.say(0, 3, "hi");
    assert_eq!(genuine.sealed.as_ref().unwrap().step, 0);
    assert_eq!(group.reads(1, &genuine).as_deref(), Some("hi"));
}

#[test]
fn contents_moved_into_another_frame_say_nothing_there() {
    let mut group = Group::new(2, true);
    group.mint(0);
    let genuine = group.say(0, 2, "yes");
    let moved: [fn(&mut Frame); 4] = [
        |frame| frame.lamport = Lamport(9),
        |frame| frame.past.0[0] = 1,
        |frame| frame.is_final = true,
        |frame| (frame.number, frame.clock) = (Number(3), draft(frame.from, 3).clock),
    ];
    for (at, change) in moved.into_iter().enumerate() {
        let mut frame = genuine.clone();
        change(&mut frame);
        // Even by its author.
        let frame = signed(&identity(0), frame);
        assert!(group.members[1].verify_frame(&frame).is_ok());
        assert_eq!(group.reads(1, &frame), None, "change {at}");
        group.mint(0);
    }
}

#[test]
fn a_minter_gives_all_the_same_secret_or_is_found_out() {
    let group = Group::new(3, true);
    let kems = |at: usize| (group.members[at].me(), group.members[at].own_hello().kem.unwrap());
    let audience: BTreeMap<NodeId, Kem> = (0..3).map(kems).collect();
    let minter = identity(0);
    let mut random = entropy(50, &group.world);
    let (mut split, _) = mint::forge(&room(), &minter, &mut random, (9, false), &audience).unwrap();
    // Another secret for one of them.
    let context = labelled("mint", [&room().id().0[..], &split.head()]);
    let others = audience.iter().filter(|(node, _)| **node != minter.id());
    let (place, (victim, kem)) = others.enumerate().next().unwrap();
    let info = [b"tchat/v1 seal".as_slice(), &context, &victim.0].concat();
    let secret = kem::seal(&room(), &kem.key, &info, &[1; 32], &mut random).unwrap();
    split.sealed[place] = SealedSecret(secret.try_into().unwrap());
    split.sig = minter.sign("mint", room().id(), &split.signed_form());

    let split = Arc::new(split);
    let mut group = group;
    for at in 1..3 {
        let is_victim = group.members[at].me() == *victim;
        let learned = group.members[at].learn_mint(&split, group.now);
        match learned {
            Err(refused) => assert!(is_victim && refused == Refused::BadCommitment, "{refused}"),
            Ok(learned) => assert!(!is_victim && learned.opened),
        }
        if is_victim {
            assert!(group.members[at].timeout(group.now, true).is_empty());
            let later = group.now + Duration::from_secs(5);
            let chores = group.members[at].timeout(later, true);
            let heals = chores.iter().any(|chore| matches!(chore, Chore::Mint(m) if m.lamport > 9));
            assert!(heals, "the victim mints one that everyone can open");
        }
    }
}

/// An answer of a member that grants these keys for a frame.
fn granting(by: u8, to: &Seal, frame: &Frame, keys: &[(ContentHash, &Key)]) -> Give {
    let by = identity(by);
    let kem = to.own_hello().kem.unwrap();
    let info = [b"tchat/v1 grant\x01".as_slice(), &by.id().0, &to.me().0];
    let info = [&info.concat()[..], &kem.generation.to_be_bytes()].concat();
    let plain: Vec<_> =
        keys.iter().flat_map(|(hash, key)| [hash.0, *key.bytes()].concat()).collect();
    let mut random = entropy(60, &Arc::default());
    let keys = Ciphertext(kem::seal(&room(), &kem.key, &info, &plain, &mut random).unwrap());
    let mut give = Give::new(by.id(), to.me());
    give.frames = vec![Arc::new(frame.clone())];
    give.grant = Some(Grant { kem_gen: kem.generation, keys });
    give.sig = by.sign("give", room().id(), &give.signed_form());
    give
}

#[test]
fn a_wrong_key_that_is_granted_opens_nothing_and_keeps_the_right_one_out_no_longer() {
    let mut group = Group::new(2, true);
    let mint = group.mint(0);
    let author = group.members[0].me();
    let frame = group.say(0, 2, "hi");
    let hash = frame.content_hash();
    let joiner = group.arrive(true);
    group.introduce(&[0, 1, joiner]);
    let (_, right) = chains(&group, 1, &mint).get_mut(&author).unwrap().advance().unwrap();
    let wrong = Key::from_bytes(&[1; 32]);
    for (keys, read) in [([(hash, &wrong)], None), ([(hash, &right)], Some("hi"))] {
        let give = granting(1, &group.members[joiner], &frame, &keys);
        group.members[joiner].verify_give(&give).unwrap();
        group.members[joiner].take_grant(&give);
        assert_eq!(group.reads(joiner, &frame).as_deref(), read);
    }
    // Keys of frames that aren't in the answer are not kept.
    let kept = group.members[joiner].kept();
    let give = granting(1, &group.members[joiner], &frame, &[(ContentHash([5; 32]), &right)]);
    group.members[joiner].take_grant(&give);
    assert_eq!(group.members[joiner].kept(), kept);
}

#[test]
fn nobody_leaves_on_behalf_of_another() {
    let mut group = Group::new(3, true);
    let victim = group.members[0].me();
    let last = Frame { is_final: true, ..draft(victim, 2) };
    let forged = signed(&identity(2), last.clone());
    assert_eq!(group.members[1].verify_frame(&forged), Err(Refused::BadSignature));
    // A last frame says nothing and needs no epoch; its author's counts.
    let genuine = group.members[0].close(last, &[]).unwrap().0;
    assert!(genuine.sealed.is_none() && group.members[1].verify_frame(&genuine).is_ok());
}

#[test]
fn a_mint_or_beat_or_answer_in_anothers_name_is_refused() {
    let mut group = Group::new(3, true);
    let (victim, forger) = (group.members[0].me(), identity(2));
    let mut mint = (*group.mint_alone(2)).clone();
    mint.from = victim;
    mint.sig = forger.sign("mint", room().id(), &mint.signed_form());
    let learned = group.members[1].learn_mint(&Arc::new(mint), group.now);
    assert_eq!(learned, Err(Refused::BadSignature));
    let mut beat = beat(victim);
    assert_eq!(group.members[1].verify_beat(&beat), Err(Refused::BadSignature), "nobody signed it");
    beat.sig = forger.sign("beat", room().id(), &beat.signed_form());
    assert_eq!(group.members[1].verify_beat(&beat), Err(Refused::BadSignature));
    let mut give = Give::new(victim, group.members[1].me());
    give.sig = forger.sign("give", room().id(), &give.signed_form());
    assert_eq!(group.members[1].verify_give(&give), Err(Refused::BadSignature));
}

#[test]
fn a_signature_is_of_its_kind_alone() {
    let mut group = Group::new(2, true);
    let mut frame = group.say(0, 2, "hi");
    frame.sig = identity(0).sign("mint", room().id(), &frame.signed_form());
    assert_eq!(group.members[1].verify_frame(&frame), Err(Refused::BadSignature));
}

#[test]
fn nobody_takes_the_name_of_anothers_epoch() {
    for audience in [&[0, 1, 2][..], &[2]] {
        let mut group = Group::new(3, true);
        let genuine = group.mint_alone(0);
        // The forger was faster: an epoch of its own by the same name, which nobody can open.
        let mut squat = (*group.mint_alone(2)).clone();
        let kept: std::collections::BTreeSet<_> = group.ids(audience).into_iter().collect();
        squat.audience.retain(|node, _| kept.contains(node));
        squat.sealed = squat.sealed[..squat.audience.len() - 1].into();
        squat.commit = genuine.commit;
        squat.sig = identity(2).sign("mint", room().id(), &squat.signed_form());
        let _ = group.members[1].learn_mint(&Arc::new(squat), group.now);
        let learned = group.members[1].learn_mint(&genuine, group.now);
        assert!(learned.is_ok_and(|learned| learned.opened), "{audience:?}");
        let frame = group.say(0, 2, "hi");
        assert_eq!(group.reads(1, &frame).as_deref(), Some("hi"));
    }
}
