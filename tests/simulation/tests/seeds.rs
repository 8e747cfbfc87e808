//! Whole discussions under seeded faults, honest and with a liar. A failure names its seed:
//! `cargo run -p chat-simulation -- --seed N` replays, shrinks and draws it.

use chat_simulation::{Setup, run_seeds};
use std::time::Duration;

fn holds(count: u64, setup: fn(u64) -> Setup) {
    let report = run_seeds(0..count, Duration::MAX, 1, setup);
    println!("{report}");
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.passed, count);
}

#[test]
fn every_property_holds_under_every_fault() {
    holds(1600, |seed| Setup::drawn(seed, false));
}

#[test]
fn a_liar_breaks_no_property() {
    holds(400, |seed| Setup::drawn(seed, true));
}

#[test]
fn a_run_is_the_same_again() {
    for seed in [1, 2] {
        let run = || {
            let log = chat_simulation::log::Log::on();
            chat_simulation::run(&Setup::from_seed(seed), log, usize::MAX).drawn
        };
        assert_eq!(run(), run(), "seed {seed}");
    }
}
