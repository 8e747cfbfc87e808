//! What the simulator models, checked on a real server: nodes behind links that are cut,
//! frozen, throttled, slow and torn, processes that are paused and killed, a server that dies.
//!
//! The faults are drawn from a seed, printed first: `SEED` replays their schedule, and
//! `SECONDS` tells how long it is, `NODES` how many nodes. What the nodes then do is up to real threads and sockets,
//! so that a replay is the same storm, not the same run.

mod node;
mod schedule;
mod storm;
mod table;
mod verdict;

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

/// Nodes at a time, unless `NODES` tells another number.
const SEATS: usize = 10;

#[test]
fn after_a_storm_all_have_the_same_transcript_and_nothing_is_lost() {
    let seed = variable("SEED").unwrap_or_else(some_seed);
    let length = Duration::from_secs(variable("SECONDS").unwrap_or(120));
    let seats = variable("NODES").unwrap_or(SEATS);
    println!("a storm of {length:?}; again with SEED={seed}");
    let mut storm = storm::Storm::brew(seed, seats);
    storm.rage(&schedule::draw(seed, seats, length));
    let calm_after = storm.calm();
    storm.close();
    let (living, left, killed) = (storm.living(), storm.left(), storm.killed());
    table::print(&storm.faults, &storm.failed_joins, &living, [&left, &killed], calm_after);
    for nodes in [&living, &left, &killed] {
        verdict::check_each(nodes);
    }
    verdict::check_complete(&living);
    verdict::check_transcripts(&living);
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}")))
}

fn some_seed() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos())
}
