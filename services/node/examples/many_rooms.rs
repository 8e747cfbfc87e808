//! What rooms and members cost a process that has many of them on one connection, as a bot or a
//! gateway would: resident memory, and its processor while nothing is said.
//!
//!     cargo run --release -p chat-node --example many_rooms -- nats://127.0.0.1:4222 1000
//!
//! One room is of so many members as there are in `MEMBERS`, the others of this node alone.

use chat_connect::{Connection, NatsArgs, Patience, Settings, connect};
use chat_node::{Change, Entry, Event, Opening, Room, RoomAddress};
use chat_protocol::{Invite, director::Visibility};
use std::{collections::BTreeSet, error::Error, time::Duration};
use tokio::time::{Instant, sleep};

type Failure = Box<dyn Error + Send + Sync>;

const MEMBERS: usize = 40;
/// Between what is measured: what was allocated to come in is free again.
const SETTLE: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(10);
/// Of `USER_HZ`, which Linux has at 100.
const TICK: Duration = Duration::from_millis(10);

/// Resident memory of this process, in KiB.
fn resident() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let figure = line.and_then(|line| line.split_whitespace().next());
    Ok(figure.ok_or("no VmRSS in /proc/self/status")?.parse()?)
}

/// The time for which this process ran on a processor.
fn processor() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<_> = after_name.split_whitespace().collect();
    let ticks: u32 = fields[11].parse::<u32>()? + fields[12].parse::<u32>()?;
    Ok(TICK * ticks)
}

fn invite(number: usize) -> Result<Invite, Failure> {
    let mut secret = [0; 20];
    getrandom::fill(&mut secret)?;
    secret[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Ok(Invite { secret: secret.into(), clear: false, history: true })
}

async fn enter(
    connection: &Connection,
    invite: &Invite,
    opening: Opening,
) -> Result<Room, Failure> {
    let entry = Entry {
        address: RoomAddress::Private(invite.clone()),
        opening,
        nick: "gateway".into(),
        topic: None,
        history: Some(true),
        capacity: None,
        visibility: Visibility::Private,
        sealed: true,
    };
    Ok(Room::enter(connection.clone(), entry).await?)
}

/// Takes what a room tells until so many others are there.
async fn meets(room: &mut Room, others: usize) {
    let mut there = BTreeSet::new();
    while there.len() < others
        && let Some(event) = room.events.recv().await
    {
        if let Event::Member(member) = event
            && member.change == Change::Joined
            && member.node != room.node
        {
            there.insert(member.node);
        }
    }
}

/// Takes whatever all rooms tell for a while.
async fn let_pass(rooms: &mut [Room], time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        for room in &mut *rooms {
            while room.events.try_recv().is_some() {}
        }
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let usage = "many_rooms URL ROOMS";
    let (url, count) = (args.next().ok_or(usage)?, args.next().ok_or(usage)?.parse::<usize>()?);
    let settings = Settings::resolve(&NatsArgs { server: Some(url), ..NatsArgs::default() })?;
    let connection = connect(&settings, "many-rooms", Patience::FailFast).await?;

    let mut rooms = vec![enter(&connection, &invite(0)?, Opening::Found).await?];
    let_pass(&mut rooms, SETTLE).await;
    let alone = resident()?;
    println!("one room: {alone:.0} KiB resident");

    let begun = Instant::now();
    for number in 1..count {
        rooms.push(enter(&connection, &invite(number)?, Opening::Found).await?);
    }
    println!("{count} rooms opened in {:.1} s", begun.elapsed().as_secs_f64());
    let_pass(&mut rooms, SETTLE).await;
    let many = resident()?;
    let each = (many - alone) / (count - 1) as f64;
    println!("{count} rooms: {many:.0} KiB resident, {each:.1} KiB for each further one");
    let (before, since) = (processor()?, Instant::now());
    let_pass(&mut rooms, IDLE).await;
    let share = (processor()? - before).as_secs_f64() / since.elapsed().as_secs_f64();
    println!("with nothing said they take {:.1} % of a processor", share * 100.0);

    // Each of a room's members holds all the others, so their cost grows with the square.
    let crowd = invite(count)?;
    let mut members = vec![enter(&connection, &crowd, Opening::Found).await?];
    for _ in 1..MEMBERS {
        let join = Opening::Join { patience: Duration::from_secs(10) };
        members.push(enter(&connection, &crowd, join).await?);
    }
    for member in &mut members {
        meets(member, MEMBERS - 1).await;
    }
    let_pass(&mut members, SETTLE).await;
    let more = resident()? - many;
    let (nodes, others) = (MEMBERS as f64, (MEMBERS - 1) as f64);
    let per_member = (more / nodes - each) / others;
    println!(
        "{MEMBERS} members of one room in this process: {more:.0} KiB more, {per_member:.1} KiB \
         for each other member that a node knows"
    );
    Ok(())
}
