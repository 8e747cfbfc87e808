//! The edge between an engine and the network: what the seal does there. In most runs
//! signatures are modelled (who signed what is known); in some they are real, and everything
//! goes through its JSON form and the real parser.

use crate::truth::Truth;
use chat_engine::{Entry, Input};
use chat_protocol::{
    Beat, Dot, Envelope, Frame, Give, Hello, Item, ItemKind, NodeId, RoomId, Want,
    frame::Signature, hello,
};
use chat_seal::{Identity, RoomKeys, Seal};
use std::{cell::RefCell, sync::Arc};

/// Something on its way.
#[derive(Clone, Debug)]
pub enum Message {
    /// Modelled: its signer is who really signed the outermost layer.
    Typed {
        /// Who signed it.
        signer: NodeId,
        /// What it is.
        envelope: Box<Envelope>,
        /// Its verified form, where it is a frame.
        entry: Option<Entry>,
    },
    /// As the server would carry it.
    Bytes(Vec<u8>),
    /// The server's word: nobody subscribes there.
    NoResponders,
}

/// A peer's edge.
pub enum Edge {
    /// Signatures are modelled.
    Modelled(NodeId),
    /// Signatures are real.
    Real(Box<RefCell<Seal>>),
}

const ROOM: RoomId = RoomId([7; 16]);

impl Edge {
    /// The edge of a new peer.
    #[must_use]
    pub fn new(real: bool, seed: [u8; 32]) -> Self {
        let identity = Identity::from_seed(ROOM, &seed);
        if real {
            Self::Real(Box::new(RefCell::new(Seal::clear(RoomKeys::public(ROOM), identity))))
        } else {
            Self::Modelled(identity.id())
        }
    }

    /// The peer's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        match self {
            Self::Modelled(id) => *id,
            Self::Real(seal) => seal.borrow().me(),
        }
    }

    /// Finishes a drafted frame.
    #[must_use]
    pub fn close(&self, mut frame: Frame, said: Option<(ItemKind, String)>) -> Entry {
        let items: Vec<_> = said
            .into_iter()
            .map(|(kind, text)| Item { kind, text: text.into(), at: 0, terms: None })
            .collect();
        match self {
            Self::Modelled(_) => {
                frame.items = items;
                entry(frame)
            }
            Self::Real(seal) => {
                let closed = seal.borrow_mut().close(frame, &items);
                let (frame, hash) = closed.expect("a clear room takes anything");
                Entry::new(Arc::new(frame), hash)
            }
        }
    }

    /// A frame, its own or another's, on its way out.
    #[must_use]
    pub fn frame(&self, entry: Entry) -> Message {
        let envelope = Envelope::Frame(entry.frame.clone());
        self.send(entry.frame.from, envelope, Some(entry))
    }

    /// A beat on its way out.
    #[must_use]
    pub fn beat(&self, mut beat: Beat) -> Message {
        if let Self::Real(seal) = self {
            seal.borrow().sign_beat(&mut beat);
        }
        self.send(self.id(), Envelope::Beat(beat), None)
    }

    /// A request on its way out.
    #[must_use]
    pub fn want(&self, dots: Vec<Dot>, have: chat_engine::Answers, cut: Vec<Dot>) -> Message {
        let mut want = Want { dots, have, cut, ..Want::new(self.hello()) };
        if let Self::Real(seal) = self {
            seal.borrow().sign_want(&mut want);
        }
        self.send(self.id(), Envelope::Want(want), None)
    }

    /// An answer on its way out.
    #[must_use]
    pub fn give(&self, mut give: Give) -> Message {
        if let Self::Real(seal) = self {
            seal.borrow().sign_give(&mut give);
        }
        self.send(self.id(), Envelope::Give(give), None)
    }

    fn hello(&self) -> Hello {
        match self {
            Self::Modelled(id) => Hello {
                from: *id,
                sign: hello::PublicKey::ZERO,
                kem: None,
                mac: hello::GateMac::ZERO,
                sig: Signature::ZERO,
            },
            Self::Real(seal) => seal.borrow().own_hello().clone(),
        }
    }

    fn send(&self, signer: NodeId, envelope: Envelope, entry: Option<Entry>) -> Message {
        match self {
            Self::Modelled(_) => Message::Typed { signer, envelope: Box::new(envelope), entry },
            Self::Real(_) => Message::Bytes(envelope.to_json()),
        }
    }

    /// What comes in, if it is believed. `hellos` are those of all peers: their spreading is
    /// not part of this model.
    pub fn receive(
        &mut self,
        message: &Message,
        reply: usize,
        truth: &Truth,
        hellos: &[Hello],
    ) -> Option<Input> {
        match (self, message) {
            (_, Message::NoResponders) => Some(Input::Nobody),
            (Self::Modelled(_), Message::Typed { signer, envelope, entry }) => {
                let signed = envelope.from() == *signer;
                modelled(envelope, entry.as_ref(), truth)
                    .filter(|_| signed)
                    .map(|input| with_reply(input, reply))
            }
            (Self::Real(seal), Message::Bytes(bytes)) => {
                let envelope = Envelope::parse(bytes).ok()?;
                let seal = seal.get_mut();
                for hello in hellos {
                    let _ = seal.learn(hello);
                }
                really(seal, &envelope).map(|input| with_reply(input, reply))
            }
            _ => None,
        }
    }

    /// The hello that others must know to believe this peer.
    #[must_use]
    pub fn own_hello(&self) -> Option<Hello> {
        match self {
            Self::Modelled(_) => None,
            Self::Real(seal) => Some(seal.borrow().own_hello().clone()),
        }
    }
}

fn with_reply(input: Input, to: usize) -> Input {
    match input {
        Input::Want { want, .. } => Input::Want { want, reply: to.to_string() },
        other => other,
    }
}

/// A frame with its hash, as a seal that believes it makes it.
#[must_use]
pub fn entry(frame: Frame) -> Entry {
    let hash = frame.content_hash();
    Entry::new(Arc::new(frame), hash)
}

fn modelled(envelope: &Envelope, known: Option<&Entry>, truth: &Truth) -> Option<Input> {
    let verified = |frame: &Arc<Frame>| {
        let entry = entry((**frame).clone());
        truth.is_signed(&entry.hash).then_some(entry)
    };
    Some(match envelope {
        Envelope::Frame(frame) => {
            let entry = known.cloned().or_else(|| verified(frame))?;
            frame.check().ok()?;
            Input::Frame(entry)
        }
        Envelope::Beat(beat) => {
            beat.check().ok()?;
            Input::Beat(beat.clone())
        }
        Envelope::Want(want) => {
            want.check().ok()?;
            Input::Want { want: want.clone(), reply: String::new() }
        }
        Envelope::Give(give) => {
            give.check().ok()?;
            answer(give, verified)
        }
        Envelope::Hello(_) | Envelope::Mint(_) | Envelope::Refuse(_) => return None,
    })
}

fn really(seal: &mut Seal, envelope: &Envelope) -> Option<Input> {
    Some(match envelope {
        Envelope::Frame(frame) => {
            let hash = seal.verify_frame(frame).ok()?;
            Input::Frame(Entry::new(frame.clone(), hash))
        }
        Envelope::Beat(beat) => {
            seal.verify_beat(beat).ok()?;
            Input::Beat(beat.clone())
        }
        Envelope::Want(want) => {
            seal.verify_want(want).ok()?;
            Input::Want { want: want.clone(), reply: String::new() }
        }
        Envelope::Give(give) => {
            seal.verify_give(give).ok()?;
            answer(give, |frame| Some(Entry::new(frame.clone(), seal.verify_frame(frame).ok()?)))
        }
        Envelope::Hello(_) | Envelope::Mint(_) | Envelope::Refuse(_) => return None,
    })
}

fn answer(give: &Give, verified: impl Fn(&Arc<Frame>) -> Option<Entry>) -> Input {
    let all = |frames: &[Arc<Frame>]| frames.iter().filter_map(&verified).collect();
    let both = |proof: &chat_protocol::Proof| Some((verified(&proof.0)?, verified(&proof.1)?));
    Input::Give {
        entries: all(&give.frames),
        joins: all(&give.joins),
        proofs: give.proofs.iter().filter_map(both).collect(),
        give: give.clone(),
    }
}
