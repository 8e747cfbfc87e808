//! Who contradicts itself is expelled, on proof.

use crate::room::{Node, SECOND, but, dot, frame, last, long, node, want};
use chat_engine::{Config, Effect, Entry, Fault};
use chat_protocol::{
    ContentHash, Dot, EpochId, NodeId, Number, Sealed, hash, limits,
    sealed::{Ciphertext, Commitment},
};

/// The same dot with another content.
fn otherwise(said: &Entry) -> Entry {
    but(said, |frame| frame.items[0].text = "said otherwise".into())
}

/// The same dot with contents that this node can't read.
fn sealed(said: &Entry, contents: u8) -> Entry {
    let (epoch, commit) = (EpochId([1; 16]), Commitment([contents; 32]));
    let body = Ciphertext(vec![contents; 272]);
    but(said, |frame| {
        frame.items.clear();
        frame.sealed = Some(Sealed { epoch, step: 0, commit, body });
    })
}

fn expelled(node: &mut Node) -> Vec<(NodeId, Number)> {
    let cut = |(_, effect)| match effect {
        Effect::Expelled(node, from) => Some((node, from)),
        _ => None,
    };
    node.effects().into_iter().filter_map(cut).collect()
}

#[test]
fn two_contents_of_one_dot_make_everything_from_there_on_void() {
    let mut here = Node::found(Config::default());
    let said: Vec<_> = (1..4).map(|n| frame(dot(1, n), n + 1, &[])).collect();
    said.iter().for_each(|said| here.hears(said));
    here.hears(&otherwise(&said[1]));
    assert_eq!(expelled(&mut here), [(node(1), Number(2))]);
    assert_eq!(here.shown(), [dot(1, 1)]);
    here.hears(&frame(dot(1, 4), 6, &[]));
    assert_eq!(here.shown(), [dot(1, 1)]);
}

#[test]
fn sealed_contents_that_differ_prove_as_much_as_those_that_can_be_read() {
    let mut here = Node::found(Config::default());
    let said = frame(dot(1, 1), 2, &[]);
    here.hears(&sealed(&said, 1));
    here.hears(&sealed(&said, 1));
    assert!(expelled(&mut here).is_empty(), "the same comes twice");
    here.hears(&sealed(&said, 2));
    assert_eq!(expelled(&mut here), [(node(1), Number(1))]);
    let proofs = here.asked(want(node(2))).expect("it answers").proofs;
    assert!(proofs[0].0.sealed != proofs[0].1.sealed, "it shows both to whoever asks");
}

#[test]
fn sealed_history_cannot_be_rewritten_unseen() {
    let mut here = Node::found(Config::default());
    let said = frame(dot(1, 1), 2, &[]);
    let (seen, rewritten) = (sealed(&said, 1), sealed(&said, 2));
    here.hears(&seen);
    here.effects();
    // Its author showed something else to another, who answers that.
    let past = hash::past(ContentHash::ZERO, [(rewritten.dot(), rewritten.hash)]);
    here.hears(&but(&frame(dot(3, 1), 3, &[dot(1, 1)]), |frame| frame.past = past));
    let faults = here.effects().into_iter();
    let other = |effect| matches!(effect, Effect::Fault(Fault::OtherPast(by)) if by == dot(3, 1));
    assert!(faults.into_iter().any(|(_, effect)| other(effect)));
}

#[test]
fn an_author_whose_time_does_not_advance_is_expelled_whichever_frame_comes_first() {
    let frames = [frame(dot(1, 1), 5, &[]), frame(dot(1, 2), 5, &[])];
    for order in [[0, 1], [1, 0]] {
        let mut here = Node::found(Config::default());
        order.iter().for_each(|index| here.hears(&frames[*index]));
        assert_eq!(expelled(&mut here), [(node(1), Number(2))]);
        assert_eq!(here.shown(), [dot(1, 1)]);
    }
}

#[test]
fn who_has_seen_another_content_is_asked_for_it() {
    let mut here = Node::found(Config::default());
    let said = frame(dot(1, 1), 2, &[]);
    here.hears(&said);
    // A witness of the other content, and one of this.
    let past = |seen: &Entry| hash::past(ContentHash::ZERO, [(seen.dot(), seen.hash)]);
    let doubt = |witness: usize, seen: &Entry| {
        but(&frame(dot(witness, 1), 3, &[dot(1, 1)]), |frame| frame.past = past(seen))
    };
    here.hears(&doubt(2, &said));
    assert!(here.asks().is_empty());
    here.hears(&doubt(3, &otherwise(&said)));
    let effects = here.effects();
    let told = |effect: &Effect| matches!(effect, Effect::Fault(Fault::OtherPast(_)));
    assert!(effects.iter().any(|(_, effect)| told(effect)));
    let asked = |effect: &Effect| {
        let Effect::Ask { to, dots, .. } = effect else { return false };
        *to == Some(node(3)) && dots.contains(&dot(1, 1))
    };
    assert!(effects.iter().any(|(_, effect)| asked(effect)));
}

#[test]
fn who_lacks_a_proof_is_given_it_and_who_knows_of_it_is_not() {
    let mut here = Node::found(Config::default());
    let said = frame(dot(1, 1), 2, &[]);
    here.hears(&said);
    here.hears(&otherwise(&said));
    let proofs = |here: &mut Node, cut: Vec<Dot>| {
        here.asked(chat_protocol::Want { cut, ..want(node(2)) }).unwrap().proofs.len()
    };
    assert_eq!(proofs(&mut here, vec![]), 1);
    assert_eq!(proofs(&mut here, vec![dot(1, 1)]), 0);
}

#[test]
fn a_cut_in_a_beat_is_not_believed_but_its_proof_is_asked_for() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    here.effects();
    let cut = vec![dot(1, 1)];
    here.hears_beat(chat_protocol::Beat { cut, ..crate::room::beat(node(2), 1) });
    assert_eq!(here.shown(), [dot(1, 1)]);
    assert!(here.asks().iter().any(|(_, to, _)| *to == Some(node(2))));
}

#[test]
fn of_many_convicts_all_stay_expelled_and_a_bounded_number_of_proofs_is_held() {
    let mut here = Node::found(Config::default());
    let convicts = limits::PROOFS + 10;
    for n in 1..=convicts {
        let said = frame(dot(n, 1), 2, &[]);
        here.hears(&said);
        here.hears(&otherwise(&said));
    }
    assert_eq!(expelled(&mut here).len(), convicts);
    assert!(here.shown().is_empty());
    assert_eq!(here.engine.holdings().proofs, limits::PROOFS);
    here.wait(2 * limits::BEAT);
    let beats = here.beats();
    assert!(beats.iter().any(|(_, beat)| beat.cut.len() == limits::BEAT_CUT));
    assert!(beats.iter().all(|(_, beat)| beat.check().is_ok()));
}

#[test]
fn the_proofs_in_one_answer_are_bounded_but_one_always_goes() {
    let mut here = Node::found(Config::default());
    for n in 1..=20 {
        let said = long(&frame(dot(n, 1), 2, &[]), limits::TEXT_BYTES);
        here.hears(&said);
        here.hears(&but(&said, |frame| frame.items[0].at = 1));
    }
    let given = here.asked(want(node(99))).unwrap().proofs;
    let bytes: usize = given
        .iter()
        .flat_map(|proof| [&proof.0, &proof.1])
        .map(|frame| chat_protocol::envelope::json_bytes(frame.as_ref()))
        .sum();
    assert!(!given.is_empty() && bytes <= limits::PROOF_BYTES, "{bytes}");
}

#[test]
fn frames_whose_past_differs_are_remembered_up_to_a_bound_and_looked_into_in_turns() {
    let mut here = Node::found(Config::default());
    here.hears(&frame(dot(1, 1), 2, &[]));
    let doubts = limits::DISPUTED + 10;
    for n in 2..2 + doubts {
        let doubt = frame(dot(n, 1), 3, &[dot(1, 1), dot(n - 1, 1)]);
        here.hears(&but(&doubt, |frame| frame.past = hash::Past([7; 16])));
    }
    // They wait for a proof first, as long as for anything else.
    here.wait(limits::GAP);
    here.effects();
    here.wait(limits::SEEK);
    let named = here.asks().into_iter().map(|(_, _, dots)| dots.len()).max();
    // Each names one other, and all of them the first.
    assert_eq!(named, Some(limits::DISPUTED));
}

#[test]
fn who_is_expelled_is_no_member_any_more_whatever_it_beats() {
    let mut here = Node::found(Config::default());
    here.hears(&last(&frame(dot(1, 1), 2, &[])));
    here.hears(&frame(dot(1, 2), 3, &[]));
    assert_eq!(expelled(&mut here), [(node(1), Number(2))]);
    here.hears_beat(crate::room::beat(node(1), 9));
    assert_eq!(here.engine.members().count(), 0);
}

/// What 2 says after a liar's frame that names 1's, as it is seen where that liar is known to
/// have said two things, and what 1 said is not there yet.
fn after_a_void_frame(said: &Entry, config: Config) -> (Node, Entry) {
    let lie = frame(dot(9, 1), 3, &[said.dot()]);
    let mut author = Node::found(config.clone());
    author.hears(said);
    author.hears(&lie);
    let named: Vec<_> = author.engine.draft(false).named().collect();
    let reply = frame(dot(2, 1), 4, &named);
    let mut here = Node::found(config);
    here.hears(&but(&otherwise(&lie), |frame| frame.clock = [dot(9, 1)].into_iter().collect()));
    here.hears(&lie);
    assert_eq!(expelled(&mut here), [(node(9), Number(1))]);
    (here, reply)
}

#[test]
fn a_frame_waits_for_members_frames_although_a_void_one_stands_between() {
    let said = frame(dot(1, 1), 2, &[]);
    let (mut here, reply) = after_a_void_frame(&said, Config::default());
    here.hears(&reply);
    here.wait(SECOND);
    assert!(here.shown().is_empty());
    here.hears(&said);
    let order: Vec<_> = here.deliveries().iter().map(|delivery| delivery.entry.dot()).collect();
    assert_eq!(order, [dot(1, 1), dot(2, 1)]);
}

#[test]
fn what_only_a_void_frame_names_is_named_again() {
    let mut here = Node::found(Config { full_clock_members: 0, ..Config::default() });
    here.hears(&frame(dot(1, 1), 2, &[]));
    let lie = frame(dot(9, 1), 3, &[dot(1, 1)]);
    here.hears(&lie);
    let named = |here: &Node| here.engine.draft(false).named().collect::<Vec<_>>();
    assert_eq!(named(&here), [dot(9, 1)]);
    here.hears(&otherwise(&lie));
    assert_eq!(named(&here), [dot(1, 1)]);
}

#[test]
fn what_a_frame_reaches_through_a_void_one_alone_is_waited_for_or_told_as_a_gap() {
    let heads_only = Config { full_clock_members: 0, ..Config::default() };
    let said = frame(dot(1, 1), 2, &[]);
    // In a large room; and in a small one where its author has left.
    for (said, config) in [(said.clone(), heads_only), (last(&said), Config::default())] {
        let (mut here, reply) = after_a_void_frame(&said, config);
        here.hears(&reply);
        here.wait(SECOND);
        here.hears(&said);
        let delivered = here.deliveries();
        let order: Vec<_> = delivered.iter().map(|delivery| delivery.entry.dot()).collect();
        let told = || delivered[0].gap == [dot(9, 1)];
        assert!(order == [dot(1, 1), dot(2, 1)] || told(), "{order:?} and no gap");
    }
}
