//! What can go wrong before and while connecting. No text here holds a secret.

use crate::TlsTrouble;
use std::path::PathBuf;

/// Why options make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Two kinds of credentials.
    #[error(
        "credentials from {first} and from {second}: which of them? Drop one (--no-context ignores the context)"
    )]
    TwoCredentials {
        /// One source.
        first: String,
        /// The other.
        second: String,
    },
    /// A password for nobody.
    #[error("a password from {given}, but no user: add --user")]
    #[expect(missing_docs, reason = "the name says it")]
    PasswordWithoutUser { given: String },
    /// One of two things that belong together.
    #[error("{given} alone: a client certificate needs its key, and the key its certificate")]
    #[expect(missing_docs, reason = "the name says it")]
    HalfACertificate { given: String },
    /// A context that isn't there.
    #[error("no context {name:?} ({} doesn't exist): `nats context ls` lists them", file.display())]
    #[expect(missing_docs, reason = "the names say it")]
    NoContext { name: String, file: PathBuf },
    /// A context that can't be read.
    #[error("the context {} can't be read: {why}", file.display())]
    #[expect(missing_docs, reason = "the names say it")]
    UnreadableContext { file: PathBuf, why: String },
    /// A URL that is none. The URL itself isn't shown: it may hold a password.
    #[error("{given} is no server URL: write nats://host:port")]
    #[expect(missing_docs, reason = "the name says it")]
    Url { given: String },
    /// A duration that is none.
    #[error("{0:?} is no duration: write 5s, 500ms or 2m")]
    Duration(String),
    /// A prefix that members and directors wouldn't answer to.
    #[error(
        "inbox prefix {0:?}: members and directors answer only to prefixes that begin with _INBOX"
    )]
    InboxPrefix(String),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing answers there.
    #[error("no answer from {server}: {why}. Is it running? Name another with --server")]
    #[expect(missing_docs, reason = "the names say it")]
    Unreachable { server: String, why: String },
    /// The server doesn't accept these credentials.
    #[error(
        "{server} doesn't let this client in: check --user and --password, --token, --creds, --nkey or the context"
    )]
    #[expect(missing_docs, reason = "the name says it")]
    Refused { server: String },
    /// No TLS connection.
    #[error("no TLS connection to {server}: {why}")]
    #[expect(missing_docs, reason = "the names say it")]
    Tls { server: String, why: TlsTrouble },
    /// A file of credentials or certificates that can't be used.
    #[error("{file} can't be used: {why}")]
    #[expect(missing_docs, reason = "the names say it")]
    File { file: String, why: String },
}

impl ConnectError {
    /// What to do next, where the error itself doesn't say it.
    #[must_use]
    pub fn next(&self) -> Option<&'static str> {
        match self {
            Self::Tls { why, .. } => Some(why.next()),
            Self::File { .. } => Some(
                "--tlsca and --tlscert take certificates, --tlskey and --nkey keys, --creds what `nsc` writes; the context may name it, too",
            ),
            Self::Unreachable { .. } | Self::Refused { .. } => None,
        }
    }
}
