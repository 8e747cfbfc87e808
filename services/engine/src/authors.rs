//! What was delivered, by author: a dotted version vector (Almeida et al.) with the content
//! hash of each author's top frame.

use chat_protocol::{ContentHash, Dot, FloorEntry, NodeId, Number, RangeSet, VectorClock, limits};
use std::collections::BTreeMap;

/// One author's log as seen here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Author {
    /// Delivered numbers, void ones and those below the floor included.
    pub(crate) delivered: RangeSet,
    /// The highest delivered frame that is not void, and its content.
    pub(crate) top: Option<(Number, ContentHash)>,
    /// A head elsewhere that nobody has any more, higher than `top`.
    pub(crate) lost_top: Option<(Number, ContentHash)>,
    /// Trimmed, or never given: everything up to here.
    pub(crate) floor: Option<(Number, ContentHash)>,
    /// As much of that is hearsay: adopted from another's floor.
    pub(crate) adopted: Number,
    /// The number of the final frame.
    pub(crate) left: Option<Number>,
    /// It equivocated: its frames from here on are void.
    pub(crate) cut: Option<Number>,
}

impl Author {
    /// Numbers not delivered below the top. O(ranges).
    fn holes(&self) -> u64 {
        let held = |(low, high): (Number, Number)| high.0 - low.0 + 1;
        self.delivered.top().0 - self.delivered.iter().map(held).sum::<u64>()
    }

    /// Forgets everything from `from` on, floors included; `top` is the highest frame held
    /// then.
    fn truncate(&mut self, from: Number, top: Option<(Number, ContentHash)>) {
        self.delivered.truncate(from);
        let below = Number(from.0 - 1);
        if self.floor.is_some_and(|(floor, _)| floor >= from) {
            // What lies there was never seen here, so its content is unknown.
            self.floor = (below.0 > 0).then_some((below, ContentHash::ZERO));
        }
        self.top = top.max(self.floor);
        self.lost_top = self.lost_top.filter(|(number, _)| *number < from);
    }

    fn is_void(&self, number: Number) -> bool {
        self.cut.is_some_and(|cut| number >= cut)
    }
}

/// All authors. At most [`limits::TOMBSTONES`] of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authors {
    authors: BTreeMap<NodeId, Author>,
    /// Of all of them.
    holes: u64,
}

impl Authors {
    pub(crate) fn get(&self, node: &NodeId) -> Option<&Author> {
        self.authors.get(node)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&NodeId, &Author)> {
        self.authors.iter()
    }

    /// Whether another author fits, or this one is known.
    pub(crate) fn has_room_for(&self, node: &NodeId) -> bool {
        self.authors.len() < limits::TOMBSTONES || self.authors.contains_key(node)
    }

    /// Whether the frame was delivered, is void, or lies below the floor.
    pub(crate) fn has(&self, dot: Dot) -> bool {
        let has = |author: &Author| author.delivered.contains(dot.number);
        self.authors.get(&dot.node).is_some_and(|author| author.is_void(dot.number) || has(author))
    }

    /// The lowest dot that an author is known to have signed two contents for.
    pub(crate) fn cut(&self, node: &NodeId) -> Option<Number> {
        self.authors.get(node)?.cut
    }

    /// The highest number delivered, zero if none.
    pub(crate) fn top(&self, node: &NodeId) -> Number {
        self.authors.get(node).map_or(Number(0), |author| author.delivered.top())
    }

    /// The lowest number not delivered.
    pub(crate) fn first_missing(&self, node: &NodeId) -> Number {
        self.authors.get(node).map_or(Number(1), |author| author.delivered.first_missing())
    }

    /// The highest number up to which everything was delivered.
    pub(crate) fn contiguous(&self, node: &NodeId) -> Number {
        Number(self.first_missing(node).0 - 1)
    }

    /// Frames not delivered below the authors' tops.
    pub(crate) fn holes(&self) -> u64 {
        self.holes
    }

    /// Every change goes through here, so that the holes stay counted.
    fn change<T>(&mut self, node: NodeId, change: impl FnOnce(&mut Author) -> T) -> T {
        let author = self.authors.entry(node).or_default();
        let before = author.holes();
        let result = change(author);
        self.holes = self.holes - before + author.holes();
        result
    }

    /// Whether its author equivocated at or before it.
    pub(crate) fn is_void(&self, dot: Dot) -> bool {
        self.cut(&dot.node).is_some_and(|cut| cut <= dot.number)
    }

    /// Content of an author's top frame, or of its floor, if `dot` is one of these.
    pub(crate) fn hash(&self, dot: Dot) -> Option<ContentHash> {
        let author = self.authors.get(&dot.node)?;
        [author.top, author.floor, author.lost_top]
            .into_iter()
            .flatten()
            .find_map(|(number, hash)| (number == dot.number).then_some(hash))
            .filter(|hash| *hash != ContentHash::ZERO)
    }

    /// Notes a delivered frame. Of an author with too many holes the lowest is given up,
    /// and returned.
    pub(crate) fn deliver(
        &mut self,
        dot: Dot,
        hash: ContentHash,
        is_final: bool,
    ) -> Option<(Number, Number)> {
        self.change(dot.node, |author| {
            author.delivered.insert(dot.number);
            if author.top.is_none_or(|(top, _)| dot.number > top) {
                author.top = Some((dot.number, hash));
            }
            if is_final {
                author.left = Some(dot.number);
            }
            if author.delivered.ranges() <= limits::RANGES {
                return None;
            }
            let (low, high) = author.delivered.lowest_hole()?;
            author.delivered.insert_range(low, high);
            Some((low, high))
        })
    }

    /// Notes the content of a head that was lost.
    pub(crate) fn learn_top(&mut self, dot: Dot, hash: ContentHash) {
        self.change(dot.node, |author| {
            author.lost_top = author.lost_top.max(Some((dot.number, hash)));
        });
    }

    /// Makes an author's frames from `dot` on void. `top` is its highest frame held below.
    pub(crate) fn convict(&mut self, dot: Dot, top: Option<(Number, ContentHash)>) {
        self.change(dot.node, |author| {
            author.cut = Some(dot.number);
            author.left = author.left.filter(|last| *last < dot.number);
            author.truncate(dot.number, top);
        });
    }

    /// The floor adopted for an author is a lie: up to there only what is held of it was
    /// delivered.
    pub(crate) fn forget_floor(&mut self, node: NodeId, held: &[(Number, ContentHash)]) {
        self.change(node, |author| {
            let adopted = std::mem::take(&mut author.adopted);
            let mut delivered = RangeSet::new();
            for (low, high) in author.delivered.iter().filter(|(_, high)| *high > adopted) {
                delivered.insert_range(low.max(adopted.next()), high);
            }
            for (number, _) in held {
                delivered.insert(*number);
            }
            author.delivered = delivered;
            author.floor = author.floor.filter(|(floor, _)| *floor > adopted);
            author.top = author.floor.max(held.last().copied());
        });
    }

    /// Believes another's floor of an author.
    pub(crate) fn adopt(&mut self, dot: Dot, hash: ContentHash) {
        self.raise_floor(dot, hash);
        self.change(dot.node, |author| author.adopted = author.adopted.max(dot.number));
    }

    /// Raises an author's floor: everything up to it counts as delivered.
    pub(crate) fn raise_floor(&mut self, dot: Dot, hash: ContentHash) {
        self.change(dot.node, |author| {
            author.delivered.insert_range(Number(1), dot.number);
            if author.floor.is_none_or(|(floor, _)| dot.number > floor) {
                author.floor = Some((dot.number, hash));
            }
            if author.top.is_none_or(|(top, _)| dot.number > top) {
                author.top = Some((dot.number, hash));
            }
        });
    }

    /// Authors that trimmed something, as a floor's entries; `cover` tells what the frames
    /// below name.
    pub(crate) fn floors(&self, cover: &VectorClock) -> BTreeMap<NodeId, FloorEntry> {
        self.entries(cover, |author| author.floor)
    }

    /// Everything delivered, as a floor's entries.
    pub(crate) fn tops(&self, cover: &VectorClock) -> BTreeMap<NodeId, FloorEntry> {
        self.entries(cover, |author| author.top)
    }

    fn entries(
        &self,
        cover: &VectorClock,
        at: impl Fn(&Author) -> Option<(Number, ContentHash)>,
    ) -> BTreeMap<NodeId, FloorEntry> {
        let entry = |(node, author): (&NodeId, &Author)| {
            let (number, hash) = at(author)?;
            let cover = cover.get(node).min(number);
            Some((*node, FloorEntry { number, hash, cover }))
        };
        self.authors.iter().filter_map(entry).collect()
    }
}
