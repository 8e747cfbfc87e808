//! One room on one NATS connection.
//!
//! [`Room::enter`] subscribes, catches up from the members present and goes live; from then
//! on [`Command`]s go in and [`Event`]s come out, through bounded channels. One task owns
//! the room: no locks, no callbacks.

mod agreeing;
mod announce;
mod arrivals;
mod congestion;
mod driver;
mod event;
mod handover;
mod listeners;
mod names;
mod outbox;
mod overheard;
mod participant;
mod room;
mod strangers;
mod telling;
mod unopened;
mod unshown;

pub use chat_engine::Standing;
pub use event::{
    Change, Closed, Code, ConnectionState, Event, Member, Message, MessageId, Notice, Origin,
    Ready, Reason, Verified, WallClock,
};
pub use handover::Events;
pub use listeners::{Company, Listener, ListenerKind, ListenersState, Look, company, look};
pub use participant::{Output, Participant, RequestKind};
pub use room::{Command, EnterError, Entry, Opening, Room, RoomAddress};
