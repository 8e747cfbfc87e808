//! `chat random`: be put together with strangers.

use crate::{
    embedded,
    failure::{self, Failure},
    globals::Globals,
    progress::while_waiting,
    seeker::{self, Seeker},
    session::{Outcome, Session, Stay},
};
use chat_connect::Connection;
use chat_director::DirectorClient;
use chat_node::{Command, EnterError, Reason, Room};
use chat_protocol::RoomId;
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
    session.seek_company(Seeker::new(connection, director, nick));
    loop {
        match session.stay_in(&mut room).await {
            Outcome::Closed(reason) => return session.end(reason).await,
            // The old room is left only now that there is a place in the new one.
            Outcome::Company(entered) => {
                session.moved();
                tokio::spawn(abandon(std::mem::replace(&mut room, entered)));
            }
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
        match seeker::enter(connection, director, assignment, nick, Duration::from_millis(600))
            .await?
        {
            Err(EnterError::Nobody | EnterError::Locked) => except.push(room),
            entered => return Ok(entered?),
        }
    }
}
