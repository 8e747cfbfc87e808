//! `chat bench`: measure this installation against raw NATS.

use crate::{
    bench::{self, Faults, Plan},
    embedded,
    failure::{Code, Failure},
    globals::Globals,
};
use chat_protocol::limits;
use std::io::{self, Write};

/// Arguments of `chat bench`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Members of the room, each with a connection of its own
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = members())]
    members: u64,
    /// How many of them speak, as fast as they can; at most all
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    senders: u64,
    /// Bytes of a message
    #[arg(long, value_name = "BYTES", default_value_t = 200, value_parser = payload())]
    payload: u64,
    /// How often to measure; medians are told
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    repeats: u64,
    /// A room that isn't end-to-end encrypted
    #[arg(long)]
    clear: bool,
}

const EXAMPLES: &str = "\
Examples:
  chat bench
  chat bench --members 50 --senders 50 --payload 1024
  chat bench --json --server nats://host:4222 | jq .ratio";

fn members() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(2..=limits::MEMBERS as u64)
}

fn payload() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(bench::SMALLEST as u64..=limits::TEXT_BYTES as u64)
}

pub(crate) async fn run(args: Args, globals: Globals) -> Result<(), Failure> {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let plan = Plan {
        members: size(args.members),
        senders: size(args.senders.min(args.members)),
        payload: size(args.payload),
        repeats: size(args.repeats),
        sealed: !args.clear,
    };
    let settings = embedded::ensure(globals.settings()?).await?;
    let figures = bench::measure(plan, &globals, &settings).await?;
    let told = match globals.json {
        true => bench::json(plan, &figures).to_string(),
        false => bench::table(plan, &figures),
    };
    writeln!(io::stdout(), "{told}")?;
    let Faults { lost, duplicated, reordered } = figures.ours.faults;
    if lost + duplicated + reordered == 0 {
        return Ok(());
    }
    let what =
        format!("{lost} message(s) were lost, {duplicated} came twice, {reordered} out of order");
    Err(Failure::new(Code::Other, what)
        .next("this is a defect, or the server dropped members: look at its log, and report it"))
}
