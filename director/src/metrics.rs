//! What an operator may know of a director: counts and times, never a room, a topic or a name.

use crate::Rooms;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// A director that hasn't gone through its loop for so long hangs.
const ALIVE: Duration = Duration::from_secs(10);

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Question {
    Open,
    Join,
    Random,
    List,
    Pass,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    question: Question,
    /// 200, or the code of the refusal.
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Heard {
    /// Whether it was taken or ignored: malformed, too many.
    taken: &'static str,
}

/// The counts of one director. Shared by its loop and by whoever asks for them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    rooms: Gauge,
    members: Gauge,
    requests: Family<Answered, Counter>,
    seconds: Histogram,
    announcements: Family<Heard, Counter>,
    connected: Gauge,
    losses: Counter,
    moves: Counter,
    /// When the loop was last gone through, in ms since `origin`.
    seen: std::sync::atomic::AtomicU64,
    origin: Instant,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("chat_director");
        let metrics = Self {
            rooms: Gauge::default(),
            members: Gauge::default(),
            requests: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.000_01, 4.0, 10)),
            announcements: Family::default(),
            connected: Gauge::default(),
            losses: Counter::default(),
            moves: Counter::default(),
            registry: Registry::default(),
            seen: 0.into(),
            origin: Instant::now(),
        };
        registry.register("rooms", "Rooms heard of lately", metrics.rooms.clone());
        registry.register("members", "Members that those announced", metrics.members.clone());
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register("request_seconds", "Time to answer one", metrics.seconds.clone());
        registry.register("announcements", "Announcements heard", metrics.announcements.clone());
        registry.register("connected", "1 while there is a server", metrics.connected.clone());
        registry.register("disconnects", "Connections lost", metrics.losses.clone());
        registry.register("moves", "Servers left before they closed", metrics.moves.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    pub(crate) fn answered(&self, question: Question, code: u16, begun: Instant) {
        self.requests.get_or_create(&Answered { question, code }).inc();
        self.seconds.observe(begun.elapsed().as_secs_f64());
    }

    pub(crate) fn heard(&self, taken: bool) {
        let taken = if taken { "yes" } else { "no" };
        self.announcements.get_or_create(&Heard { taken }).inc();
    }

    /// The loop was gone through.
    pub(crate) fn saw(&self, rooms: &Rooms, link: &chat_connect::Link) {
        let (count, members) = rooms.count();
        self.rooms.set(count);
        self.members.set(members);
        self.connected.set(i64::from(link.up));
        // Counters only grow, and these are counted elsewhere.
        self.losses.inc_by(link.losses.saturating_sub(self.losses.get()));
        self.moves.inc_by(link.moves.saturating_sub(self.moves.get()));
        let now = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.seen.store(now, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether the loop is gone through.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let seen = self.seen.load(std::sync::atomic::Ordering::Relaxed);
        self.origin.elapsed() < Duration::from_millis(seen) + ALIVE
    }

    /// Whether it can be asked: there is a server.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_alive() && self.connected.get() == 1
    }

    /// All of it as Prometheus reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }

    /// What `$SRV.STATS` says of each endpoint, besides its own counts.
    pub(crate) fn stats(&self) -> Value {
        json!({ "rooms": self.rooms.get(), "members": self.members.get() })
    }
}
