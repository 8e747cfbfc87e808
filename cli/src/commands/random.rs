//! `chat random`: be put together with strangers.

use crate::{
    embedded,
    failure::{self, Failure},
    globals::Globals,
    progress::while_waiting,
    seeker::Seeker,
    session::{Outcome, Session, Stay},
};
use chat_connect::Connection;
use chat_director::DirectorClient;
use chat_node::{Command, EnterError, Entry, Opening, Reason, Room, RoomAddress};
use chat_protocol::{
    RoomId,
    director::{Assignment, Visibility},
};
use std::time::Duration;

/// Rooms that turn out to be empty are passed over, this often.
const TRIES: usize = 5;

/// Arguments of `chat random`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    stay: Stay,
}

const EXAMPLES: &str = "\
Examples:
  chat random                            whoever waits alone moves to where others are
  chat random --nick mole";

pub(crate) async fn run(args: Args, globals: Globals) -> Result<(), Failure> {
    let settings = embedded::ensure(globals.settings()?).await?;
    let connection = globals.connect(&settings).await?;
    let director = DirectorClient::new(connection.clone());
    let nick = globals.nick();
    let placing = place(&connection, &director, &nick);
    let mut room = while_waiting("looking for a discussion", placing).await?;
    let mut session = Session::new(&globals, &connection, args.stay)?;
    session.seek_company(Seeker::new(director.clone()));
    loop {
        let company = match session.stay_in(&mut room).await {
            Outcome::Closed(reason) => return session.end(reason).await,
            Outcome::Company(company) => company,
        };
        let nick = session.nick().unwrap_or(&nick);
        // The old room is left only once there is a place in the new one.
        if let Ok(Ok(entered)) = enter(&connection, &director, company, nick, Duration::ZERO).await
        {
            session.moved();
            abandon(std::mem::replace(&mut room, entered)).await;
        }
    }
}

/// Leaves a room where nobody is: nothing of it is shown.
async fn abandon(mut room: Room) {
    let _ = room.commands.send(Command::Leave(Reason::Left)).await;
    while room.events.recv().await.is_some() {}
}

/// A room with a place; the last resort is a new one.
async fn place(
    connection: &Connection,
    director: &DirectorClient,
    nick: &str,
) -> Result<Room, Failure> {
    let mut except: Vec<RoomId> = Vec::new();
    loop {
        let assignment = director.random(except.clone()).await;
        let mut assignment =
            assignment.map_err(|error| failure::director(error, &connection.server))?;
        assignment.opened |= except.len() >= TRIES;
        let room = assignment.room;
        // A room just opened for another stranger may have nobody in it for a moment.
        match enter(connection, director, assignment, nick, Duration::from_millis(600)).await? {
            Err(EnterError::Nobody | EnterError::Locked) => except.push(room),
            entered => return Ok(entered?),
        }
    }
}

/// Fails where the server doesn't let this node into any room; inside, where it can't enter this.
async fn enter(
    connection: &Connection,
    director: &DirectorClient,
    assignment: Assignment,
    nick: &str,
    patience: Duration,
) -> Result<Result<Room, EnterError>, Failure> {
    let let_in = director.let_in(&assignment).await;
    let_in.map_err(|error| failure::director(error, &connection.server))?;
    let entry = Entry {
        address: RoomAddress::Public(assignment.room),
        opening: if assignment.opened { Opening::Found } else { Opening::Join { patience } },
        nick: nick.to_owned(),
        topic: assignment.topic,
        history: Some(assignment.history),
        capacity: assignment.capacity,
        visibility: Visibility::Public,
        sealed: assignment.sealed,
    };
    Ok(Room::enter(connection.clone(), entry).await)
}
