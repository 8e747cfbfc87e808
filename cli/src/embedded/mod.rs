//! The embedded default: a real nats-server and a director for this machine, started when
//! no server is named and none is there, ending by itself when idle.

mod binary;
mod server;

pub(crate) use binary::find;
pub(crate) use server::{Child, become_server_if_told};

use crate::{
    failure::{Code, Failure},
    progress::while_waiting,
};
use chat_connect::{Patience, Settings, connect};
use chat_director::DirectorClient;
use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child as Process, Command, Stdio},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

/// Where the embedded default listens.
const ADDRESS: &str = "127.0.0.1:4222";
/// It ends after this long without a client.
const IDLE_SECONDS: &str = "30";
/// It must answer by then.
const STARTED: Duration = Duration::from_secs(10);
/// A server that is there already may be one that another `chat` has just started: its
/// director gets this long. Without one it goes on all the same: what is missing is told there.
const DIRECTOR: Duration = Duration::from_secs(2);
/// Between two looks whether it answers.
const LOOK: Duration = Duration::from_millis(20);

/// Makes sure that there is a server to connect to, if none is named: one is started on
/// this machine. A named server is never replaced.
pub(crate) async fn ensure(settings: Settings) -> Result<Settings, Failure> {
    while_waiting("waiting for a server on this machine", ensured(settings)).await
}

async fn ensured(settings: Settings) -> Result<Settings, Failure> {
    if settings.servers.is_some() {
        return Ok(settings);
    }
    if listens().await {
        let begun = Instant::now();
        while !has_director(&settings).await && begun.elapsed() < DIRECTOR && listens().await {
            sleep(LOOK).await;
        }
        return Ok(settings);
    }
    // Before anything is started: what is missing is told here, not in a background process.
    let mut server = start(&find()?)?;
    let begun = Instant::now();
    while begun.elapsed() < STARTED {
        // Of two that are started at once one can't listen, and ends: the other serves both.
        let ended = server.try_wait()?.is_some();
        if listens().await {
            if has_director(&settings).await {
                return Ok(settings);
            }
        } else if ended {
            break;
        }
        sleep(LOOK).await;
    }
    Err(Failure::new(Code::NoServer, "the server for this machine did not start")
        .next("`chat serve` shows why"))
}

/// Starts `chat serve` in the background. It gets nothing of ours that it would keep: no
/// terminal, no folder, no invite, nick or credentials.
fn start(binary: &Path) -> Result<Process, Failure> {
    let mut server = Command::new(std::env::current_exe()?);
    server.args(["serve", "--no-context", "--listen", ADDRESS, "--idle-exit", IDLE_SECONDS]);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CHAT_") || name.starts_with("NATS_") {
            server.env_remove(&*name);
        }
    }
    server.env("CHAT_NATS_SERVER", std::path::absolute(binary)?).current_dir("/");
    // A group of its own: an interrupt of this command is none of the server's business.
    server.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(server.spawn()?)
}

async fn listens() -> bool {
    let connected = timeout(Duration::from_millis(500), TcpStream::connect(ADDRESS)).await;
    connected.is_ok_and(|connected| connected.is_ok())
}

async fn has_director(settings: &Settings) -> bool {
    let Ok(connection) = connect(settings, "chat", Patience::FailFast).await else { return false };
    DirectorClient::new(connection).list().await.is_ok()
}
