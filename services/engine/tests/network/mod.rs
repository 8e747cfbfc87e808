//! A broker in one thread: at most once, with loss, duplicates, delay, partitions and
//! crashes, all drawn from one seed. It knows the ground truth and checks every delivery.

use chat_engine::{Config, Effect, Engine, Entry, Fault, Input, LinkState, Phase, Time};
use chat_protocol::{
    Beat, Dot, Envelope, Frame, Give, Item, ItemKind, NodeId, Want, frame::Signature,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap, HashSet},
    sync::Arc,
};

#[derive(Clone)]
enum Message {
    Frame(Entry),
    Beat(Beat),
    Want(Want, usize),
    Give(Give),
    Nobody,
}

/// One simulated node and what the oracle knows of it.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) up: bool,
    side: usize,
    linked: bool,
    live: bool,
    /// Dots delivered, in order.
    delivered: Vec<Dot>,
    seen: HashSet<Dot>,
    /// Excused by a gap, or below an adopted floor.
    excused: HashSet<Dot>,
    trimmed: bool,
}

/// The faults of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    pub(crate) loss: f64,
    pub(crate) duplicates: f64,
    pub(crate) delay_ms: u64,
}

pub(crate) struct Network {
    pub(crate) seed: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Time,
    pub(crate) faults: Faults,
    pub(crate) config: Config,
    pub(crate) rng: StdRng,
    queue: BinaryHeap<Reverse<(Time, u64, usize)>>,
    messages: HashMap<u64, (usize, Message)>,
    sequence: u64,
    /// By frame: what its author had delivered when it was said.
    past: HashMap<Dot, HashSet<Dot>>,
    pub(crate) sent: u64,
    pub(crate) gaps: u64,
}

impl Network {
    pub(crate) fn new(seed: u64, faults: Faults, config: Config) -> Self {
        Self {
            seed,
            nodes: Vec::new(),
            now: Time::ZERO,
            faults,
            config,
            rng: StdRng::seed_from_u64(seed),
            queue: BinaryHeap::new(),
            messages: HashMap::new(),
            sequence: 0,
            past: HashMap::new(),
            sent: 0,
            gaps: 0,
        }
    }

    /// A node comes in: the first founds the room.
    pub(crate) fn join(&mut self) -> usize {
        let index = self.nodes.len();
        let mut id = [0; 10];
        self.rng.fill(&mut id);
        let config = Config { seed: self.rng.random(), ..self.config.clone() };
        let engine = if index == 0 {
            Engine::found(NodeId(id), config, self.now)
        } else {
            Engine::join(NodeId(id), config, self.now)
        };
        self.nodes.push(Node {
            engine,
            up: true,
            side: 0,
            linked: true,
            live: false,
            delivered: Vec::new(),
            seen: HashSet::new(),
            excused: HashSet::new(),
            trimmed: false,
        });
        self.act(index);
        index
    }

    pub(crate) fn say(&mut self, index: usize) {
        if self.nodes[index].live && self.nodes[index].up && self.nodes[index].engine.may_say() {
            self.frame(index, ItemKind::Text, false);
        }
    }

    pub(crate) fn leave(&mut self, index: usize) {
        if self.nodes[index].live && self.nodes[index].up {
            self.frame(index, ItemKind::Text, true);
            self.nodes[index].live = false;
        }
    }

    /// A node dies; its subscriptions live on until [`Self::forget_the_dead`].
    pub(crate) fn crash(&mut self, index: usize) {
        self.nodes[index].up = false;
    }

    /// The broker notices who is dead.
    pub(crate) fn forget_the_dead(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| !node.up) {
            node.live = false;
        }
    }

    /// Splits the room in groups that don't hear each other.
    pub(crate) fn split(&mut self, side_of: impl Fn(usize) -> usize) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            node.side = side_of(index);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.split(|_| 0);
    }

    /// Cuts a node off in a way that it notices, or connects it again.
    pub(crate) fn link(&mut self, index: usize, up: bool) {
        self.nodes[index].linked = up;
        let state = if up { LinkState::Up } else { LinkState::Down };
        self.input(index, Input::Link(state));
    }

    pub(crate) fn members(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|i| self.nodes[*i].up && self.nodes[*i].live).collect()
    }

    /// Runs until `until`, delivering messages and timers in order.
    pub(crate) fn run(&mut self, until: Time) {
        loop {
            let message = self.queue.peek().map(|Reverse((at, ..))| *at);
            let timer = self
                .nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| node.up)
                .filter_map(|(index, node)| Some((node.engine.next_timeout()?, index)))
                .min();
            match (message, timer) {
                (Some(at), timer) if at <= until && timer.is_none_or(|(due, _)| at <= due) => {
                    self.now = self.now.max(at);
                    let Some(Reverse((_, id, to))) = self.queue.pop() else { return };
                    let (from, message) = self.messages.remove(&id).expect("queued with it");
                    self.arrive(from, to, message);
                }
                (_, Some((due, index))) if due <= until => {
                    self.now = self.now.max(due);
                    self.nodes[index].engine.timeout(self.now);
                    self.act(index);
                }
                _ => break,
            }
        }
        self.now = until;
    }

    /// The members' transcripts above the highest floor are equal, and nothing waits.
    pub(crate) fn check_convergence(&self) {
        let members = self.members();
        let Some(first) = members.first() else { return };
        let dots = |index: usize| -> Vec<_> {
            let entries = self.nodes[index].engine.transcript();
            entries.map(|entry| (entry.key(), entry.hash)).collect()
        };
        let floor =
            members.iter().filter_map(|i| dots(*i).first().copied()).map(|(key, _)| key).max();
        let above = |index: usize| -> Vec<_> {
            dots(index).into_iter().filter(|(key, _)| Some(*key) >= floor).collect()
        };
        for index in &members {
            let engine = &self.nodes[*index].engine;
            assert_eq!(
                above(*first),
                above(*index),
                "{}: nodes {first} and {index} differ",
                self.seed
            );
            let heads = self.nodes[*first].engine.heads();
            assert_eq!(heads, engine.heads(), "{}: heads of {first} and {index}", self.seed);
            assert_eq!(engine.waiting().0, 0, "{}: something waits at {index}", self.seed);
            let agreement = engine.agreement();
            assert_eq!(agreement.same, agreement.of, "{}: agreement at {index}", self.seed);
        }
    }

    fn frame(&mut self, index: usize, kind: ItemKind, is_final: bool) {
        let node = &mut self.nodes[index];
        let mut frame = node.engine.draft(is_final);
        frame.items.push(Item { kind, text: format!("{}", frame.dot()), at: 0, terms: None });
        let entry = verified(frame);
        self.past.insert(entry.dot(), node.seen.clone());
        node.engine.say(entry);
        self.act(index);
    }

    fn input(&mut self, index: usize, input: Input) {
        self.nodes[index].engine.handle(self.now, input);
        self.act(index);
    }

    fn arrive(&mut self, from: usize, to: usize, message: Message) {
        if !self.nodes[to].up
            || !self.nodes[to].linked
            || self.nodes[from].side != self.nodes[to].side
        {
            return;
        }
        let input = match message {
            Message::Frame(entry) => Input::Frame(entry),
            Message::Beat(beat) => Input::Beat(beat),
            Message::Want(want, from) => Input::Want { want, reply: from.to_string() },
            Message::Give(give) => {
                let entries = |frames: &[Arc<Frame>]| {
                    frames.iter().map(|frame| verified((**frame).clone())).collect()
                };
                let (frames, joins) = (entries(&give.frames), entries(&give.joins));
                Input::Give { give, entries: frames, joins }
            }
            Message::Nobody => Input::Nobody,
        };
        self.input(to, input);
    }

    fn act(&mut self, index: usize) {
        while let Some(effect) = self.nodes[index].engine.poll_effect() {
            match effect {
                Effect::Publish(entry) => self.publish(index, &Message::Frame(entry)),
                Effect::Beat(beat) => {
                    through_json(&Envelope::Beat(beat.clone()));
                    self.publish(index, &Message::Beat(beat));
                }
                Effect::Ask { to, dots, have } => self.ask(index, to, dots, have),
                Effect::Give { reply, give } => {
                    let to = reply.parse().expect("an index");
                    self.send(index, to, Message::Give(give));
                }
                Effect::Synced => {
                    self.frame(index, ItemKind::Join, false);
                    self.nodes[index].live = true;
                }
                Effect::Deliver(delivery) => self.delivered(index, &delivery.entry, delivery.gap),
                Effect::Trimmed => self.nodes[index].trimmed = true,
                Effect::Fault(Fault::OtherPast(_) | Fault::AfterFinal(_)) => {}
                Effect::Fault(fault) => panic!("{}: {fault:?} among honest nodes", self.seed),
                Effect::Entered | Effect::Nobody | Effect::Introduced(_) => {}
                Effect::Presence(..) | Effect::Gone => {}
            }
        }
    }

    fn publish(&mut self, from: usize, message: &Message) {
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            self.send(from, to, message.clone());
        }
    }

    fn ask(&mut self, from: usize, to: Option<NodeId>, dots: Vec<Dot>, have: chat_engine::Answers) {
        let me = self.nodes[from].engine.me();
        let hello = chat_protocol::Hello {
            from: me,
            sign: chat_protocol::hello::PublicKey::ZERO,
            mac: chat_protocol::hello::GateMac::ZERO,
            sig: Signature::ZERO,
        };
        let want = Want { from: me, hello, dots, hellos: vec![], have, sig: Signature::ZERO };
        let target = match to {
            Some(id) => self.nodes.iter().position(|node| node.engine.me() == id),
            None => {
                let reaches =
                    |to: &usize| *to != from && self.nodes[*to].side == self.nodes[from].side;
                let synced: Vec<_> = (0..self.nodes.len())
                    .filter(reaches)
                    .filter(|to| self.nodes[*to].live)
                    .collect();
                if synced.is_empty() {
                    self.send(from, from, Message::Nobody);
                    return;
                }
                Some(synced[self.rng.random_range(0..synced.len())])
            }
        };
        if let Some(to) = target {
            self.send(from, to, Message::Want(want, from));
        }
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        self.sent += 1;
        if !self.nodes[from].linked || self.nodes[from].side != self.nodes[to].side {
            return;
        }
        let local = from == to;
        let copies = match self.rng.random::<f64>() {
            _ if local => 1,
            draw if draw < self.faults.loss => 0,
            draw if draw < self.faults.loss + self.faults.duplicates => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let delay = Time::from_millis(1 + self.rng.random_range(0..=self.faults.delay_ms));
            self.sequence += 1;
            self.messages.insert(self.sequence, (from, message.clone()));
            self.queue.push(Reverse((self.now + delay, self.sequence, to)));
        }
    }

    /// The oracle: once, and never before anything in its past.
    fn delivered(&mut self, index: usize, entry: &Entry, gap: Vec<Dot>) {
        let dot = entry.dot();
        self.gaps += gap.len() as u64;
        let node = &mut self.nodes[index];
        assert!(node.seen.insert(dot), "{}: {dot} twice at {index}", self.seed);
        node.delivered.push(dot);
        let mut todo = gap;
        while let Some(excused) = todo.pop() {
            if node.excused.insert(excused) {
                todo.extend(self.past.get(&excused).into_iter().flatten());
            }
        }
        if node.trimmed || dot.node == node.engine.me() {
            return;
        }
        let missing: BTreeSet<_> = self.past[&dot]
            .iter()
            .filter(|before| !node.seen.contains(before) && !node.excused.contains(before))
            .collect();
        assert!(missing.is_empty(), "{}: {dot} at {index} before {missing:?}", self.seed);
    }
}

fn verified(frame: Frame) -> Entry {
    let hash = Frame::content_hash(&frame.signed_form());
    through_json(&Envelope::Frame(Arc::new(frame.clone())));
    Entry::new(Arc::new(frame), hash)
}

/// What a node sends must survive its own parser: bounds included.
fn through_json(envelope: &Envelope) {
    let parsed = Envelope::parse(&envelope.to_json()).expect("nodes send what nodes accept");
    assert_eq!(&parsed, envelope);
}

/// Whether a node has gone through its whole life.
pub(crate) fn is_gone(node: &Node) -> bool {
    node.engine.phase() == Phase::Gone
}
