//! Which node has which column. Columns keep their place; one that is free is taken again.

use super::row;
use chat_protocol::{NodeId, limits};
use std::{collections::VecDeque, time::Duration};

/// A column that isn't heard of for this long is free.
const SILENT: Duration = limits::GONE;
/// Those who left that are remembered.
const LEFT: usize = 64;

/// See the module.
#[derive(Default)]
pub(super) struct Columns {
    places: Vec<Option<Place>>,
    most: usize,
    /// Those who left last: a beat may still come of them.
    left: VecDeque<NodeId>,
}

struct Place {
    node: NodeId,
    heard: Duration,
}

impl Columns {
    /// As many columns as fit; the last ones go.
    pub(super) fn resize(&mut self, width: usize) {
        self.most = row::columns(width);
        self.places.truncate(self.most);
    }

    /// Notes that a node is there. True if it got a column for that.
    pub(super) fn hear(&mut self, node: NodeId, now: Duration) -> bool {
        for place in &mut self.places {
            place.take_if(|place| place.node != node && place.heard + SILENT < now);
        }
        if self.left.contains(&node) {
            return false;
        }
        let place = Some(Place { node, heard: now });
        if let Some(at) = self.of(&node) {
            self.places[at] = place;
            return false;
        }
        let free = self.places.iter().position(Option::is_none);
        match free {
            Some(at) => self.places[at] = place,
            None if self.places.len() < self.most => self.places.push(place),
            None => {
                // More nodes than columns: who has been silent longest makes room.
                let silent = |at: &usize| self.places[*at].as_ref().map(|place| place.heard);
                let Some(at) = (0..self.places.len()).min_by_key(silent) else { return false };
                self.places[at] = place;
            }
        }
        true
    }

    /// The node has left for good.
    pub(super) fn close(&mut self, node: NodeId) {
        self.left.push_back(node);
        if self.left.len() > LEFT {
            self.left.pop_front();
        }
        for place in &mut self.places {
            place.take_if(|place| place.node == node);
        }
    }

    /// Its column, from 0.
    pub(super) fn of(&self, node: &NodeId) -> Option<usize> {
        self.places.iter().position(|place| place.as_ref().is_some_and(|place| place.node == *node))
    }

    /// Who stands where.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Option<NodeId>> + '_ {
        self.places.iter().map(|place| place.as_ref().map(|place| place.node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn node(n: u8) -> NodeId {
        NodeId([n; 10])
    }

    #[test]
    fn a_column_is_kept_and_that_of_one_who_left_is_taken_again() {
        let mut columns = Columns::default();
        columns.resize(100);
        assert!(columns.hear(node(1), Duration::ZERO) && columns.hear(node(2), Duration::ZERO));
        assert!(!columns.hear(node(1), Duration::ZERO));
        columns.close(node(1));
        assert!(!columns.hear(node(1), Duration::ZERO), "its last beat");
        assert!(columns.hear(node(3), Duration::ZERO));
        assert_eq!((columns.of(&node(3)), columns.of(&node(2))), (Some(0), Some(1)));
    }

    #[test]
    fn with_more_nodes_than_columns_the_most_silent_makes_room() {
        let mut columns = Columns::default();
        columns.resize(0);
        assert!(columns.hear(node(1), Duration::ZERO));
        assert!(columns.hear(node(2), Duration::from_secs(1)));
        assert_eq!((columns.of(&node(1)), columns.of(&node(2))), (None, Some(0)));
    }
}
