//! A member that lies: it has an identity and the invite, hears everything, and says what it
//! likes. It can't sign for others (tries are refused at the edge).

use crate::{
    network::To,
    wire::{Edge, Message},
    world::envelope,
};
use chat_engine::{Entry, Input};
use chat_protocol::{
    Beat, ContentHash, Dot, Envelope, Floor, FloorEntry, Frame, Give, ItemKind, Key, Lamport,
    NodeId, Number, VectorClock, Want,
    frame::Signature,
    hash::{self, Past, TranscriptDigest},
    limits,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IteratorRandom};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// A lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A frame like anyone's: so that the others have something to depend on.
    Frame,
    /// Two contents with one dot, to everyone or to some each.
    Equivocate,
    /// Two contents with one dot, below a frame whose `past` commits to neither.
    Bury,
    /// A frame that depends on what doesn't exist.
    BogusPast,
    /// A frame from the far future.
    FarAhead,
    /// A frame whose Lamport time is as low as its numbers allow.
    Backdate,
    /// A frame with others left out.
    SkipNumbers,
    /// Something after its own last frame.
    AfterFinal,
    /// Many frames at once.
    Flood,
    /// Many frames at once that can't be delivered.
    FloodBuffer,
    /// A beat that claims what isn't, acknowledges everything, looks for everything.
    Beat,
    /// A beat with the right heads and a wrong digest.
    Digest,
    /// What others said before, again.
    Replay,
    /// Many requests.
    FloodWants,
    /// An answer that nobody asked for, with a floor that hides everything.
    FalseFloor,
    /// A frame that another is said to have signed.
    Forge,
    /// How it answers requests from now on.
    Answer,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Frame,
        Self::Equivocate,
        Self::Bury,
        Self::BogusPast,
        Self::FarAhead,
        Self::Backdate,
        Self::SkipNumbers,
        Self::AfterFinal,
        Self::Flood,
        Self::FloodBuffer,
        Self::Beat,
        Self::Digest,
        Self::Replay,
        Self::FloodWants,
        Self::FalseFloor,
        Self::Forge,
        Self::Answer,
    ];
}

/// What it hears, and what it says with it.
type Said = Vec<(To, Message, Option<Entry>)>;

#[derive(Clone, Copy, Debug)]
enum Manner {
    Silent,
    Nothing,
    Endless,
    FalseFloor,
}

/// See the module.
pub struct Liar {
    /// Its place among the peers.
    pub peer: usize,
    id: NodeId,
    rng: StdRng,
    number: Number,
    own: ContentHash,
    lamport: Lamport,
    tops: BTreeMap<NodeId, Number>,
    contents: BTreeMap<Dot, ContentHash>,
    heads: Option<Beat>,
    recorded: VecDeque<Arc<Message>>,
    beats: u64,
    manner: Manner,
    /// It lies about what it no longer has, too.
    floors: bool,
}

impl Liar {
    /// A liar that has heard nothing yet.
    #[must_use]
    pub fn new(peer: usize, id: NodeId, seed: u64, floors: bool) -> Self {
        Self {
            peer,
            id,
            rng: StdRng::seed_from_u64(seed),
            number: Number(0),
            own: ContentHash::ZERO,
            lamport: Lamport(0),
            tops: BTreeMap::new(),
            contents: BTreeMap::new(),
            heads: None,
            recorded: VecDeque::new(),
            beats: 0,
            manner: Manner::Silent,
            floors,
        }
    }

    /// Stands in for one that is at work.
    pub(crate) fn absent() -> Self {
        Self::new(usize::MAX, NodeId([0; 10]), 0, false)
    }

    /// Hears something; perhaps answers.
    pub fn hear(&mut self, message: &Arc<Message>, input: Input, edge: &Edge) -> Said {
        match input {
            Input::Frame(entry) | Input::OldFrame(entry) => {
                let dot = entry.dot();
                let top = self.tops.entry(dot.node).or_default();
                *top = (*top).max(dot.number);
                // Not led by another liar's leap.
                if entry.frame.lamport.0 < self.lamport.0 + 1000 {
                    self.lamport = self.lamport.max(entry.frame.lamport);
                }
                self.contents.insert(dot, entry.hash);
            }
            Input::Beat(beat) => self.heads = Some(beat),
            Input::Want { want, reply } => return self.answer(&want, &reply, edge),
            _ => {}
        }
        if self.recorded.len() > 200 {
            self.recorded.pop_front();
        }
        self.recorded.push_back(message.clone());
        Vec::new()
    }

    /// Does it.
    pub fn act(&mut self, lie: Lie, edge: &Edge, peers: usize) -> Said {
        match lie {
            Lie::Frame => vec![self.frame(edge, |_| {})],
            Lie::Equivocate => self.equivocate(edge, peers),
            Lie::Bury => {
                let mut said = self.equivocate(edge, peers);
                said.push(self.frame(edge, |frame| frame.past = Past::ZERO));
                said
            }
            Lie::BogusPast => {
                let ghost = self.some_dot(1..40);
                vec![self.frame(edge, |frame| {
                    frame.clock.raise(ghost);
                    frame.lamport.0 = frame.lamport.0.max(ghost.number.0 + 1);
                })]
            }
            Lie::FarAhead => {
                let leap = 1u64 << self.rng.random_range(2..52);
                vec![self.frame(edge, |frame| frame.lamport.0 += leap)]
            }
            Lie::Backdate => vec![self.frame(edge, |frame| {
                let named = frame.clock.dots().map(|dot| dot.number.0).max().unwrap_or(0);
                frame.lamport = Lamport(named + 1);
            })],
            Lie::SkipNumbers => {
                self.number.0 += self.rng.random_range(1..20);
                vec![self.frame(edge, |_| {})]
            }
            Lie::AfterFinal => {
                let last = self.frame(edge, |frame| frame.is_final = true);
                vec![last, self.frame(edge, |_| {})]
            }
            Lie::Flood => (0..100).map(|_| self.frame(edge, |_| {})).collect(),
            Lie::FloodBuffer => {
                self.number.0 += 1;
                (0..100).map(|_| self.frame(edge, |_| {})).collect()
            }
            Lie::Beat => vec![self.beat(edge, |_| {})],
            Lie::Digest => {
                let heard = self.heads.clone();
                vec![self.beat(edge, |beat| {
                    if let Some(heard) = heard {
                        beat.heads = heard.heads;
                        beat.digest = Some(TranscriptDigest([7; 32]));
                        beat.miss.clear();
                        beat.cut.clear();
                    }
                })]
            }
            Lie::Replay => {
                let again = self.recorded.iter().cloned().sample(&mut self.rng, 20);
                again.into_iter().map(|message| (To::Room, (*message).clone(), None)).collect()
            }
            Lie::FloodWants => (0..50).map(|_| self.want(edge)).collect(),
            Lie::FalseFloor if self.floors => self.false_floor(edge),
            Lie::FalseFloor => Vec::new(),
            Lie::Forge => self.forge(),
            Lie::Answer => {
                self.manner = match self.rng.random_range(0..if self.floors { 4 } else { 3 }) {
                    0 => Manner::Silent,
                    1 => Manner::Nothing,
                    2 => Manner::Endless,
                    _ => Manner::FalseFloor,
                };
                Vec::new()
            }
        }
    }

    fn draft(&mut self) -> Frame {
        let others = self.tops.iter().filter(|(node, _)| **node != self.id);
        let mut clock: VectorClock = others
            .map(|(node, top)| Dot::new(*node, *top))
            .take(limits::CLOCK_ENTRIES / 2)
            .collect();
        let known = |dot: Dot| Some((dot, *self.contents.get(&dot)?));
        let named: Option<Vec<_>> = clock.dots().map(known).collect();
        let past = named.map_or(Past::ZERO, |named| hash::past(self.own, named));
        let past = if self.rng.random_bool(0.8) { past } else { Past([9; 16]) };
        clock.set(Dot::new(self.id, self.number.next()));
        Frame {
            from: self.id,
            number: self.number.next(),
            lamport: Lamport(self.lamport.0.max(self.number.0) + 1),
            clock,
            past,
            items: Vec::new(),
            sealed: None,
            is_final: false,
            sig: Signature::ZERO,
        }
    }

    fn frame(
        &mut self,
        edge: &Edge,
        change: impl FnOnce(&mut Frame),
    ) -> (To, Message, Option<Entry>) {
        let mut frame = self.draft();
        change(&mut frame);
        let entry = edge.close(frame, Some((ItemKind::Text, "a lie".into())));
        self.number = entry.frame.number;
        self.own = entry.hash;
        self.contents.insert(entry.dot(), entry.hash);
        (To::Room, edge.frame(entry.clone()), Some(entry))
    }

    fn equivocate(&mut self, edge: &Edge, peers: usize) -> Said {
        let (first, mut second) = (self.draft(), self.draft());
        if self.rng.random_bool(0.3) {
            second.lamport.0 += self.rng.random_range(1..1000);
        }
        if self.rng.random_bool(0.3) {
            second.clock = std::iter::once(Dot::new(self.id, second.number)).collect();
        }
        let apart = self.rng.random_bool(0.7);
        let half: Vec<_> = (0..peers).filter(|_| self.rng.random_bool(0.5)).collect();
        let rest = (0..peers).filter(|peer| !half.contains(peer)).collect();
        let to = if apart { [To::Some(half), To::Some(rest)] } else { [To::Room, To::Room] };
        let texts = ["yes", "no"];
        let mut said = Vec::new();
        for ((frame, to), text) in [first, second].into_iter().zip(to).zip(texts) {
            let entry = edge.close(frame, Some((ItemKind::Text, text.into())));
            (self.number, self.own) = (entry.frame.number, entry.hash);
            said.push((to, edge.frame(entry.clone()), Some(entry)));
        }
        said
    }

    fn some_dot(&mut self, ahead: std::ops::Range<u64>) -> Dot {
        let known = self.tops.iter().choose(&mut self.rng).map(|(node, top)| (*node, *top));
        match known {
            Some((node, top)) if node != self.id && self.rng.random_bool(0.7) => {
                Dot::new(node, Number(top.0 + self.rng.random_range(ahead)))
            }
            _ => Dot::new(NodeId(self.rng.random()), Number(self.rng.random_range(1..5))),
        }
    }

    fn beat(
        &mut self,
        edge: &Edge,
        change: impl FnOnce(&mut Beat),
    ) -> (To, Message, Option<Entry>) {
        self.beats += if self.rng.random_bool(0.1) { 1 << 30 } else { 1 };
        let heads = (0..8).map(|_| self.some_dot(0..9)).collect();
        let everything = self.tops.keys().map(|node| Dot::new(*node, Number(limits::COUNTER_MAX)));
        let acks = everything.take(limits::BEAT_ACKS).collect();
        let miss: Vec<_> = self.contents.keys().copied().take(limits::BEAT_MISS).collect();
        let mut beat = Beat {
            from: self.id,
            count: Number(self.beats),
            number: Number(self.number.0 + self.rng.random_range(0..3)),
            lamport: Lamport(limits::COUNTER_MAX),
            heads,
            digest: Some(TranscriptDigest([3; 32])),
            holes: self.rng.random_range(0..9),
            transcript: Some(TranscriptDigest([4; 32])),
            acks,
            cut: miss.iter().copied().take(2).collect(),
            miss,
            epoch: None,
            members: 1,
            sig: Signature::ZERO,
        };
        change(&mut beat);
        (To::Room, edge.beat(beat), None)
    }

    fn want(&mut self, edge: &Edge) -> (To, Message, Option<Entry>) {
        let (dots, have) = if self.rng.random_bool(0.5) {
            (Vec::new(), Some(BTreeMap::new()))
        } else {
            (self.contents.keys().copied().take(limits::WANTS).collect(), None)
        };
        let to = self.tops.keys().copied().choose(&mut self.rng);
        (to.map_or(To::AnyMember, To::Member), edge.want(dots, have, Vec::new()), None)
    }

    fn floor(&mut self) -> Floor {
        let height = 1u64 << self.rng.random_range(3..50);
        let entry = |number| FloorEntry { number, hash: ContentHash([5; 32]), cover: number };
        let tops: Vec<_> = self.tops.iter().map(|(node, top)| (*node, *top)).collect();
        let entries: BTreeMap<_, _> = tops
            .into_iter()
            .map(|(node, top)| (node, entry(Number(top.0 + self.rng.random_range(0..height)))))
            .collect();
        let highest = entries.values().map(|entry| entry.number.0).max().unwrap_or(0);
        let lamport = Lamport(highest.max(self.lamport.0));
        Floor { entries, key: Key { lamport, node: self.id, number: Number(1) } }
    }

    fn give(&mut self, to: NodeId) -> Give {
        Give { live: self.tops.keys().copied().collect(), sync: true, ..Give::new(self.id, to) }
    }

    fn false_floor(&mut self, edge: &Edge) -> Said {
        let victims: Vec<_> = self.tops.keys().copied().collect();
        let floor = self.floor();
        let lie = |victim| {
            let give = Give { floor: floor.clone(), ..self.give(victim) };
            (To::Member(victim), edge.give(give), None)
        };
        victims.into_iter().map(lie).collect()
    }

    fn answer(&mut self, want: &Want, reply: &str, edge: &Edge) -> Said {
        let Ok(to) = reply.parse() else { return Vec::new() };
        let mut give = self.give(want.from);
        match self.manner {
            Manner::Silent => return Vec::new(),
            Manner::Nothing => {}
            Manner::Endless => give.more = true,
            Manner::FalseFloor => give.floor = self.floor(),
        }
        vec![(To::Inbox(to), edge.give(give), None)]
    }

    /// Takes something another said and changes it.
    fn forge(&mut self) -> Said {
        let Some(message) = self.recorded.iter().choose(&mut self.rng) else { return Vec::new() };
        let forged = match envelope(message) {
            Some(Envelope::Frame(frame)) => {
                let mut frame = (*frame).clone();
                frame.number = frame.number.next();
                frame.clock.set(frame.dot());
                frame.lamport.0 += 1;
                Envelope::Frame(Arc::new(frame))
            }
            Some(Envelope::Beat(mut beat)) => {
                beat.count.0 += 1 << 20;
                beat.number.0 += 3;
                Envelope::Beat(beat)
            }
            _ => return Vec::new(),
        };
        let message = match **message {
            Message::Bytes(_) => Message::Bytes(forged.to_json()),
            _ => Message::Typed { signer: self.id, envelope: Box::new(forged), entry: None },
        };
        vec![(To::Room, message, None)]
    }
}
