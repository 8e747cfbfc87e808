//! One server and up to 2,000 rooms of three on it, in which nothing is said: each room's members
//! are in three gateways, which share this process but no connection.

use super::gateway::open;
use crate::{
    Failure,
    model::Model,
    picture::{Chart, Picture, Point, Series},
    process::{Process, busy},
};
use chat_tests::Server;
use std::time::Duration;
use tokio::time::Instant;

const ROOMS: [usize; 7] = [1, 50, 100, 250, 500, 1000, 2000];
const MEMBERS: usize = 3;
/// Until what coming in takes is free again, and keys are replaced.
const SETTLE: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_secs(20);

async fn sweep() -> Result<Picture, Failure> {
    let server = Server::start();
    let mut gateways = Vec::new();
    for _ in 0..MEMBERS {
        gateways.push(server.connect().await);
    }
    let processes = [Process::of(server.pid()), Process::this()];
    let mut memory = ["server", "gateways"].map(|name| Series::new(name, Model::Linear));
    let mut resting = memory.clone();
    let mut coming = Series::new("to open one, and for two to come in", Model::Constant);
    let mut opened = 0;
    for rooms in ROOMS {
        let (begun, new) = (Instant::now(), rooms - opened);
        while opened < rooms {
            open(&gateways, MEMBERS).await?;
            opened += 1;
        }
        coming.points.push(Point::new(rooms, begun.elapsed().as_secs_f64() * 1e3 / new as f64));
        tokio::time::sleep(SETTLE).await;
        let spent = busy(processes.each_ref(), REST).await?;
        for which in 0..processes.len() {
            memory[which].points.push(Point::new(rooms, processes[which].memory()?));
            resting[which].points.push(Point::new(rooms, spent[which]));
        }
    }
    // What takes less than a tick can't be told from nothing.
    for series in &mut resting {
        series.points.retain(|point| point.value > 0.0);
    }
    let charts = vec![
        Chart::new("memory, MiB", "rooms of three", memory.into()),
        Chart::new("at rest, % of a processor", "rooms of three", resting.into()),
        Chart::new("time, ms", "rooms of three", vec![coming]),
    ];
    Ok(Picture { title: "One server, as there are more rooms on it".into(), charts })
}

pub(crate) fn measure() -> Result<Picture, Failure> {
    tokio::runtime::Runtime::new()?.block_on(sweep())
}
