//! What ends a command before its time: a line that says what and why, one that says what
//! next, and the contract's exit code.

use chat_connect::{ConnectError, SettingsError};
use chat_director::{DirectorError, ServeError};
use chat_node::EnterError;
use chat_protocol::director::Refusal;
use std::{
    io::{ErrorKind, Write},
    process::ExitCode,
};

/// The contract's exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Nobody reads any more: nothing is wrong.
    Fine = 0,
    Other = 1,
    Usage = 2,
    NoServer = 3,
    NoDirector = 4,
    Over = 5,
    Refused = 6,
}

/// Why a command failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    code: Code,
    what: String,
    next: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), next: None }
    }

    pub(crate) fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    pub(crate) fn over() -> Self {
        Self::new(Code::Over, "that discussion is over: nobody is in it any more")
            .next("`chat start` opens another")
    }

    fn locked() -> Self {
        Self::new(Code::Refused, "that discussion was locked: its members let nobody in any more")
            .next("`chat start` opens another")
    }

    pub(crate) fn no_director(server: &str) -> Self {
        Self::new(
            Code::NoDirector,
            format!("no director answers at {server}: it opens and finds discussions"),
        )
        .next("run `chat-director` there, or use `chat serve`, which brings one")
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Prints it on stderr; the exit code.
    pub(crate) fn report(self) -> ExitCode {
        if self.code == Code::Fine {
            return ExitCode::SUCCESS;
        }
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "error: {}", self.what);
        if let Some(next) = self.next {
            let _ = writeln!(stderr, "next: {next}");
        }
        ExitCode::from(self.code as u8)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::new(Code::Usage, error.to_string())
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let code = match &error {
            ConnectError::Unreachable { .. } | ConnectError::Tls { .. } => Code::NoServer,
            ConnectError::Refused { .. } => Code::Refused,
            ConnectError::File { .. } => Code::Usage,
        };
        Self { next: error.next().map(str::to_owned), ..Self::new(code, error.to_string()) }
    }
}

impl From<EnterError> for Failure {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::Nobody => Self::over(),
            EnterError::Locked => Self::locked(),
            EnterError::Terms | EnterError::Server(_) => {
                Self::new(Code::Refused, error.to_string())
            }
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::new(Code::Refused, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let code = if error.kind() == ErrorKind::BrokenPipe { Code::Fine } else { Code::Other };
        Self::new(code, error.to_string())
    }
}

/// What to do about a stream that answers in a director's place.
pub(crate) const UNRECORDED: &str = "ask whoever runs the server to take `chat.>` out of its subjects (`nats stream edit`), or use a server without JetStream";

/// A director's refusal, told for the server it was asked at.
pub(crate) fn director(error: DirectorError, server: &str) -> Failure {
    match error {
        DirectorError::Away => Failure::no_director(server),
        DirectorError::NoPass => Failure::new(Code::NoDirector, format!("at {server} {error}"))
            .next("have `chat-director --pass-key` run there, at all directors: nats/README.md"),
        DirectorError::PassRefused => Failure::new(Code::Refused, error.to_string())
            .next("whoever runs it: --pass-key must be a signing key of this server's account, and its clock right"),
        DirectorError::Forbidden(why) => {
            let what = format!("the server doesn't let this user ask for a room: {why}");
            Failure::new(Code::Refused, what)
                .next("see nats/accounts.conf for what a user needs; --inbox-prefix must fit")
        }
        DirectorError::Recorded(_) => {
            Failure::new(Code::Refused, error.to_string()).next(UNRECORDED)
        }
        DirectorError::Garbled => Failure::new(Code::Other, error.to_string()),
        DirectorError::Refused(Refusal::Over, _) => Failure::over(),
        DirectorError::Refused(Refusal::Locked, _) => Failure::locked(),
        DirectorError::Refused(Refusal::Full, _) => Failure::new(Code::Refused, "the room is full")
            .next("ask someone to leave, or open another with `chat start`"),
        DirectorError::Refused(refusal, why) => {
            Failure::new(Code::Refused, format!("the director refused: {why} ({})", refusal.code()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_the_contracts_exit_code() {
        let unreachable = ConnectError::Unreachable { server: "s".into(), why: "w".into() };
        assert_eq!(Failure::from(unreachable).code(), Code::NoServer);
        assert_eq!(
            Failure::from(ConnectError::Refused { server: "s".into() }).code(),
            Code::Refused
        );
        assert_eq!(Failure::from(EnterError::Nobody).code(), Code::Over);
        assert_eq!(director(DirectorError::Away, "s").code(), Code::NoDirector);
        assert_eq!(Failure::from(std::io::Error::from(ErrorKind::BrokenPipe)).code(), Code::Fine);
        let full = DirectorError::Refused(Refusal::Full, String::new());
        assert_eq!(director(full, "s").code(), Code::Refused);
        let recorded = DirectorError::Recorded("SPY".into());
        assert_eq!(director(recorded, "s").code(), Code::Refused);
        let locked = DirectorError::Refused(Refusal::Locked, String::new());
        assert_eq!(director(locked, "s"), EnterError::Locked.into());
    }
}
