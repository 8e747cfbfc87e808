//! The engine alone, in a room of three, as the transcript grows to all that is kept, and beyond.

use super::engine::{hear, median, say};
use crate::{
    model::Model,
    picture::{Chart, Picture, Point, Series},
};
use chat_engine::Engine;
use chat_protocol::limits;
use chat_simulation::scale::settled;
use std::time::{Duration, Instant};

/// Frames said when it is measured.
const LENGTHS: [usize; 8] = [10, 30, 100, 300, 1000, 3000, limits::TRANSCRIPT_FRAMES, 20_000];
/// Of each kind, measured so often; of them the median is told.
const TIMES: usize = 100;

/// How long it takes.
fn digest(engine: &Engine) -> Duration {
    let begun = Instant::now();
    std::hint::black_box(engine.transcript_digest());
    begun.elapsed()
}

pub(crate) fn measure() -> Picture {
    let mut room = settled(3);
    let now = room.now;
    let [mut speaker, mut listener, mut late] =
        [0, 1, 2].map(|peer| room.peers[peer].engine.take().expect("it is a member"));
    // Said first, and heard last: its place is before all that is said in between.
    let delayed: Vec<_> = (0..LENGTHS.len() * TIMES).map(|_| say(&mut late, now)).collect();
    let mut delayed = delayed.into_iter();

    let mut taking = [
        Series::new("the next text", Model::Log),
        Series::new("one whose place is before most", Model::Log),
    ];
    let mut digests = [
        Series::new("the digest after the next text", None),
        Series::new("after one whose place is before most", Model::Linear),
    ];
    let mut said = 0;
    for length in LENGTHS {
        while said + TIMES < length {
            hear(&mut listener, now, say(&mut speaker, now));
            said += 1;
        }
        let mut spent = [const { (Vec::new(), Vec::new()) }; 2];
        for _ in 0..TIMES.min(length) {
            spent[0].0.push(hear(&mut listener, now, say(&mut speaker, now)));
            spent[0].1.push(digest(&listener));
            said += 1;
        }
        // Where all that is kept has been said, what comes from before is not shown any more.
        if length < limits::TRANSCRIPT_FRAMES {
            for entry in delayed.by_ref().take(TIMES) {
                spent[1].0.push(hear(&mut listener, now, entry));
                spent[1].1.push(digest(&listener));
            }
        }
        for (which, (taken, digested)) in spent.into_iter().enumerate() {
            if !taken.is_empty() {
                taking[which].points.push(Point::new(length, median(taken)));
                digests[which].points.push(Point::new(length, median(digested)));
            }
        }
    }
    let charts = vec![
        Chart::new("time to take in, us", "frames said", taking.into()),
        Chart::new("time to hash, us", "frames said", digests.into()),
    ];
    Picture { title: "The engine alone, as more has been said".into(), charts }
}
