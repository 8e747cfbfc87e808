//! The storm as data: what hits whom and when, and who talks when, drawn from one seed.

use chat_tests::proxy::{Direction, Fault};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{ops::Range, time::Duration};

/// A place at the table: a link to the server, and whoever uses it at the time.
pub(crate) type Seat = usize;

/// Something to do to the nodes, their links or their server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Action {
    Say(Seat),
    Inject(Seat, Fault),
    Heal(Seat),
    /// The process stops running, as it is (SIGSTOP).
    Pause(Seat),
    Resume(Seat),
    /// The node is killed; another joins in its place.
    Crash(Seat),
    /// The node leaves; another joins in its place.
    Leave(Seat),
    KillServer,
    RestartServer,
}

/// An action and its time since the storm began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) at: Duration,
    pub(crate) action: Action,
}

/// Seconds between two faults of a link, and of a process.
const LINK_PEACE: Range<f64> = 0.5..6.0;
const PROCESS_PEACE: Range<f64> = 4.0..40.0;
/// A server lives about this long, and at least two die.
const SERVER_LIFE: Duration = Duration::from_secs(40);

impl Action {
    /// The kind of fault that it begins, if it does.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Self::Inject(_, Fault::Cut) => "link cut",
            Self::Inject(_, Fault::Freeze) => "link frozen",
            Self::Inject(_, Fault::FreezeOneWay(_)) => "link frozen one way",
            Self::Inject(_, Fault::Throttle(_)) => "link throttled",
            Self::Inject(_, Fault::Delay { .. }) => "latency added",
            Self::Inject(_, Fault::Tear(_)) => "cut inside a line",
            Self::Pause(_) => "node paused",
            Self::Crash(_) => "node killed",
            Self::Leave(_) => "node left",
            Self::KillServer => "server killed",
            Self::Say(_) | Self::Heal(_) | Self::Resume(_) | Self::RestartServer => return None,
        })
    }
}

/// How bad a storm is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) seats: usize,
    /// Messages a second that each says.
    pub(crate) rate: f64,
    /// The time between two faults is so many times as long.
    pub(crate) peace: f64,
    pub(crate) length: Duration,
}

/// The steps of a storm, in order; every fault is over when it ends. In a quarter of the seats
/// nobody is killed or leaves.
pub(crate) fn draw(seed: u64, weather: Weather) -> Vec<Step> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut steps = server(&mut rng, weather.length);
    for seat in 0..weather.seats {
        steps.extend(link(&mut rng, seat, weather));
        steps.extend(process(&mut rng, seat, weather));
        steps.extend(talk(&mut rng, seat, weather));
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// One death in each stretch of the storm.
fn server(rng: &mut StdRng, length: Duration) -> Vec<Step> {
    let deaths = u32::try_from(length.as_secs() / SERVER_LIFE.as_secs()).unwrap_or(u32::MAX);
    let deaths = deaths.max(2);
    let stretch = length / deaths;
    let mut steps = Vec::new();
    for begin in (0..deaths).map(|death| stretch * death) {
        let at = begin + stretch.mul_f64(rng.random_range(0.1..0.8));
        let outage = seconds(rng, 0.2..4.0).min(begin + stretch - at);
        steps.extend(fault(at, outage, Action::KillServer, Action::RestartServer));
    }
    steps
}

/// One fault after the other on one link, with a little peace in between.
fn link(rng: &mut StdRng, seat: Seat, weather: Weather) -> Vec<Step> {
    let Weather { peace, length, .. } = weather;
    let mut steps = Vec::new();
    let mut at = seconds(rng, LINK_PEACE).mul_f64(peace);
    while at < length {
        let (injected, lasts) = link_fault(rng);
        let lasts = lasts.min(length - at);
        steps.extend(fault(at, lasts, Action::Inject(seat, injected), Action::Heal(seat)));
        at += lasts + seconds(rng, LINK_PEACE).mul_f64(peace);
    }
    steps
}

fn link_fault(rng: &mut StdRng) -> (Fault, Duration) {
    let direction = if rng.random() { Direction::ToServer } else { Direction::ToNode };
    match rng.random_range(0..6) {
        0 => (Fault::Cut, seconds(rng, 0.5..15.0)),
        1 => (Fault::Freeze, seconds(rng, 0.5..15.0)),
        2 => (Fault::FreezeOneWay(direction), seconds(rng, 0.5..15.0)),
        3 => (Fault::Throttle(rng.random_range(10_000..40_000)), seconds(rng, 2.0..15.0)),
        4 => {
            let base = Duration::from_millis(rng.random_range(10..150));
            let jitter = Duration::from_millis(rng.random_range(10..150));
            (Fault::Delay { base, jitter }, seconds(rng, 2.0..15.0))
        }
        // It waits for something to be torn.
        _ => (Fault::Tear(direction), seconds(rng, 1.0..3.0)),
    }
}

/// Pauses, crashes and departures in one seat.
fn process(rng: &mut StdRng, seat: Seat, weather: Weather) -> Vec<Step> {
    let Weather { seats, peace, length, .. } = weather;
    let stays = seat < seats / 4;
    let mut steps = Vec::new();
    let mut at = seconds(rng, PROCESS_PEACE).mul_f64(peace);
    while at < length {
        match rng.random_range(0..4) {
            0 if !stays => steps.push(Step { at, action: Action::Crash(seat) }),
            1 if !stays => steps.push(Step { at, action: Action::Leave(seat) }),
            _ => {
                let lasts = seconds(rng, 1.0..8.0).min(length - at);
                steps.extend(fault(at, lasts, Action::Pause(seat), Action::Resume(seat)));
                at += lasts;
            }
        }
        at += seconds(rng, PROCESS_PEACE).mul_f64(peace);
    }
    steps
}

fn talk(rng: &mut StdRng, seat: Seat, weather: Weather) -> Vec<Step> {
    let Weather { rate, length, .. } = weather;
    let mut steps = Vec::new();
    let mut at = Duration::ZERO;
    loop {
        at += seconds(rng, 0.0..2.0 / rate);
        if at >= length {
            return steps;
        }
        steps.push(Step { at, action: Action::Say(seat) });
    }
}

fn fault(at: Duration, lasts: Duration, begin: Action, end: Action) -> [Step; 2] {
    [Step { at, action: begin }, Step { at: at + lasts, action: end }]
}

fn seconds(rng: &mut StdRng, range: Range<f64>) -> Duration {
    Duration::from_secs_f64(rng.random_range(range))
}

#[test]
fn a_seed_draws_the_same_storm_again_with_every_kind_of_fault_ended_in_it() {
    let length = Duration::from_secs(120);
    let weather = Weather { seats: 10, rate: 2.5, peace: 1.0, length };
    let steps = draw(7, weather);
    assert_eq!(steps, draw(7, weather));
    assert_ne!(steps, draw(8, weather));
    assert!(steps.iter().all(|step| step.at <= length));
    let kinds: std::collections::HashSet<_> =
        steps.iter().filter_map(|step| step.action.kind()).collect();
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    let stays = |seat| {
        let goes = [Action::Crash(seat), Action::Leave(seat)];
        !steps.iter().any(|step| goes.contains(&step.action))
    };
    assert_eq!([0, 1, 2].map(stays), [true, true, false]);
    let count = |wanted: Action| steps.iter().filter(|step| step.action == wanted).count();
    assert_eq!(count(Action::KillServer), 3);
    assert_eq!(count(Action::RestartServer), 3);
}
