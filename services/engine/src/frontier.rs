//! The frontier: delivered dots that no other delivered frame names. Its heads stand for
//! the whole past, whose transitive reduction they are.
//!
//! Heads are a function of the set of delivered frames, never updated by removal alone, so
//! they don't depend on the order of delivery. Only references to delivered dots count, by
//! frames with a higher Lamport time: one made up before its victim said that frame must not
//! hide it.

use chat_protocol::{Dot, Lamport, NodeId, Number, VectorClock, limits};
use std::collections::BTreeMap;

/// Heads, and the references they follow from. O(log members) per named dot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frontier {
    /// By author: the highest number, up to its top, that some delivered frame of another
    /// names.
    cover: VectorClock,
    /// By author: the highest delivered number, and that frame's Lamport time.
    tops: BTreeMap<NodeId, (Number, Lamport)>,
    /// Named by a delivered frame, above its author's top (waived), and the highest Lamport
    /// time of those that name it. Bounded.
    dangling: BTreeMap<Dot, Lamport>,
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
        for lost in self.lost.dots().filter(|lost| lost.number > self.top(&lost.node).0) {
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
    pub(crate) fn deliver(&mut self, dot: Dot, lamport: Lamport, named: impl Iterator<Item = Dot>) {
        for reference in named {
            let (top, at) = self.top(&reference.node);
            if reference.number > top {
                if self.dangling.len() < limits::WAIVED || self.dangling.contains_key(&reference) {
                    let latest = self.dangling.entry(reference).or_default();
                    *latest = (*latest).max(lamport);
                }
            } else if reference.number < top || lamport > at {
                self.raise_cover(reference);
            }
        }
        self.raise_top(dot, lamport);
    }

    /// Notes that an author's top is at least `number`, and that frames name it up to
    /// `cover`, where all of these are below someone's floor.
    pub(crate) fn adopt(&mut self, node: NodeId, number: Number, cover: Number) {
        self.raise_top(Dot::new(node, number), Lamport(0));
        if cover.0 > 0 {
            self.raise_cover(Dot::new(node, cover.min(number)));
        }
    }

    fn top(&self, node: &NodeId) -> (Number, Lamport) {
        self.tops.get(node).copied().unwrap_or_default()
    }

    fn raise_cover(&mut self, dot: Dot) {
        self.cover.raise(dot);
        self.derive(dot.node);
    }

    fn raise_top(&mut self, dot: Dot, lamport: Lamport) {
        let (top, at) = self.top(&dot.node);
        if dot.number < top || dot.number == top && lamport <= at {
            return;
        }
        self.tops.insert(dot.node, (dot.number, lamport));
        let first = Dot::new(dot.node, Number(0));
        while let Some((reference, by)) = self.dangling.range(first..=dot).next() {
            let (reference, by) = (*reference, *by);
            self.dangling.remove(&reference);
            if reference < dot || by > lamport {
                self.cover.raise(reference);
            }
        }
        self.derive(dot.node);
    }

    fn derive(&mut self, node: NodeId) {
        let (top, _) = self.top(&node);
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
        let lamports = [1, 2, 1];
        let heads_after = |order: [usize; 3]| {
            let mut frontier = Frontier::default();
            for index in order {
                let (dot, named) = &frames[index];
                frontier.deliver(*dot, Lamport(lamports[index]), named.iter().copied());
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
        frontier.deliver(dot(1, 1), Lamport(1), [dot(2, 1 << 40)].into_iter());
        frontier.deliver(dot(2, 1), Lamport(1), std::iter::empty());
        assert_eq!(frontier.heads().get(&NodeId([2; 10])), Number(1));
    }

    #[test]
    fn a_reference_to_a_frame_not_yet_said_hides_nothing() {
        // The liar names b:2 before b says it; b:2 names the liar's frame, and each would
        // cover the other.
        let liar = (dot(1, 1), Lamport(5), vec![dot(2, 2)]);
        let victim = (dot(2, 2), Lamport(6), vec![dot(1, 1)]);
        for order in [[&liar, &victim], [&victim, &liar]] {
            let mut frontier = Frontier::default();
            for (dot, lamport, named) in order {
                frontier.deliver(*dot, *lamport, named.iter().copied());
            }
            assert_eq!(*frontier.heads(), VectorClock::from_iter([dot(2, 2)]));
        }
    }
}
