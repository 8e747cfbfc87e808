//! What a room tells its user: the events of the `--json` contract, field by field.

use crate::{Listener, ListenersState};
use bytestring::ByteString;
use chat_engine::Standing;
use chat_protocol::{Dot, Lamport, NodeId, RoomId, VectorClock, hash::TranscriptDigest};
use jiff::Timestamp;
use serde::{Serialize, ser::SerializeStruct};
use std::{fmt, sync::Arc};

/// Something that happened in a room. Serialized, it is one line of `chat --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The node is in the room. Always first.
    Ready(Box<Ready>),
    /// What was said before this node came in is on its way. No part of the contract: it
    /// can't be serialized.
    #[serde(skip)]
    CatchingUp {
        /// Frames that are here.
        held: usize,
        /// Frames in all.
        of: usize,
    },
    /// Something said, in causal order.
    Message(Message),
    /// Someone's presence or nick changed.
    Member(Box<Member>),
    /// How many present members have the same transcript.
    Agreement {
        /// Of this node's transcript.
        digest: TranscriptDigest,
        /// Members with the same one, this node included.
        same: usize,
        /// Members present, this node included.
        of: usize,
    },
    /// A message is shown without some that it depends on: nobody could give them.
    Gap {
        /// The missing frames.
        missing: Vec<Dot>,
        /// The message shown without them.
        before: Option<MessageId>,
    },
    /// What is known of listeners: told once the node is live, and when it changes.
    Listeners {
        /// Whether any were seen.
        state: ListenersState,
        /// Which.
        found: Vec<Listener>,
    },
    /// The answer to [`Command::Verify`](crate::Command::Verify). No part of the contract:
    /// it can't be serialized.
    #[serde(skip)]
    Verified(Box<Verified>),
    /// The connection to the server came or went.
    Connection {
        /// Which.
        state: ConnectionState,
    },
    /// Something asked for was not done.
    Error(Notice),
    /// Something the user should know.
    Warning(Notice),
    /// The node is out of the room. Always last.
    Closed(Box<Closed>),
}

/// See [`Event::Ready`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ready {
    /// The room.
    pub room: RoomId,
    /// This node.
    pub node: NodeId,
    /// This node's nick.
    pub nick: String,
    /// A hash of this node's public key, as the others see it.
    pub fingerprint: String,
    /// What to pass on to those who should join: the invite of a private room, the id of a
    /// public one.
    pub invite: String,
    /// The server, without credentials.
    pub server: String,
    /// Contents are end-to-end encrypted.
    pub sealed: bool,
    /// Joiners are given the live transcript.
    pub history: bool,
    /// Members present, this node included.
    pub members: usize,
    /// What the discussion is about.
    pub topic: Option<String>,
}

/// See [`Event::Message`]. Small: there are hundreds in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What it has in common with the others of its frame.
    pub origin: Arc<Origin>,
    /// Its place in the frame's batch, from 0.
    pub index: usize,
    /// Verbatim; clean it before a terminal sees it.
    pub text: ByteString,
    /// The text is something done (`/me`), not said.
    pub action: bool,
    /// The author's wall clock: a label.
    pub sent_at: WallClock,
}

/// What the messages of a frame have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The frame.
    pub dot: Dot,
    /// Its author's nick at the time.
    pub nick: Arc<str>,
    /// Everything in its past: the full vector clock.
    pub clock: Arc<VectorClock>,
    /// Its Lamport time.
    pub lamport: Lamport,
    /// Its place is before a message already shown.
    pub late: bool,
    /// Frames that it depends on and that nobody could give.
    pub gap: Vec<Dot>,
    /// From before this node joined.
    pub backfill: bool,
    /// Who repaired it, if it didn't come from its author.
    pub via: Option<NodeId>,
}

impl Message {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> MessageId {
        MessageId { dot: self.origin.dot, index: self.index }
    }

    /// Its author.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.origin.dot.node
    }
}

impl Serialize for Message {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { origin, text, action, sent_at, .. } = self;
        let Origin { nick, clock, lamport, late, gap, backfill, via, .. } = &**origin;
        let mut fields = serializer.serialize_struct("Message", 11 + usize::from(*action))?;
        fields.serialize_field("id", &self.id())?;
        fields.serialize_field("node", &self.node())?;
        fields.serialize_field("nick", nick)?;
        fields.serialize_field("text", text)?;
        if *action {
            fields.serialize_field("action", action)?;
        }
        fields.serialize_field("clock", clock)?;
        fields.serialize_field("lamport", lamport)?;
        fields.serialize_field("sent_at", sent_at)?;
        fields.serialize_field("late", late)?;
        fields.serialize_field("gap", gap)?;
        fields.serialize_field("backfill", backfill)?;
        fields.serialize_field("via", via)?;
        fields.end()
    }
}

/// The name of a message: its frame's dot and its index in the frame's batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// The frame.
    pub dot: Dot,
    /// From 0.
    pub index: usize,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.dot, self.index)
    }
}

impl Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Ms since 1970 by somebody's wall clock; as text RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock(pub u64);

impl WallClock {
    /// The time; what lies outside the calendar is the calendar's end.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        let millis = i64::try_from(self.0).ok();
        millis.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX)
    }
}

impl Serialize for WallClock {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.timestamp())
    }
}

/// See [`Event::Member`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// What changed.
    pub change: Change,
    /// Whose.
    pub node: NodeId,
    /// The nick, after the change.
    pub nick: String,
    /// A hash of the public key, to compare over another channel.
    pub fingerprint: String,
    /// Of one who was renamed: the nick before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

/// See [`Event::Verified`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Of this node's frontier.
    pub digest: TranscriptDigest,
    /// Frames that this node lacks below its authors' tops.
    pub holes: u64,
    /// The other members, by node.
    pub members: Vec<Standing>,
    /// Missing frames that are being asked for.
    pub wanted: Vec<Dot>,
    /// Missing frames that nobody could give so far.
    pub waived: Vec<Dot>,
}

/// A change of someone's presence or nick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Came in, or was there before this node.
    Joined,
    /// Left for good.
    Left,
    /// Not heard of for some seconds. A local opinion.
    Unreachable,
    /// Heard of again.
    Back,
    /// Silent for so long that it no longer counts as present. A local opinion.
    Gone,
    /// Convicted of signing two contents with one name.
    Expelled,
    /// Took another nick.
    Renamed,
}

/// The state of the connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Connected.
    Up,
    /// Not connected; the client keeps trying.
    Down,
}

/// A coded message of one or two lines: what happened, why, what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
}

impl Notice {
    /// A notice of this code and text.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What a [`Notice`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A line of input is not what was expected.
    BadInput,
    /// A text is over the limit.
    TooLong,
    /// A line of input is not UTF-8.
    NotUtf8,
    /// Nothing to say.
    Empty,
    /// Too much at once.
    Rate,
    /// The server refused or reported something.
    Server,
    /// The server could keep what passes: JetStream is on.
    Jetstream,
    /// Contents are not encrypted.
    Clear,
    /// The room has no secret: whoever comes in reads along.
    Open,
    /// Nobody else is let in any more.
    Locked,
    /// Something was said that can't be read here.
    Unread,
    /// Messages of the room were refused: garbage, forged or broken ones.
    Refused,
    /// Older messages are no longer held.
    Trimmed,
    /// The invite was given where others on this machine can read it.
    InviteVisible,
}

/// See [`Event::Closed`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Closed {
    /// Why.
    pub reason: Reason,
    /// Messages held.
    pub messages: usize,
    /// Of the transcript held.
    pub digest: TranscriptDigest,
    /// The ids of the messages held, in the order of the transcript.
    pub order: Vec<MessageId>,
}

/// Why a node is out of its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its user left.
    Left,
    /// Its input ended.
    EndOfInput,
    /// It was told to end (SIGINT, SIGTERM).
    Signal,
    /// It was convicted by the others.
    Expelled,
    /// The server is gone for good.
    ServerLost,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::Number;

    #[test]
    fn a_message_is_one_line_of_the_contract_and_little_to_move() {
        let dot = Dot::new(NodeId([0; 10]), Number(2));
        let origin = Origin {
            dot,
            nick: "ann".into(),
            clock: Arc::new([dot].into_iter().collect()),
            lamport: Lamport(7),
            late: false,
            gap: vec![Dot::new(dot.node, Number(1))],
            backfill: true,
            via: None,
        };
        let (origin, text, sent_at) = (origin.into(), "hi".into(), WallClock(0));
        let mut message = Message { origin, index: 3, text, action: false, sent_at };
        let json = |message: &Message| {
            serde_json::to_string(&Event::Message(message.clone())).expect("it has text keys")
        };
        let expected = r#"{"event":"message","id":"aaaaaaaaaaaaaaaa:2.3","node":"aaaaaaaaaaaaaaaa","nick":"ann","text":"hi","clock":{"aaaaaaaaaaaaaaaa":2},"lamport":7,"sent_at":"1970-01-01T00:00:00Z","late":false,"gap":["aaaaaaaaaaaaaaaa:1"],"backfill":true,"via":null}"#;
        assert_eq!(json(&message), expected);
        message.action = true;
        assert_eq!(json(&message), expected.replace(r#""hi","#, r#""hi","action":true,"#));
        assert!(size_of::<Event>() <= 72);
    }
}
