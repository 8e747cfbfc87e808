//! Known answers, for other implementations and against silent changes: everything that is
//! derived, hashed, signed and sealed, from inputs that are written beside it.
//!
//! They are in `vectors/`, one file a topic, bytes as lower-case hex. A change of the protocol
//! writes them anew: `WRITE_VECTORS=1 cargo test -p chat-seal known_answers`.

use crate::{Entropy, Identity, RoomKeys, Seal, chain::Chain, kem::KemKeys, key::Key, mint};
use chat_protocol::{
    Dot, Frame, Invite, Item, ItemKind, Lamport, NodeId, Number, RoomId, VectorClock,
    frame::Signature,
    hash::{Past, labelled},
    hello::Kem,
};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::PathBuf, process::Command, time::Duration};

/// Three members, by the seed that each byte of their signing key is.
const SEEDS: [u8; 3] = [1, 2, 3];
/// The secret of the epoch: this byte throughout, as is all other randomness of the minter.
const SECRET: u8 = 0x47;

fn hex(bytes: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(bytes.as_ref())
}

fn invite() -> Invite {
    let mut secret = [0; 20];
    (0..20).for_each(|at| secret[usize::from(at)] = at);
    Invite { secret: secret.into(), clear: false, history: true }
}

fn room() -> RoomKeys {
    RoomKeys::private(&invite())
}

fn identity(seed: u8) -> Identity {
    Identity::from_seed(room().id(), &[seed; 32])
}

fn constant(byte: u8) -> Entropy {
    Entropy::new(move |out| out.fill(byte))
}

fn gate(room: &RoomKeys) -> Value {
    json!({
        "rid": hex(room.id().0),
        "psk": hex(room.psk().bytes()),
        "gate_mac_of_nothing": hex(room.gate_mac(b"").0),
    })
}

fn rooms() -> Value {
    let mut private = gate(&room());
    private["secret"] = hex(invite().secret.bytes()).into();
    private["invite"] = invite().to_string().into();
    json!({ "private": private, "public": gate(&RoomKeys::public(RoomId([9; 16]))) })
}

fn hellos() -> Value {
    let hello = |seed: u8| {
        let seal = Seal::sealed(room(), identity(seed), constant(seed), true);
        let hello = seal.own_hello();
        let kem = hello.kem.unwrap();
        let print = labelled("fingerprint", [&room().id().0[..], &hello.sign.0]);
        json!({
            "rid": hex(room().id().0),
            "sign_seed": hex([seed; 32]),
            "sign_public": hex(hello.sign.0),
            "id": hex(hello.from.0),
            // RFC 9180, DeriveKeyPair.
            "kem_seed": hex([seed; 32]),
            "kem_generation": kem.generation,
            "kem_public": hex(kem.key.0),
            "body": hex(hello.body()),
            "mac": hex(hello.mac.0),
            "signature": hex(hello.sig.0),
            "fingerprint": seal.fingerprint(&hello.from),
            "fingerprint_bits": hex(&print[..11]),
        })
    };
    SEEDS.map(hello).into_iter().collect()
}

fn audience() -> BTreeMap<NodeId, Kem> {
    let kem = |seed| (identity(seed).id(), KemKeys::new(&mut constant(seed)).newest());
    SEEDS.map(kem).into()
}

fn mints() -> Value {
    let mint = |lock: bool| {
        let place = (7, lock);
        let minter = identity(SEEDS[0]);
        let (mint, opened) =
            mint::forge(&room(), &minter, &mut constant(SECRET), place, &audience()).unwrap();
        let chains = opened.chains.iter();
        let chains: BTreeMap<_, _> =
            chains.map(|(node, chain)| (hex(node.0), hex(chain.key().bytes()))).collect();
        let audience = mint.audience.iter();
        let audience: BTreeMap<_, _> =
            audience.map(|(node, generation)| (hex(node.0), *generation)).collect();
        let kem_seeds = SEEDS.map(|seed| (hex(identity(seed).id().0), hex([seed; 32])));
        json!({
            "rid": hex(room().id().0),
            "psk": hex(room().psk().bytes()),
            "secret": hex([SECRET; 32]),
            "minter": hex(minter.id().0),
            "lock": lock,
            "lamport": 7,
            "audience": audience,
            "head": hex(mint.head()),
            "context": hex(labelled("mint", [&room().id().0[..], &mint.head()])),
            "commitment": hex(mint.commit.0),
            "epoch": hex(mint.epoch().0),
            "chains": chains,
            "gate": opened.gate.map(|gate| hex(gate.bytes())),
            "sealed": mint.sealed.iter().map(|sealed| hex(sealed.0)).collect::<Vec<_>>(),
            "kem_seeds": BTreeMap::from(kem_seeds),
            "sign_public": hex(minter.public().0),
            "signature": hex(mint.sig.0),
        })
    };
    json!([mint(false), mint(true)])
}

fn messages() -> Value {
    let mut chain = Chain::new(Key::from_bytes(&[0x43; 32]));
    let steps = (0..4).map(|_| {
        let (step, key) = chain.advance().unwrap();
        let mut out = [0; 76];
        key.expand("aead", b"", &mut out);
        json!({
            "step": step,
            "message_key": hex(key.bytes()),
            "aead_key": hex(&out[..32]),
            "aead_nonce": hex(&out[32..44]),
            "commitment": hex(&out[44..]),
        })
    });
    json!({ "chain": hex([0x43; 32]), "steps": steps.collect::<Vec<_>>() })
}

/// One frame of the first member, under the epoch that it mints.
fn frames() -> Value {
    let me = identity(SEEDS[0]);
    let (author, now) = (me.id(), Duration::ZERO);
    let mut seal = Seal::sealed(room(), me, constant(SEEDS[0]), true);
    seal.mint(false, now).unwrap();
    let clock = VectorClock::from_iter([
        Dot::new(author, Number(3)),
        Dot::new(identity(SEEDS[1]).id(), Number(5)),
    ]);
    let frame = Frame {
        from: author,
        number: Number(3),
        lamport: Lamport(9),
        clock: clock.clone(),
        past: Past([0x50; 16]),
        items: Vec::new(),
        sealed: None,
        is_final: false,
        sig: Signature::ZERO,
    };
    let item = Item { kind: ItemKind::Text, text: "Gr\u{fc}\u{df}e".into(), at: 17, terms: None };
    let (frame, hash) = seal.close(frame, &[item]).unwrap();
    let sealed = frame.sealed.as_ref().unwrap();
    let mint = seal.mint_of(&sealed.epoch).unwrap();
    let counts: BTreeMap<_, _> = clock.dots().map(|dot| (hex(dot.node.0), dot.number.0)).collect();
    json!({
        "rid": hex(room().id().0),
        "psk": hex(room().psk().bytes()),
        "author": hex(author.0),
        "mint_head": hex(mint.head()),
        "epoch_secret": hex([SEEDS[0]; 32]),
        "epoch": hex(sealed.epoch.0),
        "number": 3,
        "step": sealed.step,
        "lamport": 9,
        "clock": counts,
        "past": hex(frame.past.0),
        "text": "Gr\u{fc}\u{df}e",
        "at": 17,
        "header": hex(frame.header()),
        "commitment": hex(sealed.commit.0),
        "body": hex(&sealed.body.0),
        "signed_form": hex(frame.signed_form()),
        "content_hash": hex(hash.0),
        "sign_public": hex(identity(SEEDS[0]).public().0),
        "signature": hex(frame.sig.0),
    })
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

#[test]
fn the_known_answers_are_these() {
    let topics = [
        ("rooms", rooms()),
        ("hellos", hellos()),
        ("mints", mints()),
        ("messages", messages()),
        ("frames", frames()),
    ];
    for (topic, answers) in topics {
        let file = folder().join(format!("{topic}.json"));
        if std::env::var_os("WRITE_VECTORS").is_some() {
            let text = serde_json::to_string_pretty(&answers).unwrap();
            fs::write(&file, text + "\n").unwrap();
        }
        let known: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(answers, known, "{topic}");
    }
}

#[test]
fn another_implementation_has_the_same_answers() {
    let Ok(ran) = Command::new("python3").arg("-B").arg(folder().join("check.py")).output() else {
        // Not everyone has Python; where it is, it must agree.
        return;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
