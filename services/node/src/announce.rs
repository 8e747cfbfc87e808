//! Telling the directors that the room lives: one member does, the one with the lowest id. In a large
//! room it takes longer to see that one is gone than directors remember: there the lowest three do.

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

/// Up to so many members one announces,
const SMALL: usize = 32;
/// and of more so many.
const ANNOUNCERS: usize = 3;

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
            sealed: entry.sealed,
            closing: false,
            locked: false,
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

    /// Nobody is let in any more: no director should send anybody from now on.
    pub(crate) fn locked(&mut self, now: Time) {
        self.template.locked = true;
        self.next = now;
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
        present: impl Iterator<Item = NodeId>,
        members: usize,
    ) -> Option<Announcement> {
        if self.next > now {
            return None;
        }
        self.next = now + limits::ANNOUNCE;
        self.last = Some(now);
        let announcers = if members > SMALL { ANNOUNCERS } else { 1 };
        let before = present.filter(|node| *node < me).take(announcers).count();
        (before < announcers).then(|| self.with(members, false))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{Opening, RoomAddress};

    fn announcer() -> Announcer {
        let room = RoomId([1; 16]);
        let entry = Entry {
            address: RoomAddress::Public(room),
            opening: Opening::Found,
            nick: "ann".into(),
            topic: None,
            history: Some(true),
            capacity: None,
            visibility: Visibility::Public,
            sealed: true,
        };
        Announcer::new(room, &entry, Time::ZERO)
    }

    const ME: NodeId = NodeId([5; 10]);

    #[test]
    fn a_room_is_announced_every_few_seconds_and_soon_after_a_change() {
        let mut announcer = announcer();
        let due =
            |announcer: &mut Announcer, at| announcer.due(at, ME, std::iter::empty(), 1).is_some();
        assert!(due(&mut announcer, Time::ZERO));
        assert_eq!(announcer.next(), limits::ANNOUNCE);
        assert!(!due(&mut announcer, limits::ANNOUNCE - Time::from_millis(1)));
        assert!(due(&mut announcer, limits::ANNOUNCE));
        announcer.changed(limits::ANNOUNCE);
        announcer.changed(limits::ANNOUNCE);
        assert_eq!(announcer.next(), limits::ANNOUNCE + CHANGE);
    }

    #[test]
    fn a_lock_is_announced_at_once_and_from_then_on() {
        let mut announcer = announcer();
        let due = |announcer: &mut Announcer, at| announcer.due(at, ME, std::iter::empty(), 1);
        assert!(!due(&mut announcer, Time::ZERO).unwrap().locked);
        announcer.locked(Time::ZERO);
        assert!(due(&mut announcer, Time::ZERO).unwrap().locked);
        assert!(due(&mut announcer, limits::ANNOUNCE).unwrap().locked);
    }

    #[test]
    fn only_the_lowest_of_those_present_announces_and_in_a_large_room_the_lowest_three() {
        for (members, announcers) in [(SMALL, 1), (SMALL + 1, ANNOUNCERS)] {
            for lower in 0..5 {
                let lower_ids = (0..lower).map(|n| NodeId([n; 10]));
                let present = lower_ids.chain([NodeId([6; 10])]);
                let due = announcer().due(Time::ZERO, ME, present, members);
                assert_eq!(due.is_some(), usize::from(lower) < announcers, "{members}, {lower}");
            }
        }
    }

    #[test]
    fn in_a_large_room_another_announces_before_the_directors_forget() {
        let interval = limits::BEAT_PER_MEMBER * u32::try_from(SMALL).unwrap();
        let silent = limits::UNREACHABLE_BEATS * interval;
        assert!(silent + limits::ANNOUNCE <= limits::FORGET, "one alone does for so many");
    }
}
