//! How long it takes from nothing to the first of ten messages said before: to connect, to join,
//! and to be given it.
//!
//!     cargo run --release -p chat-node --example joins -- nats://127.0.0.1:4222 100

use chat_connect::{NatsArgs, Patience, Settings, connect};
use chat_node::{Command, Entry, Event, Opening, Room};
use chat_protocol::Invite;
use std::{error::Error, time::Duration};
use tokio::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

const SAID: usize = 10;

/// Takes what a room tells up to the first message; false if it ends before.
async fn is_told(room: &mut Room) -> bool {
    while let Some(event) = room.events.recv().await {
        if matches!(event, Event::Message(_)) {
            return true;
        }
    }
    false
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let usage = "joins URL TIMES";
    let (url, times) = (args.next().ok_or(usage)?, args.next().ok_or(usage)?.parse::<usize>()?);
    let times = times.max(1);
    let settings = Settings::resolve(&NatsArgs { server: Some(url), ..NatsArgs::default() })?;
    let hosts = connect(&settings, "example", Patience::FailFast).await?;
    let mut took = [const { Vec::new() }; 3];
    for _ in 0..times {
        let mut secret = [0; 20];
        getrandom::fill(&mut secret)?;
        let invite = Invite { secret: secret.into(), clear: false, history: true };
        let mut host =
            Room::enter(hosts.clone(), Entry::invited(&invite, Opening::Found, "example")).await?;
        for number in 0..SAID {
            host.commands.send(Command::Say(format!("message {number}"))).await?;
            is_told(&mut host).await;
        }

        let begun = Instant::now();
        let connection = connect(&settings, "example", Patience::FailFast).await?;
        took[0].push(begun.elapsed());
        let join = Opening::Join { patience: Duration::from_secs(10) };
        let mut room = Room::enter(connection, Entry::invited(&invite, join, "example")).await?;
        took[1].push(begun.elapsed());
        assert!(is_told(&mut room).await, "a joiner is told what was said");
        took[2].push(begun.elapsed());
    }
    for (what, took) in ["connected", "in the room", "told the first message"].iter().zip(&mut took)
    {
        took.sort_unstable();
        let (median, most) = (took[times / 2], took[times - 1]);
        println!("{what}: p50 {median:.2?}, p99 {:.2?}, most {most:.2?}", took[times * 99 / 100]);
    }
    Ok(())
}
