//! Beats: presence, acknowledgement and anti-entropy in one small message.
//!
//! The interval is drawn from [T/2, 3T/2] with T growing with the room, and reconsidered
//! when it expires (RTCP, RFC 3550 section 6.2): about ten beats a second in a room of any
//! size. Whoever has something new to show beats earlier, at most once in a fraction of T.

use crate::{Effect, Engine, Entry, Fault, Phase, PresenceChange, Time, authors::Author};
use chat_protocol::{Beat, Dot, NodeId, Number, VectorClock, frame::Signature, limits};
use rand::{RngExt, seq::IteratorRandom};
use std::collections::BTreeMap;

/// When this node beats, and what its beats acknowledge.
#[derive(Debug)]
pub(crate) struct BeatTimer {
    /// At this time, whatever happens.
    regular: Time,
    /// A new frontier is shown by then.
    news: Option<Time>,
    /// So is an own frame that nobody shows to have.
    tail: Option<Time>,
    /// So are authors that the last beat had no room for, unless more comes meanwhile.
    rest: Option<Time>,
    last: Time,
    count: Number,
    /// Bytes received since this node last showed what it has,
    received: usize,
    /// and when the first of them came.
    first: Time,
    /// Authors of late, for acknowledgements.
    active: BTreeMap<NodeId, Active>,
}

/// An author of late.
#[derive(Clone, Copy, Debug)]
struct Active {
    at: Time,
    /// Its frames received since this node last showed what it has.
    received: u64,
    /// Not all of them were acknowledged yet.
    is_new: bool,
    /// The beat that acknowledged it last.
    told: Number,
}

impl BeatTimer {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            regular: now + limits::BEAT,
            news: None,
            tail: None,
            rest: None,
            last: now,
            count: Number(0),
            received: 0,
            first: now,
            active: BTreeMap::new(),
        }
    }

    fn next(&self) -> Time {
        self.early().map_or(self.regular, |early| early.min(self.regular))
    }

    /// When something has to be shown.
    fn early(&self) -> Option<Time> {
        [self.news, self.tail, self.rest].into_iter().flatten().min()
    }

    pub(crate) fn restart(&mut self, now: Time) {
        self.regular = now + limits::BEAT / 2;
        (self.news, self.tail, self.rest) = (None, None, None);
    }

    /// Beats as soon as possible.
    pub(crate) fn urge(&mut self, now: Time) {
        (self.regular, self.news) = (now, Some(now));
    }

    /// It shows what a beat would, so only the loss of a last one has to be shown.
    pub(crate) fn own_frame_said(&mut self, now: Time, others: usize) {
        self.shown();
        self.acknowledges_all();
        self.tail = Some(now + rest_beat(others).min(limits::TAIL_BEAT_MOST));
    }

    /// The next own frame will show what the last does, if it doesn't take too long.
    fn own_frame_follows(&mut self, now: Time, others: usize) {
        let long = limits::TAIL_BEAT_MOST.max(news_beat(others));
        self.tail = self.tail.map(|_| now + long);
    }

    /// Somebody has the last own frame: what others lack of it, they hear from there.
    fn own_frame_known(&mut self) {
        self.tail = None;
    }

    /// The others know what was received so far.
    fn shown(&mut self) {
        (self.news, self.tail, self.rest, self.received) = (None, None, None, 0);
        self.active.values_mut().for_each(|author| author.received = 0);
    }

    /// What is shown acknowledges all that was received of anybody.
    fn acknowledges_all(&mut self) {
        self.active.values_mut().for_each(|author| author.is_new = false);
    }

    /// A beat acknowledges some authors, or all. The others may wait for it, and don't know what was
    /// shown; while more comes, that soon makes another beat due anyway.
    fn beat_said(&mut self, now: Time, others: usize, tells_all: bool) {
        self.last = now;
        self.shown();
        if tells_all {
            self.acknowledges_all();
        }
        let is_left = self.active.values().any(|author| author.is_new);
        self.rest = is_left.then(|| now + rest_beat(others));
    }

    pub(crate) fn frame_delivered(&mut self, now: Time, entry: &Entry, others: usize) {
        if self.received == 0 {
            self.first = now;
        }
        self.received += entry.size;
        let new = Active { at: now, received: 0, is_new: true, told: Number(0) };
        let author = self.active.entry(entry.frame.from).or_insert(new);
        (author.at, author.received, author.is_new) = (now, author.received + 1, true);
        let is_much = author.received >= limits::ACK_EVERY || self.received >= self.most(now);
        self.rest = self.rest.map(|_| now + rest_beat(others));
        let soon = now + if is_much { Time::ZERO } else { news_beat(others) };
        self.news = Some(self.news.map_or(soon, |news| news.min(soon)));
    }

    /// So many bytes are received before they are acknowledged. Their authors may wait for that, and it
    /// takes its time: the faster they come, the more comes meanwhile.
    fn most(&self, now: Time) -> usize {
        let is_fast = now < self.first + limits::ACK_FAST;
        if is_fast { limits::ACK_BYTES } else { limits::ACK_BYTES_SLOW }
    }
}

/// How long who may wait for it waits for what an earlier beat couldn't show, with so many others.
fn rest_beat(others: usize) -> Time {
    limits::TAIL_BEAT.max(news_beat(others) / 4)
}

/// How long what is new waits to be shown, with so many others.
fn news_beat(others: usize) -> Time {
    let members = u32::try_from(others + 1).unwrap_or(u32::MAX);
    limits::NEWS_BEAT.max(limits::BEAT_PER_MEMBER * members)
}

/// Whether its sender has all that lies behind its heads.
fn lacks_nothing(beat: &Beat) -> bool {
    beat.holes == 0 && beat.miss.is_empty()
}

impl Engine {
    /// The mean interval between this node's beats.
    pub(crate) fn interval(&self) -> Time {
        let members = u32::try_from(self.member_count()).unwrap_or(u32::MAX);
        self.config.beat.max(limits::BEAT_PER_MEMBER * members)
    }

    /// Silence after which a member is unreachable, and gone.
    pub(crate) fn suspicion_times(&self) -> (Time, Time) {
        let interval = self.interval();
        let gone = limits::GONE.max(limits::GONE_BEATS * interval);
        (limits::UNREACHABLE_BEATS * interval, gone)
    }

    pub(crate) fn next_beat(&self) -> Option<Time> {
        self.may_beat().then(|| self.beats.next())
    }

    /// A member beats, and one that can't say its join frame yet.
    fn may_beat(&self) -> bool {
        self.number.0 > 0 || self.phase == Phase::Live
    }

    /// What was said last isn't all that this node has to say.
    pub fn goes_on(&mut self, now: Time) {
        self.pass(now);
        self.beats.own_frame_follows(self.now, self.roster.len());
    }

    /// Beats as soon as possible: this node has something to show beside what it delivered.
    pub fn show(&mut self, now: Time) {
        self.pass(now);
        self.beats.urge(self.now);
    }

    pub(crate) fn suspect(&mut self) {
        let (unreachable, gone) = self.suspicion_times();
        for (node, change) in self.roster.suspect(self.now, unreachable, gone) {
            if self.roster.get(&node).is_some_and(|presence| presence.introduced) {
                self.effect(Effect::Presence(node, change));
            }
        }
    }

    /// Signs of life from a member.
    pub(crate) fn heard(&mut self, node: NodeId) {
        if node == self.me || self.is_out(&node) {
            return;
        }
        let was_introduced = self.roster.get(&node).is_some_and(|presence| presence.introduced);
        let change = self.roster.heard(node, self.now, self.number);
        if change.is_some() {
            self.seek_again();
        }
        if let (Some(change), true) = (change, was_introduced) {
            self.effect(Effect::Presence(node, change));
        }
        self.introduce(node);
    }

    /// Tells of a member once, when it is known to be there and its join frame is known, or
    /// can't be any more.
    pub(crate) fn introduce(&mut self, node: NodeId) {
        let seen = |author: &Author| author.top.or(author.lost_top).is_some();
        let (first, last) =
            (Dot::new(node, Number(0)), Dot::new(node, Number(limits::COUNTER_MAX)));
        let named = self.joins.contains_key(&node)
            || self.authors.get(&node).is_some_and(seen)
            || self.waived.range(first..=last).next().is_some();
        if !self.entered || !named {
            return;
        }
        let Some(presence) = self.roster.get_mut(&node) else { return };
        if !std::mem::replace(&mut presence.introduced, true) {
            self.effect(Effect::Presence(node, PresenceChange::Joined));
        }
    }

    /// The number of an own frame, as others have it in a clock: none, where it is made up.
    pub(crate) fn own_number(&self, claimed: Number) -> Number {
        Some(claimed).filter(|number| *number <= self.number).unwrap_or(Number(0))
    }

    /// A member shows to have this node's frames up to `number`.
    pub(crate) fn acknowledged(&mut self, by: NodeId, number: Number) {
        let number = number.min(self.number);
        if let Some(presence) = self.roster.get_mut(&by) {
            presence.acknowledged(number, self.now);
            if number == self.number {
                self.beats.own_frame_known();
            }
        }
        if matches!(self.phase, Phase::Leaving { .. }) && number == self.number {
            self.gone();
        }
    }

    pub(crate) fn receive_beat(&mut self, beat: &Beat) {
        let replayed = self.roster.get(&beat.from).is_some_and(|known| beat.count <= known.beats);
        if beat.from == self.me || self.is_out(&beat.from) || replayed {
            return;
        }
        self.heard(beat.from);
        let before = self.roster.get(&beat.from).map_or(0, |presence| presence.holes);
        if beat.holes < before && beat.holes < self.authors.holes() {
            self.seek.resume(self.now);
        }
        if let Some(presence) = self.roster.get_mut(&beat.from) {
            (presence.beats, presence.lamport) = (beat.count, beat.lamport);
            (presence.digest, presence.holes) = (beat.digest, beat.holes);
            presence.transcript = beat.transcript;
        }
        if self.is_joining() {
            return;
        }
        self.hear_count(beat.from, beat.number);
        self.acknowledged(beat.from, self.shown_by(beat));
        let own = Dot::new(beat.from, beat.number);
        for dot in std::iter::once(own).chain(beat.heads.dots()) {
            self.claim(dot, beat.from, false);
        }
        self.compare(beat);
        self.compare_convictions(beat);
        self.compare_heads(beat);
        self.compare_transcripts(&beat.from);
        self.help(beat);
    }

    /// What is known of its sender, with this beat, to have of this node's frames. Who lacks nothing has
    /// all that lies behind its heads: a beat has room to tell of some authors only.
    fn shown_by(&self, beat: &Beat) -> Number {
        let before = self.roster.get(&beat.from).map_or(Number(0), |known| known.acked);
        let mut shown = before.max(beat.acks.get(&self.me)).max(beat.heads.get(&self.me));
        for head in beat.heads.dots().filter(|_| lacks_nothing(beat)) {
            if shown >= self.number {
                break;
            }
            let behind = self.clocks.number(head, self.me);
            shown = behind.map_or(shown, |number| shown.max(self.own_number(number)));
        }
        shown
    }

    /// Equal heads with another digest: some content differs, so ask for what they stand for.
    fn compare(&mut self, beat: &Beat) {
        let Some(digest) = beat.digest else { return };
        if beat.heads == self.heads() && digest != self.frontier() {
            let dots: Vec<_> = beat.heads.dots().collect();
            self.effect(Effect::Fault(Fault::OtherPast(Dot::new(beat.from, beat.number))));
            self.effect(Effect::Ask { to: Some(beat.from), dots, have: None });
        }
    }

    /// Publishes what a member looks for, if it is here; a few of the holders do.
    fn help(&mut self, beat: &Beat) {
        let members = self.roster.len().max(1);
        let held: Vec<_> =
            beat.miss.iter().filter_map(|dot| self.transcript.get(*dot)).cloned().collect();
        if held.is_empty()
            || self.rng.random_range(0..members) >= 3
            || !self.answerer.may_give(beat.from, self.now)
        {
            return;
        }
        self.answerer.given(beat.from, held.iter().map(|entry| entry.size).sum());
        for entry in held {
            self.effect(Effect::Publish(entry));
        }
    }

    pub(crate) fn beat_if_due(&mut self) {
        if self.beats.next() > self.now || !self.may_beat() || !self.is_connected() {
            return;
        }
        let interval = self.interval();
        let alone = self.roster.len() == 0;
        let leaving = matches!(self.phase, Phase::Leaving { .. });
        if self.beats.early().is_none() && !leaving && self.now < self.beats.last + interval / 2 {
            // The room has grown since this beat was planned.
            self.beats.regular = self.beats.last + interval;
            return;
        }
        let beat = self.beat();
        // Without a digest some heads are left out.
        let tells_all = beat.digest.is_some() && lacks_nothing(&beat);
        self.effect(Effect::Beat(Box::new(beat)));
        let jitter = self.rng.random_range(0.5..1.5);
        self.beats.regular =
            self.now + if alone { self.config.beat } else { interval.mul_f64(jitter) };
        if leaving {
            // The last word has little time to be claimed.
            self.beats.regular = self.now + limits::TAIL_BEAT;
        }
        self.beats.beat_said(self.now, self.roster.len(), tells_all);
    }

    fn beat(&mut self) -> Beat {
        let all = self.heads();
        let complete = all.len() <= limits::BEAT_HEADS;
        let digest = complete.then(|| self.frontier());
        let heads = if complete {
            all.clone()
        } else {
            let all: Vec<_> = all.dots().collect();
            all.into_iter().sample(&mut self.rng, limits::BEAT_HEADS).into_iter().collect()
        };
        self.beats.count = self.beats.count.next();
        let acks = self.acks();
        let lost: Vec<_> = self.waived.iter().copied().collect();
        // A random choice: dots lost for ever must not hide those that are not.
        let miss = lost.into_iter().sample(&mut self.rng, limits::BEAT_MISS);
        let cut = |node: &NodeId| Some(Dot::new(*node, self.authors.cut(node)?));
        let proven: Vec<_> = self.proofs.keys().filter_map(cut).collect();
        let cut = proven.into_iter().sample(&mut self.rng, limits::BEAT_CUT);
        Beat {
            from: self.me,
            count: self.beats.count,
            number: self.number,
            lamport: self.lamport,
            heads,
            digest,
            holes: self.authors.holes(),
            transcript: self.transcript.whole_digest(),
            acks,
            miss,
            cut,
            epoch: None,
            members: u32::try_from(self.member_count()).unwrap_or(u32::MAX),
            sig: Signature::ZERO,
        }
    }

    /// Everything of the lately active is acknowledged up to its first hole. Of too many first what
    /// is new, then what was told longest ago: a beat may have been lost.
    fn acks(&mut self) -> VectorClock {
        let window = (3 * self.interval()).max(limits::GAP);
        let since = self.now.saturating_sub(window);
        self.beats.active.retain(|_, author| author.at >= since);
        let (me, authors) = (self.me, &self.authors);
        let others = self.beats.active.iter_mut().filter(|(node, _)| **node != me);
        let mut acks: Vec<_> = others
            .map(|(node, active)| (Dot::new(*node, authors.contiguous(node)), active))
            .collect();
        acks.sort_by_key(|(_, active)| (!active.is_new, active.told));
        let told = acks.into_iter().take(limits::BEAT_ACKS);
        told.map(|(dot, active)| {
            (active.is_new, active.told) = (false, self.beats.count);
            dot
        })
        .filter(|dot| dot.number.0 > 0)
        .collect()
    }
}
