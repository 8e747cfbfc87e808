//! What the frames of others show of a room: how long one is on its way, and how soon one comes
//! after another while more of them wait.

use chat_engine::Time;
use chat_protocol::{Dot, VectorClock, limits};
use std::collections::VecDeque;

/// Frames remembered: twice as many as are meant to be on their way.
const LATELY: usize = 2 * limits::WINDOW as usize;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overheard {
    /// What others said of late, and when it came.
    lately: VecDeque<(Dot, Time)>,
    /// How soon one comes after another, and how far that is off, smoothed as round trips are in
    /// RFC 6298 (section 2).
    gap: Time,
    off: Time,
}

impl Overheard {
    /// A frame came straight from its author: how long ago the first came that hadn't come to its
    /// author when that said it. At least so long it was on its way. Of who has spoken just before
    /// nothing is told: a liar, who says that it heard nothing, can speak as often as it likes.
    pub(crate) fn hear(&mut self, dot: Dot, clock: &VectorClock, now: Time) -> Option<Time> {
        let mut before = self.lately.iter().rev().take(limits::WINDOW as usize);
        let spoke = before.any(|(other, _)| other.node == dot.node);
        let others = self.lately.iter().rev().filter(|(other, _)| other.node != dot.node);
        let mut unheard = others.take_while(|(other, _)| !clock.covers(*other));
        let last = unheard.next().map(|(_, at)| *at);
        let first = unheard.last().map(|(_, at)| *at).or(last);
        if let Some(last) = last.filter(|_| !spoke) {
            self.came_after(now.saturating_sub(last).min(limits::ON_ITS_WAY));
        }
        if self.lately.len() == LATELY {
            self.lately.pop_front();
        }
        self.lately.push_back((dot, now));
        (!spoke).then(|| first.map_or(Time::ZERO, |first| now.saturating_sub(first)))
    }

    /// One that had been waiting came so soon after another.
    pub(crate) fn came_after(&mut self, gap: Time) {
        self.off = (self.off * 3 + self.gap.abs_diff(gap)) / 4;
        self.gap = (self.gap * 7 + gap) / 8;
    }

    /// While some wait one comes in each such time.
    pub(crate) fn gap(&self) -> Time {
        self.gap
    }

    /// While some wait none comes for so long, hardly ever for longer.
    pub(crate) fn longest_gap(&self) -> Time {
        self.gap + self.off * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{NodeId, Number};

    const SECOND: Time = Time::from_secs(1);

    fn dot(node: u8, number: u64) -> Dot {
        Dot::new(NodeId([node; 10]), Number(number))
    }

    /// Who speaks then, having heard these of others.
    fn hear(overheard: &mut Overheard, at: u32, said: Dot, heard: &[Dot]) -> Option<Time> {
        let mut clock: VectorClock = heard.iter().copied().collect();
        clock.set(said);
        overheard.hear(said, &clock, SECOND * at)
    }

    #[test]
    fn a_frame_is_on_its_way_since_the_first_came_that_its_author_had_not_heard() {
        let mut overheard = Overheard::default();
        for (at, said, heard, waited) in [
            (1, dot(1, 1), &[][..], 0),
            (4, dot(2, 1), &[dot(1, 1)], 0),
            (6, dot(3, 1), &[dot(1, 1)], 2),
            (7, dot(4, 1), &[], 6),
            (9, dot(5, 1), &[dot(1, 1), dot(2, 1), dot(3, 1)], 2),
            (9, dot(6, 1), &[dot(2, 1), dot(5, 1)], 0),
        ] {
            let told = hear(&mut overheard, at, said, heard);
            assert_eq!(told, Some(SECOND * waited), "{said:?}");
        }
    }

    #[test]
    fn it_remembers_so_many_and_believes_nobody_twice_in_a_row() {
        let mut overheard = Overheard::default();
        let window = u8::try_from(limits::WINDOW).unwrap();
        for n in 0..200 {
            assert!(hear(&mut overheard, n.into(), dot(n, 1), &[]).is_some());
        }
        assert_eq!(overheard.lately.len(), LATELY);
        let waited = SECOND * u32::try_from(LATELY).unwrap();
        assert_eq!(hear(&mut overheard, 200, dot(201, 1), &[]), Some(waited));
        for is_believed in [false, true] {
            let told = hear(&mut overheard, 201, dot(201, 2), &[]);
            assert_eq!(told.is_some(), is_believed);
            for n in 0..window {
                hear(&mut overheard, 201, dot(n, 2), &[]);
            }
        }
    }

    #[test]
    fn only_gaps_between_those_that_wait_count_and_it_knows_how_far_they_differ() {
        let mut overheard = Overheard::default();
        for n in 1..100 {
            hear(&mut overheard, n.into(), dot(n, 1), &[dot(n - 1, 1)]);
        }
        assert_eq!((overheard.gap(), overheard.longest_gap()), (Time::ZERO, Time::ZERO));
        (0..100).for_each(|n| overheard.came_after(SECOND * (n % 2)));
        assert!(overheard.gap() > SECOND / 4 && overheard.gap() < SECOND * 3 / 4);
        assert!(overheard.longest_gap() > SECOND);
        (0..100).for_each(|_| overheard.came_after(SECOND));
        assert!(overheard.longest_gap() < SECOND * 11 / 10);
    }
}
