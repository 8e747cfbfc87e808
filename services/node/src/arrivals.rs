//! What the room's subjects bring, in the order in which it is taken up.
//!
//! The client's library has a queue for each subscription, so a node that doesn't keep up would
//! read a beat before frames that came long before it, and ask for all that the beat names.

use futures_util::{Stream, StreamExt, stream::SelectAll};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// So many keys in a row, and then something else, if it waits: no flood holds anything back for
/// good.
const KEYS_IN_A_ROW: u32 = 64;
/// So many frames in a row, and then
const FRAMES_IN_A_ROW: u32 = 4096;
/// so many of what they went before.
const OTHERS_IN_A_ROW: u32 = 64;

/// Keys first, then frames, then all the rest, in turns.
pub(crate) struct Arrivals<S> {
    keys: S,
    frames: S,
    others: SelectAll<S>,
    /// Keys in a row.
    opened: u32,
    /// Frames in a row, then others.
    taken: u32,
}

impl<S: Stream + Unpin> Arrivals<S> {
    pub(crate) fn new(keys: S, frames: S, others: Vec<S>) -> Self {
        Self { keys, frames, others: others.into_iter().collect(), opened: 0, taken: 0 }
    }

    /// Hears another subject as well.
    pub(crate) fn push(&mut self, subject: S) {
        self.others.push(subject);
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Option<S::Item> {
        let frame = taken(self.frames.poll_next_unpin(context))?;
        self.taken = if self.is_frames_turn() { self.taken + 1 } else { 0 };
        Some(frame)
    }

    fn poll_other(&mut self, context: &mut Context<'_>) -> Option<S::Item> {
        let other = taken(self.others.poll_next_unpin(context))?;
        let is_last = self.taken + 1 == FRAMES_IN_A_ROW + OTHERS_IN_A_ROW;
        self.taken = if self.is_frames_turn() || is_last { 0 } else { self.taken + 1 };
        Some(other)
    }

    fn is_frames_turn(&self) -> bool {
        self.taken < FRAMES_IN_A_ROW
    }

    fn poll_rest(&mut self, context: &mut Context<'_>) -> Option<S::Item> {
        if self.is_frames_turn() {
            self.poll_frame(context).or_else(|| self.poll_other(context))
        } else {
            self.poll_other(context).or_else(|| self.poll_frame(context))
        }
    }
}

fn taken<T>(polled: Poll<Option<T>>) -> Option<T> {
    match polled {
        Poll::Ready(taken) => taken,
        Poll::Pending => None,
    }
}

impl<S: Stream + Unpin> Stream for Arrivals<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let rest = match self.opened {
            KEYS_IN_A_ROW => self.poll_rest(context),
            _ => None,
        };
        if rest.is_some() {
            self.opened = 0;
            return Poll::Ready(rest);
        }
        if let Some(key) = taken(self.keys.poll_next_unpin(context)) {
            self.opened = (self.opened + 1).min(KEYS_IN_A_ROW);
            return Poll::Ready(Some(key));
        }
        self.opened = 0;
        match self.poll_rest(context) {
            None => Poll::Pending,
            rest => Poll::Ready(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};

    type Subject = stream::BoxStream<'static, &'static str>;

    /// Brings all of these, and never ends.
    fn subject(what: Vec<&'static str>) -> Subject {
        stream::iter(what).chain(stream::pending()).boxed()
    }

    fn taken_all(mut arrivals: Arrivals<Subject>) -> Vec<&'static str> {
        let next = || arrivals.next().now_or_never().flatten();
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn what_a_beat_names_is_taken_before_it() {
        let others = vec![subject(vec!["beat", "beat"]), subject(vec!["answer"])];
        let arrivals = Arrivals::new(subject(vec!["key"]), subject(vec!["frame"; 3]), others);
        let mut order = taken_all(arrivals);
        let rest = order.split_off(4);
        assert_eq!(order, ["key", "frame", "frame", "frame"]);
        assert_eq!(rest.iter().filter(|other| **other == "beat").count(), 2);
        assert_eq!(rest.len(), 3);
    }

    /// Where these stand among what was taken.
    fn places(order: &[&str], of: &str) -> Vec<usize> {
        order.iter().enumerate().filter(|(_, what)| **what == of).map(|(at, _)| at).collect()
    }

    #[test]
    fn a_flood_of_frames_holds_nothing_back_for_good() {
        let (frames, others) = (FRAMES_IN_A_ROW as usize, OTHERS_IN_A_ROW as usize);
        let flood = subject(vec!["frame"; 3 * frames]);
        let beats = vec![subject(vec!["beat"; others + 1])];
        let order = taken_all(Arrivals::new(subject(vec![]), flood, beats));
        let first = frames..frames + others;
        let expected: Vec<_> = first.chain([2 * frames + others]).collect();
        assert_eq!(places(&order, "beat"), expected);
    }

    #[test]
    fn nor_does_a_flood_of_keys() {
        let flood = subject(vec!["key"; 3 * KEYS_IN_A_ROW as usize]);
        let others = vec![subject(vec!["beat"])];
        let order = taken_all(Arrivals::new(flood, subject(vec!["frame"]), others));
        let between = KEYS_IN_A_ROW as usize;
        assert_eq!(
            (places(&order, "frame"), places(&order, "beat")),
            (vec![between], vec![2 * between + 1],)
        );
    }

    #[test]
    fn it_goes_on_where_some_have_ended() {
        let ended = || stream::iter(vec![]).boxed();
        let arrivals = Arrivals::new(ended(), ended(), vec![ended(), subject(vec!["beat"])]);
        assert_eq!(taken_all(arrivals), ["beat"]);
    }
}
