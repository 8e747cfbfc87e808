//! A `chat … --json` process: what it is told and what it tells.

use crate::{
    programs::{Process, program, without_settings},
    wait::{PATIENCE, within},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

/// A node under test.
#[derive(Debug)]
pub struct Chat {
    process: Process,
    stdin: Option<ChildStdin>,
    lines: Arc<Mutex<Vec<Value>>>,
    reader: JoinHandle<()>,
}

impl Chat {
    /// `chat --json --server URL ARGUMENTS…`
    #[must_use]
    pub fn run(url: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program("chat"));
        command.args(["--json", "--server", url]).args(arguments);
        Self::start(without_settings(&mut command))
    }

    /// Any command that speaks the JSON contract on its standard streams.
    ///
    /// # Panics
    /// Where it can't be started, and later where it prints something that is not JSON.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let stdin = process.child().stdin.take();
        let stdout = BufReader::new(process.child().stdout.take().expect("piped"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let reader = std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let value =
                    serde_json::from_str(&line).unwrap_or_else(|_| json!({ "garbage": line }));
                sink.lock().expect("no holder panics").push(value);
            }
        });
        Self { process, stdin, lines, reader }
    }

    /// Opens a private discussion; the node and its invite.
    #[must_use]
    pub fn open(url: &str, nick: &str) -> (Self, String) {
        let chat = Self::run(url, &["start", "--nick", nick]);
        let invite = chat.ready()["invite"].as_str().unwrap_or_default().to_owned();
        (chat, invite)
    }

    /// Opens a discussion that anyone on the server can read; the node and its invite.
    #[must_use]
    pub fn open_clear(url: &str, nick: &str) -> (Self, String) {
        let chat = Self::run(url, &["start", "--clear", "--nick", nick]);
        let invite = chat.ready()["invite"].as_str().unwrap_or_default().to_owned();
        (chat, invite)
    }

    /// Joins by an invite or a room's id; returns once it is in.
    #[must_use]
    pub fn join(url: &str, invite: &str, nick: &str) -> Self {
        let chat = Self::run(url, &["join", invite, "--nick", nick]);
        chat.ready();
        chat
    }

    /// What it printed so far.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.lines.lock().expect("no holder panics").clone()
    }

    /// Its events of one kind.
    #[must_use]
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == kind).collect()
    }

    /// The first event that matches.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn find(&self, matches: impl Fn(&Value) -> bool) -> Option<Value> {
        self.lines.lock().expect("no holder panics").iter().find(|event| matches(event)).cloned()
    }

    /// How many of its events match.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn count(&self, matches: impl Fn(&Value) -> bool) -> usize {
        self.lines.lock().expect("no holder panics").iter().filter(|event| matches(event)).count()
    }

    /// Its last event of one kind.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn last_of(&self, kind: &str) -> Option<Value> {
        let lines = self.lines.lock().expect("no holder panics");
        lines.iter().rev().find(|event| event["event"] == kind).cloned()
    }

    /// The texts of its messages, in the order printed.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let text = |event: &Value| event["text"].as_str().unwrap_or_default().to_owned();
        self.events_of("message").iter().map(text).collect()
    }

    /// Waits for an event.
    pub fn wait_for(&self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        self.wait_for_within(PATIENCE, what, matches)
    }

    /// Waits for an event, for so long.
    pub fn wait_for_within(
        &self,
        patience: Duration,
        what: &str,
        matches: impl Fn(&Value) -> bool,
    ) -> Value {
        within(patience, what, || self.find(&matches), || self.state())
    }

    /// Its `ready` event, waited for.
    pub fn ready(&self) -> Value {
        self.wait_for("ready", |event| event["event"] == "ready")
    }

    /// Waits until it shows a message with this text.
    pub fn wait_for_text(&self, text: &str) -> Value {
        self.wait_for(text, |event| event["event"] == "message" && event["text"] == text)
    }

    /// Waits until it shows so many messages.
    pub fn wait_for_messages(&self, patience: Duration, count: usize) {
        let enough = || (self.events_of("message").len() >= count).then_some(());
        within(patience, &format!("{count} messages"), enough, || self.state());
    }

    /// The digest, if it last told that all of `members` have the same transcript.
    fn agreed(&self, members: usize) -> Option<Value> {
        let last = self.last_of("agreement")?;
        (last["same"] == members && last["of"] == members).then(|| last["digest"].clone())
    }

    /// Waits until it last told that all of `members` have the same transcript.
    pub fn wait_for_agreement(&self, patience: Duration, members: usize) {
        let what = format!("agreement of {members}");
        within(patience, &what, || self.agreed(members), || self.state());
    }

    /// Waits until all of them last told that all have the same transcript, and of the same one: what
    /// one of them told before it heard the last message is of an earlier one.
    pub fn wait_for_one_transcript<'a>(
        nodes: impl IntoIterator<Item = &'a Self> + Clone,
        patience: Duration,
    ) {
        let count = nodes.clone().into_iter().count();
        let agreed = || {
            let mut digests = nodes.clone().into_iter().map(|node| node.agreed(count));
            let first = digests.next().flatten()?;
            digests.all(|digest| digest.as_ref() == Some(&first)).then_some(())
        };
        let states = || nodes.clone().into_iter().map(Self::state).collect::<Vec<_>>().join("\n");
        within(patience, "one transcript", agreed, states);
    }

    /// Says something.
    pub fn say(&mut self, text: &str) {
        self.send(&json!({ "say": text }));
    }

    /// Writes one object on its stdin.
    pub fn send(&mut self, object: &Value) {
        self.send_bytes(format!("{object}\n").as_bytes());
    }

    /// Writes bytes on its stdin.
    ///
    /// # Panics
    /// Where it was closed.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes).expect("the program reads");
    }

    /// Ends its input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Ends its input and waits for its end; the exit code.
    pub fn finish(&mut self) -> i32 {
        self.close_stdin();
        self.wait()
    }

    /// Its `closed` event, after its end.
    pub fn closed(&mut self) -> Value {
        assert_eq!(self.finish(), 0, "{}", self.state());
        self.wait_for("closed", |event| event["event"] == "closed")
    }

    /// Waits for its end, and for all that it printed; the exit code.
    pub fn wait(&mut self) -> i32 {
        let code = self.process.wait();
        let read = || self.reader.is_finished().then_some(());
        within(PATIENCE, "stdout ends", read, || self.state());
        code
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// What it wrote on stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Its last events, and what it wrote on stderr: what a failure shows.
    #[must_use]
    pub fn state(&self) -> String {
        let events = self.events();
        let last: Vec<_> = events.iter().rev().take(12).rev().map(Value::to_string).collect();
        format!(
            "{} events, the last:\n{}\nstderr:\n{}",
            events.len(),
            last.join("\n"),
            self.stderr()
        )
    }
}
