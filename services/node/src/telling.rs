//! The engine's terms in the user's: deliveries as messages, presence as member changes.

use crate::{
    Change, Closed, ConnectionState, Event, Message, MessageId, Origin, Reason, WallClock,
};
use chat_engine::{Delivery, LinkState, PresenceChange};
use chat_protocol::{Dot, Item, ItemKind, hash::TranscriptDigest};
use std::sync::Arc;

/// The permanent banner of a room without encryption.
pub(crate) const CLEAR: &str = "CLEAR: readable by anyone on this server";
/// What a room without an invite is told.
pub(crate) const OPEN: &str = "open: strangers may be listening";

pub(crate) fn origin(delivery: &Delivery, nick: Arc<str>, gap: Vec<Dot>) -> Arc<Origin> {
    let Delivery { entry, clock, late, backfill, via, .. } = delivery;
    Arc::new(Origin {
        dot: entry.dot(),
        nick,
        clock: clock.clone(),
        lamport: entry.frame.lamport,
        late: *late,
        gap,
        backfill: *backfill,
        via: *via,
    })
}

pub(crate) fn message(origin: &Arc<Origin>, index: usize, item: Item) -> Event {
    Event::Message(Message {
        origin: origin.clone(),
        index,
        action: item.kind == ItemKind::Action,
        text: item.text,
        sent_at: WallClock(item.at),
    })
}

/// The gap before a delivery, if it has one.
pub(crate) fn gap(delivery: &Delivery, items: &[Item]) -> Option<Event> {
    if delivery.gap.is_empty() {
        return None;
    }
    let shown = items.iter().position(is_message);
    let before = shown.map(|index| MessageId { dot: delivery.entry.dot(), index });
    Some(Event::Gap { missing: delivery.gap.clone(), before })
}

pub(crate) fn closed<'a>(
    reason: Reason,
    digest: TranscriptDigest,
    held: impl Iterator<Item = (Dot, &'a [u16])>,
) -> Closed {
    let ids = |(dot, messages): (Dot, &'a [u16])| {
        messages.iter().map(move |index| MessageId { dot, index: usize::from(*index) })
    };
    let order: Vec<_> = held.flat_map(ids).collect();
    Closed { reason, messages: order.len(), digest, order }
}

pub(crate) fn change(change: PresenceChange) -> Change {
    match change {
        PresenceChange::Joined => Change::Joined,
        PresenceChange::Left => Change::Left,
        PresenceChange::Unreachable => Change::Unreachable,
        PresenceChange::Gone => Change::Gone,
        PresenceChange::Back => Change::Back,
    }
}

pub(crate) fn connection(link: LinkState) -> Event {
    let state = match link {
        LinkState::Up => ConnectionState::Up,
        LinkState::Down => ConnectionState::Down,
    };
    Event::Connection { state }
}

/// Which items of a batch are messages. It is kept for as long as their frame: so it is no larger than
/// it need be, and not made by growing.
pub(crate) fn messages(items: &[Item]) -> Box<[u16]> {
    let mut messages = Vec::with_capacity(items.len());
    let all = (0..).zip(items);
    messages.extend(all.filter(|(_, item)| is_message(item)).map(|(index, _)| index));
    messages.into_boxed_slice()
}

fn is_message(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Text | ItemKind::Action)
}
