//! Floors of others: what they no longer have. A floor is a cut by key, adopted as a whole or
//! not at all; adopting one author's part alone would lose dependencies.
//!
//! Floors aren't signed by the authors they speak of, so one lies at no cost. Only a joiner
//! adopts one, having nothing to lose, and not one that lies far ahead of any discussion. A
//! frame whose key is above the cut disproves what the floor says of its author.

use crate::{Effect, Engine, Entry, Fault};
use chat_protocol::{ContentHash, Dot, Floor, NodeId, Number, VectorClock, limits};

/// A dot asked for more often than this is asked for in vain.
const IN_VAIN: u32 = 2;

impl Engine {
    /// Adopts a cut as a whole: floors, what they cover, key and Lamport time. Adopting one
    /// author's part alone would lose dependencies.
    pub(crate) fn adopt(&mut self, floor: &Floor) {
        if floor.entries.is_empty() {
            return;
        }
        let cover: VectorClock =
            floor.entries.iter().map(|(node, entry)| Dot::new(*node, entry.cover)).collect();
        for entry in self.transcript.raise_floor(floor.key, &cover) {
            self.below_floor(entry);
        }
        for (node, entry) in &floor.entries {
            if *node == self.me || !self.authors.has_room_for(node) {
                continue;
            }
            // Of an equivocator only what lies before its cut counts.
            let valid = self.authors.cut(node).map_or(entry.number, |cut| Number(cut.0 - 1));
            let (number, hash) = match entry.number <= valid {
                true => (entry.number, entry.hash),
                false => (valid, ContentHash::ZERO),
            };
            if number.0 > 0 {
                self.authors.adopt(Dot::new(*node, number), hash);
                self.frontier.adopt(*node, number, entry.cover.min(number));
            }
        }
        self.lamport = self.lamport.max(floor.key.lamport);
        self.let_go();
        self.effect(Effect::Trimmed);
    }

    /// A joiner's Lamport time is that of the floor: one far ahead would silence it for long.
    /// In a room as old as that most members' beats say so, those of two at least.
    pub(crate) fn doubts_floor(&self, floor: &Floor) -> bool {
        let beats = self.roster.counted().filter(|(_, presence)| presence.beats.0 > 0);
        let (mut agree, mut all) = (0, 0);
        for (_, presence) in beats {
            agree += u32::from(presence.lamport.0 + limits::LAMPORT_LEAP >= floor.key.lamport.0);
            all += 1;
        }
        self.is_far(floor) && (agree < 2 || 2 * agree <= all)
    }

    fn is_far(&self, floor: &Floor) -> bool {
        floor.key.lamport.0 > self.lamport.0 + limits::LAMPORT_LEAP
    }

    /// What was asked for in vain lies below a peer's floor: nobody waits for it any longer.
    /// Whatever depends on it shows the gap. What is only a head there is one here, too,
    /// or the two would never agree.
    pub(crate) fn give_up_below(&mut self, floor: &Floor) {
        let entry =
            |dot: &Dot| floor.entries.get(&dot.node).filter(|entry| dot.number <= entry.number);
        let in_vain = self.wants.iter().filter(|(_, want)| want.tries > IN_VAIN);
        let lost: Vec<_> =
            in_vain.filter_map(|(dot, want)| Some((dot, want.signed, *entry(&dot)?))).collect();
        let is_far = self.is_far(floor);
        for (dot, needed, entry) in lost {
            self.waive(dot);
            if !needed && self.authors.cut(&dot.node).is_none() && !is_far {
                let top = Dot::new(dot.node, entry.number);
                self.waive(top);
                self.lamport = self.lamport.max(floor.key.lamport);
                self.authors.learn_top(top, entry.hash);
                self.frontier.lose(top);
                self.effect(Effect::Trimmed);
            }
        }
    }

    /// Whether a floor adopted here claims a frame that lies above its cut. A convict's disproves
    /// nothing: it may be the other content of one that was shown here and trimmed.
    pub(crate) fn disproves_floor(&self, entry: &Entry) -> bool {
        let dot = entry.dot();
        self.authors.cut(&dot.node).is_none()
            && dot.number <= self.adopted(&dot.node)
            && entry.key() > self.transcript.floor()
    }

    fn adopted(&self, node: &NodeId) -> Number {
        self.authors.get(node).map_or(Number(0), |author| author.adopted)
    }

    /// A member's own count of its frames disproves a floor that claims more of them.
    pub(crate) fn hear_count(&mut self, node: NodeId, count: Number) {
        if self.adopted(&node) > count {
            self.forget_floor(node);
        }
    }

    /// Takes back what a floor adopted here claimed of an author: what really lies below the
    /// cut will be given again, and not shown. What this node delivered stays delivered.
    pub(crate) fn forget_floor(&mut self, node: NodeId) {
        let held = self.transcript.of_author(node, Number(1));
        self.authors.forget_floor(node, &held);
        self.transcript.forget_cover(&node);
        self.reconsider();
        self.effect(Effect::Fault(Fault::Floor(None)));
    }
}
