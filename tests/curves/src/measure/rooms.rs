//! One server and up to 2,000 rooms of three on it, in which nothing is said: each room's members
//! are in three gateways, which share this process but no connection.

use crate::{
    Failure,
    model::Model,
    picture::{Chart, Picture, Point, Series},
    process::{Process, busy},
};
use chat_connect::{Connection, NatsArgs, Patience, Settings, connect};
use chat_node::{Change, Entry, Event, Opening, Room, RoomAddress};
use chat_protocol::{Invite, director::Visibility};
use chat_tests::Server;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::Instant;

const ROOMS: [usize; 7] = [1, 50, 100, 250, 500, 1000, 2000];
const GATEWAYS: usize = 3;
/// Until what coming in takes is free again, and keys are replaced.
const SETTLE: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(10);

fn invite() -> Result<Invite, Failure> {
    let mut secret = [0; 20];
    getrandom::fill(&mut secret)?;
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

/// The first opens a room, and the others come in: until each has seen the others. What they are
/// told from then on is dropped.
async fn open(gateways: &[Connection]) -> Result<(), Failure> {
    let invite = invite()?;
    let mut members = Vec::new();
    for gateway in gateways {
        let opening = match members.is_empty() {
            true => Opening::Found,
            false => Opening::Join { patience: PATIENCE },
        };
        members.push(enter(gateway, &invite, opening).await?);
    }
    for mut member in members {
        let mut there = BTreeSet::new();
        while there.len() + 1 < gateways.len()
            && let Some(event) = member.events.recv().await
        {
            if let Event::Member(other) = event
                && other.change == Change::Joined
                && other.node != member.node
            {
                there.insert(other.node);
            }
        }
        tokio::spawn(async move {
            // Who has no commands any more leaves.
            let Room { commands: _commands, mut events, .. } = member;
            while events.recv().await.is_some() {}
        });
    }
    Ok(())
}

async fn sweep() -> Result<Picture, Failure> {
    let server = Server::start();
    let args = NatsArgs { server: Some(server.url()), ..NatsArgs::default() };
    let settings = Settings::resolve(&args)?;
    let mut gateways = Vec::new();
    for _ in 0..GATEWAYS {
        gateways.push(connect(&settings, "curves", Patience::FailFast).await?);
    }
    let processes = [Process::of(server.pid()), Process::this()];
    let mut memory = ["server", "gateways"].map(|name| Series::new(name, Model::Linear));
    let mut resting = memory.clone();
    let mut coming = Series::new("to open one, and for two to come in", Model::Constant);
    let mut opened = 0;
    for rooms in ROOMS {
        let (begun, new) = (Instant::now(), rooms - opened);
        while opened < rooms {
            open(&gateways).await?;
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
