//! What comes in: checked by the seal, then handed to the engine. What isn't believed is
//! counted and told, never fatal.

use super::{Output, Participant};
use crate::{Code, Event, Notice};
use chat_engine::{Entry, Input, Phase};
use chat_protocol::{Envelope, Frame, Give, Hello, NodeId, Proof, Want, subject};
use chat_seal::Refused;
use std::sync::Arc;

/// Hellos given to one request.
const HELLOS: usize = 16;
/// What one takes, about.
const HELLO_BYTES: usize = 400;

impl Participant {
    pub(super) fn take(&mut self, envelope: Envelope, size: usize, reply: Option<&str>) {
        let taken = match &envelope {
            Envelope::Frame(frame) => self.verify(frame).map(|entry| {
                self.congestion.heard(self.now);
                self.take_frame(entry, frame.from);
            }),
            Envelope::Beat(beat) => self.seal.verify_beat(beat).map(|()| self.take_beat(beat)),
            Envelope::Mint(mint) => self.take_mint(mint),
            Envelope::Refuse(refuse) => {
                self.turned_away(refuse);
                Ok(())
            }
            Envelope::Hello(hello) => self.learn(hello),
            Envelope::Want(want) => self.seal.verify_want(want).map(|()| {
                self.wanted(want.clone(), reply);
            }),
            Envelope::Give(give) => self.seal.verify_give(give).map(|()| self.given(give)),
        };
        match (taken, &envelope) {
            (Ok(()), _) => self.run_effects(),
            (Err(Refused::BadGate), Envelope::Want(want)) => self.turn_away(want, reply),
            (Err(Refused::OtherTerms), Envelope::Give(_)) if self.is_joining() => {
                self.outputs.push_back(Output::OtherTerms);
            }
            (Err(Refused::UnknownSender), envelope) if !matches!(envelope, Envelope::Give(_)) => {
                let from = envelope.from();
                if self.strangers.hold(envelope.clone(), size, self.now) {
                    self.ask(Some(from), |want| want.hellos.push(from));
                }
            }
            (Err(refused), _) => self.refuse(&refused.to_string()),
        }
    }

    pub(super) fn is_joining(&self) -> bool {
        matches!(self.engine.phase(), Phase::Joining { .. })
    }

    pub(super) fn verify(&self, frame: &Arc<Frame>) -> Result<Entry, Refused> {
        Ok(Entry::new(frame.clone(), self.seal.verify_frame(frame)?))
    }

    pub(super) fn learn(&mut self, hello: &Hello) -> Result<(), Refused> {
        if self.seal.learn(hello)? {
            self.introduced(hello.from);
        }
        Ok(())
    }

    /// What a stranger said before its hello came counts now.
    pub(super) fn introduced(&mut self, node: NodeId) {
        for envelope in self.strangers.release(node) {
            self.take(envelope, 0, None);
        }
    }

    pub(super) fn wanted(&mut self, want: Want, reply: Option<&str>) {
        self.introduced(want.from);
        let Some(reply) = reply.filter(|reply| subject::is_inbox(reply)) else {
            self.refuse("a request was put to all, or its answer wouldn't go to an inbox");
            return;
        };
        if !want.hellos.is_empty() {
            let asked = want.hellos.iter().take(HELLOS);
            let hellos: Vec<_> = asked.filter_map(|node| self.seal.hello(node)).cloned().collect();
            // With this node's own.
            let bytes = HELLO_BYTES * (1 + hellos.len());
            if !self.engine.may_spend(want.from, bytes, self.now) {
                return;
            }
            let mut give = Give { hellos, ..Give::new(self.seal.me(), want.from) };
            self.give(reply.to_owned(), &mut give);
        } else if !want.epochs.is_empty() {
            self.give_mints(&want, reply.to_owned());
        } else {
            let reply = reply.to_owned();
            self.engine.handle(self.now, Input::Want { want, reply });
        }
    }

    pub(super) fn given(&mut self, give: &Give) {
        for hello in &give.hellos {
            self.introduced(hello.from);
        }
        for mint in &give.mints {
            if let Err(refused) = self.take_mint(mint) {
                self.refuse(&refused.to_string());
            }
        }
        self.seal.take_grant(give);
        self.read_late(give);
        let mut give = give.clone();
        let frames = std::mem::take(&mut give.frames);
        let joins = std::mem::take(&mut give.joins);
        let (entries, joins) = (self.verified(&frames), self.verified(&joins));
        let entries = self.admitted(&give, entries);
        let proofs = std::mem::take(&mut give.proofs);
        let both = |Proof(first, second): &Proof| {
            Some((self.verify(first).ok()?, self.verify(second).ok()?))
        };
        let proofs = proofs.iter().filter_map(both).collect();
        give.live.retain(|node| self.seal.hello(node).is_some());
        self.engine.handle(self.now, Input::Give { give, entries, joins, proofs });
        self.run_effects();
        self.keys_changed();
    }

    pub(super) fn verified(&mut self, frames: &[Arc<Frame>]) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(frames.len());
        for frame in frames {
            match self.verify(frame) {
                Ok(entry) => entries.push(entry),
                Err(refused) => self.refuse(&refused.to_string()),
            }
        }
        entries
    }

    /// Counts what is not believed; tells at the first, the tenth, the hundredth, …
    pub(super) fn refuse(&mut self, why: &str) {
        self.refused += 1;
        if self.refused.ilog10() != (self.refused - 1).checked_ilog10().unwrap_or(u32::MAX) {
            let count = self.refused;
            let message = format!(
                "{count} message(s) of this room were refused so far, the last because {why}"
            );
            self.event(Event::Warning(Notice::new(Code::Refused, message)));
        }
    }
}
