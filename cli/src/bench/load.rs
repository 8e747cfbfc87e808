//! The load: some say as much as they can, or a message every so often; the others hear.

use super::{
    heard::{Faults, Heard},
    mark::Mark,
    member::{Ear, Voice},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, interval_at, sleep},
};

/// So many times in a row nothing was heard before what is missing is taken for lost: looked for
/// this often, where this process runs at all.
const SILENT_LOOKS: u32 = 15;
const LISTEN: Duration = Duration::from_secs(1);
/// Between two looks whether the slowest has caught up.
const LOOK: Duration = Duration::from_micros(100);

/// How much is said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Since when the times of all marks count: what was said under an earlier load is told by it.
    pub(crate) origin: Instant,
    /// Bytes of a message.
    pub(crate) payload: usize,
    /// For how long.
    pub(crate) lasting: Duration,
    /// A message each so often; none: as fast as can be.
    pub(crate) every: Option<Duration>,
    /// So many of one author's may be on their way; none: the author's own flow control decides.
    pub(crate) window: Option<u64>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Messages heard, in all.
    pub(crate) deliveries: u64,
    /// From the first said until the last heard.
    pub(crate) took: Duration,
    /// How long each was on its way, sorted; none where all said what they could.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) faults: Faults,
}

/// How much each author has said, once it ended.
type Said = Vec<Option<u64>>;

/// How much each ear heard of each author.
type Counts = Arc<Vec<Vec<AtomicU64>>>;

/// Lets the first voices say it, and all ears hear.
pub(crate) async fn run<V: Voice, E: Ear>(
    voices: &mut Vec<V>,
    ears: &mut Vec<E>,
    senders: usize,
    load: Load,
) -> Outcome {
    let Load { origin, .. } = load;
    let begun = origin.elapsed();
    let (told, said) = watch::channel::<Said>(vec![None; senders]);
    let told = Arc::new(told);
    let count = |_| (0..senders).map(|_| AtomicU64::new(0)).collect();
    let counts: Counts = Arc::new((0..ears.len()).map(count).collect());
    let mut hearing = JoinSet::new();
    for (own, ear) in ears.drain(..).enumerate() {
        let heard = Heard::of(senders, load.every.is_some());
        let since = (origin, begun);
        hearing.spawn(hear(ear, own, since, heard, said.clone(), counts.clone()));
    }
    let mut saying = JoinSet::new();
    for (sender, voice) in voices.drain(..senders).enumerate() {
        saying.spawn(say(voice, sender, load, told.clone(), counts.clone()));
    }
    let mut back = saying.join_all().await;
    back.sort_by_key(|(sender, _)| *sender);
    voices.splice(..0, back.into_iter().map(|(_, voice)| voice));
    let mut heard = hearing.join_all().await;
    heard.sort_by_key(|(own, ..)| *own);
    let mut outcome = Outcome::default();
    for (_, ear, mut heard, last) in heard {
        ears.push(ear);
        outcome.deliveries += heard.messages();
        outcome.took = outcome.took.max(last.saturating_sub(begun));
        outcome.latencies.append(&mut heard.latencies);
        outcome.faults += heard.faults;
    }
    outcome.latencies.sort_unstable();
    outcome
}

async fn say<V: Voice>(
    mut voice: V,
    sender: usize,
    load: Load,
    told: Arc<watch::Sender<Said>>,
    counts: Counts,
) -> (usize, V) {
    let begun = Instant::now();
    let mut number = 0;
    let mut ticks = load.every.map(|every| interval_at(begun + every, every));
    while begun.elapsed() < load.lasting {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        if let Some(window) = load.window
            && number % (window / 4).max(1) == 0
        {
            while number >= window + slowest(&counts, sender) && begun.elapsed() < load.lasting {
                sleep(LOOK).await;
            }
        }
        let mark = Mark { sender, number, at: load.origin.elapsed() };
        if !voice.say(mark.message(load.payload)).await {
            break;
        }
        number += 1;
    }
    told.send_modify(|said| said[sender] = Some(number));
    (sender, voice)
}

/// How much of this author the slowest of the others has heard.
fn slowest(counts: &Counts, sender: usize) -> u64 {
    let others = counts.iter().enumerate().filter(|(own, _)| *own != sender);
    others.map(|(_, counts)| counts[sender].load(Ordering::Relaxed)).min().unwrap_or(u64::MAX / 2)
}

/// Hears until all was heard that was said since it began, or nothing more comes; when the last
/// came.
async fn hear<E: Ear>(
    mut ear: E,
    own: usize,
    (origin, begun): (Instant, Duration),
    mut heard: Heard,
    mut said: watch::Receiver<Said>,
    counts: Counts,
) -> (usize, E, Heard, Duration) {
    let (mut last, mut all) = (Duration::ZERO, None::<Vec<u64>>);
    let mut looks = interval(LISTEN);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0;
    loop {
        if all.as_ref().is_some_and(|all| heard.is_complete(all, own)) {
            break;
        }
        tokio::select! {
            biased;
            next = ear.hear() => match next {
                Some(mark) if mark.at < begun => {}
                Some(mark) => {
                    (last, silent) = (origin.elapsed(), 0);
                    heard.hear(mark, last);
                    if let Some(count) = counts[own].get(mark.sender) {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
                None => break,
            },
            _ = looks.tick() => {
                silent += 1;
                if silent > SILENT_LOOKS {
                    break;
                }
            }
            // Asked only where nothing waits to be heard: it takes as long as there are senders.
            _ = said.changed(), if all.is_none() => {
                all = said.borrow_and_update().iter().copied().collect();
            }
        }
    }
    let all: Vec<u64> = said.borrow().iter().map(|said| said.unwrap_or_default()).collect();
    heard.end(&all, own);
    (own, ear, heard, last)
}
