//! `chat completions`: what a shell needs to complete commands and options, made from the one
//! definition of them.

use crate::failure::Failure;
use clap_complete::Shell;
use std::io::{self, Write};

/// Arguments of `chat completions`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
`make install` installs those of bash, zsh and fish.

Examples:
  chat completions bash > ~/.local/share/bash-completion/completions/chat
  chat completions zsh > ~/.zfunc/_chat          with ~/.zfunc in $fpath
  chat completions fish > ~/.config/fish/completions/chat.fish
  chat completions powershell | Out-String | Invoke-Expression
  chat completions elvish > ~/.config/elvish/lib/chat.elv";

pub(crate) fn run(args: &Args, mut command: clap::Command) -> Result<(), Failure> {
    // Into memory first: the generator can't take a reader that stops reading.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "chat", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, ValueEnum};

    #[test]
    fn every_shell_learns_every_command() {
        for shell in Shell::value_variants() {
            let mut command = crate::args::Args::command();
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, "chat", &mut script);
            let script = String::from_utf8(script).unwrap();
            for name in ["start", "doctor", "completions", "no-history"] {
                assert!(script.contains(name), "{shell}: {name}");
            }
        }
    }
}
