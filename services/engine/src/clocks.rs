//! Full vector clocks of recent frames. The wire carries only heads in large rooms; the
//! full clock is the join over the clocks of what a frame names.

use crate::Entry;
use chat_protocol::{Dot, NodeId, Number, VectorClock};
use std::collections::{HashMap, VecDeque};

/// Clock entries kept in all, of 8 bytes.
const ENTRIES: usize = 3 << 17;

/// Full clocks of the frames delivered last; of older ones only what their successors took
/// over. O(heads named x members) per frame: whatever else a frame names lies in the past of its
/// author's previous one, mostly.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clocks {
    places: Places,
    known: HashMap<Dot, Box<[Number]>>,
    oldest: VecDeque<Dot>,
    entries: usize,
}

/// Where each node's number stands in a clock, sorted by node. A clock is as long as the last of its
/// numbers needs.
#[derive(Clone, Debug, Default)]
struct Places(Vec<(NodeId, usize)>);

impl Places {
    fn find(&self, node: NodeId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&node, |(known, _)| *known)
    }

    fn number(&self, clock: &[Number], node: NodeId) -> Number {
        let place = self.find(node).ok().map(|at| self.0[at].1);
        place.and_then(|place| clock.get(place).copied()).unwrap_or(Number(0))
    }

    fn entry<'a>(&mut self, clock: &'a mut Vec<Number>, node: NodeId) -> &'a mut Number {
        let at = self.find(node).unwrap_or_else(|at| {
            self.0.insert(at, (node, self.0.len()));
            at
        });
        let place = self.0[at].1;
        if clock.len() <= place {
            clock.resize(place + 1, Number(0));
        }
        &mut clock[place]
    }

    fn written(&self, clock: &[Number]) -> VectorClock {
        let dot = |(node, place): &(NodeId, usize)| {
            clock.get(*place).filter(|number| number.0 > 0).map(|number| Dot::new(*node, *number))
        };
        self.0.iter().filter_map(dot).collect()
    }
}

impl Clocks {
    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// What the full clock of a frame that was delivered of late says of `node`.
    pub(crate) fn number(&self, dot: Dot, node: NodeId) -> Option<Number> {
        self.known.get(&dot).map(|clock| self.places.number(clock, node))
    }

    /// Notes a delivered frame and returns its full clock. Of whom nothing was ever delivered, as of a
    /// node that a liar has made up, it says nothing: there is no end of those.
    pub(crate) fn deliver(
        &mut self,
        entry: &Entry,
        is_author: impl Fn(&NodeId) -> bool,
    ) -> VectorClock {
        let mut full = Vec::with_capacity(self.places.0.len() + 1);
        for dot in entry.dependencies() {
            // What a full clock covers it has taken over.
            if self.places.number(&full, dot.node) < dot.number
                && let Some(clock) = self.known.get(&dot)
            {
                raise_all(&mut full, clock);
            }
        }
        for dot in entry.frame.named().filter(|dot| is_author(&dot.node)) {
            let number = self.places.entry(&mut full, dot.node);
            *number = (*number).max(dot.number);
        }
        // A frame's own entry is its number, whatever others claim of its author.
        let own = self.places.entry(&mut full, entry.frame.from);
        *own = entry.frame.number;
        let written = self.places.written(&full);
        self.keep(entry.dot(), full.into());
        written
    }

    fn keep(&mut self, dot: Dot, full: Box<[Number]>) {
        self.entries += full.len();
        self.known.insert(dot, full);
        self.oldest.push_back(dot);
        while self.entries > ENTRIES && self.oldest.len() > 1 {
            if let Some(clock) = self.oldest.pop_front().and_then(|dot| self.known.remove(&dot)) {
                self.entries -= clock.len();
            }
        }
    }
}

/// The pointwise maximum.
fn raise_all(full: &mut Vec<Number>, other: &[Number]) {
    if full.len() < other.len() {
        full.resize(other.len(), Number(0));
    }
    for (mine, its) in full.iter_mut().zip(other) {
        *mine = (*mine).max(*its);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{Frame, Lamport, frame::Signature, hash::Past};
    use rand::{RngExt, SeedableRng, rngs::SmallRng};
    use std::sync::Arc;

    fn frame(dot: Dot, named: &[Dot]) -> Entry {
        let mut clock: VectorClock = named.iter().copied().collect();
        clock.set(dot);
        let frame = Frame {
            from: dot.node,
            number: dot.number,
            lamport: Lamport(1),
            clock,
            past: Past::ZERO,
            items: Vec::new(),
            sealed: None,
            is_final: false,
            sig: Signature::ZERO,
        };
        let hash = frame.content_hash();
        Entry::new(Arc::new(frame), hash)
    }

    fn dot(node: u8, number: u64) -> Dot {
        Dot::new(NodeId([node; 10]), Number(number))
    }

    #[test]
    fn a_full_clock_is_the_join_of_those_that_a_frame_names() {
        let mut rng = SmallRng::seed_from_u64(7);
        let (mut clocks, mut joined) = (Clocks::default(), HashMap::<Dot, VectorClock>::new());
        let mut tops: Vec<Dot> = Vec::new();
        for _ in 0..2000 {
            let node = rng.random_range(0..40);
            let top = tops.iter().find(|top| top.node == dot(node, 0).node).copied();
            let said = dot(node, top.map_or(1, |top| top.number.0 + 1));
            let others = tops.iter().filter(|top| top.node != said.node).copied();
            let named: Vec<_> = others.filter(|_| rng.random_bool(0.1)).collect();
            let entry = frame(said, &named);
            let mut join: VectorClock = named.iter().copied().collect();
            entry.dependencies().for_each(|dot| join.merge(&joined[&dot]));
            join.set(said);
            assert_eq!(clocks.deliver(&entry, |_| true), join);
            assert_eq!(clocks.number(said, said.node), Some(said.number));
            assert_eq!(clocks.number(said, dot(99, 1).node), Some(Number(0)));
            joined.insert(said, join);
            tops.retain(|top| top.node != said.node);
            tops.push(said);
        }
        assert_eq!(clocks.number(dot(99, 1), dot(1, 1).node), None);
    }

    #[test]
    fn whatever_others_claim_of_an_author_its_frame_has_its_own_number() {
        let mut clocks = Clocks::default();
        clocks.deliver(&frame(dot(1, 1), &[dot(2, 7)]), |_| true);
        let said = clocks.deliver(&frame(dot(2, 1), &[dot(1, 1)]), |_| true);
        assert_eq!(said, [dot(1, 1), dot(2, 1)].into_iter().collect());
    }

    #[test]
    fn nodes_that_are_made_up_take_no_place() {
        let mut clocks = Clocks::default();
        let said = frame(dot(1, 1), &[dot(2, 7), dot(3, 1)]);
        let clock = clocks.deliver(&said, |node| *node != dot(2, 0).node);
        assert_eq!(clock, [dot(1, 1), dot(3, 1)].into_iter().collect());
        assert_eq!((clock.len(), clocks.places.0.len()), (2, 2));
    }

    #[test]
    fn old_clocks_go_where_there_are_too_many() {
        let mut clocks = Clocks::default();
        let named: Vec<_> = (1..=200).map(|node| dot(node, 1)).collect();
        let count = (ENTRIES / 201 + 10) as u64;
        for number in 1..=count {
            clocks.deliver(&frame(dot(0, number), &named), |_| true);
        }
        assert!(clocks.entries() <= ENTRIES);
        assert_eq!(clocks.number(dot(0, 1), dot(0, 1).node), None);
        assert_eq!(clocks.number(dot(0, count), dot(9, 1).node), Some(Number(1)));
    }
}
