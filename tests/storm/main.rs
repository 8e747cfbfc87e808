//! What the simulator models, checked on a real server: nodes behind links that are cut,
//! frozen, throttled, slow and torn, processes that are paused and killed, a server that dies.
//!
//! The faults are drawn from a seed, printed first: `SEED` replays their schedule, `SECONDS` tells
//! how long they go on, `NODES` how many nodes there are, `RATE` how many messages a second each
//! says, and `PEACE` how many times as long it is between two faults. After every [`SPELL`] of faults there is a quiet point, at which all must have the same
//! transcript. What the nodes do is up to real threads and sockets, so that a replay is the same
//! storm, not the same run.

mod node;
mod schedule;
mod storm;
mod table;
mod verdict;

use schedule::Weather;
use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

/// Nodes at a time, unless `NODES` tells another number.
const SEATS: usize = 10;
/// Messages a second of each, unless `RATE` tells another number.
const RATE: f64 = 2.5;
/// Longest time of faults without a quiet point.
const SPELL: Duration = Duration::from_secs(120);

#[test]
fn after_a_storm_all_have_the_same_transcript_and_nothing_is_lost() {
    let seed = variable("SEED").unwrap_or_else(some_seed);
    let length = Duration::from_secs(variable("SECONDS").unwrap_or(120));
    let seats = variable("NODES").unwrap_or(SEATS);
    let rate = variable("RATE").unwrap_or(RATE);
    let peace = variable("PEACE").unwrap_or(1.0);
    println!("a storm of {length:?}; again with SEED={seed}");
    let mut storm = storm::Storm::brew(seed, seats);
    table::print_quiet_points();
    for (spell, length) in (0..).zip(spells(length)) {
        let weather = Weather { seats, rate, peace, length };
        storm.rage(&schedule::draw(seed.wrapping_add(spell), weather));
        let calm_after = storm.calm();
        verdict::check_complete(&storm.living());
        table::print_quiet_point(&mut storm, calm_after);
        for node in storm.gone() {
            if node.left {
                node.chat.closed();
            }
            verdict::check(node);
        }
        storm.forget_gone();
    }
    storm.close();
    table::print(&storm);
    let living = storm.living();
    living.iter().for_each(|node| verdict::check(node));
    verdict::check_transcripts(&living);
}

/// The times of faults between quiet points.
fn spells(length: Duration) -> impl Iterator<Item = Duration> {
    let mut left = length;
    std::iter::from_fn(move || {
        let spell = left.min(SPELL);
        left -= spell;
        (!spell.is_zero()).then_some(spell)
    })
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}")))
}

fn some_seed() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos())
}
