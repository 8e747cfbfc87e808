//! What a director remembers, and what it answers from that. No I/O, no clock.

use chat_protocol::{
    RoomId,
    director::{
        Announcement, AnnouncementKind, Assignment, ListedRoom, Listing, OpenRequest,
        RandomRequest, Refusal, Visibility, clean_topic,
    },
    envelope::VERSION,
    limits,
};
use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

/// Time since an origin that the caller chooses.
type Time = Duration;

#[expect(clippy::cast_possible_truncation, reason = "1024 fits")]
const MEMBERS: u32 = limits::MEMBERS as u32;

/// Strangers are put into a room up to this size while there is a choice: a conversation,
/// not a crowd.
const COMPANY: u32 = 8;

#[derive(Clone, Debug)]
struct Known {
    announced: Announcement,
    first: Time,
    last: Time,
    /// Announcements since `second` began.
    second: Time,
    count: u32,
}

impl Known {
    fn capacity(&self) -> u32 {
        self.announced.capacity.unwrap_or(MEMBERS)
    }

    fn is_full(&self) -> bool {
        self.announced.members >= self.capacity()
    }
}

/// Rooms heard of lately: at most [`limits::ROOMS`], each forgotten [`limits::FORGET`] after
/// its last announcement.
#[derive(Debug, Default)]
pub struct Rooms {
    known: BTreeMap<RoomId, Known>,
}

impl Rooms {
    /// Takes an announcement that came on the lobby subject of `room`. What makes no sense
    /// is ignored; false then.
    pub fn announced(&mut self, now: Time, room: RoomId, mut announcement: Announcement) -> bool {
        let sane = announcement.v == VERSION
            && announcement.kind == AnnouncementKind::Room
            && announcement.room == room
            && announcement.members <= MEMBERS;
        if !sane {
            return false;
        }
        if announcement.closing {
            return self.known.remove(&room).is_some();
        }
        announcement.topic = topic(&announcement);
        if let Some(known) = self.known.get_mut(&room) {
            if now >= known.second + Duration::from_secs(1) {
                (known.second, known.count) = (now, 0);
            }
            known.count += 1;
            if known.count > limits::ANNOUNCEMENTS_PER_ROOM {
                return false;
            }
            known.last = now;
            known.announced = announcement;
            return true;
        }
        self.remember(now, announcement).is_ok()
    }

    /// How many rooms there are, and how many members they announced.
    pub(crate) fn count(&self) -> (i64, i64) {
        let members = self.known.values().map(|known| i64::from(known.announced.members)).sum();
        (i64::try_from(self.known.len()).unwrap_or(i64::MAX), members)
    }

    /// Opens a room. `fresh` is the id that a public one gets.
    ///
    /// # Errors
    /// 400 where id and visibility don't fit, 409 where there is such a room, 429 where
    /// memory is full.
    pub fn open(
        &mut self,
        now: Time,
        request: OpenRequest,
        fresh: RoomId,
    ) -> Result<Assignment, Refusal> {
        let room = match (request.visibility, request.room) {
            (Visibility::Private, Some(room)) => room,
            (Visibility::Public, None) => fresh,
            _ => return Err(Refusal::Malformed),
        };
        if request.capacity.is_some_and(|n| n == 0 || n > MEMBERS) {
            return Err(Refusal::Malformed);
        }
        if self.known.contains_key(&room) {
            return Err(Refusal::Exists);
        }
        let mut announcement = Announcement {
            v: VERSION,
            kind: AnnouncementKind::Room,
            room,
            members: 0,
            visibility: request.visibility,
            topic: request.topic,
            capacity: request.capacity,
            history: request.history,
            sealed: request.sealed,
            closing: false,
            locked: false,
        };
        announcement.topic = topic(&announcement);
        self.remember(now, announcement.clone())?;
        Ok(Assignment { members: None, ..assignment(&announcement) })
    }

    /// The way into a room.
    ///
    /// # Errors
    /// 404 where there is none, 423 where its members let nobody in, 403 where it is full.
    pub fn join(&mut self, room: RoomId) -> Result<Assignment, Refusal> {
        let known = self.known.get_mut(&room).ok_or(Refusal::Over)?;
        if known.announced.locked {
            return Err(Refusal::Locked);
        }
        if known.is_full() {
            return Err(Refusal::Full);
        }
        let assignment = assignment(&known.announced);
        // Counted until the next announcement says better: a burst must not overfill it.
        known.announced.members += 1;
        Ok(assignment)
    }

    /// A public room with a place: of those with a comfortable number of members the
    /// fullest, then by id, so that those who ask at the same time meet. If there is none a
    /// new one is opened under the id `fresh`; a probe that excepts rooms leaves no trace of it.
    ///
    /// # Errors
    /// 429 where memory is full or too many rooms are excepted.
    pub fn random(
        &mut self,
        now: Time,
        request: &RandomRequest,
        fresh: RoomId,
    ) -> Result<Assignment, Refusal> {
        if request.except.len() > limits::EXCEPTED_ROOMS {
            return Err(Refusal::TooMany);
        }
        let fits = |known: &&Known| {
            known.announced.visibility == Visibility::Public
                && !known.is_full()
                && !known.announced.locked
                && !request.except.contains(&known.announced.room)
        };
        let company = |known: &&Known| {
            let members = known.announced.members;
            let crowd = members >= COMPANY;
            (crowd, if crowd { members } else { COMPANY - members }, known.announced.room)
        };
        let best = self.known.values().filter(fits).min_by_key(company);
        if let Some(known) = best {
            // Who excepts rooms has one, or has just found one empty, and may well not come: a
            // place kept for each of its questions would make a room look fuller the longer it
            // is asked about.
            if !request.except.is_empty() {
                return Ok(assignment(&known.announced));
            }
            let room = known.announced.room;
            return self.join(room);
        }
        let open = OpenRequest::public();
        // Someone who waits alone in a room of its own looks for company: a room remembered for
        // such a probe would only be another empty one.
        let opened = if request.except.is_empty() {
            self.open(now, open, fresh)?
        } else {
            Self::default().open(now, open, fresh)?
        };
        Ok(Assignment { members: Some(0), opened: true, ..opened })
    }

    /// Public rooms that have members and aren't locked, the largest first.
    #[must_use]
    pub fn list(&self, now: Time) -> Listing {
        let public = self.known.values().filter(|known| {
            let Announcement { visibility, members, locked, .. } = known.announced;
            visibility == Visibility::Public && members > 0 && !locked
        });
        let mut rooms: Vec<_> = public
            .map(|known| ListedRoom {
                room: known.announced.room,
                topic: known.announced.topic.clone(),
                members: known.announced.members,
                capacity: known.announced.capacity,
                age_s: now.saturating_sub(known.first).as_secs(),
            })
            .collect();
        rooms.sort_by_key(|room| (Reverse(room.members), room.room));
        rooms.truncate(limits::LISTED_ROOMS);
        Listing { rooms }
    }

    /// Forgets rooms that nobody has announced for [`limits::FORGET`]. O(rooms).
    pub fn forget(&mut self, now: Time) {
        self.known.retain(|_, known| known.last + limits::FORGET > now);
    }

    /// Whether a room is remembered.
    #[must_use]
    pub fn knows(&self, room: &RoomId) -> bool {
        self.known.contains_key(room)
    }

    /// Rooms remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether no room is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn remember(&mut self, now: Time, announced: Announcement) -> Result<(), Refusal> {
        if self.known.len() >= limits::ROOMS {
            return Err(Refusal::TooMany);
        }
        let known = Known { first: now, last: now, second: now, count: 0, announced };
        self.known.insert(known.announced.room, known);
        Ok(())
    }
}

/// A public room's topic, cleaned; a private one's stays inside the room.
fn topic(announcement: &Announcement) -> Option<String> {
    let public = announcement.visibility == Visibility::Public;
    announcement.topic.as_deref().filter(|_| public).and_then(clean_topic)
}

fn assignment(announced: &Announcement) -> Assignment {
    Assignment {
        room: announced.room,
        members: Some(announced.members),
        visibility: announced.visibility,
        topic: announced.topic.clone(),
        capacity: announced.capacity,
        history: announced.history,
        sealed: announced.sealed,
        opened: false,
        pass: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(n: u8) -> RoomId {
        RoomId([n; 16])
    }

    fn public(n: u8, members: u32) -> Announcement {
        Announcement {
            v: 1,
            kind: AnnouncementKind::Room,
            room: room(n),
            members,
            visibility: Visibility::Public,
            topic: Some("a\u{1b}[31mb".into()),
            capacity: Some(10),
            history: true,
            sealed: false,
            closing: false,
            locked: false,
        }
    }

    fn seconds(n: u64) -> Time {
        Time::from_secs(n)
    }

    fn open_private(n: u8) -> OpenRequest {
        OpenRequest {
            room: Some(room(n)),
            visibility: Visibility::Private,
            topic: Some("secret".into()),
            capacity: None,
            history: true,
            sealed: false,
        }
    }

    #[test]
    fn a_room_is_known_while_it_is_announced_and_forgotten_after() {
        let mut rooms = Rooms::default();
        assert_eq!(rooms.join(room(1)), Err(Refusal::Over));
        assert!(rooms.announced(seconds(0), room(1), public(1, 2)));
        rooms.forget(seconds(14));
        assert_eq!(rooms.join(room(1)).unwrap().members, Some(2));
        rooms.forget(seconds(15));
        assert_eq!(rooms.join(room(1)), Err(Refusal::Over));
    }

    #[test]
    fn the_last_one_closes_it_at_once() {
        let mut rooms = Rooms::default();
        rooms.announced(seconds(0), room(1), public(1, 2));
        rooms.announced(seconds(1), room(1), Announcement { closing: true, ..public(1, 0) });
        assert!(rooms.is_empty());
    }

    #[test]
    fn forged_and_frequent_announcements_change_nothing() {
        let mut rooms = Rooms::default();
        assert!(!rooms.announced(seconds(0), room(2), public(1, 2)), "another room's subject");
        assert!(!rooms.announced(seconds(0), room(1), Announcement { v: 2, ..public(1, 2) }));
        assert!(!rooms.announced(seconds(0), room(1), public(1, 5000)));
        assert!(rooms.is_empty());
        let taken = (0..100).filter(|_| rooms.announced(seconds(0), room(1), public(1, 2))).count();
        assert_eq!(taken, 1 + limits::ANNOUNCEMENTS_PER_ROOM as usize);
    }

    #[test]
    fn memory_is_bounded() {
        let mut rooms = Rooms::default();
        for n in 0..u32::try_from(limits::ROOMS).unwrap() + 10 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            let announcement = Announcement { room: RoomId(id), ..public(0, 1) };
            rooms.announced(seconds(0), RoomId(id), announcement);
        }
        assert_eq!(rooms.len(), limits::ROOMS);
        assert_eq!(rooms.open(seconds(0), open_private(0xff), room(0)), Err(Refusal::TooMany));
    }

    #[test]
    fn an_opened_room_can_be_joined_at_once_and_not_opened_again() {
        let mut rooms = Rooms::default();
        let opened = rooms.open(seconds(0), open_private(1), room(9)).unwrap();
        assert_eq!((opened.room, opened.topic), (room(1), None), "its topic stays inside");
        assert!(rooms.join(room(1)).is_ok());
        assert_eq!(rooms.open(seconds(0), open_private(1), room(9)), Err(Refusal::Exists));
        let public = OpenRequest { room: None, visibility: Visibility::Public, ..open_private(1) };
        assert_eq!(rooms.open(seconds(0), public.clone(), room(9)).unwrap().room, room(9));
        let malformed = OpenRequest { room: Some(room(3)), ..public.clone() };
        assert_eq!(rooms.open(seconds(0), malformed, room(8)), Err(Refusal::Malformed));
        let malformed = OpenRequest { capacity: Some(0), ..public };
        assert_eq!(rooms.open(seconds(0), malformed, room(8)), Err(Refusal::Malformed));
    }

    #[test]
    fn a_full_room_takes_nobody_in_not_even_in_a_burst() {
        let mut rooms = Rooms::default();
        rooms.announced(seconds(0), room(1), public(1, 8));
        assert!(rooms.join(room(1)).is_ok() && rooms.join(room(1)).is_ok());
        assert_eq!(rooms.join(room(1)), Err(Refusal::Full));
        assert!(rooms.random(seconds(0), &RandomRequest::default(), room(2)).unwrap().opened);
    }

    #[test]
    fn a_locked_room_is_given_to_nobody_and_no_place_in_it_is_taken() {
        let mut rooms = Rooms::default();
        rooms.announced(seconds(0), room(1), Announcement { locked: true, ..public(1, 9) });
        assert_eq!(rooms.join(room(1)), Err(Refusal::Locked));
        assert_eq!(rooms.join(room(1)), Err(Refusal::Locked), "not full");
        assert!(rooms.random(seconds(0), &RandomRequest::default(), room(2)).unwrap().opened);
        assert!(rooms.list(seconds(0)).rooms.is_empty());
    }

    #[test]
    fn strangers_meet_in_the_same_room() {
        let mut rooms = Rooms::default();
        let nobody = RandomRequest::default();
        let first = rooms.random(seconds(0), &nobody, room(7)).unwrap();
        let second = rooms.random(seconds(0), &nobody, room(8)).unwrap();
        assert!(first.opened && !second.opened);
        assert_eq!(first.room, second.room);
        rooms.announced(seconds(1), room(1), public(1, 3));
        rooms.announced(seconds(1), room(2), public(2, 9));
        assert_eq!(rooms.random(seconds(1), &nobody, room(9)).unwrap().room, room(1));
        let except = RandomRequest { except: vec![room(1), room(7)] };
        assert_eq!(rooms.random(seconds(1), &except, room(9)).unwrap().room, room(2));
    }

    #[test]
    fn a_lone_nodes_probe_for_company_leaves_no_empty_room_behind() {
        let mut rooms = Rooms::default();
        let probe = RandomRequest { except: vec![room(1)] };
        assert!(rooms.random(seconds(0), &probe, room(2)).unwrap().opened);
        assert!(rooms.is_empty());
    }

    #[test]
    fn a_lone_nodes_probe_takes_no_place() {
        let mut rooms = Rooms::default();
        rooms.announced(seconds(0), room(1), public(1, 1));
        let probe = RandomRequest { except: vec![room(2)] };
        for _ in 0..20 {
            assert_eq!(rooms.random(seconds(0), &probe, room(3)).unwrap().members, Some(1));
        }
    }

    #[test]
    fn only_public_rooms_with_members_are_listed_the_largest_first_and_cleaned() {
        let mut rooms = Rooms::default();
        rooms.announced(seconds(0), room(1), public(1, 2));
        rooms.announced(seconds(0), room(2), public(2, 5));
        rooms.open(seconds(0), open_private(3), room(9)).unwrap();
        let listing = rooms.list(seconds(7));
        let listed: Vec<_> =
            listing.rooms.iter().map(|listed| (listed.room, listed.age_s)).collect();
        assert_eq!(listed, [(room(2), 7), (room(1), 7)]);
        assert!(!listing.rooms[0].topic.as_deref().unwrap().contains('\u{1b}'));
    }

    #[test]
    fn a_list_names_so_many_rooms_and_the_largest_of_them() {
        let mut rooms = Rooms::default();
        for n in 0..u32::try_from(limits::LISTED_ROOMS).unwrap() + 10 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            let members = if n < 10 { 1 } else { 2 };
            let announcement = Announcement { room: RoomId(id), ..public(0, members) };
            rooms.announced(seconds(0), RoomId(id), announcement);
        }
        let listed = rooms.list(seconds(0)).rooms;
        assert_eq!(listed.len(), limits::LISTED_ROOMS);
        assert!(listed.iter().all(|room| room.members == 2));
    }

    #[test]
    fn so_many_rooms_may_be_excepted_and_no_more() {
        let mut rooms = Rooms::default();
        rooms.announced(seconds(0), room(1), public(1, 2));
        let mut random = |excepted| {
            let request = RandomRequest { except: vec![room(9); excepted] };
            rooms.random(seconds(0), &request, room(2))
        };
        assert!(random(limits::EXCEPTED_ROOMS).is_ok());
        assert_eq!(random(limits::EXCEPTED_ROOMS + 1), Err(Refusal::TooMany));
    }
}
