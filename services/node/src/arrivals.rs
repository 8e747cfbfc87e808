//! What the room's subjects bring, in the order in which it is taken up.
//!
//! The client's library has a queue for each subscription, so a node that doesn't keep up would
//! read a beat before frames that came long before it, and ask for all that the beat names.

use futures_util::{Stream, StreamExt, stream::SelectAll};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// So many frames in a row, and then something else, if it waits: a flood of frames holds
/// nothing back for good.
const FRAMES_IN_A_ROW: u32 = 4096;

/// Keys first, then frames, then all the rest, in turns.
pub(crate) struct Arrivals<S> {
    keys: S,
    frames: S,
    others: SelectAll<S>,
    in_a_row: u32,
}

impl<S: Stream + Unpin> Arrivals<S> {
    pub(crate) fn new(keys: S, frames: S, others: Vec<S>) -> Self {
        Self { keys, frames, others: others.into_iter().collect(), in_a_row: 0 }
    }

    /// Hears another subject as well.
    pub(crate) fn push(&mut self, subject: S) {
        self.others.push(subject);
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let frame = self.frames.poll_next_unpin(context);
        if frame.is_ready() {
            self.in_a_row += 1;
        }
        frame
    }
}

impl<S: Stream + Unpin> Stream for Arrivals<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if let Poll::Ready(Some(key)) = self.keys.poll_next_unpin(context) {
            return Poll::Ready(Some(key));
        }
        if self.in_a_row < FRAMES_IN_A_ROW
            && let Poll::Ready(Some(frame)) = self.poll_frame(context)
        {
            return Poll::Ready(Some(frame));
        }
        self.in_a_row = 0;
        match self.others.poll_next_unpin(context) {
            Poll::Ready(Some(other)) => Poll::Ready(Some(other)),
            _ => self.poll_frame(context),
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

    fn taken(mut arrivals: Arrivals<Subject>) -> Vec<&'static str> {
        let next = || arrivals.next().now_or_never().flatten();
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn what_a_beat_names_is_taken_before_it() {
        let others = vec![subject(vec!["beat", "beat"]), subject(vec!["answer"])];
        let arrivals = Arrivals::new(subject(vec!["key"]), subject(vec!["frame"; 3]), others);
        let mut order = taken(arrivals);
        let rest = order.split_off(4);
        assert_eq!(order, ["key", "frame", "frame", "frame"]);
        assert_eq!(rest.iter().filter(|other| **other == "beat").count(), 2);
        assert_eq!(rest.len(), 3);
    }

    #[test]
    fn a_flood_of_frames_holds_nothing_back_for_good() {
        let flood = vec!["frame"; 3 * FRAMES_IN_A_ROW as usize];
        let others = vec![subject(vec!["beat"; 2])];
        let order = taken(Arrivals::new(subject(vec![]), subject(flood), others));
        let beats = order.iter().enumerate().filter(|(_, what)| **what == "beat");
        let places: Vec<_> = beats.map(|(at, _)| at).collect();
        let between = FRAMES_IN_A_ROW as usize;
        assert_eq!(places, [between, 2 * between + 1]);
    }

    #[test]
    fn it_goes_on_where_some_have_ended() {
        let ended = || stream::iter(vec![]).boxed();
        let arrivals = Arrivals::new(ended(), ended(), vec![ended(), subject(vec!["beat"])]);
        assert_eq!(taken(arrivals), ["beat"]);
    }
}
