//! A server that lets nobody into a room without a pass, as `chat-director keys` sets it up.

use crate::{
    identity,
    programs::{Director, Server, program, without_settings},
};
use nkeys::KeyPair;
use serde_json::Value;
use std::{path::PathBuf, process::Command};
use tempfile::TempDir;

/// The files of an operator, an account, its guests and its directors.
#[derive(Debug)]
pub struct Keys(TempDir);

impl Keys {
    /// Makes them.
    ///
    /// # Panics
    /// Where the command fails.
    #[must_use]
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(program("chat-director"));
        command.arg("keys").arg(folder.path());
        let made = without_settings(&mut command).output().expect("chat-director runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self(folder)
    }

    /// Where one of the files is.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A server that includes their configuration.
    #[must_use]
    pub fn server(&self) -> Server {
        Server::configured(&self.configuration())
    }

    /// What a server has to include.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn configuration(&self) -> String {
        std::fs::read_to_string(self.file("server.conf")).expect("it was made")
    }

    /// A director that gives passes; the options may name another key for them.
    #[must_use]
    pub fn director(&self, url: &str, options: &[&str]) -> Director {
        let [creds, key] = ["director.creds", "pass.nk"].map(|name| self.shown(name));
        let own = ["--creds", &creds, "--inbox-prefix", "_INBOX.director"];
        let passes = ["--pass-key", &key];
        let passes = if options.contains(&"--pass-key") { &[][..] } else { &passes };
        Director::with(url, &[&own, passes, options].concat())
    }

    /// `chat --server URL --creds guest.creds ARGUMENTS…`
    #[must_use]
    pub fn guest(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("chat"));
        command.args(["--server", url, "--creds", &self.shown("guest.creds")]).args(arguments);
        without_settings(&mut command);
        command
    }

    /// The key by which directors sign passes.
    #[must_use]
    pub fn pass_key(&self) -> KeyPair {
        self.key("pass.nk")
    }

    /// What a pass says, besides who it is for: to be altered, and signed by whomever.
    #[must_use]
    pub fn claims(&self, rooms: &[String], ends_in: i64) -> Value {
        let account = self.key("account.nk").public_key();
        identity::pass(&account, rooms, ends_in)
    }

    fn key(&self, name: &str) -> KeyPair {
        let seed = std::fs::read_to_string(self.file(name)).expect("it was made");
        KeyPair::from_seed(seed.trim()).expect("it is a seed")
    }

    fn shown(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}
