//! A member's process freezes, and someone repeats what it has sent: that makes no ghost, to
//! whom the others would seal what they say.

use crate::room::Room;
use chat_engine::Time;
use chat_protocol::Envelope;
use chat_seal::Chore;
use chat_secrecy::person::{Link, rogue};

/// A room whose third member is gone, one who has come since, and what the frozen one sent.
fn scene(history: bool) -> (Room, usize, Vec<Vec<u8>>) {
    let mut room = Room::new(3, history);
    room.says(2, "I was here");
    room.run(Time::from_secs(5));
    room.people[2].alive = false;
    room.run(Time::from_secs(120));
    let (frozen, joiner) = (room.people[2].id, room.enter());
    room.run(Time::from_secs(10));
    assert!((0..2).chain([joiner]).all(|who| !room.sees(who, frozen)), "it is gone");
    let recorded = room.recorded(2).iter().map(|payload| payload.to_vec()).collect();
    (room, joiner, recorded)
}

fn nobody_sees_a_ghost(room: &mut Room, joiner: usize) {
    let frozen = room.people[2].id;
    for _ in 0..5 {
        assert!([0, 1, joiner].into_iter().all(|who| !room.sees(who, frozen)), "a ghost");
        room.run(Time::from_secs(1));
    }
    room.says(0, "among us");
    room.run(Time::from_secs(5));
    assert!(room.reads(1, "among us") && room.reads(joiner, "among us"));
    let last = room.sent.iter().rev().find_map(|(_, payload)| match Envelope::parse(payload) {
        Ok(Envelope::Mint(mint)) => Some(mint),
        _ => None,
    });
    assert!(!last.expect("someone minted").audience.contains_key(&frozen));
}

#[test]
fn what_a_frozen_member_has_sent_makes_no_ghost() {
    for history in [true, false] {
        let (mut room, joiner, recorded) = scene(history);
        for who in [0, 1, joiner] {
            recorded.iter().for_each(|bytes| room.inject(who, bytes, None));
        }
        nobody_sees_a_ghost(&mut room, joiner);
    }
}

#[test]
fn nor_does_it_together_with_the_mints_of_its_time() {
    for history in [true, false] {
        let (mut room, joiner, recorded) = scene(history);
        let everything: Vec<_> = room.sent.iter().map(|(_, payload)| payload.clone()).collect();
        let mints = everything
            .iter()
            .filter(|payload| matches!(Envelope::parse(payload), Ok(Envelope::Mint(_))));
        for mint in mints {
            room.inject(joiner, mint, None);
        }
        recorded.iter().for_each(|bytes| room.inject(joiner, bytes, None));
        nobody_sees_a_ghost(&mut room, joiner);
    }
}

#[test]
fn nor_does_a_frame_of_its_time_that_nobody_has_got() {
    for history in [true, false] {
        let mut room = Room::new(3, history);
        room.people[2].link = Link::Mute(room.now);
        room.says(2, "I was here");
        let lost = room.recorded(2).pop().expect("it was sent");
        assert!(matches!(Envelope::parse(&lost), Ok(Envelope::Frame(_))));
        room.people[2].alive = false;
        room.run(Time::from_secs(120));
        let joiner = room.enter();
        room.run(Time::from_secs(10));
        [0, 1, joiner].into_iter().for_each(|who| room.inject(who, &lost, None));
        // Where history is kept it waits for its key at first.
        for _ in 0..15 {
            let frozen = room.people[2].id;
            assert!([0, 1, joiner].into_iter().all(|who| !room.sees(who, frozen)), "a ghost");
            room.run(Time::from_secs(1));
        }
        nobody_sees_a_ghost(&mut room, joiner);
    }
}

/// A member mints for itself alone: a newer epoch than the one that all others speak under.
fn mint_for_itself(room: &mut Room, member: u64) {
    let mut rogue = rogue(true, member);
    for envelope in (0..room.people.len()).flat_map(|who| room.envelopes(who)) {
        match envelope {
            Envelope::Hello(hello) => drop(rogue.learn(&hello)),
            Envelope::Mint(mint) => drop(rogue.learn_mint(&mint, room.now)),
            _ => {}
        }
    }
    rogue.set_view(std::iter::empty(), room.now);
    room.run(Time::from_secs(2));
    let mint = rogue.timeout(room.now, true).into_iter().find_map(|chore| match chore {
        Chore::Mint(mint) => Some(Envelope::Mint(mint).to_json()),
        Chore::Hello => None,
    });
    let mint = mint.expect("it has none to speak under");
    (0..room.people.len()).for_each(|who| room.inject(who, &mint, None));
}

#[test]
fn the_first_beat_of_a_joiner_quotes_the_epoch_of_who_let_it_in() {
    // So many that it doesn't mint at once.
    let mut room = Room::new(17, true);
    let quoted = |room: &Room, who| {
        let beats = room.envelopes(who).into_iter().filter_map(|envelope| match envelope {
            Envelope::Beat(beat) => Some(beat.epoch),
            _ => None,
        });
        beats.collect::<Vec<_>>()
    };
    let current = *quoted(&room, 0).last().unwrap();
    mint_for_itself(&mut room, 2);
    let joiner = room.enter();
    room.run(Time::from_secs(2));
    assert!(current.is_some());
    assert_eq!(quoted(&room, joiner)[0], current);
}

#[test]
fn a_joiners_mint_is_newer_than_those_before_it_came() {
    let mut room = Room::new(4, true);
    room.enter();
    room.run(Time::from_secs(5));
    let mints: Vec<_> = room
        .sent
        .iter()
        .filter_map(|(by, payload)| match Envelope::parse(payload) {
            Ok(Envelope::Mint(mint)) => Some((*by, mint)),
            _ => None,
        })
        .collect();
    assert!(mints.len() >= 5 && mints.iter().any(|(by, _)| *by == 4));
    assert!(mints.windows(2).all(|pair| pair[0].1.lamport < pair[1].1.lamport));
}
