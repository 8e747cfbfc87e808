//! Making and opening mints.
//!
//! `ctx = H("mint", room, head)`, `PRK = HKDF-Extract(ctx, secret || psk)`,
//! `commit = E(PRK, "epoch-commit")`, `chain_i = E(PRK, "chain", id_i)`,
//! `gate' = E(PRK, "gate")`. The commitment keeps a minter from giving different secrets to
//! different members; the secret and PRK are wiped once the chains are derived.

use crate::{
    Refused,
    chain::Chain,
    entropy::Entropy,
    identity::Identity,
    kem::{self, KemKeys},
    key::Key,
    room::RoomKeys,
};
use chat_protocol::{
    Mint, NodeId,
    frame::Signature,
    hash::labelled,
    hello::Kem,
    sealed::{Commitment, SealedSecret},
};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What a mint opens.
pub(crate) struct Opened {
    pub(crate) chains: BTreeMap<NodeId, Chain>,
    /// The gate that replaces the room's, if the mint locks it.
    pub(crate) gate: Option<Key>,
}

struct Schedule {
    prk: Key,
    commit: Commitment,
}

fn schedule(room: &RoomKeys, context: &[u8; 32], secret: &Key) -> Schedule {
    let mut input = Zeroizing::new([0; 64]);
    input[..32].copy_from_slice(secret.bytes());
    input[32..].copy_from_slice(room.psk().bytes());
    let prk = Key::extract(context, input.as_ref());
    let mut commit = [0; 32];
    prk.expand("epoch-commit", b"", &mut commit);
    Schedule { prk, commit: Commitment(commit) }
}

fn derive(prk: &Key, mint: &Mint) -> Opened {
    let chain = |node: &NodeId| (*node, Chain::new(prk.derive("chain", &node.0)));
    let gate = mint.lock.then(|| prk.derive("gate", b""));
    Opened { chains: mint.audience.keys().map(chain).collect(), gate }
}

fn info(context: &[u8; 32], to: &NodeId) -> Vec<u8> {
    [b"tchat/v1 seal".as_slice(), context, &to.0].concat()
}

/// Mints an epoch for an audience with these keys. None if one of them is no valid key.
///
/// O(audience): about 80 us for each.
pub(crate) fn forge(
    room: &RoomKeys,
    me: &Identity,
    entropy: &mut Entropy,
    (lamport, lock): (u64, bool),
    audience: &BTreeMap<NodeId, Kem>,
) -> Option<(Mint, Opened)> {
    let mut mint = Mint {
        from: me.id(),
        lock,
        lamport,
        audience: audience.iter().map(|(node, kem)| (*node, kem.generation)).collect(),
        commit: Commitment::ZERO,
        sealed: Box::default(),
        sig: Signature::ZERO,
    };
    let context = labelled("mint", [&room.id().0[..], &mint.head()]);
    let secret = entropy.key();
    let Schedule { prk, commit } = schedule(room, &context, &secret);
    mint.commit = commit;
    let others = audience.iter().filter(|(node, _)| **node != me.id());
    let sealed = others.map(|(node, kem)| {
        let sealed = kem::seal(room, &kem.key, &info(&context, node), secret.bytes(), entropy)?;
        Some(SealedSecret(sealed.try_into().ok()?))
    });
    mint.sealed = sealed.collect::<Option<_>>()?;
    mint.sig = me.sign("mint", room.id(), &mint.signed_form());
    let opened = derive(&prk, &mint);
    Some((mint, opened))
}

/// Opens a mint whose signature was checked.
pub(crate) fn open(
    room: &RoomKeys,
    me: NodeId,
    keys: &KemKeys,
    mint: &Mint,
) -> Result<Opened, Refused> {
    let generation = *mint.audience.get(&me).ok_or(Refused::NotInAudience)?;
    let others = mint.audience.keys().filter(|node| **node != mint.from);
    let at = others.clone().position(|node| *node == me).ok_or(Refused::NotInAudience)?;
    if !keys.has(generation) {
        return Err(Refused::Stale);
    }
    let sealed = mint.sealed.get(at).ok_or(Refused::Unopened)?;
    let context = labelled("mint", [&room.id().0[..], &mint.head()]);
    let opened = keys.open(room, generation, &info(&context, &me), &sealed.0);
    let secret = opened.and_then(|bytes| kem::key(&bytes)).ok_or(Refused::Unopened)?;
    let Schedule { prk, commit } = schedule(room, &context, &secret);
    if commit != mint.commit {
        return Err(Refused::BadCommitment);
    }
    Ok(derive(&prk, mint))
}
