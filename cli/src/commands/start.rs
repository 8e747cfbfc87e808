//! `chat start`: open a discussion and enter it.

use crate::{
    embedded,
    failure::{self, Code, Failure},
    globals::Globals,
    progress::while_waiting,
    session::{Session, Stay},
};
use chat_director::DirectorClient;
use chat_node::{Entry, Opening, Room, RoomAddress};
use chat_protocol::{
    Invite,
    director::{OpenRequest, Visibility, clean_topic},
    invite::Secret,
};

/// Arguments of `chat start`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What the discussion is about
    topic: Option<String>,
    /// List it for everyone on this server; without this only the invite lets anyone in
    #[arg(long)]
    public: bool,
    /// Not encrypted: readable by anyone on the server, for classes and debugging
    #[arg(long)]
    clear: bool,
    /// Joiners hear from their joining on, as on the phone
    #[arg(long)]
    no_history: bool,
    /// How many fit
    #[arg(long, value_name = "N", value_parser = capacity)]
    capacity: Option<u32>,
    #[command(flatten)]
    stay: Stay,
}

fn capacity(text: &str) -> Result<u32, String> {
    let wanted = text.parse().ok().filter(|wanted| (1..=1024).contains(wanted));
    wanted.ok_or_else(|| "write a number from 1 to 1024".into())
}

const EXAMPLES: &str = "\
Examples:
  chat start \"lunch?\"                    private: pass on the invite it prints
  chat start --public --capacity 8 go    listed by `chat rooms`
  chat start --clear clocks              for a class: `chat watch` shows what is said
  make 2>&1 | chat start \"the build\"     says each line, then leaves
  chat start --json --stay               for programs";

pub(crate) async fn run(args: Args, globals: Globals) -> Result<(), Failure> {
    let settings = embedded::ensure(globals.settings()?).await?;
    let connection = globals.connect(&settings).await?;
    let history = !args.no_history;
    let topic = args.topic.as_deref().and_then(clean_topic);
    let visibility = if args.public { Visibility::Public } else { Visibility::Private };
    let secret = RoomAddress::Private(invite(history, args.clear)?);
    let request = OpenRequest {
        room: (!args.public).then(|| secret.room()),
        visibility,
        // A private room's topic stays inside the room.
        topic: topic.clone().filter(|_| args.public),
        capacity: args.capacity,
        history,
        sealed: !args.clear,
    };
    let director = DirectorClient::new(connection.clone());
    let opening = director.open(&request);
    let opened = while_waiting("waiting for the director", opening).await;
    let opened = opened.map_err(|error| failure::director(error, &connection.server))?;
    let let_in = director.let_in(&opened).await;
    let_in.map_err(|error| failure::director(error, &connection.server))?;
    let entry = Entry {
        address: if args.public { RoomAddress::Public(opened.room) } else { secret },
        opening: Opening::Found,
        nick: globals.nick(),
        topic,
        history: Some(history),
        capacity: args.capacity,
        visibility,
        sealed: !args.clear,
    };
    let room = Room::enter(connection.clone(), entry).await?;
    Session::new(&globals, &connection, args.stay)?.run(room).await
}

/// A new room's secret, from the operating system's randomness.
fn invite(history: bool, clear: bool) -> Result<Invite, Failure> {
    let secret = Secret::try_fill(getrandom::fill)
        .map_err(|error| Failure::new(Code::Other, format!("no randomness: {error}")))?;
    Ok(Invite { secret, clear, history })
}
