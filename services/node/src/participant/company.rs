//! Telling how many agree, and telling the directors that the room lives.

use super::{Output, Participant};
use crate::{Event, Verified};
use chat_engine::{LinkState, Phase};
use chat_protocol::{director::Announcement, subject};

impl Participant {
    /// Tells agreement when it was compared and is another one than told before.
    pub(super) fn tell_agreement(&mut self) {
        let live = matches!(self.engine.phase(), Phase::Live) && self.link == LinkState::Up;
        if !live || !std::mem::take(&mut self.agreement_stale) {
            return;
        }
        let now = (self.engine.agreement(), self.engine.revision());
        if self.agreement == Some(now) {
            return;
        }
        self.agreement = Some(now);
        let digest = self.engine.transcript_digest();
        self.event(Event::Agreement { digest, same: now.0.same, of: now.0.of });
    }

    /// Tells the details behind the agreement.
    pub(super) fn tell_standings(&mut self) {
        let engine = &self.engine;
        let verified = Verified {
            digest: engine.frontier(),
            holes: engine.holes(),
            members: engine.standings().collect(),
            wanted: engine.wanted().collect(),
            waived: engine.waived().collect(),
        };
        self.event(Event::Verified(verified));
    }

    pub(super) fn announce(&mut self) {
        if !matches!(self.engine.phase(), Phase::Live) || self.link == LinkState::Down {
            return;
        }
        let members = self.engine.members().count() + 1;
        let engine = &self.engine;
        let present = engine.members().filter(|node| engine.is_present(node));
        if let Some(announcement) = self.announcer.due(self.now, engine.me(), present, members) {
            self.publish_announcement(&announcement);
        }
    }

    pub(super) fn publish_announcement(&mut self, announcement: &Announcement) {
        let subject = subject::lobby(announcement.room);
        let payload = serde_json::to_vec(announcement).expect("announcements serialize to memory");
        self.outputs.push_back(Output::Publish { subject, payload });
    }
}
