//! Flow control: how much may be on its way, and what acknowledges it.

use super::{
    presence::quiet,
    room::{ME, MILLI, Node, SECOND, beat, dot, frame, long, node},
};
use chat_engine::{Config, Entry, Time};
use chat_protocol::{Beat, Dot, Number, VectorClock, limits};
use std::collections::BTreeSet;

/// A frame of a mebibyte and a little more.
fn large(dot: Dot) -> Entry {
    long(&frame(dot, 1 + dot.number.0, &[]), 1 << 20)
}

/// So many authors that four beats acknowledge them.
const CROWD: usize = 4 * limits::BEAT_ACKS;

/// What lies between two beats in a room of so many.
fn interval() -> Time {
    limits::BEAT_PER_MEMBER * u32::try_from(CROWD).expect("hundreds of them")
}

/// A room in which each of them has just said something, and none has heard the others.
fn crowded() -> Node {
    let mut here = quiet(CROWD);
    (1..=CROWD).for_each(|n| here.hears(&frame(dot(n, 2), 3, &[])));
    here
}

/// Whoever sends it shows to have all that this node says.
fn has_all(by: usize, count: u64) -> Beat {
    let acks = VectorClock::from_iter([Dot::new(ME, Number::MAX)]);
    Beat { acks, ..beat(node(by), count) }
}

#[test]
fn flow_control_lets_so_many_frames_be_unacknowledged_and_no_lie_ahead_helps() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.hears_beat(has_all(1, 1));
    assert!(here.engine.is_stable());
    for _ in 0..limits::UNACKNOWLEDGED {
        assert!(here.engine.may_say());
        here.say();
    }
    assert!(!here.engine.may_say());
    let acks = VectorClock::from_iter([Dot::new(ME, Number(2))]);
    here.hears_beat(Beat { acks, ..beat(node(1), 2) });
    assert!(here.engine.may_say());
}

#[test]
fn who_beats_and_acknowledges_nothing_more_is_waited_for_no_longer_than_the_silent() {
    let mut here = quiet(2);
    (1..=2).for_each(|by| here.hears_beat(has_all(by, 1)));
    let begun = here.now;
    while here.engine.may_say() {
        here.say();
    }
    let mut count = 1;
    while !here.engine.may_say() {
        count += 1;
        here.hears_beat(has_all(1, count));
        here.hears_beat(beat(node(2), count));
        here.wait(Time::from_secs(1));
    }
    let waited = here.now - begun;
    assert!(waited >= limits::GONE && waited < limits::GONE + Time::from_secs(2), "{waited:?}");
    let acks = VectorClock::from_iter([Dot::new(ME, Number(2))]);
    here.hears_beat(Beat { acks, ..beat(node(2), count + 1) });
    let begun = here.engine.draft(false).number.0;
    while here.engine.may_say() {
        here.say();
    }
    let more = here.engine.draft(false).number.0 - begun;
    assert_eq!(more, 1, "as much as it acknowledged: it counts again");
}

#[test]
fn what_others_say_meanwhile_counts_and_what_they_said_before_does_not() {
    let mut here = quiet(2);
    (1..=2).for_each(|by| here.hears_beat(has_all(by, 1)));
    let many = limits::IN_FLIGHT >> 20;
    (2..=many + 1).for_each(|n| here.hears(&large(dot(1, n))));
    assert!(here.engine.may_say(), "nothing of its own is on its way");
    here.say();
    (many + 2..=2 * many).for_each(|n| here.hears(&large(dot(1, n))));
    assert!(here.engine.may_say());
    here.hears(&large(dot(2, 2)));
    assert!(!here.engine.may_say());
    here.hears_beat(has_all(1, 2));
    assert!(!here.engine.may_say(), "the second still lacks it");
    here.hears_beat(has_all(2, 2));
    assert!(here.engine.may_say());
}

#[test]
fn a_frame_acknowledges_what_lies_before_those_that_it_names() {
    let mut here = quiet(2);
    (1..=2).for_each(|by| here.hears_beat(has_all(by, 1)));
    here.say();
    let own = Dot::new(ME, here.engine.number());
    here.hears(&frame(dot(1, 2), 100, &[own]));
    assert!(!here.engine.is_stable());
    here.hears(&frame(dot(2, 2), 101, &[dot(1, 2)]));
    assert!(here.engine.is_stable());
}

#[test]
fn a_beat_acknowledges_what_lies_behind_its_heads_unless_its_sender_lacks_something() {
    let mut here = quiet(2);
    (1..=2).for_each(|by| here.hears_beat(has_all(by, 1)));
    here.say();
    let own = Dot::new(ME, here.engine.number());
    here.hears(&frame(dot(1, 2), 100, &[own]));
    let heads = || VectorClock::from_iter([dot(1, 2)]);
    here.hears_beat(Beat { heads: heads(), holes: 1, ..beat(node(2), 2) });
    assert!(!here.engine.is_stable());
    // Nobody could give it that: it was waived, and what comes after it may lie above its top.
    here.hears_beat(Beat { heads: heads(), miss: vec![own], ..beat(node(2), 3) });
    assert!(!here.engine.is_stable());
    here.hears_beat(Beat { heads: heads(), ..beat(node(2), 4) });
    assert!(here.engine.is_stable());
}

#[test]
fn a_frame_that_names_what_was_not_said_yet_acknowledges_nothing() {
    let mut here = quiet(1);
    here.say();
    let later = Dot::new(ME, Number(here.engine.number().0 + 5));
    here.hears(&frame(dot(1, 2), 100, &[later]));
    for count in 1..=6 {
        here.wait(limits::BEAT);
        here.hears_beat(beat(node(1), count));
    }
    assert!(here.shown().contains(&dot(1, 2)), "{:?}", here.shown());
    assert!(!here.engine.is_stable());
}

#[test]
fn what_is_said_acknowledges_what_was_received() {
    let mut here = quiet(20);
    (2..=limits::ACK_EVERY).for_each(|n| here.hears(&frame(dot(1, n), n + 1, &[])));
    here.say();
    here.hears(&frame(dot(1, limits::ACK_EVERY + 1), limits::ACK_EVERY + 2, &[]));
    here.wait(MILLI);
    assert!(here.beats().is_empty());
}

#[test]
fn a_hundred_and_twenty_eight_frames_received_are_acknowledged_at_once() {
    let mut here = quiet(20);
    for n in 2..=limits::ACK_EVERY {
        here.hears(&frame(dot(1, n), n + 1, &[]));
    }
    here.wait(Time::ZERO);
    assert!(here.beats().is_empty());
    here.hears(&frame(dot(1, limits::ACK_EVERY + 1), limits::ACK_EVERY + 2, &[]));
    here.wait(MILLI);
    let beats = here.beats();
    assert_eq!(beats[0].1.acks.get(&node(1)), Number(limits::ACK_EVERY + 1));
}

#[test]
fn many_who_say_little_each_are_acknowledged_by_the_next_beat() {
    let mut here = quiet(20);
    for n in 2..=limits::ACK_EVERY {
        (1..=3).for_each(|by| here.hears(&frame(dot(by, n), n + 1, &[])));
    }
    here.wait(MILLI);
    assert!(here.beats().is_empty());
}

#[test]
fn so_many_bytes_received_are_acknowledged_at_once_and_half_as_many_more_where_they_come_slowly() {
    for (lasting, bytes) in [
        (Time::ZERO, limits::ACK_BYTES),
        (limits::ACK_FAST - MILLI, limits::ACK_BYTES),
        (limits::ACK_FAST, limits::ACK_BYTES_SLOW),
    ] {
        let mut here = quiet(200);
        for _ in 0..4 {
            here.engine.show(here.now);
            here.wait(Time::ZERO);
        }
        here.wait(limits::ACK_FAST);
        here.effects();
        here.hears(&large(dot(1, 2)));
        here.wait(lasting);
        let many = (bytes >> 20) as u64;
        (3..=many).for_each(|n| here.hears(&large(dot(1, n))));
        here.wait(Time::ZERO);
        assert!(here.beats().is_empty(), "{lasting:?}");
        here.hears(&large(dot(1, many + 1)));
        here.wait(MILLI);
        assert_eq!(here.beats()[0].1.acks.get(&node(1)), Number(many + 1), "{lasting:?}");
    }
}

#[test]
fn of_too_many_authors_each_is_acknowledged_in_turn_and_whoever_says_something_first() {
    let authors = 3 * limits::BEAT_ACKS;
    let mut here = Node::found(Config::default());
    (1..=authors).for_each(|n| here.hears(&frame(dot(n, 1), 2, &[])));
    let mut told = BTreeSet::new();
    for _ in 0..3 {
        here.engine.show(here.now);
        here.wait(MILLI);
        told.extend(here.beats().iter().flat_map(|(_, beat)| beat.acks.dots()));
    }
    assert_eq!(told.len(), authors);
    for n in [1, 99, authors] {
        here.effects();
        here.hears(&frame(dot(n, 2), 3, &[]));
        here.engine.show(here.now);
        here.wait(MILLI);
        assert_eq!(here.beats()[0].1.acks.get(&node(n)), Number(2));
    }
}

#[test]
fn what_one_beat_has_no_room_for_the_next_ones_tell_soon() {
    let mut here = crowded();
    here.engine.show(here.now);
    let begun = here.now;
    let mut told = BTreeSet::new();
    while told.len() < CROWD {
        here.wait(MILLI);
        let beats = here.beats();
        let acks = beats.iter().flat_map(|(_, beat)| beat.acks.dots());
        told.extend(acks.filter(|dot| dot.number == Number(2)));
    }
    let took = here.now - begun;
    assert!(took < interval(), "who waits for it waited {took:?}");
    here.wait(interval());
    assert!(here.beats().len() <= 2, "all is told");
}

#[test]
fn whom_a_beat_has_no_room_for_waits_while_more_comes() {
    let mut here = crowded();
    here.engine.show(here.now);
    here.wait(MILLI);
    assert_eq!(here.beats().len(), 1);
    for n in 3..15 {
        here.hears(&frame(dot(1, n), n + 1, &[]));
        here.wait(SECOND);
    }
    assert!(here.beats().is_empty());
    here.wait(10 * SECOND);
    assert!(!here.beats().is_empty());
}

#[test]
fn where_the_heads_tell_of_all_authors_one_beat_is_enough() {
    let mut here = quiet(CROWD);
    here.say();
    let own = Dot::new(ME, here.engine.number());
    here.hears(&frame(dot(1, 2), 10, &[own]));
    (2..=CROWD).for_each(|n| here.hears(&frame(dot(n, 2), 9 + n as u64, &[dot(n - 1, 2)])));
    here.engine.show(here.now);
    here.wait(interval() / 2);
    assert_eq!(here.beats().len(), 1);
}

#[test]
fn whom_an_own_frame_acknowledged_no_other_beat_is_for() {
    let mut here = crowded();
    // What it lacks its beats can't tell by heads.
    here.hears(&frame(dot(1, 4), 5, &[]));
    here.wait(2 * limits::GAP);
    here.say();
    here.effects();
    here.wait(2 * limits::TAIL_BEAT_MOST);
    assert_eq!(here.beats().len(), 1);
    here.wait(2 * limits::TAIL_BEAT_MOST);
    assert!(here.beats().is_empty());
}
