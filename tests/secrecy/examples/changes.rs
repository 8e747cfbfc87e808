//! What it costs that somebody comes or goes, by members: time until all can read each other
//! again, and what everyone publishes until then, beats excepted. Whole nodes, in virtual time,
//! on a network without latency that keeps the order of what is published, as one server does.
//!
//!     cargo run --release -p chat-secrecy --example changes -- 2 10 100 300

use chat_engine::Time;
use chat_node::{Command, Event, Output, Reason};
use chat_protocol::Envelope;
use chat_secrecy::{
    network::{Arrival, Network, Weather},
    next::{Next, next},
    person::Person,
};
use rand::{SeedableRng, rngs::StdRng};

const BETWEEN_JOINERS: Time = Time::from_millis(20);
/// Between two looks whether all can read.
const LOOK: Time = Time::from_millis(10);
/// Between two texts to a joiner, until it reads one.
const TEXTS: u32 = 2;
const PATIENCE: Time = Time::from_secs(120);

/// What was published.
#[derive(Clone, Copy, Default)]
struct Traffic {
    messages: usize,
    bytes: usize,
    mints: usize,
    hellos: usize,
    questions: usize,
    answers: usize,
    frames: usize,
    largest_mint: usize,
    largest: usize,
}

struct World {
    people: Vec<Person>,
    now: Time,
    network: Network,
    random: StdRng,
    traffic: Traffic,
}

impl World {
    fn new() -> Self {
        let calm = Weather { loss: 0.0, duplicates: 0.0, delay: Time::ZERO };
        Self {
            people: Vec::new(),
            now: Time::from_secs(1),
            network: Network::new(calm),
            random: StdRng::seed_from_u64(1),
            traffic: Traffic::default(),
        }
    }

    fn enter(&mut self) -> usize {
        let who = self.people.len();
        self.people.push(Person::enter(who == 0, false, who as u64, self.now));
        self.drain(who);
        who
    }

    fn command(&mut self, who: usize, command: Command) {
        self.people[who].participant.command(self.now, 0, command);
        self.people[who].participant.flush();
        self.drain(who);
    }

    fn drain(&mut self, who: usize) {
        while let Some(output) = self.people[who].participant.poll() {
            match output {
                Output::Publish { subject, payload } => self.publish(who, &subject, payload, None),
                Output::Request { subject, payload, .. } => {
                    self.publish(who, &subject, payload, Some(format!("_INBOX.{who}")));
                }
                Output::Events(events) => events.iter().for_each(|event| self.told(who, event)),
                Output::Serve => self.people[who].serving = true,
                Output::Done => self.people[who].alive = false,
                Output::Locked | Output::Nobody | Output::OtherTerms => {}
            }
        }
        self.people[who].armed = self.people[who].participant.next_timeout();
    }

    fn told(&mut self, who: usize, event: &Event) {
        match event {
            Event::Message(message) => {
                self.people[who].read.insert(message.text.to_string());
            }
            Event::Ready(_) => self.people[who].ready = true,
            _ => {}
        }
    }

    fn publish(&mut self, who: usize, subject: &str, payload: Vec<u8>, reply: Option<String>) {
        let traffic = &mut self.traffic;
        traffic.largest = traffic.largest.max(payload.len());
        match Envelope::parse(&payload) {
            // Beats go on whatever happens.
            Ok(Envelope::Beat(_)) | Err(_) => {}
            Ok(envelope) => {
                (traffic.messages, traffic.bytes) =
                    (traffic.messages + 1, traffic.bytes + payload.len());
                match envelope {
                    Envelope::Mint(_) => {
                        traffic.mints += 1;
                        traffic.largest_mint = traffic.largest_mint.max(payload.len());
                    }
                    Envelope::Hello(_) => traffic.hellos += 1,
                    Envelope::Want(_) => traffic.questions += 1,
                    Envelope::Give(_) => traffic.answers += 1,
                    _ => traffic.frames += 1,
                }
            }
        }
        let message = (subject, payload, reply);
        self.network.publish(self.now, who, message, &self.people, &mut self.random);
    }

    fn run(&mut self, time: Time) {
        let until = self.now + time;
        while let Some(next) = next(&self.people, &mut self.network, &mut self.now, until) {
            match next {
                Next::Timer(who) => {
                    self.people[who].participant.timeout(self.now, 0);
                    self.drain(who);
                }
                Next::Arrival(who, arrival) => self.arrive(who, &arrival),
            }
        }
        self.now = self.now.max(until);
    }

    fn arrive(&mut self, who: usize, arrival: &Arrival) {
        if self.people[who].alive {
            arrival.reach(&mut self.people[who], self.now);
            self.drain(who);
        }
    }

    fn all_read(&self, text: &str) -> bool {
        self.people.iter().filter(|person| person.alive).all(|person| person.read.contains(text))
    }

    /// How long until that holds; what happens while it doesn't, at each look.
    fn until(
        &mut self,
        mut step: impl FnMut(&mut Self, u32),
        holds: impl Fn(&Self) -> bool,
    ) -> Option<Time> {
        let begun = self.now;
        for look in 0.. {
            step(self, look);
            self.run(LOOK);
            if holds(self) {
                return Some(self.now - begun);
            }
            if self.now > begun + PATIENCE {
                break;
            }
        }
        None
    }
}

fn told(time: Option<Time>) -> String {
    time.map_or_else(|| "never".into(), |time| format!("{:.2} s", time.as_secs_f64()))
}

fn row(members: usize, what: &str, time: Option<Time>, traffic: Traffic) {
    println!(
        "| {members} | {what} | {} | {}: {} {} {} {} {} | {} B | {} B | {} B |",
        told(time),
        traffic.messages,
        traffic.mints,
        traffic.frames,
        traffic.hellos,
        traffic.questions,
        traffic.answers,
        traffic.bytes,
        traffic.largest_mint,
        traffic.largest
    );
}

fn measure(members: usize) {
    let mut world = World::new();
    for _ in 0..members - 1 {
        world.enter();
        world.run(BETWEEN_JOINERS);
    }
    let all_count = |world: &World| {
        let alive = world.people.iter().filter(|person| person.alive).count();
        let mut people = world.people.iter().filter(|person| person.alive);
        people.all(|person| person.participant.members().count() + 1 == alive)
    };
    let filled = world.until(|_, _| {}, all_count);
    world.run(Time::from_secs(20));
    row(members - 1, "all of them join", filled, world.traffic);

    world.traffic = Traffic::default();
    let joiner = world.enter();
    let mut hello = false;
    let speak = |world: &mut World, look: u32| {
        if world.people[joiner].ready && !hello {
            hello = true;
            world.command(joiner, Command::Say("hello".into()));
        }
        if look.is_multiple_of(TEXTS) && world.people[joiner].ready {
            world.command(0, Command::Say(format!("welcome {look}")));
        }
    };
    let time = world.until(speak, |world| {
        let welcomed = |text: &String| text.starts_with("welcome");
        world.all_read("hello") && world.people[joiner].read.iter().any(welcomed)
    });
    row(members, "one joins", time, world.traffic);

    world.run(Time::from_secs(20));
    world.traffic = Traffic::default();
    let (leaver, mut said) = (world.people[joiner].id, false);
    world.command(joiner, Command::Leave(Reason::Left));
    let speak = |world: &mut World, _| {
        let gone = world.people[0].participant.members().all(|member| member != leaver);
        if gone && !std::mem::replace(&mut said, true) {
            world.command(0, Command::Say("among us".into()));
        }
    };
    let time =
        world.until(speak, |world| !world.people[joiner].alive && world.all_read("among us"));
    row(members, "one leaves", time, world.traffic);
}

fn main() {
    println!(
        "| members | | until all read | messages: mints, frames, hellos, questions, answers | in \
         all | largest mint | largest |"
    );
    println!("|---|---|---|---|---|---|---|");
    let sizes = std::env::args().skip(1).map(|size| size.parse().expect("a number of members"));
    sizes.for_each(measure);
}
