//! Who is in a room, for one who isn't: by the signed beats that pass.
//!
//! A beat counts if its signature is right, and its sender's key that of its id and, in a
//! private room, attested by someone who knows the invite. So nobody without the invite can
//! pass for a member; in a public room whoever wants to is one.

use crate::{RoomAddress, strangers::Strangers};
use chat_connect::Connection;
use chat_protocol::{Beat, Envelope, NodeId, Want, limits, subject::RoomSubjects};
use chat_seal::{Entropy, Identity, Refused, Seal};
use futures_util::{StreamExt, stream::select_all};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Beats are listened to for so long.
const LISTEN: Duration = Duration::from_secs(3);
/// And up to so long while fewer are known than those known speak of.
const LISTEN_MOST: Duration = Duration::from_secs(15);

/// The members of a room, this node excepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Those known.
    pub known: BTreeSet<NodeId>,
    /// How many there are.
    pub count: usize,
}

impl Company {
    /// Exactly these.
    #[must_use]
    pub fn of(known: BTreeSet<NodeId>) -> Self {
        Self { count: known.len(), known }
    }
}

/// Learns who is in a room, without joining.
///
/// # Errors
/// The server doesn't let this client listen or ask.
pub async fn company(
    connection: &Connection,
    address: &RoomAddress,
) -> Result<Company, async_nats::Error> {
    let subjects = RoomSubjects::new(address.room());
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let inbox = connection.client().new_inbox();
    let mut streams = Vec::new();
    for subject in [subjects.beat(), subjects.key(), inbox.clone()] {
        streams.push(connection.subscribe(subject).await?);
    }
    let mut messages = select_all(streams);
    let mut observer = Observer::new(address.clone(), seed);
    let begun = Instant::now();
    loop {
        let patience =
            if observer.seen.known.len() < observer.seen.count { LISTEN_MOST } else { LISTEN };
        let Ok(Some(message)) = timeout_at(begun + patience, messages.next()).await else { break };
        if let Some(node) = observer.take(&message.payload, begun.elapsed()) {
            let subject = subjects.node(node);
            if let Some(payload) = observer.ask_for_hello(node) {
                let client = connection.client();
                client.publish_with_reply(subject, inbox.clone(), payload.into()).await?;
            }
        }
    }
    Ok(observer.seen)
}

struct Observer {
    address: RoomAddress,
    seed: [u8; 32],
    /// None until it is known whether the room is sealed: by the invite, else by a first beat.
    seal: Option<Seal>,
    strangers: Strangers,
    seen: Company,
}

impl Observer {
    fn new(address: RoomAddress, seed: [u8; 32]) -> Self {
        let (strangers, seen) = (Strangers::default(), Company::default());
        let mut observer = Self { address, seed, seal: None, strangers, seen };
        if let RoomAddress::Private(invite) = &observer.address {
            let sealed = !invite.clear;
            observer.see(sealed);
        }
        observer
    }

    /// What the room is decides what its hellos look like.
    fn see(&mut self, sealed: bool) {
        if self.seal.is_none() {
            let me = Identity::from_seed(self.address.room(), &self.seed);
            let keys = self.address.keys();
            self.seal = Some(match sealed {
                // It never speaks, so nothing of this needs to be secret.
                true => Seal::sealed(keys, me, Entropy::new(|bytes| bytes.fill(1)), false),
                false => Seal::clear(keys, me),
            });
        }
    }

    /// Takes an envelope; a node whose hello is needed.
    fn take(&mut self, payload: &[u8], now: Duration) -> Option<NodeId> {
        let envelope = Envelope::parse(payload).ok()?;
        match &envelope {
            Envelope::Beat(beat) => self.see(beat.epoch.is_some()),
            Envelope::Hello(hello) => self.see(hello.kem.is_some()),
            _ => {}
        }
        let seal = self.seal.as_mut()?;
        match envelope {
            Envelope::Beat(beat) => match seal.verify_beat(&beat) {
                Ok(()) => {
                    self.count(&beat);
                    None
                }
                Err(Refused::UnknownSender) => {
                    let from = beat.from;
                    let ask = self.strangers.hold(Envelope::Beat(beat), payload.len(), now);
                    ask.then_some(from)
                }
                Err(_) => None,
            },
            Envelope::Hello(hello) => {
                let _ = seal.learn(&hello);
                self.introduced(hello.from);
                None
            }
            Envelope::Give(give) => {
                // It may bring the hello that its own signature needs.
                if seal.verify_give(&give).is_ok() {
                    give.hellos.iter().for_each(|hello| self.introduced(hello.from));
                }
                None
            }
            _ => None,
        }
    }

    fn introduced(&mut self, node: NodeId) {
        for envelope in self.strangers.release(node) {
            if let Envelope::Beat(beat) = envelope
                && self.seal.as_ref().is_some_and(|seal| seal.verify_beat(&beat).is_ok())
            {
                self.count(&beat);
            }
        }
    }

    fn count(&mut self, beat: &Beat) {
        if self.seen.known.len() < limits::MEMBERS {
            self.seen.known.insert(beat.from);
        }
        let said = usize::try_from(beat.members).unwrap_or(usize::MAX).min(limits::MEMBERS);
        self.seen.count = self.seen.known.len().max(self.seen.count).max(said);
    }

    fn ask_for_hello(&self, node: NodeId) -> Option<Vec<u8>> {
        let seal = self.seal.as_ref()?;
        let mut want = Want { hellos: vec![node], ..Want::new(seal.own_hello().clone()) };
        seal.sign_want(&mut want);
        Some(Envelope::Want(want).to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{Hello, Lamport, Number, RoomId, VectorClock, frame::Signature};
    use chat_seal::RoomKeys;

    const ROOM: RoomId = RoomId([1; 16]);

    fn seal(seed: u8) -> Seal {
        Seal::clear(RoomKeys::public(ROOM), Identity::from_seed(ROOM, &[seed; 32]))
    }

    fn beat(seal: &Seal, members: u32) -> Vec<u8> {
        let mut beat = Beat {
            from: seal.me(),
            count: Number(1),
            number: Number(1),
            lamport: Lamport(1),
            heads: VectorClock::new(),
            digest: None,
            holes: 0,
            transcript: None,
            acks: VectorClock::new(),
            miss: vec![],
            cut: vec![],
            epoch: None,
            members,
            sig: Signature::ZERO,
        };
        seal.sign_beat(&mut beat);
        Envelope::Beat(beat).to_json()
    }

    fn hello(hello: &Hello) -> Vec<u8> {
        Envelope::Hello(hello.clone()).to_json()
    }

    #[test]
    fn a_beat_counts_once_its_senders_key_is_known() {
        let ann = seal(1);
        let mut observer = Observer::new(RoomAddress::Public(ROOM), [9; 32]);
        let asked = observer.take(&beat(&ann, 3), Duration::ZERO);
        assert_eq!(asked, Some(ann.me()), "its hello is asked for");
        assert!(observer.seen.known.is_empty());
        observer.take(&hello(ann.own_hello()), Duration::ZERO);
        assert_eq!(observer.seen, Company { known: [ann.me()].into(), count: 3 });
    }

    #[test]
    fn a_beat_under_another_name_counts_for_nothing() {
        let (ann, eve) = (seal(1), seal(2));
        let mut observer = Observer::new(RoomAddress::Public(ROOM), [9; 32]);
        observer.take(&hello(ann.own_hello()), Duration::ZERO);
        let forged = String::from_utf8(beat(&eve, 2)).unwrap();
        let forged = forged.replace(&eve.me().to_string(), &ann.me().to_string());
        assert_eq!(observer.take(forged.as_bytes(), Duration::ZERO), None);
        assert_eq!(observer.seen, Company::default());
    }
}
