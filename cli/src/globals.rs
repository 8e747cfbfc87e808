//! Options that every subcommand has.

use crate::{config::Config, face, failure::Failure, progress::while_waiting};
use chat_connect::{ConnectError, Connection, NatsArgs, Patience, Settings, connect};
use chat_protocol::nick::NickError;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::io::{self, IsTerminal, Write};

/// What connections are called at the server, where any member can see it: nothing personal.
pub(crate) const CONNECTION_NAME: &str = "chat";

/// Global options.
#[derive(Args, Clone)]
pub(crate) struct Globals {
    /// What the others see you as; without it a made-up pair of words
    #[arg(long, global = true, env = "CHAT_NICK", value_name = "NAME", value_parser = nick)]
    pub(crate) nick: Option<String>,
    /// One JSON object a line, on stdin and stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colours [default: auto]; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
    /// No bell when someone says your name
    #[arg(long, global = true)]
    pub(crate) no_bell: bool,
    /// Tell on stderr what happens below; never what was said. While the screen is taken only
    /// where stderr goes elsewhere
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) nats: NatsArgs,
    /// What the configuration file says.
    #[arg(skip)]
    pub(crate) config: Config,
}

fn nick(text: &str) -> Result<String, NickError> {
    chat_protocol::nick::check(text).map(|()| text.to_owned())
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

impl Globals {
    /// What the NATS options mean.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        Ok(Settings::resolve(&self.nats)?)
    }

    /// Connects to a server that must be there.
    pub(crate) async fn connect(&self, settings: &Settings) -> Result<Connection, Failure> {
        let named = settings.servers.is_some();
        let connecting = connect(settings, CONNECTION_NAME, Patience::FailFast);
        while_waiting("connecting to the server", connecting).await.map_err(|error| {
            let gone = matches!(error, ConnectError::Unreachable { .. });
            let failure = Failure::from(error);
            match (gone, named) {
                (true, true) => failure.next("`chat doctor` looks closer, `chat serve` runs one"),
                (true, false) => failure
                    .next("`chat start` brings a server of its own, `chat serve` one for others"),
                (false, _) => failure,
            }
        })
    }

    /// The nick asked for, or a made-up one: never the login name.
    pub(crate) fn nick(&self) -> String {
        let made_up = || petname::petname(2, "-").unwrap_or_else(|| "someone".to_owned());
        self.nick.clone().or_else(|| self.config.nick.clone()).unwrap_or_else(made_up)
    }

    /// Whether the bell rings when someone says this node's name.
    pub(crate) fn bell(&self) -> bool {
        !self.no_bell && !self.json && self.config.bell.unwrap_or(true)
    }

    /// Whether stdout gets colours.
    pub(crate) fn colors(&self) -> bool {
        let refused = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color_wanted(refused()) {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal(),
        }
    }

    /// Flag > environment > configuration.
    fn color_wanted(&self, refused: bool) -> Color {
        let by_environment = refused.then_some(Color::Never);
        self.color.or(by_environment).or(self.config.color).unwrap_or(Color::Auto)
    }

    /// Starts the log, if asked for.
    pub(crate) fn log(&self) {
        if self.verbose {
            let filter = tracing_subscriber::EnvFilter::new(
                "chat_node=debug,chat_connect=debug,chat_director=info,async_nats=info",
            );
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(log).init();
        }
    }
}

/// Where the log goes: never across what is drawn.
fn log() -> Box<dyn Write> {
    if face::terminal_is_taken() && io::stderr().is_terminal() {
        return Box::new(io::sink());
    }
    Box::new(io::stderr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        globals: Globals,
    }

    fn globals(arguments: &[&str], config: Config) -> Globals {
        let parsed = Only::try_parse_from(["chat"].iter().chain(arguments)).unwrap();
        Globals { config, ..parsed.globals }
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_configuration() {
        let config =
            || Config { nick: Some("mole".into()), bell: Some(true), color: Some(Color::Always) };
        let plain = globals(&[], config());
        assert_eq!(plain.color_wanted(false), Color::Always);
        assert_eq!(plain.color_wanted(true), Color::Never, "NO_COLOR");
        assert!(plain.bell());
        let typed = globals(&["--color", "auto", "--nick", "rat", "--no-bell"], config());
        assert_eq!(typed.color_wanted(true), Color::Auto);
        assert_eq!((typed.nick().as_str(), typed.bell()), ("rat", false));
        assert_eq!(globals(&[], Config::default()).color_wanted(false), Color::Auto);
    }

    #[test]
    fn what_is_no_nick_is_refused_with_a_word() {
        for (nick, why) in [("", "made up"), (" ", "made up"), ("ann·euss", "no ·")] {
            let refused = Only::try_parse_from(["chat", "--nick", nick]).err();
            let told = refused.map(|error| error.to_string()).unwrap_or_default();
            assert!(told.contains(why), "{nick:?}: {told}");
        }
    }

    #[test]
    fn the_configured_nick_is_taken_where_none_is_asked_for() {
        let config = Config { nick: Some("mole".into()), ..Config::default() };
        let mut globals = globals(&[], config);
        globals.nick = None;
        assert_eq!(globals.nick(), "mole");
    }
}
