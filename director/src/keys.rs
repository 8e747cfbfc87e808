//! `chat-director keys`: an operator and an account in which permissions are per room, for
//! development or as a pattern. Where `nsc` is at hand it makes the same.
//!
//! The account has one scoped signing key, for passes. What a pass allows is fixed here, in the
//! account's JWT, and filled in by the server: `{{tag(room)}}` by each room of the pass (a
//! subject with it is left out where there is none), `{{subject()}}` by the holder's public key.
//! Answers aren't allowed by `allow_responses`: the server lets their holder publish to *any*
//! reply subject that a message to it names, so whoever sends one to himself could publish
//! anywhere.

use crate::{jwt, passes::now};
use chat_connect::GUEST;
use chat_protocol::director::QUEUE_GROUP;
use nkeys::KeyPair;
use serde_json::{Value, json};
use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Subscriptions of one connection: a node needs about ten for each room.
const SUBSCRIPTIONS: u64 = 64;

/// No leaf nodes: behind one there may be many.
const CONNECTIONS: [&str; 2] = ["STANDARD", "WEBSOCKET"];

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There are some already.
    #[error("{} exists, and keys are never overwritten: name another folder", .0.display())]
    Exists(PathBuf),
    /// A file or the folder can't be written.
    #[error("{} can't be written: {why}", file.display())]
    #[expect(missing_docs, reason = "the names say it")]
    Unwritable { file: PathBuf, why: io::Error },
    /// No key could be made.
    #[error("no key can be made: {0}")]
    NoKey(&'static str),
}

/// Makes all files in a folder, for their owner only; their names, and what each is for.
///
/// # Errors
/// A file is there already, or can't be written.
pub fn make(folder: &Path) -> Result<Vec<(PathBuf, &'static str)>, KeysError> {
    let unwritable = |file: &Path, why| KeysError::Unwritable { file: file.into(), why };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|why| unwritable(folder, why))?;
    let files = files()?.map(|(name, text, purpose)| (folder.join(name), text, purpose));
    if let Some((file, ..)) = files.iter().find(|(file, ..)| file.exists()) {
        return Err(KeysError::Exists(file.clone()));
    }
    for (file, text, _) in &files {
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        let written = created.and_then(|mut created| created.write_all(text.as_bytes()));
        written.map_err(|why| unwritable(file, why))?;
    }
    Ok(files.into_iter().map(|(file, _, purpose)| (file, purpose)).collect())
}

type File = (&'static str, String, &'static str);

fn files() -> Result<[File; 6], KeysError> {
    let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
    let (passes, system) = (KeyPair::new_account(), KeyPair::new_account());
    let operator_jwt = signed(
        &operator,
        &operator,
        json!({ "name": "chat", "nats": { "type": "operator", "version": 2 } }),
    )?;
    let account_jwt = signed(&operator, &account, account_claims("chat", &[pass_scope(&passes)]))?;
    let system_jwt = signed(&operator, &system, account_claims("system", &[]))?;
    let [account_key, system_key] = [&account, &system].map(KeyPair::public_key);
    // Without a system account a server answers no traces, and so nobody knows who listens.
    let server = format!(
        "# Include it in the server's configuration: it lets in whom the account has signed for.\n\
         operator: {operator_jwt}\nresolver: MEMORY\nsystem_account: {system_key}\n\
         resolver_preload: {{\n  {account_key}: {account_jwt}\n  {system_key}: {system_jwt}\n}}\n",
    );
    Ok([
        ("operator.nk", seed(&operator)?, "the operator's seed: only to sign another account"),
        ("account.nk", seed(&account)?, "the account's seed: only to sign guests and directors"),
        ("pass.nk", seed(&passes)?, "for directors, --pass-key: signs passes, and nothing else"),
        ("director.creds", creds(&account, director_claims())?, "for directors, --creds"),
        ("guest.creds", creds(&account, guest_claims())?, "for everyone, --creds (NATS_CREDS)"),
        ("server.conf", server, "for servers, to be included"),
    ])
}

/// What the holder of a pass may do.
fn pass_scope(key: &KeyPair) -> Value {
    json!({
        "kind": "user_scope", "key": key.public_key(), "role": "pass",
        "template": {
            "pub": { "allow": ["chat.director.*", "chat.room.{{tag(room)}}.*",
                "chat.room.{{tag(room)}}.node.*", "chat.lobby.{{tag(room)}}", "_INBOX.>"] },
            "sub": { "allow": ["chat.room.{{tag(room)}}.*", "chat.room.{{tag(room)}}.node.*",
                "_INBOX.{{subject()}}.>"] },
            "subs": SUBSCRIPTIONS, "data": -1, "payload": -1,
            "allowed_connection_types": CONNECTIONS
        }
    })
}

/// Without JetStream, imports and exports.
fn account_claims(name: &str, scopes: &[Value]) -> Value {
    json!({ "name": name, "nats": { "type": "account", "version": 2, "signing_keys": scopes,
        "limits": { "subs": -1, "data": -1, "payload": -1, "imports": 0, "exports": 0,
            "wildcards": true, "conn": -1, "leaf": -1 } } })
}

/// Answers, and tells other directors of a room just opened.
fn director_claims() -> Value {
    user(
        "director",
        &["director"],
        &["chat.lobby.*", "_INBOX.>"],
        &[&format!("chat.director.* {QUEUE_GROUP}"), "chat.lobby.*", "$SRV.>", "_INBOX.director.>"],
    )
}

/// Many share it, and could hear each other's answers: so it may only ask for a pass that is for
/// no room yet. Rooms are told to the holder of that, on inboxes of its own.
fn guest_claims() -> Value {
    user("guest", &[GUEST], &["chat.director.pass"], &["_INBOX.guest.>"])
}

fn user(name: &str, tags: &[&str], publish: &[&str], subscribe: &[&str]) -> Value {
    json!({ "name": name, "nats": { "type": "user", "version": 2, "tags": tags,
        "pub": { "allow": publish }, "sub": { "allow": subscribe },
        "subs": SUBSCRIPTIONS, "data": -1, "payload": -1,
        "allowed_connection_types": CONNECTIONS } })
}

fn signed(issuer: &KeyPair, subject: &KeyPair, mut claims: Value) -> Result<String, KeysError> {
    claims["iat"] = now().into();
    let jwt = jwt::sign(issuer, &subject.public_key(), claims);
    jwt.ok_or(KeysError::NoKey("the system gives no randomness"))
}

fn seed(key: &KeyPair) -> Result<String, KeysError> {
    let seed = key.seed().map_err(|_| KeysError::NoKey("it has no seed"))?;
    Ok(format!("{seed}\n"))
}

fn creds(account: &KeyPair, claims: Value) -> Result<String, KeysError> {
    let user = KeyPair::new_user();
    let (jwt, seed) = (signed(account, &user, claims)?, seed(&user)?);
    Ok(format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}------END USER NKEY SEED------\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_connect::Claims;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_for_their_owner_only_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("keys");
        let made = make(&folder).unwrap();
        assert_eq!(made.len(), 6);
        let mode = |file: &Path| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert!(made.iter().all(|(file, _)| mode(file) == 0o600));
        let before = std::fs::read(folder.join("account.nk")).unwrap();
        std::fs::remove_file(folder.join("operator.nk")).unwrap();
        assert!(matches!(make(&folder), Err(KeysError::Exists(_))));
        assert!(!folder.join("operator.nk").exists(), "all or nothing");
        assert_eq!(std::fs::read(folder.join("account.nk")).unwrap(), before);
    }

    #[test]
    fn guests_and_directors_are_of_the_account_that_passes_are_for() {
        let files = files().unwrap();
        let of = |name| files.iter().find(|(file, ..)| *file == name).unwrap().1.as_str();
        let account = KeyPair::from_seed(of("account.nk").trim()).unwrap().public_key();
        for name in ["guest.creds", "director.creds"] {
            assert_eq!(Claims::of_file(of(name)).unwrap().account(), account);
        }
        let passes = KeyPair::from_seed(of("pass.nk").trim()).unwrap().public_key();
        let operator = KeyPair::from_seed(of("operator.nk").trim()).unwrap();
        let server = of("server.conf");
        let (_, preload) = server.split_once(&format!("{account}: ")).unwrap();
        let claims = jwt::verify(&operator, preload.lines().next().unwrap()).unwrap();
        assert_eq!(claims["nats"]["signing_keys"][0]["key"], passes);
        assert!([of("account.nk"), of("pass.nk")].iter().all(|seed| !server.contains(seed.trim())));
    }
}
