//! Generated values: as a peer may make them, within the bounds that parsing checks.
//!
//! Nodes and numbers are mostly few and small, so that two values often share them.

use chat_protocol::{
    Beat, ContentHash, Dot, EpochId, Floor, FloorEntry, Frame, Give, Grant, Hello, Item, ItemKind,
    Key, Lamport, Mint, NodeId, Number, Proof, RangeSet, RoomId, Sealed, VectorClock, Want,
    frame::{Signature, Terms},
    hash::{Past, TranscriptDigest},
    hello::{GateMac, Kem, PublicKey},
    limits,
    sealed::{Ciphertext, Commitment, KemKey, SealedSecret},
};
use proptest::{collection::vec, option, prelude::*};
use std::sync::Arc;

pub(crate) fn nodes() -> impl Strategy<Value = NodeId> {
    prop_oneof![
        3 => (0u8..5).prop_map(|byte| NodeId([byte; 10])),
        1 => any::<[u8; 10]>().prop_map(NodeId),
    ]
}

pub(crate) fn rooms() -> impl Strategy<Value = RoomId> {
    any::<[u8; 16]>().prop_map(RoomId)
}

/// From 1 to the largest that travels.
pub(crate) fn counts() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 1u64..9, 1 => 1..=limits::COUNTER_MAX]
}

pub(crate) fn dots() -> impl Strategy<Value = Dot> {
    (nodes(), counts()).prop_map(|(node, number)| Dot::new(node, Number(number)))
}

pub(crate) fn keys() -> impl Strategy<Value = Key> {
    (counts(), nodes(), counts()).prop_map(|(lamport, node, number)| Key {
        lamport: Lamport(lamport),
        node,
        number: Number(number),
    })
}

pub(crate) fn clocks() -> impl Strategy<Value = VectorClock> {
    vec(dots(), 0..6).prop_map(VectorClock::from_iter)
}

/// Any text: control characters, quotes and characters of every plane included.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    "(?s).{0,12}"
}

fn terms() -> impl Strategy<Value = Terms> {
    let topic = option::of(prop_oneof![Just(String::new()), texts()]);
    let capacity = option::of(prop_oneof![Just(0u32), any::<u32>()]);
    (any::<bool>(), any::<bool>(), topic, capacity)
        .prop_map(|(history, sealed, topic, capacity)| Terms { history, sealed, topic, capacity })
}

pub(crate) fn items() -> impl Strategy<Value = Item> {
    let kinds = prop_oneof![
        Just(ItemKind::Join),
        Just(ItemKind::Nick),
        Just(ItemKind::Text),
        Just(ItemKind::Action),
        texts().prop_map(|name| name.as_str().into()),
    ];
    (kinds, texts(), any::<u64>(), option::of(terms())).prop_map(|(kind, text, at, terms)| Item {
        kind,
        text: text.into(),
        at,
        terms,
    })
}

pub(crate) fn signatures() -> impl Strategy<Value = Signature> {
    any::<[u8; 64]>().prop_map(Signature)
}

pub(crate) fn frames() -> impl Strategy<Value = Frame> {
    let past = any::<[u8; 16]>().prop_map(Past);
    // Clear, sealed, or saying nothing.
    let contents = prop_oneof![
        vec(items(), 0..4).prop_map(|items| (items, None)),
        sealed().prop_map(|sealed| (Vec::new(), Some(sealed))),
    ];
    let said = (past, contents, any::<bool>());
    (dots(), counts(), clocks(), said, signatures()).prop_map(
        |(dot, lamport, clock, (past, (items, sealed), is_final), sig)| {
            // A frame's Lamport time is above every number that its clock names.
            let lamport = lamport.max(dot.number.0).max(2);
            let below = |named: Dot| Dot::new(named.node, named.number.min(Number(lamport - 1)));
            let mut clock: VectorClock = clock.dots().map(below).collect();
            clock.set(dot);
            let (from, number, lamport) = (dot.node, dot.number, Lamport(lamport));
            Frame { from, number, lamport, clock, past, items, sealed, is_final, sig }
        },
    )
}

fn ciphertexts() -> impl Strategy<Value = Ciphertext> {
    vec(any::<u8>(), 0..40).prop_map(Ciphertext)
}

pub(crate) fn epochs() -> impl Strategy<Value = EpochId> {
    any::<[u8; 16]>()
        .prop_filter_map("a name isn't zero", |id| (id != [0; 16]).then_some(EpochId(id)))
}

pub(crate) fn sealed() -> impl Strategy<Value = Sealed> {
    let commit = any::<[u8; 32]>().prop_map(Commitment);
    (epochs(), any::<u32>(), commit, ciphertexts()).prop_map(|(epoch, step, commit, body)| Sealed {
        epoch,
        step,
        commit,
        body,
    })
}

pub(crate) fn mints() -> impl Strategy<Value = Mint> {
    let audience = proptest::collection::btree_map(nodes(), any::<u32>(), 0..4);
    let commit = (epochs(), any::<[u8; 32]>()).prop_map(|(epoch, mut commit)| {
        commit[..16].copy_from_slice(&epoch.0);
        Commitment(commit)
    });
    let sealed = vec(vec(any::<u8>(), 80), 5);
    (nodes(), any::<bool>(), counts(), audience, commit, sealed, signatures()).prop_map(
        |(from, lock, lamport, mut audience, commit, sealed, sig)| {
            audience.insert(from, 1);
            let secret = |bytes: &Vec<u8>| {
                let mut secret = SealedSecret::ZERO;
                secret.0.copy_from_slice(bytes);
                secret
            };
            let sealed = sealed.iter().map(secret).take(audience.len() - 1).collect();
            Mint { from, lock, lamport, audience, commit, sealed, sig }
        },
    )
}

pub(crate) fn grants() -> impl Strategy<Value = Grant> {
    (any::<u32>(), ciphertexts()).prop_map(|(kem_gen, keys)| Grant { kem_gen, keys })
}

pub(crate) fn beats() -> impl Strategy<Value = Beat> {
    let counters = (counts(), counts(), counts(), any::<u32>());
    let digest = || option::of(any::<[u8; 32]>().prop_map(TranscriptDigest));
    let digests = (digest(), digest());
    let lists = (vec(dots(), 0..4), vec(dots(), 0..4));
    let last = (option::of(epochs()), any::<u32>());
    (nodes(), counters, (clocks(), clocks()), digests, lists, last, signatures()).prop_map(
        |(
            from,
            (count, number, lamport, holes),
            (heads, acks),
            (digest, transcript),
            (miss, cut),
            (epoch, members),
            sig,
        )| {
            let (count, number, lamport) = (Number(count), Number(number), Lamport(lamport));
            let holes = u64::from(holes);
            Beat {
                from,
                count,
                number,
                lamport,
                heads,
                digest,
                holes,
                transcript,
                acks,
                miss,
                cut,
                epoch,
                members,
                sig,
            }
        },
    )
}

pub(crate) fn hellos() -> impl Strategy<Value = Hello> {
    let sign = any::<[u8; 32]>().prop_map(PublicKey);
    let mac = any::<[u8; 32]>().prop_map(GateMac);
    let kem = (1..u32::MAX, any::<[u8; 32]>())
        .prop_map(|(generation, key)| Kem { generation, key: KemKey(key) });
    (nodes(), sign, option::of(kem), mac, signatures())
        .prop_map(|(from, sign, kem, mac, sig)| Hello { from, sign, kem, mac, sig })
}

fn range_sets() -> impl Strategy<Value = RangeSet> {
    vec((counts(), counts()), 0..4).prop_map(|ranges| {
        let mut set = RangeSet::new();
        for (low, high) in ranges {
            set.insert_range(Number(low), Number(high));
        }
        set
    })
}

pub(crate) fn wants() -> impl Strategy<Value = Want> {
    let have = option::of(proptest::collection::btree_map(nodes(), range_sets(), 0..4));
    let lists = (vec(dots(), 0..4), vec(nodes(), 0..4), vec(epochs(), 0..4), vec(dots(), 0..4));
    (nodes(), hellos(), lists, have, signatures()).prop_map(
        |(from, hello, (dots, hellos, epochs, cut), have, sig)| Want {
            from,
            hello,
            dots,
            hellos,
            epochs,
            have,
            cut,
            sig,
        },
    )
}

/// Two contents with one dot.
fn proofs() -> impl Strategy<Value = Proof> {
    frames().prop_map(|one| {
        let other = Frame { is_final: !one.is_final, ..one.clone() };
        Proof(Arc::new(one), Arc::new(other))
    })
}

fn floors() -> impl Strategy<Value = Floor> {
    let entries = (counts(), any::<[u8; 32]>(), counts()).prop_map(|(number, hash, cover)| {
        FloorEntry { number: Number(number), hash: ContentHash(hash), cover: Number(cover) }
    });
    (proptest::collection::btree_map(nodes(), entries, 0..4), keys()).prop_map(
        |(mut entries, key)| {
            // What lies below a cut has no higher number than its key has Lamport time.
            entries.retain(|_, entry| entry.number.0 <= key.lamport.0);
            Floor { entries, key }
        },
    )
}

pub(crate) fn gives() -> impl Strategy<Value = Give> {
    let pages = || vec(frames().prop_map(Arc::new), 0..3);
    let lost = (vec(dots(), 0..4), vec(proofs(), 0..3));
    let parts = (vec(hellos(), 0..3), pages(), pages(), vec(nodes(), 0..4), floors(), lost);
    let keys = (vec(mints().prop_map(Arc::new), 0..3), option::of(grants()), option::of(epochs()));
    (nodes(), nodes(), parts, keys, any::<u32>(), any::<bool>(), signatures()).prop_map(
        |(
            from,
            to,
            (hellos, frames, joins, live, floor, (lost, proofs)),
            (mints, grant, epoch),
            left,
            sync,
            sig,
        )| Give {
            from,
            to,
            hellos,
            frames,
            joins,
            proofs,
            live,
            floor,
            lost,
            mints,
            grant,
            epoch,
            more: left > 0,
            left,
            sync,
            sig,
        },
    )
}
