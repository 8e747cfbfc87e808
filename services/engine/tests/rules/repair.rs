//! Asking for what is missing, giving what is asked for, and joining.

use crate::room::{ME, MILLI, Node, SECOND, beat, but, dot, frame, give, long, node, want};
use chat_engine::{Config, Effect, Entry, Input, LinkState, Phase, Time};
use chat_protocol::{
    Beat, Dot, Floor, NodeId, Number, VectorClock, Want, envelope::json_bytes,
    hash::TranscriptDigest, limits,
};

fn heads(heads: &[Dot]) -> VectorClock {
    heads.iter().copied().collect()
}

fn published(here: &mut Node) -> Vec<Dot> {
    let dot = |(_, effect)| match effect {
        Effect::Publish(entry) => Some(entry.dot()),
        _ => None,
    };
    here.effects().into_iter().filter_map(dot).collect()
}

#[test]
fn the_claimant_of_a_beat_alone_is_asked_after_a_moment_and_a_few_times() {
    let mut here = Node::found(Config::default());
    for n in 3..12 {
        here.hears(&frame(dot(n, 1), 2, &[]));
    }
    here.effects();
    here.hears_beat(Beat { heads: heads(&[dot(2, 1)]), ..beat(node(1), 1) });
    here.wait(Time::from_secs(30));
    let asks = here.asks();
    assert_eq!(asks.len(), limits::TRIES_CLAIMED as usize);
    assert!(asks.iter().all(|(_, to, dots)| *to == Some(node(1)) && *dots == [dot(2, 1)]));
    assert!(asks[0].0 >= limits::FIRST_ASK && asks[0].0 <= limits::FIRST_ASK + 30 * MILLI);
    for (k, pair) in asks.windows(2).enumerate() {
        let waited = pair[1].0 - pair[0].0;
        let backoff = limits::ASK_BACKOFF * (1 << (k + 1));
        assert!(waited >= backoff && waited <= backoff + 100 * MILLI, "{waited:?}");
    }
    assert_eq!(here.engine.holdings().wants, 0);
}

#[test]
fn what_a_frame_depends_on_is_asked_of_its_author_and_others_too() {
    let mut here = Node::found(Config::default());
    for n in 1..=3 {
        here.hears(&frame(dot(n, 1), 2, &[]));
    }
    here.effects();
    here.hears(&frame(dot(1, 2), 3, &[dot(2, 2)]));
    here.wait(limits::GAP - SECOND);
    let asked: Vec<_> = here.asks().into_iter().filter_map(|(_, to, _)| to).collect();
    assert_eq!(asked[..2], [node(1), node(2)], "who showed it, then its author");
    assert!(asked[2..].contains(&node(3)), "then anyone");
}

#[test]
fn missing_frames_are_asked_for_from_the_lowest_up() {
    let mut here = Node::found(Config::default());
    here.effects();
    here.hears_beat(Beat { number: Number(5), ..beat(node(1), 1) });
    here.wait(SECOND);
    let (_, _, dots) = here.asks().remove(0);
    assert_eq!(dots[0], dot(1, 1));
}

#[test]
fn a_page_is_bounded_in_frames_and_in_bytes() {
    let mut here = Node::found(Config::default());
    for n in 1..=100 {
        here.hears(&frame(dot(1, n), n + 1, &[]));
    }
    let page = here.asked(want(node(2))).unwrap();
    assert_eq!((page.frames.len(), page.more), (limits::PAGE_FRAMES, true));
    // Its own join frame is one of them.
    assert_eq!(page.left as usize, 1 + 100 - limits::PAGE_FRAMES);
    for n in 101..=140 {
        here.hears(&long(&frame(dot(1, n), n + 1, &[]), limits::TEXT_BYTES));
    }
    let mut held = chat_protocol::RangeSet::new();
    held.insert_range(Number(1), Number(100));
    let have = Some([(node(1), held)].into());
    let page = here.asked(Want { have, ..want(node(2)) }).unwrap();
    let bytes: usize = page.frames.iter().map(|frame| json_bytes(frame.as_ref())).sum();
    assert!(page.more && bytes <= limits::PAGE_BYTES && bytes > limits::PAGE_BYTES / 2, "{bytes}");
}

#[test]
fn one_requester_is_given_a_burst_and_then_so_much_a_second() {
    let mut here = Node::found(Config::default());
    for n in 1..=40 {
        here.hears(&long(&frame(dot(1, n), n + 1, &[]), limits::TEXT_BYTES));
    }
    let given = |here: &mut Node| {
        let mut bytes = 0;
        while let Some(page) = here.asked(want(node(2))) {
            bytes += page.frames.iter().map(|frame| json_bytes(frame.as_ref()) as u64).sum::<u64>();
        }
        bytes
    };
    let page = limits::PAGE_BYTES as u64;
    let burst = given(&mut here);
    let most = limits::GIVE_PER_PEER_BURST;
    assert!(burst > most * 9 / 10 && burst < most + page, "{burst}");
    here.wait(10 * SECOND);
    let more = given(&mut here);
    let most = 10 * limits::GIVE_PER_PEER;
    assert!(more > most / 2 && more < most + page, "{more}");
    assert!(here.asked(want(node(3))).is_some(), "others aren't held back by that");
}

#[test]
fn all_requesters_together_are_given_a_burst_and_then_so_much_a_second() {
    let mut here = Node::found(Config::default());
    for n in 1..=40 {
        here.hears(&long(&frame(dot(1, n), n + 1, &[]), limits::TEXT_BYTES));
    }
    let given = |here: &mut Node| {
        let mut bytes = 0;
        for n in 10..400 {
            let page = here.asked(want(node(n)));
            let frames = page.iter().flat_map(|page| &page.frames);
            bytes += frames.map(|frame| json_bytes(frame.as_ref()) as u64).sum::<u64>();
        }
        bytes
    };
    let page = limits::PAGE_BYTES as u64;
    let burst = given(&mut here);
    let most = limits::GIVE_TOTAL_BURST;
    assert!(burst > most * 9 / 10 && burst < most + page, "{burst}");
    here.wait(4 * SECOND);
    let more = given(&mut here);
    let most = 4 * limits::GIVE_TOTAL;
    assert!(more > most / 2 && more < most + page, "{more}");
}

#[test]
fn what_a_frame_depends_on_is_asked_for_however_much_others_claim() {
    let mut here = Node::found(Config::default());
    let author = 5000;
    here.hears(&frame(dot(author, 1), 2, &[]));
    for round in 1..10 {
        for claimant in 0..10 {
            let heads = (0..60).map(|n| dot(100 * claimant + n, 2 + round)).collect();
            here.hears_beat(Beat { heads, ..beat(node(9000 + claimant), round) });
        }
        if round == 2 {
            here.hears(&frame(dot(author, 2), 3, &[dot(author + 1, 1)]));
        }
        here.wait(Time::from_millis(300));
    }
    let needed = [Some(node(author)), Some(node(author + 1))];
    assert!(here.asks().iter().any(|(_, to, _)| needed.contains(to)));
}

#[test]
fn the_third_who_asks_for_a_frame_within_a_second_has_it_published() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    let mut ask = |n: usize| {
        // However often one names it, or asks.
        let want = Want { dots: vec![dot(1, 1); 3], have: None, ..want(node(n)) };
        here.effects();
        here.input(Input::Want { want, reply: "inbox".into() });
        published(&mut here)
    };
    assert!((0..3).all(|_| ask(2).is_empty()) && ask(3).is_empty());
    assert_eq!(ask(4), [dot(1, 1)]);
    assert!(ask(5).is_empty(), "once is enough");
}

/// The join frames that an answer brings of so many members with join frames of that size.
fn introduced(members: usize, bytes: usize) -> Vec<usize> {
    let mut here = Node::found(Config { transcript_frames: 1, ..Config::default() });
    for n in 1..=members {
        here.hears(&long(&frame(dot(n, 1), 1 + n as u64, &[]), bytes));
    }
    // Nobody's join frame is in the transcript any more.
    here.hears(&frame(dot(1, 2), 2 + members as u64, &[]));
    let joins = here.asked(want(node(5000))).expect("an answer").joins;
    joins.iter().map(|frame| json_bytes(frame.as_ref())).collect()
}

#[test]
fn a_joiner_is_introduced_to_as_many_members_as_fit() {
    assert_eq!(introduced(5, 1000).len(), 5);
    let many = introduced(200, 1000);
    assert!(many.iter().sum::<usize>() <= limits::INTRODUCTION_BYTES);
    assert!(many.len() > 40);
}

#[test]
fn a_join_frame_unduly_large_is_not_kept_for_joiners() {
    assert_eq!(introduced(1, limits::JOIN_BYTES - 500).len(), 1);
    assert_eq!(introduced(1, limits::JOIN_BYTES).len(), 0);
}

#[test]
fn what_was_given_up_is_looked_for_less_and_less_often_and_not_for_ever() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.hears(&frame(dot(1, 3), 4, &[]));
    for count in 1..=400 {
        here.wait(SECOND);
        here.hears_beat(beat(node(1), count));
    }
    let look = |(at, effect)| match effect {
        Effect::Ask { have: Some(_), .. } => Some(at),
        _ => None,
    };
    let mut looks: Vec<Time> = here.effects().into_iter().filter_map(look).collect();
    assert_eq!(looks.len(), limits::SEEK_ROUNDS as usize);
    assert_eq!(looks[0] - limits::GAP, limits::SEEK);
    looks.dedup_by_key(|at| at.as_secs());
    for pair in looks.windows(2) {
        assert_eq!(pair[1] - pair[0], limits::SEEK_MOST);
    }
}

/// A member that has the first and the last of five frames of one who is no longer there.
fn with_a_hole() -> Node {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.hears(&frame(dot(1, 5), 6, &[]));
    here
}

/// Another one, that has the third, too: whenever it is asked for all, it gives that.
fn beside_one_that_has_more(here: &mut Node, time: Time) {
    let until = here.now + time;
    let heads = heads(&[dot(1, 5)]);
    let mut count = here.now.as_secs();
    while here.now < until {
        count += 1;
        here.hears_beat(Beat { heads: heads.clone(), holes: 2, ..beat(node(2), count) });
        here.wait(SECOND);
        let lacks = |effect: &Effect| match effect {
            Effect::Ask { to, have: Some(have), .. } if *to == Some(node(2)) => {
                !have.get(&node(1)).is_some_and(|held| held.contains(Number(3)))
            }
            _ => false,
        };
        if here.effects().iter().any(|(_, effect)| lacks(effect)) {
            let given = chat_protocol::Give { live: Vec::new(), ..give(node(2), Floor::default()) };
            here.given(given, &[frame(dot(1, 3), 4, &[])]);
        }
    }
}

#[test]
fn a_frame_that_no_clock_names_and_whose_successor_is_lost_is_found_by_comparing() {
    let mut here = with_a_hole();
    here.wait(limits::GAP);
    assert_eq!(here.shown(), [dot(1, 1), dot(1, 5)]);
    beside_one_that_has_more(&mut here, 30 * SECOND);
    assert_eq!(here.shown(), [dot(1, 1), dot(1, 3), dot(1, 5)]);
}

#[test]
fn a_frame_that_others_have_found_is_found_after_looking_in_vain_too() {
    let mut here = with_a_hole();
    for count in 1..=400 {
        here.wait(SECOND);
        let heads = heads(&[dot(1, 5)]);
        here.hears_beat(Beat { heads, holes: 3, ..beat(node(2), count) });
    }
    here.effects();
    beside_one_that_has_more(&mut here, 600 * SECOND);
    assert_eq!(here.shown(), [dot(1, 1), dot(1, 3), dot(1, 5)]);
}

#[test]
fn heads_that_stay_different_are_merged_after_a_while_and_then_less_and_less_often() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.effects();
    let mut merged = vec![here.now];
    for count in 1..3000 {
        // It lacks nothing of what it knows, and shows no head of this node's.
        let digest = Some(TranscriptDigest([1; 32]));
        here.hears_beat(Beat { digest, number: Number(1), ..beat(node(1), count) });
        here.wait(SECOND);
        let effects = here.effects();
        merged
            .extend(effects.iter().filter(|(_, e)| matches!(e, Effect::Merge)).map(|(at, _)| *at));
    }
    let mut wait = limits::MERGE;
    assert!(merged.len() > 7);
    for pair in merged.windows(2) {
        let waited = pair[1] - pair[0];
        assert!(waited >= wait && waited <= 2 * wait + 2 * SECOND, "{waited:?} for {wait:?}");
        wait = (2 * wait).min(limits::MERGE_MOST);
    }
    assert_eq!(wait, limits::MERGE_MOST);
}

#[test]
fn a_joiner_that_meets_nobody_says_so_and_asks_again() {
    let mut here = Node::join();
    here.effects();
    here.input(Input::Nobody);
    assert!(here.effects().iter().any(|(_, effect)| matches!(effect, Effect::Nobody)));
    here.wait(limits::JOIN_RETRY - MILLI);
    assert!(here.asks().is_empty());
    here.wait(MILLI);
    assert_eq!(here.asks().len(), 1);
}

#[test]
fn a_joiner_that_nobody_answers_goes_live_after_four_seconds_if_it_hears_anyone() {
    let tries = limits::SYNC_TRIES * limits::SYNC_TIMEOUT;
    for heard in [true, false] {
        let mut here = Node::join();
        if heard {
            here.hears_beat(beat(node(1), 1));
        }
        here.wait(tries - MILLI);
        assert_eq!(here.asks().len(), limits::SYNC_TRIES as usize);
        assert!(matches!(here.engine.phase(), Phase::Joining { .. }));
        here.wait(MILLI);
        assert_eq!(here.engine.phase() == Phase::Live, heard);
    }
}

#[test]
fn a_joiner_takes_page_after_page() {
    let mut here = Node::join();
    let pages: Vec<Entry> = (1..=20).map(|n| frame(dot(1, n), n, &[])).collect();
    let page = |more| chat_protocol::Give { more, ..give(node(2), Floor::default()) };
    here.effects();
    here.given(page(true), &pages[..10]);
    let asks: Vec<(Time, Option<NodeId>, Vec<Dot>)> = here.asks();
    assert!(matches!(here.engine.phase(), Phase::Joining { .. }));
    assert_eq!(asks.len(), 1);
    assert_eq!(asks[0].1, Some(node(2)));
    here.given(page(false), &pages[10..]);
    assert_eq!(here.engine.phase(), Phase::Live);
    assert_eq!(here.shown().len(), 20);
}

#[test]
fn own_frames_of_the_last_moment_are_published_again_after_a_reconnect() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.wait(limits::RESEND + SECOND);
    here.say();
    here.wait(limits::RESEND - MILLI);
    here.say();
    here.effects();
    here.link(LinkState::Down);
    here.link(LinkState::Up);
    let mine = |number| Dot::new(ME, Number(number));
    assert_eq!(published(&mut here), [mine(2), mine(3)]);
}

#[test]
fn what_a_member_looks_for_is_published_by_who_has_it() {
    let mut here = Node::found(Config::default());
    here.hears(&but(&frame(dot(1, 1), 2, &[]), |_| {}));
    here.effects();
    here.hears_beat(Beat { miss: vec![dot(1, 1), dot(1, 2)], ..beat(node(2), 1) });
    assert_eq!(published(&mut here), [dot(1, 1)]);
}
