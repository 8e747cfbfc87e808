//! Those who have left or were expelled, and go on.

use crate::room::Room;
use chat_engine::Time;
use chat_node::{Code, Command, Reason};
use chat_protocol::{
    Dot, Envelope, EpochId, Frame, Hello, Lamport, Number, Sealed, VectorClock, Want,
    frame::Signature,
    hash::Past,
    sealed::{Ciphertext, Commitment},
};
use chat_seal::Seal;
use chat_secrecy::person::rogue;
use std::sync::Arc;

/// The third member as one that follows no rules, and knows everybody.
fn rogue_third(room: &Room, history: bool) -> Seal {
    let mut rogue = rogue(history, 2);
    assert_eq!(rogue.me(), room.people[2].id);
    for who in 0..2 {
        let hello = newest_hello(room, who);
        rogue.learn(&hello).expect("a member's hello is good");
    }
    let view = [room.people[0].id, room.people[1].id];
    rogue.set_view(view.into_iter(), room.now);
    rogue
}

fn newest_hello(room: &Room, who: usize) -> Hello {
    let hello = |envelope: Envelope| match envelope {
        Envelope::Hello(hello) => Some(hello),
        _ => None,
    };
    room.envelopes(who).into_iter().rev().find_map(hello).expect("it has introduced itself")
}

fn frames(room: &Room, who: usize) -> Vec<Arc<Frame>> {
    let frame = |envelope| match envelope {
        Envelope::Frame(frame) => Some(frame),
        _ => None,
    };
    room.envelopes(who).into_iter().filter_map(frame).collect()
}

#[test]
fn who_has_left_locks_nobody_in_or_out() {
    let mut room = Room::new(3, true);
    let mut rogue = rogue_third(&room, true);
    room.command(2, Command::Leave(Reason::Left));
    room.run(Time::from_secs(10));
    let lock = rogue.lock(room.now).unwrap();
    for who in [0, 1] {
        room.inject(who, &Envelope::Mint(lock.clone()).to_json(), None);
        assert!(!room.warned(who, Code::Locked), "{who}");
    }
    let joiner = room.enter();
    room.run(Time::from_secs(10));
    assert!(room.turned_away.is_empty() && room.sees(0, room.people[joiner].id));
}

#[test]
fn a_member_does_lock_the_room() {
    let mut room = Room::new(3, true);
    let lock = rogue_third(&room, true).lock(room.now).unwrap();
    room.inject(0, &Envelope::Mint(lock).to_json(), None);
    assert!(room.warned(0, Code::Locked), "or the test above shows nothing");
}

#[test]
fn who_has_left_is_granted_no_keys() {
    for leaves in [false, true] {
        let mut room = Room::new(3, true);
        room.says(0, "before");
        room.run(Time::from_secs(5));
        let rogue = rogue_third(&room, true);
        if leaves {
            room.command(2, Command::Leave(Reason::Left));
            room.run(Time::from_secs(10));
        }
        let dots = frames(&room, 0).iter().map(|frame| frame.dot()).collect();
        let mut want = Want { dots, ..Want::new(newest_hello(&room, 2)) };
        rogue.sign_want(&mut want);
        let before = room.sent.len();
        room.inject(0, &Envelope::Want(want).to_json(), Some("_INBOX.2"));
        let grants = room.sent[before..].iter().filter(|(_, payload)| {
            matches!(Envelope::parse(payload), Ok(Envelope::Give(give)) if give.grant.is_some())
        });
        assert_eq!(grants.count() > 0, !leaves, "a member is granted them");
    }
}

/// A frame whose contents nobody can read.
fn unreadable(rogue: &mut Seal, dot: Dot, lamport: u64, (epoch, body): (EpochId, u8)) -> Frame {
    let commit = Commitment([body; 32]);
    let body = Ciphertext(vec![body; 272]);
    let frame = Frame {
        from: dot.node,
        number: dot.number,
        lamport: Lamport(lamport),
        clock: VectorClock::from_iter([dot]),
        past: Past::ZERO,
        items: Vec::new(),
        sealed: Some(Sealed { epoch, step: 500, commit, body }),
        is_final: false,
        sig: Signature::ZERO,
    };
    rogue.close(frame, &[]).expect("anything can be signed").0
}

#[test]
fn two_sealed_frames_with_one_dot_expel_their_author_and_lock_it_out() {
    let mut room = Room::new(3, true);
    let mut rogue = rogue_third(&room, true);
    let last = frames(&room, 2).pop().unwrap();
    let epoch = frames(&room, 0).pop().unwrap().sealed.as_ref().unwrap().epoch;
    let dot = Dot::new(last.from, Number(last.number.0 + 1));
    room.people[2].alive = false;
    // One for each of the others: they needn't read them to see that they differ.
    for who in [0, 1] {
        let body = u8::try_from(who).unwrap();
        let frame = unreadable(&mut rogue, dot, last.lamport.0 + 10, (epoch, body));
        room.inject(who, &Envelope::Frame(Arc::new(frame)).to_json(), None);
    }
    room.run(Time::from_secs(30));
    assert!((0..2).all(|who| room.expels(who, last.from)));
    let locks = room.envelopes(0).into_iter().chain(room.envelopes(1));
    let lock = locks.filter_map(|envelope| match envelope {
        Envelope::Mint(mint) if mint.lock => Some(mint),
        _ => None,
    });
    assert!(lock.count() > 0, "the next mint locks");
    room.says(0, "without it");
    room.run(Time::from_secs(5));
    assert!(room.reads(1, "without it"));
    // It comes back as another node, by the invite that it has.
    let again = room.enter();
    room.run(Time::from_secs(10));
    assert!(!room.turned_away.is_empty() && room.turned_away.iter().all(|who| *who == again));
    assert!(!room.reads(again, "without it"));
}
