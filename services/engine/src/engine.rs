//! The state machine: what it holds, and its verbs.

use crate::{
    Config, Effect, Entry, Input, LinkState, Time,
    authors::Authors,
    budget::Budget,
    clocks::Clocks,
    conviction::Proofs,
    flow::Flow,
    frontier::Frontier,
    merge::Merge,
    presence::BeatTimer,
    repair::{Answerer, Bulk},
    roster::{Presence, Roster},
    seek::Seek,
    transcript::Transcript,
    waiting::Buffer,
    wants::Wants,
};
use chat_protocol::{
    ContentHash, Dot, Key, Lamport, NodeId, Number, VectorClock,
    hash::{self, TranscriptDigest},
    limits,
};
use rand::{SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How far a node is in its life in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Catching up; nothing is claimed or waived yet.
    Joining {
        /// Questions without an answer.
        tries: u32,
        /// When to ask again.
        next: Time,
    },
    /// A member.
    Live,
    /// Its last frame is said; it stays until someone shows to have it.
    Leaving {
        /// At most until then.
        until: Time,
    },
    /// Out.
    Gone,
}

/// How many members have the same transcript as this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Members with an equal frontier, this node included.
    pub same: usize,
    /// Members not gone, this node included.
    pub of: usize,
}

/// One node's part in the causal broadcast of one room.
#[derive(Debug)]
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) me: NodeId,
    pub(crate) rng: StdRng,
    pub(crate) now: Time,
    pub(crate) phase: Phase,
    pub(crate) link: LinkState,
    /// `Entered` was told.
    pub(crate) entered: bool,
    /// Own frames so far.
    pub(crate) number: Number,
    /// The highest Lamport time delivered.
    pub(crate) lamport: Lamport,
    /// The highest key delivered.
    pub(crate) shown: Key,
    pub(crate) authors: Authors,
    pub(crate) frontier: Frontier,
    pub(crate) transcript: Transcript,
    pub(crate) waiting: Buffer,
    pub(crate) wants: Wants,
    /// Equivocations that this node can prove.
    pub(crate) proofs: Proofs,
    /// Dots given up for frames that waited; looked for in beats.
    pub(crate) waived: BTreeSet<Dot>,
    pub(crate) roster: Roster,
    /// Join frames of members that are not in the transcript: names for joiners.
    pub(crate) joins: BTreeMap<NodeId, Entry>,
    pub(crate) clocks: Clocks,
    pub(crate) beats: BeatTimer,
    pub(crate) flow: Flow,
    pub(crate) answerer: Answerer,
    pub(crate) merge: Merge,
    pub(crate) seek: Seek,
    pub(crate) bulk: Bulk,
    /// A bulk answer is on its way: waiving is postponed until then.
    pub(crate) busy_until: Time,
    /// Own frames of late, to be published again after a reconnect.
    pub(crate) resend: VecDeque<(Time, Dot)>,
    pub(crate) effects: VecDeque<Effect>,
}

impl Engine {
    /// A node that opens a room: it is live at once.
    #[must_use]
    pub fn found(me: NodeId, config: Config, now: Time) -> Self {
        let mut engine = Self::new(me, config, now);
        engine.synced();
        engine
    }

    /// A node that joins a room: it asks for what was said and then goes live.
    #[must_use]
    pub fn join(me: NodeId, config: Config, now: Time) -> Self {
        let mut engine = Self::new(me, config, now);
        engine.timeout(now);
        engine
    }

    fn new(me: NodeId, config: Config, now: Time) -> Self {
        Self {
            rng: StdRng::seed_from_u64(config.seed),
            config,
            me,
            now,
            phase: Phase::Joining { tries: 0, next: now },
            link: LinkState::Up,
            entered: false,
            number: Number(0),
            lamport: Lamport(0),
            shown: Key::ZERO,
            authors: Authors::default(),
            frontier: Frontier::default(),
            transcript: Transcript::default(),
            waiting: Buffer::default(),
            wants: Wants::default(),
            proofs: Proofs::new(),
            waived: BTreeSet::new(),
            roster: Roster::default(),
            joins: BTreeMap::new(),
            clocks: Clocks::default(),
            beats: BeatTimer::new(now),
            flow: Flow::default(),
            answerer: Answerer::new(Budget::new(limits::GIVE_TOTAL, limits::GIVE_TOTAL_BURST, now)),
            merge: Merge::default(),
            seek: Seek::default(),
            bulk: Bulk::new(now),
            busy_until: now,
            resend: VecDeque::new(),
            effects: VecDeque::new(),
        }
    }

    /// Takes one input at time `now`. Never blocks, never fails: what is wrong with an
    /// input becomes an [`Effect::Fault`] or nothing.
    pub fn handle(&mut self, now: Time, input: Input) {
        self.pass(now);
        if self.phase == Phase::Gone {
            return;
        }
        match input {
            Input::Frame(entry) => self.receive_frame(entry, true),
            Input::OldFrame(entry) => self.receive_frame(entry, false),
            Input::Beat(beat) => self.receive_beat(&beat),
            Input::Want { want, reply } => self.receive_want(want, reply),
            Input::Give { give, entries, joins, proofs } => {
                self.receive_give(give, entries, joins, proofs);
            }
            Input::Nobody => self.nobody(),
            Input::Link(link) => self.link_changed(link),
        }
        self.claim_missing();
    }

    /// Time has passed. A node that wasn't run when it meant to be (it was stopped, or its
    /// machine slept) hasn't heard what was said meanwhile, and blames nobody for that: a
    /// local pause, as Cassandra's failure detector calls it.
    pub(crate) fn pass(&mut self, now: Time) {
        let since = self.now;
        self.now = since.max(now);
        let is_late = |due: Time| now >= due.max(since) + limits::LOCAL_PAUSE;
        if now >= since + limits::LOCAL_PAUSE && self.next_timeout().is_some_and(is_late) {
            self.excuse_all();
            self.effect(Effect::Paused);
        }
    }

    /// This node takes in nothing at the moment, by its own doing. O(members).
    pub fn hear_nothing(&mut self, now: Time) {
        self.pass(now);
        self.excuse_all();
    }

    /// Nobody is blamed for a time in which this node heard nothing.
    fn excuse_all(&mut self) {
        self.roster.restart(self.now);
        self.wants.restart(self.now);
        self.waiting.restart(self.now);
    }

    /// Tells the time: whatever is due by now is done.
    pub fn timeout(&mut self, now: Time) {
        self.pass(now);
        match self.phase {
            Phase::Gone => return,
            Phase::Leaving { until } if until <= self.now => {
                self.gone();
                return;
            }
            _ => {}
        }
        if self.link == LinkState::Down {
            return;
        }
        if let Phase::Joining { tries, next } = self.phase {
            if next <= self.now {
                self.ask_to_join(tries);
            }
            return;
        }
        self.suspect();
        self.deliver_ready();
        self.claim_missing();
        self.ask_due();
        self.seek_holes();
        self.merge_if_due();
        self.beat_if_due();
    }

    /// The next thing to be done, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Engine::timeout`] has something to do; nothing: not before another input.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        let (phase, others) = match self.phase {
            Phase::Gone => return None,
            Phase::Leaving { until } => (Some(until), true),
            Phase::Joining { next, .. } => (Some(next), false),
            Phase::Live => (None, true),
        };
        if self.link == LinkState::Down {
            return phase.filter(|_| others);
        }
        if !others {
            return phase;
        }
        let (unreachable, gone) = self.suspicion_times();
        let timers = [
            phase,
            self.next_beat(),
            self.wants.next(),
            self.seek.next(),
            self.merge.due,
            self.waiting.next_expiry(|waiting| self.expiry(waiting)),
            self.roster.next_suspicion(unreachable, gone),
        ];
        timers.into_iter().flatten().min()
    }

    /// This node.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// Whether joiners are given the live transcript, as a joiner learns from the members.
    pub fn set_history(&mut self, history: bool) {
        self.config.history = history;
    }

    /// How far it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Own frames so far.
    #[must_use]
    pub fn number(&self) -> Number {
        self.number
    }

    /// The highest Lamport time delivered.
    #[must_use]
    pub fn lamport(&self) -> Lamport {
        self.lamport
    }

    /// The frontier: delivered dots that no other delivered frame names.
    #[must_use]
    pub fn heads(&self) -> VectorClock {
        self.frontier.with_lost()
    }

    /// The frames held, in the order shown.
    pub fn transcript(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.transcript.iter()
    }

    /// The highest key that was trimmed here, or below an adopted floor.
    #[must_use]
    pub fn floor(&self) -> Key {
        self.transcript.floor()
    }

    /// Changes whenever the transcript does.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.transcript.revision()
    }

    /// A frame held.
    #[must_use]
    pub fn entry(&self, dot: Dot) -> Option<&Entry> {
        self.transcript.get(dot)
    }

    /// Digest of the frames held, final ones excepted. O(frames).
    #[must_use]
    pub fn transcript_digest(&self) -> TranscriptDigest {
        self.transcript.digest()
    }

    /// Members not gone, this node excepted.
    pub fn members(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.roster.counted().map(|(node, _)| *node)
    }

    /// How many these are, this node included. O(1).
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.roster.len() + 1
    }

    /// Changes whenever the members do.
    #[must_use]
    pub fn members_revision(&self) -> u64 {
        self.roster.revision()
    }

    /// Whether a frame was delivered, is void, or lies below the floor.
    #[must_use]
    pub fn has(&self, dot: Dot) -> bool {
        self.authors.has(dot)
    }

    /// Every frame that is held: delivered ones, those that wait, and members' join frames.
    pub fn entries_held(&self) -> impl Iterator<Item = &Entry> {
        self.transcript.iter().chain(self.waiting.iter()).chain(self.joins.values())
    }

    /// Whether a member is heard lately.
    #[must_use]
    pub fn is_present(&self, node: &NodeId) -> bool {
        self.roster.get(node).is_some_and(Presence::is_present)
    }

    /// Takes bytes given to a member beside frames from its budget; false if that is used up.
    pub fn may_spend(&mut self, to: NodeId, bytes: usize, now: Time) -> bool {
        self.pass(now);
        let may = self.answerer.may_give(to, self.now);
        if may {
            self.answerer.given(to, bytes);
        }
        may
    }

    /// Who shows to have the same transcript. O(members).
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        let has_the_same = self.shows_the_same_heads();
        let agrees = |presence: &Presence| has_the_same(presence) && !self.differs(presence);
        let same = self.roster.counted().filter(|(_, presence)| agrees(presence)).count();
        Agreement { same: same + 1, of: self.member_count() }
    }

    /// Whether a member's last beat shows this node's heads, and as many holes below them.
    pub(crate) fn shows_the_same_heads(&self) -> impl Fn(&Presence) -> bool + use<> {
        let (mine, holes) = (Some(self.frontier()), self.authors.holes());
        move |presence| presence.digest == mine && presence.holes == holes
    }

    /// Whether a member's last beat shows another transcript, both being whole.
    pub(crate) fn differs(&self, presence: &Presence) -> bool {
        let mine = self.transcript.whole_digest();
        mine.zip(presence.transcript).is_some_and(|(mine, its)| mine != its)
    }

    /// Frames and bytes that wait for what they depend on.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        (self.waiting.len(), self.waiting.bytes())
    }

    /// Missing dots being asked for, and those given up for frames that waited.
    #[must_use]
    pub fn missing(&self) -> (usize, usize) {
        (self.wants.len(), self.waived.len())
    }

    /// Frames not delivered below their authors' tops.
    #[must_use]
    pub fn holes(&self) -> u64 {
        self.authors.holes()
    }

    /// Digest of the frontier: equal ones mean equal transcripts above the floor.
    #[must_use]
    pub fn frontier(&self) -> TranscriptDigest {
        let content = |dot| self.authors.hash(dot).unwrap_or(ContentHash::ZERO);
        hash::frontier(self.heads().dots().map(|dot| (dot, content(dot))))
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn is_joining(&self) -> bool {
        matches!(self.phase, Phase::Joining { .. })
    }

    /// The end of catching up: the caller says the join frame now.
    pub(crate) fn synced(&mut self) {
        self.enter();
        self.phase = Phase::Live;
        self.beats.restart(self.now);
        self.effect(Effect::Synced);
    }

    /// Tells once that the room is entered, and who is there.
    pub(crate) fn enter(&mut self) {
        if self.entered {
            return;
        }
        self.entered = true;
        self.effect(Effect::Entered);
        let there: Vec<_> = self.roster.counted().map(|(node, _)| *node).collect();
        for node in there {
            self.introduce(node);
        }
    }

    pub(crate) fn nobody(&mut self) {
        if self.is_joining() {
            self.phase = Phase::Joining { tries: 0, next: self.now + limits::JOIN_RETRY };
            self.effect(Effect::Nobody);
        }
    }

    fn link_changed(&mut self, link: LinkState) {
        let was = std::mem::replace(&mut self.link, link);
        if was == link || link == LinkState::Down {
            return;
        }
        self.excuse_all();
        if let Phase::Joining { next, .. } = &mut self.phase {
            *next = self.now;
            return;
        }
        for (_, dot) in std::mem::take(&mut self.resend) {
            if let Some(entry) = self.transcript.get(dot).cloned() {
                self.effect(Effect::Publish(entry));
            }
        }
        self.ask_for_everything(None);
        self.seek_again();
        self.beats.urge(self.now);
    }

    pub(crate) fn gone(&mut self) {
        self.phase = Phase::Gone;
        self.effect(Effect::Gone);
    }
}
