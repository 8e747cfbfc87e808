//! Joining engine and seal in a sealed room: who may read follows who is there, mints and keys
//! follow what is asked for, and what can't be read yet waits.

use super::Participant;
use crate::{Code, Event, Notice, unopened::Held};
use chat_engine::{Entry, Input, LinkState, Phase};
use chat_protocol::{
    Beat, Dot, Envelope, EpochId, Frame, Give, Item, Mint, NodeId, Refuse, Want,
    director::Visibility, limits, subject,
};
use chat_seal::{Admission, Chore, Refused};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// Keys kept beyond those of the transcript, before those no longer needed are looked for.
pub(super) const SPARE_KEYS: usize = 2 * limits::WAITING_FRAMES;
/// Epochs asked for at a time, because of beats that quote them.
const ASKED: usize = 64;

impl Participant {
    /// Tells the seal who is there, and does what is due of keys.
    pub(super) fn keep_keys(&mut self) {
        let revision = self.engine.members_revision();
        if self.view.replace(revision) != Some(revision) {
            self.seal.set_view(self.engine.members(), self.now);
        }
        if !matches!(self.engine.phase(), Phase::Live) {
            return;
        }
        let eager = self.introduction.is_some() || !self.outbox.is_empty();
        for chore in self.seal.timeout(self.now, eager) {
            match chore {
                Chore::Hello => self.publish_hello(),
                Chore::Mint(mint) => self.publish_mint(mint),
            }
        }
        self.forget();
    }

    /// Wipes keys, and forgets messages, of frames that are no longer held. Amortised O(1) a
    /// frame.
    fn forget(&mut self) {
        if self.seal.kept().max(self.shown.len()) < self.forget_at {
            return;
        }
        let held: HashSet<_> = self.engine.entries_held().map(|entry| entry.hash).collect();
        self.seal.retain(&held);
        let engine = &self.engine;
        self.shown.retain(|dot, _| engine.entry(*dot).is_some());
        self.forget_at = self.seal.kept().max(self.shown.len()) + SPARE_KEYS;
    }

    fn publish_mint(&mut self, mint: Arc<Mint>) {
        self.publish(self.subjects.key(), &Envelope::Mint(mint));
        // Whoever missed it sees that there is one.
        self.engine.show(self.now);
        self.keys_changed();
    }

    /// `/lock`.
    pub(super) fn lock(&mut self) {
        match self.seal.lock(self.now) {
            Some(mint) => {
                self.publish_mint(mint);
                self.told_lock("you");
            }
            None => {
                let message = "a clear room can't be locked: anyone on the server reads along";
                self.event(Event::Error(Notice::new(Code::Clear, message)));
            }
        }
    }

    fn told_lock(&mut self, who: &str) {
        self.announcer.locked(self.now);
        let message = format!("{who} locked the discussion: nobody else is let in any more");
        self.event(Event::Warning(Notice::new(Code::Locked, message)));
    }

    /// The others have expelled someone: the invite that it came with is worth nothing.
    pub(super) fn lock_out(&mut self) {
        if self.terms.visibility == Visibility::Private {
            self.seal.lock_next();
            self.announcer.locked(self.now);
        }
    }

    pub(super) fn take_mint(&mut self, mint: &Arc<Mint>) -> Result<(), Refused> {
        if self.engine.is_out(&mint.from) {
            return Err(Refused::NotInAudience);
        }
        let learned = self.seal.learn_mint(mint, self.now)?;
        if learned.locked {
            let who = self.names.get(&mint.from);
            self.told_lock(&who);
        }
        if learned.opened {
            self.keys_changed();
        }
        Ok(())
    }

    /// Something may be readable now.
    pub(super) fn keys_changed(&mut self) {
        let seal = &mut self.seal;
        let released = self.unopened.release(self.now, |entry| {
            matches!(
                seal.admit(&entry.frame, entry.hash),
                Admission::Readable | Admission::Unreadable
            )
        });
        for Held { entry, from, .. } in released {
            self.engine_takes(entry, from);
        }
    }

    /// A verified frame that `from` showed: to the engine, as soon as it can be read.
    pub(super) fn take_frame(&mut self, entry: Entry, from: NodeId) {
        if self.engine.has(entry.dot()) || self.engine.phase() == Phase::Gone {
            return self.engine_takes(entry, from);
        }
        if self.waits_for_key(&entry) {
            self.unopened.hold(entry, from, self.now);
        } else {
            self.engine_takes(entry, from);
        }
    }

    /// Whether a frame can't be read yet, and perhaps later: where no history is kept nobody
    /// grants a key.
    fn waits_for_key(&mut self, entry: &Entry) -> bool {
        match self.seal.admit(&entry.frame, entry.hash) {
            Admission::Readable | Admission::Unreadable => false,
            Admission::NeedsMint(_) => true,
            Admission::NeedsKey => self.keeps_history(),
        }
    }

    fn engine_takes(&mut self, entry: Entry, from: NodeId) {
        let epoch = entry.frame.sealed.as_ref().map(|sealed| sealed.epoch);
        let fresh = !self.seal.is_sealed()
            || epoch.is_none()
            || self.seal.is_current(epoch.as_ref()) == Some(true);
        let by_author = from == entry.frame.from;
        let input = if fresh && by_author { Input::Frame(entry) } else { Input::OldFrame(entry) };
        self.engine.handle(self.now, input);
        self.run_effects();
    }

    /// Frames of an answer that can be handed to the engine at once. A joiner takes what it is
    /// given: what it can't read it asks for later.
    pub(super) fn admitted(&mut self, give: &Give, entries: Vec<Entry>) -> Vec<Entry> {
        let joining = self.is_joining();
        let mut admitted = Vec::with_capacity(entries.len());
        for entry in entries {
            if self.waits_for_key(&entry) && !joining && !self.engine.has(entry.dot()) {
                self.unopened.hold(entry, give.from, self.now);
            } else {
                admitted.push(entry);
            }
        }
        admitted
    }

    /// A beat counts if it quotes an epoch that someone who is there may speak under: a replay
    /// of a frozen member's makes no ghost. An unknown one is asked for.
    pub(super) fn take_beat(&mut self, beat: &Beat) {
        let joining = self.is_joining();
        match self.seal.is_current(beat.epoch.as_ref()) {
            Some(false) if !joining => {}
            None if !joining => self.ask_for_mint(beat.epoch, beat.from),
            _ => {
                self.engine.handle(self.now, Input::Beat(beat.clone()));
                self.agreeing.members_changed();
            }
        }
    }

    fn ask_for_mint(&mut self, epoch: Option<EpochId>, from: NodeId) {
        let Some(epoch) = epoch else { return };
        let again = limits::FIRST_ASK * 4;
        self.mints_asked.retain(|_, at| *at + again > self.now);
        if self.mints_asked.len() < ASKED && !self.mints_asked.contains_key(&epoch) {
            self.mints_asked.insert(epoch, self.now);
            self.ask(Some(from), |want| want.epochs.push(epoch));
        }
    }

    /// Mints asked for, as many as fit in a page.
    pub(super) fn give_mints(&mut self, want: &Want, reply: String) {
        let mut bytes = 0;
        let asked = want.epochs.iter().filter_map(|epoch| self.seal.mint_of(epoch));
        let fits = |mint: &Arc<Mint>| {
            let is_first = bytes == 0;
            bytes += 200 + 140 * mint.audience.len();
            is_first || bytes <= limits::PAGE_BYTES
        };
        let mints: Vec<_> = asked.take_while(fits).collect();
        if !mints.is_empty() && self.engine.may_spend(want.from, bytes, self.now) {
            let mut give = Give { mints, ..Give::new(self.seal.me(), want.from) };
            self.give(reply, &mut give);
        }
    }

    /// Asks for mints and keys that frames wait for, and lets go what has waited too long.
    pub(super) fn seek_keys(&mut self) {
        if self.unopened.next().is_some_and(|next| next <= self.now) {
            self.keys_changed();
        }
        for question in self.unopened.due(self.now) {
            let known = question.epoch.is_some_and(|epoch| self.seal.mint_of(&epoch).is_some());
            match question.epoch {
                Some(epoch) if !known => {
                    let to =
                        if question.tries % 2 == 0 { question.from } else { question.dot.node };
                    self.ask(Some(to), |want| want.epochs.push(epoch));
                }
                _ => {
                    if let Some(member) = self.who_may_have_key(question.dot, question.tries) {
                        self.ask(Some(member), |want| want.dots.push(question.dot));
                    }
                }
            }
        }
        self.unread.retain(|_, unread| unread.tries < super::UNREAD_TRIES);
        let due = self.unread.iter_mut().filter(|(_, unread)| unread.next <= self.now);
        let mut asks = Vec::new();
        for (dot, unread) in due {
            asks.push((*dot, unread.tries));
            unread.tries += 1;
            unread.next = self.now + super::UNREAD_ASK * (1 << unread.tries.min(3));
        }
        let mut by_member: BTreeMap<NodeId, Vec<Dot>> = BTreeMap::new();
        for (dot, tries) in asks {
            if let Some(member) = self.who_may_have_key(dot, tries) {
                by_member.entry(member).or_default().push(dot);
            }
        }
        for (member, dots) in by_member {
            self.ask(Some(member), |want| want.dots = dots);
        }
    }

    /// The author first, then the others in turns.
    fn who_may_have_key(&self, dot: Dot, tries: u32) -> Option<NodeId> {
        let engine = &self.engine;
        let mut present: Vec<_> = engine.members().filter(|node| engine.is_present(node)).collect();
        present.sort_by_key(|node| *node != dot.node);
        (!present.is_empty()).then(|| present[tries as usize % present.len()])
    }

    pub(super) fn next_keys(&self) -> Option<chat_engine::Time> {
        if self.link == LinkState::Down {
            return None;
        }
        let live = matches!(self.engine.phase(), Phase::Live);
        let seal = self.seal.next_timeout().filter(|_| live);
        let unread = self.unread.values().map(|unread| unread.next).min();
        [seal, self.unopened.next(), unread].into_iter().flatten().min()
    }

    /// Shows what was delivered unread and can be read now.
    pub(super) fn read_late(&mut self, give: &Give) {
        for dot in give.frames.iter().map(|frame| frame.dot()) {
            let Some(delivery) = self.unread.get(&dot).map(|unread| unread.delivery.clone()) else {
                continue;
            };
            if let Some(items) = self.open(&delivery.entry) {
                self.unread.remove(&dot);
                let late = chat_engine::Delivery { late: true, ..delivery };
                self.show(&late, items);
            }
        }
    }

    pub(super) fn open(&mut self, entry: &Entry) -> Option<Vec<Item>> {
        self.seal.open(&entry.frame, entry.hash)
    }

    /// Answers one who comes after the room was locked, so that it doesn't wait in vain.
    pub(super) fn turn_away(&mut self, want: &Want, reply: Option<&str>) {
        let Some(reply) = reply.filter(|reply| subject::is_inbox(reply)) else { return };
        if self.seal.is_locked() && self.engine.may_spend(want.from, 200, self.now) {
            let refuse = self.seal.refuse(want.from);
            self.publish(reply.to_owned(), &Envelope::Refuse(refuse));
        }
    }

    pub(super) fn turned_away(&mut self, refuse: &Refuse) {
        if !self.is_joining() || !self.seal.is_refused(refuse) {
            return;
        }
        // In a public room anyone can make one: there it only explains why nobody lets this
        // node in.
        self.turned_away = true;
        if self.terms.visibility == Visibility::Private {
            self.outputs.push_back(super::Output::Locked);
        }
    }

    /// Seals the keys of an answer's frames to whoever asked.
    pub(super) fn grant(&mut self, give: &mut Give) {
        if !self.seal.is_sealed() || self.engine.is_out(&give.to) {
            return;
        }
        let hash = |frame: &Arc<Frame>| match self.engine.entry(frame.dot()) {
            Some(entry) => entry.hash,
            None => frame.content_hash(),
        };
        let hashes: Vec<_> = give.frames.iter().chain(&give.joins).map(hash).collect();
        give.grant = self.seal.grant(give.to, hashes.into_iter());
    }
}
