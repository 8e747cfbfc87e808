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
    /// Trimmed, or never given: everything up to here.
    pub(crate) floor: Option<(Number, ContentHash)>,
    /// The number of the final frame.
    pub(crate) left: Option<Number>,
}

/// All authors. At most [`limits::TOMBSTONES`] of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authors(BTreeMap<NodeId, Author>);

impl Authors {
    pub(crate) fn get(&self, node: &NodeId) -> Option<&Author> {
        self.0.get(node)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&NodeId, &Author)> {
        self.0.iter()
    }

    /// Whether another author fits, or this one is known.
    pub(crate) fn has_room_for(&self, node: &NodeId) -> bool {
        self.0.len() < limits::TOMBSTONES || self.0.contains_key(node)
    }

    /// Whether the frame was delivered, is void, or lies below the floor.
    pub(crate) fn has(&self, dot: Dot) -> bool {
        self.0.get(&dot.node).is_some_and(|author| author.delivered.contains(dot.number))
    }

    /// The highest number delivered, zero if none.
    pub(crate) fn top(&self, node: &NodeId) -> Number {
        self.0.get(node).map_or(Number(0), |author| author.delivered.top())
    }

    /// The lowest number not delivered.
    pub(crate) fn first_missing(&self, node: &NodeId) -> Number {
        self.0.get(node).map_or(Number(1), |author| author.delivered.first_missing())
    }

    /// The highest number up to which everything was delivered.
    pub(crate) fn contiguous(&self, node: &NodeId) -> Number {
        Number(self.first_missing(node).0 - 1)
    }

    /// Content of an author's top frame, or of its floor, if `dot` is one of these.
    pub(crate) fn hash(&self, dot: Dot) -> Option<ContentHash> {
        let author = self.0.get(&dot.node)?;
        [author.top, author.floor]
            .into_iter()
            .flatten()
            .find_map(|(number, hash)| (number == dot.number).then_some(hash))
    }

    /// Notes a delivered frame. Of an author with too many holes the lowest is given up,
    /// and returned.
    pub(crate) fn deliver(
        &mut self,
        dot: Dot,
        hash: ContentHash,
        is_final: bool,
    ) -> Option<(Number, Number)> {
        let author = self.0.entry(dot.node).or_default();
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
    }

    /// Notes a void frame: it counts as delivered and is nothing else.
    pub(crate) fn void(&mut self, dot: Dot) {
        self.0.entry(dot.node).or_default().delivered.insert(dot.number);
    }

    /// Raises an author's floor: everything up to it counts as delivered.
    pub(crate) fn raise_floor(&mut self, dot: Dot, hash: ContentHash) {
        let author = self.0.entry(dot.node).or_default();
        author.delivered.insert_range(Number(1), dot.number);
        if author.floor.is_none_or(|(floor, _)| dot.number > floor) {
            author.floor = Some((dot.number, hash));
        }
        if author.top.is_none_or(|(top, _)| dot.number > top) {
            author.top = Some((dot.number, hash));
        }
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
        self.0.iter().filter_map(entry).collect()
    }
}
