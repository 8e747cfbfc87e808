//! What a process takes, as Linux tells.

use crate::Failure;
use std::{fs, time::Duration};
use tokio::time::{Instant, sleep};

/// Of `USER_HZ`, which Linux has at 100.
const TICK: Duration = Duration::from_millis(10);

/// Some process.
#[derive(Clone, Debug)]
pub(crate) struct Process(String);

impl Process {
    /// This one.
    pub(crate) fn this() -> Self {
        Self("self".into())
    }

    /// That of an id.
    pub(crate) fn of(pid: u32) -> Self {
        Self(pid.to_string())
    }

    fn told(&self, file: &str) -> Result<String, Failure> {
        Ok(fs::read_to_string(format!("/proc/{}/{file}", self.0))?)
    }

    /// MiB that it holds.
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        let status = self.told("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
    }

    /// The time for which it ran so far.
    fn ran(&self) -> Result<Duration, Failure> {
        let stat = self.told("stat")?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
        let ticks: Result<Vec<u32>, _> =
            fields.split_whitespace().skip(11).take(2).map(str::parse).collect();
        Ok(TICK * ticks?.iter().sum::<u32>())
    }
}

/// Hundredths of a processor that each of them takes in the time to come.
pub(crate) async fn busy<const N: usize>(
    processes: [&Process; N],
    time: Duration,
) -> Result<[f64; N], Failure> {
    let ran = || {
        let all: Result<Vec<_>, _> = processes.iter().map(|process| process.ran()).collect();
        all
    };
    let (before, begun) = (ran()?, Instant::now());
    sleep(time).await;
    let (after, took) = (ran()?, begun.elapsed().as_secs_f64());
    Ok(std::array::from_fn(|which| (after[which] - before[which]).as_secs_f64() / took * 100.0))
}
