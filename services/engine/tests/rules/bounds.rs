//! Every store that a peer can fill is bounded.

use crate::room::{Node, beat, but, dot, frame, long, node};
use chat_engine::{Config, Why};
use chat_protocol::{Beat, Number, VectorClock, limits};

#[test]
fn the_buffer_holds_so_many_frames_and_a_quarter_of_them_of_one_author() {
    let mut here = Node::found(Config::default());
    for n in 2..2000 {
        here.hears(&frame(dot(1, n), n, &[]));
    }
    assert_eq!(here.engine.waiting().0, limits::WAITING_FRAMES / 4);
    for author in 2..10 {
        for n in 2..2000 {
            here.hears(&frame(dot(author, n), n, &[]));
        }
    }
    assert_eq!(here.engine.waiting().0, limits::WAITING_FRAMES);
}

#[test]
fn the_buffer_holds_so_many_bytes_and_a_quarter_of_them_of_one_author() {
    let mut here = Node::found(Config::default());
    let fill = |here: &mut Node, author| {
        for n in 2..200 {
            here.hears(&long(&frame(dot(author, n), n, &[]), limits::TEXT_BYTES));
        }
    };
    fill(&mut here, 1);
    let held = here.engine.waiting().1;
    assert!(held <= limits::WAITING_BYTES / 4 && held > limits::WAITING_BYTES / 5, "{held}");
    (2..8).for_each(|author| fill(&mut here, author));
    let held = here.engine.waiting().1;
    assert!(held <= limits::WAITING_BYTES && held > limits::WAITING_BYTES * 9 / 10, "{held}");
}

#[test]
fn a_full_buffer_lets_the_highest_key_go() {
    let mut here = Node::found(Config { waiting_frames: 16, ..Config::default() });
    for n in (2..10).rev() {
        here.hears(&frame(dot(1, n), n, &[]));
    }
    let waits = |n| matches!(here.engine.why(dot(1, n)), Why::Waiting(_));
    let waiting: Vec<_> = (2..10).filter(|n| waits(*n)).collect();
    assert_eq!(waiting, [2, 3, 4, 5]);
}

#[test]
fn a_frame_far_past_its_authors_top_is_not_buffered_but_what_comes_before_is_asked_for() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, limits::WAITING_AHEAD), limits::WAITING_AHEAD, &[]));
    assert_eq!(here.engine.waiting().0, 1);
    let beyond = limits::WAITING_AHEAD + 1;
    here.hears(&frame(dot(1, beyond), beyond, &[]));
    assert_eq!(here.engine.waiting().0, 1);
    assert!(matches!(here.engine.why(dot(1, 1)), Why::Asked(_)));
}

#[test]
fn so_many_missing_frames_are_asked_for_at_a_time() {
    let mut here = Node::found(Config::default());
    for claimant in 0..10 {
        let heads: VectorClock = (0..60).map(|n| dot(100 * claimant + n, 1)).collect();
        here.hears_beat(Beat { heads, ..beat(node(9000 + claimant), 1) });
    }
    assert_eq!(here.engine.missing().0, limits::WANTS);
}

#[test]
fn so_many_missing_frames_are_remembered_as_given_up_or_as_named() {
    let mut here = Node::found(Config::default());
    for n in 0..800 {
        here.hears(&frame(dot(n, 1), 2, &[dot(10_000 + n, 1)]));
    }
    here.wait(limits::GAP + limits::GAP);
    assert_eq!(here.shown().len(), 800);
    assert_eq!(here.engine.missing().1, limits::WAIVED);
    assert_eq!(here.engine.holdings().dangling, limits::WAIVED);
}

#[test]
fn so_many_ranges_are_kept_of_an_author_and_then_the_lowest_hole_is_given_up() {
    let mut here = Node::found(Config::default());
    for n in 1..=150 {
        here.hears(&frame(dot(1, 2 * n), 2 * n, &[]));
    }
    here.wait(limits::GAP + limits::GAP);
    assert_eq!(here.shown().len(), 150);
    assert_eq!(here.engine.holdings().ranges, limits::RANGES);
    assert_eq!(here.engine.why(dot(1, 3)), Why::Trimmed);
    assert_ne!(here.engine.why(dot(1, 299)), Why::Trimmed);
}

#[test]
fn the_transcript_holds_so_many_frames() {
    let mut here = Node::found(Config::default());
    for n in 1..=limits::TRANSCRIPT_FRAMES as u64 + 100 {
        here.hears(&frame(dot(1, n), n + 1, &[]));
    }
    assert_eq!(here.engine.transcript().count(), limits::TRANSCRIPT_FRAMES);
}

#[test]
fn the_transcript_holds_so_many_bytes() {
    let mut here = Node::found(Config::default());
    let large = |n| but(&long(&frame(dot(1, n), n + 1, &[]), limits::TEXT_BYTES), |_| {});
    for n in 1..=(limits::TRANSCRIPT_BYTES / limits::TEXT_BYTES) as u64 + 10 {
        here.hears(&large(n));
    }
    let held = here.engine.holdings().transcript_bytes;
    assert!(held <= limits::TRANSCRIPT_BYTES && held > limits::TRANSCRIPT_BYTES * 9 / 10, "{held}");
}

#[test]
fn so_many_authors_are_remembered_and_so_many_members() {
    let mut here = Node::found(Config::default());
    for n in 0..limits::TOMBSTONES + 100 {
        here.hears(&frame(dot(n, 1), 2, &[]));
    }
    let held = here.engine.holdings();
    assert_eq!(held.authors, limits::TOMBSTONES);
    assert_eq!(held.roster, limits::MEMBERS - 1);
    assert_eq!(here.engine.member_count(), limits::MEMBERS);
    assert_eq!(here.engine.transcript().last().map(|entry| entry.frame.lamport.0), Some(2));
    let known = dot(7, 2);
    here.hears(&frame(known, 3, &[]));
    assert!(here.engine.entry(known).is_some(), "who is known may go on");
    let members = u32::try_from(limits::MEMBERS).unwrap();
    here.wait(limits::GONE_BEATS * members * limits::BEAT_PER_MEMBER);
    assert_eq!(here.engine.member_count(), 1);
    // Those who were counted come last.
    for n in (0..limits::TOMBSTONES).rev() {
        here.hears(&frame(dot(n, 3), 4, &[]));
    }
    assert_eq!(here.engine.member_count(), limits::MEMBERS);
    assert!(here.engine.holdings().roster <= 2 * limits::MEMBERS);
}

#[test]
fn so_many_join_frames_are_kept_for_joiners_and_so_many_budgets_of_requesters() {
    let mut here = Node::found(Config { transcript_frames: 1, ..Config::default() });
    for n in 0..limits::MEMBERS + 100 {
        here.hears(&frame(dot(n, 1), 2 + n as u64, &[]));
        here.asked(crate::room::want(node(50_000 + n)));
    }
    let held = here.engine.holdings();
    assert_eq!(held.joins, limits::MEMBERS - 1);
    assert!(held.requesters <= limits::MEMBERS);
    here.wait(limits::GAP);
    assert!(here.asked(crate::room::want(node(3))).unwrap().live.len() <= limits::MEMBERS);
}

#[test]
fn a_beat_may_claim_anything_and_costs_no_more_than_a_question() {
    let mut here = Node::found(Config::default());
    let heads = VectorClock::from_iter([dot(2, limits::COUNTER_MAX)]);
    here.hears_beat(Beat { heads, number: Number::MAX, ..beat(node(1), 1) });
    here.wait(limits::GAP);
    assert_eq!((here.engine.waiting().0, here.engine.missing()), (0, (0, 0)));
    assert_eq!(here.engine.holdings().authors, 1);
}

#[test]
fn nodes_that_are_made_up_are_not_in_the_clocks_that_are_kept() {
    let mut here = Node::found(Config::default());
    let made_up: Vec<_> = (100..140).map(|n| dot(n, 1)).collect();
    here.hears(&frame(dot(1, 1), 2, &made_up));
    here.wait(2 * limits::GAP);
    assert_eq!(here.shown(), [dot(1, 1)]);
    assert!(here.engine.holdings().clock_entries < made_up.len());
}
