//! A run: peers, network and liars under one queue of events in virtual time.

use crate::{
    Violation,
    liar::{Liar, Lie},
    log::{Log, letter},
    network::{To, Weather},
    peer::{Link, LocalClock, Peer},
    run::Setup,
    truth::Truth,
    wire::{Edge, Message},
};
use chat_engine::{Effect, Engine, Input, LinkState, Phase, PresenceChange, Time};
use chat_protocol::{Envelope, Floor, Hello, ItemKind, NodeId};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, HashMap},
    sync::Arc,
};

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// The server has received it.
    AtServer { from: usize, to: To, message: Arc<Message> },
    /// A process has received it.
    Arrive { from: usize, to: usize, message: Arc<Message> },
    /// An engine's timer.
    Timer(usize),
    /// The server notices that a process is dead.
    Unrouted(usize),
    /// A client notices that its connection has ended.
    Cut(usize),
}

struct Queued {
    at: Time,
    sequence: u64,
    event: Event,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Queued {}
impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// See the module.
pub struct World {
    /// How this run was set up.
    pub setup: Setup,
    /// Real time.
    pub now: Time,
    /// Every process there ever was.
    pub peers: Vec<Peer>,
    /// What was really said.
    pub truth: Truth,
    /// How bad the network is now.
    pub weather: Weather,
    /// The readable form.
    pub log: Log,
    /// Messages published to the room and requests.
    pub sent: u64,
    /// Frames in answers.
    pub given: usize,
    /// Messages delivered to processes.
    pub arrived: u64,
    /// The first property that didn't hold.
    pub violation: Option<Violation>,
    pub(crate) rng: StdRng,
    pub(crate) by_id: HashMap<NodeId, usize>,
    pub(crate) hellos: Vec<Hello>,
    liars: Vec<Liar>,
    queue: BinaryHeap<Reverse<Queued>>,
    sequence: u64,
}

impl World {
    /// An empty room.
    #[must_use]
    pub fn new(setup: Setup, log: Log) -> Self {
        Self {
            now: Time::ZERO,
            peers: Vec::new(),
            truth: Truth::default(),
            weather: setup.weather.clone(),
            log,
            sent: 0,
            given: 0,
            arrived: 0,
            violation: None,
            rng: StdRng::seed_from_u64(setup.seed),
            by_id: HashMap::new(),
            hellos: Vec::new(),
            liars: Vec::new(),
            queue: BinaryHeap::new(),
            sequence: 0,
            setup,
        }
    }

    pub(crate) fn schedule(&mut self, at: Time, event: Event) {
        self.sequence += 1;
        let sequence = self.sequence;
        self.queue.push(Reverse(Queued { at: at.max(self.now), sequence, event }));
    }

    /// Runs until then, or until a property doesn't hold.
    pub fn run(&mut self, until: Time) {
        while self.violation.is_none() {
            match self.queue.peek() {
                Some(Reverse(next)) if next.at <= until => {}
                _ => break,
            }
            let Some(Reverse(Queued { at, event, .. })) = self.queue.pop() else { break };
            self.now = at;
            self.happen(event);
        }
        self.now = self.now.max(until);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::AtServer { from, to, message } => self.route(from, &to, &message),
            Event::Arrive { from, to, message } => self.arrive(from, to, &message),
            Event::Timer(peer) => {
                self.peers[peer].armed = None;
                let local = self.peers[peer].clock.at(self.now);
                let (alive, paused) = (self.peers[peer].alive, self.peers[peer].paused);
                if let Some(engine) = self.peers[peer].engine.as_mut().filter(|_| alive && !paused)
                {
                    engine.timeout(local);
                    self.act(peer);
                }
            }
            Event::Unrouted(peer) => {
                if !self.peers[peer].alive {
                    self.peers[peer].routed = false;
                }
            }
            Event::Cut(peer) => {
                if self.peers[peer].link == Link::Down {
                    self.tell_link(peer, LinkState::Down);
                }
            }
        }
    }

    fn arrive(&mut self, from: usize, to: usize, message: &Arc<Message>) {
        let peer = &mut self.peers[to];
        if !peer.alive || peer.link == Link::Down {
            return;
        }
        if peer.paused {
            self.hold(from, to, message);
            return;
        }
        let Some(input) = peer.edge.receive(message, from, &self.truth, &self.hellos) else {
            return;
        };
        self.arrived += 1;
        if peer.engine.is_none() {
            self.overhear(to, message, input);
            return;
        }
        self.log.note(self.now, Some(to), |log| received(log, &input, from));
        // A false floor is passed on in good faith.
        let lies = self.peers[from].engine.is_none() || self.peers[from].view.deceived;
        let joins = matches!(self.engine(to).phase(), Phase::Joining { .. });
        let lies = lies && joins;
        if matches!(&input, Input::Give { give, .. } if lies && give.floor != Floor::default()) {
            self.peers[to].view.deceived = true;
        }
        self.input(to, input);
    }

    /// Gives an engine an input.
    pub fn input(&mut self, peer: usize, input: Input) {
        let local = self.peers[peer].clock.at(self.now);
        if let Some(engine) = &mut self.peers[peer].engine {
            engine.handle(local, input);
            self.act(peer);
        }
    }

    /// A new process of a new node: the first of its side founds the room, others join.
    pub fn enter(&mut self, founds: bool, side: u8) -> usize {
        let index = self.peers.len();
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        let edge = Edge::new(self.setup.real, seed);
        let config = chat_engine::Config { seed: self.rng.random(), ..self.setup.config.clone() };
        let clock = self.local_clock();
        let local = clock.at(self.now);
        let engine = if founds {
            Engine::found(edge.id(), config, local)
        } else {
            Engine::join(edge.id(), config, local)
        };
        self.admit(edge, Some(engine), clock, side);
        self.log.note(self.now, Some(index), |_| "starts".into());
        self.act(index);
        index
    }

    /// A liar: it has the invite, an identity and no scruples.
    pub fn enter_liar(&mut self) -> usize {
        let index = self.peers.len();
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        let edge = Edge::new(self.setup.real, seed);
        let seed = self.rng.random();
        self.liars.push(Liar::new(index, edge.id(), seed, self.setup.false_floors));
        let clock = self.local_clock();
        self.admit(edge, None, clock, 0);
        self.peers[index].serving = true;
        self.log.note(self.now, Some(index), |_| "LIAR starts".into());
        index
    }

    fn admit(&mut self, edge: Edge, engine: Option<Engine>, clock: LocalClock, side: u8) {
        let index = self.peers.len();
        self.by_id.insert(edge.id(), index);
        self.hellos.extend(edge.own_hello());
        self.log.name(edge.id(), index);
        let mut peer = Peer::new(edge, engine, clock);
        peer.side = side;
        self.peers.push(peer);
    }

    fn local_clock(&mut self) -> LocalClock {
        if !self.setup.skew {
            return LocalClock { offset: Time::ZERO, rate: 1.0 };
        }
        let offset = Time::from_millis(self.rng.random_range(0..1 << 40));
        LocalClock { offset, rate: self.rng.random_range(0.9..1.1) }
    }

    /// A member says something, if flow control lets it.
    pub fn say(&mut self, peer: usize) -> bool {
        let may = |engine: &Engine| engine.may_say();
        let says = self.peers[peer].is_member()
            && !self.peers[peer].paused
            && self.peers[peer].engine.as_ref().is_some_and(may);
        if says {
            self.frame(peer, Some(ItemKind::Text), false);
        }
        says
    }

    /// A member leaves in order.
    pub fn leave(&mut self, peer: usize) {
        if self.peers[peer].is_member() && !self.peers[peer].paused {
            self.frame(peer, Some(ItemKind::Text), true);
            self.peers[peer].live = false;
        }
    }

    /// A process dies. The server notices `after` that.
    pub fn crash(&mut self, peer: usize, after: Time) {
        self.peers[peer].alive = false;
        self.peers[peer].live = false;
        self.log.note(self.now, Some(peer), |_| "DIES".into());
        self.schedule(self.now + after, Event::Unrouted(peer));
    }

    /// A connection ends; the client notices `after` that.
    pub fn cut(&mut self, peer: usize, after: Time) {
        self.mend(peer);
        self.peers[peer].link = Link::Down;
        self.log.note(self.now, Some(peer), |_| "cut off".into());
        self.schedule(self.now + after, Event::Cut(peer));
    }

    /// A connection fails in a way that nobody is told of.
    pub fn impair(&mut self, peer: usize, link: Link) {
        self.mend(peer);
        self.peers[peer].link = link;
        self.log.note(self.now, Some(peer), |_| format!("link {link:?}"));
    }

    /// A connection is whole again.
    pub fn mend(&mut self, peer: usize) {
        if self.peers[peer].link == Link::Whole {
            return;
        }
        self.peers[peer].link = Link::Whole;
        self.log.note(self.now, Some(peer), |_| "link whole".into());
        if !self.peers[peer].alive {
            return;
        }
        if !self.peers[peer].paused {
            self.release(peer);
        }
        self.tell_link(peer, LinkState::Up);
    }

    fn tell_link(&mut self, peer: usize, state: LinkState) {
        if self.peers[peer].told != state && self.peers[peer].alive {
            self.peers[peer].told = state;
            self.input(peer, Input::Link(state));
        }
    }

    /// Stops a process for a while.
    pub fn pause(&mut self, peer: usize) {
        self.peers[peer].paused = true;
        self.log.note(self.now, Some(peer), |_| "paused".into());
    }

    /// Lets it go on: all that it missed comes at once.
    pub fn resume(&mut self, peer: usize) {
        if !std::mem::replace(&mut self.peers[peer].paused, false) {
            return;
        }
        self.log.note(self.now, Some(peer), |_| "resumes".into());
        if self.peers[peer].link == Link::Whole {
            self.release(peer);
        }
        self.arm(peer);
    }

    /// The liars do something.
    pub fn lie(&mut self, lie: Lie) {
        for which in 0..self.liars.len() {
            let mut liar = std::mem::replace(&mut self.liars[which], Liar::absent());
            if self.peers[liar.peer].alive {
                let peers = self.peers.len();
                let edge = &self.peers[liar.peer].edge;
                let said = liar.act(lie, edge, peers);
                self.log.note(self.now, Some(liar.peer), |_| format!("LIES {lie:?}"));
                self.utter(liar.peer, said);
            }
            self.liars[which] = liar;
        }
    }

    fn overhear(&mut self, peer: usize, message: &Arc<Message>, input: Input) {
        let Some(which) = self.liars.iter().position(|liar| liar.peer == peer) else { return };
        let mut liar = std::mem::replace(&mut self.liars[which], Liar::absent());
        let said = liar.hear(message, input, &self.peers[peer].edge);
        self.utter(peer, said);
        self.liars[which] = liar;
    }

    fn utter(&mut self, liar: usize, said: Vec<(To, Message, Option<chat_engine::Entry>)>) {
        for (to, message, entry) in said {
            if let Some(entry) = entry {
                self.truth.lie(liar, &entry);
            }
            self.send(liar, to, message);
        }
    }

    fn frame(&mut self, peer: usize, kind: Option<ItemKind>, is_final: bool) {
        let Some(engine) = &self.peers[peer].engine else { return };
        let draft = engine.draft(is_final);
        let said = kind.map(|kind| (kind, draft.dot().to_string()));
        let entry = self.peers[peer].edge.close(draft, said);
        self.said(peer, &entry);
        self.log.note(self.now, Some(peer), |log| {
            let what = if is_final { "leaves" } else { "says" };
            let after: Vec<_> = entry.frame.named().take(12).map(|dot| log.dot(dot)).collect();
            format!("{what} {} > {}", log.dot(entry.dot()), after.join(" "))
        });
        let local = self.peers[peer].clock.at(self.now);
        if let Some(engine) = &mut self.peers[peer].engine {
            engine.say(local, entry);
        }
        self.act(peer);
    }

    fn act(&mut self, peer: usize) {
        while let Some(effect) = self.peers[peer].engine.as_mut().and_then(Engine::poll_effect) {
            let edge = &self.peers[peer].edge;
            match effect {
                Effect::Publish(entry) => {
                    let message = edge.frame(entry);
                    self.send_if_up(peer, To::Room, message);
                }
                Effect::Beat(beat) => {
                    let message = edge.beat(*beat);
                    self.send_if_up(peer, To::Room, message);
                }
                Effect::Ask { to, dots, have } => {
                    let engine = self.peers[peer].engine.as_ref();
                    let cut = engine.into_iter().flat_map(Engine::convicted).collect();
                    let message = self.peers[peer].edge.want(dots, have, cut);
                    let to = to.map_or(To::AnyMember, To::Member);
                    self.send_if_up(peer, to, message);
                }
                Effect::Give { reply, give } => {
                    self.given += give.frames.len();
                    let message = edge.give(*give);
                    if let Ok(to) = reply.parse() {
                        self.send_if_up(peer, To::Inbox(to), message);
                    }
                }
                Effect::Synced => {
                    self.peers[peer].live = true;
                    self.peers[peer].serving = true;
                    self.frame(peer, Some(ItemKind::Join), false);
                }
                Effect::Merge => self.frame(peer, None, false),
                Effect::Deliver(delivery) => self.delivered(peer, &delivery),
                Effect::Trimmed => self.peers[peer].view.trimmed = true,
                Effect::Nobody => self.peers[peer].view.nobody = true,
                Effect::Expelled(node, from) => self.expelled(peer, node, from),
                Effect::Presence(node, change) => self.presence(peer, node, change),
                Effect::Gone => {
                    self.peers[peer].alive = false;
                    self.peers[peer].live = false;
                    self.peers[peer].routed = false;
                    self.log.note(self.now, Some(peer), |_| "is out".into());
                }
                Effect::Entered
                | Effect::Paused
                | Effect::CatchingUp { .. }
                | Effect::Introduced(_)
                | Effect::Fault(_) => {}
            }
        }
        self.check_bounds(peer);
        self.arm(peer);
    }

    /// As the node's driver does: what could only arrive late isn't sent.
    fn send_if_up(&mut self, peer: usize, to: To, message: Message) {
        if self.peers[peer].told == LinkState::Up {
            self.send(peer, to, message);
        }
    }

    fn presence(&mut self, peer: usize, node: NodeId, change: PresenceChange) {
        self.log.note(self.now, Some(peer), |_| match self.by_id.get(&node) {
            Some(other) => format!("{} {change:?}", letter(*other)),
            None => format!("? {change:?}"),
        });
        let members = &mut self.peers[peer].view.members;
        match change {
            PresenceChange::Joined => {
                members.insert(node);
            }
            PresenceChange::Left => {
                members.remove(&node);
            }
            PresenceChange::Unreachable | PresenceChange::Gone | PresenceChange::Back => {}
        }
    }

    /// Sets a peer's timer.
    pub(crate) fn arm(&mut self, peer: usize) {
        let this = &self.peers[peer];
        let due = this.engine.as_ref().and_then(Engine::next_timeout);
        let Some(due) = due.filter(|_| this.alive && !this.paused) else { return };
        let at = this.clock.when(due).max(self.now + Time::from_micros(1));
        if this.armed.is_none_or(|armed| armed > at) {
            self.peers[peer].armed = Some(at);
            self.schedule(at, Event::Timer(peer));
        }
    }

    /// Honest members, by index.
    #[must_use]
    pub fn members(&self) -> Vec<usize> {
        (0..self.peers.len()).filter(|peer| self.peers[*peer].is_member()).collect()
    }

    /// Honest processes that run, members or not yet.
    #[must_use]
    pub fn honest(&self) -> Vec<usize> {
        (0..self.peers.len()).filter(|peer| self.peers[*peer].is_honest()).collect()
    }

    /// Its engine.
    ///
    /// # Panics
    /// For a liar.
    #[must_use]
    pub fn engine(&self, peer: usize) -> &Engine {
        self.peers[peer].engine.as_ref().expect("an honest peer has an engine")
    }

    /// The faults stop: some loss stays.
    pub fn calm(&mut self) {
        self.log.note(self.now, None, |_| "the faults stop".into());
        self.weather.loss = self.weather.loss.min(0.1);
        self.weather.walls.clear();
        for peer in 0..self.peers.len() {
            self.resume(peer);
            self.mend(peer);
            if self.peers[peer].engine.is_none() {
                self.peers[peer].alive = false;
                self.peers[peer].routed = false;
            }
        }
    }

    /// Whether a peer is out of its room.
    #[must_use]
    pub fn is_out(&self, peer: usize) -> bool {
        self.engine(peer).phase() == Phase::Gone
    }
}

fn received(log: &Log, input: &Input, from: usize) -> String {
    let from = letter(from);
    match input {
        Input::Frame(entry) | Input::OldFrame(entry) => format!("<{}", log.dot(entry.dot())),
        Input::Beat(_) => format!("<beat {from}"),
        Input::Want { want, .. } if want.have.is_some() => format!("<want.. {from}"),
        Input::Want { want, .. } => {
            let dots: Vec<_> = want.dots.iter().take(2).map(|dot| log.dot(*dot)).collect();
            format!("<want {from} {}", dots.join(" "))
        }
        Input::Give { entries, .. } => format!("<give {from} {}", entries.len()),
        Input::Nobody => "<nobody".into(),
        Input::Link(state) => format!("link {state:?}"),
    }
}

/// What a message is, for liars: the edge has already looked at it.
pub(crate) fn envelope(message: &Message) -> Option<Envelope> {
    match message {
        Message::Typed { envelope, .. } => Some((**envelope).clone()),
        Message::Bytes(bytes) => Envelope::parse(bytes).ok(),
        Message::NoResponders => None,
    }
}
