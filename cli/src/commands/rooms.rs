//! `chat rooms`: list public discussions.

use crate::{
    failure::{self, Failure},
    globals::Globals,
    progress::while_waiting,
};
use chat_director::DirectorClient;
use chat_protocol::{director::ListedRoom, text};
use std::io::{self, Write};

/// Arguments of `chat rooms`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

const EXAMPLES: &str = "\
Examples:
  chat rooms
  chat rooms --json | jq -r '.rooms[].topic'";

pub(crate) async fn run(globals: Globals) -> Result<(), Failure> {
    let connection = globals.connect(&globals.settings()?).await?;
    let director = DirectorClient::new(connection.clone());
    let listing = while_waiting("waiting for the director", director.list()).await;
    let listing = listing.map_err(|error| failure::director(error, &connection.server))?;
    let mut out = io::stdout().lock();
    if globals.json {
        serde_json::to_writer(&mut out, &listing).map_err(io::Error::from)?;
        writeln!(out)?;
    } else if listing.rooms.is_empty() {
        writeln!(
            io::stderr(),
            "no public discussion at the moment; `chat start --public TOPIC` opens one"
        )?;
    } else {
        writeln!(out, "{:26}  members  age    topic", "room")?;
        for room in &listing.rooms {
            writeln!(out, "{}", line(room))?;
        }
    }
    Ok(())
}

fn line(room: &ListedRoom) -> String {
    let members = match room.capacity {
        Some(capacity) => format!("{}/{capacity}", room.members),
        None => room.members.to_string(),
    };
    let age = match room.age_s {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m", s / 60),
        s => format!("{}h", s / 3600),
    };
    let topic = room.topic.as_deref().map(|topic| text::one_line(topic, 80)).unwrap_or_default();
    format!("{}  {members:7}  {age:5}  {topic}", room.room)
}
