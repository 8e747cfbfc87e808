//! When agreement is told: at once where it is news, and no more often than anyone can read.

use chat_engine::{Agreement, Time};

/// Compared no more often: while much is said each beat shows another one,
const COMPARED: Time = Time::from_millis(100);
/// and in a large room there are as many as members.
const COMPARED_PER_MEMBER: Time = Time::from_millis(5);
/// As many disagree as before, on another transcript: that is told no more often.
const DISAGREEING: Time = Time::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Agreeing {
    /// Told last, of which revision of the transcript, and when.
    told: Option<(Agreement, u64)>,
    told_at: Time,
    compared: Option<Time>,
    /// It may be another one than was told.
    is_stale: bool,
}

impl Agreeing {
    /// Members, or what they show, changed.
    pub(crate) fn members_changed(&mut self) {
        self.is_stale = true;
    }

    /// The transcript is another one. Where all agreed on the last one they don't on this one
    /// until their beats show it; where they didn't, what was told still holds.
    pub(crate) fn transcript_changed(&mut self) {
        self.is_stale |= self.told.is_some_and(|(told, _)| all_agree(told));
    }

    /// When it is compared next, if it may be news.
    pub(crate) fn next(&self, members: usize) -> Option<Time> {
        let each = COMPARED_PER_MEMBER * u32::try_from(members).unwrap_or(u32::MAX);
        let next = || self.compared.map_or(Time::ZERO, |last| last + COMPARED.max(each));
        self.is_stale.then(next)
    }

    /// This is how many agree now, on which revision of the transcript: whether to tell it.
    pub(crate) fn compare(&mut self, now: Time, agreement: Agreement, revision: u64) -> bool {
        self.compared = Some(now);
        let is_as_before = self.told.is_some_and(|(told, _)| told == agreement);
        if is_as_before && !all_agree(agreement) && now < self.told_at + DISAGREEING {
            return false;
        }
        self.is_stale = false;
        if self.told == Some((agreement, revision)) {
            return false;
        }
        (self.told, self.told_at) = (Some((agreement, revision)), now);
        true
    }
}

fn all_agree(told: Agreement) -> bool {
    told.same == told.of
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of three, two agree on each revision, whenever it is compared; when that is told.
    fn told(same: usize, until: Time) -> Vec<Time> {
        let (mut agreeing, mut revision, mut told) = (Agreeing::default(), 0, Vec::new());
        agreeing.members_changed();
        while let Some(now) = agreeing.next(3).filter(|now| *now < until) {
            revision += 1;
            if agreeing.compare(now, Agreement { same, of: 3 }, revision) {
                told.push(now);
            }
            agreeing.members_changed();
        }
        told
    }

    #[test]
    fn that_all_agree_is_told_as_often_as_it_is_compared_and_that_some_do_not_each_second() {
        let until = Time::from_secs(3);
        assert_eq!(told(3, until).len(), 30);
        assert_eq!(told(2, until), [0, 1, 2].map(Time::from_secs));
    }

    #[test]
    fn another_transcript_is_news_where_all_agreed() {
        for (same, is_news) in [(3, true), (2, false)] {
            let mut agreeing = Agreeing::default();
            assert!(agreeing.compare(Time::ZERO, Agreement { same, of: 3 }, 1));
            assert_eq!(agreeing.next(3), None);
            agreeing.transcript_changed();
            assert_eq!(agreeing.next(3), is_news.then_some(COMPARED));
        }
    }

    #[test]
    fn the_larger_the_room_the_less_often_it_is_compared() {
        let mut agreeing = Agreeing::default();
        agreeing.compare(Time::ZERO, Agreement { same: 2, of: 3 }, 1);
        agreeing.members_changed();
        let next = [2, 20, 200].map(|members| agreeing.next(members));
        assert_eq!(next, [100, 100, 1000].map(|ms| Some(Time::from_millis(ms))));
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let mut agreeing = Agreeing::default();
        let agreement = Agreement { same: 3, of: 3 };
        assert!(agreeing.compare(Time::ZERO, agreement, 1));
        assert!(!agreeing.compare(Time::from_secs(5), agreement, 1));
    }
}
