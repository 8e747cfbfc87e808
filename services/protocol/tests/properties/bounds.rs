//! Every list that travels is as long as its bound allows, and not one entry longer.

use chat_protocol::{
    Beat, Dot, Floor, FloorEntry, Frame, Give, Hello, Item, ItemKind, Key, Lamport, NodeId, Number,
    Proof, RangeSet, VectorClock, Want,
    frame::Signature,
    hash::{ContentHash, Past},
    hello::{GateMac, PublicKey},
    limits,
};
use std::sync::Arc;

fn node(n: usize) -> NodeId {
    let mut id = [0; 10];
    id[..8].copy_from_slice(&(n as u64).to_be_bytes());
    NodeId(id)
}

fn dots(count: usize) -> Vec<Dot> {
    (0..count).map(|n| Dot::new(node(n), Number(1))).collect()
}

fn clock(count: usize) -> VectorClock {
    dots(count).into_iter().collect()
}

fn frame() -> Frame {
    Frame {
        from: node(0),
        number: Number(1),
        lamport: Lamport(2),
        clock: clock(1),
        past: Past::ZERO,
        items: Vec::new(),
        sealed: None,
        is_final: false,
        sig: Signature::ZERO,
    }
}

fn beat() -> Beat {
    Beat {
        from: node(0),
        count: Number(1),
        number: Number(1),
        lamport: Lamport(1),
        heads: VectorClock::new(),
        digest: None,
        holes: 0,
        transcript: None,
        acks: VectorClock::new(),
        miss: Vec::new(),
        cut: Vec::new(),
        epoch: None,
        members: 1,
        sig: Signature::ZERO,
    }
}

fn hello() -> Hello {
    let (mac, sig) = (GateMac::ZERO, Signature::ZERO);
    Hello { from: node(0), sign: PublicKey::ZERO, kem: None, mac, sig }
}

fn want() -> Want {
    Want::new(hello())
}

fn give() -> Give {
    Give::new(node(0), node(1))
}

/// So many entries pass and one more doesn't.
fn at_most<T, E>(bound: usize, check: impl Fn(usize) -> Result<T, E>) {
    assert!(check(bound).is_ok(), "{bound} should pass");
    assert!(check(bound + 1).is_err(), "{} should not", bound + 1);
}

#[test]
fn a_frame_names_so_many_dots_holds_so_many_items_and_so_much_text() {
    at_most(limits::CLOCK_ENTRIES, |n| Frame { clock: clock(n), ..frame() }.check());
    let item =
        |bytes| Item { kind: ItemKind::Text, text: "x".repeat(bytes).into(), at: 0, terms: None };
    at_most(limits::BATCH_ITEMS, |n| Frame { items: vec![item(1); n], ..frame() }.check());
    at_most(limits::TEXT_BYTES, |n| Frame { items: vec![item(n)], ..frame() }.check());
}

#[test]
fn a_frame_has_contents_of_so_many_bytes() {
    let kind = |bytes| ItemKind::Unknown("x".repeat(bytes));
    let of = |bytes| {
        let item = Item { kind: kind(bytes), text: "".into(), at: 0, terms: None };
        Frame { items: vec![item], ..frame() }
    };
    let beside = of(0).signed_form().len() - of(0).header().len() - 32 - 8;
    at_most(limits::CONTENTS_BYTES - beside, |bytes| of(bytes).check());
}

#[test]
fn a_beat_lists_so_many_heads_acknowledgements_missing_dots_and_convictions() {
    at_most(limits::BEAT_HEADS, |n| Beat { heads: clock(n), ..beat() }.check());
    at_most(limits::BEAT_ACKS, |n| Beat { acks: clock(n), ..beat() }.check());
    at_most(limits::BEAT_MISS, |n| Beat { miss: dots(n), ..beat() }.check());
    at_most(limits::BEAT_CUT, |n| Beat { cut: dots(n), ..beat() }.check());
}

#[test]
fn a_request_names_so_many_dots_hellos_authors_ranges_and_convictions() {
    at_most(limits::WANTS, |n| Want { dots: dots(n), ..want() }.check());
    let nodes = |n| (0..n).map(node).collect();
    at_most(limits::WANTS, |n| Want { hellos: nodes(n), ..want() }.check());
    at_most(limits::MEMBERS, |n| Want { cut: dots(n), ..want() }.check());
    let authors = |n| Some((0..n).map(|n| (node(n), RangeSet::new())).collect());
    at_most(limits::TOMBSTONES, |n| Want { have: authors(n), ..want() }.check());
    let ranges = |n: usize| {
        let mut held = RangeSet::new();
        (1..=n as u64).for_each(|n| held.insert(Number(2 * n)));
        Some([(node(1), held)].into())
    };
    let most = limits::RANGES + limits::WAITING_FRAMES;
    at_most(most, |n| Want { have: ranges(n), ..want() }.check());
}

#[test]
fn an_answer_brings_so_many_frames_members_proofs_and_floors() {
    let frames = |n| (0..n).map(|_| Arc::new(frame())).collect();
    at_most(limits::PAGE_FRAMES, |n| Give { frames: frames(n), ..give() }.check());
    at_most(limits::MEMBERS, |n| Give { joins: frames(n), ..give() }.check());
    at_most(limits::MEMBERS, |n| Give { live: (0..n).map(node).collect(), ..give() }.check());
    at_most(limits::WAIVED, |n| Give { lost: dots(n), ..give() }.check());
    let most = limits::MEMBERS + limits::PAGE_FRAMES + limits::WANTS;
    at_most(most, |n| Give { hellos: vec![hello(); n], ..give() }.check());
    let proof = Proof(Arc::new(frame()), Arc::new(Frame { is_final: true, ..frame() }));
    at_most(limits::PROOFS, |n| Give { proofs: vec![proof.clone(); n], ..give() }.check());
    let entry = FloorEntry { number: Number(1), hash: ContentHash::ZERO, cover: Number(0) };
    let key = Key { lamport: Lamport(1), ..Key::ZERO };
    let floor = |n| Floor { entries: (0..n).map(|n| (node(n), entry)).collect(), key };
    at_most(limits::TOMBSTONES, |n| Give { floor: floor(n), ..give() }.check());
}
