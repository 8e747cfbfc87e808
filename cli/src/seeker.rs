//! Someone who waits alone in a public room and looks for company elsewhere.
//!
//! Two who ask for company at the same time, through different directors, each get a room of
//! their own. So whoever is alone asks again, naming its own room as one it doesn't want: after
//! 1 s, then with back-off up to 8 s and jitter. Of two who are alone the one in the room with
//! the higher id moves. A room that it doesn't move to, or where it found nobody, is named as
//! well from then on, until no other is left: one that nobody is in any more must not hide the
//! others for as long as directors remember it. All that takes its time beside what the user does in
//! the own room, and ends where somebody comes there.

use crate::failure::{self, Failure};
use chat_connect::Connection;
use chat_director::DirectorClient;
use chat_node::{Change, Command, EnterError, Entry, Event, Opening, Room, RoomAddress};
use chat_protocol::{
    NodeId, RoomId,
    director::{Assignment, Visibility},
    limits,
};
use futures_util::future::{BoxFuture, FutureExt, pending};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, sleep_until};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(8);
/// Random part of a pause, in ms.
const JITTER: u32 = 500;
/// What was said to nobody and will be said again, in messages and bytes.
const UNHEARD: usize = 1024;
const UNHEARD_BYTES: usize = 1 << 20;

/// See the module.
pub(crate) struct Seeker {
    connection: Connection,
    director: DirectorClient,
    /// The one taken last.
    nick: String,
    /// That with which another room is being entered, or was.
    entered_as: String,
    room: Option<RoomId>,
    others: BTreeSet<NodeId>,
    alone: bool,
    next: Instant,
    pause: Duration,
    passed: Passed,
    looking: Option<BoxFuture<'static, Option<Looked>>>,
    unheard: Vec<Command>,
    unheard_bytes: usize,
}

/// A room that a director named, and that room, if there is company.
type Looked = (Assignment, Option<Room>);

impl Seeker {
    pub(crate) fn new(connection: Connection, director: DirectorClient, nick: String) -> Self {
        Self {
            connection,
            director,
            entered_as: nick.clone(),
            nick,
            room: None,
            others: BTreeSet::new(),
            alone: false,
            next: Instant::now(),
            pause: FIRST_PAUSE,
            passed: Passed::default(),
            looking: None,
            unheard: Vec::new(),
            unheard_bytes: 0,
        }
    }

    /// Takes note of who is there.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Ready(ready) => {
                self.room = Some(ready.room);
                self.others.clear();
                self.be_alone(ready.members == 1);
            }
            Event::Member(member) => match member.change {
                Change::Joined | Change::Back => {
                    self.others.insert(member.node);
                    self.be_alone(false);
                    (self.unheard, self.unheard_bytes) = (Vec::new(), 0);
                }
                Change::Left | Change::Gone | Change::Expelled => {
                    self.others.remove(&member.node);
                    self.be_alone(self.others.is_empty());
                }
                Change::Unreachable | Change::Renamed => {}
            },
            _ => {}
        }
    }

    fn be_alone(&mut self, alone: bool) {
        if alone && !self.alone {
            self.pause = FIRST_PAUSE;
            self.next = Instant::now() + jittered(FIRST_PAUSE);
        }
        self.alone = alone;
        if !alone {
            self.looking = None;
        }
    }

    /// Takes note of what is said; false where nobody is there and it is too much to be said
    /// again.
    pub(crate) fn said(&mut self, command: &Command) -> bool {
        if let Command::Nick(nick) = command {
            self.nick.clone_from(nick);
        }
        let (Command::Say(text) | Command::Act(text)) = command else { return true };
        if !self.alone {
            return true;
        }
        let bytes = self.unheard_bytes + text.len();
        if bytes > UNHEARD_BYTES || self.unheard.len() >= UNHEARD {
            return false;
        }
        self.unheard_bytes = bytes;
        self.unheard.push(command.clone());
        true
    }

    /// What was said to nobody, where somebody hears it now.
    pub(crate) fn take_unheard(&mut self) -> Vec<Command> {
        if self.alone {
            return Vec::new();
        }
        self.unheard_bytes = 0;
        std::mem::take(&mut self.unheard)
    }

    /// The nick taken since the room with company began to be entered.
    pub(crate) fn renamed(&self) -> Option<String> {
        (self.nick != self.entered_as).then(|| self.nick.clone())
    }

    /// A room with company, entered; waits for ever while there is company here. May be cancelled.
    pub(crate) async fn company(&mut self) -> Room {
        loop {
            let Some(own) = self.room.filter(|_| self.alone) else { return pending().await };
            let looking = match &mut self.looking {
                Some(looking) => looking,
                None => {
                    sleep_until(self.next).await;
                    let looking = self.look(own).boxed();
                    self.looking.insert(looking)
                }
            };
            let looked = looking.await;
            self.looking = None;
            self.pause = (self.pause * 2).min(LAST_PAUSE);
            self.next = Instant::now() + jittered(self.pause);
            let Some((named, entered)) = looked else { continue };
            self.passed.note(&named);
            if let Some(room) = entered {
                return room;
            }
        }
    }

    fn look(&mut self, own: RoomId) -> impl Future<Output = Option<Looked>> + use<> {
        let (connection, director) = (self.connection.clone(), self.director.clone());
        let (except, nick) = (self.passed.except(own), self.nick.clone());
        self.entered_as.clone_from(&nick);
        async move {
            let named = director.random(except).await.ok()?;
            if !is_better(&named, own) {
                return Some((named, None));
            }
            let entering = enter(&connection, &director, named.clone(), &nick, Duration::ZERO);
            let entered = entering.await.ok().and_then(Result::ok);
            if entered.is_none() {
                // A pass names the rooms assigned last: this one stays among them.
                let _ = director.admit(own).await;
            }
            Some((named, entered))
        }
    }
}

/// Fails where the server doesn't let this node into any room; inside, where it can't enter this.
pub(crate) async fn enter(
    connection: &Connection,
    director: &DirectorClient,
    assignment: Assignment,
    nick: &str,
    patience: Duration,
) -> Result<Result<Room, EnterError>, Failure> {
    let let_in = director.let_in(&assignment).await;
    let_in.map_err(|error| failure::director(error, &connection.server))?;
    let entry = Entry {
        address: RoomAddress::Public(assignment.room),
        opening: if assignment.opened { Opening::Found } else { Opening::Join { patience } },
        nick: nick.to_owned(),
        topic: assignment.topic,
        history: Some(assignment.history),
        capacity: assignment.capacity,
        visibility: Visibility::Public,
        sealed: assignment.sealed,
    };
    Ok(Room::enter(connection.clone(), entry).await)
}

/// Rooms that were looked at, and are not asked for again: fewer than
/// [`limits::EXCEPTED_ROOMS`].
#[derive(Debug, Default)]
struct Passed(Vec<RoomId>);

impl Passed {
    /// Which rooms not to be told of, the own one first.
    fn except(&self, own: RoomId) -> Vec<RoomId> {
        let others = self.0.iter().copied().filter(|room| *room != own);
        std::iter::once(own).chain(others).take(limits::EXCEPTED_ROOMS).collect()
    }

    /// Takes note of an answer; where there was no other room, all are looked at again.
    fn note(&mut self, answer: &Assignment) {
        if answer.opened || self.0.len() + 1 >= limits::EXCEPTED_ROOMS {
            self.0.clear();
        } else if !self.0.contains(&answer.room) {
            self.0.push(answer.room);
        }
    }
}

fn jittered(pause: Duration) -> Duration {
    pause + Duration::from_millis(u64::from(getrandom::u32().unwrap_or(0) % JITTER))
}

/// Whether to move there: to where two or more are, or to one who won't move here.
fn is_better(room: &Assignment, own: RoomId) -> bool {
    let members = room.members.unwrap_or(0);
    !room.opened && room.room != own && (members >= 2 || members == 1 && room.room < own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::director::Visibility;

    fn assignment(room: u8, members: u32, opened: bool) -> Assignment {
        Assignment {
            room: RoomId([room; 16]),
            members: Some(members),
            visibility: Visibility::Public,
            topic: None,
            capacity: None,
            history: true,
            sealed: false,
            opened,
            pass: None,
        }
    }

    #[test]
    fn of_two_who_are_alone_exactly_one_moves() {
        for (a, b) in [(1, 2), (2, 1)] {
            let moves =
                |own: u8, other: u8| is_better(&assignment(other, 1, false), RoomId([own; 16]));
            assert!(moves(a, b) != moves(b, a));
        }
    }

    #[test]
    fn a_room_that_was_of_no_use_hides_no_other() {
        let (mut passed, own) = (Passed::default(), RoomId([5; 16]));
        assert_eq!(passed.except(own), [own]);
        passed.note(&assignment(1, 4, false));
        passed.note(&assignment(1, 4, false));
        assert_eq!(passed.except(own), [own, RoomId([1; 16])]);
        passed.note(&assignment(9, 0, true));
        assert_eq!(passed.except(own), [own], "there was no other");
        for room in 10..=200 {
            passed.note(&assignment(room, 1, false));
            assert!(passed.except(own).len() <= limits::EXCEPTED_ROOMS);
        }
    }

    #[test]
    fn company_is_moved_to_and_emptiness_is_not() {
        let own = RoomId([5; 16]);
        assert!(is_better(&assignment(9, 2, false), own));
        assert!(!is_better(&assignment(1, 0, false), own), "the last one has just left");
        assert!(!is_better(&assignment(1, 1, true), own), "opened for this question");
        assert!(!is_better(&assignment(5, 3, false), own), "the own one");
    }
}
