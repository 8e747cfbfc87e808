//! Whoever carries the messages changes them: every byte, every truncation, every field.

use super::*;
use chat_protocol::{
    ContentHash, Envelope, EpochId, Floor, FloorEntry, Give, Key, RangeSet, Want,
    sealed::{Ciphertext, SealedSecret},
};

/// Every text that differs in two bits of one byte, or is cut off somewhere, is refused, or
/// says the same.
fn nothing_else_is_believed(genuine: &Envelope, believes: impl Fn(&Envelope) -> bool) {
    assert!(believes(genuine), "the genuine one is fine");
    let json = genuine.to_json();
    let mut read = 0;
    let mut check = |bytes: &[u8], what: &str| {
        let Ok(envelope) = Envelope::parse(bytes) else { return };
        read += 1;
        if envelope != *genuine {
            let text = String::from_utf8_lossy(bytes);
            assert!(!believes(&envelope), "{what} goes unseen: {text}");
        }
    };
    for at in 0..json.len() {
        for bit in [1, 8] {
            let mut wrong = json.clone();
            wrong[at] ^= bit;
            check(&wrong, &format!("bit {bit} of byte {at}"));
        }
        check(&json[..at], &format!("a cut at {at}"));
    }
    assert!(read > 50, "few of them can be read at all: {read}");
}

/// Two members, and a third that knows nobody.
fn scene() -> (Group, Arc<Mint>) {
    let mut group = Group::new(2, true);
    let mint = group.mint(0);
    (group, mint)
}

fn reader_of(group: &Group) -> Seal {
    let mut reader = member(9, true, &group.world);
    group.members.iter().for_each(|seal| assert_eq!(reader.learn(seal.own_hello()), Ok(true)));
    reader
}

#[test]
fn every_byte_of_a_hello() {
    let (group, _) = scene();
    nothing_else_is_believed(&Envelope::Hello(group.members[0].own_hello().clone()), |envelope| {
        let Envelope::Hello(hello) = envelope else { return false };
        member(9, true, &group.world).learn(hello).is_ok()
    });
}

#[test]
fn every_byte_of_a_mint() {
    let (group, mint) = scene();
    nothing_else_is_believed(&Envelope::Mint(mint), |envelope| {
        let Envelope::Mint(mint) = envelope else { return false };
        reader_of(&group).learn_mint(mint, group.now).is_ok()
    });
}

#[test]
fn every_byte_of_a_frame() {
    let (mut group, _) = scene();
    let mut frame = group.say(0, 2, "hi");
    // With all that a frame can have.
    frame.clock.set(Dot::new(group.members[1].me(), Number(1)));
    let (frame, _) = group.members[0].close(Frame { sealed: None, ..frame }, &text("hi")).unwrap();
    let reader = reader_of(&group);
    nothing_else_is_believed(&Envelope::Frame(Arc::new(frame)), |envelope| {
        let Envelope::Frame(frame) = envelope else { return false };
        reader.verify_frame(frame).is_ok()
    });
}

#[test]
fn every_byte_of_a_beat() {
    let (group, _) = scene();
    let mut beat = beat(group.members[0].me());
    group.members[0].sign_beat(&mut beat);
    let reader = reader_of(&group);
    nothing_else_is_believed(&Envelope::Beat(beat), |envelope| {
        let Envelope::Beat(beat) = envelope else { return false };
        reader.verify_beat(beat).is_ok()
    });
}

#[test]
fn every_byte_of_a_request() {
    let (group, mint) = scene();
    let dot = Dot::new(group.members[1].me(), Number(3));
    let mut want = Want::new(group.members[0].own_hello().clone());
    want.dots = vec![dot];
    want.hellos = vec![dot.node];
    want.epochs = vec![mint.epoch()];
    let mut had = RangeSet::new();
    had.insert_range(Number(1), Number(2));
    want.have = Some([(dot.node, had)].into());
    want.cut = vec![dot];
    group.members[0].sign_want(&mut want);
    nothing_else_is_believed(&Envelope::Want(want), |envelope| {
        let Envelope::Want(want) = envelope else { return false };
        // Whoever knows the requester takes no notice of its hello; here it matters.
        member(9, true, &group.world).verify_want(want).is_ok()
    });
}

#[test]
fn every_byte_of_an_answer() {
    let (mut group, _) = scene();
    let (from, to) = (group.members[0].me(), group.members[1].me());
    let frame = group.say(0, 2, "hi");
    let hash = frame.content_hash();
    // Frames, hellos and mints in it bear signatures of their own.
    let mut give = Give::new(from, to);
    give.live = vec![from, to];
    give.lost = vec![Dot::new(to, Number(1))];
    let entry = FloorEntry { number: Number(2), hash: ContentHash([3; 32]), cover: Number(1) };
    let key = Key { lamport: Lamport(4), node: to, number: Number(2) };
    give.floor = Floor { entries: [(from, entry)].into(), key };
    give.grant = group.members[0].grant(to, [hash].into_iter());
    assert!(give.grant.is_some());
    (give.more, give.sync) = (true, true);
    group.members[0].sign_give(&mut give);
    let reader = std::cell::RefCell::new(reader_of(&group));
    nothing_else_is_believed(&Envelope::Give(give), |envelope| {
        let Envelope::Give(give) = envelope else { return false };
        reader.borrow_mut().verify_give(give).is_ok()
    });
}

#[test]
fn every_field_of_a_mint() {
    let (group, mint) = scene();
    let other = group.members[1].me();
    let changes: [fn(&mut Mint, NodeId); 8] = [
        |mint, other| mint.from = other,
        |mint, _| mint.lock = true,
        |mint, _| mint.lamport += 1,
        |mint, other| *mint.audience.get_mut(&other).unwrap() += 1,
        |mint, other| {
            mint.audience.remove(&other);
            mint.sealed = Box::default();
        },
        |mint, _| {
            mint.audience.insert(NodeId([9; 10]), 1);
            mint.sealed = [&mint.sealed[..], &[SealedSecret([0; 80])]].concat().into();
        },
        |mint, _| mint.commit.0[20] ^= 1,
        |mint, _| mint.sealed[0].0[0] ^= 1,
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut wrong = (*mint).clone();
        change(&mut wrong, other);
        let learned = reader_of(&group).learn_mint(&Arc::new(wrong), group.now);
        assert_eq!(learned, Err(crate::Refused::BadSignature), "change {at}");
    }
}

#[test]
fn every_field_of_a_frame() {
    let (mut group, _) = scene();
    let genuine = group.say(0, 2, "hi");
    let other = group.members[1].me();
    let changes: [fn(&mut Frame, NodeId); 10] = [
        |frame, other| frame.from = other,
        |frame, _| frame.number = Number(3),
        |frame, _| frame.lamport = Lamport(9),
        |frame, other| frame.clock.set(Dot::new(other, Number(1))),
        |frame, _| frame.past.0[0] ^= 1,
        |frame, _| frame.is_final = true,
        |frame, _| frame.sealed.as_mut().unwrap().epoch = EpochId([1; 16]),
        |frame, _| frame.sealed.as_mut().unwrap().step += 1,
        |frame, _| frame.sealed.as_mut().unwrap().commit.0[0] ^= 1,
        |frame, _| frame.sealed.as_mut().unwrap().body = Ciphertext(vec![0; 272]),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut wrong = genuine.clone();
        change(&mut wrong, other);
        let verified = group.members[1].verify_frame(&wrong);
        assert_eq!(verified, Err(crate::Refused::BadSignature), "change {at}");
    }
    // Taken out of its frame, what is sealed says nothing either.
    let bare = Frame { sealed: None, ..genuine };
    assert_eq!(group.members[1].verify_frame(&bare), Err(crate::Refused::BadSignature));
}
