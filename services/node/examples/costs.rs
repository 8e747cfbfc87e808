//! What a frame costs each node that it passes, without a network: saying it and hearing it, by
//! what it holds.
//!
//!     cargo run --release -p chat-node --example costs

use chat_engine::{Config, Time};
use chat_node::{Command, Entry, Event, Opening, Output, Participant, RoomAddress};
use chat_protocol::{Envelope, Invite, director::Visibility, limits};
use chat_seal::{Entropy, Identity, RoomKeys, Seal};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const MEMBERS: u8 = 3;
const TEXT: usize = 200;
const FRAMES: u32 = 2000;
const PAYLOAD: usize = 1 << 20;
/// Virtual time between two rounds.
const STEP: Time = Time::from_millis(5);

struct Room {
    members: Vec<Participant>,
    now: Time,
    /// Spent by members in hearing frames, and how many they heard.
    hearing: (Duration, u32),
    told: u32,
}

impl Room {
    fn new(sealed: bool) -> Self {
        let invite = Invite { secret: [7; 20].into(), clear: !sealed, history: false };
        let member = |number: u8| {
            let keys = RoomKeys::private(&invite);
            let me = Identity::from_seed(keys.id(), &[number; 32]);
            // No secrets here: the cost is that of real ones.
            let entropy = Entropy::new(move |out| {
                getrandom::fill(out).expect("the system has random numbers");
            });
            let seal =
                if sealed { Seal::sealed(keys, me, entropy, false) } else { Seal::clear(keys, me) };
            let opening = match number {
                0 => Opening::Found,
                _ => Opening::Join { patience: Duration::from_secs(60) },
            };
            let entry = Entry {
                address: RoomAddress::Private(invite.clone()),
                opening,
                nick: format!("member-{number}"),
                topic: None,
                history: Some(false),
                capacity: None,
                visibility: Visibility::Private,
                sealed,
            };
            let config = Config { seed: number.into(), history: false, ..Config::default() };
            Participant::new(seal, config, entry, "nowhere".into(), PAYLOAD, Time::ZERO, 0)
        };
        let members = (0..MEMBERS).map(member).collect();
        let mut room = Self { members, now: Time::ZERO, hearing: Default::default(), told: 0 };
        for _ in 0..2000 {
            room.pass();
        }
        room
    }

    /// Hands everyone what the others have sent, until nobody sends anything more.
    fn settle(&mut self) {
        let mut on_its_way = VecDeque::new();
        loop {
            for from in 0..self.members.len() {
                while let Some(output) = self.members[from].poll() {
                    match output {
                        Output::Publish { payload, .. } | Output::Request { payload, .. } => {
                            on_its_way.push_back((from, payload));
                        }
                        Output::Event(Event::Message(_)) => self.told += 1,
                        _ => {}
                    }
                }
            }
            let Some((from, payload)) = on_its_way.pop_front() else { return };
            let is_frame = matches!(Envelope::parse(&payload), Ok(Envelope::Frame(_)));
            for (to, member) in self.members.iter_mut().enumerate() {
                let reply = format!("_INBOX.{from}");
                let begun = Instant::now();
                member.receive(self.now, 0, &payload, Some(&reply));
                if is_frame && to != from {
                    self.hearing.0 += begun.elapsed();
                    self.hearing.1 += 1;
                }
            }
        }
    }

    fn pass(&mut self) {
        self.now += STEP;
        for member in &mut self.members {
            if member.next_timeout().is_some_and(|at| at <= self.now) {
                member.timeout(self.now, 0);
            }
        }
        self.settle();
    }
}

fn measure(sealed: bool, lines: usize) {
    let mut room = Room::new(sealed);
    (room.hearing, room.told) = (Default::default(), 0);
    let mut saying = Duration::ZERO;
    for _ in 0..FRAMES {
        let texts: Vec<_> = (0..lines).map(|_| "x".repeat(TEXT)).collect();
        let begun = Instant::now();
        for text in texts {
            room.members[0].command(room.now, 0, Command::Say(text));
        }
        room.members[0].flush();
        saying += begun.elapsed();
        room.settle();
        room.pass();
    }
    let lines_told = FRAMES * u32::try_from(lines).expect("few lines") * u32::from(MEMBERS);
    assert_eq!(room.told, lines_told, "each is told each line once");
    let micros = |spent: Duration, times: u32| (spent / times).as_secs_f64() * 1e6;
    println!(
        "{:>7} {lines:>6} {:>10.1} {:>10.1} {:>12.0}",
        if sealed { "sealed" } else { "clear" },
        micros(saying, FRAMES),
        micros(room.hearing.0, room.hearing.1),
        micros(room.hearing.0, room.hearing.1) * 1e3 / lines as f64,
    );
}

fn main() {
    println!("us of a frame with texts of {TEXT} bytes, {MEMBERS} members:");
    println!("{:>7} {:>6} {:>10} {:>10} {:>12}", "room", "texts", "to say", "to hear", "ns a text");
    for sealed in [true, false] {
        for lines in [1, limits::BATCH_ITEMS] {
            measure(sealed, lines);
        }
    }
}
