//! Who one is at a server that lets nobody into a room without a pass.
//!
//! A pass is a JWT that a director has signed for a key of this process: it names the rooms whose
//! subjects the server lets it use, and ends. The key is made here and never leaves. Whoever has
//! none yet comes as a guest, by a file of credentials that many share, and may only ask for one.

use async_nats::{Auth, AuthError};
use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde::Deserialize;
use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The tag in the JWT of a guest.
pub const GUEST: &str = "guest";
/// Inboxes of guests begin so.
pub(crate) const GUEST_INBOX: &str = "_INBOX.guest";

/// A key of one's own, and what a director has signed for it last.
pub struct Pass {
    user: KeyPair,
    jwt: Mutex<String>,
}

impl Pass {
    /// Of a fresh key, with nothing signed for it yet.
    #[must_use]
    pub fn new() -> Self {
        Self { user: KeyPair::new_user(), jwt: Mutex::default() }
    }

    /// Of the same key, with nothing signed for it yet.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { user: self.user.clone(), jwt: Mutex::default() }
    }

    /// The public part of the key.
    #[must_use]
    pub fn user(&self) -> String {
        self.user.public_key()
    }

    /// What was signed last; nothing before the first time.
    #[must_use]
    pub fn jwt(&self) -> Option<String> {
        let jwt = self.jwt.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(jwt).filter(|jwt| !jwt.is_empty())
    }

    /// From now on connections are made with this one; the one before.
    pub(crate) fn replace(&self, jwt: String) -> String {
        std::mem::replace(&mut self.jwt.lock().unwrap_or_else(PoisonError::into_inner), jwt)
    }

    /// Nobody else may hear what begins so.
    pub(crate) fn inbox_prefix(&self) -> String {
        format!("_INBOX.{}", self.user())
    }

    /// The answer to a server that wants to know who connects.
    pub(crate) fn answer(&self, nonce: &[u8]) -> Result<Auth, AuthError> {
        let mut auth = Auth::new();
        auth.signature = Some(self.user.sign(nonce).map_err(AuthError::new)?);
        auth.jwt = self.jwt();
        Ok(auth)
    }
}

impl Default for Pass {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(..)")
    }
}

/// Who holds and who signed a user's JWT, and for how long. Nothing of it is checked here: that
/// is the server's.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    iss: String,
    #[serde(default)]
    iat: u64,
    #[serde(default)]
    exp: u64,
    nats: Nats,
}

#[derive(Clone, Debug, Deserialize)]
struct Nats {
    #[serde(default)]
    issuer_account: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
}

impl Claims {
    /// What a JWT claims, if it is one of a user.
    #[must_use]
    pub fn of(jwt: &str) -> Option<Self> {
        let mut parts = jwt.trim().split('.');
        let claims = BASE64URL_NOPAD.decode(parts.nth(1)?.as_bytes()).ok()?;
        serde_json::from_slice(&claims).ok()
    }

    /// What the JWT in a file of credentials claims.
    #[must_use]
    pub fn of_file(text: &str) -> Option<Self> {
        let lines = text.lines().skip_while(|line| !line.contains("BEGIN NATS USER JWT"));
        Self::of(lines.map(str::trim).find(|line| !line.is_empty() && !line.starts_with('-'))?)
    }

    /// The account's public key.
    #[must_use]
    pub fn account(&self) -> &str {
        self.nats.issuer_account.as_deref().unwrap_or(&self.iss)
    }

    /// From its issue to its end; none if it doesn't end.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        (self.exp > 0).then(|| Duration::from_secs(self.exp.saturating_sub(self.iat)))
    }

    /// Whether it lets its holder do no more than ask for a pass.
    pub(crate) fn is_guest(&self) -> bool {
        self.nats.tags.iter().any(|tag| tag == GUEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.as_bytes()))
    }

    #[test]
    fn a_guest_is_known_by_the_jwt_in_its_file() {
        let guest = jwt(r#"{"iss":"AKEY","sub":"U","iat":5,"nats":{"tags":["guest"]}}"#);
        let file = format!(
            "-----BEGIN NATS USER JWT-----\n{guest}\n------END NATS USER JWT------\n\nrest\n"
        );
        let claims = Claims::of_file(&file).unwrap();
        assert!(claims.is_guest());
        assert_eq!((claims.account(), claims.lifetime()), ("AKEY", None));
        let other = jwt(r#"{"iss":"AKEY","iat":5,"exp":65,"nats":{"issuer_account":"A2"}}"#);
        let claims = Claims::of(&other).unwrap();
        assert!(!claims.is_guest());
        assert_eq!((claims.account(), claims.lifetime()), ("A2", Some(Duration::from_secs(60))));
        for wrong in ["", "a.b.c", "e30", &jwt("7"), "no JWT in here"] {
            assert!(Claims::of(wrong).is_none() && Claims::of_file(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_is_signed_is_the_servers_word_by_the_key_that_the_pass_is_for() {
        let pass = Pass::new();
        assert_eq!(pass.jwt(), None);
        assert_eq!(pass.replace("a.b.c".into()), "");
        let auth = pass.answer(b"nonce").unwrap();
        assert_eq!(auth.jwt.as_deref(), Some("a.b.c"));
        let holder = KeyPair::from_public_key(&pass.user()).unwrap();
        holder.verify(b"nonce", &auth.signature.unwrap()).unwrap();
        assert_eq!(format!("{pass:?}"), "Pass(..)");
    }
}
