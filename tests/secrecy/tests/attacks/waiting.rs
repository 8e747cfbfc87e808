//! Frames of an epoch that isn't open yet wait for its mint, and not for ever.

use crate::room::{Room, brings_mint};
use chat_engine::Time;
use chat_node::Code;
use chat_protocol::{Dot, Envelope, Give, Number, limits};

/// The second node gets no mint, be it from its minter or from anyone it asks.
fn no_mints_for_the_second(envelope: &Envelope, to: usize) -> bool {
    let grants = matches!(envelope, Envelope::Give(give) if give.grant.is_some());
    to == 1 && (grants || brings_mint(envelope))
}

/// A room in which the others speak under an epoch that the second lacks.
fn scene(history: bool) -> Room {
    let mut room = Room::new(2, history);
    room.loses = no_mints_for_the_second;
    room.enter();
    room.run(Time::from_secs(5));
    room.says(0, "under the new epoch");
    room
}

#[test]
fn a_frame_waits_for_its_mint_and_is_read_when_it_comes() {
    for history in [true, false] {
        let mut room = scene(history);
        room.run(Time::from_millis(500));
        assert!(!room.reads(1, "under the new epoch"));
        room.loses = |_, _| false;
        room.run(Time::from_secs(8));
        assert!(room.reads(1, "under the new epoch"), "it has asked for the mint");
        assert!(!room.warned(1, Code::Unread));
    }
}

#[test]
fn what_has_waited_too_long_is_told_of_and_holds_nobody_up() {
    let mut room = scene(false);
    room.run(limits::GAP + Time::from_secs(5));
    assert!(!room.reads(1, "under the new epoch") && room.warned(1, Code::Unread));
    room.loses = |_, _| false;
    room.run(Time::from_secs(5));
    room.says(0, "and on");
    room.run(Time::from_secs(5));
    assert!(room.reads(1, "and on"));
}

fn no_grants_for_the_second(envelope: &Envelope, to: usize) -> bool {
    let is_grant = |give: &Give| !give.frames.is_empty() && give.grant.is_some();
    to == 1 && matches!(envelope, Envelope::Give(give) if is_grant(give))
}

#[test]
fn what_is_never_read_is_named_by_the_first_message_that_answers_it() {
    for history in [true, false] {
        let mut room = scene(history);
        room.run(limits::GAP + Time::from_secs(5));
        room.loses = no_grants_for_the_second;
        // Where keys are granted, until the second has given up asking for this one.
        room.run(Time::from_secs(if history { 400 } else { 5 }));
        assert!(!room.reads(1, "under the new epoch"));
        room.says(2, "an answer");
        room.run(Time::from_secs(5));
        room.says(0, "another");
        room.run(Time::from_secs(5));
        let joined = Dot::new(room.people[2].id, Number(1));
        let unread = [room.message(0, "under the new epoch").origin.dot, joined];
        assert_eq!(room.message(1, "an answer").origin.gap, unread, "history: {history}");
        assert_eq!(room.message(1, "another").origin.gap, [], "it is told once");
    }
}

#[test]
fn what_was_told_unread_is_read_late_where_it_is_granted() {
    let mut room = scene(true);
    room.run(limits::GAP + Time::from_secs(5));
    assert!(!room.reads(1, "under the new epoch"));
    room.loses = |_, _| false;
    room.run(Time::from_secs(60));
    assert!(room.reads(1, "under the new epoch"));
}
