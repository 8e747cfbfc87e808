//! Rooms whose members are all in this process, on one connection or several, as those of a bot or a
//! gateway are.

use crate::Failure;
use chat_connect::Connection;
use chat_node::{Change, Entry, Event, Opening, Room};
use chat_protocol::Invite;
use std::{collections::BTreeSet, time::Duration};

/// For a member that has a room open.
const PATIENCE: Duration = Duration::from_secs(10);

/// A private room of so many: the first opens it and the others come in, each through the next of
/// the gateways. Ends when each has seen the others; what they are told from then on is dropped.
pub(crate) async fn open(gateways: &[Connection], members: usize) -> Result<(), Failure> {
    let mut secret = [0; 20];
    getrandom::fill(&mut secret)?;
    let invite = Invite { secret: secret.into(), clear: false, history: true };
    let mut rooms = Vec::new();
    for gateway in gateways.iter().cycle().take(members) {
        let opening = match rooms.is_empty() {
            true => Opening::Found,
            false => Opening::Join { patience: PATIENCE },
        };
        rooms
            .push(Room::enter(gateway.clone(), Entry::invited(&invite, opening, "gateway")).await?);
    }
    for room in &mut rooms {
        meets(room, members - 1).await;
    }
    for room in rooms {
        tokio::spawn(drop_events(room));
    }
    Ok(())
}

/// Takes what it is told until so many others are there.
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

async fn drop_events(room: Room) {
    // Who has no commands any more leaves.
    let Room { commands: _commands, mut events, .. } = room;
    while events.recv().await.is_some() {}
}
