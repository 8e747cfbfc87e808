//! The schedule of a run: what happens when. Drawn from the seed before the run, so that a
//! failing one can be shrunk.

use crate::{World, liar::Lie, peer::Link};
use chat_engine::Time;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

/// Something done to the room. Peers are chosen by `who`, modulo those there are.
#[derive(Clone, Debug)]
pub enum Step {
    /// So many new nodes come in, at once.
    Join(usize),
    /// One leaves in order, or so many at once.
    Leave(usize, usize),
    /// One dies; the server notices after this.
    Crash(usize, Time),
    /// One dies and a new node comes in its place.
    Restart(usize, Time),
    /// One says so many things.
    Say(usize, usize),
    /// Everyone says something at once.
    Chorus,
    /// The cluster falls apart: by peer its side; by direction where nothing passes.
    Split(u8, Vec<(u8, u8)>),
    /// The cluster is whole.
    Heal,
    /// A connection ends; the client notices after this.
    Cut(usize, Time),
    /// A connection fails silently.
    Impair(usize, Link),
    /// All connections are whole.
    Mend,
    /// A process stops, or goes on.
    Pause(usize),
    /// See `Pause`.
    Resume,
    /// The liars do something.
    Lie(Lie),
}

/// Faults of `seconds`, a step each half second and a lie each second on average.
#[must_use]
pub fn draw(rng: &mut StdRng, seconds: u64, most: usize, lies: &[Lie]) -> Vec<(Time, Step)> {
    let mut steps: Vec<_> = (0..seconds * 2)
        .map(|_| {
            let at = Time::from_millis(rng.random_range(0..seconds * 1000));
            (at, step(rng, most))
        })
        .collect();
    for _ in 0..seconds {
        let at = Time::from_millis(rng.random_range(0..seconds * 1000));
        steps.extend(lies.choose(rng).map(|lie| (at, Step::Lie(*lie))));
    }
    steps.sort_by_key(|(at, _)| *at);
    steps
}

fn step(rng: &mut StdRng, most: usize) -> Step {
    let who = rng.random_range(0..1000);
    let notice = Time::from_millis(rng.random_range(0..6000));
    match rng.random_range(0..40) {
        0..=4 => Step::Join(1),
        5 => Step::Join(rng.random_range(2..=most.max(2))),
        6 => Step::Leave(who, 1),
        7 => Step::Leave(who, rng.random_range(1..=most)),
        8 => Step::Crash(who, notice),
        9 => Step::Restart(who, notice),
        10 | 11 => {
            let sides = rng.random_range(2..4u8);
            let pairs = (0..sides).flat_map(|a| (0..sides).map(move |b| (a, b)));
            let mut walls: Vec<_> = pairs.filter(|(a, b)| a != b).collect();
            // Now and then it passes one way.
            walls.retain(|_| rng.random_bool(0.8));
            Step::Split(sides, walls)
        }
        12..=14 => Step::Heal,
        15 | 16 => Step::Cut(who, notice),
        17 => Step::Impair(who, Link::Stalled),
        18 => Step::Impair(who, Link::Mute),
        19 => Step::Impair(who, Link::Deaf),
        20..=23 => Step::Mend,
        24 => Step::Pause(who),
        25 | 26 => Step::Resume,
        27 => Step::Chorus,
        _ => Step::Say(who, rng.random_range(1..6)),
    }
}

impl World {
    /// Does one step.
    pub fn take_step(&mut self, step: &Step) {
        match step {
            Step::Join(count) => {
                for _ in 0..*count {
                    if self.honest().len() < self.setup.most {
                        let side = self.peers.first().map_or(0, |first| first.side);
                        self.enter(false, side);
                    }
                }
            }
            Step::Leave(who, count) => {
                for nth in 0..*count {
                    self.with_spare(who + nth, Self::leave);
                }
            }
            Step::Crash(who, after) => {
                self.with_spare(*who, |world, peer| world.crash(peer, *after));
            }
            Step::Restart(who, after) => self.with_spare(*who, |world, peer| {
                world.crash(peer, *after);
                let side = world.peers[peer].side;
                world.enter(false, side);
            }),
            Step::Say(who, count) => self.with_member(*who, |world, peer| {
                for _ in 0..*count {
                    world.say(peer);
                }
            }),
            Step::Chorus => {
                for peer in self.members() {
                    self.say(peer);
                }
            }
            Step::Split(sides, walls) => {
                for (peer, state) in self.peers.iter_mut().enumerate() {
                    state.side = u8::try_from(peer).unwrap_or(0) % sides;
                }
                self.weather.walls.clone_from(walls);
                self.log.note(self.now, None, |_| format!("split in {sides}: {walls:?}"));
            }
            Step::Heal => {
                self.weather.walls.clear();
                self.log.note(self.now, None, |_| "healed".into());
            }
            Step::Cut(who, after) => self.with_member(*who, |world, peer| world.cut(peer, *after)),
            Step::Impair(who, link) => {
                self.with_member(*who, |world, peer| world.impair(peer, *link));
            }
            Step::Mend => (0..self.peers.len()).for_each(|peer| self.mend(peer)),
            Step::Pause(who) => self.with_member(*who, Self::pause),
            Step::Resume => (0..self.peers.len()).for_each(|peer| self.resume(peer)),
            Step::Lie(lie) => self.lie(*lie),
        }
    }

    fn with_member(&mut self, who: usize, act: impl FnOnce(&mut Self, usize)) {
        let members = self.members();
        if let Some(peer) = members.get(who % members.len().max(1)) {
            act(self, *peer);
        }
    }

    /// As [`Self::with_member`], where enough stay to carry the discussion on.
    fn with_spare(&mut self, who: usize, act: impl FnOnce(&mut Self, usize)) {
        if self.members().len() > 2 {
            self.with_member(who, act);
        }
    }
}
