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
    /// By author: the highest number, up to its top, that some delivered frame of another
    /// names.
    cover: VectorClock,
    /// By author: the highest delivered number.
    tops: VectorClock,
    /// Named by a delivered frame, above its author's top (waived). Bounded.
    dangling: BTreeSet<Dot>,
    heads: VectorClock,
    /// By author: heads of others that nobody has any more, above its top.
    lost: VectorClock,
}

impl Frontier {
    pub(crate) fn heads(&self) -> &VectorClock {
        &self.heads
    }

    /// The heads and, above them, those that were lost: what members compare. A frame's clock
    /// never names one of the latter.
    pub(crate) fn with_lost(&self) -> VectorClock {
        let mut heads = self.heads.clone();
        for lost in self.lost.dots().filter(|lost| lost.number > self.tops.get(&lost.node)) {
            let last = Dot::new(lost.node, Number(limits::COUNTER_MAX));
            if self.dangling.range(lost..=last).next().is_some() {
                heads.remove(&lost.node);
            } else {
                heads.set(lost);
            }
        }
        heads
    }

    /// Notes a head of others that nobody has any more.
    pub(crate) fn lose(&mut self, dot: Dot) {
        self.lost.raise(dot);
    }

    /// Takes lost heads for covered; whether there were any.
    pub(crate) fn forget_lost(&mut self) -> bool {
        let showed = self.with_lost() != self.heads;
        self.lost = VectorClock::new();
        showed
    }

    pub(crate) fn dangling(&self) -> usize {
        self.dangling.len()
    }

    pub(crate) fn cover(&self) -> &VectorClock {
        &self.cover
    }

    /// Notes a delivered frame and what it names.
    pub(crate) fn deliver(&mut self, dot: Dot, named: impl Iterator<Item = Dot>) {
        for reference in named {
            if reference.number <= self.tops.get(&reference.node) {
                self.raise_cover(reference);
            } else if self.dangling.len() < limits::WAIVED {
                self.dangling.insert(reference);
            }
        }
        self.raise_top(dot);
    }

    /// Notes that an author's top is at least `number`, and that frames name it up to
    /// `cover`, where all of these are below someone's floor.
    pub(crate) fn adopt(&mut self, node: NodeId, number: Number, cover: Number) {
        self.raise_top(Dot::new(node, number));
        if cover.0 > 0 {
            self.raise_cover(Dot::new(node, cover.min(number)));
        }
    }

    fn raise_cover(&mut self, dot: Dot) {
        self.cover.raise(dot);
        self.derive(dot.node);
    }

    fn raise_top(&mut self, dot: Dot) {
        self.tops.raise(dot);
        let first = Dot::new(dot.node, Number(0));
        while let Some(reference) = self.dangling.range(first..=dot).next().copied() {
            self.dangling.remove(&reference);
            self.cover.raise(reference);
        }
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
            let mut frontier = Frontier::default();
            for index in order {
                let (dot, named) = &frames[index];
                frontier.deliver(*dot, named.iter().copied());
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
        frontier.deliver(dot(1, 1), [dot(2, 1 << 40)].into_iter());
        frontier.deliver(dot(2, 1), std::iter::empty());
        assert_eq!(frontier.heads().get(&NodeId([2; 10])), Number(1));
    }
}
