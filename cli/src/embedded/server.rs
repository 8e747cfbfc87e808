//! The nats-server child: configured through a pipe, so that nothing is written, and unable
//! to outlive the process that started it.

use crate::failure::{Code, Failure};
use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child as Process, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// First argument by which this program knows that it is to become the server.
const BECOME: &str = "__nats-server";
/// The line by which the server says that it listens.
const READY: &str = "Server is ready";
/// It must say so by then.
const STARTED: Duration = Duration::from_secs(10);

/// A running nats-server, ended when dropped.
#[derive(Debug)]
pub(crate) struct Child(Process);

impl Child {
    /// Starts a server; returns when it listens.
    pub(crate) fn start(binary: &Path, listen: SocketAddr) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(BECOME).arg(std::process::id().to_string()).arg(binary);
        command.args(["-c", "/dev/stdin"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut child = Self(command.spawn()?);
        if let Some(mut stdin) = child.0.stdin.take() {
            stdin.write_all(configuration(listen).as_bytes())?;
        }
        child.wait_until_ready(listen)?;
        Ok(child)
    }

    /// A thread reads its log to the end, so that it never waits for a reader, and tells when
    /// it listens or with which words it ended.
    fn wait_until_ready(&mut self, listen: SocketAddr) -> Result<(), Failure> {
        let Some(stderr) = self.0.stderr.take() else { return Ok(()) };
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
            let mut last = String::new();
            for line in lines.by_ref() {
                if line.contains(READY) {
                    let _ = tell.send(Ok(()));
                    return lines.for_each(drop);
                }
                last = line;
            }
            let _ = tell.send(Err(last));
        });
        let why = match told.recv_timeout(STARTED) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(last)) => match last.split_once("[FTL] ") {
                Some((_, why)) => why.to_owned(),
                None => last,
            },
            Err(_) => format!("not ready within {STARTED:?}"),
        };
        Err(Failure::new(Code::Other, format!("nats-server did not start on {listen}: {why}"))
            .next("is the port in use? choose another with --listen"))
    }

    /// Its exit, if it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// JetStream off, limits that fit the protocol, no monitoring, no traffic in any log.
fn configuration(listen: SocketAddr) -> String {
    format!(
        "listen: \"{listen}\"\n\
         jetstream: disabled\n\
         max_payload: 1MB\n\
         max_pending: 32MB\n\
         ping_interval: \"2s\"\n\
         ping_max: 2\n\
         write_deadline: \"2s\"\n\
         max_control_line: 4KB\n\
         max_closed_clients: 1\n\
         debug: false\n\
         trace: false\n"
    )
}

/// Becomes nats-server, if the first argument says so; returns only where that fails, or
/// nothing where it wasn't asked for.
pub(crate) fn become_server_if_told() -> Option<Failure> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(BECOME.as_ref()) {
        return None;
    }
    let parent = arguments.next().unwrap_or_default();
    if let Err(failure) = die_with(&parent.to_string_lossy()) {
        return Some(failure);
    }
    let binary = arguments.next().unwrap_or_else(|| OsString::from("nats-server"));
    let error = Command::new(&binary).args(arguments).exec();
    Some(Failure::new(Code::NoServer, format!("{} can't be run: {error}", binary.display())))
}

/// The kernel ends this process when the thread that started it ends, however it ends; that
/// survives `exec`. A parent that ended before this was settled is noticed by its id.
#[cfg(target_os = "linux")]
fn die_with(parent: &str) -> Result<(), Failure> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(std::io::Error::from)?;
    let now = getppid().map(|parent| parent.as_raw_nonzero().to_string());
    if now.as_deref() == Some(parent) {
        return Ok(());
    }
    Err(Failure::new(Code::Other, "nobody waits for this server any more"))
}

#[cfg(not(target_os = "linux"))]
fn die_with(_parent: &str) -> Result<(), Failure> {
    Ok(())
}
