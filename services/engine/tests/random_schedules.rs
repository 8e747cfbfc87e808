//! Whole discussions under seeded faults: the engine's first random test. A failure names
//! its seed; `SEED=n cargo test -p chat-engine --test random_schedules` replays it alone.

mod network;

use chat_engine::{Config, Time};
use network::{Faults, Network, is_gone};
use rand::RngExt;

fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..count).collect(),
    }
}

fn seconds(seconds: u64) -> Time {
    Time::from_secs(seconds)
}

/// A minute of faults, then quiet: some loss stays, everything else heals.
fn discussion(seed: u64, config: Config) -> Network {
    let faults = Faults { loss: 0.0, duplicates: 0.0, delay_ms: 30 };
    let mut net = Network::new(seed, faults, config);
    net.faults.loss = [0.0, 0.02, 0.1, 0.3][net.rng.random_range(0..4)];
    net.faults.duplicates = [0.0, 0.05, 0.3][net.rng.random_range(0..3)];
    net.faults.delay_ms = [5, 30, 300][net.rng.random_range(0..3)];
    net.join();
    for step in 1..=120u64 {
        net.run(Time::from_millis(step * 500));
        let members = net.members();
        let Some(someone) = members.get(net.rng.random_range(0..members.len().max(1))).copied()
        else {
            continue;
        };
        match net.rng.random_range(0..20) {
            0..=2 if net.nodes.len() < 9 => {
                net.join();
            }
            3 if members.len() > 2 => net.leave(someone),
            4 if members.len() > 2 => net.crash(someone),
            5 => {
                let groups = net.rng.random_range(2..4);
                let salt: usize = net.rng.random_range(0..5);
                net.split(|index| (index + salt) % groups);
            }
            6 | 7 => net.heal(),
            8 => net.link(someone, false),
            9 | 10 => (0..net.nodes.len()).for_each(|index| net.link(index, true)),
            _ => {
                for _ in 0..net.rng.random_range(1..6) {
                    net.say(someone);
                }
            }
        }
    }
    net.faults.loss = net.faults.loss.min(0.1);
    net.heal();
    (0..net.nodes.len()).for_each(|index| net.link(index, true));
    let settled = net.now + seconds(120);
    net.run(settled);
    net
}

#[test]
fn faults_never_break_causality_and_leave_no_difference() {
    let mut gaps = 0;
    for seed in seeds(120) {
        let net = discussion(seed, Config::default());
        net.check_convergence();
        gaps += net.gaps;
    }
    println!("{gaps} dots were waived");
}

#[test]
fn small_buffers_pages_and_transcripts_change_nothing_about_that() {
    for seed in seeds(120) {
        let config = Config {
            page_frames: 5,
            transcript_frames: 40,
            waiting_frames: 24,
            full_clock_members: if seed % 2 == 0 { 0 } else { 32 },
            ..Config::default()
        };
        discussion(seed, config).check_convergence();
    }
}

#[test]
fn a_room_without_history_heals_like_any_other() {
    for seed in seeds(40) {
        let config = Config { history: false, ..Config::default() };
        let net = discussion(seed, config);
        net.check_convergence();
    }
}

#[test]
fn a_healed_partition_leaves_no_difference_within_ten_seconds() {
    for seed in seeds(40) {
        let faults = Faults { loss: 0.0, duplicates: 0.0, delay_ms: 20 };
        let mut net = Network::new(seed, faults, Config::default());
        for second in 0..6 {
            net.join();
            net.run(seconds(second + 1));
        }
        net.split(|index| index % 2);
        for second in 10..30 {
            net.run(seconds(second));
            let index = net.rng.random_range(0..6);
            net.say(index);
        }
        net.heal();
        let settled = net.now + seconds(10);
        net.run(settled);
        net.check_convergence();
        assert_eq!(net.gaps, 0, "{seed}: nothing was lost");
    }
}

#[test]
fn those_who_leave_are_let_go_within_two_seconds() {
    for seed in seeds(50) {
        let faults = Faults { loss: 0.1, duplicates: 0.0, delay_ms: 20 };
        let mut net = Network::new(seed, faults, Config::default());
        for second in 0..4 {
            net.join();
            net.run(seconds(2 * second + 2));
        }
        for index in 0..4 {
            net.leave(index);
            let settled = net.now + seconds(2);
            net.run(settled);
            assert!(is_gone(&net.nodes[index]), "{seed}: node {index} stays");
        }
    }
}

#[test]
fn a_late_joiner_is_given_what_was_said() {
    let faults = Faults { loss: 0.0, duplicates: 0.0, delay_ms: 5 };
    let mut net = Network::new(1, faults, Config::default());
    net.join();
    net.join();
    net.run(seconds(2));
    for _ in 0..200 {
        net.say(0);
        net.say(1);
    }
    let joined_at = net.now + seconds(1);
    net.run(joined_at);
    let late = net.join();
    net.run(joined_at + seconds(1));
    net.check_convergence();
    assert_eq!(net.nodes[late].engine.transcript().count(), 403);
}

#[test]
fn nobody_goes_live_in_a_room_where_nobody_answers() {
    let faults = Faults { loss: 0.0, duplicates: 0.0, delay_ms: 5 };
    let mut net = Network::new(1, faults, Config::default());
    net.join();
    net.run(seconds(2));
    net.crash(0);
    // The broker still counts the dead one as a subscriber, or already doesn't.
    for dead_is_noticed in [false, true] {
        if dead_is_noticed {
            net.forget_the_dead();
        }
        let late = net.join();
        let end = net.now + seconds(20);
        net.run(end);
        assert!(!net.members().contains(&late), "noticed: {dead_is_noticed}");
    }
}
