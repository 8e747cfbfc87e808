//! What many rooms cost directors: rooms are announced as members do, and asked for as nodes do.
//!
//!     cargo run --release -p chat-director --example many_rooms -- \
//!         nats://127.0.0.1:4222 10000 target/release/chat-director
//!
//! No other director may be on that server. Announced rooms are counted by `$SRV.STATS`.

use chat_connect::{Connection, NatsArgs, Patience, Settings, connect};
use chat_director::DirectorClient;
use chat_protocol::{
    RoomId,
    director::{Announcement, AnnouncementKind, SERVICE, Visibility},
    envelope::VERSION,
    limits, subject,
};
use std::{
    error::Error,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, interval, sleep},
};

type Failure = Box<dyn Error + Send + Sync>;

/// Between two looks how many rooms a director knows.
const LOOK: Duration = Duration::from_millis(50);
/// For how long as much as possible is asked.
const ASKING: Duration = Duration::from_secs(5);
/// Who ask at the same time, each with a connection of its own.
const ASKERS: usize = 16;
/// Questions one after the other.
const QUESTIONS: usize = 2000;
const LISTS: usize = 200;
/// Of `USER_HZ`, which Linux has at 100.
const TICK: Duration = Duration::from_millis(10);

/// A director as a process; killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start(program: &str, url: &str) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        Ok(Self(command.args(["--server", url]).stderr(Stdio::null()).spawn()?))
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{file}", self.0.id()))?)
    }

    /// Resident memory in KiB.
    fn memory(&self) -> Result<u64, Failure> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.ok_or("no VmRSS")?.parse()?)
    }

    /// Processor time used so far.
    fn cpu(&self) -> Result<Duration, Failure> {
        let stat = self.proc("stat")?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
        let used: Result<Vec<u32>, _> =
            fields.split_whitespace().skip(11).take(2).map(str::parse).collect();
        Ok(TICK * used?.iter().sum::<u32>())
    }
}

fn room(number: usize) -> RoomId {
    let mut id = [0xAA; 16];
    id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    RoomId(id)
}

/// Announces all rooms every [`limits::ANNOUNCE`], evenly spread.
async fn announce(connection: Connection, rooms: usize) -> Result<(), Failure> {
    let mut ticks = interval(limits::ANNOUNCE / 1000);
    for number in (0..rooms).cycle() {
        if number % (rooms / 1000).max(1) == 0 {
            ticks.tick().await;
        }
        let announcement = Announcement {
            v: VERSION,
            kind: AnnouncementKind::Room,
            room: room(number),
            members: 3,
            visibility: Visibility::Public,
            topic: Some(format!("topic {number}")),
            capacity: None,
            history: true,
            sealed: true,
            closing: false,
            locked: false,
        };
        let payload = serde_json::to_vec(&announcement)?;
        connection.client().publish(subject::lobby(room(number)), payload.into()).await?;
    }
    Ok(())
}

/// How many rooms the director that answers knows.
async fn known(connection: &Connection) -> Option<u64> {
    let asked = format!("$SRV.STATS.{SERVICE}");
    let answer = connection.client().request(asked, "".into()).await.ok()?;
    let stats: serde_json::Value = serde_json::from_slice(&answer.payload).ok()?;
    stats["endpoints"][0]["data"]["rooms"].as_u64()
}

/// Waits until a director knows them all; how long it took.
async fn knows_all(connection: &Connection, rooms: usize) -> Duration {
    let begun = Instant::now();
    while known(connection).await != Some(rooms as u64) {
        sleep(LOOK).await;
    }
    begun.elapsed()
}

/// The median and the 99th percentile, in us.
fn percentiles(mut all: Vec<Duration>) -> [u128; 2] {
    all.sort_unstable();
    [50, 99].map(|percent| all[(all.len() * percent).div_ceil(100) - 1].as_micros())
}

/// Joins a second, by all askers together.
async fn joins_a_second(settings: &Settings, rooms: usize) -> Result<f64, Failure> {
    let mut askers = JoinSet::new();
    for asker in 0..ASKERS {
        let client = DirectorClient::new(connect(settings, "example", Patience::FailFast).await?);
        askers.spawn(async move {
            let (begun, mut asked) = (Instant::now(), 0_u32);
            while begun.elapsed() < ASKING {
                let number = asker * 7919 + asked as usize * 104_729;
                client.join(room(number % rooms)).await?;
                asked += 1;
            }
            Ok::<_, chat_director::DirectorError>(f64::from(asked) / begun.elapsed().as_secs_f64())
        });
    }
    let rates: Result<Vec<f64>, _> = askers.join_all().await.into_iter().collect();
    Ok(rates?.iter().sum())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, rooms, program] = &arguments[..] else {
        return Err("usage: many_rooms URL ROOMS CHAT-DIRECTOR".into());
    };
    let rooms: usize = rooms.parse()?;
    let args = NatsArgs { server: Some(url.clone()), ..NatsArgs::default() };
    let settings = Settings::resolve(&args)?;
    let connection = connect(&settings, "example", Patience::FailFast).await?;
    let client = DirectorClient::new(connection.clone());

    let first = Process::start(program, url)?;
    while known(&connection).await.is_none() {
        sleep(LOOK).await;
    }
    println!("no room: {} KiB", first.memory()?);
    tokio::spawn(announce(connect(&settings, "example", Patience::FailFast).await?, rooms));
    let took = knows_all(&connection, rooms).await;
    println!("{rooms} rooms: all known {:.1} s after the first was announced", took.as_secs_f64());
    println!("{rooms} rooms: {} KiB", first.memory()?);
    let (cpu, begun) = (first.cpu()?, Instant::now());
    sleep(2 * limits::ANNOUNCE).await;
    let used = (first.cpu()? - cpu).as_secs_f64() / begun.elapsed().as_secs_f64();
    println!("{rooms} rooms: {:.1} % of a processor at rest", used * 100.0);

    let mut joins = Vec::new();
    for question in 0..QUESTIONS {
        let begun = Instant::now();
        client.join(room(question * 104_729 % rooms)).await?;
        joins.push(begun.elapsed());
    }
    let mut lists = Vec::new();
    for _ in 0..LISTS {
        let begun = Instant::now();
        client.list().await?;
        lists.push(begun.elapsed());
    }
    let ([join, join_99], [list, list_99]) = (percentiles(joins), percentiles(lists));
    println!("join, one after the other: p50 {join} us, p99 {join_99} us");
    println!(
        "list of {}, one after the other: p50 {list} us, p99 {list_99} us",
        limits::LISTED_ROOMS
    );
    println!("one director: {:.0} joins/s", joins_a_second(&settings, rooms).await?);
    println!("one director: {} KiB", first.memory()?);

    drop(first);
    let again = Process::start(program, url)?;
    let took = knows_all(&connection, rooms).await;
    println!("killed and started: all known after {:.1} s", took.as_secs_f64());
    let _second = Process::start(program, url)?;
    sleep(limits::ANNOUNCE + LOOK).await;
    println!("two directors: {:.0} joins/s", joins_a_second(&settings, rooms).await?);
    drop(again);
    Ok(())
}
