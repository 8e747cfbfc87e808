//! The properties, checked against the truth and not against the engines' own clocks: safety
//! after every event, liveness once the faults have stopped. Names as in ARCHITECTURE.md.

use crate::{
    World,
    log::letter,
    truth::{Frames, Said},
};
use chat_engine::{Config, Delivery, Entry, Phase, Why};
use chat_protocol::{ContentHash, Dot, Key, NodeId, Number, limits};
use std::collections::HashMap;

/// A property that doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub property: &'static str,
    /// What was seen.
    pub detail: String,
}

impl World {
    pub(crate) fn fail(&mut self, property: &'static str, detail: String) {
        self.log.note(self.now, None, |_| format!("VIOLATION {property}: {detail}"));
        self.violation.get_or_insert(Violation { property, detail });
    }

    /// Notes a frame that an honest peer is about to say. S3: its key is above its past.
    pub(crate) fn said(&mut self, peer: usize, entry: &Entry) {
        let view = &self.peers[peer].view;
        let (mut past, highest) = (view.delivered.clone(), view.highest);
        // What is void at its author isn't in its past.
        for cut in &view.void {
            let is_void = |said: &Said| said.dot.node == cut.node && *cut <= said.dot;
            for (index, _) in self.truth.said().iter().enumerate().filter(|(_, said)| is_void(said))
            {
                if past.contains(index) {
                    past.remove(index);
                }
            }
        }
        let floor = self.engine(peer).floor();
        if self.peers[peer].view.deceived {
            self.truth.say_deceived(peer, entry, &past);
        } else {
            self.truth.say(peer, entry, past, floor);
        }
        if highest.is_some_and(|highest| highest >= entry.key()) {
            self.fail("S3 order extends causality", format!("{} below its past", entry.dot()));
        }
        if entry.frame.check().is_err() {
            self.fail("honest frames are valid", format!("{:?}", entry.frame));
        }
    }

    /// S1, S2, S6 and the clock shown, at a delivery.
    pub(crate) fn delivered(&mut self, peer: usize, delivery: &Delivery) {
        let (dot, key) = (delivery.entry.dot(), delivery.entry.key());
        self.log.note(self.now, Some(peer), |log| {
            let gap: Vec<_> = delivery.gap.iter().map(|dot| log.dot(*dot)).collect();
            format!(
                "+{}{}",
                log.dot(dot),
                if gap.is_empty() { String::new() } else { format!(" gap {}", gap.join(" ")) }
            )
        });
        let Some(index) = self.truth.index(dot) else {
            return self.fail("integrity", format!("{dot} was never said"));
        };
        if !self.truth.is_signed(&delivery.entry.hash) {
            return self.fail("integrity", format!("{dot} was said otherwise"));
        }
        let view = &mut self.peers[peer].view;
        if view.delivered.contains(index) {
            return self.fail("S2 at most once", format!("{dot} twice at {peer}"));
        }
        let is_late = view.highest.is_some_and(|highest| key < highest);
        view.highest = view.highest.max(Some(key));
        view.delivered.grow_and_insert(index);
        view.gaps += delivery.gap.len() as u64;
        if view.void.iter().any(|cut| cut.node == dot.node && cut.number <= dot.number) {
            return self.fail("void frames stay void", format!("{dot} at {peer}"));
        }
        if is_late != delivery.late {
            return self.fail("S6 late is told", format!("{dot} at {peer}: {is_late}"));
        }
        for missing in &delivery.gap {
            self.excuse(peer, *missing);
        }
        if self.undelivered_past(peer, index).is_some() {
            self.excuse_liars_again(peer);
        }
        if let Some(missing) = self.undelivered_past(peer, index) {
            let missing = self.truth.get(missing);
            let (engine, key) = (self.engine(peer), missing.key.lamport);
            let (why, floor) = (engine.why(missing.dot), engine.floor().lamport);
            let (dot, missing) = (self.log.dot(dot), self.log.dot(missing.dot));
            let detail = format!(
                "{dot} at {} before {missing}, lamport {key}, {why:?}, floor at {floor}",
                letter(peer)
            );
            return self.fail("S1 causal delivery", detail);
        }
        self.check_clock(peer, index, delivery);
    }

    /// A dot was given up: it and its past need not be there. A liar skips numbers and makes
    /// others believe in numbers never said, so all of them up to there are in that past.
    fn excuse(&mut self, peer: usize, missing: Dot) {
        let unsaid = self.truth.index(missing).is_none();
        let is = |said: &Said| {
            let before = (said.hostile || unsaid) && said.dot.number < missing.number;
            said.dot.node == missing.node && (said.dot == missing || before)
        };
        let said = self.truth.said().iter().enumerate().filter(|(_, said)| is(said));
        let mut todo: Vec<_> = said.map(|(index, _)| index).collect();
        let view = &mut self.peers[peer].view;
        // What is excused only through something excused is excused, too.
        while let Some(index) = todo.pop() {
            if view.excused.contains(index) {
                continue;
            }
            view.excused.grow_and_insert(index);
            let said = self.truth.get(index);
            todo.extend(said.hides.ones().filter(|index| !view.delivered.contains(*index)));
            if said.hostile {
                let dot = said.dot;
                // A liar may name what is only said later: who has that has it covered.
                let named = said.names.iter().filter_map(|dot| self.truth.index(*dot));
                todo.extend(named.filter(|index| !view.delivered.contains(*index)));
                let before = |said: &Said| said.dot.node == dot.node && said.dot < dot;
                let said = self.truth.said().iter().enumerate();
                todo.extend(said.filter(|(_, said)| before(said)).map(|(index, _)| index));
            }
        }
    }

    /// What a liar's frame names may have been said since that frame was excused.
    fn excuse_liars_again(&mut self, peer: usize) {
        let excused = self.peers[peer].view.excused.ones();
        let lies = |index: &usize| self.truth.get(*index).hostile;
        let lies: Vec<_> = excused.filter(lies).collect();
        for index in lies {
            self.peers[peer].view.excused.remove(index);
            self.excuse(peer, self.truth.get(index).dot);
        }
    }

    /// Something in a frame's past that this peer neither has nor may do without.
    fn undelivered_past(&self, peer: usize, index: usize) -> Option<usize> {
        let view = &self.peers[peer].view;
        let said = self.truth.get(index);
        // What a joiner is told lies below a floor it can't check: no one signs floors.
        if said.author == peer || view.deceived {
            return None;
        }
        let mut missing = said.past.clone();
        missing.difference_with(&view.delivered);
        missing.difference_with(&view.excused);
        let floor = self.engine(peer).floor();
        // A liar's keys need not rise with its numbers: a floor can't tell what lies below.
        let may_lack = |index: &usize| {
            let lacked = self.truth.get(*index);
            let dot = lacked.dot;
            lacked.key <= floor
                || said.hostile && lacked.hostile
                || lacked.hostile && floor != Key::ZERO
                || view.void.iter().any(|cut| cut.node == dot.node && cut.number <= dot.number)
        };
        missing.ones().find(|index| !may_lack(index))
    }

    /// The full clock shown stands for exactly what its author had delivered.
    fn check_clock(&mut self, peer: usize, index: usize, delivery: &Delivery) {
        let said = self.truth.get(index);
        let exact = !said.hostile
            && self.setup.liars == 0
            && self.setup.config.history
            && self.peers.len() <= 50
            && !self.peers[peer].view.trimmed
            && !self.peers[said.author].view.trimmed
            && self.peers.iter().all(|peer| peer.view.gaps == 0);
        if !exact {
            return;
        }
        let mut clock: HashMap<NodeId, Number> = HashMap::from([(said.dot.node, said.dot.number)]);
        for before in said.past.ones() {
            let dot = self.truth.get(before).dot;
            let entry = clock.entry(dot.node).or_default();
            *entry = (*entry).max(dot.number);
        }
        let shown: HashMap<_, _> =
            delivery.clock.dots().map(|dot| (dot.node, dot.number)).collect();
        if shown != clock {
            let detail = format!("{} at {peer}: {shown:?} for {clock:?}", said.dot);
            self.fail("the clock shown is the past", detail);
        }
    }

    /// S5: only liars are expelled.
    pub(crate) fn expelled(&mut self, peer: usize, node: NodeId, from: Number) {
        self.log
            .note(self.now, Some(peer), |log| format!("expels {}", log.dot(Dot::new(node, from))));
        let honest = self.by_id.get(&node).is_none_or(|who| self.peers[*who].engine.is_some());
        if honest {
            return self.fail("S5 no honest frame is void", format!("{node} expelled at {peer}"));
        }
        self.peers[peer].view.void.push(Dot::new(node, from));
        self.peers[peer].view.members.remove(&node);
    }

    /// S4: nothing holds more than its bound.
    pub(crate) fn check_bounds(&mut self, peer: usize) {
        if self.peers.len() > 50 && !self.arrived.is_multiple_of(64) {
            return;
        }
        let (held, config) = (self.engine(peer).holdings(), &self.setup.config);
        let bounds = [
            ("transcript frames", held.transcript_frames, config.transcript_frames),
            ("transcript bytes", held.transcript_bytes, config.transcript_bytes),
            ("waiting frames", held.waiting_frames, config.waiting_frames),
            ("waiting bytes", held.waiting_bytes, config.waiting_bytes),
            ("wants", held.wants, limits::WANTS),
            ("waived", held.waived, limits::WAIVED),
            ("dangling", held.dangling, limits::WAIVED),
            ("authors", held.authors, limits::TOMBSTONES),
            ("ranges", held.ranges, limits::RANGES),
            ("roster", held.roster, 2 * limits::MEMBERS),
            ("joins", held.joins, limits::MEMBERS),
            ("proofs", held.proofs, limits::PROOFS),
            ("clock entries", held.clock_entries, (1 << 17) + limits::CLOCK_ENTRIES),
            ("own frames of late", held.resend, 1024),
            ("own frames under flow control", held.flow, 512),
            ("requesters", held.requesters, limits::MEMBERS),
            ("asked", held.asked, 512),
        ];
        if let Some((what, size, bound)) = bounds.into_iter().find(|(_, size, bound)| size > bound)
        {
            self.fail("S4 bounds", format!("{size} {what} at {peer}, more than {bound}"));
        }
    }

    /// S3, S6, S7 on the transcripts as they are now.
    pub fn look_at_transcripts(&mut self) {
        for peer in self.honest() {
            let entries: Vec<_> =
                self.engine(peer).transcript().map(|entry| (entry.key(), entry.dot())).collect();
            if entries.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
                self.fail("S3 sorted by key", format!("at {peer}"));
            }
            let place: HashMap<Dot, usize> =
                entries.iter().enumerate().map(|(place, (_, dot))| (*dot, place)).collect();
            let before = std::mem::take(&mut self.peers[peer].view.order);
            let places: Vec<_> = before.iter().filter_map(|dot| place.get(dot)).collect();
            if places.windows(2).any(|pair| pair[0] >= pair[1]) {
                self.fail("S6 shown messages never swap", format!("at {peer}"));
            }
            self.peers[peer].view.order = entries.into_iter().map(|(_, dot)| dot).collect();
            self.check_floor(peer);
            self.check_kept(peer, &place);
        }
    }

    /// S7: a floor is where somebody's window ended.
    fn check_floor(&mut self, peer: usize) {
        let floor = self.engine(peer).floor();
        if floor == Key::ZERO || self.setup.liars > 0 || !self.setup.config.history {
            return;
        }
        let above = self.truth.said().iter().filter(|said| said.key > floor).count();
        let window = self.setup.config.transcript_frames;
        if above < window {
            self.fail("S7 nothing is trimmed early", format!("{above} of {window} kept at {peer}"));
        }
    }

    /// Whatever was delivered above the floor is still there.
    fn check_kept(&mut self, peer: usize, place: &HashMap<Dot, usize>) {
        let (floor, view) = (self.engine(peer).floor(), &self.peers[peer].view);
        let lost = view.delivered.ones().map(|index| self.truth.get(index)).find(|said| {
            let void = |cut: &Dot| cut.node == said.dot.node && cut.number <= said.dot.number;
            // The key of an equivocation is that of whichever content came.
            !said.hostile
                && said.key > floor
                && !place.contains_key(&said.dot)
                && !view.void.iter().any(void)
        });
        if let Some(said) = lost {
            let detail = format!("{} at {peer}", said.dot);
            self.fail("S7 nothing is trimmed early", detail);
        }
    }

    /// Why the members don't agree yet, if they don't (L1, L3, L4).
    #[must_use]
    pub fn unsettled(&self) -> Option<String> {
        let mut honest = self.honest();
        honest.sort_by_key(|peer| self.peers[*peer].view.deceived);
        let first = *honest.first()?;
        for peer in &honest {
            let engine = self.engine(*peer);
            match engine.phase() {
                Phase::Live => {}
                Phase::Leaving { .. } => return Some(format!("{peer} is still leaving")),
                phase => return Some(format!("L4: {peer} is {phase:?}")),
            }
            if engine.holdings().waiting_frames > 0 {
                // A liar's frame from the far future may wait for as long as that is far.
                let waits =
                    |said: &&Said| !said.hostile && matches!(engine.why(said.dot), Why::Waiting(_));
                if let Some(said) = self.truth.said().iter().find(waits) {
                    return Some(format!(
                        "L3: {} waits at {}, lamport {} of {}: {:?}",
                        self.log.dot(said.dot),
                        letter(*peer),
                        said.key.lamport,
                        engine.lamport(),
                        engine.why(said.dot)
                    ));
                }
            }
            let deceived = self.peers[*peer].view.deceived || self.peers[first].view.deceived;
            if !deceived && engine.frontier() != self.engine(first).frontier() {
                let (here, there) = (self.lone_heads(first, *peer), self.lone_heads(*peer, first));
                return Some(format!(
                    "L1: heads only at {}: {here}; only at {}: {there}",
                    letter(first),
                    letter(*peer)
                ));
            }
        }
        let floor = honest.iter().map(|peer| self.engine(*peer).floor()).max()?;
        let above = |peer: usize| {
            let entries = self.engine(peer).transcript();
            let entries = entries.filter(|entry| entry.key() > floor && self.binds(entry.dot()));
            entries.map(|entry| (entry.key(), entry.hash)).collect::<Vec<_>>()
        };
        let expected = above(first);
        for peer in &honest[1..] {
            let seen = above(*peer);
            let (here, there) =
                (self.lone(&expected, &seen, *peer), self.lone(&seen, &expected, first));
            if !here.is_empty() || !there.is_empty() {
                return Some(format!(
                    "L1: frames only at {}: {}; only at {}: {}",
                    letter(first),
                    here.join(", "),
                    letter(*peer),
                    there.join(", ")
                ));
            }
        }
        None
    }

    /// Whether a frame must be everywhere. Where something is trimmed, whole transcripts can't
    /// be compared, and a liar's frames that nobody honest names may differ.
    fn binds(&self, dot: Dot) -> bool {
        let config = &self.setup.config;
        let trims =
            !config.history || config.transcript_frames < Config::default().transcript_frames;
        let lies = || self.truth.index(dot).is_some_and(|index| self.truth.get(index).hostile);
        !(trims && lies())
    }

    /// Frames of one transcript that aren't in another's, and what the other knows of them.
    /// Whom a liar gave a false floor may take them for trimmed, and anyone a liar's own that
    /// has more holes than are remembered.
    fn lone(
        &self,
        mine: &[(Key, ContentHash)],
        its: &[(Key, ContentHash)],
        other: usize,
    ) -> Vec<String> {
        let its: std::collections::HashSet<_> = its.iter().collect();
        let lone = mine.iter().filter(|entry| !its.contains(entry));
        let known = lone
            .map(|(key, _)| Dot::new(key.node, key.number))
            .map(|dot| (dot, self.engine(other).why(dot)));
        let hidden = |dot: &Dot, why: &Why| {
            let lies = self.truth.index(*dot).is_some_and(|index| self.truth.get(index).hostile);
            (self.peers[other].view.deceived || lies) && *why == Why::Trimmed
        };
        let told = known.filter(|(dot, why)| !hidden(dot, why)).take(3);
        told.map(|(dot, why)| format!("{} ({why:?})", self.log.dot(dot))).collect()
    }

    /// Heads of one that aren't heads of the other, and what the other knows of them.
    fn lone_heads(&self, peer: usize, other: usize) -> String {
        let (mine, its) = (self.engine(peer), self.engine(other));
        let (heads, others) = (mine.heads(), its.heads());
        let lone = heads.dots().filter(|dot| others.get(&dot.node) != dot.number);
        let known = lone.map(|dot| format!("{} ({:?})", self.log.dot(dot), its.why(dot)));
        known.collect::<Vec<_>>().join(", ")
    }

    /// Whether everyone counts exactly the members there are, and agrees with all of them.
    #[must_use]
    pub fn misjudged(&self) -> Option<String> {
        let members = self.members();
        for peer in &members {
            let engine = self.engine(*peer);
            let mut counted: Vec<_> = engine.members().collect();
            let mut there: Vec<_> = members
                .iter()
                .filter(|other| *other != peer)
                .map(|other| self.engine(*other).me())
                .collect();
            counted.sort_unstable();
            there.sort_unstable();
            if counted != there {
                return Some(format!("{peer} counts {counted:?}, there are {there:?}"));
            }
            if let Some(node) = there.iter().find(|node| !engine.is_present(node)) {
                return Some(format!("{peer} doesn't hear {node}"));
            }
            if let Some(node) =
                there.iter().find(|node| !self.peers[*peer].view.members.contains(node))
            {
                let first = Dot::new(*node, Number(1));
                let (known, first) = (engine.why(first), self.log.dot(first));
                return Some(format!("{} was never told of {first} ({known:?})", letter(*peer)));
            }
            let agreement = engine.agreement();
            // A hole below someone's floor is one only for those who don't know the floor.
            let trimmed = members.iter().any(|peer| self.engine(*peer).floor() != Key::ZERO);
            if !trimmed && agreement.same != agreement.of {
                let heads: Vec<_> = members
                    .iter()
                    .map(|peer| (self.engine(*peer).frontier(), self.engine(*peer).holes()))
                    .collect();
                return Some(format!("{} sees agreement {agreement:?}: {heads:?}", letter(*peer)));
            }
        }
        None
    }

    /// L2: what a living author said is everywhere, or below someone's floor.
    pub fn check_survival(&mut self) {
        let members = self.members();
        let floor = members.iter().map(|peer| self.engine(*peer).floor()).max();
        for said in self.truth.said().to_vec() {
            if floor.is_some_and(|floor| said.key <= floor)
                || said.hostile
                || !members.contains(&said.author)
            {
                continue;
            }
            let Some(index) = self.truth.index(said.dot) else { continue };
            for peer in &members {
                let hidden = self.peers[*peer].view.deceived
                    && self.engine(*peer).why(said.dot) == Why::Trimmed;
                if !hidden && !self.peers[*peer].view.delivered.contains(index) {
                    return self.fail(
                        "L2 survival",
                        format!("{} is not at {}", self.log.dot(said.dot), letter(*peer)),
                    );
                }
            }
        }
    }

    /// Who still looks for something, if anyone (L3).
    #[must_use]
    pub fn restless(&self) -> Option<String> {
        let wants = |peer: &usize| self.engine(*peer).holdings().wants;
        let peer = self.members().into_iter().find(|peer| wants(peer) > 0)?;
        Some(format!("{} wants at {peer}", wants(&peer)))
    }

    /// Frames delivered nowhere else although their author lives, for reports.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.peers.iter().map(|peer| peer.view.gaps).sum()
    }

    /// All frames that a peer has delivered.
    #[must_use]
    pub fn delivered_at(&self, peer: usize) -> &Frames {
        &self.peers[peer].view.delivered
    }
}
