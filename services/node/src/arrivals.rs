//! What the room's subjects bring, in the order in which it is taken up.
//!
//! The client's library has a queue for each subscription, so a node that doesn't keep up would
//! read a beat before frames that came long before it, and ask for all that the beat names. And
//! what opens frames, or brings those that are missing, is better read before them.

use futures_util::{Stream, StreamExt, stream::SelectAll};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// So many keys and answers in a row, and then something else, if it waits: no flood holds
/// anything back for good.
const AHEAD_IN_A_ROW: u32 = 8;
/// So many frames in a row, and then
const FRAMES_IN_A_ROW: u32 = 512;
/// so many beats, if they wait.
const BEATS_IN_A_ROW: u32 = 16;

/// Keys first, then answers and requests, then frames, beats last.
pub(crate) struct Arrivals<S> {
    keys: S,
    answers: SelectAll<S>,
    frames: S,
    beats: S,
    /// Keys and answers in a row.
    ahead: u32,
    /// Frames in a row, then beats, while something waited.
    taken: u32,
}

impl<S: Stream + Unpin> Arrivals<S> {
    pub(crate) fn new(keys: S, answers: Vec<S>, frames: S, beats: S) -> Self {
        let answers = answers.into_iter().collect();
        Self { keys, answers, frames, beats, ahead: 0, taken: 0 }
    }

    /// Hears requests on another subject as well.
    pub(crate) fn serve(&mut self, subject: S) {
        self.answers.push(subject);
    }

    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Option<S::Item> {
        let key = next(&mut self.keys, context);
        key.or_else(|| next(&mut self.answers, context))
    }

    fn poll_rest(&mut self, context: &mut Context<'_>) -> Option<S::Item> {
        let is_beats_turn = self.taken >= FRAMES_IN_A_ROW;
        if is_beats_turn {
            if self.taken < FRAMES_IN_A_ROW + BEATS_IN_A_ROW
                && let Some(beat) = next(&mut self.beats, context)
            {
                self.taken += 1;
                return Some(beat);
            }
            self.taken = 0;
        }
        if let Some(frame) = next(&mut self.frames, context) {
            self.taken += 1;
            return Some(frame);
        }
        self.taken = 0;
        next(&mut self.beats, context)
    }
}

/// The next of a stream, if it has come; of one that has ended nothing does.
fn next<S: Stream + Unpin>(stream: &mut S, context: &mut Context<'_>) -> Option<S::Item> {
    match stream.poll_next_unpin(context) {
        Poll::Ready(next) => next,
        Poll::Pending => None,
    }
}

impl<S: Stream + Unpin> Stream for Arrivals<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let is_full = self.ahead == AHEAD_IN_A_ROW;
        if !is_full && let Some(ahead) = self.poll_ahead(context) {
            self.ahead += 1;
            return Poll::Ready(Some(ahead));
        }
        self.ahead = 0;
        let rest = self.poll_rest(context);
        match rest.or_else(|| is_full.then(|| self.poll_ahead(context)).flatten()) {
            None => Poll::Pending,
            arrived => Poll::Ready(arrived),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};

    type Subject = stream::BoxStream<'static, &'static str>;

    /// Brings so many of this, and never ends.
    fn subject(what: &'static str, count: u32) -> Subject {
        stream::iter(vec![what; count as usize]).chain(stream::pending()).boxed()
    }

    fn arrivals([keys, answers, frames, beats]: [u32; 4]) -> Arrivals<Subject> {
        let answers = vec![subject("answer", answers), subject("answer", 0)];
        let (frames, beats) = (subject("frame", frames), subject("beat", beats));
        Arrivals::new(subject("key", keys), answers, frames, beats)
    }

    fn all(mut arrivals: Arrivals<Subject>) -> Vec<&'static str> {
        let next = || arrivals.next().now_or_never().flatten();
        std::iter::from_fn(next).collect()
    }

    /// Where these stand among what was taken.
    fn places(order: &[&str], of: &str) -> Vec<u32> {
        (0..).zip(order).filter(|(_, what)| **what == of).map(|(at, _)| at).collect()
    }

    #[test]
    fn what_a_beat_names_is_taken_before_it_and_what_opens_that_before_both() {
        let order = all(arrivals([1, 2, 3, 2]));
        let expected = ["key", "answer", "answer", "frame", "frame", "frame", "beat", "beat"];
        assert_eq!(order, expected);
    }

    #[test]
    fn a_flood_of_frames_holds_no_beat_back_for_good() {
        let order = all(arrivals([0, 0, 3 * FRAMES_IN_A_ROW, BEATS_IN_A_ROW + 1]));
        let first = FRAMES_IN_A_ROW..FRAMES_IN_A_ROW + BEATS_IN_A_ROW;
        let expected: Vec<_> = first.chain([2 * FRAMES_IN_A_ROW + BEATS_IN_A_ROW]).collect();
        assert_eq!(places(&order, "beat"), expected);
    }

    #[test]
    fn a_flood_of_keys_or_answers_holds_no_frame_back_for_good() {
        for counts in [[100, 0, 2, 1], [0, 100, 2, 1]] {
            let order = all(arrivals(counts));
            let (first, second) = (AHEAD_IN_A_ROW, 2 * AHEAD_IN_A_ROW + 1);
            assert_eq!(places(&order, "frame"), [first, second]);
            assert_eq!(places(&order, "beat"), [3 * AHEAD_IN_A_ROW + 2]);
            assert_eq!(order.len(), 103);
        }
    }

    #[test]
    fn it_goes_on_where_some_have_ended() {
        let ended = || stream::iter(vec![]).boxed();
        let arrivals = Arrivals::new(ended(), vec![ended()], ended(), subject("beat", 1));
        assert_eq!(all(arrivals), ["beat"]);
    }
}
