//! The keys of a sealed room as one member has them: epochs, message keys, and when to make
//! new ones. A state machine without I/O; time and randomness come in.

use crate::{
    Refused, body,
    entropy::Entropy,
    epochs::{Epochs, Rank},
    identity::Identity,
    kem::{self, KemKeys},
    key::Key,
    mint::{self, Opened},
    room::RoomKeys,
    turns::{Need, Turns},
};
use chat_protocol::{
    ContentHash, EpochId, Frame, Grant, Item, Mint, NodeId, Number, Sealed,
    hello::Kem,
    limits,
    sealed::{Ciphertext, Commitment},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use zeroize::Zeroizing;

/// Bytes of a grant for one frame.
const GRANTED: usize = 64;

/// Whether a frame can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Its key is here, or it needs none.
    Readable,
    /// The mint of its epoch isn't here.
    NeedsMint(EpochId),
    /// This node isn't in its audience, or has lost its key: another member may grant it.
    NeedsKey,
    /// It can't be read by anyone who follows the rules.
    Unreadable,
}

/// What a mint brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Its epoch can be read from now on.
    pub opened: bool,
    /// It locked the room: old invites no longer work.
    pub locked: bool,
}

/// What a keyring has to be done by its owner.
#[derive(Clone, Debug)]
pub enum Chore {
    /// The key for encapsulation was replaced: publish the hello anew.
    Hello,
    /// Publish a mint.
    Mint(Arc<Mint>),
}

/// See the module.
pub(crate) struct Keyring {
    entropy: Entropy,
    /// Keys of what was read are kept, to be granted to joiners.
    history: bool,
    kem: KemKeys,
    epochs: Epochs,
    /// By content: keys of frames that wait to be read, or that may be granted.
    messages: HashMap<ContentHash, Key>,
    view: BTreeSet<NodeId>,
    turns: Turns,
    /// When to replace the key for encapsulation.
    rotate: Option<Duration>,
    /// The highest mint that was meant for this node and could not be opened.
    closed: Option<Rank>,
    /// All further mints lock the room, too: one who has missed the lock learns of it.
    locked: bool,
    /// Someone was expelled who knows the gate, and nobody has minted since.
    lock_due: bool,
    /// An epoch that an answerer spoke under, for one who can't speak yet.
    heard: Option<EpochId>,
}

impl Keyring {
    pub(crate) fn new(me: NodeId, mut entropy: Entropy, history: bool) -> Self {
        Self {
            history,
            kem: KemKeys::new(&mut entropy),
            entropy,
            epochs: Epochs::default(),
            messages: HashMap::new(),
            view: BTreeSet::from([me]),
            turns: Turns::default(),
            rotate: None,
            closed: None,
            locked: false,
            lock_due: false,
            heard: None,
        }
    }

    pub(crate) fn set_history(&mut self, history: bool) {
        self.history = history;
    }

    pub(crate) fn newest_kem(&self) -> Kem {
        self.kem.newest()
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.locked
    }

    /// Who is there, this node included.
    pub(crate) fn set_view(&mut self, view: BTreeSet<NodeId>, now: Duration) {
        if view != self.view {
            self.view = view;
            self.turns.replan();
            self.epochs.choose(&self.view, now);
        }
    }

    pub(crate) fn may_speak(&self) -> bool {
        self.epochs.sending().is_some()
    }

    /// What a beat quotes.
    pub(crate) fn quoted(&self) -> Option<EpochId> {
        let sending = self.epochs.sending().map(|epoch| epoch.rank.1);
        sending.or(self.heard).or_else(|| self.epochs.newest())
    }

    /// The highest mint seen: whoever mints next must go beyond it.
    pub(crate) fn newest_mint(&self) -> Option<&Arc<Mint>> {
        self.epochs.mint(&self.epochs.newest()?)
    }

    pub(crate) fn hear(&mut self, epoch: EpochId) {
        self.heard = Some(epoch);
    }

    pub(crate) fn is_current(&self, epoch: &EpochId) -> Option<bool> {
        self.epochs.is_current(epoch)
    }

    pub(crate) fn is_settled(&self, mint: &Mint) -> bool {
        self.epochs.is_settled(mint)
    }

    pub(crate) fn mint_of(&self, epoch: &EpochId) -> Option<&Arc<Mint>> {
        self.epochs.mint(epoch)
    }

    // Saying and reading.

    /// Seals a batch into a frame of this node. None without an epoch, or if it is too large.
    pub(crate) fn close(&mut self, frame: &mut Frame, items: &[Item], rid: &[u8]) -> Option<Key> {
        let epoch = self.epochs.sending_mut()?;
        let (step, key) = epoch.advance(&frame.from)?;
        let (epoch, commit) = (epoch.rank.1, body::commitment(&key));
        let sealed = Sealed { epoch, step, commit, body: Ciphertext::default() };
        frame.sealed = Some(sealed);
        let body = body::encrypt(&key, &bound(rid, frame), items)?;
        frame.sealed.as_mut()?.body = body;
        Some(key)
    }

    /// Keeps the key of a frame of this node for those who come later, if they are given it.
    pub(crate) fn keep(&mut self, frame: &Frame, hash: ContentHash, key: Key) {
        if self.passes_on(frame) {
            self.messages.insert(hash, key);
        }
    }

    /// Whether those who come later may read it: without history only the name in a join frame.
    fn passes_on(&self, frame: &Frame) -> bool {
        self.history || frame.number == Number(1)
    }

    /// Finds the key of a frame whose signature was checked, and keeps it until it is read.
    pub(crate) fn admit(&mut self, frame: &Frame, hash: ContentHash) -> Admission {
        let Some(sealed) = &frame.sealed else { return Admission::Readable };
        if self.messages.contains_key(&hash) {
            return Admission::Readable;
        }
        let Some(epoch) = self.epochs.get_mut(&sealed.epoch) else {
            let known = self.epochs.knows(&sealed.epoch);
            return if known { Admission::NeedsKey } else { Admission::NeedsMint(sealed.epoch) };
        };
        let Some(key) = epoch.take(&frame.from, sealed.step) else { return Admission::NeedsKey };
        if body::commitment(&key) != sealed.commit {
            // The genuine frame of that step may still come.
            epoch.put_back(&frame.from, sealed.step, key);
            return Admission::Unreadable;
        }
        self.messages.insert(hash, key);
        Admission::Readable
    }

    /// Reads a frame, if its key is here. The key is wiped with that, unless it is passed on.
    pub(crate) fn open(
        &mut self,
        frame: &Frame,
        hash: ContentHash,
        rid: &[u8],
    ) -> Option<Vec<Item>> {
        let sealed = frame.sealed.as_ref()?;
        let key = self.messages.get(&hash)?;
        let items = body::decrypt(key, &bound(rid, frame), &sealed.body);
        if !self.passes_on(frame) {
            self.messages.remove(&hash);
        }
        items
    }

    /// Wipes the keys of frames that are no longer held.
    pub(crate) fn retain(&mut self, held: &std::collections::HashSet<ContentHash>) {
        self.messages.retain(|hash, _| held.contains(hash));
    }

    pub(crate) fn messages(&self) -> usize {
        self.messages.len()
    }

    // Grants.

    /// Seals the keys of these frames, as far as they are here, to another member.
    pub(crate) fn grant(
        &mut self,
        room: &RoomKeys,
        (from, to): (NodeId, NodeId),
        kem: &Kem,
        frames: impl Iterator<Item = ContentHash>,
    ) -> Option<Grant> {
        let mut keys = Zeroizing::new(Vec::new());
        for (hash, key) in frames.filter_map(|hash| Some((hash, self.messages.get(&hash)?))) {
            if keys.len() + GRANTED > limits::GRANT_BYTES - 48 {
                break;
            }
            keys.extend_from_slice(&hash.0);
            keys.extend_from_slice(key.bytes());
        }
        if keys.is_empty() {
            return None;
        }
        let info = grant_info(from, to, kem.generation);
        let sealed = kem::seal(room, &kem.key, &info, &keys, &mut self.entropy)?;
        Some(Grant { kem_gen: kem.generation, keys: Ciphertext(sealed) })
    }

    /// Takes the keys granted for these frames. A wrong key reads nothing: each frame commits
    /// to its own.
    pub(crate) fn take_grant(
        &mut self,
        room: &RoomKeys,
        (from, to): (NodeId, NodeId),
        grant: &Grant,
        frames: &HashMap<ContentHash, Commitment>,
    ) {
        let info = grant_info(from, to, grant.kem_gen);
        let Some(keys) = self.kem.open(room, grant.kem_gen, &info, &grant.keys.0) else { return };
        for granted in keys.chunks_exact(GRANTED) {
            let (mut hash, mut key) = ([0; 32], Zeroizing::new([0; 32]));
            hash.copy_from_slice(&granted[..32]);
            key.copy_from_slice(&granted[32..]);
            let (hash, key) = (ContentHash(hash), Key::from_bytes(&key));
            let fits = frames.get(&hash).is_some_and(|commit| body::commitment(&key) == *commit);
            if fits {
                self.messages.entry(hash).or_insert(key);
            }
        }
    }

    // Mints.

    /// Takes a mint in whose signature was checked, and that isn't settled.
    pub(crate) fn learn(
        &mut self,
        room: &mut RoomKeys,
        me: NodeId,
        mint: &Arc<Mint>,
        now: Duration,
    ) -> Result<Learned, Refused> {
        let rank = (mint.lamport, mint.epoch());
        // Who has seen none yet can't tell how far the others are.
        let leap =
            if self.epochs.lamport == 0 { limits::FIRST_MINT_LEAP } else { limits::MINT_LEAP };
        if mint.lamport > self.epochs.lamport.saturating_add(leap) {
            return Err(Refused::TooFarAhead);
        }
        // A recorded one can be sent again by anyone, and must not put off anyone's turn.
        let is_news = mint.lamport >= self.epochs.lamport;
        self.epochs.keep(mint.clone());
        let learned = match mint::open(room, me, &self.kem, mint) {
            Ok(Opened { gate, chains }) => {
                let locked = gate.is_some() && !std::mem::replace(&mut self.locked, gate.is_some());
                if let Some(gate) = gate {
                    self.locked = true;
                    let within = mint.audience.keys().all(|node| self.view.contains(node));
                    self.lock_due &= !within;
                    room.replace_gate(gate);
                }
                let generation = mint.audience.get(&me).copied();
                self.epochs.hold(mint, Opened { gate: None, chains }, generation, now);
                let within = limits::KEM_ROTATION.mul_f64(self.entropy.fraction());
                self.rotate = self.rotate.or(Some(now + within));
                Learned { opened: true, locked }
            }
            Err(Refused::NotInAudience) => Learned::default(),
            // Others believe that this node reads along: it needs a mint of its own.
            Err(refused) => {
                self.closed = self.closed.max(Some(rank));
                if refused != Refused::Stale {
                    return Err(refused);
                }
                Learned::default()
            }
        };
        if is_news || learned.opened {
            self.turns.minted(now, false);
        }
        self.epochs.choose(&self.view, now);
        Ok(learned)
    }

    pub(crate) fn lock_next(&mut self) {
        self.locked = true;
        self.lock_due = true;
    }

    /// Mints an epoch for the view. `kems` are the keys of its members.
    pub(crate) fn mint(
        &mut self,
        room: &mut RoomKeys,
        me: &Identity,
        kems: impl Fn(&NodeId) -> Option<Kem>,
        lock: bool,
        now: Duration,
    ) -> Option<Arc<Mint>> {
        self.locked |= lock;
        self.turns.minted(now, true);
        let kem = |node: &NodeId| {
            let kem = if *node == me.id() { Some(self.kem.newest()) } else { kems(node) };
            Some((*node, kem?))
        };
        let audience: BTreeMap<_, _> = self.view.iter().filter_map(kem).collect();
        let place = (self.epochs.lamport + 1, self.locked);
        let (mint, opened) = mint::forge(room, me, &mut self.entropy, place, &audience)?;
        let Opened { gate, chains } = opened;
        if let Some(gate) = gate {
            self.lock_due = false;
            room.replace_gate(gate);
        }
        let mint = Arc::new(mint);
        self.epochs.keep(mint.clone());
        self.epochs.hold(&mint, Opened { gate: None, chains }, None, now);
        self.epochs.choose(&self.view, now);
        Some(mint)
    }

    fn need(&self, now: Duration) -> Option<Need> {
        let Some(epoch) = self.epochs.sending() else { return Some(Need::Speech) };
        let is_closed = self.closed.is_some_and(|closed| closed > epoch.rank);
        let is_old = self.epochs.has_fallen_back();
        debug_assert!(epoch.audience.is_subset(&self.view), "so it was chosen");
        let lacks_some = epoch.audience.len() < self.view.len();
        if lacks_some || is_closed || is_old || self.lock_due {
            return Some(Need::Others);
        }
        let old = epoch.since + limits::EPOCH_LIFE <= now || epoch.frames >= limits::EPOCH_FRAMES;
        old.then_some(Need::Age)
    }

    /// Whether it is this node's turn to mint. `eager`: it has something to say.
    pub(crate) fn is_turn(&mut self, me: NodeId, eager: bool, now: Duration) -> bool {
        let need = self.need(now);
        let due = self.turns.plan(need, eager, (me, &self.view), now);
        due.is_some_and(|due| due <= now)
    }

    /// Wipes what is old; true if the key for encapsulation was replaced.
    pub(crate) fn timeout(&mut self, now: Duration) -> bool {
        self.kem.expire(now);
        let kem = &self.kem;
        self.epochs.expire(now, |generation| kem.has(generation));
        let due = self.rotate.is_some_and(|at| at <= now);
        if due {
            self.rotate = None;
            self.kem.rotate(now, &mut self.entropy);
        }
        due
    }

    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        let age = self.epochs.sending().map(|epoch| epoch.since + limits::EPOCH_LIFE);
        let timers =
            [self.turns.due(), self.rotate, self.kem.next_expiry(), self.epochs.next_expiry()];
        let next = timers.into_iter().flatten().min();
        // Once it is old, the turn to mint tells when.
        next.into_iter().chain(age.filter(|_| self.turns.due().is_none())).min()
    }

    #[cfg(test)]
    pub(crate) fn seized_opens(&self, room: &RoomKeys, me: NodeId, mint: &Mint) -> bool {
        mint::open(room, me, &self.kem, mint).is_ok()
    }

    pub(crate) fn sizes(&self) -> [usize; 4] {
        self.epochs.sizes()
    }
}

/// What a body is bound to: the room and everything of its frame that isn't encrypted.
fn bound(rid: &[u8], frame: &Frame) -> Vec<u8> {
    [rid, &frame.header()].concat()
}

fn grant_info(from: NodeId, to: NodeId, generation: u32) -> Vec<u8> {
    [b"tchat/v1 grant\x01".as_slice(), &from.0, &to.0, &generation.to_be_bytes()].concat()
}
