//! `secrecy`: runs seeds of sealed discussions, or one of them.

use chat_secrecy::{Setup, run};
use clap::Parser;
use std::{process::ExitCode, time::Instant};

/// Simulates sealed discussions from seeds, and checks who can read what.
#[derive(Parser)]
struct Args {
    /// Run this one only.
    #[arg(long, env = "SEED")]
    seed: Option<u64>,
    /// Run so many, from 0.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seeds = args.seed.map_or(0..args.seeds, |seed| seed..seed + 1);
    let (begun, count) = (Instant::now(), seeds.end - seeds.start);
    let (mut sealed, mut read, mut failed) = (0, 0, 0);
    let mut slowest = (std::time::Duration::ZERO, 0);
    for seed in seeds {
        let outcome = run(&Setup::from_seed(seed));
        (sealed, read) = (sealed + outcome.sealed, read + outcome.read);
        slowest = slowest.max((outcome.convergence, seed));
        if let Some(violation) = outcome.violation {
            println!("seed {seed}: {violation} ({:?})", Setup::from_seed(seed));
            failed += 1;
        }
    }
    println!(
        "{count} seeds in {:.1} s: {sealed} texts sealed, read {read} times by others; slowest \
         convergence {:.1} s (seed {}); {failed} failed",
        begun.elapsed().as_secs_f64(),
        slowest.0.as_secs_f64(),
        slowest.1
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
