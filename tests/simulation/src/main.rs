//! `simulate`: runs seeds, or one of them with its space-time log.

use chat_simulation::{Setup, log::Log, run, run::shrink, run_seeds};
use clap::Parser;
use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long to shrink a failing schedule.
const SHRINK: Duration = Duration::from_secs(20);

/// Simulates discussions from seeds, with every fault, and checks what must hold.
#[derive(Parser)]
struct Args {
    /// Replay one seed, shrink its schedule if it fails, and draw its end.
    #[arg(long, env = "SEED")]
    seed: Option<u64>,
    /// Run this many seeds, from 0.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// Run fresh seeds for so long instead.
    #[arg(long, env = "MINUTES")]
    minutes: Option<f64>,
    /// Which members there are: a third of the seeds has liars, or all, or none.
    #[arg(long, value_enum, default_value_t = Members::Any)]
    members: Members,
    /// Lines of the space-time log to draw.
    #[arg(long, default_value_t = 80)]
    lines: usize,
    /// Show what rooms of so many members cost, instead.
    #[arg(long, value_delimiter = ',')]
    scale: Vec<usize>,
    /// Don't shrink.
    #[arg(long)]
    whole: bool,
    /// Go on after a violation, and only name them.
    #[arg(long)]
    brief: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Members {
    Any,
    Honest,
    Hostile,
    Deceiving,
}

impl Members {
    fn setup(self) -> fn(u64) -> Setup {
        match self {
            Self::Any => Setup::from_seed,
            Self::Honest => |seed| Setup::drawn(seed, false),
            Self::Hostile => |seed| Setup::drawn(seed, true),
            Self::Deceiving => Setup::with_false_floors,
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.scale.is_empty() {
        for members in &args.scale {
            println!("{}", chat_simulation::scale::scale(*members).0);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(seed) = args.seed {
        return replay(seed, &args);
    }
    let (seeds, time) = match args.minutes {
        Some(minutes) => {
            let fresh = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let from = u64::from(fresh.subsec_nanos()) << 32;
            (from..u64::MAX, Duration::from_secs_f64(minutes * 60.0))
        }
        None => (0..args.seeds, Duration::MAX),
    };
    let failures = if args.brief { usize::MAX } else { 1 };
    let report = run_seeds(seeds, time, failures, args.members.setup());
    println!("{report}");
    for (seed, violation) in &report.failed {
        println!("seed {seed}: {}: {}", violation.property, violation.detail);
    }
    match report.failed.first_key_value() {
        None => ExitCode::SUCCESS,
        Some(_) if args.brief => ExitCode::FAILURE,
        Some((seed, _)) => replay(*seed, &args),
    }
}

fn replay(seed: u64, args: &Args) -> ExitCode {
    let setup = args.members.setup()(seed);
    let outcome = run(&setup, Log::on(), args.lines);
    let Some(violation) = outcome.violation else {
        println!("{}", outcome.drawn);
        println!("seed {seed}: every property holds");
        return ExitCode::SUCCESS;
    };
    let mut smallest = setup.clone();
    if !args.whole {
        smallest = shrink(&setup, violation.property, SHRINK);
    }
    println!("{}", run(&smallest, Log::on(), args.lines).drawn);
    println!("what happened to the room:");
    for (at, step) in &smallest.steps {
        println!("{:>9.3} {step:?}", at.as_secs_f64());
    }
    println!("seed {seed}: {}: {}", violation.property, violation.detail);
    println!("again: cargo run --release -p chat-simulation -- --seed {seed}");
    ExitCode::FAILURE
}
