//! Attacks on a sealed room, each of which must fail: by outsiders, by whoever carries the
//! messages, by members, by those who were members, and by thieves.
//!
//! A thief's copy of a node is a twin: the same scene played again from the same randomness,
//! which from the theft on has randomness of its own.

mod bounds;
mod epochs;
mod forgery;
mod gate;
mod membership;
mod replay;
mod secrecy;
mod tampering;
mod theft;

use crate::{Admission, Chore, Entropy, Identity, RoomKeys, Seal};
use chat_protocol::{
    Beat, Dot, Frame, Invite, Item, ItemKind, Lamport, Mint, NodeId, Number, VectorClock,
    frame::Signature,
    hash::{Past, labelled},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The room's keys, as everyone has them who has the invite.
fn room() -> RoomKeys {
    RoomKeys::private(&Invite { secret: [7; 20].into(), clear: false, history: true })
}

fn identity(seed: u8) -> Identity {
    Identity::from_seed(room().id(), &[seed; 32])
}

/// Bytes that follow from a seed and from `world`: another world, other bytes from then on.
fn entropy(seed: u8, world: &Arc<AtomicU64>) -> Entropy {
    let (mut count, world) = (0_u64, world.clone());
    Entropy::new(move |out| {
        for chunk in out.chunks_mut(32) {
            count += 1;
            let world = world.load(Ordering::Relaxed).to_be_bytes();
            let block = labelled("test", [&[seed][..], &count.to_be_bytes(), &world]);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    })
}

fn member(seed: u8, history: bool, world: &Arc<AtomicU64>) -> Seal {
    Seal::sealed(room(), identity(seed), entropy(seed, world), history)
}

/// Members that know each other, and the time.
struct Group {
    members: Vec<Seal>,
    now: Duration,
    world: Arc<AtomicU64>,
}

impl Group {
    /// So many, all in each other's view, with an epoch minted by the first.
    fn new(members: u8, history: bool) -> Self {
        let world = Arc::default();
        let members = (0..members).map(|seed| member(seed, history, &world)).collect();
        let mut group = Self { members, now: Duration::from_secs(10), world };
        group.see(&group.all());
        group.mint(0);
        group
    }

    fn all(&self) -> Vec<usize> {
        (0..self.members.len()).collect()
    }

    fn ids(&self, who: &[usize]) -> Vec<NodeId> {
        who.iter().map(|at| self.members[*at].me()).collect()
    }

    /// One more with the invite, whom nobody knows yet. Its place.
    fn arrive(&mut self, history: bool) -> usize {
        let seed = u8::try_from(self.members.len()).unwrap();
        self.members.push(member(seed, history, &self.world));
        self.members.len() - 1
    }

    /// These exchange hellos, and see each other and nobody else.
    fn see(&mut self, who: &[usize]) {
        self.introduce(who);
        let ids = self.ids(who);
        for at in who {
            self.members[*at].set_view(ids.iter().copied(), self.now);
        }
    }

    fn introduce(&mut self, who: &[usize]) {
        let hellos: Vec<_> = who.iter().map(|at| self.members[*at].own_hello().clone()).collect();
        for at in who {
            for hello in &hellos {
                self.members[*at].learn(hello).unwrap();
            }
        }
    }

    /// One mints for its view, and all take it in.
    fn mint(&mut self, by: usize) -> Arc<Mint> {
        let mint = self.mint_alone(by);
        self.deliver(&mint);
        mint
    }

    /// One mints for its view, and nobody hears of it yet.
    fn mint_alone(&mut self, by: usize) -> Arc<Mint> {
        self.members[by].mint(false, self.now).unwrap()
    }

    fn deliver(&mut self, mint: &Arc<Mint>) {
        for member in &mut self.members {
            // Those who don't know its minter don't believe it.
            let _ = member.learn_mint(mint, self.now);
        }
    }

    /// Lets time pass, in which everyone does what is due but mint; hellos arrive.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now += Duration::from_millis(500);
            for at in self.all() {
                let renewed = self.members[at].timeout(self.now, false);
                assert!(renewed.iter().all(|chore| matches!(chore, Chore::Hello)), "{renewed:?}");
            }
        }
        self.introduce(&self.all());
    }

    fn say(&mut self, who: usize, number: u64, text: &str) -> Frame {
        say(&mut self.members[who], number, text)
    }

    fn reads(&mut self, who: usize, frame: &Frame) -> Option<String> {
        reads(&mut self.members[who], frame)
    }
}

/// A frame of an author without contents, not signed yet.
fn draft(author: NodeId, number: u64) -> Frame {
    Frame {
        from: author,
        number: Number(number),
        lamport: Lamport(number),
        clock: VectorClock::from_iter([Dot::new(author, Number(number))]),
        past: Past::ZERO,
        items: Vec::new(),
        sealed: None,
        is_final: false,
        sig: Signature::ZERO,
    }
}

fn text(text: &str) -> Vec<Item> {
    vec![Item { kind: ItemKind::Text, text: text.to_owned().into(), at: 0, terms: None }]
}

fn say(seal: &mut Seal, number: u64, said: &str) -> Frame {
    seal.close(draft(seal.me(), number), &text(said)).unwrap().0
}

/// What someone reads in a frame who follows the rules.
fn reads(seal: &mut Seal, frame: &Frame) -> Option<String> {
    let hash = seal.verify_frame(frame).ok()?;
    let readable = seal.admit(frame, hash) == Admission::Readable;
    let items = readable.then(|| seal.open(frame, hash))??;
    Some(items.first()?.text.to_string())
}

/// A beat, not signed yet.
fn beat(from: NodeId) -> Beat {
    Beat {
        from,
        count: Number(3),
        number: Number(2),
        lamport: Lamport(5),
        heads: VectorClock::from_iter([Dot::new(from, Number(2))]),
        digest: None,
        holes: 1,
        transcript: None,
        acks: VectorClock::from_iter([Dot::new(from, Number(2))]),
        miss: vec![Dot::new(from, Number(1))],
        cut: vec![Dot::new(NodeId([9; 10]), Number(1))],
        epoch: None,
        members: 2,
        sig: Signature::ZERO,
    }
}

#[test]
fn everybody_reads_everybody_who_follows_the_rules() {
    for history in [false, true] {
        let mut group = Group::new(4, history);
        for author in group.all() {
            let frame = group.say(author, 2, "hi");
            for reader in group.all() {
                let read = group.reads(reader, &frame);
                let own_without_history = author == reader && !history;
                let expected = (!own_without_history).then_some("hi");
                assert_eq!(read.as_deref(), expected, "{author} {reader}");
            }
        }
    }
}
