//! A member's view of one room: signs what it sends, checks what it receives.

use crate::{
    Identity, RoomKeys,
    identity::{fingerprint, node_id, verify},
};
use chat_protocol::{
    Beat, ContentHash, Frame, Give, Hello, Item, NodeId, Want, frame::Signature, limits,
};
use ed25519_dalek::VerifyingKey;
use std::collections::HashMap;
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
    /// The id is not that of the key.
    #[error("its sender's id and key don't belong together")]
    BadKey,
    /// The sender doesn't know the room's invite.
    #[error("its sender doesn't know the invite")]
    BadGate,
    /// More nodes than a room can have had.
    #[error("too many nodes")]
    TooMany,
}

struct Known {
    hello: Hello,
    key: VerifyingKey,
}

/// Signs as one node and checks as one member.
///
/// Remembers at most [`limits::TOMBSTONES`] hellos, about 250 bytes each.
pub struct Seal {
    room: RoomKeys,
    me: Identity,
    known: HashMap<NodeId, Known>,
}

impl Seal {
    /// The view of `me` in `room`.
    #[must_use]
    pub fn new(room: RoomKeys, me: Identity) -> Self {
        let sign = me.public();
        let mac = room.gate_mac(&Hello::body(&sign));
        let sig = me.sign("hello", room.id(), &Hello::signed_form(&sign, &mac));
        let hello = Hello { from: me.id(), sign, mac, sig };
        let key = VerifyingKey::from_bytes(&sign.0).expect("a key just made is a valid one");
        let known = HashMap::from([(me.id(), Known { hello, key })]);
        Self { room, me, known }
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

    /// 88 bits that identify a node's key, as text; empty for an unknown node.
    #[must_use]
    pub fn fingerprint(&self, node: &NodeId) -> String {
        self.hello(node).map_or_else(String::new, |hello| fingerprint(self.room.id(), &hello.sign))
    }

    /// Checks a hello and remembers it. True if it is new.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn learn(&mut self, hello: &Hello) -> Result<bool, Refused> {
        if self.known.contains_key(&hello.from) {
            // Ids are self-certifying: there can't be another key behind the same id.
            return Ok(false);
        }
        if node_id(self.room.id(), &hello.sign) != hello.from {
            return Err(Refused::BadKey);
        }
        let mac = self.room.gate_mac(&Hello::body(&hello.sign));
        if !bool::from(mac.0.ct_eq(&hello.mac.0)) {
            return Err(Refused::BadGate);
        }
        let key = VerifyingKey::from_bytes(&hello.sign.0).map_err(|_| Refused::BadKey)?;
        let form = Hello::signed_form(&hello.sign, &hello.mac);
        if !verify(&key, "hello", self.room.id(), &form, &hello.sig) {
            return Err(Refused::BadSignature);
        }
        if self.known.len() >= limits::TOMBSTONES {
            return Err(Refused::TooMany);
        }
        self.known.insert(hello.from, Known { hello: hello.clone(), key });
        Ok(true)
    }

    /// Puts items into a frame of this node and signs it.
    #[must_use]
    pub fn close(&self, mut frame: Frame, items: Vec<Item>) -> (Frame, ContentHash) {
        frame.items = items;
        let form = frame.signed_form();
        frame.sig = self.me.sign("frame", self.room.id(), &form);
        (frame, Frame::content_hash(&form))
    }

    /// The items of a verified frame.
    #[must_use]
    pub fn open<'a>(&self, frame: &'a Frame) -> &'a [Item] {
        &frame.items
    }

    /// Checks a frame's signature; its content hash if it is good.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify_frame(&self, frame: &Frame) -> Result<ContentHash, Refused> {
        let form = frame.signed_form();
        self.verify("frame", frame.from, &form, &frame.sig)?;
        Ok(Frame::content_hash(&form))
    }

    /// Signs a beat of this node.
    pub fn sign_beat(&self, beat: &mut Beat) {
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

    /// Signs an answer of this node.
    pub fn sign_give(&self, give: &mut Give) {
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

    fn verify(
        &self,
        label: &str,
        from: NodeId,
        form: &[u8],
        signature: &Signature,
    ) -> Result<(), Refused> {
        let known = self.known.get(&from).ok_or(Refused::UnknownSender)?;
        if verify(&known.key, label, self.room.id(), form, signature) {
            Ok(())
        } else {
            Err(Refused::BadSignature)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{
        Invite, ItemKind, Lamport, Number, RoomId, VectorClock, hash::Past, hello::PublicKey,
    };

    fn member(room: RoomKeys, seed: u8) -> Seal {
        let me = Identity::from_seed(room.id(), &[seed; 32]);
        Seal::new(room, me)
    }

    fn public() -> RoomKeys {
        RoomKeys::public(RoomId([1; 16]))
    }

    fn said(seal: &Seal, text: &str) -> Frame {
        let frame = Frame {
            from: seal.me(),
            number: Number(1),
            lamport: Lamport(1),
            clock: VectorClock::new(),
            past: Past::ZERO,
            items: vec![],
            is_final: false,
            sig: Signature::ZERO,
        };
        let item = Item { kind: ItemKind::Text, text: text.into(), at: 0, terms: None };
        seal.close(frame, vec![item]).0
    }

    #[test]
    fn a_member_believes_what_another_signed_and_nothing_else() {
        let (alice, mut bob) = (member(public(), 1), member(public(), 2));
        let frame = said(&alice, "hi");
        assert_eq!(bob.verify_frame(&frame), Err(Refused::UnknownSender));
        assert_eq!(bob.learn(alice.own_hello()), Ok(true));
        assert_eq!(bob.learn(alice.own_hello()), Ok(false));
        assert!(bob.verify_frame(&frame).is_ok());
        let mut forged = frame.clone();
        forged.items[0].text = "ho".into();
        assert_eq!(bob.verify_frame(&forged), Err(Refused::BadSignature));
        let mut stolen = frame;
        stolen.from = bob.me();
        assert_eq!(bob.verify_frame(&stolen), Err(Refused::BadSignature));
    }

    #[test]
    fn a_signature_is_bound_to_its_room_and_its_kind() {
        let other_room = || RoomKeys::public(RoomId([2; 16]));
        let (here, there) = (member(public(), 1), member(other_room(), 1));
        assert_ne!(here.me(), there.me(), "one key has another id in another room");
        let mut reader = member(other_room(), 2);
        assert_eq!(reader.learn(here.own_hello()), Err(Refused::BadKey));
    }

    #[test]
    fn who_lacks_the_invite_is_refused_at_the_gate() {
        let invite = |byte| Invite { secret: [byte; 20], clear: true, history: true };
        let mut member = member(RoomKeys::private(&invite(1)), 1);
        // The stranger knows the room's id, as the director does, but not the secret.
        let id = member.room().id();
        let key = Identity::from_seed(id, &[2; 32]);
        let sign = key.public();
        let mac = RoomKeys::public(id).gate_mac(&Hello::body(&sign));
        let sig = key.sign("hello", id, &Hello::signed_form(&sign, &mac));
        let hello = Hello { from: key.id(), sign, mac, sig };
        assert_eq!(member.learn(&hello), Err(Refused::BadGate));
    }

    #[test]
    fn every_byte_of_a_hello_matters() {
        let (alice, mut bob) = (member(public(), 1), member(public(), 2));
        let hello = alice.own_hello();
        let mut wrong = hello.clone();
        wrong.sign = PublicKey([7; 32]);
        assert_eq!(bob.learn(&wrong), Err(Refused::BadKey));
        for byte in 0..64 {
            let mut wrong = hello.clone();
            wrong.sig.0[byte] ^= 1;
            assert_eq!(bob.learn(&wrong), Err(Refused::BadSignature), "byte {byte}");
        }
        for byte in 0..32 {
            let mut wrong = hello.clone();
            wrong.mac.0[byte] ^= 1;
            assert_eq!(bob.learn(&wrong), Err(Refused::BadGate), "byte {byte}");
        }
    }

    #[test]
    fn the_room_id_follows_from_the_invite_alone() {
        let invite = |byte| Invite { secret: [byte; 20], clear: true, history: true };
        assert_eq!(RoomKeys::private(&invite(1)).id(), RoomKeys::private(&invite(1)).id());
        assert_ne!(RoomKeys::private(&invite(1)).id(), RoomKeys::private(&invite(2)).id());
    }

    #[test]
    fn so_many_hellos_are_remembered_and_those_known_stay() {
        let mut reader = member(public(), 1);
        let hello = |n: u32| {
            let mut seed = [7; 32];
            seed[..4].copy_from_slice(&n.to_be_bytes());
            let me = Identity::from_seed(RoomId([1; 16]), &seed);
            Seal::new(public(), me).own_hello().clone()
        };
        for n in 1..u32::try_from(limits::TOMBSTONES).unwrap() {
            assert_eq!(reader.learn(&hello(n)), Ok(true), "{n}");
        }
        assert_eq!(reader.learn(&hello(0)), Err(Refused::TooMany));
        assert_eq!(reader.learn(&hello(1)), Ok(false));
    }
}
