//! Repair: asking for frames and answering. Join, gap repair, reconnect and the merge of
//! groups that began apart are all this one exchange.

use crate::{
    ContentHash, Dot, EpochId, Frame, Grant, Hello, Key, Mint, NodeId, Number, RangeSet,
    binary::Writer, envelope::Violation, frame::Signature, limits,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// "Give me what I lack": either single dots, or everything beyond what I have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// Who asks.
    pub from: NodeId,
    /// The requester's hello, so that any member can check the signature.
    pub hello: Hello,
    /// Frames asked for by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dots: Vec<Dot>,
    /// Nodes whose hello is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hellos: Vec<NodeId>,
    /// Epochs whose mints are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<EpochId>,
    /// What the requester has, by author: everything else is asked for, in key order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub have: Option<BTreeMap<NodeId, RangeSet>>,
    /// Equivocations known to the requester, as in a beat's `cut`: it needs no proof of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Dot>,
    /// Signature of the requester over the room and the hash of [`Want::signed_form`].
    pub sig: Signature,
}

impl Want {
    /// A request for nothing, unsigned.
    #[must_use]
    pub fn new(hello: Hello) -> Self {
        Self {
            from: hello.from,
            hello,
            dots: Vec::new(),
            hellos: Vec::new(),
            epochs: Vec::new(),
            have: None,
            cut: Vec::new(),
            sig: Signature::ZERO,
        }
    }

    /// The bytes that are signed: all fields but hello and signature.
    #[must_use]
    pub fn signed_form(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(1).node(self.from);
        out.list(self.dots.iter(), |out, dot| {
            out.dot(*dot);
        });
        out.list(self.hellos.iter(), |out, node| {
            out.node(*node);
        });
        out.list(self.epochs.iter(), |out, epoch| {
            out.bytes(&epoch.0);
        });
        match &self.have {
            None => out.u8(0),
            Some(have) => out.u8(1).list(have.iter(), |out, (node, ranges)| {
                out.node(*node).list(ranges.iter(), |out, (low, high)| {
                    out.u64(low.0).u64(high.0);
                });
            }),
        };
        out.list(self.cut.iter(), |out, dot| {
            out.dot(*dot);
        });
        out.into_bytes()
    }

    /// Checks what can be told from the request alone.
    ///
    /// # Errors
    /// The bound that the request breaks.
    pub fn check(&self) -> Result<(), Violation> {
        let ranges_fit = |have: &BTreeMap<NodeId, RangeSet>| {
            have.len() <= limits::TOMBSTONES
                && have.values().all(|set| set.ranges() <= limits::RANGES + limits::WAITING_FRAMES)
        };
        let within = self.dots.len() <= limits::WANTS
            && self.hellos.len() <= limits::WANTS
            && self.epochs.len() <= limits::MINTS
            && self.cut.len() <= limits::MEMBERS
            && self.have.as_ref().is_none_or(ranges_fit);
        if !within {
            return Err(Violation("request has too many entries"));
        }
        self.hello.check()
    }
}

/// An answer, one page of it. Frames and hellos are exactly as their authors made them and
/// are checked like originals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Give {
    /// Who answers.
    pub from: NodeId,
    /// Who asked.
    pub to: NodeId,
    /// Hellos of the frames' authors, of the members present, and those asked for.
    #[serde(default)]
    pub hellos: Vec<Hello>,
    /// Frames, in key order.
    #[serde(default)]
    pub frames: Vec<Arc<Frame>>,
    /// Join frames of members present that are not part of the history given: only names.
    #[serde(default)]
    pub joins: Vec<Arc<Frame>>,
    /// Equivocations that the requester doesn't know of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
    /// Members present at the answerer, itself included. First page only.
    #[serde(default)]
    pub live: Vec<NodeId>,
    /// What the answerer no longer has, or doesn't pass on.
    #[serde(default)]
    pub floor: Floor,
    /// What the answerer has given up, and showed the gap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Dot>,
    /// Mints asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mints: Vec<Arc<Mint>>,
    /// Message keys of the frames given, where the room passes on its history, and of the join
    /// frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// The epoch under which the answerer speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<EpochId>,
    /// There is more: ask again with what you then have.
    #[serde(default)]
    pub more: bool,
    /// Frames that wait for further pages: for people who watch.
    #[serde(default)]
    pub left: u32,
    /// The answer to a `have` request, rather than to named dots.
    #[serde(default)]
    pub sync: bool,
    /// Signature of the answerer over the room and the hash of [`Give::signed_form`].
    pub sig: Signature,
}

impl Give {
    /// An answer without anything, unsigned.
    #[must_use]
    pub fn new(from: NodeId, to: NodeId) -> Self {
        Self {
            from,
            to,
            hellos: Vec::new(),
            frames: Vec::new(),
            joins: Vec::new(),
            proofs: Vec::new(),
            live: Vec::new(),
            floor: Floor::default(),
            lost: Vec::new(),
            mints: Vec::new(),
            grant: None,
            epoch: None,
            more: false,
            left: 0,
            sync: false,
            sig: Signature::ZERO,
        }
    }

    /// The bytes that are signed: everything that its authors didn't sign themselves.
    #[must_use]
    pub fn signed_form(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(1).node(self.from).node(self.to);
        out.list(self.live.iter(), |out, node| {
            out.node(*node);
        });
        out.list(self.floor.entries.iter(), |out, (node, entry)| {
            out.node(*node).u64(entry.number.0).u64(entry.cover.0).bytes(&entry.hash.0);
        });
        let key = self.floor.key;
        out.u64(key.lamport.0).node(key.node).u64(key.number.0);
        out.list(self.lost.iter(), |out, dot| {
            out.dot(*dot);
        });
        match &self.grant {
            None => out.u8(0),
            Some(grant) => out.u8(1).u32(grant.kem_gen).sized(&grant.keys.0),
        };
        out.bytes(&self.epoch.unwrap_or(EpochId::ZERO).0);
        out.u8(u8::from(self.more) | u8::from(self.sync) << 1).u32(self.left);
        out.into_bytes()
    }

    /// Checks what can be told from the answer alone.
    ///
    /// # Errors
    /// The bound that the answer breaks.
    pub fn check(&self) -> Result<(), Violation> {
        let within = self.frames.len() <= limits::PAGE_FRAMES
            && self.joins.len() <= limits::MEMBERS
            && self.hellos.len() <= limits::MEMBERS + limits::PAGE_FRAMES + limits::WANTS
            && self.live.len() <= limits::MEMBERS
            && self.lost.len() <= limits::WAIVED
            && self.mints.len() <= limits::MINTS
            && self.proofs.len() <= limits::PROOFS
            && self.floor.entries.len() <= limits::TOMBSTONES;
        if !within {
            return Err(Violation("answer has too many entries"));
        }
        // A frame's number is at most its Lamport time, so none below the cut is above its key.
        if self.floor.entries.values().any(|entry| entry.number.0 > self.floor.key.lamport.0) {
            return Err(Violation("a floor lies above its own key"));
        }
        if self.grant.as_ref().is_some_and(|grant| grant.keys.0.len() > limits::GRANT_BYTES) {
            return Err(Violation("grant too long"));
        }
        self.hellos.iter().try_for_each(Hello::check)?;
        self.mints.iter().try_for_each(|mint| mint.check())?;
        self.proofs.iter().try_for_each(Proof::check)?;
        self.frames.iter().chain(&self.joins).try_for_each(|frame| frame.check())
    }
}

/// Two frames that no honest node signs both: these bytes alone show it to anyone.
///
/// Either they have one dot and different contents (equivocation), or the second comes after
/// the first although that is its author's last, or has a Lamport time not above its.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof(pub Arc<Frame>, pub Arc<Frame>);

impl Proof {
    /// The dot from which on their author's frames are void; none if they prove nothing.
    #[must_use]
    pub fn cut(first: &Frame, second: &Frame) -> Option<Dot> {
        let (one, other) = (first.dot(), second.dot());
        if one.node != other.node {
            None
        } else if one == other {
            (first.signed_form() != second.signed_form()).then_some(one)
        } else {
            let after = other.number > one.number;
            if after && first.is_final {
                Some(Dot::new(one.node, one.number.next()))
            } else {
                (after && second.lamport <= first.lamport).then_some(other)
            }
        }
    }

    fn check(&self) -> Result<(), Violation> {
        Self::cut(&self.0, &self.1).ok_or(Violation("that proves nothing"))?;
        self.0.check()?;
        self.1.check()
    }
}

/// A cut below which nothing is passed on any more: adopted as a whole, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// By author: up to where its frames lie below the cut.
    pub entries: BTreeMap<NodeId, FloorEntry>,
    /// The highest key below the cut.
    pub key: Key,
}

impl Default for Floor {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), key: Key::ZERO }
    }
}

/// One author's part of a [`Floor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorEntry {
    /// Everything of this author up to here lies below.
    pub number: Number,
    /// Content hash of the frame at `number`: later frames refer to it in their `past`.
    pub hash: ContentHash,
    /// The highest number of this author that a frame below the cut names: no head any more.
    pub cover: Number,
}
