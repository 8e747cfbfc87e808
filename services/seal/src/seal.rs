//! A member's view of one room: signs and seals what it sends, checks and opens what it
//! receives.

use crate::{
    Entropy, Identity, RoomKeys,
    identity::{fingerprint, node_id, verify, verify_hash, verifying_key},
    kem,
    keyring::{Admission, Chore, Keyring, Learned},
};
use chat_protocol::{
    Beat, ContentHash, EpochId, Frame, Give, Grant, Hello, Item, Mint, NodeId, Refuse, Want,
    frame::Signature,
    hash::labelled,
    hello::{GateMac, Kem},
    limits,
};
use ed25519_dalek::VerifyingKey;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use subtle::ConstantTimeEq;

/// Why something received is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its sender's hello hasn't been seen yet; it may be fine.
    #[error("its sender is unknown")]
    UnknownSender,
    /// Not signed by whom it says.
    #[error("its signature is wrong")]
    BadSignature,
    /// The key is none, a weak one, or not that of the id.
    #[error("its sender's key is no good, or not that of its id")]
    BadKey,
    /// The sender doesn't know the room's invite, or the room was locked since.
    #[error("its sender doesn't know the invite, or comes after the room was locked")]
    BadGate,
    /// More nodes than a room can have had.
    #[error("too many nodes")]
    TooMany,
    /// Its sender takes a sealed room for a clear one, or the other way round.
    #[error("its sender takes a sealed room for a clear one, or a clear one for a sealed one")]
    OtherTerms,
    /// A mint that isn't meant for this node.
    #[error("it is sealed to others")]
    NotInAudience,
    /// A mint for a key that was replaced and wiped meanwhile.
    #[error("it is sealed to a key that is gone")]
    Stale,
    /// A mint whose secret can't be opened although it is meant for this node.
    #[error("it can't be opened")]
    Unopened,
    /// A mint that holds different secrets for different members.
    #[error("its secret isn't the one that it commits to")]
    BadCommitment,
    /// A mint from the far future.
    #[error("its count is too far ahead")]
    TooFarAhead,
}

struct Known {
    hello: Hello,
    key: VerifyingKey,
}

/// Signs as one node and checks as one member; in a sealed room it encrypts and decrypts, too.
///
/// Protects contents and nicks of a sealed room from everyone but the members, until they are
/// forgotten: [`Seal::retain`] bounds how long keys of what was read are kept, and everything
/// is wiped when this is dropped. Remembers at most [`limits::TOMBSTONES`] hellos, about
/// 300 bytes each.
pub struct Seal {
    room: RoomKeys,
    me: Identity,
    /// Boxed: a third of the places is free, mostly.
    known: HashMap<NodeId, Box<Known>>,
    /// None in a clear room.
    keyring: Option<Keyring>,
}

impl Seal {
    /// The view of `me` in a clear room: contents are signed, and readable by anyone.
    #[must_use]
    pub fn clear(room: RoomKeys, me: Identity) -> Self {
        Self::new(room, me, None)
    }

    /// The view of `me` in a sealed room. `history`: joiners may be granted what was said.
    #[must_use]
    pub fn sealed(room: RoomKeys, me: Identity, entropy: Entropy, history: bool) -> Self {
        let keyring = Keyring::new(me.id(), entropy, history);
        Self::new(room, me, Some(keyring))
    }

    fn new(room: RoomKeys, me: Identity, keyring: Option<Keyring>) -> Self {
        let mut seal = Self { room, me, known: HashMap::new(), keyring };
        seal.renew_hello();
        seal
    }

    /// States the newest key for encapsulation.
    fn renew_hello(&mut self) {
        let kem = self.keyring.as_ref().map(Keyring::newest_kem);
        let (from, sign) = (self.me.id(), self.me.public());
        let mut hello = Hello { from, sign, kem, mac: GateMac::ZERO, sig: Signature::ZERO };
        hello.mac = self.room.gate_mac(&hello.body());
        hello.sig = self.me.sign("hello", self.room.id(), &hello.signed_form());
        let key = verifying_key(&sign).expect("a key just made is a valid one");
        self.known.insert(from, Box::new(Known { hello, key }));
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &RoomKeys {
        &self.room
    }

    /// This node.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.me.id()
    }

    /// Whether contents are encrypted.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.keyring.is_some()
    }

    /// Whether joiners may be granted what was said, as a joiner learns from the members.
    pub fn set_history(&mut self, history: bool) {
        if let Some(keyring) = &mut self.keyring {
            keyring.set_history(history);
        }
    }

    // Who is who.

    /// A node's hello, if it was seen.
    #[must_use]
    pub fn hello(&self, node: &NodeId) -> Option<&Hello> {
        self.known.get(node).map(|known| &known.hello)
    }

    /// This node's hello.
    #[must_use]
    pub fn own_hello(&self) -> &Hello {
        &self.known[&self.me.id()].hello
    }

    /// 88 bits that identify a node's key, as eight words to be compared over another channel;
    /// empty for an unknown node.
    #[must_use]
    pub fn fingerprint(&self, node: &NodeId) -> String {
        self.hello(node).map_or_else(String::new, |hello| fingerprint(self.room.id(), &hello.sign))
    }

    /// Checks a hello and remembers it, or the newer key that it states. True if its node was
    /// unknown.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn learn(&mut self, hello: &Hello) -> Result<bool, Refused> {
        let generation = |hello: &Hello| hello.kem.map_or(0, |kem| kem.generation);
        let known = self.known.get(&hello.from);
        // Ids are self-certifying: there can't be another key behind the same id.
        if known.is_some_and(|known| generation(hello) <= generation(&known.hello)) {
            return Ok(false);
        }
        if node_id(self.room.id(), &hello.sign) != hello.from {
            return Err(Refused::BadKey);
        }
        if known.is_none() {
            // Who is in already need not know the gate that came later.
            let mac = self.room.gate_mac(&hello.body());
            if !bool::from(mac.0.ct_eq(&hello.mac.0)) {
                return Err(Refused::BadGate);
            }
        }
        let key = match known {
            Some(known) => known.key,
            None => verifying_key(&hello.sign).ok_or(Refused::BadKey)?,
        };
        if !verify(&key, "hello", self.room.id(), &hello.signed_form(), &hello.sig) {
            return Err(Refused::BadSignature);
        }
        if hello.kem.is_some() != self.is_sealed() {
            return Err(Refused::OtherTerms);
        }
        if hello.kem.is_some_and(|kem| !kem::is_valid(&kem.key)) {
            // Nothing can be sealed to it: one such member would keep all from minting.
            return Err(Refused::BadKey);
        }
        let is_new = known.is_none();
        if is_new && self.known.len() >= limits::TOMBSTONES {
            return Err(Refused::TooMany);
        }
        self.known.insert(hello.from, Box::new(Known { hello: hello.clone(), key }));
        Ok(is_new)
    }

    // Frames.

    /// Whether something can be said: in a sealed room that takes an epoch whose audience is
    /// within this node's view.
    #[must_use]
    pub fn may_speak(&self) -> bool {
        self.keyring.as_ref().is_none_or(Keyring::may_speak)
    }

    /// Puts items into a frame of this node and signs it. None if they can't be sealed: there
    /// is no epoch, or they are too large. A frame that says nothing always can. Who says them has
    /// them: without history nothing is kept that opens the frame.
    #[must_use]
    pub fn close(&mut self, mut frame: Frame, items: &[Item]) -> Option<(Frame, ContentHash)> {
        let rid = self.room.id().0;
        let key = match &mut self.keyring {
            Some(keyring) if !items.is_empty() => Some(keyring.close(&mut frame, items, &rid)?),
            _ => {
                frame.items = items.to_vec();
                None
            }
        };
        let hash = frame.content_hash();
        frame.sig = self.me.sign_hash(self.room.id(), &hash.0);
        if let (Some(key), Some(keyring)) = (key, &mut self.keyring) {
            keyring.keep(&frame, hash, key);
        }
        Some((frame, hash))
    }

    /// Checks a frame's signature, and that it is sealed if the room is; its content hash if it
    /// is good.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify_frame(&self, frame: &Frame) -> Result<ContentHash, Refused> {
        let sealed = frame.sealed.is_some();
        if frame.has_contents() && sealed != self.is_sealed() {
            return Err(Refused::OtherTerms);
        }
        let hash = frame.content_hash();
        self.verify_hash(frame.from, &hash.0, &frame.sig)?;
        Ok(hash)
    }

    /// Finds the key of a frame that was verified, and keeps it until the frame is read.
    pub fn admit(&mut self, frame: &Frame, hash: ContentHash) -> Admission {
        let keyring = self.keyring.as_mut();
        keyring.map_or(Admission::Readable, |keyring| keyring.admit(frame, hash))
    }

    /// The items of a verified frame; none if they can't be read.
    #[must_use]
    pub fn open(&mut self, frame: &Frame, hash: ContentHash) -> Option<Vec<Item>> {
        let rid = self.room.id().0;
        match &mut self.keyring {
            Some(keyring) if frame.sealed.is_some() => keyring.open(frame, hash, &rid),
            _ => Some(frame.items.clone()),
        }
    }

    /// Message keys kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.keyring.as_ref().map_or(0, Keyring::messages)
    }

    /// Wipes the keys of all frames but those.
    pub fn retain(&mut self, held: &HashSet<ContentHash>) {
        if let Some(keyring) = &mut self.keyring {
            keyring.retain(held);
        }
    }

    // Epochs.

    /// Tells who is there: whoever isn't can't read what is said from now on.
    pub fn set_view(&mut self, others: impl Iterator<Item = NodeId>, now: Duration) {
        if let Some(keyring) = &mut self.keyring {
            let known = |node: &NodeId| self.known.contains_key(node);
            let view: BTreeSet<_> = others.filter(known).chain([self.me.id()]).collect();
            keyring.set_view(view, now);
        }
    }

    /// The epoch that a beat of this node quotes.
    #[must_use]
    pub fn quoted(&self) -> Option<EpochId> {
        self.keyring.as_ref().and_then(Keyring::quoted)
    }

    /// Whether someone who speaks now may quote this epoch; unknown if its mint is.
    #[must_use]
    pub fn is_current(&self, epoch: Option<&EpochId>) -> Option<bool> {
        match (&self.keyring, epoch) {
            (None, _) => Some(true),
            (Some(_), None) => Some(false),
            (Some(keyring), Some(epoch)) => keyring.is_current(epoch),
        }
    }

    /// A mint, to be passed on.
    #[must_use]
    pub fn mint_of(&self, epoch: &EpochId) -> Option<Arc<Mint>> {
        self.keyring.as_ref()?.mint_of(epoch).cloned()
    }

    /// The mint that a joiner must know of, so that the one it makes itself counts as newer.
    #[must_use]
    pub fn newest_mint(&self) -> Option<Arc<Mint>> {
        self.keyring.as_ref()?.newest_mint().cloned()
    }

    /// Checks a mint and opens its epoch, if this node is in its audience.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn learn_mint(&mut self, mint: &Arc<Mint>, now: Duration) -> Result<Learned, Refused> {
        let me = self.me.id();
        let Some(keyring) = &self.keyring else { return Err(Refused::OtherTerms) };
        if mint.from == me || keyring.is_settled(mint) {
            return Ok(Learned::default());
        }
        self.verify("mint", mint.from, &mint.signed_form(), &mint.sig)?;
        let Some(keyring) = &mut self.keyring else { return Err(Refused::OtherTerms) };
        let learned = keyring.learn(&mut self.room, me, mint, now)?;
        if learned.locked {
            self.renew_hello();
        }
        Ok(learned)
    }

    /// Every mint from now on locks the room, and one is due, as after an expulsion.
    pub fn lock_next(&mut self) {
        if let Some(keyring) = &mut self.keyring {
            keyring.lock_next();
        }
    }

    /// Locks the room: whoever comes with the invite from now on isn't let in.
    ///
    /// `None` in a clear room, or if a member's key is no valid one.
    pub fn lock(&mut self, now: Duration) -> Option<Arc<Mint>> {
        self.mint(true, now)
    }

    /// Whether the room was locked.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.keyring.as_ref().is_some_and(Keyring::is_locked)
    }

    /// Mints an epoch for the view, whether or not one is needed.
    pub(crate) fn mint(&mut self, lock: bool, now: Duration) -> Option<Arc<Mint>> {
        let known = &self.known;
        let kem = |node: &NodeId| known.get(node)?.hello.kem;
        let mint = self.keyring.as_mut()?.mint(&mut self.room, &self.me, kem, lock, now)?;
        if mint.lock {
            self.renew_hello();
        }
        Some(mint)
    }

    /// Does what is due: makes new keys, wipes old ones. `eager`: there is something to say.
    pub fn timeout(&mut self, now: Duration, eager: bool) -> Vec<Chore> {
        let mut chores = Vec::new();
        let Some(keyring) = &mut self.keyring else { return chores };
        if keyring.timeout(now) {
            self.renew_hello();
            chores.push(Chore::Hello);
        }
        let me = self.me.id();
        if self.keyring.as_mut().is_some_and(|keyring| keyring.is_turn(me, eager, now)) {
            chores.extend(self.mint(false, now).map(Chore::Mint));
        }
        chores
    }

    /// When [`Seal::timeout`] has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        self.keyring.as_ref().and_then(Keyring::next_timeout)
    }

    /// Epochs held, mints kept, names of retired epochs, keys of frames that were overtaken.
    #[must_use]
    pub fn sizes(&self) -> [usize; 4] {
        self.keyring.as_ref().map_or([0; 4], Keyring::sizes)
    }

    // Grants.

    /// Seals message keys of frames, as far as they are here, to a member.
    pub fn grant(
        &mut self,
        to: NodeId,
        frames: impl Iterator<Item = ContentHash>,
    ) -> Option<Grant> {
        let kem: Kem = self.known.get(&to)?.hello.kem?;
        let (me, room) = (self.me.id(), &self.room);
        self.keyring.as_mut()?.grant(room, (me, to), &kem, frames)
    }

    /// Takes the keys that a verified answer grants for its own frames.
    pub fn take_grant(&mut self, give: &Give) {
        let Some(keyring) = &mut self.keyring else { return };
        if let Some(epoch) = give.epoch {
            keyring.hear(epoch);
        }
        let Some(grant) = &give.grant else { return };
        let frames = give.frames.iter().chain(&give.joins).filter_map(|frame| {
            let commit = frame.sealed.as_ref()?.commit;
            Some((frame.content_hash(), commit))
        });
        let frames = frames.collect();
        keyring.take_grant(&self.room, (give.from, give.to), grant, &frames);
    }

    // Signatures on everything else.

    /// Signs a beat of this node, quoting its epoch.
    pub fn sign_beat(&self, beat: &mut Beat) {
        beat.epoch = self.quoted();
        beat.sig = self.me.sign("beat", self.room.id(), &beat.signed_form());
    }

    /// Checks a beat's signature.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify_beat(&self, beat: &Beat) -> Result<(), Refused> {
        self.verify("beat", beat.from, &beat.signed_form(), &beat.sig)
    }

    /// Signs a request of this node.
    pub fn sign_want(&self, want: &mut Want) {
        want.sig = self.me.sign("want", self.room.id(), &want.signed_form());
    }

    /// Checks a request, learning its sender's hello.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify_want(&mut self, want: &Want) -> Result<(), Refused> {
        if want.hello.from != want.from {
            return Err(Refused::BadKey);
        }
        self.learn(&want.hello)?;
        self.verify("want", want.from, &want.signed_form(), &want.sig)
    }

    /// Signs an answer of this node, quoting its epoch.
    pub fn sign_give(&self, give: &mut Give) {
        give.epoch = self.quoted();
        give.sig = self.me.sign("give", self.room.id(), &give.signed_form());
    }

    /// Checks an answer, learning the hellos it brings. Its frames are checked one by one.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify_give(&mut self, give: &Give) -> Result<(), Refused> {
        if let Some(hello) = give.hellos.iter().find(|hello| hello.from == give.from) {
            self.learn(hello)?;
        }
        self.verify("give", give.from, &give.signed_form(), &give.sig)?;
        for hello in &give.hellos {
            // A wrong one among them is its author's fault, not the answerer's page's.
            let _ = self.learn(hello);
        }
        Ok(())
    }

    /// An answer to one who isn't let in.
    #[must_use]
    pub fn refuse(&self, to: NodeId) -> Refuse {
        let from = self.me.id();
        Refuse { from, to, mac: self.room.refuse_mac(from, to) }
    }

    /// Whether someone who has the invite refuses this node.
    #[must_use]
    pub fn is_refused(&self, refuse: &Refuse) -> bool {
        let mac = self.room.refuse_mac(refuse.from, refuse.to);
        refuse.to == self.me.id() && bool::from(mac.0.ct_eq(&refuse.mac.0))
    }

    fn verify(
        &self,
        label: &str,
        from: NodeId,
        form: &[u8],
        signature: &Signature,
    ) -> Result<(), Refused> {
        self.verify_hash(from, &labelled(label, [form]), signature)
    }

    fn verify_hash(
        &self,
        from: NodeId,
        hash: &[u8; 32],
        signature: &Signature,
    ) -> Result<(), Refused> {
        let known = self.known.get(&from).ok_or(Refused::UnknownSender)?;
        if verify_hash(&known.key, self.room.id(), hash, signature) {
            Ok(())
        } else {
            Err(Refused::BadSignature)
        }
    }

    /// Whether someone who seizes this node now can open a recorded mint, whatever the rules
    /// say of mints that were opened before.
    #[cfg(test)]
    pub(crate) fn seized_opens(&self, mint: &Mint) -> bool {
        let keyring = self.keyring.as_ref();
        keyring.is_some_and(|keyring| keyring.seized_opens(&self.room, self.me.id(), mint))
    }
}
