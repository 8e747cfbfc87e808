//! What a room of many members costs: they come in one after the other, settle, rest, and say
//! something.

use crate::{Setup, World, log::Log};
use chat_engine::{Config, Time};
use chat_protocol::{Envelope, limits};
use std::{fmt, sync::Arc};

/// One comes in each.
const PACE: Time = Time::from_millis(20);
/// How long the room is left to rest, and then watched, at least: so long that each member beats.
const REST: Time = Time::from_secs(30);
const PATIENCE: Time = Time::from_secs(120);

/// Figures of a room.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Members.
    pub members: usize,
    /// From the last one's coming until all transcripts and heads are equal.
    pub settled: Option<Time>,
    /// Messages published in all while they came in, by member.
    pub joining: f64,
    /// Messages published in the whole room, per second, at rest.
    pub at_rest: f64,
    /// Bytes of a frame said then, as JSON, and those of its clock.
    pub frame: (usize, usize),
    /// Most frames that waited anywhere.
    pub waiting: usize,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settled = self
            .settled
            .map_or_else(|| "not".into(), |time| format!("{:.1} s", time.as_secs_f64()));
        let (frame, clock) = self.frame;
        write!(
            f,
            "{:>5} members: equal {settled} after the last joined, {:.1} messages each for \
             joining, {:.1} messages/s at rest, a frame {frame} B of which clock {clock} B, at \
             most {} frames waiting",
            self.members, self.joining, self.at_rest, self.waiting
        )
    }
}

/// A room into which so many came, one after the other, without faults; most frames that waited
/// anywhere meanwhile.
fn gather(members: usize) -> (World, usize) {
    let mut setup = Setup::drawn(1, false);
    setup.config = Config::default();
    (setup.real, setup.skew, setup.most) = (false, false, members);
    (setup.weather.loss, setup.weather.duplicates) = (0.0, 0.0);
    (setup.weather.delay, setup.weather.backlog) = (Time::from_millis(5), 65_536);
    let mut world = World::new(setup, Log::default());
    let mut waiting = 0;
    for peer in 0..members {
        world.enter(peer == 0, 0);
        world.run(world.now + PACE);
        waiting = waiting.max(world.engine(peer).waiting().0);
    }
    (world, waiting)
}

/// Runs until all transcripts and heads are equal; how long that took.
fn settle(world: &mut World) -> Option<Time> {
    let begun = world.now;
    let mut settled = None;
    while settled.is_none() && world.now < begun + PATIENCE && world.violation.is_none() {
        world.run(world.now + Time::from_millis(500));
        settled = world.unsettled().is_none().then(|| world.now - begun);
    }
    settled
}

/// A room of so many, who have the same transcript.
#[must_use]
pub fn settled(members: usize) -> World {
    let (mut world, _) = gather(members);
    settle(&mut world);
    world
}

/// Figures of a room of so many, and that room.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn scale(members: usize) -> (Scale, World) {
    let (mut world, waiting) = gather(members);
    let settled = settle(&mut world);
    let joining = world.sent as f64 / members as f64;
    let rest = REST.max(limits::BEAT_PER_MEMBER.mul_f64(2.0 * members as f64));
    world.run(world.now + rest);
    let before = world.sent;
    world.run(world.now + rest);
    let at_rest = (world.sent - before) as f64 / rest.as_secs_f64();
    world.say(0);
    let entry = world.engine(0).transcript().next_back().cloned();
    let clock = entry.as_ref().map_or(0, |entry| {
        let without = chat_protocol::Frame {
            clock: chat_protocol::VectorClock::new(),
            ..(*entry.frame).clone()
        };
        entry.size - Envelope::Frame(Arc::new(without)).to_json().len().min(entry.size)
    });
    let frame = (entry.map_or(0, |entry| entry.size), clock);
    (Scale { members, settled, joining, at_rest, frame, waiting }, world)
}
