//! Conviction: two signed frames with one dot, one after its author's last, or one with a
//! Lamport time that isn't above an earlier one's convict their author (accountability after Haeberlen, Kouznetsov and Druschel, `PeerReview`, SOSP 2007).
//!
//! All its frames from the lowest proven dot on are void at every node. The cut only ever
//! sinks, so all nodes come to agree; who knows of one names it in beats, and who doesn't
//! fetches the proof and checks it first. Nobody is convicted on hearsay.

use crate::{Effect, Engine, Entry, frontier::Frontier};
use chat_protocol::{Beat, Dot, NodeId, Number, Proof, limits};
use std::collections::BTreeMap;

/// Proofs held, by author: at most [`limits::PROOFS`]; one costs two frames.
pub(crate) type Proofs = BTreeMap<NodeId, (Entry, Entry)>;

impl Engine {
    /// Convicts the author of two frames, if they prove something new.
    pub(crate) fn convict(&mut self, first: Entry, second: Entry) {
        let Some(dot) = Proof::cut(&first.frame, &second.frame) else { return };
        let known = self.authors.cut(&dot.node).is_some_and(|cut| cut <= dot.number);
        if known || !self.authors.has_room_for(&dot.node) {
            return;
        }
        if self.proofs.len() < limits::PROOFS || self.proofs.contains_key(&dot.node) {
            self.proofs.insert(dot.node, (first, second));
        }
        self.transcript.remove(dot.node, dot.number);
        let top = self.transcript.of_author(dot.node, Number(1)).last().copied();
        self.authors.convict(dot, top);
        self.waiting.purge(dot);
        self.joins.remove(&dot.node);
        self.reconsider();
        self.bind_again();
        self.roster.remove(&dot.node);
        self.effect(Effect::Expelled(dot.node, dot.number));
        self.beats.urge(self.now);
        if dot.node == self.me {
            self.gone();
        }
    }

    /// Whether a frame's Lamport time is above those of its author before it; convicts the
    /// author where it isn't, or where a later one's isn't above its.
    pub(crate) fn is_in_sequence(&mut self, entry: &Entry) -> bool {
        let (before, after) = self.transcript.neighbours(entry.dot());
        let (before, after) = (before.cloned(), after.cloned());
        if let Some(before) = before
            && before.frame.lamport >= entry.frame.lamport
        {
            self.convict(before, entry.clone());
            return false;
        }
        if let Some(after) = after
            && after.frame.lamport <= entry.frame.lamport
        {
            self.convict(entry.clone(), after);
        }
        true
    }

    /// Something that its author signed after its last frame was held already.
    pub(crate) fn convict_after_final(&mut self, last: &Entry) {
        let node = last.frame.from;
        let held = self.transcript.of_author(node, last.frame.number.next());
        let held =
            held.first().and_then(|(number, _)| self.transcript.get(Dot::new(node, *number)));
        if let Some(after) = held.or_else(|| self.waiting.after(last.dot())).cloned() {
            self.convict(last.clone(), after);
        }
    }

    /// After what counts as delivered has changed at its past: derives the heads anew.
    /// O(frames).
    pub(crate) fn reconsider(&mut self) {
        let mut frontier = Frontier::default();
        let cover = self.transcript.floor_cover();
        for (node, author) in self.authors.iter() {
            if let Some((top, _)) = author.top {
                // What lies below the floor can't have seen anything above it.
                let floor = author.floor.map_or(Number(0), |(floor, _)| floor);
                frontier.adopt(*node, top, cover.get(node).min(floor));
            }
            if let Some((lost, _)) = author.lost_top {
                frontier.lose(Dot::new(*node, lost));
            }
        }
        let authors = &self.authors;
        for entry in self.transcript.iter() {
            let named = entry.frame.named().filter(|dot| !authors.is_void(*dot));
            frontier.deliver(entry.dot(), entry.frame.lamport, named);
        }
        self.frontier = frontier;
        self.let_go();
    }

    /// What only void frames commit to is bound by nothing. O(frames and their clocks).
    fn bind_again(&mut self) {
        let agrees = |entry: &&Entry| self.past_here(&entry.frame) == Some(entry.frame.past);
        let bound: Vec<_> =
            self.transcript.iter().filter(agrees).flat_map(Entry::dependencies).collect();
        self.transcript.unbind();
        self.transcript.bind(bound.into_iter());
    }

    /// Lets go of what nothing needs to wait for.
    pub(crate) fn let_go(&mut self) {
        let authors = &self.authors;
        self.waiting.satisfy_all(|dot| authors.has(dot));
        self.waiting.release();
        self.wants.retain(|dot| !authors.has(dot));
        self.waived.retain(|dot| !authors.has(*dot));
    }

    /// The lowest proven dot of each equivocator known here, with or without the proof.
    pub fn convicted(&self) -> impl Iterator<Item = Dot> + '_ {
        let cut =
            |(node, author): (&NodeId, &crate::authors::Author)| Some(Dot::new(*node, author.cut?));
        self.authors.iter().filter_map(cut)
    }

    /// Asks for the proof of a conviction that is new here.
    pub(crate) fn compare_convictions(&mut self, beat: &Beat) {
        let known = |dot: &Dot| self.authors.cut(&dot.node).is_some_and(|cut| cut <= dot.number);
        if !beat.cut.iter().all(known) {
            self.effect(Effect::Ask { to: Some(beat.from), dots: Vec::new(), have: None });
        }
    }

    /// Proofs that a requester lacks, as far as they fit.
    pub(crate) fn proofs_lacked(&self, known: &[Dot]) -> Vec<Proof> {
        let mut bytes = 0;
        let knows = |cut: Dot| known.iter().any(|dot| dot.node == cut.node && *dot <= cut);
        let proven = |node| self.authors.cut(node).map(|cut| Dot::new(*node, cut));
        let lacked = self.proofs.iter().filter(|(node, _)| !proven(node).is_some_and(knows));
        let lacked = lacked.map(|(_, proof)| proof);
        let fit = lacked.take_while(|(first, second)| {
            let is_first = bytes == 0;
            bytes += first.size + second.size;
            is_first || bytes <= limits::PROOF_BYTES
        });
        fit.map(|(first, second)| Proof(first.frame.clone(), second.frame.clone())).collect()
    }
}
