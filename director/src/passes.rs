//! Passes: user JWTs by which a server lets a node into the rooms that it was assigned.
//!
//! They are signed by a *scoped signing key* of the account: what their holder may do is a
//! template in the account's own JWT, see [`crate::keys`], that the server fills in with the
//! rooms (tags of the pass) and the holder's key. So whoever has the signing key can let in
//! whom he wants, and nobody can do more than the template says.

use crate::jwt;
use chat_connect::Claims;
use chat_protocol::{
    RoomId,
    director::{Holder, Refusal},
};
use nkeys::{KeyPair, KeyPairType};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

/// One room and the one before, and as many for those who are in several.
const ROOMS: usize = 4;
/// A pass is renewed until so long after its end: machines sleep.
const RENEWABLE: Duration = Duration::from_secs(24 * 3600);
/// A tag of a pass; a room's id follows.
const ROOM: &str = "room:";

/// Why a director can't give passes.
#[derive(Debug, thiserror::Error)]
pub enum PassKeyError {
    /// The file isn't there, or isn't readable.
    #[error("{file} can't be read: {why}")]
    #[expect(missing_docs, reason = "the names say it")]
    Unreadable { file: String, why: String },
    /// The file holds something else.
    #[error("{0} holds no seed of an account's signing key (SA…); `chat-director keys` makes one")]
    NoSeed(String),
    /// Nothing says whose passes they are.
    #[error(
        "--pass-key needs --creds: the director's own JWT says which account its passes are for; `chat-director keys` makes both"
    )]
    NoAccount,
}

/// Signs passes for one account.
pub struct Passes {
    key: KeyPair,
    account: String,
    lifetime: Duration,
}

impl Passes {
    /// By the signing key whose seed is in a file, for the account of the director's own
    /// credentials.
    ///
    /// # Errors
    /// One of the files doesn't hold what it should.
    pub fn new(
        key_file: &Path,
        creds_file: Option<&str>,
        lifetime: Duration,
    ) -> Result<Self, PassKeyError> {
        let read = |file: &Path| {
            std::fs::read_to_string(file).map_err(|error| PassKeyError::Unreadable {
                file: file.display().to_string(),
                why: error.to_string(),
            })
        };
        let text = read(key_file)?;
        let seed = text.lines().map(str::trim).find(|line| line.starts_with("SA"));
        let key = seed.and_then(|seed| KeyPair::from_seed(seed).ok());
        let key = key.ok_or_else(|| PassKeyError::NoSeed(key_file.display().to_string()))?;
        let creds = read(Path::new(creds_file.ok_or(PassKeyError::NoAccount)?))?;
        let claims = Claims::of_file(&creds).ok_or(PassKeyError::NoAccount)?;
        Ok(Self { key, account: claims.account().to_owned(), lifetime })
    }

    /// A pass for these rooms, the newest last; older ones than [`ROOMS`] are left out.
    pub(crate) fn issue(&self, user: &str, rooms: &[RoomId]) -> Result<String, Refusal> {
        let newest = &rooms[rooms.len().saturating_sub(ROOMS)..];
        let tags: Vec<_> = newest.iter().map(|room| format!("{ROOM}{room}")).collect();
        let now = now();
        let claims = json!({
            "name": "pass", "iat": now, "exp": now + self.lifetime.as_secs(),
            "nats": { "type": "user", "version": 2, "issuer_account": self.account,
                "tags": tags, "pub": {}, "sub": {} }
        });
        jwt::sign(&self.key, user, claims).ok_or(Refusal::TooMany)
    }

    /// The rooms of the holder's last pass, so that a new one is for them, too: it must be of
    /// this key and for this user, and have ended no longer ago than [`RENEWABLE`].
    ///
    /// # Errors
    /// 400 where the user is none, 401 where the pass isn't such a one.
    pub(crate) fn held(&self, user: &str, holder: &Holder) -> Result<Vec<RoomId>, Refusal> {
        let key = KeyPair::from_public_key(user).map_err(|_| Refusal::Malformed)?;
        if key.key_pair_type() != KeyPairType::User {
            return Err(Refusal::Malformed);
        }
        let Some(pass) = &holder.pass else { return Ok(Vec::new()) };
        let claims = jwt::verify(&self.key, pass).ok_or(Refusal::Stale)?;
        let ended = now().saturating_sub(claims["exp"].as_u64().unwrap_or(0));
        if claims["sub"] != user
            || claims["nats"]["issuer_account"] != *self.account
            || ended > RENEWABLE.as_secs()
        {
            return Err(Refusal::Stale);
        }
        let tags = claims["nats"]["tags"].as_array();
        let room = |tag: &Value| tag.as_str()?.strip_prefix(ROOM)?.parse().ok();
        Ok(tags.into_iter().flatten().filter_map(room).collect())
    }
}

/// With the room at the end, once.
pub(crate) fn with(mut rooms: Vec<RoomId>, room: RoomId) -> Vec<RoomId> {
    rooms.retain(|other| *other != room);
    rooms.push(room);
    rooms
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(lifetime: u64) -> Passes {
        let key = KeyPair::new_from_raw(KeyPairType::Account, [1; 32]).unwrap();
        Passes { key, account: "ACCOUNT".into(), lifetime: Duration::from_secs(lifetime) }
    }

    fn holder(pass: String) -> Holder {
        Holder { user: None, pass: Some(pass) }
    }

    fn rooms(numbers: std::ops::Range<u8>) -> Vec<RoomId> {
        numbers.map(|n| RoomId([n; 16])).collect()
    }

    #[test]
    fn a_pass_says_no_more_than_who_for_how_long_and_which_rooms() {
        let user = KeyPair::new_user().public_key();
        let pass = passes(60).issue(&user, &rooms(1..3)).unwrap();
        let claims = jwt::verify(&passes(60).key, &pass).unwrap();
        assert_eq!(claims["sub"], user);
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
        let tags = rooms(1..3).iter().map(|room| format!("room:{room}")).collect::<Vec<_>>();
        assert_eq!(claims["nats"]["tags"], json!(tags));
        // The server refuses a scoped JWT that brings permissions of its own.
        let mut all: Vec<_> = claims["nats"].as_object().unwrap().keys().collect();
        all.sort();
        assert_eq!(all, ["issuer_account", "pub", "sub", "tags", "type", "version"]);
        assert_eq!((&claims["nats"]["pub"], &claims["nats"]["sub"]), (&json!({}), &json!({})));
    }

    #[test]
    fn a_pass_is_for_the_newest_rooms_and_each_once() {
        let (passes, user) = (passes(60), KeyPair::new_user().public_key());
        let pass = passes.issue(&user, &rooms(0..9)).unwrap();
        assert_eq!(passes.held(&user, &holder(pass)), Ok(rooms(5..9)));
        assert_eq!(with(rooms(1..4), RoomId([1; 16])), [2, 3, 1].map(|n| RoomId([n; 16])));
    }

    #[test]
    fn only_an_own_pass_that_ended_lately_is_renewed() {
        let (passes_, user) = (passes(60), KeyPair::new_user().public_key());
        let pass = passes_.issue(&user, &rooms(1..2)).unwrap();
        assert_eq!(passes_.held(&user, &holder(pass.clone())), Ok(rooms(1..2)));
        assert_eq!(passes_.held(&user, &Holder::default()), Ok(Vec::new()));

        let other = KeyPair::new_user().public_key();
        assert_eq!(passes_.held(&other, &holder(pass.clone())), Err(Refusal::Stale));
        let elsewhere = Passes { account: "OTHER".into(), ..passes(60) };
        assert_eq!(elsewhere.held(&user, &holder(pass.clone())), Err(Refusal::Stale));
        let key = KeyPair::new_from_raw(KeyPairType::Account, [2; 32]).unwrap();
        let stranger = Passes { key, ..passes(60) };
        assert_eq!(stranger.held(&user, &holder(pass)), Err(Refusal::Stale));
        let claims = |ago| {
            json!({ "exp": now() - ago,
            "nats": { "issuer_account": "ACCOUNT", "tags": ["room:nonsense"] } })
        };
        let old = jwt::sign(&passes_.key, &user, claims(RENEWABLE.as_secs() - 60)).unwrap();
        assert_eq!(passes_.held(&user, &holder(old)), Ok(Vec::new()));
        let older = jwt::sign(&passes_.key, &user, claims(RENEWABLE.as_secs() + 60)).unwrap();
        assert_eq!(passes_.held(&user, &holder(older)), Err(Refusal::Stale));

        for wrong in ["", "UAAA", &KeyPair::new_account().public_key(), "*", ">"] {
            assert_eq!(passes_.held(wrong, &Holder::default()), Err(Refusal::Malformed), "{wrong}");
        }
    }

    #[test]
    fn files_that_hold_something_else_are_told_with_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass.nk");
        let told = |creds: Option<&str>| {
            let life = Duration::from_secs(60);
            Passes::new(&file, creds, life).err().map(|error| error.to_string()).unwrap()
        };
        assert!(told(None).contains("can't be read"));
        std::fs::write(&file, KeyPair::new_user().seed().unwrap()).unwrap();
        assert!(told(None).contains("chat-director keys"));
        std::fs::write(&file, KeyPair::new_account().seed().unwrap()).unwrap();
        assert!(told(None).contains("--creds"));
        assert!(told(file.to_str()).contains("--creds"), "no JWT in there");
    }
}
