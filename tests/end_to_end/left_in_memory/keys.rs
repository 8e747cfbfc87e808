//! Knows a room's keys when it sees them, without having any: everything on the wire fixes the
//! key that it was made with, so whoever has recorded a room and got its invite can try whether
//! some bytes are one. It is written after ARCHITECTURE.md, and shares no code with the seal.

use chat_protocol::{Envelope, Frame, Hello, Invite, Mint, hash::labelled};
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use hpke::{Deserializable, Kem, Serializable, kem::X25519HkdfSha256};
use sha2::Sha256;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// A chain was stepped at most so often since its key was copied.
const STEPS: usize = 8;
/// Random bytes have more different ones among 32 (but once in a billion); most memory has less.
const DISTINCT: usize = 20;

type Key = [u8; 32];

/// What some bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Opens one frame.
    Message,
    /// Opens what one member says in an epoch from some step on.
    Chain,
    /// All chains of an epoch follow from it.
    Epoch,
    /// That follows from this one.
    EpochSecret,
    /// The room's gate.
    Gate,
    /// The room's pre-shared key.
    Psk,
    /// Opens what is sealed to a member.
    Encapsulation,
    /// Signs as a member.
    Signature,
}

/// See the module.
pub(crate) struct Recorded {
    room: [u8; 16],
    psk: Key,
    frames: HashSet<Key>,
    mints: BTreeMap<Key, [u8; 32]>,
    hello: Option<(Vec<u8>, [u8; 32])>,
    kems: HashSet<Key>,
    signers: HashSet<Key>,
}

/// `E(key, label, "")`
fn expand<const N: usize>(key: &Key, label: &str) -> [u8; N] {
    expand_with(key, label, b"")
}

fn expand_with<const N: usize>(key: &Key, label: &str, context: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let info: [&[u8]; 4] = [b"tchat/v1 ", label.as_bytes(), &[0], context];
    let hkdf = Hkdf::<Sha256>::from_prk(key).expect("32 bytes are a key");
    hkdf.expand_multi_info(&info, &mut out).expect("a short output");
    out
}

fn looks_random(bytes: &Key) -> bool {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.into_iter().filter(|seen| *seen).count() > DISTINCT
}

fn commitment(message_key: &Key) -> Key {
    let out: [u8; 76] = expand(message_key, "aead");
    out[44..].try_into().expect("32 bytes are left")
}

impl Recorded {
    /// A private room of which nothing was recorded yet.
    pub(crate) fn new(invite: &Invite) -> Self {
        let (prk, _) =
            Hkdf::<Sha256>::extract(Some(b"tchat/v1 private room"), invite.secret.bytes());
        let prk = prk.into();
        Self {
            room: expand(&prk, "rid"),
            psk: expand(&prk, "psk"),
            frames: HashSet::new(),
            mints: BTreeMap::new(),
            hello: None,
            kems: HashSet::new(),
            signers: HashSet::new(),
        }
    }

    /// Takes in what passed the server.
    pub(crate) fn record(&mut self, envelopes: &[Envelope]) {
        for envelope in envelopes {
            match envelope {
                Envelope::Frame(frame) => self.frame(frame),
                Envelope::Mint(mint) => self.mint(mint),
                Envelope::Hello(hello) => self.hello(hello),
                Envelope::Want(want) => self.hello(&want.hello),
                Envelope::Give(give) => {
                    give.frames.iter().chain(&give.joins).for_each(|frame| self.frame(frame));
                    give.mints.iter().for_each(|mint| self.mint(mint));
                    give.hellos.iter().for_each(|hello| self.hello(hello));
                }
                Envelope::Beat(_) | Envelope::Refuse(_) => {}
            }
        }
    }

    fn frame(&mut self, frame: &Arc<Frame>) {
        self.frames.extend(frame.sealed.as_ref().map(|sealed| sealed.commit.0));
    }

    fn mint(&mut self, mint: &Arc<Mint>) {
        let context = labelled("mint", [&self.room[..], &mint.head()]);
        self.mints.insert(mint.commit.0, context);
    }

    fn hello(&mut self, hello: &Hello) {
        self.kems.extend(hello.kem.map(|kem| kem.key.0));
        self.signers.insert(hello.sign.0);
        // All follow from the same gate until the room is locked.
        self.hello.get_or_insert_with(|| (hello.body(), hello.mac.0));
    }

    /// How many sealed frames were recorded.
    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    fn is_chain(&self, key: &Key) -> bool {
        let chain = std::iter::successors(Some(*key), |chain| Some(expand(chain, "next")));
        chain.take(STEPS).any(|chain| self.frames.contains(&commitment(&expand(&chain, "msg"))))
    }

    fn is_epoch(&self, key: &Key) -> bool {
        self.mints.contains_key(&expand(key, "epoch-commit"))
    }

    fn is_epoch_secret(&self, key: &Key) -> bool {
        let input = [&key[..], &self.psk].concat();
        let follows = |context: &Key| Hkdf::<Sha256>::extract(Some(context), &input).0.into();
        self.mints.values().any(|context| self.is_epoch(&follows(context)))
    }

    /// What a key is, if it is one of this room.
    pub(crate) fn recognise(&self, key: &Key) -> Option<Kind> {
        let kind = if *key == self.psk {
            Kind::Psk
        } else if self.frames.contains(&commitment(key)) {
            Kind::Message
        } else if self.is_chain(key) {
            Kind::Chain
        } else if self.is_epoch(key) {
            Kind::Epoch
        } else if self.is_epoch_secret(key) {
            Kind::EpochSecret
        } else if self
            .hello
            .as_ref()
            .is_some_and(|(body, mac)| expand_with(key, "hello", body) == *mac)
        {
            Kind::Gate
        } else if self.opens_what_is_sealed(key) {
            Kind::Encapsulation
        } else if self.signers.contains(&SigningKey::from_bytes(key).verifying_key().to_bytes()) {
            Kind::Signature
        } else {
            return None;
        };
        Some(kind)
    }

    fn opens_what_is_sealed(&self, key: &Key) -> bool {
        let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(key);
        secret.is_ok_and(|secret| {
            let public: Key = X25519HkdfSha256::sk_to_pk(&secret).to_bytes().into();
            self.kems.contains(&public)
        })
    }

    /// How many copies of keys of each kind some memory holds. Looks at every fourth byte: keys
    /// have allocations of their own, and those are aligned.
    pub(crate) fn find<'a>(
        &self,
        memory: impl IntoIterator<Item = &'a [u8]>,
    ) -> BTreeMap<Kind, usize> {
        let mut tried: HashMap<Key, Option<Kind>> = HashMap::new();
        let mut found = BTreeMap::new();
        for part in memory {
            for at in (0..part.len().saturating_sub(31)).step_by(4) {
                let window: &Key = part[at..at + 32].try_into().expect("a window");
                if !looks_random(window) {
                    continue;
                }
                let kind = *tried.entry(*window).or_insert_with(|| self.recognise(window));
                if let Some(kind) = kind {
                    *found.entry(kind).or_default() += 1;
                }
            }
        }
        found
    }
}

mod tests {
    use super::{Key, Kind, Recorded};
    use chat_protocol::Invite;
    use serde_json::Value;

    fn vectors(text: &str) -> Value {
        serde_json::from_str(text).expect("the vectors are JSON")
    }

    fn key(value: &Value) -> Key {
        let bytes = data_encoding::HEXLOWER.decode(value.as_str().expect("a key").as_bytes());
        bytes.expect("hexadecimal").try_into().expect("32 bytes")
    }

    #[test]
    fn it_knows_the_keys_of_the_published_vectors() {
        let rooms = vectors(include_str!("../../../services/seal/vectors/rooms.json"));
        let messages = vectors(include_str!("../../../services/seal/vectors/messages.json"));
        let mints = vectors(include_str!("../../../services/seal/vectors/mints.json"));
        let invite: Invite = rooms["private"]["invite"].as_str().unwrap().parse().unwrap();
        let mut recorded = Recorded::new(&invite);
        let steps = messages["steps"].as_array().unwrap();
        recorded.frames.extend(steps[1..].iter().map(|step| key(&step["commitment"])));
        for mint in mints.as_array().unwrap() {
            recorded.mints.insert(key(&mint["commitment"]), key(&mint["context"]));
        }
        let mac = key(&rooms["private"]["gate_mac_of_nothing"]);
        recorded.hello = Some((Vec::new(), mac));
        let recognise = |value: &Value| recorded.recognise(&key(value));
        assert_eq!(recognise(&rooms["private"]["psk"]), Some(Kind::Psk));
        assert_eq!(recognise(&messages["chain"]), Some(Kind::Chain));
        assert_eq!(recognise(&steps[1]["message_key"]), Some(Kind::Message));
        assert_eq!(recognise(&steps[0]["message_key"]), None, "its frame wasn't recorded");
        for mint in mints.as_array().unwrap() {
            assert_eq!(recognise(&mint["secret"]), Some(Kind::EpochSecret));
        }
        assert_eq!(recorded.recognise(&[1; 32]), None);
    }
}
