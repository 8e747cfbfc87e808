//! One node, and what the others say written by the test.

use chat_engine::{Config, Delivery, Effect, Engine, Entry, Input, LinkState, Time};
use chat_protocol::{
    Beat, Dot, Floor, Frame, Give, Hello, Item, ItemKind, Lamport, NodeId, Number, VectorClock,
    Want,
    frame::Signature,
    hash::Past,
    hello::{GateMac, PublicKey},
};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const MILLI: Time = Time::from_millis(1);
pub(crate) const SECOND: Time = Time::from_secs(1);

/// The node under test.
pub(crate) const ME: NodeId = NodeId([0xee; 10]);

/// Another one.
pub(crate) fn node(n: usize) -> NodeId {
    let mut id = [0; 10];
    id[..8].copy_from_slice(&(n as u64).to_be_bytes());
    NodeId(id)
}

pub(crate) fn dot(n: usize, number: u64) -> Dot {
    Dot::new(node(n), Number(number))
}

/// A frame that names these dots, its author's previous one implied.
pub(crate) fn frame(dot: Dot, lamport: u64, named: &[Dot]) -> Entry {
    let mut clock: VectorClock = named.iter().copied().collect();
    clock.set(dot);
    let item = Item { kind: ItemKind::Text, text: "said".into(), at: 0, terms: None };
    entry(Frame {
        from: dot.node,
        number: dot.number,
        lamport: Lamport(lamport),
        clock,
        past: Past::ZERO,
        items: vec![item],
        sealed: None,
        is_final: false,
        sig: Signature::ZERO,
    })
}

/// The same frame but for a change.
pub(crate) fn but(other: &Entry, change: impl FnOnce(&mut Frame)) -> Entry {
    let mut frame = (*other.frame).clone();
    change(&mut frame);
    entry(frame)
}

/// The same frame with a text of so many bytes.
pub(crate) fn long(other: &Entry, bytes: usize) -> Entry {
    but(other, |frame| frame.items[0].text = "x".repeat(bytes).into())
}

pub(crate) fn last(other: &Entry) -> Entry {
    but(other, |frame| frame.is_final = true)
}

fn entry(frame: Frame) -> Entry {
    let hash = frame.content_hash();
    Entry::new(Arc::new(frame), hash)
}

/// A beat that shows nothing but its sender.
pub(crate) fn beat(from: NodeId, count: u64) -> Beat {
    Beat {
        from,
        count: Number(count),
        number: Number(0),
        lamport: Lamport(0),
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

/// A request for everything.
pub(crate) fn want(from: NodeId) -> Want {
    let (mac, sig) = (GateMac::ZERO, Signature::ZERO);
    let hello = Hello { from, sign: PublicKey::ZERO, kem: None, mac, sig };
    Want { have: Some(BTreeMap::new()), ..Want::new(hello) }
}

/// An answer to a joiner, without frames.
pub(crate) fn give(from: NodeId, floor: Floor) -> Give {
    Give { live: vec![from], floor, sync: true, ..Give::new(from, ME) }
}

/// See the module.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) now: Time,
    effects: Vec<(Time, Effect)>,
}

impl Node {
    /// It has opened the room; its join frame is the first.
    pub(crate) fn found(config: Config) -> Self {
        Self::new(Engine::found(ME, config, Time::ZERO))
    }

    pub(crate) fn join() -> Self {
        Self::new(Engine::join(ME, Config::default(), Time::ZERO))
    }

    fn new(engine: Engine) -> Self {
        let mut node = Self { engine, now: Time::ZERO, effects: Vec::new() };
        node.act();
        node
    }

    pub(crate) fn hears(&mut self, frame: &Entry) {
        self.input(Input::Frame(frame.clone()));
    }

    pub(crate) fn hears_beat(&mut self, beat: Beat) {
        self.input(Input::Beat(beat));
    }

    /// What it answers.
    pub(crate) fn asked(&mut self, want: Want) -> Option<Give> {
        self.effects.clear();
        self.input(Input::Want { want, reply: "inbox".into() });
        self.effects().into_iter().find_map(|(_, effect)| match effect {
            Effect::Give { give, .. } => Some(*give),
            _ => None,
        })
    }

    pub(crate) fn given(&mut self, give: Give, entries: &[Entry]) {
        let (entries, joins, proofs) = (entries.to_vec(), Vec::new(), Vec::new());
        self.input(Input::Give { give, entries, joins, proofs });
    }

    pub(crate) fn link(&mut self, link: LinkState) {
        self.input(Input::Link(link));
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        self.act();
    }

    pub(crate) fn say(&mut self) {
        self.speak(false);
    }

    pub(crate) fn leave(&mut self) {
        self.speak(true);
    }

    fn speak(&mut self, is_final: bool) {
        let said = entry(self.engine.draft(is_final));
        self.engine.say(self.now, said);
        self.act();
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, time: Time) {
        let until = self.now + time;
        while let Some(next) = self.engine.next_timeout().filter(|next| *next <= until) {
            // A timer that stays due must not stop the time.
            self.now = next.max(self.now + MILLI);
            self.engine.timeout(self.now);
            self.act();
        }
        self.now = self.now.max(until);
    }

    /// Time passes and nothing of it runs.
    pub(crate) fn stopped_for(&mut self, time: Time) {
        self.now += time;
    }

    /// What it wanted done since this was last asked, and when.
    pub(crate) fn effects(&mut self) -> Vec<(Time, Effect)> {
        std::mem::take(&mut self.effects)
    }

    /// Deliveries of others' frames since effects were last asked for.
    pub(crate) fn deliveries(&mut self) -> Vec<Delivery> {
        let delivery = |(_, effect)| match effect {
            Effect::Deliver(delivery) if delivery.entry.frame.from != ME => Some(delivery),
            _ => None,
        };
        self.effects().into_iter().filter_map(delivery).collect()
    }

    /// Beats since effects were last asked for, and when.
    pub(crate) fn beats(&mut self) -> Vec<(Time, Beat)> {
        let beat = |(at, effect)| match effect {
            Effect::Beat(beat) => Some((at, *beat)),
            _ => None,
        };
        self.effects().into_iter().filter_map(beat).collect()
    }

    /// Requests since effects were last asked for: when, to whom, for what.
    pub(crate) fn asks(&mut self) -> Vec<(Time, Option<NodeId>, Vec<Dot>)> {
        let ask = |(at, effect)| match effect {
            Effect::Ask { to, dots, .. } => Some((at, to, dots)),
            _ => None,
        };
        self.effects().into_iter().filter_map(ask).collect()
    }

    /// Others' frames, as shown.
    pub(crate) fn shown(&self) -> Vec<Dot> {
        let others = self.engine.transcript().filter(|entry| entry.frame.from != ME);
        others.map(Entry::dot).collect()
    }

    fn act(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            let says = matches!(effect, Effect::Synced | Effect::Merge);
            self.effects.push((self.now, effect));
            if says {
                self.say();
            }
        }
    }
}
