//! The engine alone, in rooms of 2 to 1000: on a simulated network, signatures modelled.

use super::engine::{hear, median, say};
use crate::{
    model::Model,
    picture::{Chart, Picture, Point, Series},
};
use chat_protocol::limits;
use chat_simulation::scale::scale;

/// From so many members on each beats the more rarely the more there are.
const SLOWER: u32 = 20;
/// Of so many the median is told.
const TEXTS: usize = 2000;
const MEMBERS: [usize; 9] = [2, 5, 10, 20, 50, 100, 200, 500, 1000];

pub(crate) fn measure() -> Picture {
    let mut listing = Series::new("a text whose clock lists everyone", Model::Linear);
    let mut heads = Series::new("one whose clock has but the heads", Model::Linear);
    let mut clock = Series::new("its clock", None);
    let mut rest = Series::new("in the whole room at rest", Model::LinearTo(SLOWER));
    let mut joining = Series::new("for each that comes in", Model::Linear);
    for members in MEMBERS {
        let (cost, mut room) = scale(members);
        let now = room.now;
        let [mut speaker, mut listener] =
            [0, 1].map(|peer| room.peers[peer].engine.take().expect("it is a member"));
        // What was said last is still on its way.
        let last = speaker.transcript().next_back().expect("it joined").clone();
        hear(&mut listener, now, last);
        let took = (0..TEXTS).map(|_| hear(&mut listener, now, say(&mut speaker, now)));
        let taking = match members {
            small if small <= limits::FULL_CLOCK_MEMBERS => &mut listing,
            _ => &mut heads,
        };
        taking.points.push(Point::new(members, median(took.collect())));
        clock.points.push(Point::new(members, cost.frame.1 as f64));
        rest.points.push(Point::new(members, cost.at_rest));
        joining.points.push(Point::new(members, cost.joining));
    }
    let charts = vec![
        Chart::new("time to take in, us", "members", vec![listing, heads]),
        Chart::new("size, bytes", "members", vec![clock]),
        Chart::new("messages: a second, or in all", "members", vec![rest, joining]),
    ];
    Picture { title: "The engine alone, as a room grows".into(), charts }
}
