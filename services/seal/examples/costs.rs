//! What sealing costs, by members: time and bytes of a message, of a mint and of opening it.
//!
//!     cargo run --release -p chat-seal --example costs

use chat_protocol::{
    Dot, Envelope, Frame, Invite, Item, ItemKind, Lamport, Number, VectorClock, frame::Signature,
    hash::Past, limits,
};
use chat_seal::{Entropy, Identity, RoomKeys, Seal};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const TEXT: usize = 200;
const MESSAGES: u64 = 500;
/// Heads that a clock lists where it doesn't list everyone.
const HEADS: usize = 4;

fn member(seed: u64) -> Seal {
    let invite = Invite { secret: [7; 20].into(), clear: false, history: false };
    let keys = RoomKeys::private(&invite);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let me = Identity::from_seed(keys.id(), &bytes);
    // No secrets here: the cost is that of real ones.
    let mut count = seed << 32;
    let entropy = Entropy::new(move |out| {
        for chunk in out.chunks_mut(8) {
            count += 1;
            chunk.copy_from_slice(&count.to_be_bytes()[..chunk.len()]);
        }
    });
    Seal::sealed(keys, me, entropy, false)
}

fn micros(begun: Instant, times: u32) -> f64 {
    (begun.elapsed() / times).as_secs_f64() * 1e6
}

fn draft(author: &Seal, others: &[Seal], number: u64) -> Frame {
    let listed = if others.len() < limits::FULL_CLOCK_MEMBERS { others.len() } else { HEADS };
    let mut clock: VectorClock =
        others[..listed].iter().map(|other| Dot::new(other.me(), Number(1))).collect();
    clock.set(Dot::new(author.me(), Number(number)));
    Frame {
        from: author.me(),
        number: Number(number),
        lamport: Lamport(number + 1),
        clock,
        past: Past::ZERO,
        items: Vec::new(),
        sealed: None,
        is_final: false,
        sig: Signature::ZERO,
    }
}

fn measure(members: usize) {
    let mut others: Vec<_> = (1..members as u64).map(member).collect();
    let (mut author, now) = (member(0), Duration::from_secs(1));
    for other in &others {
        author.learn(other.own_hello()).expect("its hello is good");
    }
    author.set_view(others.iter().map(Seal::me), now);
    // After the lock its hello is another, which only those who opened the mint believe.
    let hello = author.own_hello().clone();
    let begun = Instant::now();
    let mint = author.lock(now).expect("all keys are good");
    let minting = micros(begun, 1);
    let mint_json = Envelope::Mint(mint.clone()).to_json().len();

    let reader = &mut others[0];
    reader.learn(&hello).expect("its hello is good");
    let begun = Instant::now();
    let learned = reader.learn_mint(&mint, now);
    let opening = micros(begun, 1);
    assert!(learned.is_ok_and(|learned| learned.opened));
    let view: Vec<_> = others.iter().map(Seal::me).chain([author.me()]).collect();
    others[0].set_view(view.into_iter(), now);

    let text = "x".repeat(TEXT);
    let item = Item { kind: ItemKind::Text, text: text.into(), at: 1_700_000_000_000, terms: None };
    let drafts: Vec<_> = (2..2 + MESSAGES).map(|n| draft(&author, &others, n)).collect();
    let clear: usize = {
        let mut frame = drafts[0].clone();
        frame.items = vec![item.clone()];
        Envelope::Frame(Arc::new(frame)).to_json().len()
    };
    let begun = Instant::now();
    let closed: Vec<_> = drafts
        .into_iter()
        .map(|draft| author.close(draft, std::slice::from_ref(&item)).expect("there is an epoch").0)
        .collect();
    let times = u32::try_from(MESSAGES).expect("few");
    let sealing = micros(begun, times);
    let begun = Instant::now();
    for frame in &closed {
        let hash = others[0].verify_frame(frame).expect("it is genuine");
        others[0].admit(frame, hash);
        others[0].open(frame, hash).expect("it is for everyone");
    }
    let reading = micros(begun, times);
    let signed = closed[0].signed_form().len() + 64;
    let sealed = Envelope::Frame(Arc::new(closed[0].clone())).to_json().len();
    println!(
        "| {members} | {sealing:.0} | {reading:.0} | {signed} | {clear} | {sealed} | {minting:.0} \
         | {mint} | {mint_json} | {opening:.0} |",
        mint = mint.signed_form().len() + 64,
    );
}

fn main() {
    println!(
        "| members | seal us | read us | signed B | clear JSON B | sealed JSON B | mint us | mint B \
         | mint JSON B | open us |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    [2, 10, 100, 300, 1000].into_iter().for_each(measure);
    println!("(a text of {TEXT} B; signed B: signed form and signature)");
}
