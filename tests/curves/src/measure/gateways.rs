//! A process with many rooms on one connection, in which nothing is said: of its own alone, then of
//! more members, all of them here.

use super::gateway::open;
use crate::{
    Failure,
    model::Model,
    picture::{Chart, Picture, Point, Series},
    process::{Process, busy},
};
use chat_tests::Server;
use std::time::Duration;
use tokio::time::sleep;

const ROOMS: [usize; 5] = [1, 30, 100, 300, 1000];
const MEMBERS: [usize; 5] = [2, 5, 10, 20, 40];
/// Of each size as many rooms as so many members fill.
const NODES: usize = 400;
/// Until what coming in takes is free again, and keys are replaced.
const SETTLE: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_secs(20);

async fn sweep() -> Result<Picture, Failure> {
    let server = Server::start();
    let gateways = [server.connect().await];
    let process = Process::this();
    let mut memory = Series::new("rooms of one", Model::Linear);
    let mut resting = memory.clone();
    let mut opened = 0;
    for rooms in ROOMS {
        while opened < rooms {
            open(&gateways, 1).await?;
            opened += 1;
        }
        sleep(SETTLE).await;
        let [spent] = busy([&process], REST).await?;
        memory.points.push(Point::new(rooms, process.memory()?));
        // What takes less than a tick can't be told from nothing.
        resting.points.extend((spent > 0.0).then(|| Point::new(rooms, spent)));
    }
    let mut node = Series::new("a node in a room", Model::Linear);
    for members in MEMBERS {
        let before = process.memory()?;
        for _ in 0..NODES / members {
            open(&gateways, members).await?;
        }
        sleep(SETTLE).await;
        node.points.push(Point::new(members, (process.memory()? - before) * 1024.0 / NODES as f64));
    }
    let charts = vec![
        Chart::new("memory, MiB", "rooms", vec![memory]),
        Chart::new("at rest, % of a processor", "rooms", vec![resting]),
        Chart::new("memory, KiB", "members of a room", vec![node]),
    ];
    Ok(Picture { title: "A process with many rooms".into(), charts })
}

pub(crate) fn measure() -> Result<Picture, Failure> {
    tokio::runtime::Runtime::new()?.block_on(sweep())
}
