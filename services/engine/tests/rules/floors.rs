//! What others no longer have: adopted by joiners only, as a whole, and not on anyone's word
//! alone where it would cost much.

use crate::room::{ME, Node, SECOND, beat, dot, frame, give, node};
use chat_engine::{Config, Effect, Fault, Phase, Why};
use chat_protocol::{Beat, ContentHash, Floor, FloorEntry, Key, Lamport, Number, limits};

/// A cut below which 1 has said five frames, that are no heads any more.
fn floor(lamport: u64) -> Floor {
    let entry = FloorEntry { number: Number(5), hash: ContentHash([1; 32]), cover: Number(5) };
    Floor {
        entries: [(node(1), entry)].into(),
        key: Key { lamport: Lamport(lamport), node: node(1), number: Number(5) },
    }
}

fn doubts(node: &mut Node) -> usize {
    let doubt = |effect: &Effect| matches!(effect, Effect::Fault(Fault::Floor(_)));
    node.effects().iter().filter(|(_, effect)| doubt(effect)).count()
}

#[test]
fn a_joiner_adopts_a_floor_as_a_whole_and_waits_for_nothing_below_it() {
    let mut here = Node::join();
    here.given(give(node(2), floor(100)), &[frame(dot(1, 6), 101, &[])]);
    assert_eq!(here.engine.phase(), Phase::Live);
    assert_eq!(here.shown(), [dot(1, 6)]);
    assert_eq!(here.engine.why(dot(1, 3)), Why::Trimmed);
    assert_eq!(here.engine.floor(), floor(100).key);
}

#[test]
fn what_a_joiner_says_first_comes_after_the_floor() {
    let mut here = Node::join();
    here.given(give(node(2), floor(100)), &[]);
    let joined = here.engine.transcript().find(|entry| entry.frame.from == ME).unwrap();
    assert!(joined.key() > floor(100).key);
}

#[test]
fn a_floor_far_ahead_of_any_discussion_is_not_believed() {
    let mut here = Node::join();
    here.given(give(node(2), floor(limits::LAMPORT_LEAP + 1)), &[]);
    assert!(matches!(here.engine.phase(), Phase::Joining { .. }));
    assert_eq!(doubts(&mut here), 1);
    assert_eq!(here.engine.lamport(), Lamport(0));
    here.given(give(node(3), floor(limits::LAMPORT_LEAP)), &[]);
    assert_eq!(here.engine.phase(), Phase::Live, "one that isn't far ahead is");
}

#[test]
fn a_floor_far_ahead_is_believed_when_most_members_two_at_least_are_as_far() {
    let far = 1 << 30;
    for (ahead, behind, believed) in [(1, 0, false), (2, 0, true), (2, 2, false), (3, 2, true)] {
        let mut here = Node::join();
        for n in 1..=ahead + behind {
            let lamport = Lamport(if n <= ahead { far } else { 7 });
            here.hears_beat(Beat { lamport, ..beat(node(n), 1) });
        }
        here.given(give(node(1), floor(far)), &[]);
        assert_eq!(here.engine.phase() == Phase::Live, believed, "{ahead} and {behind}");
    }
}

#[test]
fn a_member_adopts_no_floor() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.given(give(node(2), floor(100)), &[]);
    assert_eq!(here.shown(), [dot(1, 1)]);
    assert_eq!(here.engine.floor(), Key::ZERO);
}

#[test]
fn a_frame_above_the_cut_disproves_what_the_floor_says_of_its_author() {
    let mut here = Node::join();
    here.given(give(node(2), floor(100)), &[]);
    here.effects();
    here.hears(&frame(dot(1, 1), 101, &[]));
    assert_eq!(doubts(&mut here), 1);
    assert_eq!(here.shown(), [dot(1, 1)]);
}

#[test]
fn an_authors_own_count_disproves_a_floor_that_claims_more() {
    let mut here = Node::join();
    here.given(give(node(2), floor(100)), &[]);
    here.hears_beat(Beat { number: Number(5), ..beat(node(1), 1) });
    assert_eq!(doubts(&mut here), 0);
    here.hears_beat(Beat { number: Number(2), ..beat(node(1), 2) });
    assert_eq!(doubts(&mut here), 1);
    assert_eq!(here.engine.why(dot(1, 5)), Why::Unknown);
}

#[test]
fn what_has_been_trimmed_is_given_as_the_floor_and_what_is_held_is_not() {
    let mut here = Node::found(Config { transcript_frames: 2, ..Config::default() });
    for n in 1..6 {
        here.hears(&frame(dot(1, n), n + 1, &[]));
    }
    let given = here.asked(crate::room::want(node(2))).unwrap();
    assert_eq!(given.floor.entries[&node(1)].number, Number(3));
    assert_eq!(given.frames.len(), 2);
}

#[test]
fn a_joiner_is_told_what_was_lost_and_waits_for_none_of_it() {
    let mut here = Node::join();
    let given = chat_protocol::Give { lost: vec![dot(1, 1)], ..give(node(2), Floor::default()) };
    here.given(given, &[frame(dot(1, 2), 3, &[])]);
    assert_eq!(here.shown(), [dot(1, 2)]);
    here.wait(SECOND);
    assert_eq!(here.engine.why(dot(1, 1)), Why::GivenUp);
}

#[test]
fn what_a_delivered_frame_names_is_no_head_when_a_floor_brings_it_later() {
    let mut here = Node::join();
    // 3 names a frame of 1 that was lost; what it says itself lies above the floor.
    let page = [frame(dot(1, 4), 5, &[]), frame(dot(3, 1), 101, &[dot(1, 5)])];
    let lost = vec![dot(1, 3), dot(1, 5)];
    let first = chat_protocol::Give { lost, more: true, ..give(node(2), Floor::default()) };
    here.given(first, &page);
    let mut below = floor(100);
    below.entries.get_mut(&node(1)).unwrap().cover = Number(0);
    here.given(give(node(2), below), &[]);
    let joined = here.engine.transcript().find(|entry| entry.frame.from == ME).unwrap();
    assert_eq!(joined.frame.named().collect::<Vec<_>>(), [dot(3, 1)]);
}

#[test]
fn what_a_delivered_frame_names_is_no_head_for_being_lost() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.hears(&frame(dot(3, 1), 101, &[dot(1, 5)]));
    here.wait(limits::GAP);
    assert_eq!(here.shown(), [dot(1, 1), dot(3, 1)]);
    here.given(chat_protocol::Give { live: Vec::new(), ..give(node(2), floor(100)) }, &[]);
    assert_eq!(here.engine.heads().get(&node(1)), Number(0));
    assert_eq!(here.engine.heads().get(&node(3)), Number(1));
}
