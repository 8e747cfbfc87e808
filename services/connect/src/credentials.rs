//! Credentials, and where they came from.

use crate::{Pass, SettingsError};
use std::{fmt, sync::Arc};

/// How a client identifies itself. Never shown: `Debug` tells the kind only.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Not at all.
    #[default]
    None,
    /// By name and password.
    User {
        /// The name.
        user: String,
        /// The password, perhaps empty.
        password: String,
    },
    /// By a token.
    Token(String),
    /// By a file with a JWT and its seed.
    Creds(String),
    /// By a file with an nkey seed.
    Nkey(String),
    /// By a pass that a director has signed. Never typed: got.
    Pass(Arc<Pass>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::User { .. } => "User(..)",
            Self::Token(_) => "Token(..)",
            Self::Creds(_) => "Creds(..)",
            Self::Nkey(_) => "Nkey(..)",
            Self::Pass(_) => "Pass(..)",
        })
    }
}

/// A value and the option, variable or file that it came from.
#[derive(Clone)]
pub(crate) struct Sourced {
    pub(crate) value: String,
    pub(crate) source: String,
}

/// Every kind of credentials that was given, with its source.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) user: Option<Sourced>,
    pub(crate) password: Option<Sourced>,
    pub(crate) token: Option<Sourced>,
    pub(crate) creds: Option<Sourced>,
    pub(crate) nkey: Option<Sourced>,
}

impl Given {
    /// The one kind that was given. Two are refused, both sources named: guessing would try
    /// one identity at the other's server.
    pub(crate) fn choose(self) -> Result<Credentials, SettingsError> {
        let kinds = [&self.user, &self.token, &self.creds, &self.nkey];
        let sources: Vec<_> = kinds.into_iter().flatten().map(|given| &given.source).collect();
        if let [first, second, ..] = sources[..] {
            let (first, second) = (first.clone(), second.clone());
            return Err(SettingsError::TwoCredentials { first, second });
        }
        let value = |given: Option<Sourced>| given.map(|given| given.value);
        if let Some(user) = value(self.user) {
            let password = value(self.password).unwrap_or_default();
            return Ok(Credentials::User { user, password });
        }
        if let Some(password) = self.password {
            return Err(SettingsError::PasswordWithoutUser { given: password.source });
        }
        let token = value(self.token).map(Credentials::Token);
        let creds = value(self.creds).map(Credentials::Creds);
        let nkey = value(self.nkey).map(Credentials::Nkey);
        Ok(token.or(creds).or(nkey).unwrap_or_default())
    }
}
