//! The `chat` command: one module a subcommand (`commands`), one face each for JSON, lines
//! and a prompt (`face`), and a session that holds a room and a face together.

mod args;
mod bell;
mod commands;
mod config;
pub mod demo;
mod embedded;
mod face;
mod failure;
mod globals;
mod progress;
mod seeker;
mod session;
mod target;

use args::Args;
use clap::Parser;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::process::ExitCode;

/// Parses the command line and runs it.
#[must_use]
pub fn main() -> ExitCode {
    // A core file would hold what was said. What is started from here inherits this.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if let Some(failure) = embedded::become_server_if_told() {
        return failure.report();
    }
    let args = Args::parse();
    match args.run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
