//! Ann, Bob and Cem talk; Cem is cut off in the middle and comes back. Everything is real:
//! three nodes with a connection each, Cem's through a cable that is cut.

use crate::{
    demo::Cable,
    failure::{self, Code, Failure},
    globals::Globals,
};
use chat_connect::{Connection, DEFAULT_SERVER, Settings};
use chat_director::DirectorClient;
use chat_node::{Closed, Command, ConnectionState, Entry, Event, Message, Opening, Reason, Room};
use chat_protocol::{Invite, NodeId, VectorClock, director::OpenRequest, invite::Secret};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// Each step must have happened by then.
const STEP: Duration = Duration::from_secs(20);

/// One of the three, and what it has seen.
struct Person {
    name: &'static str,
    room: Room,
    /// Renews the pass, where there is one.
    _director: DirectorClient,
    messages: Vec<Message>,
    connected: bool,
    agreed: (usize, usize),
    closed: Option<Closed>,
}

/// Plays the script, with so long a pause after each scene; fails where the three don't end
/// with the same transcript.
pub(crate) async fn play(
    globals: &Globals,
    settings: &Settings,
    pause: Duration,
) -> Result<(), Failure> {
    let cable = Cable::to(address(settings));
    let far = Settings { servers: Some(vec![url(&cable)?]), ..settings.clone() };
    tell("Ann opens a discussion; Bob and Cem join. Each is a node with a connection of its own.")?;
    let connection = globals.connect(settings).await?;
    let (invite, mut ann) = open(&connection).await?;
    let mut bob = join("bob", globals.connect(settings).await?, &invite).await?;
    let mut cem = join("cem", globals.connect(&far).await?, &invite).await?;
    let names: BTreeMap<NodeId, &str> = [&ann, &bob, &cem].map(|p| (p.room.node, p.name)).into();

    tell("\nEach answers the one before: the clock of an answer names what it answers.")?;
    ann.say("Shall we meet at noon?").await?;
    bob.hears(1).await?;
    bob.say("Noon is fine.").await?;
    cem.hears(2).await?;
    cem.say("I'll bring bread.").await?;
    for person in [&mut ann, &mut bob, &mut cem] {
        person.hears(3).await?;
    }
    for message in &ann.messages {
        tell(&line(message, &names))?;
    }

    sleep(pause).await;
    tell("\nCem's cable is cut. Both sides go on talking; what they say is concurrent.")?;
    cable.cut();
    cem.sees("the cut", |person| !person.connected).await?;
    ann.say("Who brings cheese?").await?;
    bob.hears(4).await?;
    bob.say("I do.").await?;
    cem.say("Is anybody there?").await?;
    ann.hears(5).await?;
    cem.hears(4).await?;
    tell(&format!(
        "ann has {} messages, bob {}, cem {}",
        ann.messages.len(),
        bob.messages.len(),
        cem.messages.len()
    ))?;

    sleep(pause).await;
    tell("\nThe cable heals: each asks the others for what it lacks, nothing else.")?;
    cable.heal();
    for person in [&mut ann, &mut bob, &mut cem] {
        person.hears(6).await?;
        let late = person.messages[3..]
            .iter()
            .filter(|m| m.origin.late || m.origin.via.is_some())
            .map(|m| line(m, &names));
        let late: Vec<_> = late.collect();
        if !late.is_empty() {
            tell(&format!("{} recovers:\n{}", person.name, late.join("\n")))?;
        }
    }
    cem.say("There you are.").await?;
    for person in [&mut ann, &mut bob, &mut cem] {
        person.hears(7).await?;
        person.sees("agreement", |person| person.agreed == (3, 3)).await?;
    }
    sleep(pause).await;
    let mut ended = Vec::new();
    for mut person in [ann, bob, cem] {
        let closed = person.leave().await?;
        transcript(&person, &closed, &names)?;
        ended.push(closed);
    }
    let equal = ended
        .windows(2)
        .all(|pair| pair[0].digest == pair[1].digest && pair[0].order == pair[1].order);
    if !equal {
        return Err(Failure::new(Code::Other, "the three transcripts differ: this is a bug"));
    }
    tell("\nThree equal digests. All have left: the discussion is gone.")
}

async fn open(connection: &Connection) -> Result<(Invite, Person), Failure> {
    let secret = Secret::try_fill(getrandom::fill)
        .map_err(|error| Failure::new(Code::Other, error.to_string()))?;
    let invite = Invite { secret, clear: false, history: true };
    let entry = Entry::invited(&invite, Opening::Found, "ann");
    let request = OpenRequest::private(entry.address.room());
    let director = DirectorClient::new(connection.clone());
    let failed = |error| failure::director(error, &connection.server);
    let opened = director.open(&request).await.map_err(failed)?;
    director.let_in(&opened).await.map_err(failed)?;
    let ann = Person::enter("ann", connection.clone(), director, entry).await?;
    Ok((invite, ann))
}

async fn join(
    name: &'static str,
    connection: Connection,
    invite: &Invite,
) -> Result<Person, Failure> {
    let director = DirectorClient::new(connection.clone());
    let opening = Opening::Join { patience: Duration::from_secs(3) };
    let entry = Entry::invited(invite, opening, name);
    let admitted = director.admit(entry.address.room()).await;
    admitted.map_err(|error| failure::director(error, &connection.server))?;
    Person::enter(name, connection, director, entry).await
}

impl Person {
    async fn enter(
        name: &'static str,
        connection: Connection,
        director: DirectorClient,
        entry: Entry,
    ) -> Result<Self, Failure> {
        let room = Room::enter(connection, entry).await?;
        Ok(Self {
            name,
            room,
            _director: director,
            messages: Vec::new(),
            connected: true,
            agreed: (1, 1),
            closed: None,
        })
    }

    async fn say(&mut self, text: &str) -> Result<(), Failure> {
        self.command(Command::Say(text.to_owned())).await
    }

    async fn command(&mut self, command: Command) -> Result<(), Failure> {
        let sent = self.room.commands.send(command).await;
        sent.map_err(|_| Failure::new(Code::Other, format!("{} is out of the room", self.name)))
    }

    async fn hears(&mut self, count: usize) -> Result<(), Failure> {
        self.sees(&format!("{count} messages"), |person| person.messages.len() >= count).await
    }

    async fn leave(&mut self) -> Result<Closed, Failure> {
        self.command(Command::Leave(Reason::Left)).await?;
        self.sees("the end", |person| person.closed.is_some()).await?;
        let closed = self.closed.take();
        closed.ok_or_else(|| Failure::new(Code::Other, "no end"))
    }

    /// Takes events until a condition holds.
    async fn sees(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        let name = self.name;
        let watching = async {
            while !holds(self) {
                let Some(event) = self.room.events.recv().await else { return false };
                self.take(event);
            }
            true
        };
        match timeout(STEP, watching).await {
            Ok(true) => Ok(()),
            _ => Err(Failure::new(Code::Other, format!("{name} did not see {what}"))),
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Message(message) => self.messages.push(message),
            Event::Connection { state } => self.connected = state == ConnectionState::Up,
            Event::Agreement { same, of, .. } => self.agreed = (same, of),
            Event::Closed(closed) => self.closed = Some(*closed),
            _ => {}
        }
    }
}

/// A person's transcript in the one order, with clocks and digest.
fn transcript(
    person: &Person,
    closed: &Closed,
    names: &BTreeMap<NodeId, &str>,
) -> Result<(), Failure> {
    tell(&format!("\n{}'s transcript, digest {}", person.name, closed.digest))?;
    for id in &closed.order {
        if let Some(message) = person.messages.iter().find(|message| message.id() == *id) {
            tell(&line(message, names))?;
        }
    }
    Ok(())
}

fn line(message: &Message, names: &BTreeMap<NodeId, &str>) -> String {
    let Message { origin, text, .. } = message;
    format!("  {:22} {}: {text}", clock(&origin.clock, names), origin.nick)
}

fn clock(clock: &VectorClock, names: &BTreeMap<NodeId, &str>) -> String {
    let mut entries: Vec<_> = clock
        .dots()
        .filter_map(|dot| Some(format!("{}:{}", names.get(&dot.node)?, dot.number)))
        .collect();
    entries.sort();
    format!("[{}]", entries.join(" "))
}

fn address(settings: &Settings) -> (String, u16) {
    let named = settings.servers.as_ref().and_then(|servers| servers.first().cloned());
    let default = || DEFAULT_SERVER.parse().ok();
    named.or_else(default).map_or_else(
        || ("127.0.0.1".to_owned(), 4222),
        |server| (server.host().to_owned(), server.port()),
    )
}

fn url(cable: &Cable) -> Result<chat_connect::ServerAddr, Failure> {
    cable.url().parse().map_err(|_| Failure::new(Code::Other, "loopback has no address"))
}

fn tell(text: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
