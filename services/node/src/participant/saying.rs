//! Saying: batches, flow control, and leaving.

use super::Participant;
use crate::{Code, Event, Notice};
use chat_engine::{Entry, Phase};
use chat_protocol::{Item, envelope::json_bytes, limits};
use std::sync::Arc;

/// What a frame takes beside its items, at most: its clock, mostly.
const FRAME_OVERHEAD: usize = 4 << 10;

impl Participant {
    pub(super) fn say(&mut self, items: Vec<Item>, is_final: bool) {
        let draft = self.engine.draft(is_final);
        let (frame, hash) = self.seal.close(draft, items);
        self.engine.say(self.now, Entry::new(Arc::new(frame), hash));
        self.run_effects();
    }

    pub(super) fn send_outbox(&mut self) {
        while !self.outbox.is_empty() && self.engine.may_say() {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while let Some(item) = self.outbox.front() {
                let size = json_bytes(item);
                if size + FRAME_OVERHEAD > self.max_payload {
                    self.too_long(size);
                    self.outbox.pop_front();
                    continue;
                }
                bytes += size;
                let most = limits::BATCH_BYTES.min(self.max_payload - FRAME_OVERHEAD);
                let full = batch.len() >= limits::BATCH_ITEMS || bytes > most;
                if full && !batch.is_empty() {
                    break;
                }
                batch.extend(self.outbox.pop_front());
            }
            if !batch.is_empty() {
                self.say(batch, false);
            }
        }
    }

    pub(super) fn too_long(&mut self, size: usize) {
        let most = self.max_payload.saturating_sub(FRAME_OVERHEAD);
        let message =
            format!("not said: {size} bytes as sent, and this server takes {most}; split it");
        self.event(Event::Error(Notice::new(Code::TooLong, message)));
    }

    /// Leaves once everything was said, and known to the others or the patience is over.
    pub(super) fn leave_if_due(&mut self) {
        let Some((_, until)) = self.leaving else { return };
        if self.said_final || matches!(self.engine.phase(), Phase::Gone) {
            return;
        }
        let settled = self.outbox.is_empty() && self.engine.is_stable();
        if !settled && self.now < until {
            return;
        }
        self.said_final = true;
        if matches!(self.engine.phase(), Phase::Live) {
            self.say(Vec::new(), true);
        } else {
            self.gone();
        }
    }
}
