//! What nodes spend on what passes, without a network: on saying and hearing a frame, on giving
//! and taking in what was said before, and on nothing being said.
//!
//!     cargo run --release -p chat-node --example costs
//!
//! With `NAME COUNT` it does that one, so often: `tests/instructions` counts what it does, which is
//! the same each time, but for the order in hash maps.

use chat_engine::{Config, Time};
use chat_node::{Command, Entry, Event, Opening, Output, Participant};
use chat_protocol::{Invite, NodeId, subject::RoomSubjects};
use chat_seal::{Entropy, Identity, RoomKeys, Seal};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const MEMBERS: u8 = 3;
const TEXT: usize = 200;
/// So many of them go in one frame.
const BATCH: usize = 128;
const PAYLOAD: usize = 1 << 20;
/// Virtual time between two rounds.
const STEP: Time = Time::from_millis(5);
/// For all to come in, and for their last beats.
const GATHER: Time = Time::from_secs(20);

struct Member {
    participant: Participant,
    id: NodeId,
    serves: bool,
    /// Texts that it was told.
    told: usize,
}

/// A room whose members hear at once what the others send.
struct Room {
    invite: Invite,
    members: Vec<Member>,
    now: Time,
    /// Spent in hearing frames, and how many were heard.
    hearing: (Duration, u32),
}

impl Room {
    fn new(sealed: bool, history: bool) -> Self {
        let invite = Invite { secret: [7; 20].into(), clear: !sealed, history };
        let hearing = (Duration::ZERO, 0);
        let mut room = Self { invite, members: Vec::new(), now: Time::ZERO, hearing };
        (0..MEMBERS).for_each(|number| room.enter(number));
        room.pass(GATHER);
        room
    }

    fn enter(&mut self, number: u8) {
        let Invite { clear, history, .. } = self.invite;
        let keys = RoomKeys::private(&self.invite);
        let id = keys.id();
        let me = Identity::from_seed(id, &[number; 32]);
        // No secrets here: the cost is that of real ones.
        let mut count = u64::from(number) << 32;
        let entropy = Entropy::new(move |out| {
            for chunk in out.chunks_mut(8) {
                count += 1;
                chunk.copy_from_slice(&count.to_be_bytes()[..chunk.len()]);
            }
        });
        let seal =
            if clear { Seal::clear(keys, me) } else { Seal::sealed(keys, me, entropy, history) };
        let opening = match number {
            0 => Opening::Found,
            _ => Opening::Join { patience: GATHER },
        };
        let entry = Entry::invited(&self.invite, opening, format!("member-{number}"));
        let config = Config { seed: number.into(), history, ..Config::default() };
        let id = seal.me();
        let participant =
            Participant::new(seal, config, entry, "nowhere".into(), PAYLOAD, self.now, 0);
        self.members.push(Member { participant, id, serves: false, told: 0 });
    }

    /// Who hears a subject, of whom `from` has sent to it.
    fn audience(&self, subject: &str, from: usize) -> Vec<usize> {
        let subjects = RoomSubjects::new(RoomKeys::private(&self.invite).id());
        let all = 0..self.members.len();
        let other = |to: &usize| *to != from;
        if let Some(inbox) = subject.strip_prefix("_INBOX.") {
            return inbox.parse().into_iter().collect();
        }
        if subject == subjects.sync() {
            return all.filter(other).find(|to| self.members[*to].serves).into_iter().collect();
        }
        let is_own = |to: &usize| subject == subjects.node(self.members[*to].id);
        match [subjects.msg(), subjects.beat(), subjects.key()].iter().any(|its| subject == its) {
            true => all.collect(),
            false => all.filter(is_own).collect(),
        }
    }

    /// Hands round what is sent, until nobody sends anything more.
    fn settle(&mut self) {
        let mut on_its_way = VecDeque::new();
        loop {
            for from in 0..self.members.len() {
                let member = &mut self.members[from];
                while let Some(output) = member.participant.poll() {
                    match output {
                        Output::Publish { subject, payload }
                        | Output::Request { subject, payload, .. } => {
                            on_its_way.push_back((from, subject, payload));
                        }
                        Output::Events(events) => {
                            let told = |event: &&Event| matches!(event, Event::Message(_));
                            member.told += events.iter().filter(told).count();
                        }
                        Output::Serve => member.serves = true,
                        _ => {}
                    }
                }
            }
            let Some((from, subject, payload)) = on_its_way.pop_front() else { return };
            let is_frame = subject.ends_with(".msg");
            let reply = format!("_INBOX.{from}");
            for to in self.audience(&subject, from) {
                let begun = Instant::now();
                self.members[to].participant.receive(self.now, 0, &payload, Some(&reply));
                if is_frame && to != from {
                    self.hearing.0 += begun.elapsed();
                    self.hearing.1 += 1;
                }
            }
        }
    }

    /// Lets time pass.
    fn pass(&mut self, time: Time) {
        let until = self.now + time;
        while self.now < until {
            self.now += STEP;
            for member in &mut self.members {
                let participant = &mut member.participant;
                if participant.next_timeout().is_some_and(|at| at <= self.now) {
                    participant.timeout(self.now, 0);
                }
            }
            self.settle();
        }
    }

    /// The first member says so many frames of so many texts each; the time spent on saying them.
    fn say(&mut self, frames: u32, texts: usize) -> Duration {
        let mut saying = Duration::ZERO;
        for _ in 0..frames {
            let texts: Vec<_> = (0..texts).map(|_| "x".repeat(TEXT)).collect();
            let speaker = &mut self.members[0].participant;
            let begun = Instant::now();
            for text in texts {
                speaker.command(self.now, 0, Command::Say(text));
            }
            speaker.flush();
            saying += begun.elapsed();
            self.settle();
            self.pass(STEP);
        }
        saying
    }
}

fn micros(spent: Duration, times: u32) -> f64 {
    (spent / times).as_secs_f64() * 1e6
}

/// So many frames are said, and heard by all.
fn frames(sealed: bool, texts: usize, count: u32) {
    let mut room = Room::new(sealed, false);
    room.hearing = (Duration::ZERO, 0);
    let saying = room.say(count, texts);
    let said = count as usize * texts;
    assert!(room.members.iter().all(|member| member.told == said), "each is told each text once");
    println!(
        "{} frame of {texts}: {:.1} us to say, {:.1} us to hear",
        if sealed { "sealed" } else { "clear" },
        micros(saying, count),
        micros(room.hearing.0, room.hearing.1),
    );
}

/// One more comes in, and is given so many frames.
fn history(count: u32) {
    let mut room = Room::new(true, true);
    room.say(count, 1);
    room.enter(MEMBERS);
    let begun = Instant::now();
    room.pass(GATHER);
    assert_eq!(
        room.members[usize::from(MEMBERS)].told,
        count as usize,
        "it is given what was said"
    );
    println!("a frame given and taken in: {:.1} us", micros(begun.elapsed(), count));
}

/// Nothing is said for so many seconds.
fn silence(seconds: u32) {
    let mut room = Room::new(true, true);
    let begun = Instant::now();
    room.pass(Time::from_secs(seconds.into()));
    let each = micros(begun.elapsed(), seconds) / f64::from(MEMBERS);
    println!("a second of silence: {each:.1} us of each member");
}

fn run(name: &str, count: u32) {
    match name {
        "text" => frames(true, 1, count),
        "batch" => frames(true, BATCH, count),
        "clear-text" => frames(false, 1, count),
        "clear-batch" => frames(false, BATCH, count),
        "history" => history(count),
        "silence" => silence(count),
        _ => panic!("text, batch, clear-text, clear-batch, history or silence"),
    }
}

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if let [name, count] = &args[..] {
        return run(name, count.parse().expect("NAME COUNT"));
    }
    println!("texts of {TEXT} bytes, {MEMBERS} members");
    for name in ["text", "batch", "clear-text", "clear-batch", "history", "silence"] {
        run(name, 2000);
    }
}
