//! NATS subjects. No user text ever stands in one.

use crate::{NodeId, RoomId};

/// The queue group of a room's synced members: one of them answers a `sync` request.
pub const MEMBERS_GROUP: &str = "members";
/// The directors' subject prefix; an endpoint's name follows.
pub const DIRECTOR: &str = "chat.director";
/// The prefix of announcements; a room follows.
pub const LOBBY: &str = "chat.lobby";

/// The first token of inboxes; with passes their user's public key follows.
pub const INBOX: &str = "_INBOX";

/// The subjects of one room.
#[derive(Clone, Debug)]
pub struct RoomSubjects {
    prefix: String,
}

impl RoomSubjects {
    /// The subjects of `room`.
    #[must_use]
    pub fn new(room: RoomId) -> Self {
        Self { prefix: format!("chat.room.{room}") }
    }

    /// Frames.
    #[must_use]
    pub fn msg(&self) -> String {
        format!("{}.msg", self.prefix)
    }

    /// Beats.
    #[must_use]
    pub fn beat(&self) -> String {
        format!("{}.beat", self.prefix)
    }

    /// Hellos.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}.key", self.prefix)
    }

    /// Requests to any one synced member.
    #[must_use]
    pub fn sync(&self) -> String {
        format!("{}.sync", self.prefix)
    }

    /// Requests to one member.
    #[must_use]
    pub fn node(&self, node: NodeId) -> String {
        format!("{}.node.{node}", self.prefix)
    }
}

/// Where a room is announced to the directors.
#[must_use]
pub fn lobby(room: RoomId) -> String {
    format!("{LOBBY}.{room}")
}

/// Whether an answer may go to this reply subject.
///
/// NATS doesn't check a reply subject against the requester's permissions, so whoever
/// answers anything but an inbox can be made to speak where the requester may not.
#[must_use]
pub fn is_inbox(reply: &str) -> bool {
    reply.starts_with(INBOX) && !reply.contains(['*', '>'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_those_of_the_contract() {
        let (room, node) = (RoomId([0; 16]), NodeId([0; 10]));
        let subjects = RoomSubjects::new(room);
        assert_eq!(subjects.msg(), format!("chat.room.{room}.msg"));
        assert_eq!(subjects.node(node), format!("chat.room.{room}.node.{node}"));
        assert_eq!(lobby(room), format!("chat.lobby.{room}"));
    }

    #[test]
    fn only_inboxes_are_answered() {
        assert!(is_inbox("_INBOX.abc.1") && is_inbox("_INBOX_me.abc"));
        for reply in ["chat.room.x.msg", "$SYS.x", "", "_INBOX.>", "inbox"] {
            assert!(!is_inbox(reply), "{reply}");
        }
    }
}
