//! Causal delivery: holds a frame back until everything it depends on was delivered.
//!
//! The rule is Birman, Schiper and Stephenson's (ACM TOCS 1991, section 5.1), on clocks that
//! may name heads only: a frame is ready when its author's previous frame and all dots of
//! its clock are delivered or waived, and its Lamport time isn't far above the highest
//! delivered. One whose `past` is found to be another here waits, too, for the proof of who
//! equivocated, and no longer than for anything else.
//!
//! Every refusal is a function of signed bytes, or only a delay: anything else would make
//! honest nodes differ.

use crate::{
    Delivery, Effect, Engine, Entry, Fault, PresenceChange, Time,
    transcript::{Held, Inserted},
    waiting::Waiting,
};
use chat_protocol::{Dot, Frame, Lamport, NodeId, Number, hash::Past, limits};
use std::{collections::BTreeSet, sync::Arc};

impl Engine {
    /// A frame on the room's subject; `is_fresh` if it shows that its author is there.
    pub(crate) fn receive_frame(&mut self, entry: Entry, is_fresh: bool) {
        let author = entry.frame.from;
        if author == self.me {
            return;
        }
        // A frame known already may be a replay: it shows no life.
        if is_fresh && !self.authors.has(entry.dot()) && !self.is_out(&author) {
            self.heard(author);
        }
        self.take(entry, author);
        self.deliver_ready();
    }

    /// Takes a frame in that `from` gave. True if it is new and found a place.
    pub(crate) fn take(&mut self, entry: Entry, from: NodeId) -> bool {
        let dot = entry.dot();
        if dot.node == self.me || !self.authors.has_room_for(&dot.node) || self.authors.is_void(dot)
        {
            return false;
        }
        let left = self.authors.get(&dot.node).and_then(|author| author.left);
        if let Some(last) = left.filter(|last| dot.number > *last) {
            match self.transcript.get(Dot::new(dot.node, last)).cloned() {
                Some(last) => self.convict(last, entry),
                None => self.effect(Effect::Fault(Fault::AfterFinal(dot))),
            }
            return false;
        }
        let waiting = || self.waiting.get(dot).map(|waiting| &waiting.entry);
        if let Some(other) = self.transcript.get(dot).or_else(waiting).cloned() {
            self.convict(other, entry);
            return false;
        }
        if self.disproves_floor(&entry) {
            self.forget_floor(dot.node);
        }
        if self.authors.has(dot) {
            return false;
        }
        let top = self.authors.top(&dot.node);
        if dot.number.0 > top.0 + limits::WAITING_AHEAD && !self.is_joining() {
            self.claim(Dot::new(dot.node, top.next()), from, false);
            return false;
        }
        let missing: BTreeSet<_> =
            entry.dependencies().filter(|need| !self.is_satisfied(*need)).collect();
        self.wants.remove(dot);
        self.waiting.insert(&self.config, entry, missing, self.now, from)
    }

    /// Delivers all that is ready, lowest key first, then what has waited for too long.
    pub(crate) fn deliver_ready(&mut self) {
        loop {
            let step = Lamport(self.lamport.0 + limits::LAMPORT_STEP);
            let ready = self.waiting.ready(step);
            let ready = ready.map(|waiting| (waiting.entry.clone(), self.expiry(waiting)));
            match ready {
                Some((entry, expiry)) => {
                    let past = self.past_here(&entry.frame);
                    if expiry > self.now && is_other(&entry.frame, past) {
                        self.waiting.hold(entry.dot());
                        self.ask_for_what_its_author_saw(&entry);
                    } else if let Some(waiting) = self.waiting.remove(entry.dot()) {
                        self.deliver(waiting, past);
                    }
                }
                None if self.deliver_expired() => {}
                None => return,
            }
        }
    }

    /// What nobody gave in time is waived for the frame that waits for it.
    fn deliver_expired(&mut self) -> bool {
        if self.is_joining() {
            return false;
        }
        let (lamport, gap, busy) = (self.lamport, self.config.gap, self.busy_until);
        let expiry = |waiting: &Waiting| expiry(waiting, lamport, gap, busy);
        let far = lamport.0 + limits::LAMPORT_STEP;
        let is_far = |waiting: &Waiting| waiting.entry.frame.lamport.0 > far;
        let Some((waiting, missing)) = self.waiting.pop_expired(self.now, expiry, is_far) else {
            return false;
        };
        for dot in missing {
            self.waive(dot);
        }
        let past = self.past_here(&waiting.entry.frame);
        self.deliver(waiting, past);
        true
    }

    pub(crate) fn expiry(&self, waiting: &Waiting) -> Time {
        expiry(waiting, self.lamport, self.config.gap, self.busy_until)
    }

    /// Gives a dot up: nobody waits for it any longer.
    pub(crate) fn waive(&mut self, dot: Dot) {
        if self.authors.has(dot) || dot.node == self.me {
            return;
        }
        self.seek.restart(self.now);
        self.wants.waive(dot);
        self.waived.insert(dot);
        while self.waived.len() > limits::WAIVED {
            self.waived.pop_first();
        }
        self.waiting.satisfy(dot);
    }

    /// The `past` of a frame as this node sees it, if it knows all contents.
    pub(crate) fn past_here(&self, frame: &Frame) -> Option<Past> {
        let previous = Dot::new(frame.from, Number(frame.number.0 - 1));
        self.past(previous, frame.named())
    }

    /// That proves who equivocated.
    fn ask_for_what_its_author_saw(&mut self, entry: &Entry) {
        let dots = entry.dependencies().take(limits::WANTS).collect();
        self.effect(Effect::Fault(Fault::OtherPast(entry.dot())));
        self.effect(Effect::Ask { to: Some(entry.frame.from), dots, have: None });
    }

    /// Delivers a frame, to which `past` is what lies before it.
    fn deliver(&mut self, waiting: Waiting, past: Option<Past>) {
        let entry = waiting.entry;
        if is_other(&entry.frame, past) {
            self.seek.dispute(entry.dot(), self.now);
            self.ask_for_what_its_author_saw(&entry);
        } else if past == Some(entry.frame.past) {
            self.transcript.bind(entry.dependencies());
        }
        if !self.is_in_sequence(&entry) {
            return;
        }
        // What a void frame alone stood for isn't waited for, so it is told like what was lost.
        let lacks = |dot: &Dot| !self.authors.has(*dot) || self.authors.is_void(*dot);
        let gap = entry.dependencies().filter(lacks).collect();
        let via = (waiting.from != entry.frame.from).then_some(waiting.from);
        self.accept(entry, gap, via);
    }

    /// Takes a frame into what was delivered.
    pub(crate) fn accept(&mut self, entry: Entry, gap: Vec<Dot>, via: Option<NodeId>) {
        let (dot, frame) = (entry.dot(), entry.frame.clone());
        let given_up = self.authors.deliver(dot, entry.hash, frame.is_final);
        let authors = &self.authors;
        self.frontier.deliver(
            dot,
            frame.lamport,
            frame.named().filter(|named| !authors.is_void(*named)),
        );
        self.lamport = self.lamport.max(frame.lamport);
        self.heads_changed(frame.has_contents());
        self.wants.remove(dot);
        self.waived.remove(&dot);
        self.waiting.satisfy(dot);
        if given_up.is_some() {
            self.give_up_holes();
        }
        let late = entry.key() < self.shown;
        self.shown = self.shown.max(entry.key());
        let backfill = self.number.0 == 0;
        let clock = Arc::new(self.clocks.deliver(&entry, |node| self.authors.get(node).is_some()));
        if dot.node != self.me {
            self.acknowledged(dot.node, self.own_number(clock.get(&self.me)));
        }
        let held = Held { entry: entry.clone(), gap: gap.clone(), via, bound: false };
        if self.transcript.insert(held) == Inserted::BelowFloor {
            self.authors.raise_floor(dot, entry.hash);
            self.effect(Effect::Trimmed);
        } else {
            let entry = entry.clone();
            self.effect(Effect::Deliver(Delivery { entry, clock, gap, late, backfill, via }));
        }
        self.trim();
        self.introduce(dot.node);
        if frame.is_final && dot.node != self.me {
            self.left(dot.node);
            self.convict_after_final(&entry);
        }
        self.flow.delivered(entry.size);
        self.beats.frame_delivered(self.now, &entry, self.roster.len());
    }

    fn give_up_holes(&mut self) {
        let authors = &self.authors;
        self.waiting.satisfy_all(|dot| authors.has(dot));
        self.effect(Effect::Trimmed);
    }

    fn trim(&mut self) {
        while self.transcript.len() > self.config.transcript_frames
            || self.transcript.bytes() > self.config.transcript_bytes
        {
            let Some(entry) = self.transcript.trim() else { return };
            self.below_floor(entry);
        }
    }

    /// A frame of this transcript now lies below the floor.
    pub(crate) fn below_floor(&mut self, entry: Entry) {
        let dot = entry.dot();
        self.authors.raise_floor(dot, entry.hash);
        if self.roster.get(&dot.node).is_some() {
            self.remember_join(&entry);
        }
    }

    /// Keeps a member's first frame for those who join later, unless it is unduly large.
    pub(crate) fn remember_join(&mut self, entry: &Entry) {
        let dot = entry.dot();
        let fits = entry.size <= limits::JOIN_BYTES && self.joins.len() < limits::MEMBERS;
        if dot.number == Number(1) && fits {
            self.joins.insert(dot.node, entry.clone());
        }
    }

    /// Out for good: it left, or was expelled.
    #[must_use]
    pub fn is_out(&self, node: &NodeId) -> bool {
        self.authors.get(node).is_some_and(|author| author.left.or(author.cut).is_some())
    }

    fn left(&mut self, node: NodeId) {
        self.joins.remove(&node);
        if self.roster.remove(&node).is_some_and(|presence| presence.introduced) {
            self.effect(Effect::Presence(node, PresenceChange::Left));
        }
    }

    /// Nothing needs to wait for it: delivered, void, below the floor, or waived.
    pub(crate) fn is_satisfied(&self, dot: Dot) -> bool {
        self.authors.has(dot) || self.waived.contains(&dot)
    }
}

/// Whether a frame's author has seen other contents than this node, to which its `past` is `here`:
/// someone equivocated, or its author lies. What it depends on isn't here then.
fn is_other(frame: &Frame, here: Option<Past>) -> bool {
    frame.past != Past::ZERO && here.is_some_and(|past| past != frame.past)
}

/// A frame waits one gap time, and one more for each [`limits::LAMPORT_LEAP`] that its
/// Lamport time lies ahead. A bulk answer on its way postpones that by one gap at most.
fn expiry(waiting: &Waiting, lamport: Lamport, gap: Time, busy_until: Time) -> Time {
    let ahead = waiting.entry.frame.lamport.0.saturating_sub(lamport.0 + 1) / limits::LAMPORT_LEAP;
    let leaps = u32::try_from(ahead).unwrap_or(u32::MAX).saturating_add(1);
    let due = waiting.since.saturating_add(gap.saturating_mul(leaps));
    due.max(busy_until.min(waiting.since + 2 * gap))
}
