//! The frontier: delivered dots that no other delivered frame names. Its heads stand for
//! the whole past, whose transitive reduction they are.
//!
//! Heads are a function of the set of delivered frames, never updated by removal alone, so
//! they don't depend on the order of delivery. Only references to delivered dots count: a
//! made-up one must not hide its victim's real frames.

use chat_protocol::{Dot, NodeId, Number, VectorClock, limits};
use std::collections::BTreeSet;

/// Heads, and the references they follow from. O(log members) per named dot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frontier {
    /// By author: the highest delivered number that some delivered frame of another names.
    cover: VectorClock,
    /// By author: the highest delivered number.
    tops: VectorClock,
    /// Named by a delivered frame, itself not delivered (waived). Bounded.
    dangling: BTreeSet<Dot>,
    heads: VectorClock,
}

impl Frontier {
    pub(crate) fn heads(&self) -> &VectorClock {
        &self.heads
    }

    pub(crate) fn cover(&self) -> &VectorClock {
        &self.cover
    }

    /// Notes a delivered frame and what it names; `has` tells what was delivered.
    pub(crate) fn deliver(
        &mut self,
        dot: Dot,
        named: impl Iterator<Item = Dot>,
        has: impl Fn(Dot) -> bool,
    ) {
        for reference in named {
            if has(reference) {
                self.raise_cover(reference);
            } else if self.dangling.len() < limits::WAIVED {
                self.dangling.insert(reference);
            }
        }
        if self.dangling.remove(&dot) {
            self.raise_cover(dot);
        }
        self.raise_top(dot);
    }

    /// Notes that everything of an author up to `number` lies below an adopted cut, where
    /// frames name it up to `cover`.
    pub(crate) fn adopt(&mut self, node: NodeId, number: Number, cover: Number) {
        let referred = self.dangling.iter().filter(|dot| dot.node == node && dot.number <= number);
        let cover = referred.map(|dot| dot.number).fold(cover, Number::max);
        self.dangling.retain(|dot| dot.node != node || dot.number > number);
        if cover.0 > 0 {
            self.raise_cover(Dot::new(node, cover));
        }
        self.raise_top(Dot::new(node, number));
    }

    fn raise_cover(&mut self, dot: Dot) {
        self.cover.raise(dot);
        self.derive(dot.node);
    }

    fn raise_top(&mut self, dot: Dot) {
        self.tops.raise(dot);
        self.derive(dot.node);
    }

    fn derive(&mut self, node: NodeId) {
        let top = self.tops.get(&node);
        if top > self.cover.get(&node) {
            self.heads.set(Dot::new(node, top));
        } else {
            self.heads.remove(&node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(node: u8, number: u64) -> Dot {
        Dot::new(NodeId([node; 10]), Number(number))
    }

    #[test]
    fn heads_do_not_depend_on_the_order_of_delivery() {
        // b:1 names a:1 and the waived c:1, which turns up last or first.
        let frames =
            [(dot(1, 1), vec![]), (dot(2, 1), vec![dot(1, 1), dot(3, 1)]), (dot(3, 1), vec![])];
        let heads_after = |order: [usize; 3]| {
            let (mut frontier, mut delivered) = (Frontier::default(), BTreeSet::new());
            for index in order {
                let (dot, named) = &frames[index];
                frontier.deliver(*dot, named.iter().copied(), |d| delivered.contains(&d));
                delivered.insert(*dot);
            }
            frontier.heads().clone()
        };
        let expected = VectorClock::from_iter([dot(2, 1)]);
        assert_eq!(heads_after([0, 1, 2]), expected);
        assert_eq!(heads_after([0, 2, 1]), expected);
        assert_eq!(heads_after([2, 0, 1]), expected);
    }

    #[test]
    fn a_made_up_reference_hides_nobody() {
        let mut frontier = Frontier::default();
        frontier.deliver(dot(1, 1), [dot(2, 1 << 40)].into_iter(), |_| false);
        frontier.deliver(dot(2, 1), std::iter::empty(), |_| true);
        assert_eq!(frontier.heads().get(&NodeId([2; 10])), Number(1));
    }
}
