//! What a room tells its user, on its way: handed over by the chunk, because one event at a time
//! costs more than making it.

use crate::Event;
use tokio::sync::mpsc;

/// Chunks on their way.
const CHUNKS: usize = 2;
/// Events that the user hasn't taken in the last chunk; while there are more, nothing is received.
const WAITING: usize = 4096;

/// What happened while there was no room for more, as it was told: a list of lists, for to join those is
/// to move each event once more.
type Chunk = Vec<Vec<Event>>;

/// The user's end.
#[derive(Debug)]
pub struct Events {
    chunks: mpsc::Receiver<Chunk>,
    chunk: std::iter::Flatten<std::vec::IntoIter<Vec<Event>>>,
}

impl Events {
    /// The next; none after the last. Nothing is lost where this is dropped before it is ready.
    pub async fn recv(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.chunk.next() {
                return Some(event);
            }
            self.chunk = self.chunks.recv().await?.into_iter().flatten();
        }
    }

    /// The next, if it is there.
    pub fn try_recv(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.chunk.next() {
                return Some(event);
            }
            self.chunk = self.chunks.try_recv().ok()?.into_iter().flatten();
        }
    }
}

/// The room's end.
#[derive(Debug)]
pub(crate) struct Handover {
    chunks: mpsc::Sender<Chunk>,
    waiting: Chunk,
    /// Events in that.
    count: usize,
}

/// Both ends.
pub(crate) fn channel() -> (Handover, Events) {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let events = Events { chunks: receiver, chunk: Vec::new().into_iter().flatten() };
    (Handover { chunks: sender, waiting: Vec::new(), count: 0 }, events)
}

impl Handover {
    pub(crate) fn tell(&mut self, events: Vec<Event>) {
        self.count += events.len();
        self.waiting.push(events);
    }

    /// Whether more may happen.
    pub(crate) fn has_room(&self) -> bool {
        self.count < WAITING
    }

    /// Whether something waits for the user to take what came before.
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands over what waits, if there is a place for it.
    pub(crate) fn offer(&mut self) {
        if self.waits()
            && let Ok(place) = self.chunks.try_reserve()
        {
            place.send(std::mem::take(&mut self.waiting));
            self.count = 0;
        }
    }

    /// Waits for a place; false if there is no user any more.
    pub(crate) async fn place(&self) -> bool {
        self.chunks.reserve().await.is_ok()
    }

    /// Drops what waits.
    pub(crate) fn forget(&mut self) {
        self.waiting.clear();
        self.count = 0;
    }

    /// Hands over the last, once there is a place for it.
    pub(crate) async fn finish(self) {
        // Without a user there is nobody to be told.
        let _ = self.chunks.send(self.waiting).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConnectionState;
    use futures_util::FutureExt;

    fn event(held: usize) -> Event {
        Event::CatchingUp { held, of: 0 }
    }

    fn taken(events: &mut Events) -> Vec<Event> {
        std::iter::from_fn(|| events.try_recv()).collect()
    }

    #[tokio::test]
    async fn what_waits_is_handed_over_in_order_as_soon_as_there_is_a_place() {
        let (mut handover, mut events) = channel();
        for chunk in 0..CHUNKS + 2 {
            handover.tell(vec![event(2 * chunk)]);
            handover.tell(vec![event(2 * chunk + 1)]);
            handover.offer();
        }
        assert!(handover.waits() && handover.place().now_or_never().is_none());
        assert_eq!(taken(&mut events), (0..2 * CHUNKS).map(event).collect::<Vec<_>>());
        assert!(handover.place().await);
        handover.offer();
        assert!(!handover.waits());
        let last = Event::Connection { state: ConnectionState::Down };
        handover.tell(vec![last.clone()]);
        handover.finish().await;
        for n in 2 * CHUNKS..2 * CHUNKS + 4 {
            assert_eq!(events.recv().await, Some(event(n)));
        }
        assert_eq!((events.recv().await, events.recv().await), (Some(last), None));
    }

    #[test]
    fn so_much_waits_and_then_nothing_more_happens() {
        let (mut handover, mut events) = channel();
        let mut told = 0;
        while handover.has_room() {
            handover.tell(vec![event(told)]);
            handover.offer();
            told += 1;
        }
        assert_eq!(told, CHUNKS + WAITING);
        taken(&mut events);
        handover.offer();
        assert!(handover.has_room() && !handover.waits());
        handover.tell(vec![event(0); WAITING - 1]);
        assert!(handover.has_room());
        handover.tell(vec![event(0)]);
        assert!(!handover.has_room());
        handover.forget();
        assert!(handover.has_room() && !handover.waits());
    }

    #[test]
    fn without_a_user_there_is_no_place() {
        let (handover, events) = channel();
        drop(events);
        assert_eq!(handover.place().now_or_never(), Some(false));
    }
}
