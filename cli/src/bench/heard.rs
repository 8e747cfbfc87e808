//! What one member heard of the others: whether each came once, and in its author's order.

use super::mark::Mark;
use std::time::Duration;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// By author.
    authors: Vec<Author>,
    /// So many authors, from the first on, are known to be complete.
    complete: usize,
    /// Whether latencies are wanted: at full speed there would be millions, which nobody is told.
    is_timed: bool,
    /// Of each message, in the order heard, how long it was on its way.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) faults: Faults,
}

/// What must not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
}

impl std::ops::AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
    }
}

#[derive(Clone, Debug, Default)]
struct Author {
    seen: Vec<bool>,
    count: u64,
}

impl Heard {
    pub(crate) fn of(authors: usize, is_timed: bool) -> Self {
        Self { authors: vec![Author::default(); authors], is_timed, ..Self::default() }
    }

    /// Takes in a message heard at this time.
    pub(crate) fn hear(&mut self, mark: Mark, now: Duration) {
        let Some(author) = self.authors.get_mut(mark.sender) else { return };
        let number = usize::try_from(mark.number).unwrap_or(usize::MAX);
        if author.seen.get(number) == Some(&true) {
            self.faults.duplicated += 1;
            return;
        }
        if number < author.seen.len() {
            self.faults.reordered += 1;
        } else {
            author.seen.resize(number + 1, false);
        }
        author.seen[number] = true;
        author.count += 1;
        if self.is_timed {
            self.latencies.push(now.saturating_sub(mark.at));
        }
    }

    /// Different messages heard of this author.
    pub(crate) fn count(&self, author: usize) -> u64 {
        self.authors.get(author).map_or(0, |author| author.count)
    }

    /// Different messages heard of all.
    pub(crate) fn messages(&self) -> u64 {
        self.authors.iter().map(|author| author.count).sum()
    }

    /// Whether all of an author's first `said` were heard, of each author but `own`. Asked after each
    /// message, of the same `said`: amortised O(1).
    pub(crate) fn is_complete(&mut self, said: &[u64], own: usize) -> bool {
        while let Some(said) = said.get(self.complete)
            && (self.complete == own || self.count(self.complete) >= *said)
        {
            self.complete += 1;
        }
        self.complete >= said.len()
    }

    /// All that went wrong, now that nothing more will come.
    pub(crate) fn end(&mut self, said: &[u64], own: usize) -> Faults {
        let missing = |(author, said): (usize, &u64)| match author == own {
            true => 0,
            false => said.saturating_sub(self.count(author)),
        };
        self.faults.lost = said.iter().enumerate().map(missing).sum();
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(numbers: &[u64]) -> Heard {
        let mut heard = Heard::of(2, true);
        for number in numbers {
            let mark = Mark { sender: 0, number: *number, at: Duration::from_micros(5) };
            heard.hear(mark, Duration::from_micros(7));
        }
        heard
    }

    #[test]
    fn what_is_lost_twice_or_out_of_order_is_counted() {
        for (numbers, said, lost, duplicated, reordered) in [
            (&[0, 1, 2][..], 3, 0, 0, 0),
            (&[0, 2], 3, 1, 0, 0),
            (&[0, 2, 1], 3, 0, 0, 1),
            (&[0, 1, 1, 2], 3, 0, 1, 0),
            (&[], 2, 2, 0, 0),
        ] {
            let faults = heard(numbers).end(&[said, 0], 1);
            assert_eq!(faults, Faults { lost, duplicated, reordered }, "{numbers:?}");
        }
    }

    #[test]
    fn it_is_complete_once_all_of_the_others_was_heard() {
        let mut two = heard(&[0, 1]);
        assert!(!two.is_complete(&[3, 9], 1));
        two.hear(Mark { sender: 0, number: 2, at: Duration::ZERO }, Duration::ZERO);
        assert!(two.is_complete(&[3, 9], 1));
        assert!(heard(&[0, 1, 2]).is_complete(&[3, 9], 1), "one's own aren't heard");
        assert_eq!(heard(&[0, 1]).messages(), 2);
    }

    #[test]
    fn latencies_are_noted_where_they_are_wanted() {
        assert_eq!(heard(&[0]).latencies, [Duration::from_micros(2)]);
        let mut fast = Heard::of(1, false);
        fast.hear(Mark { sender: 0, number: 0, at: Duration::ZERO }, Duration::ZERO);
        assert!(fast.latencies.is_empty() && fast.messages() == 1);
    }
}
