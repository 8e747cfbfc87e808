//! Congestion: own frames that the server hasn't brought back yet, and how many may be.
//!
//! The server brings them in the order in which everyone gets all that is said, so how long one
//! takes shows what the room has said and not yet taken in. The window follows that delay as in
//! LEDBAT (RFC 6817, section 2.4.2). Below one frame it is a share of the time: who has said one
//! pauses, but no longer than anyone else is heard.

use chat_engine::Time;
use chat_protocol::{
    NodeId, Number,
    limits::{self, ON_ITS_WAY as TARGET},
};
use std::collections::VecDeque;

/// A window below one frame grows by this each time, at most: many of them together take long to
/// show that they have grown too far.
const STEP: f64 = 0.25;
/// Who was silent for so long begins again, and so may everyone.
const SILENT: Time = Time::from_secs(60);
/// A smaller window would pause for longer than anyone waits.
const LEAST: f64 = 1. / 64.;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Congestion {
    /// Own frames on their way, each with when it was said.
    away: VecDeque<(Number, Time)>,
    /// When the last came back, and what it took.
    back: Option<(Time, Time)>,
    /// When its user's last was said.
    spoke: Option<Time>,
    /// The shortest time that one took: the way itself, where nothing waits.
    base: Time,
    /// In frames.
    window: f64,
    /// When another's frame came last.
    heard: Time,
    /// Not all may take it to be quiet at the same time: they would begin at once.
    later: Time,
}

impl Congestion {
    pub(crate) fn new(me: NodeId) -> Self {
        Self {
            away: VecDeque::new(),
            back: None,
            spoke: None,
            base: Time::MAX,
            window: f64::from(limits::WINDOW),
            heard: Time::ZERO,
            later: TARGET.mul_f64(f64::from(me.0[0]) / 256.),
        }
    }

    /// Whether nothing is known of the delay: that is soon old. Whoever begins to speak begins as if
    /// all did.
    fn begins(&self, now: Time) -> bool {
        self.away.is_empty() && self.back.is_none_or(|(at, _)| now > at + TARGET)
    }

    /// Its user has something to say: into so many parts a full frame is divided, in a room of so
    /// many. The first of all of them together are as much as the window; from then on pauses do
    /// the same at less cost.
    pub(crate) fn speak(&mut self, now: Time, members: usize) -> usize {
        let last = self.spoke.replace(now);
        let begins = last.is_none_or(|last| last + SILENT < now);
        if begins { members.div_ceil(limits::WINDOW as usize) } else { 1 }
    }

    /// In a room of so many.
    pub(crate) fn said(&mut self, number: Number, now: Time, members: usize) {
        if self.begins(now) {
            self.window = self.window.min(share(members)).min(1.);
        }
        self.away.retain(|(_, at)| *at + limits::ECHO > now);
        self.away.push_back((number, now));
    }

    /// What was said before it comes no more.
    pub(crate) fn came_back(&mut self, number: Number, now: Time) {
        let flight = self.away.len();
        while let Some(&(other, at)) = self.away.front()
            && other <= number
        {
            self.away.pop_front();
            if other == number {
                let took = now.saturating_sub(at);
                self.back = Some((now, took));
                self.follow(took, flight as f64);
            }
        }
    }

    /// Somebody has it, and what was said before: if the server doesn't bring that soon it was lost
    /// on the way back.
    pub(crate) fn arrived(&mut self, number: Number, now: Time) {
        self.away.retain(|(other, at)| *other > number || now < *at + TARGET);
    }

    fn follow(&mut self, took: Time, flight: f64) {
        self.base = self.base.min(took);
        let (window, waited) = (self.window, took - self.base);
        let off = 1. - waited.div_duration_f64(TARGET);
        self.window = if off >= 0. {
            let step = if window < 1. { STEP } else { 1. };
            // One that isn't made use of says nothing about a larger one.
            (window + off * step).min(window.max(flight + 1.))
        } else {
            // All of one window together take half of it away, at most.
            let part = (-off).min(1.) / 2. / window.max(1.);
            (window * (1. - part)).max(LEAST)
        };
    }

    /// What hasn't come back won't: this is another connection.
    pub(crate) fn restart(&mut self) {
        self.away.clear();
        (self.back, self.base) = (None, Time::MAX);
        self.window = f64::from(limits::WINDOW);
    }

    /// Another's frame came.
    pub(crate) fn heard(&mut self, now: Time) {
        self.heard = now;
    }

    /// Until when what is said now waits for more, unless that fills a frame: none if nothing is on
    /// its way.
    pub(crate) fn gathers_until(&self) -> Option<Time> {
        self.away.back().map(|(_, said)| *said + limits::COALESCE)
    }

    /// Until when what is said now waits, although it fills a frame: none if that fits into the
    /// window, and in a room of so many into this one's share.
    pub(crate) fn waits_until(&self, members: usize) -> Option<Time> {
        let most = self.window.min(share(members).max(limits::LEAST_WINDOW));
        if let Some((_, oldest)) = self.away.front() {
            let fits = self.away.len() as f64 + 1. <= most;
            return (!fits).then(|| *oldest + limits::ECHO);
        }
        let pause = |took: Time| took.min(TARGET).mul_f64((1. / most - 1.).max(0.));
        let is_quiet = |at: Time| at.max(self.heard) + self.quiet() + self.later;
        self.back.map(|(at, took)| (at + pause(took)).min(is_quiet(at)))
    }

    /// Whoever speaks would have been heard within that.
    fn quiet(&self) -> Time {
        self.base.clamp(TARGET / 32, TARGET)
    }
}

/// Each one's part of the room's window, in frames.
fn share(members: usize) -> f64 {
    f64::from(limits::WINDOW) / members as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cmp::Reverse, collections::BinaryHeap};

    const MILLI: Time = Time::from_millis(1);

    fn new() -> Congestion {
        Congestion::new(NodeId([0; 10]))
    }

    /// Says a frame whenever it may, until so many came back, each after this time.
    fn speak(congestion: &mut Congestion, now: &mut Time, count: u64, took: Time, members: usize) {
        let first = congestion.away.back().map_or(1, |(number, _)| number.0 + 1);
        for number in first..first + count {
            *now = (*now).max(congestion.waits_until(members).unwrap_or(*now));
            congestion.heard(*now);
            congestion.said(Number(number), *now, members);
            *now += took;
            congestion.came_back(Number(number), *now);
        }
    }

    /// How many it may say at once.
    fn at_once(congestion: &Congestion, now: Time, members: usize) -> usize {
        let mut congestion = congestion.clone();
        let mut said = 0;
        while congestion.waits_until(members).is_none_or(|until| until <= now) {
            said += 1;
            congestion.said(Number(1000 + said), now, members);
        }
        usize::try_from(said).unwrap()
    }

    #[test]
    fn it_gathers_while_anything_is_on_its_way() {
        let mut congestion = new();
        assert_eq!(congestion.gathers_until(), None);
        let now = Time::from_secs(1);
        congestion.said(Number(1), now, 2);
        congestion.said(Number(2), now, 2);
        congestion.came_back(Number(1), now);
        assert_eq!(congestion.gathers_until(), Some(now + limits::COALESCE));
        congestion.came_back(Number(2), now);
        // One that was overtaken says nothing new.
        congestion.came_back(Number(1), now);
        assert_eq!(congestion.gathers_until(), None);
        congestion.said(Number(3), now, 2);
        congestion.restart();
        assert_eq!(congestion.gathers_until(), None);
    }

    #[test]
    fn what_others_have_is_not_waited_for() {
        let (now, members) = (Time::from_secs(5), 10);
        let mut congestion = new();
        (1..=3).for_each(|number| congestion.said(Number(number), now, members));
        let soon = now + TARGET;
        congestion.arrived(Number(3), soon - MILLI);
        congestion.arrived(Number(2), soon);
        assert_eq!(congestion.waits_until(members), Some(now + limits::ECHO));
        congestion.arrived(Number(3), soon);
        assert_eq!(congestion.waits_until(members), None);
        assert_eq!(at_once(&congestion, now, members), 1, "nothing is known of the delay");
    }

    #[test]
    fn the_first_goes_at_once_and_the_next_when_it_is_back_or_lost() {
        let (now, members) = (Time::from_secs(5), 10);
        let mut congestion = new();
        assert_eq!(at_once(&congestion, now, members), 1);
        congestion.said(Number(1), now, members);
        assert_eq!(congestion.waits_until(members), Some(now + limits::ECHO));
        congestion.said(Number(2), now + limits::ECHO, members);
        congestion.came_back(Number(2), now + limits::ECHO + MILLI);
        assert_eq!(at_once(&congestion, now + limits::ECHO + MILLI, members), 2);
    }

    #[test]
    fn what_comes_back_in_time_opens_the_window_as_far_as_it_is_made_use_of() {
        let mut congestion = new();
        let mut now = Time::ZERO;
        speak(&mut congestion, &mut now, 100, MILLI, 2);
        assert_eq!(at_once(&congestion, now, 2), 2, "one at a time needs no larger one");
        for round in 0..40 {
            let numbers = 200 + 100 * round..;
            let said: Vec<_> = numbers.take(at_once(&congestion, now, 1)).map(Number).collect();
            said.iter().for_each(|number| congestion.said(*number, now, 1));
            now += MILLI;
            said.iter().for_each(|number| congestion.came_back(*number, now));
        }
        for (members, share) in [(1, 32), (2, 16), (10, 3), (1000, 2)] {
            assert_eq!(at_once(&congestion, now, members), share, "{members}");
        }
    }

    #[test]
    fn what_comes_late_closes_it_and_whoever_has_but_a_part_of_a_frame_pauses() {
        let mut congestion = new();
        let mut now = Time::ZERO;
        speak(&mut congestion, &mut now, 1, MILLI, 10);
        speak(&mut congestion, &mut now, 3, MILLI + 2 * TARGET, 10);
        congestion.heard(now + TARGET);
        assert_eq!(congestion.waits_until(10), Some(now + TARGET), "half of the time");
        speak(&mut congestion, &mut now, 9, 9 * TARGET, 10);
        congestion.heard(now + TARGET * 9);
        assert_eq!(congestion.waits_until(10), Some(now + TARGET * 9 + TARGET / 32), "it is quiet");
        congestion.heard(now + TARGET * 63);
        assert_eq!(congestion.waits_until(10), Some(now + TARGET * 63));
        now += TARGET * 63;
        speak(&mut congestion, &mut now, 5, MILLI, 10);
        assert!(congestion.waits_until(10).unwrap() <= now + MILLI, "it opens as soon again");
    }

    #[test]
    fn whoever_begins_to_speak_again_begins_as_if_all_did() {
        for (members, pause) in [(200, 5.25), (32, 0.)] {
            let mut congestion = new();
            let mut now = Time::ZERO;
            speak(&mut congestion, &mut now, 20, MILLI, members);
            assert_eq!(at_once(&congestion, now, members), 2);
            now += TARGET + MILLI;
            assert_eq!(at_once(&congestion, now, members), 1);
            speak(&mut congestion, &mut now, 1, MILLI + TARGET, members);
            congestion.heard(now + TARGET * 9);
            assert_eq!(congestion.waits_until(members), Some(now + TARGET.mul_f64(pause)));
        }
    }

    #[test]
    fn what_all_say_first_is_together_as_much_as_the_window() {
        for (members, parts) in [(1, 1), (32, 1), (33, 2), (200, 7), (1024, 32)] {
            let (mut congestion, mut now) = (new(), Time::ZERO);
            speak(&mut congestion, &mut now, 1, MILLI, members);
            assert_eq!(congestion.speak(now, members), parts, "what comes in says nothing yet");
            assert_eq!(congestion.speak(now + SILENT, members), 1);
            assert_eq!(congestion.speak(now + 2 * SILENT + MILLI, members), parts);
        }
    }

    #[test]
    fn a_long_way_is_no_congestion() {
        let mut congestion = new();
        let mut now = Time::ZERO;
        speak(&mut congestion, &mut now, 9, 3 * TARGET, 10);
        assert_eq!(at_once(&congestion, now, 10), 2);
    }

    /// Everyone joins and then says as much as it may, and a server brings each frame to all of them
    /// in this time. Late in that, the longest that a frame took, and for which part of the time the
    /// server had work.
    fn everyone_speaks(members: usize, work: Time) -> (Time, f64) {
        let (begun, end) = (Time::from_secs(300), Time::from_secs(600));
        let node = |n: usize| NodeId([u8::try_from(n % 256).unwrap(); 10]);
        let mut everyone: Vec<_> = (0..members).map(|n| Congestion::new(node(n))).collect();
        for congestion in &mut everyone {
            congestion.said(Number(0), Time::ZERO, 1);
            congestion.came_back(Number(0), work);
        }
        let mut events: BinaryHeap<_> =
            (0..members).map(|who| Reverse((Time::ZERO, who))).collect();
        let (mut free, mut longest, mut worked) = (Time::ZERO, Time::ZERO, Time::ZERO);
        for number in (1..).map(Number) {
            let Some(Reverse((now, who))) = events.pop() else { break };
            if now > end {
                break;
            }
            // When it says this, what it said before has come back.
            everyone[who].heard(free.min(now));
            let until = everyone[who].waits_until(members).unwrap_or(now);
            if until > now {
                events.push(Reverse((until, who)));
                continue;
            }
            everyone[who].said(number, now, members);
            free = free.max(now) + work;
            everyone[who].came_back(number, free);
            if now > begun {
                longest = longest.max(free - now);
                worked += work;
            }
            events.push(Reverse((free, who)));
        }
        (longest, worked.div_duration_f64(end - begun))
    }

    #[test]
    fn however_many_speak_little_is_on_its_way_and_the_server_has_work() {
        for (members, work, most) in [(10, 2, 1), (50, 10, 1), (200, 40, 4), (1000, 40, 10)] {
            let (longest, worked) = everyone_speaks(members, MILLI * work);
            assert!(longest < TARGET * most, "{members}: {longest:?}");
            assert!(worked > 0.9, "{members}: {worked}");
        }
    }
}
