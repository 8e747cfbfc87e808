//! Directors, as there are more rooms: these are announced as members do, and asked for as nodes
//! do.

use crate::{
    Failure,
    model::Model,
    picture::{Chart, Picture, Point, Series},
    process::{Process, busy},
};
use chat_connect::Connection;
use chat_director::{DirectorClient, DirectorError};
use chat_protocol::{
    RoomId,
    director::{Announcement, AnnouncementKind, SERVICE, Visibility},
    envelope::VERSION,
    limits, subject,
};
use chat_tests::{Director, Server};
use std::time::Duration;
use tokio::{
    task::JoinSet,
    time::{Instant, interval, sleep},
};

/// Thousands; of fewer some would be full of all that ask.
const ROOMS: [usize; 4] = [1000, 3000, 10_000, 30_000];
/// Between two looks how many rooms a director knows.
const LOOK: Duration = Duration::from_millis(50);
/// For how long as much as possible is asked.
const ASKING: Duration = Duration::from_secs(5);
/// Who ask at the same time, each with a connection of its own.
const ASKERS: usize = 16;
const LISTS: usize = 200;

fn room(number: usize) -> RoomId {
    let mut id = [0xAA; 16];
    id[..8].copy_from_slice(&(number as u64).to_be_bytes());
    RoomId(id)
}

/// Announces all rooms every [`limits::ANNOUNCE`], evenly spread.
async fn announce(connection: Connection, rooms: usize) -> Result<(), Failure> {
    let mut ticks = interval(limits::ANNOUNCE / 1000);
    for number in (0..rooms).cycle() {
        if number % (rooms / 1000) == 0 {
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

/// Joins a second, by all askers together.
async fn joins_a_second(server: &Server, rooms: usize) -> Result<f64, Failure> {
    let mut askers = JoinSet::new();
    for asker in 0..ASKERS {
        let client = DirectorClient::new(server.connect().await);
        askers.spawn(async move {
            let (begun, mut asked) = (Instant::now(), 0_u32);
            while begun.elapsed() < ASKING {
                let number = asker * 7919 + asked as usize * 104_729;
                client.join(room(number % rooms)).await?;
                asked += 1;
            }
            Ok::<_, DirectorError>(f64::from(asked) / begun.elapsed().as_secs_f64())
        });
    }
    let rates: Result<Vec<f64>, _> = askers.join_all().await.into_iter().collect();
    Ok(rates?.iter().sum())
}

/// The median time of a list, in us.
async fn listing(connection: &Connection) -> Result<f64, Failure> {
    let client = DirectorClient::new(connection.clone());
    let mut all = Vec::new();
    for _ in 0..LISTS {
        let begun = Instant::now();
        client.list().await?;
        all.push(begun.elapsed());
    }
    all.sort_unstable();
    Ok(all[LISTS / 2].as_secs_f64() * 1e6)
}

/// What is measured for one number of rooms.
struct Cost {
    one: f64,
    two: f64,
    memory: f64,
    resting: f64,
    list: f64,
    learning: f64,
}

async fn cost(rooms: usize) -> Result<Cost, Failure> {
    let server = Server::start();
    let connection = server.connect().await;
    let announcing = tokio::spawn(announce(connection.clone(), rooms));
    let first = Director::start(&server.url());
    let begun = Instant::now();
    while known(&connection).await != Some(rooms as u64) {
        if announcing.is_finished() {
            return Err("the rooms are no longer announced".into());
        }
        sleep(LOOK).await;
    }
    let learning = begun.elapsed().as_secs_f64();
    let process = Process::of(first.pid());
    let [resting] = busy([&process], 2 * limits::ANNOUNCE).await?;
    let list = listing(&connection).await?;
    let one = joins_a_second(&server, rooms).await?;
    let memory = process.memory()?;
    let _second = Director::start(&server.url());
    sleep(limits::ANNOUNCE + LOOK).await;
    let two = joins_a_second(&server, rooms).await?;
    announcing.abort();
    Ok(Cost { one, two, memory, resting, list, learning })
}

async fn sweep() -> Result<Picture, Failure> {
    let mut joins = ["one director", "two"].map(|name| Series::new(name, Model::Constant));
    let mut memory = Series::new("a director", Model::Linear);
    let mut resting = Series::new("a director", Model::Linear);
    let mut list = Series::new("a list of 1000 at most", Model::Linear);
    let mut learning = Series::new("until a new director knows all rooms", Model::Constant);
    for rooms in ROOMS {
        let cost = cost(rooms).await?;
        joins[0].points.push(Point::new(rooms, cost.one));
        joins[1].points.push(Point::new(rooms, cost.two));
        memory.points.push(Point::new(rooms, cost.memory));
        resting.points.extend((cost.resting > 0.0).then(|| Point::new(rooms, cost.resting)));
        list.points.push(Point::new(rooms, cost.list / 1e3));
        learning.points.push(Point::new(rooms, cost.learning * 1e3));
    }
    let charts = vec![
        Chart::new("joins a second", "rooms", joins.into()),
        Chart::new("memory, MiB", "rooms", vec![memory]),
        Chart::new("at rest, % of a processor", "rooms", vec![resting]),
        Chart::new("time, ms", "rooms", vec![list, learning]),
    ];
    Ok(Picture { title: "Directors, as there are more rooms".into(), charts })
}

pub(crate) fn measure() -> Result<Picture, Failure> {
    tokio::runtime::Runtime::new()?.block_on(sweep())
}
