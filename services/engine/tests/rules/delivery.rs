//! Causal delivery, and what becomes of what never comes.

use crate::{
    presence::quiet,
    room::{ME, MILLI, Node, SECOND, but, dot, frame, last, node},
};
use chat_engine::{Config, Effect, Why};
use chat_protocol::{Dot, Number, limits};

#[test]
fn a_frame_waits_for_its_authors_previous_one() {
    let mut node = Node::found(Config::default());
    node.hears(&frame(dot(1, 2), 3, &[]));
    assert!(node.shown().is_empty());
    node.hears(&frame(dot(1, 1), 2, &[]));
    assert_eq!(node.shown(), [dot(1, 1), dot(1, 2)]);
}

#[test]
fn a_frame_waits_for_everything_that_its_clock_names() {
    let mut node = Node::found(Config::default());
    node.hears(&frame(dot(3, 1), 3, &[dot(1, 1), dot(2, 1)]));
    node.hears(&frame(dot(1, 1), 2, &[]));
    assert_eq!(node.shown(), [dot(1, 1)]);
    node.hears(&frame(dot(2, 1), 2, &[]));
    assert_eq!(node.shown(), [dot(1, 1), dot(2, 1), dot(3, 1)]);
}

#[test]
fn a_frame_that_comes_again_is_delivered_once() {
    let mut node = Node::found(Config::default());
    let said = frame(dot(1, 1), 2, &[]);
    node.hears(&said);
    node.hears(&said);
    assert_eq!(node.deliveries().len(), 1);
}

#[test]
fn a_trimmed_frame_that_comes_again_changes_nothing() {
    let mut node = Node::found(Config { transcript_frames: 2, ..Config::default() });
    let said: Vec<_> = (1..6).map(|n| frame(dot(1, n), n + 1, &[])).collect();
    said.iter().for_each(|said| node.hears(said));
    node.effects();
    let (shown, due) = (node.shown(), node.engine.next_timeout());
    for trimmed in &said[..3] {
        node.hears(trimmed);
    }
    assert!(node.effects().is_empty());
    assert_eq!((node.shown(), node.engine.next_timeout()), (shown, due));
}

#[test]
fn what_nobody_gives_within_ten_seconds_is_given_up_and_the_gap_is_told() {
    let mut node = Node::found(Config::default());
    node.hears(&frame(dot(1, 2), 3, &[]));
    node.wait(limits::GAP - MILLI);
    assert!(node.deliveries().is_empty(), "not at once");
    node.wait(2 * MILLI);
    let delivered = node.deliveries();
    assert_eq!(delivered.len(), 1, "not never");
    assert_eq!(delivered[0].gap, [dot(1, 1)]);
    assert_eq!(node.engine.why(dot(1, 1)), Why::GivenUp);
}

#[test]
fn what_was_given_up_and_is_found_later_is_shown_at_its_place() {
    let mut node = Node::found(Config::default());
    node.hears(&frame(dot(1, 2), 3, &[]));
    node.wait(limits::GAP + SECOND);
    node.deliveries();
    node.hears(&frame(dot(1, 1), 2, &[]));
    assert!(node.deliveries().iter().all(|found| found.late));
    assert_eq!(node.shown(), [dot(1, 1), dot(1, 2)]);
}

#[test]
fn what_waits_here_itself_is_not_given_up() {
    let mut node = Node::found(Config::default());
    node.hears(&frame(dot(1, 3), 4, &[]));
    node.wait(limits::GAP / 2);
    node.hears(&frame(dot(1, 2), 3, &[]));
    node.wait(limits::GAP / 2 + MILLI);
    let gaps: Vec<_> = node.deliveries().into_iter().map(|delivery| delivery.gap).collect();
    assert_eq!(gaps, [vec![dot(1, 1)], vec![]]);
}

#[test]
fn a_lamport_time_a_little_ahead_waits_for_nothing() {
    let mut node = Node::found(Config::default());
    let lamport = node.engine.lamport().0;
    node.hears(&frame(dot(1, 1), lamport + limits::LAMPORT_STEP, &[]));
    assert_eq!(node.shown(), [dot(1, 1)]);
    let lamport = node.engine.lamport().0;
    node.hears(&frame(dot(2, 1), lamport + limits::LAMPORT_STEP + 1, &[]));
    assert_eq!(node.shown(), [dot(1, 1)]);
    node.wait(limits::GAP);
    assert_eq!(node.shown(), [dot(1, 1), dot(2, 1)]);
}

#[test]
fn a_lamport_time_far_ahead_waits_one_gap_more_for_each_leap() {
    let mut node = Node::found(Config::default());
    let lamport = node.engine.lamport().0;
    node.hears(&frame(dot(1, 1), lamport + 1 + 3 * limits::LAMPORT_LEAP, &[]));
    node.wait(4 * limits::GAP - MILLI);
    assert!(node.shown().is_empty());
    node.wait(MILLI);
    assert_eq!(node.shown(), [dot(1, 1)]);
}

#[test]
fn a_lower_key_that_comes_later_is_told_to_be_late() {
    let mut node = Node::found(Config::default());
    node.hears(&frame(dot(2, 1), 5, &[]));
    node.hears(&frame(dot(1, 1), 5, &[]));
    let late: Vec<_> = node.deliveries().iter().map(|delivery| delivery.late).collect();
    assert_eq!(late, [false, true], "the lower node comes first");
    assert_eq!(node.shown(), [dot(1, 1), dot(2, 1)]);
}

#[test]
fn nothing_is_trimmed_before_the_window_is_full_and_then_the_lowest_key() {
    let mut node = Node::found(Config { transcript_frames: 3, ..Config::default() });
    node.hears(&frame(dot(1, 1), 2, &[]));
    node.hears(&frame(dot(1, 2), 3, &[]));
    assert_eq!(node.engine.transcript().count(), 3);
    node.hears(&frame(dot(1, 3), 4, &[]));
    assert_eq!(node.shown(), [dot(1, 1), dot(1, 2), dot(1, 3)]);
    assert_eq!(node.engine.why(Dot::new(ME, Number(1))), Why::Trimmed);
}

#[test]
fn its_own_frame_comes_after_all_it_has_delivered() {
    let mut node = Node::found(Config::default());
    node.hears(&frame(dot(1, 1), 40, &[]));
    node.hears(&frame(dot(2, 1), 50, &[]));
    let draft = node.engine.draft(false);
    assert_eq!(draft.lamport.0, 51);
    assert_eq!(draft.clock.get(&dot(1, 1).node), Number(1));
    assert_eq!(draft.clock.get(&dot(2, 1).node), Number(1));
}

#[test]
fn up_to_thirty_two_members_a_clock_names_everyone_and_above_only_the_heads() {
    for others in [limits::FULL_CLOCK_MEMBERS - 1, limits::FULL_CLOCK_MEMBERS] {
        let mut here = Node::found(Config::default());
        for n in 1..=others {
            here.hears(&frame(dot(n, 1), 2, &[]));
        }
        here.say();
        // Its own frame is the only head now: nobody else has to be named.
        let named = here.engine.draft(false).named().count();
        let all = others < limits::FULL_CLOCK_MEMBERS;
        assert_eq!(named, if all { others } else { 0 });
    }
}

#[test]
fn a_frame_after_its_authors_last_is_not_shown() {
    let mut here = Node::found(Config::default());
    here.hears(&last(&frame(dot(1, 1), 2, &[])));
    here.hears(&frame(dot(1, 2), 3, &[]));
    assert_eq!(here.shown(), [dot(1, 1)]);
    // It had said that before, and its last word comes only now.
    here.hears(&frame(dot(2, 2), 3, &[]));
    here.hears(&last(&frame(dot(2, 1), 2, &[])));
    assert_eq!(here.shown(), [dot(1, 1), dot(2, 1)]);
    let expelled = here.effects().into_iter().filter(|(_, effect)| {
        matches!(effect, Effect::Expelled(who, Number(2)) if [node(1), node(2)].contains(who))
    });
    assert_eq!(expelled.count(), 2);
}

#[test]
fn a_frame_that_depends_on_what_only_waits_takes_its_turn_behind_it() {
    let mut node = Node::found(Config::default());
    let first = frame(dot(1, 1), 2, &[]);
    let after = but(&frame(dot(2, 1), 4, &[dot(1, 2)]), |_| {});
    node.hears(&after);
    node.hears(&frame(dot(1, 2), 3, &[]));
    node.hears(&first);
    let order: Vec<_> = node.deliveries().iter().map(|delivery| delivery.entry.dot()).collect();
    assert_eq!(order, [dot(1, 1), dot(1, 2), dot(2, 1)]);
}

#[test]
fn a_clock_lists_everyone_in_a_small_room_and_in_a_larger_one_the_heads() {
    for (others, listed) in [
        (limits::FULL_CLOCK_MEMBERS - 1, limits::FULL_CLOCK_MEMBERS),
        (limits::FULL_CLOCK_MEMBERS, 2),
    ] {
        let mut here = quiet(others);
        here.say();
        here.hears(&frame(dot(1, 2), 3, &[]));
        assert_eq!(here.engine.draft(false).clock.len(), listed, "{others} others");
    }
}
