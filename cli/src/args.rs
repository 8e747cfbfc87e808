//! The command line.

use crate::{
    commands::{bench, completions, demo, doctor, join, man, random, rooms, serve, start, watch},
    config::Config,
    failure::Failure,
    globals::Globals,
    hardening::wipe_stack,
};
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;
use tokio::runtime::Builder;

/// Group conversation that works like a phone call: in the memory of those in it, gone when
/// the last one leaves
#[derive(Parser)]
#[command(name = "chat", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  chat start \"lunch?\"             open a discussion; pass the invite on to the others
  chat join                       enter one; asks for the invite
  chat rooms                      what is going on in public
  chat random --nick mole         be put together with strangers
  tail -f log | chat join --stay  say each line of a log
  chat doctor                     is the server all right, and does anyone listen?
  chat demo                       see causal ordering and repair happen

Settings for nick, bell and colours: ~/.config/chat/config.toml (man chat tells more).";

#[derive(Subcommand)]
enum Command {
    /// Open a discussion and enter it
    Start(start::Args),
    /// Enter a discussion
    Join(join::Args),
    /// Be put into an open public discussion, or wait in a new one
    Random(random::Args),
    /// List public discussions
    Rooms(rooms::Args),
    /// See the traffic as it passes, clocks and causes drawn; never a member
    Watch(watch::Args),
    /// Check the server, the director, and whether anyone listens or records
    Doctor(doctor::Args),
    /// Run a NATS server (JetStream off) and a director for this machine or network
    Serve(serve::Args),
    /// A scripted discussion of three real nodes, with a partition that heals
    Demo(demo::Args),
    /// Measure this installation against raw NATS
    Bench(bench::Args),
    /// Print completions for a shell
    Completions(completions::Args),
    /// Print the manual
    Man(man::Args),
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        self.globals.log();
        // What an installation calls must not depend on the settings of who installs.
        match &self.command {
            Command::Completions(args) => completions::run(args, Self::command())?,
            Command::Man(args) => man::run(args, Self::command())?,
            _ => return self.run_configured(Config::load()?),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn run_configured(self, config: Config) -> Result<ExitCode, Failure> {
        let globals = Globals { config, ..self.globals };
        match self.command {
            // Refused before anything is started: a typo must not cost a connection.
            Command::Join(args) => {
                let target = args.target()?;
                on_runtime(join::run(target, args, globals))
            }
            Command::Watch(args) => {
                let target = args.target()?;
                on_runtime(watch::run(target, args.lines, globals))
            }
            Command::Doctor(args) => {
                let target = args.target()?;
                return on_runtime(doctor::run(target, globals));
            }
            Command::Start(args) => on_runtime(start::run(args, globals)),
            Command::Random(args) => on_runtime(random::run(args, globals)),
            Command::Rooms(_) => on_runtime(rooms::run(globals)),
            Command::Serve(args) => on_runtime(serve::run(args, globals)),
            Command::Demo(args) => on_runtime(demo::run(args, globals)),
            Command::Bench(args) => on_all_processors(bench::run(args, globals)),
            Command::Completions(_) | Command::Man(_) => Ok(()),
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

/// One thread is enough for one person, and it is this one: the embedded server's life is
/// tied to the thread that started it.
fn on_runtime<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    on(&mut Builder::new_current_thread(), command)
}

/// Many members in one process.
fn on_all_processors<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    on(&mut Builder::new_multi_thread(), command)
}

fn on<T>(
    builder: &mut Builder,
    command: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = builder.enable_all().build()?;
    let outcome = runtime.block_on(command);
    // A thread may still be waiting for input: it must not hold up the end.
    runtime.shutdown_background();
    wipe_stack();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_short_help_fits_a_screen_and_the_long_one_has_all_under_their_headings() {
        let short = Args::command().render_help().to_string();
        assert!(short.lines().count() <= 45, "{short}");
        assert!(!short.contains("--tlsca"), "{short}");
        let long = Args::command().render_long_help().to_string();
        let nats = long.find("NATS:").unwrap();
        assert!(long.find("--nick").unwrap() < nats && nats < long.find("--tlsca").unwrap());
    }

    #[test]
    fn every_command_is_explained_by_examples() {
        for command in Args::command().get_subcommands() {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("Examples:"), "{}", command.get_name());
        }
    }

    #[test]
    fn a_mistyped_command_or_option_is_guessed() {
        for (typed, meant) in [("jion", "'join'"), ("--nik", "'--nick'"), ("docter", "'doctor'")] {
            let refused =
                Args::try_parse_from(["chat", typed]).err().map(|error| error.to_string());
            assert!(refused.as_ref().is_some_and(|told| told.contains(meant)), "{refused:?}");
        }
    }
}
