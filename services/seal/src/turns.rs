//! Whose turn it is to mint, and when.
//!
//! All members see the same need at about the same time. They take turns by a hash over their
//! view, so that one of them mints and the others find the need gone; nobody mints often, and
//! nobody right after another, so that a hundred joiners cost a few mints.

use chat_protocol::{NodeId, hash::labelled, limits};
use std::{collections::BTreeSet, time::Duration};

/// In a room of at most so many whoever wants to speak doesn't wait for its turn.
const EAGER_MEMBERS: usize = 16;

/// Why a mint is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// There is no epoch to speak under.
    Speech,
    /// Someone isn't in the audience yet, or others use an epoch closed to this node.
    Others,
    /// The epoch is old.
    Age,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Turns {
    due: Option<Duration>,
    /// The last mint of anyone.
    last: Option<Duration>,
    /// The last one of this node.
    own: Option<Duration>,
}

impl Turns {
    /// A mint was made or seen: whatever was planned is planned anew.
    pub(crate) fn minted(&mut self, now: Duration, by_me: bool) {
        self.last = Some(now);
        if by_me {
            self.own = Some(now);
        }
        self.due = None;
    }

    /// Who is there has changed: turns are others.
    pub(crate) fn replan(&mut self) {
        self.due = None;
    }

    /// When to mint.
    pub(crate) fn plan(
        &mut self,
        need: Option<Need>,
        eager: bool,
        (me, view): (NodeId, &BTreeSet<NodeId>),
        now: Duration,
    ) -> Option<Duration> {
        let need = need.or_else(|| {
            self.due = None;
            None
        })?;
        let after = |last: Option<Duration>| last.map_or(now, |last| last + limits::MINT_EVERY);
        if need == Need::Speech && eager && view.len() <= EAGER_MEMBERS {
            self.due = Some(after(self.own).max(now).min(self.due.unwrap_or(Duration::MAX)));
        } else if self.due.is_none() {
            let step = if need == Need::Age { limits::REFRESH_STEP } else { limits::MINT_STEP };
            self.due = Some(after(self.last).max(now) + step * rank(me, view));
        }
        self.due
    }

    pub(crate) fn due(&self) -> Option<Duration> {
        self.due
    }
}

/// One's place among the view. O(view).
fn rank(me: NodeId, view: &BTreeSet<NodeId>) -> u32 {
    let all = labelled("view", view.iter().map(|node| &node.0[..]));
    let score = |node: &NodeId| labelled("mint-rank", [&all[..], &node.0]);
    let mine = score(&me);
    let before = view.iter().filter(|node| score(node) < mine).count();
    u32::try_from(before).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(members: u8) -> BTreeSet<NodeId> {
        (0..members).map(|n| NodeId([n; 10])).collect()
    }

    #[test]
    fn each_of_the_view_has_a_turn_of_its_own() {
        let view = view(20);
        let mut ranks: Vec<_> = view.iter().map(|node| rank(*node, &view)).collect();
        ranks.sort_unstable();
        assert_eq!(ranks, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_mints_twice_within_the_time_or_right_after_another() {
        let view = view(3);
        let me = NodeId([0; 10]);
        let now = Duration::from_secs(10);
        let mut turns = Turns::default();
        turns.minted(now, true);
        for eager in [true, false] {
            let due = turns.plan(Some(Need::Speech), eager, (me, &view), now).unwrap();
            assert!(due >= now + limits::MINT_EVERY);
            turns.replan();
        }
        let mut turns = Turns::default();
        turns.minted(now, false);
        let others = turns.plan(Some(Need::Others), true, (me, &view), now).unwrap();
        assert!(others >= now + limits::MINT_EVERY);
        turns.replan();
        let speech = turns.plan(Some(Need::Speech), true, (me, &view), now);
        assert_eq!(speech, Some(now), "whoever wants to speak can't wait for others");
        assert_eq!(turns.plan(None, true, (me, &view), now), None);
    }

    #[test]
    fn however_many_there_are_no_two_mint_at_once_and_what_is_only_old_waits_for_those_who_lag() {
        let view = view(200);
        let now = Duration::from_secs(10);
        for (need, step) in [(Need::Others, limits::MINT_STEP), (Need::Age, limits::REFRESH_STEP)] {
            let due = |me| Turns::default().plan(Some(need), false, (me, &view), now).unwrap();
            let mut all: Vec<_> = view.iter().map(|me| due(*me)).collect();
            all.sort_unstable();
            let turns: Vec<_> = (0..200).map(|rank| now + step * rank).collect();
            assert_eq!(all, turns, "{need:?}");
        }
    }
}
