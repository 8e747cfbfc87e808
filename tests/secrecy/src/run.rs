//! One run from one seed.

use crate::{
    network::{Arrival, Network, Weather},
    next::{Next, next},
    oracle::Audiences,
    person::{Link, Person},
};
use chat_engine::Time;
use chat_node::{Command, Event, Output, Reason};
use chat_protocol::Envelope;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// How long the faults last.
const FAULTS: Time = Time::from_secs(120);
/// How long everything has to become equal after that.
const PATIENCE: Time = Time::from_secs(120);

/// What a seed stands for.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed.
    pub seed: u64,
    /// The room passes on its history.
    pub history: bool,
    /// At most so many nodes at a time.
    pub most: usize,
    /// The network while there are faults.
    pub weather: Weather,
}

impl Setup {
    /// What a seed stands for.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5EA1_ED00_0000_0001);
        let weather = Weather {
            loss: [0.0, 0.02, 0.1, 0.2][rng.random_range(0..4)],
            duplicates: [0.0, 0.1][rng.random_range(0..2)],
            delay: Time::from_millis([5, 50, 300][rng.random_range(0..3)]),
        };
        Self {
            seed,
            history: rng.random_bool(0.5),
            most: [3, 5, 8][rng.random_range(0..3)],
            weather,
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What didn't hold, if anything.
    pub violation: Option<String>,
    /// Texts sealed.
    pub sealed: usize,
    /// Texts shown to others than their authors.
    pub read: usize,
    /// From the end of the faults until all was equal.
    pub convergence: Time,
}

struct World {
    setup: Setup,
    now: Time,
    rng: StdRng,
    network: Network,
    people: Vec<Person>,
    audiences: Audiences,
    violation: Option<String>,
    texts: u64,
    read: usize,
}

/// Runs one setup.
#[must_use]
pub fn run(setup: &Setup) -> Outcome {
    let mut world = World {
        now: Time::from_secs(1),
        rng: StdRng::seed_from_u64(setup.seed),
        network: Network::new(setup.weather),
        people: Vec::new(),
        audiences: Audiences::default(),
        violation: None,
        texts: 0,
        read: 0,
        setup: setup.clone(),
    };
    world.enter(true);
    while world.now < FAULTS && world.violation.is_none() {
        let pause = Time::from_millis(world.rng.random_range(0..1500));
        world.run(world.now + pause);
        world.step();
    }
    let convergence = world.settle();
    Outcome {
        violation: world.violation,
        sealed: world.audiences.count(),
        read: world.read,
        convergence,
    }
}

impl World {
    fn enter(&mut self, founds: bool) {
        let seed = self.rng.random();
        self.people.push(Person::enter(founds, self.setup.history, seed, self.now));
        self.drain(self.people.len() - 1);
    }

    fn members(&self) -> Vec<usize> {
        (0..self.people.len()).filter(|who| self.people[*who].is_member()).collect()
    }

    fn alive(&self) -> usize {
        self.people.iter().filter(|person| person.alive).count()
    }

    fn some_member(&mut self) -> Option<usize> {
        let members = self.members();
        (!members.is_empty()).then(|| members[self.rng.random_range(0..members.len())])
    }

    fn step(&mut self) {
        match self.rng.random_range(0..20) {
            0 | 1 if self.alive() < self.setup.most && self.audible() => self.enter(false),
            2 if self.members().len() > 2 => {
                if let Some(who) = self.some_member() {
                    self.leave(who);
                }
            }
            3 if self.members().len() > 2 => {
                if let Some(who) = self.some_member() {
                    self.people[who].alive = false;
                }
            }
            4 => {
                if let Some(who) = self.some_member() {
                    self.people[who].side = self.rng.random_range(0..2);
                }
            }
            5 => self.people.iter_mut().for_each(|person| person.side = 0),
            6 if self.members().len() > 2 => {
                if let Some(who) = self.some_member() {
                    self.people[who].link = Link::Mute(self.now);
                }
            }
            7 => self.people.iter_mut().for_each(|person| person.link = Link::Whole),
            8 => self.run(self.now + Time::from_secs(20)),
            _ => self.someone_says(),
        }
    }

    /// Somebody whom a joiner would find.
    fn audible(&self) -> bool {
        let found =
            |person: &&Person| person.is_member() && person.side == 0 && person.link == Link::Whole;
        self.people.iter().any(|person| found(&person))
    }

    fn someone_says(&mut self) {
        if let Some(who) = self.some_member() {
            self.says(who);
        }
    }

    fn says(&mut self, who: usize) -> String {
        self.texts += 1;
        let text = format!("text {}", self.texts);
        self.people[who].participant.command(self.now, 0, Command::Say(text.clone()));
        self.people[who].participant.flush();
        self.drain(who);
        text
    }

    fn leave(&mut self, who: usize) {
        self.people[who].leaving = true;
        self.people[who].participant.command(self.now, 0, Command::Leave(Reason::Left));
        self.people[who].participant.flush();
        self.drain(who);
    }

    /// Does what a node wants done, and sets its timer.
    fn drain(&mut self, who: usize) {
        while let Some(output) = self.people[who].participant.poll() {
            match output {
                Output::Publish { subject, payload } => {
                    if let Ok(Envelope::Frame(frame)) = Envelope::parse(&payload) {
                        self.audiences.published(&frame);
                    }
                    let sent = (subject.as_str(), payload, None);
                    self.network.publish(self.now, who, sent, &self.people, &mut self.rng);
                }
                Output::Request { subject, payload, .. } => {
                    let sent = (subject.as_str(), payload, Some(format!("_INBOX.{who}")));
                    self.network.publish(self.now, who, sent, &self.people, &mut self.rng);
                }
                Output::Events(events) => events.iter().for_each(|event| self.happened(who, event)),
                Output::Serve => self.people[who].serving = true,
                // Nobody was there just then; the engine asks again.
                Output::Nobody => {}
                Output::OtherTerms | Output::Locked => {
                    self.violation = Some(format!("{} isn't let in", self.people[who].id));
                }
                Output::Done => self.people[who].alive = false,
            }
        }
        self.people[who].armed = self.people[who].participant.next_timeout();
    }

    fn happened(&mut self, who: usize, event: &Event) {
        match event {
            Event::Ready(_) => self.people[who].ready = true,
            Event::Message(message) => {
                let own = message.node() == self.people[who].id;
                if own {
                    self.audiences.sealed(message, &self.people[who], self.now);
                }
                let wrong = self.audiences.read(&message.text, &self.people[who], &self.setup);
                let early = self.audiences.out_of_order(message, &self.people[who]);
                if let Some(wrong) = wrong.or(early) {
                    self.violation.get_or_insert(wrong);
                }
                self.people[who].told.extend(&message.origin.gap);
                let fresh = self.people[who].read.insert(message.text.to_string());
                if !fresh {
                    let twice = format!("{} shows {:?} twice", message.node(), message.text);
                    self.violation.get_or_insert(twice);
                }
                self.read += usize::from(!own);
            }
            Event::Gap { missing, .. } => {
                for dot in missing {
                    self.people[who].lost.merge(&self.audiences.past(*dot));
                }
            }
            Event::Member(member) if member.change == chat_node::Change::Expelled => {
                self.violation.get_or_insert_with(|| format!("{} was expelled", member.node));
            }
            _ => {}
        }
    }

    /// Lets time pass.
    fn run(&mut self, until: Time) {
        while self.violation.is_none() {
            match next(&self.people, &mut self.network, &mut self.now, until) {
                Some(Next::Timer(who)) => {
                    self.people[who].participant.timeout(self.now, 0);
                    self.drain(who);
                }
                Some(Next::Arrival(who, arrival)) => self.arrive(who, &arrival),
                None => break,
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

    /// The faults stop: everyone says something, and everything becomes equal.
    fn settle(&mut self) -> Time {
        self.network.weather.loss = self.network.weather.loss.min(0.02);
        for person in &mut self.people {
            person.side = 0;
            person.link = Link::Whole;
        }
        // Whoever wasn't let in before its room was cut off gives up.
        self.run(self.now + Time::from_secs(45));
        let calm = self.now;
        let last: Vec<_> = self.members().into_iter().map(|who| self.says(who)).collect();
        loop {
            self.run(self.now + Time::from_secs(1));
            if self.violation.is_some() {
                return Time::ZERO;
            }
            let Some(why) = self.audiences.unsettled(&self.people, &self.setup, &last) else {
                return self.now - calm;
            };
            if self.now > calm + PATIENCE {
                self.violation = Some(why);
            }
        }
    }
}
