//! Telling how many agree, and telling the directors that the room lives.

use super::{Output, Participant};
use crate::{Event, Verified};
use chat_engine::{LinkState, Phase, Time};
use chat_protocol::{director::Announcement, subject};

impl Participant {
    /// A member, and connected: what the others show is news.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.engine.phase(), Phase::Live) && self.link == LinkState::Up
    }

    /// Tells agreement when it is another one than told before.
    pub(super) fn tell_agreement(&mut self) {
        if self.next_agreement().is_none_or(|next| self.now < next) {
            return;
        }
        let (agreement, revision) = (self.engine.agreement(), self.engine.revision());
        if self.agreeing.compare(self.now, agreement, revision) {
            let digest = self.engine.transcript_digest();
            self.event(Event::Agreement { digest, same: agreement.same, of: agreement.of });
        }
    }

    /// When an agreement that waits is told.
    pub(super) fn next_agreement(&self) -> Option<Time> {
        self.agreeing.next(self.engine.member_count()).filter(|_| self.is_live())
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
        self.event(Event::Verified(Box::new(verified)));
    }

    pub(super) fn announce(&mut self) {
        if !self.is_live() {
            return;
        }
        let members = self.engine.member_count();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, participant::saying::tests::settled};

    fn told(ann: &mut Participant) -> Vec<Event> {
        let outputs = std::iter::from_fn(|| ann.poll());
        let events = outputs.filter_map(|output| match output {
            Output::Events(events) => Some(events),
            _ => None,
        });
        events.flatten().filter(|event| matches!(event, Event::Agreement { .. })).collect()
    }

    fn say(ann: &mut Participant, now: Time) {
        ann.command(now, 0, Command::Say("said".into()));
        ann.flush();
    }

    #[test]
    fn agreement_is_told_at_once_and_then_no_more_often_but_always_in_the_end() {
        let mut ann = settled();
        let begun = Time::from_millis(500);
        told(&mut ann);
        say(&mut ann, begun);
        assert_eq!(told(&mut ann).len(), 1);
        let later = begun + Time::from_millis(50);
        (0..3).for_each(|_| say(&mut ann, later));
        assert_eq!(told(&mut ann), []);
        assert!(ann.next_timeout().is_some_and(|at| at <= begun + Time::from_millis(100)));
        ann.timeout(begun + Time::from_millis(100), 0);
        let digest = ann.digest();
        assert_eq!(told(&mut ann), [Event::Agreement { digest, same: 1, of: 1 }]);
    }
}
