//! The programs under test, and the server between them.

use crate::wait::{PATIENCE, within};
use chat_connect::{Connection, NatsArgs, Patience, Settings, connect};
use std::{
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

/// A program of the release build: `chat` or `chat-director`; from the folder named by
/// `CHAT_PROGRAMS`, relative to the repository, where that is set.
///
/// # Panics
/// Where it wasn't built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let named = std::env::var_os("CHAT_PROGRAMS");
    let folder = named.unwrap_or_else(|| "target/release".into());
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder).join(name);
    assert!(path.is_file(), "{} is missing: run `make build`", path.display());
    path
}

/// The nats-server that the set-up fetched.
///
/// # Panics
/// Where it wasn't fetched.
#[must_use]
pub fn nats_server() -> PathBuf {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../nats/bin/nats-server"));
    assert!(path.is_file(), "{} is missing: run `make nats-server`", path.display());
    path
}

const PORTS_TRIED: usize = 10;

/// A port on loopback that was free a moment ago.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// A child process whose stderr is collected; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts a command.
    ///
    /// # Panics
    /// Where it can't be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().expect("piped"));
        let sink = stderr.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut sink = sink.lock().expect("no holder panics");
                sink.push_str(&line);
                sink.push('\n');
            }
        });
        Self { child, stderr, reader: Some(reader) }
    }

    /// The child.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// What it wrote on stderr so far.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("no holder panics").clone()
    }

    /// Waits for a text on stderr.
    pub fn wait_for_stderr(&self, text: &str) {
        within(PATIENCE, text, || self.stderr().contains(text).then_some(()), || self.stderr());
    }

    /// Waits for a text on stderr, or for its end without that; whether the text came.
    pub fn says_before_it_ends(&mut self, text: &str) -> bool {
        let Self { child, stderr, .. } = self;
        let said = || stderr.lock().map_or_else(|_| String::new(), |said| said.clone());
        let came = || {
            let ended = child.try_wait().ok().flatten().is_some();
            let came = said().contains(text);
            (came || ended).then_some(came)
        };
        within(PATIENCE, text, came, said)
    }

    /// Its id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, `TERM` or `INT`, say.
    ///
    /// # Panics
    /// Where `kill` fails.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(killed.is_ok_and(|status| status.success()), "kill -{name} {pid}");
    }

    /// KiB of memory that it holds at the moment, as Linux tells; nothing elsewhere.
    #[must_use]
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().ok().flatten().is_some()
    }

    /// Waits for its end, and for all that it wrote on stderr; the exit code, -1 if a
    /// signal ended it.
    pub fn wait(&mut self) -> i32 {
        let child = &mut self.child;
        let stderr = &self.stderr;
        let ended = || child.try_wait().ok().flatten();
        let status = within(PATIENCE, "the program ends", ended, || {
            stderr.lock().map_or_else(|_| String::new(), |text| text.clone())
        });
        if let Some(reader) = self.reader.take() {
            // A child of its own may hold the other end of the pipe.
            within(PATIENCE, "stderr ends", || reader.is_finished().then_some(()), String::new);
        }
        status.code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A NATS server of one's own on loopback.
#[derive(Debug)]
pub struct Server {
    port: u16,
    arguments: Vec<String>,
    process: Option<Process>,
    // Of JetStream or of a configuration, where a test wants one.
    folder: Option<tempfile::TempDir>,
}

/// Writes it into the folder, which `$FOLDER` stands for.
fn write_configuration(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("nats.conf");
    let store = format!("{:?}", folder.path().join("store").display().to_string());
    std::fs::write(&path, text.replace("$FOLDER", &store)).expect("the folder is writable");
    path
}

impl Server {
    /// A server without JetStream.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[], None)
    }

    /// A server that demands a user and a password.
    #[must_use]
    pub fn with_password(user: &str, password: &str) -> Self {
        Self::with(&["--user", user, "--pass", password], None)
    }

    /// A server with JetStream, as it shouldn't be.
    ///
    /// # Panics
    /// Where there is no place for temporary files.
    #[must_use]
    pub fn with_jetstream() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().to_string_lossy().into_owned();
        Self::with(&["-js", "-sd", &path], Some(folder))
    }

    /// A server with the limits that the image sets, without its monitoring port.
    ///
    /// # Panics
    /// Where the configuration can't be read, or there is no place for temporary files.
    #[must_use]
    pub fn as_deployed() -> Self {
        let deployed = concat!(env!("CARGO_MANIFEST_DIR"), "/../nats/nats.conf");
        let text = std::fs::read_to_string(deployed).expect("nats.conf is readable");
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("http:")).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("nats.conf");
        std::fs::write(&path, lines.join("\n")).expect("the folder is writable");
        Self::with(&["-c", &path.to_string_lossy()], Some(folder))
    }

    /// A server with this configuration, in which `$FOLDER` stands for a folder of its own.
    ///
    /// # Panics
    /// Where there is no place for temporary files.
    #[must_use]
    pub fn configured(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = write_configuration(&folder, text);
        Self::with(&["-c", &path.to_string_lossy()], Some(folder))
    }

    /// Gives one that was [`Self::configured`] another configuration while it runs.
    ///
    /// # Panics
    /// Where it doesn't run, or has no configuration.
    pub fn reload(&self, text: &str) {
        write_configuration(self.folder.as_ref().expect("it has a configuration"), text);
        let process = self.process.as_ref().expect("it runs");
        process.signal("HUP");
        process.wait_for_stderr("Reloaded server configuration");
    }

    fn with(arguments: &[&str], folder: Option<tempfile::TempDir>) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut server = Self { port: 0, arguments, process: None, folder };
        // Someone else may take a free port before the server does.
        let listens = (0..PORTS_TRIED).any(|_| {
            server.port = free_port();
            server.try_start()
        });
        assert!(listens, "none of {PORTS_TRIED} ports was free any more");
        server
    }

    /// Kills it, if it runs, and starts it on the same port.
    ///
    /// # Panics
    /// Where it doesn't start, as when something else listens there meanwhile.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.try_start(), "the server starts again on port {}", self.port);
    }

    fn try_start(&mut self) -> bool {
        let mut command = Command::new(nats_server());
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]).args(&self.arguments);
        let mut process = Process::start(command.stdout(Stdio::null()));
        let ready = process.says_before_it_ends("Server is ready");
        self.process = ready.then_some(process);
        ready
    }

    /// Tells it to let its clients go and end: lame duck mode.
    ///
    /// # Panics
    /// Where it doesn't run.
    pub fn retire(&self) {
        self.process.as_ref().expect("it runs").signal("USR2");
    }

    /// Whether it has ended, by itself or killed.
    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(Process::has_ended)
    }

    /// Waits for its end after [`Self::retire`].
    pub fn wait_until_ended(&mut self) {
        let process = self.process.as_mut().expect("it ran");
        within(PATIENCE, "the server ends", || process.has_ended().then_some(()), String::new);
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The id of its process.
    ///
    /// # Panics
    /// Where it was killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").pid()
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// A connection to it, for nodes within the test.
    ///
    /// # Panics
    /// Where it can't be reached.
    pub async fn connect(&self) -> Connection {
        let args = NatsArgs { server: Some(self.url()), ..NatsArgs::default() };
        let settings = Settings::resolve(&args).expect("a URL is all that is needed");
        connect(&settings, "test", Patience::FailFast).await.expect("the server is there")
    }
}

/// A director of one's own.
#[derive(Debug)]
pub struct Director(Process);

impl Director {
    /// A director at this server, once it serves.
    #[must_use]
    pub fn start(url: &str) -> Self {
        Self::with(url, &[])
    }

    /// A director at this server and with these options, once it serves.
    #[must_use]
    pub fn with(url: &str, options: &[&str]) -> Self {
        let mut command = Command::new(program("chat-director"));
        command.args(["--server", url]).args(options).stdin(Stdio::null()).stdout(Stdio::null());
        let process = Process::start(without_settings(&mut command));
        process.wait_for_stderr("director ready");
        Self(process)
    }

    /// The id of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.stderr()
    }

    /// Stops it in order.
    ///
    /// # Panics
    /// Where it doesn't end well.
    pub fn stop(mut self) {
        self.0.signal("TERM");
        assert_eq!(self.0.wait(), 0, "{}", self.0.stderr());
    }
}

/// Removes what a developer's environment would add to a command.
pub fn without_settings(command: &mut Command) -> &mut Command {
    let ours = |(name, _): &(std::ffi::OsString, _)| {
        let name = name.to_string_lossy();
        (name.starts_with("NATS_") || name.starts_with("CHAT_")) && name != "CHAT_PROGRAMS"
    };
    for (name, _) in std::env::vars_os().filter(ours) {
        command.env_remove(name);
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent")
}

/// Whether something listens there.
#[must_use]
pub fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
