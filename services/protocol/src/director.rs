//! The director's requests and answers, and the announcements it learns from.

use crate::{RoomId, limits, text};
use serde::{Deserialize, Serialize};

/// The name of the micro-service (NATS ADR-32).
pub const SERVICE: &str = "chat-director";
/// The queue group that all directors share.
pub const QUEUE_GROUP: &str = "director";

/// Who is told that a room exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Whoever has the invite.
    Private,
    /// Everyone: listed, and found by `random`.
    Public,
}

/// `chat.director.open`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRequest {
    /// A private room's id, which its first node derived from its own secret; null for a
    /// public one, whose id the director makes.
    #[serde(default)]
    pub room: Option<RoomId>,
    /// Who is told of it.
    pub visibility: Visibility,
    /// What a public one is about. A private room's topic stays inside the room.
    #[serde(default)]
    pub topic: Option<String>,
    /// How many members fit, if not [`limits::MEMBERS`].
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Joiners are given the live transcript.
    pub history: bool,
    /// Contents are end-to-end encrypted.
    pub sealed: bool,
}

impl OpenRequest {
    /// A public room without a topic: sealed, with history, for as many as fit.
    #[must_use]
    pub fn public() -> Self {
        Self {
            room: None,
            visibility: Visibility::Public,
            topic: None,
            capacity: None,
            history: true,
            sealed: true,
        }
    }

    /// As [`OpenRequest::public`], a private one of this id.
    #[must_use]
    pub fn private(room: RoomId) -> Self {
        Self { room: Some(room), visibility: Visibility::Private, ..Self::public() }
    }
}

/// `chat.director.join`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The room.
    pub room: RoomId,
}

/// `chat.director.random`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomRequest {
    /// Rooms not to be put into.
    #[serde(default)]
    pub except: Vec<RoomId>,
}

/// Who asks, where the server wants a pass for each room: `user` and `pass` in any request, and
/// the whole of `chat.director.pass`. Others leave it out, and get no pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The public key of the user that a pass is wanted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's last pass: the new one is for its rooms, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
}

/// The answer to `pass`: for the rooms of the last one, none without that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// A user's JWT.
    pub pass: String,
}

/// The answer to `open`, `join` and `random`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The room.
    pub room: RoomId,
    /// Members when last announced; absent in the answer to `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u32>,
    /// Who is told of it.
    pub visibility: Visibility,
    /// A public room's topic.
    pub topic: Option<String>,
    /// How many members fit.
    pub capacity: Option<u32>,
    /// Joiners are given the live transcript.
    pub history: bool,
    /// Contents are end-to-end encrypted.
    pub sealed: bool,
    /// `random` found no place, so the room is new.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opened: bool,
    /// The user's JWT by which the server lets it into the room, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
}

/// The answer to `list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Public rooms, at most [`limits::LISTED_ROOMS`].
    pub rooms: Vec<ListedRoom>,
}

/// One public room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRoom {
    /// The room.
    pub room: RoomId,
    /// What it is about.
    pub topic: Option<String>,
    /// Members when last announced.
    pub members: u32,
    /// How many fit.
    pub capacity: Option<u32>,
    /// Seconds since the director first heard of it.
    pub age_s: u64,
}

/// `chat.lobby.<room>`: what a member tells all directors every [`limits::ANNOUNCE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// [`crate::envelope::VERSION`]
    pub v: u64,
    /// Always `room`.
    pub kind: AnnouncementKind,
    /// The room; must be the one of the subject.
    pub room: RoomId,
    /// Members present.
    pub members: u32,
    /// Who is told of it.
    pub visibility: Visibility,
    /// A public room's topic.
    #[serde(default)]
    pub topic: Option<String>,
    /// How many members fit.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Joiners are given the live transcript.
    pub history: bool,
    /// Contents are end-to-end encrypted.
    pub sealed: bool,
    /// The last member has left: forget it at once.
    #[serde(default)]
    pub closing: bool,
    /// The members let nobody in any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

/// The kind of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnouncementKind {
    /// A room.
    Room,
}

/// Failures as services tell them: `Nats-Service-Error-Code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Refusal {
    /// The request is malformed.
    Malformed = 400,
    /// The pass shown is another's, too old, or not signed by this account's directors.
    Stale = 401,
    /// The room is full.
    Full = 403,
    /// No such discussion, any more or ever.
    Over = 404,
    /// There is such a room already.
    Exists = 409,
    /// The members let nobody in any more.
    Locked = 423,
    /// The director's memory is full, or too much was asked.
    TooMany = 429,
}

impl Refusal {
    /// The code on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The refusal of a code, if it is one of ours.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        [
            Self::Malformed,
            Self::Stale,
            Self::Full,
            Self::Over,
            Self::Exists,
            Self::Locked,
            Self::TooMany,
        ]
        .into_iter()
        .find(|refusal| refusal.code() == code)
    }
}

/// A topic as it may be shown and announced: cleaned, and cut to [`limits::TOPIC_CHARS`];
/// nothing if nothing is left.
#[must_use]
pub fn clean_topic(topic: &str) -> Option<String> {
    let clean = text::one_line(topic, limits::TOPIC_CHARS);
    (!clean.is_empty()).then_some(clean)
}
