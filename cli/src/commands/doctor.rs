//! `chat doctor`: what stands between this machine and a discussion that leaves nothing, and
//! whether anyone listens.

mod check;
mod ears;
mod server;
mod services;

use crate::{
    failure::{self, Code, Failure},
    globals::Globals,
    progress::while_waiting,
    target::Target,
};
use chat_connect::{Connection, Patience, Settings, connect};
use chat_director::DirectorClient;
use chat_node::{Company, RoomAddress, company};
use chat_protocol::text;
use check::{Check, Report, Status};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Arguments of `chat doctor`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A discussion's invite or id: who hears it but its members? `-` reads CHAT_INVITE, or
    /// asks, so that nobody sees it in the list of processes. Without it a made-up room is
    /// looked at, which nobody has a reason to hear
    #[arg(value_name = "INVITE|ROOM")]
    target: Option<String>,
}

const EXAMPLES: &str = "\
Never joins and sends nothing that a member would show. \"none seen\" is never \"none\": a
server can keep or pass on more than it tells.

Exit codes: 0 good; 1 warning (a listener, JetStream on, no TLS on the way, no director, a slow
way, a wrong clock); 2 critical (a recorder, no server); 3 unknown (the server is older than
2.11, or refuses).

Examples:
  chat doctor                            the server, and who hears any room on it
  CHAT_INVITE=chat1-… chat doctor -      who hears this discussion but its members
  chat doctor --json | jq .status        for programs";

/// Characters of a line: names of many listeners may stand in it.
const LINE: usize = 2000;

impl Args {
    /// The meaning of the argument.
    pub(crate) fn target(&self) -> Result<Option<Target>, Failure> {
        match self.target.as_deref() {
            None => Ok(None),
            Some("-") => Target::unseen().map(Some),
            Some(text) => Target::on_command_line(text).map(Some),
        }
    }
}

pub(crate) async fn run(target: Option<Target>, globals: Globals) -> Result<ExitCode, Failure> {
    let settings = globals.settings()?;
    match check_up(target, &globals, &settings).await {
        Ok(status) => Ok(ExitCode::from(status.exit_code())),
        // Nobody was told what was found.
        Err(unwritten) => {
            unwritten.report();
            Ok(ExitCode::from(Status::Unknown.exit_code()))
        }
    }
}

async fn check_up(
    target: Option<Target>,
    globals: &Globals,
    settings: &Settings,
) -> Result<Status, Failure> {
    let mut report = Report::default();
    let mut told = Telling::new(globals);
    if target.as_ref().is_some_and(|target| target.visible) {
        let _ = writeln!(io::stderr(), "warning: {}", crate::target::VISIBLE);
    }
    let connecting = connect(settings, crate::globals::CONNECTION_NAME, Patience::FailFast);
    match while_waiting("connecting to the server", connecting).await {
        Err(error) => told.tell(&mut report, [server::unreachable(&error)])?,
        Ok(connection) => {
            let address = target.map(|target| target.address);
            examine(&connection, settings, address, &mut report, &mut told).await?;
        }
    }
    told.end(&report)?;
    Ok(report.status())
}

/// One check after the other, each told when it is known.
async fn examine(
    connection: &Connection,
    settings: &Settings,
    address: Option<RoomAddress>,
    report: &mut Report,
    told: &mut Telling,
) -> Result<(), Failure> {
    told.tell(report, server::reached(connection))?;
    told.tell(report, [server::tls(connection, settings)])?;
    let director = DirectorClient::new(connection.clone());
    // First, because a guest becomes somebody by it, who may do more.
    let answers = services::director(&director).await;
    told.tell(report, [services::round_trip(connection, settings.timeout).await, answers])?;
    let company = match &address {
        None => Company::default(),
        Some(address) => {
            let admitted = director.admit(address.room()).await;
            admitted.map_err(|error| failure::director(error, &connection.server))?;
            let listening = company(connection, address);
            let learned = while_waiting("listening for the members' beats", listening).await;
            learned.map_err(|error| Failure::new(Code::Refused, error.to_string()))?
        }
    };
    let looking = ears::listen(connection, address, company);
    let heard = while_waiting("looking who listens", looking).await?;
    told.tell(report, [services::jetstream(connection, &heard).await])?;
    told.tell(report, heard.checks())?;
    told.tell(report, [heard.time()])
}

/// Lines for people as they come, or one object at the end.
struct Telling {
    json: bool,
    colors: bool,
}

impl Telling {
    fn new(globals: &Globals) -> Self {
        Self { json: globals.json, colors: globals.colors() }
    }

    fn tell(
        &mut self,
        report: &mut Report,
        checks: impl IntoIterator<Item = Check>,
    ) -> Result<(), Failure> {
        for check in checks {
            if !self.json {
                writeln!(
                    io::stdout(),
                    "{}",
                    check.lines(self.colors, |told| text::one_line(told, LINE))
                )?;
            }
            report.checks.push(check);
        }
        Ok(())
    }

    fn end(&self, report: &Report) -> Result<(), Failure> {
        if self.json {
            let mut out = io::stdout().lock();
            serde_json::to_writer(&mut out, report).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            writeln!(io::stdout(), "{}", report.verdict())?;
        }
        Ok(())
    }
}
