//! What is in the past of messages to come and can't be shown: the first of them that has it in
//! its past names it as its gap.

use chat_protocol::{Dot, VectorClock, limits};
use std::collections::VecDeque;

/// See the module. When there is too much the oldest goes unnamed.
#[derive(Debug, Default)]
pub(crate) struct Unshown(VecDeque<Dot>);

impl Unshown {
    /// A frame that can't be read, or that nobody gave.
    pub(crate) fn add(&mut self, dot: Dot) {
        if self.0.contains(&dot) {
            return;
        }
        self.0.push_back(dot);
        if self.0.len() > limits::WAIVED {
            self.0.pop_front();
        }
    }

    /// It is shown after all.
    pub(crate) fn remove(&mut self, dot: Dot) {
        self.0.retain(|unshown| *unshown != dot);
    }

    /// What a message with this clock is the first to answer.
    pub(crate) fn answered(&mut self, clock: &VectorClock) -> Vec<Dot> {
        let answers = |dot: &Dot| clock.covers(*dot);
        let (answered, kept): (VecDeque<_>, _) = self.0.drain(..).partition(answers);
        self.0 = kept;
        answered.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{NodeId, Number};

    fn dot(node: u8, number: u64) -> Dot {
        Dot::new(NodeId([node; 10]), Number(number))
    }

    #[test]
    fn each_is_named_once_and_only_by_what_has_it_in_its_past() {
        let mut unshown = Unshown::default();
        for it in [dot(1, 3), dot(1, 3), dot(1, 4), dot(2, 1), dot(3, 1)] {
            unshown.add(it);
        }
        unshown.remove(dot(3, 1));
        let clock = [dot(1, 3), dot(3, 1)].into_iter().collect();
        assert_eq!(unshown.answered(&clock), [dot(1, 3)]);
        let clock = [dot(1, 9), dot(2, 9), dot(3, 9)].into_iter().collect();
        assert_eq!(unshown.answered(&clock), [dot(1, 4), dot(2, 1)]);
        assert_eq!(unshown.answered(&clock), []);
    }

    #[test]
    fn a_flood_of_what_nobody_answers_takes_no_more_place() {
        let mut unshown = Unshown::default();
        let last = limits::WAIVED as u64 + 100;
        (1..=last).for_each(|number| unshown.add(dot(1, number)));
        let answered = unshown.answered(&[dot(1, last)].into_iter().collect());
        assert_eq!(answered.len(), limits::WAIVED);
        assert_eq!(answered.last(), Some(&dot(1, last)), "the newest are kept");
    }
}
