//! Identities as NATS knows them, made for a test: nkeys, and the JWTs of operator, account and
//! user.

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// A pair of keys of a user: what the server is told, and what the user keeps.
///
/// # Panics
/// Never, in practice.
#[must_use]
pub fn nkey() -> (String, String) {
    let user = KeyPair::new_user();
    (user.public_key(), user.seed().expect("a new pair has a seed"))
}

/// A server that lets in whom its operator's account has signed for.
#[derive(Debug)]
pub struct Operator {
    /// What the server's configuration says of it.
    pub configuration: String,
    /// What a user of the account keeps in a file.
    pub creds: String,
    /// The secret in that.
    pub seed: String,
}

impl Operator {
    /// Makes an operator with one account and one user.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn new() -> Self {
        let (operator, account, user) =
            (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_user());
        let operator_jwt = sign(&operator, &operator, "test", "operator", &json!({}));
        let limits = json!({ "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
            "wildcards": true, "conn": -1, "leaf": -1 });
        let account_jwt =
            sign(&operator, &account, "chat", "account", &json!({ "limits": limits }));
        let user_jwt = sign(
            &account,
            &user,
            "ann",
            "user",
            &json!({ "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1 }),
        );
        let seed = user.seed().expect("a new pair has a seed");
        let key = account.public_key();
        Self {
            configuration: format!(
                "operator: {operator_jwt}\nresolver: MEMORY\n\
                 resolver_preload: {{ {key}: {account_jwt} }}\n"
            ),
            creds: format!(
                "-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n\
                 -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
            ),
            seed,
        }
    }
}

impl Default for Operator {
    fn default() -> Self {
        Self::new()
    }
}

/// The claims of a pass that ends so many seconds from now, or did.
pub(crate) fn pass(account: &str, rooms: &[String], ends_in: i64) -> Value {
    let tags: Vec<_> = rooms.iter().map(|room| format!("room:{room}")).collect();
    let now = i64::try_from(now()).unwrap_or(i64::MAX);
    json!({ "name": "pass", "iat": now - 100, "exp": now + ends_in,
        "nats": { "type": "user", "version": 2, "issuer_account": account, "tags": tags,
            "pub": {}, "sub": {} } })
}

/// A JWT of these claims, as they are.
///
/// # Panics
/// The issuer's pair has no secret part.
#[must_use]
pub fn jwt(issuer: &KeyPair, subject: &KeyPair, mut claims: Value) -> String {
    claims["iss"] = issuer.public_key().into();
    claims["sub"] = subject.public_key().into();
    encode(issuer, &claims)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn sign(issuer: &KeyPair, subject: &KeyPair, name: &str, kind: &str, nats: &Value) -> String {
    let now = now();
    let mut nats = nats.clone();
    nats["type"] = kind.into();
    nats["version"] = 2.into();
    let claims = json!({ "name": name, "iat": now, "jti": format!("{kind}-{now}"), "nats": nats });
    jwt(issuer, subject, claims)
}

fn encode(issuer: &KeyPair, claims: &Value) -> String {
    let header = BASE64URL_NOPAD.encode(br#"{"typ":"JWT","alg":"ed25519-nkey"}"#);
    let body = format!("{header}.{}", BASE64URL_NOPAD.encode(claims.to_string().as_bytes()));
    let signature = issuer.sign(body.as_bytes()).expect("a pair with a seed signs");
    format!("{body}.{}", BASE64URL_NOPAD.encode(&signature))
}
