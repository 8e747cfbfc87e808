//! `chat demo`: a scripted discussion of three real nodes, with a partition that heals.

use crate::{demo::script, embedded, failure::Failure, globals::Globals};
use std::{
    io::{self, IsTerminal},
    time::Duration,
};

/// Long enough to read a scene.
const PAUSE: Duration = Duration::from_millis(1500);

/// Arguments of `chat demo`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Pause after each scene, as it does on a terminal
    #[arg(long)]
    pause: bool,
}

const EXAMPLES: &str = "\
Examples:
  chat demo
  chat demo --pause | less
  chat demo --server nats://host:4222    with its server and director";

pub(crate) async fn run(args: Args, globals: Globals) -> Result<(), Failure> {
    let settings = embedded::ensure(globals.settings()?).await?;
    let read_by_someone = args.pause || io::stdout().is_terminal();
    script::play(&globals, &settings, if read_by_someone { PAUSE } else { Duration::ZERO }).await
}
