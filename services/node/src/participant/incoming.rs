//! What comes in: checked by the seal, then handed to the engine. What isn't believed is
//! counted and told, never fatal.

use super::Participant;
use crate::{Code, Event, Notice};
use chat_engine::{Entry, Input};
use chat_protocol::{
    Envelope, Floor, Frame, Give, Hello, NodeId, Proof, Want, frame::Signature, subject,
};
use chat_seal::Refused;
use std::sync::Arc;

/// Hellos given to one request.
const HELLOS: usize = 16;

impl Participant {
    pub(super) fn take(&mut self, envelope: Envelope, size: usize, reply: Option<&str>) {
        let taken = match &envelope {
            Envelope::Frame(frame) => self.verify(frame).map(|entry| {
                self.engine.handle(self.now, Input::Frame(entry));
            }),
            Envelope::Beat(beat) => self.seal.verify_beat(beat).map(|()| {
                self.engine.handle(self.now, Input::Beat(beat.clone()));
                self.agreement_stale = true;
            }),
            Envelope::Hello(hello) => self.learn(hello),
            Envelope::Want(want) => self.seal.verify_want(want).map(|()| {
                self.wanted(want.clone(), reply);
            }),
            Envelope::Give(give) => self.seal.verify_give(give).map(|()| self.given(give)),
        };
        match taken {
            Ok(()) => self.run_effects(),
            Err(Refused::UnknownSender) if !matches!(envelope, Envelope::Give(_)) => {
                let from = envelope.from();
                if self.strangers.hold(envelope, size, self.now) {
                    self.ask(Some(from), Vec::new(), None, vec![from]);
                }
            }
            Err(refused) => self.refuse(&refused.to_string()),
        }
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
            self.refuse("a request whose answer wouldn't go to an inbox");
            return;
        };
        if !want.hellos.is_empty() {
            let asked = want.hellos.iter().take(HELLOS);
            let hellos = asked.filter_map(|node| self.seal.hello(node)).cloned().collect();
            let mut give = Give {
                from: self.seal.me(),
                to: want.from,
                hellos,
                frames: Vec::new(),
                joins: Vec::new(),
                proofs: Vec::new(),
                live: Vec::new(),
                floor: Floor::default(),
                lost: Vec::new(),
                more: false,
                sync: false,
                sig: Signature::ZERO,
            };
            self.give(reply.to_owned(), &mut give);
        } else {
            let reply = reply.to_owned();
            self.engine.handle(self.now, Input::Want { want, reply });
        }
    }

    pub(super) fn given(&mut self, give: &Give) {
        for hello in &give.hellos {
            self.introduced(hello.from);
        }
        let mut give = give.clone();
        let frames = std::mem::take(&mut give.frames);
        let joins = std::mem::take(&mut give.joins);
        let (entries, joins) = (self.verified(&frames), self.verified(&joins));
        let proofs = std::mem::take(&mut give.proofs);
        let both = |Proof(first, second): &Proof| {
            Some((self.verify(first).ok()?, self.verify(second).ok()?))
        };
        let proofs = proofs.iter().filter_map(both).collect();
        give.live.retain(|node| self.seal.hello(node).is_some());
        self.engine.handle(self.now, Input::Give { give, entries, joins, proofs });
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
