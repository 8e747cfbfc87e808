//! Telling the directors that the room lives: one member does, the one with the lowest id.

use crate::room::Entry;
use chat_engine::Time;
use chat_protocol::{
    NodeId, RoomId,
    director::{Announcement, AnnouncementKind, Visibility},
    envelope::VERSION,
    limits,
};

/// A change of membership is announced at most this often.
const CHANGE: Time = Time::from_secs(1);

/// When to announce next, and what.
#[derive(Debug)]
pub(crate) struct Announcer {
    template: Announcement,
    next: Time,
    last: Option<Time>,
}

impl Announcer {
    pub(crate) fn new(room: RoomId, entry: &Entry, now: Time) -> Self {
        let template = Announcement {
            v: VERSION,
            kind: AnnouncementKind::Room,
            room,
            members: 0,
            visibility: entry.visibility,
            topic: None,
            capacity: None,
            history: true,
            sealed: false,
            closing: false,
        };
        let mut announcer = Self { template, next: now, last: None };
        announcer.learn(entry);
        announcer
    }

    /// What is known of the room, perhaps more than before.
    pub(crate) fn learn(&mut self, entry: &Entry) {
        let public = self.template.visibility == Visibility::Public;
        // A private room's topic stays inside the room.
        self.template.topic = entry.topic.clone().filter(|_| public);
        self.template.capacity = entry.capacity;
        self.template.history = entry.history.unwrap_or(true);
    }

    pub(crate) fn next(&self) -> Time {
        self.next
    }

    /// The number of members changed, or the connection is new.
    pub(crate) fn changed(&mut self, now: Time) {
        let soon = self.last.map_or(now, |last| last + CHANGE).max(now);
        self.next = self.next.min(soon);
    }

    /// The announcement that is due, if it is this node's turn among those present.
    pub(crate) fn due(
        &mut self,
        now: Time,
        me: NodeId,
        mut present: impl Iterator<Item = NodeId>,
        members: usize,
    ) -> Option<Announcement> {
        if self.next > now {
            return None;
        }
        self.next = now + limits::ANNOUNCE;
        self.last = Some(now);
        present.all(|node| node > me).then(|| self.with(members, false))
    }

    /// The last one has left.
    pub(crate) fn closing(&self) -> Announcement {
        self.with(0, true)
    }

    fn with(&self, members: usize, closing: bool) -> Announcement {
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        Announcement { members, closing, ..self.template.clone() }
    }
}
