//! What comes next in virtual time.

use crate::{
    network::{Arrival, Network},
    person::Person,
};
use chat_engine::Time;

/// A timer that stays due must not stop the time.
const STEP: Time = Time::from_micros(100);

/// Something to be done.
#[derive(Debug)]
pub enum Next {
    /// Someone's timer is due.
    Timer(usize),
    /// Something arrives at someone.
    Arrival(usize, Arrival),
}

/// The first timer of those alive, or the first arrival if that is before it; nothing after
/// `until`. Moves `now` there.
pub fn next(people: &[Person], network: &mut Network, now: &mut Time, until: Time) -> Option<Next> {
    let armed = people.iter().enumerate().filter(|(_, person)| person.alive);
    let timer = armed.filter_map(|(who, person)| Some((person.armed?, who))).min();
    let arrival = network.next();
    match timer {
        Some((at, who)) if at <= until && arrival.is_none_or(|arrival| at <= arrival) => {
            *now = at.max(*now) + STEP;
            Some(Next::Timer(who))
        }
        _ => {
            let at = arrival.filter(|at| *at <= until)?;
            *now = at.max(*now);
            network.pop().map(|(who, arrival)| Next::Arrival(who, arrival))
        }
    }
}
