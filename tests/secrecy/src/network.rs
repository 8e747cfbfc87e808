//! Core NATS, as far as this matters here: at most once, queue groups, "no responders", and
//! nothing across a partition.

use crate::person::{Link, Person};
use chat_engine::Time;
use rand::{RngExt, rngs::StdRng, seq::IteratorRandom};
use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

/// How bad it is.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Probability that a delivery is lost.
    pub loss: f64,
    /// Probability that it comes twice.
    pub duplicates: f64,
    /// Longest delay.
    pub delay: Time,
}

/// Something that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A message, and where its answer goes.
    Message(Arc<Vec<u8>>, Option<String>),
    /// Nobody serves the subject.
    NoResponders,
}

impl Arrival {
    /// Hands it over.
    pub fn reach(&self, person: &mut Person, now: Time) {
        match self {
            Self::Message(bytes, reply) => {
                person.participant.receive(now, 0, bytes, reply.as_deref());
            }
            Self::NoResponders => person.participant.nobody(now),
        }
    }
}

/// See the module.
pub struct Network {
    /// How bad it is now.
    pub weather: Weather,
    queue: BinaryHeap<Reverse<(Time, u64, usize)>>,
    arrivals: Vec<Option<Arrival>>,
}

impl Network {
    /// An idle network.
    #[must_use]
    pub fn new(weather: Weather) -> Self {
        Self { weather, queue: BinaryHeap::new(), arrivals: Vec::new() }
    }

    /// When the next thing arrives.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.queue.peek().map(|Reverse((at, ..))| *at)
    }

    /// The next thing, and for whom.
    pub fn pop(&mut self) -> Option<(usize, Arrival)> {
        let Reverse((_, index, to)) = self.queue.pop()?;
        let arrival = self.arrivals[usize::try_from(index).ok()?].take()?;
        Some((to, arrival))
    }

    fn deliver(&mut self, now: Time, to: usize, arrival: Arrival, rng: &mut StdRng) {
        let times = if rng.random_bool(self.weather.duplicates) { 2 } else { 1 };
        for _ in 0..times {
            if rng.random_bool(self.weather.loss) {
                continue;
            }
            let delay = self.weather.delay.mul_f64(rng.random_range(0.01..1.0));
            let index = self.arrivals.len() as u64;
            self.arrivals.push(Some(arrival.clone()));
            self.queue.push(Reverse((now + delay, index, to)));
        }
    }

    /// Takes what a node publishes.
    pub fn publish(
        &mut self,
        now: Time,
        from: usize,
        (subject, payload, reply): (&str, Vec<u8>, Option<String>),
        people: &[Person],
        rng: &mut StdRng,
    ) {
        if people[from].link != Link::Whole {
            return;
        }
        let side = people[from].side;
        let reached = |to: usize| to != from && people[to].alive && people[to].side == side;
        let message = Arrival::Message(Arc::new(payload), reply);
        let mut last = subject.rsplit('.');
        let last = last.next().unwrap_or_default();
        if let Some(inbox) = subject.strip_prefix("_INBOX.") {
            if let Some(to) = inbox.parse().ok().filter(|to| reached(*to)) {
                self.deliver(now, to, message, rng);
            }
        } else if subject.contains(".node.") {
            let to = people.iter().position(|person| person.id.to_string() == last);
            if let Some(to) = to.filter(|to| reached(*to)) {
                self.deliver(now, to, message, rng);
            }
        } else if last == "sync" {
            let serving = (0..people.len()).filter(|to| reached(*to) && people[*to].serving);
            match serving.choose(rng) {
                Some(to) => self.deliver(now, to, message, rng),
                None => self.deliver(now, from, Arrival::NoResponders, rng),
            }
        } else if subject.starts_with("chat.room.") {
            // To whoever said it, too: that shows that it is out.
            for to in (0..people.len()).filter(|to| *to == from || reached(*to)) {
                self.deliver(now, to, message.clone(), rng);
            }
        }
    }
}
