//! Congestion: own frames that the server hasn't brought back yet, and how many may be.
//!
//! The server brings them in the order in which everyone gets all that is said, so how long one
//! takes shows what the room has said and not yet taken in. The window follows that delay as in
//! LEDBAT (RFC 6817, section 2.4.2). Below one frame it is a share of the time: who has said one
//! pauses, but no longer than anyone else is heard. Own frames then come too seldom to follow, so
//! that those of others count, too. And where many begin at once nobody knows the delay yet: they
//! begin with little, and go on one after the other.

use crate::overheard::Overheard;
use chat_engine::Time;
use chat_protocol::{
    Dot, NodeId, Number, VectorClock,
    limits::{self, ON_ITS_WAY as TARGET},
};
use std::collections::VecDeque;

/// A window below one frame grows by this each time, at most: many of them together take long to
/// show that they have grown too far.
const STEP: f64 = 0.25;
/// Who was silent for so long begins again, and so may everyone.
const SILENT: Time = Time::from_secs(60);
/// A smaller window would pause for longer than anyone waits.
const LEAST: f64 = 1. / 256.;
/// Another's frame counts as late by so many [`TARGET`]s at most.
const LATEST: f64 = 4.;
/// Of many who have begun to speak each goes on so much later than another, at least: full frames of
/// many at once are more than a server hands over before it cuts off who takes them slowly.
const TURN: Time = Time::from_millis(64);
/// Who is run so much later than it meant to be waits for a processor,
const LATE: Time = Time::from_millis(16);
/// and so often in a row, if it hears nothing meanwhile, is always late.
const LATE_LOOKS: u32 = 4;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Congestion {
    /// Own frames on their way, each with when it was said.
    away: VecDeque<(Number, Time)>,
    /// When the last was said.
    last: Option<Time>,
    /// When the last came back.
    back: Option<Time>,
    /// What one takes by now.
    way: Time,
    /// Which part of its pause was over then.
    paused: (f64, Time),
    /// When its user's last was said.
    spoke: Option<Time>,
    /// The shortest time that one took: the way itself, where nothing waits.
    base: Time,
    /// In frames.
    window: f64,
    overheard: Overheard,
    /// Since it began to speak in a large room, until it goes on: so many others were heard.
    before: Option<usize>,
    /// When it last told how long frames take: none, once that is too old to count.
    told: Option<Time>,
    /// When another's frame came last, or this node found that it could not have heard one.
    heard: Time,
    /// With something to say it meant to look then whether it is quiet.
    look: Option<Time>,
    /// How often in a row it was late for that.
    late: u32,
    /// Not all may take it to be quiet at the same time, nor go on: they would at once. Of the time in
    /// which they do, which part this one waits.
    later: f64,
}

impl Congestion {
    pub(crate) fn new(me: NodeId) -> Self {
        Self {
            away: VecDeque::new(),
            last: None,
            back: None,
            way: Time::ZERO,
            paused: (0., Time::ZERO),
            spoke: None,
            base: Time::MAX,
            window: f64::from(limits::WINDOW),
            overheard: Overheard::default(),
            before: None,
            told: None,
            heard: Time::ZERO,
            look: None,
            late: 0,
            later: f64::from(me.0[0]) / 256.,
        }
    }

    /// Whether nothing is known of the delay: that is soon old. Whoever begins to speak begins as if
    /// all did.
    fn begins(&self, now: Time) -> bool {
        self.away.is_empty() && self.back.is_none_or(|at| now > at + TARGET)
    }

    /// Its user has something to say: into so many parts a full frame is divided, in a room of so
    /// many. In large ones the first of all of them together are so little that who is slow to take
    /// them is not far behind when frames become full. A power of four, as sizes are that contents are
    /// padded to.
    pub(crate) fn speak(&mut self, now: Time, members: usize) -> usize {
        let last = self.spoke.replace(now);
        let begins = last.is_none_or(|last| last + SILENT < now) && share(members) < 1.;
        self.before = begins.then_some(0);
        let mut parts = 1;
        while begins && parts * (limits::FIRST as usize) < members {
            parts *= 4;
        }
        parts
    }

    /// In a room of so many.
    pub(crate) fn said(&mut self, number: Number, now: Time, members: usize) {
        if self.begins(now) {
            self.window = self.window.min(share(members)).min(1.);
        }
        self.away.retain(|(_, at)| *at + limits::ECHO > now);
        self.away.push_back((number, now));
        self.last = Some(now);
        self.paused.0 = 0.;
        self.look = None;
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
                self.back = Some(now);
                self.paused.1 = now;
                self.way = took.min(TARGET);
                self.follow(took, flight as f64);
            }
        }
    }

    /// Somebody has it, and what was said before: if the server doesn't bring that soon it was lost
    /// on the way back.
    pub(crate) fn arrived(&mut self, number: Number, now: Time) {
        let is_lost = |(other, at): &(Number, Time)| *other <= number && now >= *at + TARGET;
        if let Some((_, at)) = self.away.iter().rev().find(|away| is_lost(away)) {
            self.paused.1 = *at + TARGET;
        }
        self.away.retain(|away| !is_lost(away));
    }

    /// Another's frame was delivered, straight from its author.
    pub(crate) fn overheard(&mut self, dot: Dot, clock: &VectorClock, now: Time, members: usize) {
        if share(members) < 1.
            && let Some(waited) = self.overheard.hear(dot, clock, now)
        {
            self.others_waited(waited, now, members);
        }
    }

    /// One of another's was so long on its way. It counts a little, for there are many.
    fn others_waited(&mut self, waited: Time, now: Time, members: usize) {
        self.paused = (self.paused_until(now, members), now);
        self.before = self.before.map(|before| members.min(before + 1));
        self.told = Some(now);
        let base = if self.base == Time::MAX { Time::ZERO } else { self.base };
        self.way = (self.way * 3 + waited.max(base).min(limits::ECHO)) / 4;
        let off = 1. - waited.saturating_sub(base).div_duration_f64(TARGET);
        let part = 1. / members as f64;
        self.window = if off >= 0. {
            (self.window + off * part * share(members)).min(self.window.max(1.))
        } else {
            (self.window * (1. - part * (-off).min(LATEST) / 2.)).max(LEAST)
        };
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
        (self.last, self.back, self.base) = (None, None, Time::MAX);
        self.window = f64::from(limits::WINDOW);
        (self.overheard, self.before, self.look) = (Overheard::default(), None, None);
    }

    /// Another's frame came, or would not have been taken in.
    pub(crate) fn heard(&mut self, now: Time) {
        (self.heard, self.late) = (now, 0);
    }

    /// It has something to say. To a node that waits for a processor it is quiet all the time. Of
    /// whom nothing was told for long, it is as with one who begins to speak.
    pub(crate) fn look(&mut self, now: Time, members: usize) {
        if self.look.is_some_and(|look| look + LATE < now) && self.late < LATE_LOOKS {
            (self.heard, self.late) = (now, self.late + 1);
        }
        if self.told.is_some_and(|told| told + limits::ECHO < now) {
            self.heard_of_nobody(members);
        }
        self.look = self.back.map(|at| self.is_quiet(at));
    }

    /// Until when what is said now waits for more, unless that fills a frame: none if nothing is on
    /// its way, unless so much is said that a frame soon fills.
    pub(crate) fn gathers_until(&self, streams: bool) -> Option<Time> {
        let gathers = streams || !self.away.is_empty();
        self.last.filter(|_| gathers).map(|said| said + limits::COALESCE)
    }

    /// Until when what is said now waits, although it fills a frame: none if that fits into the
    /// window, and in a room of so many into this one's share.
    pub(crate) fn waits_until(&self, members: usize) -> Option<Time> {
        if let Some((_, oldest)) = self.away.front() {
            let most = self.window.min(share(members).max(limits::LEAST_WINDOW));
            let fits = self.away.len() as f64 + 1. <= most;
            return (!fits).then(|| *oldest + limits::ECHO);
        }
        let (over, then) = self.paused;
        let rest = self.pause(members).mul_f64(1. - over);
        let turn = self.turn().unwrap_or(Time::ZERO);
        self.back.map(|at| (then + rest).max(turn).min(self.is_quiet(at)))
    }

    /// When it goes on, having begun to speak with others: each at its own part of the time that all of
    /// them take.
    fn turn(&self) -> Option<Time> {
        let others = self.before? as f64;
        Some(self.last? + self.overheard.gap().max(TURN).mul_f64(others * self.later))
    }

    /// How long it pauses after a frame, as long as nothing changes. Whoever made up that all is slow
    /// would else keep a large room silent: a frame a second is said there in any case.
    fn pause(&self, members: usize) -> Time {
        let pause = self.way.mul_f64((1. / self.window - 1.).max(0.));
        if share(members) >= 1. { pause } else { pause.min(TARGET.mul_f64(members as f64)) }
    }

    /// What others' frames told of the delay is old.
    fn heard_of_nobody(&mut self, members: usize) {
        self.told = None;
        self.overheard = Overheard::default();
        self.way = self.way.min(TARGET);
        self.window = self.window.max(share(members).min(1.));
    }

    /// Which part of its pause is over by then.
    fn paused_until(&self, now: Time, members: usize) -> f64 {
        let (over, then) = self.paused;
        let (since, pause) = (now.saturating_sub(then), self.pause(members));
        match self.away.is_empty() {
            true if since >= pause => 1.,
            true => (over + since.div_duration_f64(pause)).min(1.),
            false => over,
        }
    }

    /// From when on it is quiet, if nothing is heard before: whoever speaks would have been. While one
    /// frame takes its time only few begin.
    fn is_quiet(&self, back: Time) -> Time {
        let least = self.base.clamp(TARGET / 32, TARGET).max(self.overheard.longest_gap());
        let later = TARGET.max(self.overheard.gap() * limits::WINDOW).mul_f64(self.later);
        back.max(self.heard) + least + later
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
    fn it_gathers_while_anything_is_on_its_way_or_much_is_said() {
        let mut congestion = new();
        let gathers =
            |congestion: &Congestion| [false, true].map(|it| congestion.gathers_until(it));
        assert_eq!(gathers(&congestion), [None; 2]);
        let now = Time::from_secs(1);
        let due = Some(now + limits::COALESCE);
        congestion.said(Number(1), now - MILLI, 2);
        congestion.said(Number(2), now, 2);
        congestion.came_back(Number(1), now);
        assert_eq!(gathers(&congestion), [due; 2]);
        congestion.came_back(Number(2), now);
        // One that was overtaken says nothing new.
        congestion.came_back(Number(1), now);
        assert_eq!(gathers(&congestion), [None, due]);
        congestion.said(Number(3), now, 2);
        congestion.restart();
        assert_eq!(gathers(&congestion), [None; 2]);
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
        congestion.heard(now + TARGET * 255);
        assert_eq!(congestion.waits_until(10), Some(now + TARGET * 255));
        now += TARGET * 255;
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
    fn where_many_begin_they_begin_with_little() {
        for (members, parts) in [(1, 1), (32, 1), (33, 16), (128, 16), (200, 64), (1024, 256)] {
            let (mut congestion, mut now) = (new(), Time::ZERO);
            speak(&mut congestion, &mut now, 1, MILLI, members);
            assert_eq!(congestion.speak(now, members), parts, "what comes in says nothing yet");
            assert_eq!(congestion.speak(now + SILENT, members), 1);
            assert_eq!(congestion.speak(now + 2 * SILENT + MILLI, members), parts);
        }
    }

    #[test]
    fn where_many_begin_each_goes_on_at_its_own_part_of_the_time_that_all_take() {
        for (members, later, turns) in [(200, 0, 0), (200, 64, 50), (200, 128, 100), (32, 128, 0)] {
            let (mut congestion, mut now) = (Congestion::new(NodeId([later; 10])), Time::ZERO);
            congestion.speak(now, members);
            speak(&mut congestion, &mut now, 1, MILLI, members);
            let begun = now - MILLI;
            for _ in 0..members {
                congestion.others_waited(Time::ZERO, now, members);
            }
            congestion.heard(now + TARGET * 999);
            let until = congestion.waits_until(members).unwrap();
            let turn = begun + TURN * turns;
            assert!((turn..turn + MILLI * 10).contains(&until), "{members} {later}: {until:?}");
            congestion.speak(now, members);
            assert_eq!(congestion.turn(), None, "afterwards the window says when");
        }
    }

    #[test]
    fn a_long_way_is_no_congestion() {
        let mut congestion = new();
        let mut now = Time::ZERO;
        speak(&mut congestion, &mut now, 9, 3 * TARGET, 10);
        assert_eq!(at_once(&congestion, now, 10), 2);
    }

    /// A frame of the room: when it was said, when everyone had it, and how long the server had work
    /// with it.
    struct Said {
        at: Time,
        came: Time,
        work: Time,
    }

    /// Everyone joins and then says as much as it may until the end, and a server brings each frame to
    /// all of them within the time that it takes then.
    fn everyone_speaks(members: usize, work: impl Fn(Time) -> Time, end: Time) -> Vec<Said> {
        let node = |n: usize| NodeId([u8::try_from(n % 256).unwrap(); 10]);
        let mut everyone: Vec<_> = (0..members).map(|n| Congestion::new(node(n))).collect();
        for congestion in &mut everyone {
            congestion.said(Number(0), Time::ZERO, 1);
            congestion.came_back(Number(0), work(Time::ZERO));
        }
        let mut events: BinaryHeap<_> =
            (0..members).map(|who| Reverse((Time::ZERO, who))).collect();
        let mut said: Vec<Said> = Vec::new();
        let (mut away, mut heard) = (vec![None; members], 0);
        while let Some(Reverse((now, who))) = events.pop() {
            if now > end {
                break;
            }
            while let Some(frame) = said.get(heard).filter(|frame| frame.came <= now) {
                let first = said.partition_point(|other| other.came <= frame.at);
                for one in &mut everyone {
                    if first < heard {
                        one.overheard.came_after(frame.came - said[heard - 1].came);
                    }
                    if share(members) < 1. {
                        one.others_waited(frame.came - said[first].came, frame.came, members);
                    }
                }
                heard += 1;
            }
            if let Some(number) = away[who].take() {
                everyone[who].came_back(number, now);
            }
            let free = said.last().map_or(Time::ZERO, |last| last.came);
            everyone[who].heard(free.min(now));
            let until = everyone[who].waits_until(members).unwrap_or(now);
            if until > now {
                // By then it may have become sooner, or later.
                events.push(Reverse((until.min(now + TARGET / 4), who)));
                continue;
            }
            let number = Number(said.len() as u64 + 1);
            // What is checked and signed once takes its time for a part of a frame, too.
            let parts = everyone[who].speak(now, members).min(8);
            everyone[who].said(number, now, members);
            away[who] = Some(number);
            let work = work(now) / u32::try_from(parts).unwrap();
            let came = free.max(now) + work;
            said.push(Said { at: now, came, work });
            events.push(Reverse((came, who)));
        }
        said
    }

    /// Of what was said from then on until then: the longest that a frame took, and for which part of
    /// the time the server had work.
    fn between(said: &[Said], from: u64, to: u64) -> (Time, f64) {
        let (from, to) = (Time::from_secs(from), Time::from_secs(to));
        let these = || said.iter().filter(|frame| (from..to).contains(&frame.at));
        let longest = these().map(|frame| frame.came - frame.at).max().unwrap();
        let worked = these().map(|frame| frame.work).sum::<Time>();
        (longest, worked.div_duration_f64(to - from))
    }

    #[test]
    fn however_many_speak_little_is_on_its_way_and_the_server_has_work() {
        for (members, work, most) in [(10, 2, 1), (50, 10, 1), (200, 40, 5), (1000, 40, 20)] {
            let said = everyone_speaks(members, |_| MILLI * work, Time::from_secs(600));
            let (longest, worked) = between(&said, 300, 590);
            assert!(longest < TARGET * most, "{members}: {longest:?}");
            assert!(worked > 0.9, "{members}: {worked}");
        }
    }

    #[test]
    fn where_all_is_slow_for_a_while_less_is_said_soon_and_soon_as_much_as_before() {
        let is_slow = |now: Time| (100..200).contains(&now.as_secs());
        let work = |now| if is_slow(now) { MILLI * 400 } else { MILLI * 40 };
        let said = everyone_speaks(200, work, Time::from_secs(300));
        for (from, to, most, least) in
            [(100, 160, 50, 0.3), (160, 200, 15, 0.8), (205, 300, 5, 0.9)]
        {
            let (longest, worked) = between(&said, from, to);
            assert!(longest < TARGET * most, "from {from} s: {longest:?}");
            assert!(worked > least, "from {from} s: {worked}");
        }
    }

    #[test]
    fn what_others_told_is_bounded_and_soon_forgotten() {
        let (mut congestion, mut now, members) = (new(), Time::from_secs(1), 40);
        for _ in 0..2 {
            speak(&mut congestion, &mut now, 1, MILLI, members);
            (0..1000).for_each(|_| congestion.others_waited(limits::ECHO * 9, now, members));
        }
        congestion.heard(now + TARGET * 999);
        let longest = TARGET * u32::try_from(members).unwrap();
        assert_eq!(congestion.waits_until(members), Some(now + longest));
        congestion.look(now + limits::ECHO, members);
        assert_eq!(congestion.waits_until(members), Some(now + longest));
        congestion.look(now + limits::ECHO + MILLI, members);
        assert!(congestion.waits_until(members) < Some(now + TARGET));
    }

    #[test]
    fn whoever_was_not_run_when_it_meant_to_be_has_not_found_it_quiet() {
        let (mut congestion, mut now, members) = (new(), Time::ZERO, 40);
        speak(&mut congestion, &mut now, 1, MILLI, members);
        speak(&mut congestion, &mut now, 9, 9 * TARGET, members);
        congestion.look(now, members);
        let quiet = now + TARGET / 32;
        assert_eq!(congestion.waits_until(members), Some(quiet));
        for (late, until) in [(LATE, quiet), (LATE + MILLI, quiet + LATE + MILLI + TARGET / 32)] {
            congestion.look(quiet + late, members);
            assert_eq!(congestion.waits_until(members), Some(until));
        }
        for n in 1..9 {
            let until = congestion.waits_until(members).unwrap();
            congestion.look(until + 2 * LATE, members);
            let is_quiet = congestion.waits_until(members) == Some(until);
            assert_eq!(is_quiet, n >= LATE_LOOKS, "always late, it says something all the same");
        }
    }

    #[test]
    fn what_others_had_not_heard_of_closes_a_large_rooms_window_and_what_they_had_opens_it() {
        for (members, follows) in [(32, false), (100, true)] {
            let (mut congestion, mut now) = (new(), Time::from_secs(1));
            speak(&mut congestion, &mut now, 1, MILLI, members);
            let begun = congestion.window;
            let mut closed = begun;
            let mut last = None;
            for n in 0..200 {
                now += TARGET / 10;
                let author = NodeId([u8::try_from(n % 50).unwrap(); 10]);
                let dot = Dot::new(author, Number(n / 50 + 1));
                let heard = last.replace(dot).filter(|_| n >= 100);
                let clock = heard.into_iter().chain([dot]).collect();
                congestion.overheard(dot, &clock, now, members);
                if n < 100 {
                    closed = congestion.window;
                }
            }
            assert_eq!(closed < begun * 0.9, follows, "{members}: {begun} {closed}");
            assert_eq!(congestion.window > closed, follows, "{members}: {closed}");
        }
    }
}
