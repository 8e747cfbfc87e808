//! A certificate authority for tests, as `nats/dev-ca` makes one.

use crate::programs::Server;
use std::process::Command;
use tempfile::TempDir;

/// Certificates of an authority of its own, for a server of this name.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Authority {
    /// One whose certificates are good for so many days.
    ///
    /// # Panics
    /// Where `nats/dev-ca` fails.
    #[must_use]
    pub fn new(name: &str, days: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../nats/dev-ca");
        let made = Command::new(script).arg(folder.path()).arg(name).env("DAYS", days).output();
        let made = made.expect("nats/dev-ca runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self(folder)
    }

    /// Where one of its files is.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// A server with its certificate, with more in its `tls` block.
    #[must_use]
    pub fn server(&self, more: &str) -> Server {
        Server::configured(&self.configuration(more))
    }

    /// The `tls` block of such a server.
    #[must_use]
    pub fn configuration(&self, more: &str) -> String {
        let [ca, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(|f| self.file(f));
        format!("tls {{ ca_file: {ca:?}, cert_file: {certificate:?}, key_file: {key:?} {more} }}\n")
    }
}
