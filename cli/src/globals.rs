//! Options that every subcommand has.

use crate::{face, failure::Failure};
use chat_connect::{Connection, NatsArgs, Patience, Settings, connect};
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal, Write};

/// What connections are called at the server, where any member can see it: nothing personal.
const CONNECTION_NAME: &str = "chat";

/// Global options.
#[derive(Args, Clone)]
pub(crate) struct Globals {
    #[command(flatten)]
    pub(crate) nats: NatsArgs,
    /// What the others see you as; without it a made-up pair of words
    #[arg(long, global = true, env = "CHAT_NICK", value_name = "NAME")]
    pub(crate) nick: Option<String>,
    /// One JSON object a line, on stdin and stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colours; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,
    /// Tell on stderr what happens below; never what was said. While the screen is taken only
    /// where stderr goes elsewhere
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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
        let connected = connect(settings, CONNECTION_NAME, Patience::FailFast).await;
        connected.map_err(|error| {
            let failure = Failure::from(error);
            if named {
                failure
            } else {
                failure.next("`chat start` brings a server of its own, `chat serve` one for others")
            }
        })
    }

    /// The nick asked for, or a made-up one: never the login name.
    pub(crate) fn nick(&self) -> String {
        let made_up = || petname::petname(2, "-").unwrap_or_else(|| "someone".to_owned());
        self.nick.clone().filter(|nick| !nick.trim().is_empty()).unwrap_or_else(made_up)
    }

    /// Whether stdout gets colours.
    pub(crate) fn colors(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                !refused && io::stdout().is_terminal()
            }
        }
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
