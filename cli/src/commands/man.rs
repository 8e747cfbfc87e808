//! `chat man`: the manual, made from the one definition of commands and options.

use crate::failure::{Code, Failure};
use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Arguments of `chat man`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The command whose page it is; `chat` itself without it
    command: Option<String>,
    /// Write all pages into this folder, instead of printing one
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
`make install` installs all pages: `man chat`, `man chat-join`.

Examples:
  chat man | man -l -
  chat man join | man -l -
  chat man --out ~/.local/share/man/man1";

pub(crate) fn run(args: &Args, command: Command) -> Result<(), Failure> {
    let pages = pages(command)?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)?;
        for (name, page) in &pages {
            std::fs::write(folder.join(format!("{name}.1")), page)?;
        }
        return Ok(());
    }
    let wanted = args.command.as_ref().map_or_else(|| "chat".to_owned(), |of| format!("chat-{of}"));
    let Some((_, page)) = pages.iter().find(|(name, _)| *name == wanted) else {
        let known = pages.iter().filter_map(|(name, _)| name.strip_prefix("chat-"));
        let known = known.collect::<Vec<_>>().join(", ");
        let named = args.command.as_deref().unwrap_or_default();
        return Err(Failure::new(Code::Usage, format!("there is no command {named:?}"))
            .next(format!("these have a page: {known}")));
    };
    Ok(io::stdout().write_all(page)?)
}

/// Every page by its name: `chat` first, then one for each command.
fn pages(command: Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut first = page("chat", command.clone())?;
    more().to_writer(&mut first)?;
    let mut pages = vec![("chat".to_owned(), first)];
    for sub in command.get_subcommands() {
        let name = format!("chat-{}", sub.get_name());
        let page = page(&name, sub.clone())?;
        pages.push((name, page));
    }
    Ok(pages)
}

/// What a page shows of options that every command has comes behind the command's own.
const GLOBAL: usize = 100;

fn page(name: &str, command: Command) -> io::Result<Vec<u8>> {
    let mut before = 0..;
    let command = command.mut_args(|arg| {
        let order = before.next().unwrap_or_default();
        let order = if arg.is_global_set() { GLOBAL + order } else { order };
        arg.display_order(order)
    });
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut page = Vec::new();
    Man::new(command.after_help(None::<&str>)).title(name).render(&mut page)?;
    // The generator would run the lines of examples together.
    let mut roff = Roff::new();
    roff.control("SH", ["NOTES"]).control("nf", []);
    roff.text([roman(examples)]).control("fi", []);
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// What no option's help tells.
fn more() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["FILES"]);
    roff.control("TP", []);
    roff.text([bold("${XDG_CONFIG_HOME:-~/.config}/chat/config.toml")]);
    roff.text([roman(
        "Settings, read and never written. An option wins over an environment variable, and that \
         over this file.",
    )]);
    for (setting, meaning) in crate::config::SETTINGS {
        roff.control("TP", []);
        roff.text([bold(*setting)]);
        roff.text([roman(*meaning)]);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in [
        ("0", "fine"),
        ("1", "anything else"),
        ("2", "usage: a mistyped option, invite or setting"),
        ("3", "no NATS server"),
        ("4", "no director, and nobody in the room"),
        ("5", "that discussion is over, or never was"),
        ("6", "refused: full, wrong invite, expelled, no permission"),
    ] {
        roff.control("TP", []);
        roff.text([bold(code)]);
        roff.text([roman(meaning)]);
    }
    roff.control("PP", []);
    roff.text([roman("Those of doctor are in its own page.")]);
    roff
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn there_is_a_page_for_each_command_with_its_examples() {
        let pages = pages(crate::args::Args::command()).unwrap();
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..2], ["chat", "chat-start"]);
        assert!(names.contains(&"chat-doctor") && names.contains(&"chat-man"), "{names:?}");
        for (name, page) in &pages {
            let page = String::from_utf8_lossy(page);
            assert!(page.contains("Examples:") && page.contains(&format!(".TH {name}")), "{name}");
        }
    }

    #[test]
    fn a_commands_own_options_come_first() {
        let pages = pages(crate::args::Args::command()).unwrap();
        let (_, join) = pages.iter().find(|(name, _)| name == "chat-join").unwrap();
        let page = String::from_utf8_lossy(join).into_owned();
        let synopsis = page.lines().find(|line| line.contains("chat join")).unwrap();
        let at = |option: &str| synopsis.find(option).unwrap();
        assert!(at("stay") < at("nick") && at("nick") < at("server"), "{synopsis}");
    }

    #[test]
    fn the_first_page_tells_of_every_setting() {
        let pages = pages(crate::args::Args::command()).unwrap();
        let page = String::from_utf8_lossy(&pages[0].1).into_owned();
        for (setting, _) in crate::config::SETTINGS {
            assert!(page.contains(setting.split(' ').next().unwrap()), "{setting}");
        }
    }
}
