//! One run from one seed, many runs, and what to do with one that fails.

use crate::{
    Violation, World,
    liar::Lie,
    log::Log,
    network::Weather,
    schedule::{self, Step},
};
use chat_engine::{Config, Time};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// How long the faults last.
const FAULTS: u64 = 60;
/// How long everything has to become equal after that.
const PATIENCE: u64 = 120;

/// What a seed stands for.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed.
    pub seed: u64,
    /// How many members lie.
    pub liars: usize,
    /// They lie about floors, too: those who believe it may miss what it hides.
    pub false_floors: bool,
    /// Groups that begin apart, each in a room of its own founding.
    pub founders: usize,
    /// At most so many honest processes at a time.
    pub most: usize,
    /// Signatures and JSON are real.
    pub real: bool,
    /// Clocks run at different rates from different origins.
    pub skew: bool,
    /// In the end everyone leaves, and someone comes too late.
    pub farewell: bool,
    /// Sizes of the engines.
    pub config: Config,
    /// The network while there are faults.
    pub weather: Weather,
    /// What happens when.
    pub steps: Vec<(Time, Step)>,
}

impl Setup {
    /// What a seed stands for: a third of the seeds have liars.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self::drawn(seed, seed % 3 == 2)
    }

    /// A run with a liar that gives joiners false floors.
    #[must_use]
    pub fn with_false_floors(seed: u64) -> Self {
        Self { false_floors: true, ..Self::drawn(seed, true) }
    }

    /// As [`Self::from_seed`], with or without liars.
    #[must_use]
    pub fn drawn(seed: u64, hostile: bool) -> Self {
        // The run draws from the seed, too: another stream.
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5EED_0F5C_4ED0_1E00);
        let mut pick = |of: &[usize]| of[rng.random_range(0..of.len())];
        let most = pick(&[3, 5, 8]);
        let config = Config {
            history: pick(&[0, 1, 1, 1, 1, 1]) == 1,
            page_frames: pick(&[64, 64, 5, 2]),
            transcript_frames: pick(&[10_000, 10_000, 60, 30]),
            waiting_frames: pick(&[1024, 64, 24]),
            full_clock_members: pick(&[32, 32, 0]),
            ..Config::default()
        };
        let weather = Weather {
            loss: [0.0, 0.02, 0.1, 0.3][pick(&[0, 1, 2, 3])],
            duplicates: [0.0, 0.05, 0.3][pick(&[0, 1, 2])],
            delay: Time::from_millis(pick(&[2, 20, 200]) as u64),
            walls: Vec::new(),
            backlog: pick(&[16, 200, 65_536]),
        };
        let founders = pick(&[1, 1, 1, 2]);
        // Real signatures cost as much as all the rest.
        let real = seed % 32 == 31;
        let skew = pick(&[0, 1]) == 1;
        let farewell = pick(&[0, 0, 0, 1]) == 1 && !hostile;
        // A flood takes longer to pass through small buffers than there is time.
        let whole = Config::default();
        let small =
            config.waiting_frames < whole.waiting_frames || config.page_frames < whole.page_frames;
        let floods = |lie: &Lie| matches!(lie, Lie::Flood | Lie::FloodBuffer);
        let mut lies = Lie::ALL.to_vec();
        lies.retain(|lie| hostile && !(small && floods(lie)));
        let steps = schedule::draw(&mut rng, FAULTS, most, &lies);
        Self {
            seed,
            liars: usize::from(hostile),
            false_floors: false,
            founders,
            most,
            real,
            skew,
            farewell,
            config,
            weather,
            steps,
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What didn't hold, if anything.
    pub violation: Option<Violation>,
    /// From the end of the faults until all transcripts were equal.
    pub convergence: Time,
    /// Frames said.
    pub frames: usize,
    /// Messages that processes received.
    pub arrived: u64,
    /// Dots given up.
    pub gaps: u64,
    /// The space-time log, where it was asked for.
    pub drawn: String,
}

/// Runs one setup. A panic is a violation, too.
#[must_use]
pub fn run(setup: &Setup, log: Log, lines: usize) -> Outcome {
    let mut world = World::new(setup.clone(), log);
    let mut convergence = Time::ZERO;
    let ran = catch_unwind(AssertUnwindSafe(|| convergence = live(&mut world)));
    if let Err(panic) = ran {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        world.fail("no panic", said.unwrap_or_default());
    }
    Outcome {
        violation: world.violation.take(),
        convergence,
        frames: world.truth.said().len(),
        arrived: world.arrived,
        gaps: world.gaps(),
        drawn: world.log.draw(lines),
    }
}

fn live(world: &mut World) -> Time {
    for founder in 0..world.setup.founders {
        world.enter(true, u8::try_from(founder).unwrap_or(0));
    }
    if world.setup.founders > 1 {
        world.weather.walls = vec![(0, 1), (1, 0)];
    }
    for _ in 0..world.setup.liars {
        world.enter_liar();
    }
    let mut looked = Time::ZERO;
    for (at, step) in world.setup.steps.clone() {
        world.run(at);
        if world.violation.is_some() {
            return Time::ZERO;
        }
        world.take_step(&step);
        if at > looked + Time::from_secs(5) {
            world.look_at_transcripts();
            looked = at;
        }
    }
    world.run(Time::from_secs(FAULTS));
    world.calm();
    let calm = world.now;
    let Some(convergence) = settle(world, calm) else { return Time::ZERO };
    world.look_at_transcripts();
    world.check_survival();
    if world.setup.liars == 0 {
        until(world, "L6 presence", World::misjudged);
        until(world, "L3 nothing waits for ever", World::restless);
        until(world, "L1 stays equal", World::unsettled);
    }
    if world.setup.farewell {
        farewell(world);
    }
    convergence
}

fn settle(world: &mut World, since: Time) -> Option<Time> {
    until(world, "L1 convergence", World::unsettled);
    world.violation.is_none().then(|| world.now - since)
}

fn until(world: &mut World, property: &'static str, why: impl Fn(&World) -> Option<String>) {
    let deadline = world.now + Time::from_secs(PATIENCE);
    while world.violation.is_none() {
        let Some(why) = why(world) else { return };
        if world.now >= deadline {
            return world.fail(property, why);
        }
        world.run(world.now + Time::from_millis(500));
    }
}

/// L5: everyone leaves; who comes then meets nobody.
fn farewell(world: &mut World) {
    for peer in world.members() {
        world.leave(peer);
        world.run(world.now + Time::from_secs(3));
        if world.violation.is_none() && !world.is_out(peer) {
            world.fail("leaving ends", format!("{peer} is still there"));
        }
    }
    if !world.honest().is_empty() || world.violation.is_some() {
        return;
    }
    let late = world.enter(false, 0);
    world.run(world.now + Time::from_secs(15));
    let peer = &world.peers[late];
    if peer.live || !peer.view.nobody {
        world.fail("L5 gone when empty", format!("{late} met someone"));
    }
}

/// Removes steps from a failing schedule as long as the same property fails (delta
/// debugging, Zeller and Hildebrandt, IEEE TSE 2002), for so long.
#[must_use]
pub fn shrink(setup: &Setup, property: &str, time: Duration) -> Setup {
    let begun = Instant::now();
    let fails = |setup: &Setup| {
        run(setup, Log::default(), 0).violation.is_some_and(|found| found.property == property)
    };
    let mut best = setup.clone();
    let mut chunk = best.steps.len().div_ceil(2);
    while chunk > 0 && begun.elapsed() < time {
        let mut from = 0;
        while from < best.steps.len() && begun.elapsed() < time {
            let mut fewer = best.clone();
            fewer.steps.drain(from..(from + chunk).min(best.steps.len()));
            if fails(&fewer) {
                best = fewer;
            } else {
                from += chunk;
            }
        }
        chunk /= 2;
    }
    best
}

/// What many runs came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Runs without a violation.
    pub passed: u64,
    /// The violations found, by seed.
    pub failed: BTreeMap<u64, Violation>,
    /// The slowest convergence and its seed.
    pub slowest: (Time, u64),
    /// Frames said in all.
    pub frames: u64,
    /// Messages received in all.
    pub arrived: u64,
    /// Dots given up in all.
    pub gaps: u64,
    /// Wall time.
    pub took: Duration,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, slowest: (slowest, seed), frames, arrived, gaps, took, .. } = self;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = *passed as f64 / took.as_secs_f64();
        write!(
            f,
            "{passed} seeds in {:.1} s ({rate:.0}/s), {frames} frames, {arrived} messages received, \
             {gaps} dots given up; slowest convergence {:.1} s (seed {seed})",
            took.as_secs_f64(),
            slowest.as_secs_f64()
        )
    }
}

/// Runs seeds on all cores until they are through, time is up, or so many have failed.
#[must_use]
pub fn run_seeds(
    seeds: std::ops::Range<u64>,
    time: Duration,
    failures: usize,
    setup: fn(u64) -> Setup,
) -> Report {
    let (begun, next) = (Instant::now(), AtomicU64::new(seeds.start));
    let failed = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    let work = || {
        let mut report = Report::default();
        while begun.elapsed() < time && failed.load(Ordering::Relaxed) < failures {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let outcome = run(&setup(seed), Log::default(), 0);
            failed.fetch_add(usize::from(outcome.violation.is_some()), Ordering::Relaxed);
            report.add(seed, &outcome);
        }
        report
    };
    let mut total = Report::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(report) => total.merge(report),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    total.took = begun.elapsed();
    total
}

impl Report {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        match &outcome.violation {
            Some(violation) => {
                self.failed.insert(seed, violation.clone());
            }
            None => self.passed += 1,
        }
        self.slowest = self.slowest.max((outcome.convergence, seed));
        self.frames += outcome.frames as u64;
        self.arrived += outcome.arrived;
        self.gaps += outcome.gaps;
    }

    fn merge(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.slowest = self.slowest.max(other.slowest);
        self.frames += other.frames;
        self.arrived += other.arrived;
        self.gaps += other.gaps;
    }
}
