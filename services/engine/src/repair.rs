//! Repair: one exchange for loss, late join, reconnect and the merge of groups that began
//! apart. Claims lead to requests, requests to answers, answers to delivery.

use crate::{Answers, Effect, Engine, Entry, Fault, LinkState, Phase, Time, budget::Budget};
use chat_protocol::{Dot, Floor, Frame, Give, Key, NodeId, Number, Want, limits};
use rand::{RngExt, seq::IndexedRandom};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// More missing dots than this are asked for by what is held, not by name.
const NAMED_DOTS: usize = 8;
/// A dot that so many ask for within a second is published to the room.
const POPULAR: usize = 3;
/// Requests remembered, for [`POPULAR`].
const ASKED: usize = 512;

/// What a node gives away, and to whom.
#[derive(Debug)]
pub(crate) struct Answerer {
    total: Budget,
    peers: HashMap<NodeId, Budget>,
    asked: HashMap<Dot, (Time, Vec<NodeId>)>,
}

impl Answerer {
    pub(crate) fn new(total: Budget) -> Self {
        Self { total, peers: HashMap::new(), asked: HashMap::new() }
    }

    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.peers.len(), self.asked.len())
    }

    pub(crate) fn may_give(&mut self, to: NodeId, now: Time) -> bool {
        if self.peers.len() >= limits::MEMBERS && !self.peers.contains_key(&to) {
            self.peers.clear();
        }
        let fresh = || Budget::new(limits::GIVE_PER_PEER, limits::GIVE_PER_PEER_BURST, now);
        self.peers.entry(to).or_insert_with(fresh).is_open(now) && self.total.is_open(now)
    }

    pub(crate) fn given(&mut self, to: NodeId, bytes: usize) {
        self.total.spend(bytes);
        if let Some(budget) = self.peers.get_mut(&to) {
            budget.spend(bytes);
        }
    }

    /// Counts who asks for a dot; true when it has just become popular.
    fn asked(&mut self, dot: Dot, by: NodeId, now: Time) -> bool {
        let second = Time::from_secs(1);
        if self.asked.len() >= ASKED {
            self.asked.retain(|_, (since, _)| *since + second > now);
        }
        if self.asked.len() >= ASKED {
            return false;
        }
        let (since, askers) = self.asked.entry(dot).or_insert((now, Vec::new()));
        if *since + second <= now {
            *since = now;
            askers.clear();
        }
        if askers.len() >= POPULAR || askers.contains(&by) {
            return false;
        }
        askers.push(by);
        askers.len() == POPULAR
    }
}

/// Requests for whatever is missing: one at a time, as two members answer with the same page.
#[derive(Debug)]
pub(crate) struct Bulk {
    /// When the first page was asked for.
    begun: Time,
    /// An answer is waited for until then.
    until: Time,
    /// How long the next answer is waited for: longer after each that didn't come.
    patience: Time,
}

impl Bulk {
    pub(crate) fn new(now: Time) -> Self {
        Self { begun: now, until: now, patience: limits::BULK_FIRST }
    }

    fn is_on_its_way(&self, now: Time) -> bool {
        now < self.until
    }

    fn ask(&mut self, now: Time) {
        (self.begun, self.until) = (now, now + self.patience);
        self.patience = (2 * self.patience).min(limits::BULK_LAST);
    }

    /// Another page: who has them without end keeps others from being asked for a while only.
    fn ask_on(&mut self, now: Time) {
        self.patience = limits::BULK_FIRST;
        self.until = (now + self.patience).min(self.begun + limits::BULK);
    }

    fn end(&mut self, now: Time) {
        (self.until, self.patience) = (now, limits::BULK_FIRST);
    }
}

impl Engine {
    /// Someone shows that a frame exists. Asked for from the lowest one missing up: asking
    /// backwards from the newest livelocks a small buffer.
    pub(crate) fn claim(&mut self, dot: Dot, claimant: NodeId, signed: bool) {
        if dot.number.0 == 0
            || dot.node == self.me
            || self.is_satisfied(dot)
            || self.waiting.contains(dot)
            || self.is_out(&dot.node) && self.is_after_final(dot)
        {
            return;
        }
        let spread = 20 + (self.roster.len() as u64).min(1000);
        let jitter = Time::from_millis(self.rng.random_range(0..spread));
        let at = self.now + limits::FIRST_ASK + jitter;
        let lowest = Dot::new(dot.node, self.authors.first_missing(&dot.node));
        if lowest.number < dot.number
            && !self.waiting.contains(lowest)
            && !self.is_satisfied(lowest)
        {
            self.wants.claim(lowest, claimant, signed, at);
        }
        self.wants.claim(dot, claimant, signed, at);
    }

    fn is_after_final(&self, dot: Dot) -> bool {
        let left = self.authors.get(&dot.node).and_then(|author| author.left);
        left.is_some_and(|last| dot.number > last)
    }

    /// Claims what waiting frames lack.
    pub(crate) fn claim_missing(&mut self) {
        if self.is_joining() || self.waiting.len() == 0 || self.wants.is_full() {
            return;
        }
        let missing: Vec<_> = self.waiting.missing().take(limits::WANTS).collect();
        for (dot, claimant) in missing {
            self.claim(dot, claimant, true);
        }
    }

    /// Sends the requests that are due: by name, or in bulk to one member at a time.
    pub(crate) fn ask_due(&mut self) {
        let present: Vec<_> = self.roster.present().map(|(node, _)| *node).collect();
        let asks = self.wants.due(self.now, &present, &mut self.rng);
        let many = self.wants.len() > NAMED_DOTS;
        let far = |dot: &Dot| dot.number.0 > self.authors.top(&dot.node).0 + NAMED_DOTS as u64;
        let in_bulk = |dots: &Vec<Dot>| many || dots.iter().any(far);
        let (mut bulk, named): (Vec<_>, Vec<_>) =
            asks.into_iter().partition(|(_, dots)| in_bulk(dots));
        if !self.bulk.is_on_its_way(self.now)
            && let Some(first) = self.first_of(&bulk)
        {
            let (to, _) = bulk.swap_remove(first);
            self.bulk.ask(self.now);
            self.ask_for_everything(Some(to));
        }
        for (_, dots) in bulk {
            self.wants.put_off(&dots, self.now);
        }
        for (to, dots) in named {
            self.effect(Effect::Ask { to: Some(to), dots, have: None });
        }
    }

    /// Which of these is asked in bulk now. Anyone can tell of what isn't there: what a frame depends
    /// on goes first, also where it is only about to be asked for.
    fn first_of(&mut self, bulk: &[(NodeId, Vec<Dot>)]) -> Option<usize> {
        let is_needed = |at: &usize| bulk[*at].1.iter().any(|dot| self.wants.is_signed(*dot));
        let mut among: Vec<_> = (0..bulk.len()).filter(is_needed).collect();
        if among.is_empty() && !self.wants.is_needed_by(self.now + limits::ASK_BACKOFF) {
            among = (0..bulk.len()).collect();
        }
        among.choose(&mut self.rng).copied()
    }

    /// Asks for whatever is not held here.
    pub(crate) fn ask_for_everything(&mut self, to: Option<NodeId>) {
        let have = self.held();
        self.effect(Effect::Ask { to, dots: Vec::new(), have });
    }

    pub(crate) fn ask_to_join(&mut self, tries: u32) {
        if tries >= limits::SYNC_TRIES {
            let somebody = self.roster.len() > 0 || self.waiting.len() > 0;
            if somebody {
                self.deliver_ready();
                self.synced();
            } else {
                // Subscribers who don't answer may be dead: never an empty room in place of
                // a dead one.
                self.nobody();
            }
            return;
        }
        self.phase = Phase::Joining { tries: tries + 1, next: self.now + limits::SYNC_TIMEOUT };
        self.ask_for_everything(None);
    }

    fn held(&self) -> Answers {
        let mut have: BTreeMap<_, _> =
            self.authors.iter().map(|(node, author)| (*node, author.delivered.clone())).collect();
        for dot in self.waiting.dots() {
            // A joiner's buffer may hold live frames: its first request is still the first.
            if self.entered {
                have.entry(dot.node).or_default().insert(dot.number);
            }
        }
        for cut in self.convicted() {
            // Void from here on: never to be given.
            let end = Number(limits::COUNTER_MAX);
            have.entry(cut.node).or_default().insert_range(cut.number, end);
        }
        Some(have)
    }

    /// Answers a request as far as the budgets allow.
    pub(crate) fn receive_want(&mut self, want: Want, reply: String) {
        let serving = matches!(self.phase, Phase::Live | Phase::Leaving { .. });
        if !serving || want.from == self.me || !self.answerer.may_give(want.from, self.now) {
            return;
        }
        let mut given = 0;
        let give = match &want.have {
            Some(have) if have.is_empty() && !self.config.history => {
                self.give_no_history(want.from)
            }
            Some(have) => {
                let lacks = |entry: &&Entry| {
                    !have
                        .get(&entry.frame.from)
                        .is_some_and(|held| held.contains(entry.frame.number))
                };
                let (page, left) = self.page(self.transcript.iter().filter(lacks));
                given += size(&page);
                let mut give = self.give(want.from, page);
                (give.more, give.left, give.sync) = (left > 0, left, true);
                if have.is_empty() {
                    give.live = self.live();
                }
                let named =
                    |node: &NodeId| have.get(node).is_some_and(|held| held.contains(Number(1)));
                give.joins = self.introductions(named);
                give
            }
            None => {
                let dots: BTreeSet<_> = want.dots.iter().copied().collect();
                let held = dots.into_iter().filter_map(|dot| self.transcript.get(dot));
                let (page, _) = self.page(held);
                given += size(&page);
                for entry in &page {
                    if self.answerer.asked(entry.dot(), want.from, self.now) {
                        given += entry.size;
                        self.effects.push_back(Effect::Publish(entry.clone()));
                    }
                }
                self.give(want.from, page)
            }
        };
        // Beside the frames: about a hundred bytes a floor, some hundreds a member.
        let mut give = give;
        give.proofs = self.proofs_lacked(&want.cut);
        given += give.proofs.len() * limits::FRAME_BYTES;
        given += 512 + give.floor.entries.len() * 128 + (give.joins.len() + give.live.len()) * 512;
        self.answerer.given(want.from, given);
        self.effect(Effect::Give { reply, give: Box::new(give) });
    }

    /// As many of the entries as fit, and the number of those that don't.
    fn page<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> (Vec<Entry>, u32) {
        let (mut page, mut bytes, mut left) = (Vec::new(), 0, 0);
        for entry in entries {
            bytes += entry.size;
            let full = page.len() >= self.config.page_frames || bytes > self.config.page_bytes;
            if left > 0 || full && !page.is_empty() {
                left += 1;
            } else {
                page.push(entry.clone());
            }
        }
        (page, left)
    }

    fn give(&self, to: NodeId, page: Vec<Entry>) -> Give {
        let floor = Floor {
            entries: self.authors.floors(self.transcript.floor_cover()),
            key: self.transcript.floor(),
        };
        Give {
            frames: page.into_iter().map(|entry| entry.frame).collect(),
            floor,
            lost: self.waived.iter().copied().collect(),
            ..Give::new(self.me, to)
        }
    }

    /// A room without history gives joiners a cut through everything said so far.
    fn give_no_history(&self, to: NodeId) -> Give {
        let key = self.transcript.last_key().unwrap_or(Key::ZERO).max(self.transcript.floor());
        let floor = Floor { entries: self.authors.tops(self.frontier.cover()), key };
        let (live, joins) = (self.live(), self.introductions(|_| false));
        Give { floor, live, joins, sync: true, ..self.give(to, Vec::new()) }
    }

    fn live(&self) -> Vec<NodeId> {
        let others = self.roster.counted().map(|(node, _)| *node);
        others.chain((self.phase == Phase::Live).then_some(self.me)).take(limits::MEMBERS).collect()
    }

    /// The join frames of those present, as far as they fit: a joiner learns names at once.
    fn introductions(&self, known: impl Fn(&NodeId) -> bool) -> Vec<Arc<Frame>> {
        let mut bytes = 0;
        let first = |node| Dot::new(node, Number(1));
        let join =
            |node: NodeId| self.joins.get(&node).or_else(|| self.transcript.get(first(node)));
        let fits = |entry: &&Entry| {
            bytes += entry.size;
            bytes <= limits::INTRODUCTION_BYTES
        };
        let unknown = self.live().into_iter().filter(|node| !known(node));
        let joins = unknown.filter_map(join).take_while(fits);
        joins.map(|entry| entry.frame.clone()).collect()
    }

    /// Takes an answer.
    pub(crate) fn receive_give(
        &mut self,
        give: Give,
        entries: Vec<Entry>,
        joins: Vec<Entry>,
        proofs: Vec<(Entry, Entry)>,
    ) {
        let joining = self.is_joining();
        if give.to != self.me || joining && !give.sync {
            return;
        }
        for (first, second) in proofs {
            self.convict(first, second);
        }
        if joining {
            if self.doubts_floor(&give.floor) {
                // Asked again in a second; another may answer, or beats confirm it.
                self.effect(Effect::Fault(Fault::Floor(Some(give.from))));
                return;
            }
            self.adopt(&give.floor);
            for dot in &give.lost {
                self.waive(*dot);
            }
            self.meet(&give, joins);
            self.enter();
        } else {
            // What a joiner isn't given in a room without history isn't lost.
            if give.live.is_empty() {
                self.give_up_below(&give.floor);
            }
            self.learn_names(joins);
        }
        let mut fresh = false;
        for entry in entries {
            fresh |= self.take(entry, give.from);
            // One by one: a page in key order needs no room in the buffer.
            self.deliver_ready();
        }
        self.deliver_ready();
        if joining && fresh {
            self.phase = Phase::Joining { tries: 0, next: self.now + limits::SYNC_TIMEOUT };
        }
        if joining && give.more {
            let left = (give.left as usize).min(limits::TRANSCRIPT_FRAMES);
            self.effect(Effect::CatchingUp { held: self.transcript.len(), left });
        }
        if give.more && fresh {
            // Without progress there is no next page: two nodes would page for ever.
            self.busy_until = self.now + 2 * limits::SYNC_TIMEOUT;
            self.bulk.ask_on(self.now);
            self.ask_for_everything(Some(give.from));
        } else if give.sync {
            self.bulk.end(self.now);
        }
        if joining && !give.more {
            self.synced();
        }
    }

    /// Names of members whose join frame is no longer in anyone's transcript.
    fn learn_names(&mut self, joins: Vec<Entry>) {
        for entry in joins {
            let node = entry.frame.from;
            if self.roster.get(&node).is_some() && !self.joins.contains_key(&node) {
                self.remember_join(&entry);
                self.effect(Effect::Introduced(entry));
                self.introduce(node);
            }
        }
    }

    /// Those the answerer counts as present; their beats will tell.
    fn meet(&mut self, give: &Give, joins: Vec<Entry>) {
        for entry in joins {
            if entry.frame.number.0 == 1 && give.live.contains(&entry.frame.from) {
                self.remember_join(&entry);
                self.effect(Effect::Introduced(entry));
            }
        }
        for node in &give.live {
            self.heard(*node);
        }
    }

    /// Whether requests can go out at all.
    pub(crate) fn is_connected(&self) -> bool {
        self.link == LinkState::Up
    }
}

fn size(page: &[Entry]) -> usize {
    page.iter().map(|entry| entry.size).sum()
}
