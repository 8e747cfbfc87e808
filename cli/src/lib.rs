//! The `chat` command: one module a subcommand (`commands`), one face each for JSON, lines
//! and a prompt (`face`), and a session that holds a room and a face together.

mod args;
mod bench;
mod commands;
mod config;
pub mod demo;
mod embedded;
mod face;
mod failure;
mod globals;
mod hardening;
mod progress;
mod seeker;
mod session;
mod target;

use args::Args;
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

/// Parses the command line and runs it.
#[must_use]
pub fn main() -> ExitCode {
    hardening::harden();
    if let Some(failure) = embedded::become_server_if_told() {
        return failure.report();
    }
    match Args::try_parse() {
        Ok(args) => args.run().unwrap_or_else(Failure::report),
        Err(answer) => match answer.print() {
            Ok(()) => ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(u8::MAX)),
            Err(error) => Failure::from(error).report(),
        },
    }
}
