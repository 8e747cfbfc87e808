//! Doing what the engine wants done.

use super::{Output, Participant, RequestKind, UNREAD, UNREAD_ASK, Unread};
use crate::{Change, Code, Event, Member, Notice, Ready, Reason, telling};
use chat_engine::{Delivery, Effect, Entry, Fault, LinkState, PresenceChange};
use chat_protocol::{
    Dot, Envelope, Give, Item, ItemKind, NodeId, Number, Want,
    director::{Visibility, clean_topic},
    frame::Terms,
    limits,
};
use chat_seal::Admission;
use std::sync::Arc;

impl Participant {
    pub(super) fn run_effects(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Publish(entry) => {
                    self.publish(self.subjects.msg(), &Envelope::Frame(entry.frame));
                }
                Effect::Beat(mut beat) => {
                    self.seal.sign_beat(&mut beat);
                    self.publish(self.subjects.beat(), &Envelope::Beat(*beat));
                    self.agreeing.members_changed();
                }
                Effect::Ask { to, dots, have } => {
                    self.ask(to, |want| (want.dots, want.have) = (dots, have));
                }
                Effect::Give { reply, mut give } => self.give(reply, &mut give),
                Effect::Entered => self.entered(),
                Effect::CatchingUp { held, left } => {
                    self.event(Event::CatchingUp { held, of: held + left });
                }
                Effect::Nobody if self.turned_away => self.outputs.push_back(Output::Locked),
                Effect::Nobody => self.outputs.push_back(Output::Nobody),
                Effect::Synced => self.synced(),
                Effect::Paused => self.unopened.restart(self.now),
                Effect::Merge => self.say(Vec::new(), false),
                Effect::Introduced(entry) => self.introduction(&entry),
                Effect::Deliver(delivery) => self.deliver(&delivery),
                Effect::Presence(node, change) => self.presence(node, change),
                Effect::Trimmed => self.trimmed(),
                Effect::Expelled(node, from) => self.expelled(node, from),
                Effect::Fault(fault) => self.fault(fault),
                Effect::Gone => self.gone(),
            }
        }
    }

    pub(super) fn publish(&mut self, subject: String, envelope: &Envelope) {
        // Cut off, it would only arrive late; the engine repeats what matters.
        if self.link == LinkState::Up {
            self.outputs.push_back(Output::Publish { subject, payload: envelope.to_json() });
        }
    }

    pub(super) fn publish_hello(&mut self) {
        let hello = Envelope::Hello(self.seal.own_hello().clone());
        self.publish(self.subjects.key(), &hello);
    }

    /// Asks one member, or any synced one, for what `fill` puts into the request.
    pub(super) fn ask(&mut self, to: Option<NodeId>, fill: impl FnOnce(&mut Want)) {
        let mut want = Want::new(self.seal.own_hello().clone());
        want.cut = self.engine.convicted().take(limits::MEMBERS).collect();
        fill(&mut want);
        self.seal.sign_want(&mut want);
        let (subject, kind) = match to {
            None => (self.subjects.sync(), RequestKind::AnyMember),
            Some(node) => (self.subjects.node(node), RequestKind::OneMember),
        };
        if self.link == LinkState::Up {
            let payload = Envelope::Want(want).to_json();
            self.outputs.push_back(Output::Request { subject, payload, kind });
        }
    }

    pub(super) fn give(&mut self, reply: String, give: &mut Give) {
        let proven = give.proofs.iter().map(|proof| &proof.0);
        let authors = give.frames.iter().chain(&give.joins).chain(proven).map(|frame| frame.from);
        let mut needed: Vec<_> = authors.chain(give.live.iter().copied()).collect();
        needed.push(self.seal.me());
        // The first page of an answer to a joiner.
        if !give.live.is_empty() {
            give.mints.extend(self.seal.newest_mint());
        }
        needed.extend(give.mints.iter().map(|mint| mint.from));
        needed.sort_unstable();
        needed.dedup();
        let missing =
            needed.iter().filter(|node| !give.hellos.iter().any(|hello| hello.from == **node));
        let hellos: Vec<_> = missing.filter_map(|node| self.seal.hello(node)).cloned().collect();
        give.hellos.extend(hellos);
        self.grant(give);
        self.seal.sign_give(give);
        self.publish(reply, &Envelope::Give(give.clone()));
    }

    pub(super) fn keeps_history(&self) -> bool {
        self.terms.history.unwrap_or(true)
    }

    pub(super) fn entered(&mut self) {
        if self.stated.0 > 0 && self.stated.1 == 0 {
            self.outputs.push_back(Output::OtherTerms);
        }
        let ready = Ready {
            room: self.seal.room().id(),
            node: self.seal.me(),
            nick: self.names.get(&self.seal.me()).to_string(),
            fingerprint: self.seal.fingerprint(&self.seal.me()),
            invite: self.terms.address.invite(),
            server: self.server.clone(),
            sealed: self.seal.is_sealed(),
            history: self.keeps_history(),
            members: self.engine.member_count(),
            topic: self.terms.topic.clone(),
        };
        self.event(Event::Ready(Box::new(ready)));
    }

    pub(super) fn synced(&mut self) {
        self.outputs.push_back(Output::Serve);
        if !self.seal.is_sealed() {
            self.event(Event::Warning(Notice::new(Code::Clear, telling::CLEAR)));
        }
        if self.terms.visibility == Visibility::Public {
            self.event(Event::Warning(Notice::new(Code::Open, telling::OPEN)));
        }
        if !self.keeps_history() {
            self.trimmed();
        }
        self.publish_hello();
        let terms = Terms {
            history: self.keeps_history(),
            sealed: self.seal.is_sealed(),
            topic: self.terms.topic.clone(),
            capacity: self.terms.capacity,
        };
        let text = self.terms.nick.as_str().into();
        let join = Item { kind: ItemKind::Join, text, at: self.wall, terms: Some(terms) };
        self.introduction = Some(vec![join]);
        // Until it can speak a beat shows that it is there.
        if !self.seal.may_speak() {
            self.engine.show(self.now);
        }
        self.announcer.changed(self.now);
        self.agreeing.members_changed();
    }

    /// Says the join frame as soon as it can be read by those who are there.
    pub(super) fn introduce(&mut self) {
        if self.seal.may_speak()
            && let Some(items) = self.introduction.take()
        {
            self.say(items, false);
        }
    }

    /// A present member's name, and the terms it states: those that this node doesn't know
    /// it learns, those that it does know it compares.
    pub(super) fn introduction(&mut self, entry: &Entry) {
        let admission = self.seal.admit(&entry.frame, entry.hash);
        let items = self.open(entry).filter(|_| admission == Admission::Readable);
        for item in items.iter().flatten().filter(|item| item.kind == ItemKind::Join) {
            self.names.set(entry.frame.from, &item.text);
            let Some(stated) = &item.terms else { continue };
            let history = *self.terms.history.get_or_insert(stated.history);
            self.engine.set_history(history);
            self.seal.set_history(history);
            let same = stated.history == history && stated.sealed == self.seal.is_sealed();
            self.stated = (self.stated.0 + 1, self.stated.1 + usize::from(same));
            self.terms.capacity = self.terms.capacity.or(stated.capacity);
            if self.terms.topic.is_none() {
                self.terms.topic = stated.topic.as_deref().and_then(clean_topic);
            }
            self.announcer.learn(&self.terms);
        }
    }

    pub(super) fn deliver(&mut self, delivery: &Delivery) {
        self.agreeing.transcript_changed();
        let Delivery { entry, clock, via, backfill, .. } = delivery;
        if !backfill && via.is_none() && entry.frame.from != self.seal.me() {
            let members = self.engine.member_count();
            self.congestion.overheard(entry.dot(), clock, self.now, members);
        }
        let spoken = self.spoken.take_if(|(hash, _)| *hash == delivery.entry.hash);
        match spoken.map(|(_, items)| items).or_else(|| self.open(&delivery.entry)) {
            Some(items) => self.show(delivery, items),
            None => self.unreadable(delivery),
        }
    }

    /// Nobody who has its key has given it. It is asked for later, where that can help.
    fn unreadable(&mut self, delivery: &Delivery) {
        if self.unread.len() < UNREAD && self.keeps_history() {
            let unread =
                Unread { delivery: delivery.clone(), next: self.now + UNREAD_ASK, tries: 0 };
            self.unread.insert(delivery.entry.dot(), unread);
        }
        if let Some(gap) = telling::gap(delivery, &[]) {
            self.event(gap);
        }
        for dot in delivery.gap.iter().copied().chain([delivery.entry.dot()]) {
            self.unshown.add(dot);
        }
        self.refused_unread += 1;
        if self.refused_unread == 1 && !delivery.backfill {
            let who = self.names.get(&delivery.entry.frame.from);
            let message = format!(
                "something of {who} can't be read here: it was said to others while this node \
                 was cut off, or before it came in"
            );
            self.event(Event::Warning(Notice::new(Code::Unread, message)));
        }
    }

    pub(super) fn show(&mut self, delivery: &Delivery, items: Vec<Item>) {
        let node = delivery.entry.frame.from;
        if let Some(gap) = telling::gap(delivery, &items) {
            self.event(gap);
        }
        let dot = delivery.entry.dot();
        self.unshown.remove(dot);
        let messages = telling::messages(&items);
        let gap = if messages.is_empty() {
            delivery.gap.iter().for_each(|missing| self.unshown.add(*missing));
            Vec::new()
        } else {
            self.shown.insert(dot, messages);
            self.gap(delivery)
        };
        let mut origin = telling::origin(delivery, self.names.get(&node), gap);
        let mut told = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item.kind {
                ItemKind::Join | ItemKind::Nick => {
                    if self.names.set(node, &item.text) && !delivery.backfill {
                        let was = Some(origin.nick.to_string());
                        told.push(self.change(node, Change::Renamed, was));
                    }
                    Arc::make_mut(&mut origin).nick = self.names.get(&node);
                }
                ItemKind::Text | ItemKind::Action => {
                    told.push(telling::message(&origin, index, item));
                }
                ItemKind::Unknown(_) => {}
            }
        }
        self.events(told);
    }

    /// What a message answers and isn't shown: what can't be read yet may still be, after it.
    fn gap(&mut self, delivery: &Delivery) -> Vec<Dot> {
        let mut gap = self.unshown.answered(&delivery.clock);
        gap.extend(self.unread.keys().filter(|dot| delivery.clock.covers(**dot)));
        gap.extend(&delivery.gap);
        gap.retain(|dot| *dot != delivery.entry.dot());
        gap.sort_unstable();
        gap.dedup();
        gap
    }

    pub(super) fn presence(&mut self, node: NodeId, change: PresenceChange) {
        self.member(node, telling::change(change));
        self.announcer.changed(self.now);
        self.agreeing.members_changed();
    }

    pub(super) fn member(&mut self, node: NodeId, change: Change) {
        let event = self.change(node, change, None);
        self.event(event);
    }

    fn change(&self, node: NodeId, change: Change, was: Option<String>) -> Event {
        let (nick, fingerprint) = (self.names.get(&node).to_string(), self.seal.fingerprint(&node));
        Event::Member(Box::new(Member { change, node, nick, fingerprint, was }))
    }

    pub(super) fn trimmed(&mut self) {
        if !std::mem::replace(&mut self.told_trimmed, true) {
            let message = if self.keeps_history() {
                "older messages are no longer held by anyone here"
            } else {
                "this discussion keeps no history: who comes in hears only what is said from then on"
            };
            self.event(Event::Warning(Notice::new(Code::Trimmed, message)));
        }
    }

    /// Its messages from there on count at no member.
    pub(super) fn expelled(&mut self, node: NodeId, from: Number) {
        if node == self.seal.me() {
            self.leaving = Some((Reason::Expelled, self.now));
            return;
        }
        self.member(node, Change::Expelled);
        self.lock_out();
        let held = self.engine.transcript().filter(|entry| entry.frame.from == node).count();
        let message = format!(
            "{} signed two different messages as number {from}: those from there on are void, \
             the {held} before it stay",
            self.names.get(&node)
        );
        self.event(Event::Warning(Notice::new(Code::Refused, message)));
        self.announcer.changed(self.now);
        self.agreeing.members_changed();
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Floor(_) => self.refuse("a member told wrong of what it no longer has"),
            Fault::AfterFinal(dot) => self.refuse(&format!("{dot} came from a node that had left")),
            Fault::OtherPast(_) => {}
        }
    }

    pub(super) fn gone(&mut self) {
        // Who hasn't come in knows nothing of who is there.
        let last = !self.is_joining() && self.engine.members().next().is_none();
        if last && self.link == LinkState::Up {
            self.publish_announcement(&self.announcer.closing());
        }
        let reason = self.leaving.map_or(Reason::Left, |(reason, _)| reason);
        let shown = |entry: &Entry| Some((entry.dot(), &**self.shown.get(&entry.dot())?));
        let held = self.engine.transcript().filter_map(shown);
        let closed = telling::closed(reason, self.engine.transcript_digest(), held);
        self.event(Event::Closed(Box::new(closed)));
        self.outputs.push_back(Output::Done);
    }
}
