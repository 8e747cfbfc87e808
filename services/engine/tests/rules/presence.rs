//! Beats: how often, how large, what they acknowledge, and who is taken for present.

use crate::room::{ME, MILLI, Node, SECOND, beat, dot, frame, node};
use chat_engine::{Config, Effect, LinkState, Phase, PresenceChange, Time};
use chat_protocol::{Beat, Dot, Number, VectorClock, limits};

/// Says that these members are there, once.
fn meet(here: &mut Node, members: std::ops::RangeInclusive<usize>, count: u64) {
    for n in members {
        here.hears_beat(beat(node(n), count));
    }
}

/// A room that has been silent for a while; its members beat on.
pub(crate) fn quiet(members: usize) -> Node {
    let mut here = Node::found(Config::default());
    for n in 1..=members {
        here.hears(&frame(dot(n, 1), 2, &[]));
    }
    here.wait(Time::from_secs(20));
    here.effects();
    here
}

fn changes(here: &mut Node) -> Vec<(Time, PresenceChange)> {
    let change = |(at, effect)| match effect {
        Effect::Presence(_, change) => Some((at, change)),
        _ => None,
    };
    here.effects().into_iter().filter_map(change).collect()
}

#[test]
fn the_interval_between_beats_grows_with_the_room() {
    for (members, mean) in [(2, limits::BEAT), (60, limits::BEAT_PER_MEMBER * 61)] {
        let mut here = quiet(members);
        let mut at = Vec::new();
        for round in 1..200 {
            meet(&mut here, 1..=members, round);
            here.wait(SECOND);
            at.extend(here.beats().into_iter().map(|(at, _)| at));
        }
        let gaps: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap >= mean / 2 && *gap <= 3 * mean / 2), "{gaps:?}");
        let average = gaps.iter().sum::<Time>() / u32::try_from(gaps.len()).unwrap();
        assert!(average > mean * 8 / 10 && average < mean * 12 / 10, "{average:?} for {mean:?}");
    }
}

#[test]
fn whoever_has_said_something_beats_soon_unless_somebody_shows_to_have_it() {
    let rooms = [
        (2, limits::TAIL_BEAT),
        (50, 51 * limits::BEAT_PER_MEMBER / 4),
        (200, limits::TAIL_BEAT_MOST),
    ];
    for (members, soon) in rooms {
        let mut here = quiet(0);
        meet(&mut here, 1..=members, 1);
        let beats_soon = |here: &mut Node, acked: Option<Number>| {
            while here.beats().is_empty() {
                here.wait(MILLI);
            }
            here.say();
            if let Some(number) = acked {
                let acks = [Dot::new(ME, number)].into_iter().collect();
                here.hears_beat(Beat { acks, ..beat(node(1), 10 + number.0) });
            }
            here.wait(soon - MILLI);
            assert!(here.beats().is_empty(), "{members}");
            here.wait(2 * MILLI);
            !here.beats().is_empty()
        };
        assert!(beats_soon(&mut here, None));
        let last = here.engine.draft(false).number;
        assert!(beats_soon(&mut here, Some(Number(last.0 - 1))), "it has the one before");
        assert!(!beats_soon(&mut here, Some(last.next())));
    }
}

#[test]
fn whoever_has_more_to_say_beats_for_what_it_said_only_if_that_takes_long() {
    for (members, long) in [(20, limits::TAIL_BEAT_MOST), (200, 201 * limits::BEAT_PER_MEMBER)] {
        // Seldom enough that none is the regular one.
        let config = Config { beat: Time::from_secs(60), ..Config::default() };
        let mut here = Node::found(config);
        meet(&mut here, 1..=members, 1);
        here.engine.show(here.now);
        here.wait(Time::ZERO);
        here.effects();
        here.say();
        here.engine.goes_on(here.now);
        here.wait(long - MILLI);
        assert!(here.beats().is_empty(), "{members}");
        here.wait(2 * MILLI);
        assert!(!here.beats().is_empty(), "{members}");
    }
}

#[test]
fn the_last_word_is_told_of_while_there_is_time_in_a_room_of_any_size() {
    for members in [1, 200] {
        let mut here = quiet(0);
        meet(&mut here, 1..=members, 1);
        while here.beats().is_empty() {
            here.wait(MILLI);
        }
        here.leave();
        here.wait(limits::LINGER);
        assert!(here.beats().len() >= 2, "{members}");
    }
}

#[test]
fn whoever_goes_on_speaking_beats_no_earlier_for_it() {
    let mut here = quiet(2);
    here.engine.show(here.now);
    here.wait(MILLI);
    assert_eq!(here.beats().len(), 1);
    for _ in 0..2 {
        here.effects();
        here.say();
        here.wait(limits::TAIL_BEAT - 20 * MILLI);
        assert!(here.beats().is_empty());
    }
    here.wait(20 * MILLI);
    assert_eq!(here.beats().len(), 1);
}

#[test]
fn whoever_has_heard_something_beats_soon_and_later_in_a_large_room() {
    for (members, soon) in [(2, limits::NEWS_BEAT), (20, 21 * limits::BEAT_PER_MEMBER)] {
        let mut here = quiet(0);
        meet(&mut here, 2..=members, 1);
        while here.beats().is_empty() {
            here.wait(MILLI);
        }
        here.hears(&frame(dot(1, 1), 2, &[]));
        here.wait(soon + MILLI);
        assert!(!here.beats().is_empty(), "{members}");
    }
}

#[test]
fn only_what_was_delivered_without_a_hole_is_acknowledged() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.hears(&frame(dot(1, 3), 4, &[]));
    here.wait(limits::GAP + SECOND);
    assert_eq!(here.shown(), [dot(1, 1), dot(1, 3)]);
    let beats = here.beats();
    assert!(beats.len() > 3);
    assert!(beats.iter().all(|(_, beat)| beat.acks.get(&node(1)) == Number(1)));
}

#[test]
fn a_beat_is_bounded_whatever_there_is_to_tell() {
    let mut here = Node::found(Config::default());
    for n in 1..=200 {
        // Something is missing of each, and each is a head.
        here.hears(&frame(dot(n, 1), 2, &[]));
        here.hears(&frame(dot(n, 3), 4, &[]));
    }
    here.wait(limits::GAP + 2 * 200 * limits::BEAT_PER_MEMBER);
    let beats = here.beats();
    let (_, told) = beats.last().unwrap();
    assert_eq!(told.heads.len(), limits::BEAT_HEADS);
    assert_eq!(told.digest, None, "of some heads there is no digest");
    assert_eq!(told.acks.len(), limits::BEAT_ACKS);
    assert_eq!(told.miss.len(), limits::BEAT_MISS);
    assert!(beats.iter().all(|(_, beat)| beat.check().is_ok()));
}

#[test]
fn a_beat_that_comes_again_shows_no_life() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.hears_beat(beat(node(1), 7));
    for _ in 0..10 {
        here.wait(SECOND);
        here.hears_beat(beat(node(1), 7));
        here.hears_beat(beat(node(1), 6));
    }
    assert!(!here.engine.is_present(&node(1)));
    here.hears_beat(beat(node(1), 8));
    assert!(here.engine.is_present(&node(1)));
}

#[test]
fn three_silent_intervals_make_a_member_unreachable_and_half_a_minute_gone() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.effects();
    here.wait(2 * limits::GONE);
    let unreachable = limits::UNREACHABLE_BEATS * limits::BEAT;
    let (there, gone) = (PresenceChange::Unreachable, PresenceChange::Gone);
    assert_eq!(changes(&mut here), [(unreachable, there), (limits::GONE, gone)]);
    assert_eq!(here.engine.members().count(), 0);
}

#[test]
fn in_a_large_room_suspicion_takes_as_many_intervals() {
    let members = 99;
    let interval = 100 * limits::BEAT_PER_MEMBER;
    let mut here = Node::found(Config::default());
    for n in 1..=members {
        here.hears(&frame(dot(n, 1), 2, &[]));
    }
    let mut told = Vec::new();
    for count in 1..=90 {
        meet(&mut here, 2..=members, count);
        here.wait(SECOND);
        told.extend(changes(&mut here));
    }
    told.retain(|(_, change)| *change != PresenceChange::Joined);
    let near = |at: Time, beats: u32| at >= beats * interval && at <= beats * interval + SECOND;
    assert!(near(told[0].0, limits::UNREACHABLE_BEATS), "{told:?}");
    assert!(near(told[1].0, limits::GONE_BEATS), "{told:?}");
}

#[test]
fn nobody_is_suspected_by_one_that_is_cut_off() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.link(LinkState::Down);
    here.wait(2 * limits::GONE);
    here.link(LinkState::Up);
    here.wait(SECOND);
    assert!(here.engine.is_present(&node(1)));
}

#[test]
fn nobody_is_suspected_by_one_that_was_stopped() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.effects();
    here.stopped_for(2 * limits::GONE);
    here.wait(Time::ZERO);
    assert_eq!(changes(&mut here), []);
    here.wait(limits::UNREACHABLE_BEATS * limits::BEAT);
    let unreachable = (here.now, PresenceChange::Unreachable);
    assert_eq!(changes(&mut here), [unreachable], "silent though this node was there");
}

#[test]
fn one_that_leaves_stays_until_someone_has_its_last_word() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.say();
    here.leave();
    let shown = |number| VectorClock::from_iter([Dot::new(ME, Number(number))]);
    here.hears_beat(Beat { heads: shown(2), ..beat(node(1), 1) });
    assert!(matches!(here.engine.phase(), Phase::Leaving { .. }));
    here.hears_beat(Beat { heads: shown(3), ..beat(node(1), 2) });
    assert_eq!(here.engine.phase(), Phase::Gone);
}

#[test]
fn one_that_leaves_lingers_for_two_seconds_at_most() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.leave();
    here.wait(limits::LINGER - MILLI);
    assert!(matches!(here.engine.phase(), Phase::Leaving { .. }));
    here.wait(MILLI);
    assert_eq!(here.engine.phase(), Phase::Gone);
}

#[test]
fn each_member_stands_as_its_last_beat_shows_and_what_is_missing_is_named() {
    let mut here = quiet(2);
    let same = Some(here.engine.frontier());
    here.hears_beat(Beat { digest: same, ..beat(node(1), 100) });
    here.hears_beat(Beat { digest: same, holes: 2, ..beat(node(2), 100) });
    let standings: Vec<_> = here.engine.standings().collect();
    let stands = |n: usize| standings.iter().find(|standing| standing.node == node(n)).unwrap();
    assert!(stands(1).present && stands(1).same && stands(1).digest == same);
    assert!(!stands(2).same && stands(2).holes == 2, "it lacks what is here");
    let agreement = here.engine.agreement();
    assert_eq!((agreement.same, agreement.of), (2, 3));
    // Someone has seen what is not here.
    here.hears(&frame(dot(1, 3), 9, &[dot(1, 2)]));
    assert_eq!(here.engine.wanted().collect::<Vec<_>>(), [dot(1, 2)]);
    assert_eq!(here.engine.waived().count(), 0);
}
