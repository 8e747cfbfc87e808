//! Nodes on a network that loses nothing but what a test tells it to, and records everything.

use chat_engine::Time;
use chat_node::{Change, Code, Command, Event, Message, Output};
use chat_protocol::{Envelope, NodeId};
use chat_secrecy::{
    network::{Arrival, Network, Weather},
    next::{Next, next},
    person::Person,
};
use rand::{SeedableRng, rngs::StdRng};
use std::sync::Arc;

/// Whether a message doesn't reach a node.
type Loses = fn(&Envelope, usize) -> bool;

/// Whether an envelope has a mint in it.
pub(crate) fn brings_mint(envelope: &Envelope) -> bool {
    match envelope {
        Envelope::Mint(_) => true,
        Envelope::Give(give) => !give.mints.is_empty(),
        _ => false,
    }
}

/// See the module.
pub(crate) struct Room {
    pub(crate) people: Vec<Person>,
    pub(crate) now: Time,
    /// Everything published, and by whom.
    pub(crate) sent: Vec<(usize, Arc<Vec<u8>>)>,
    /// What happened, and at whom.
    pub(crate) events: Vec<(usize, Event)>,
    /// Nodes that weren't let in.
    pub(crate) turned_away: Vec<usize>,
    pub(crate) loses: Loses,
    history: bool,
    network: Network,
    random: StdRng,
}

impl Room {
    /// So many members that know each other.
    pub(crate) fn new(members: usize, history: bool) -> Self {
        let calm = Weather { loss: 0.0, duplicates: 0.0, delay: Time::from_millis(5) };
        let mut room = Self {
            people: Vec::new(),
            now: Time::from_secs(1),
            sent: Vec::new(),
            events: Vec::new(),
            turned_away: Vec::new(),
            loses: |_, _| false,
            history,
            network: Network::new(calm),
            random: StdRng::seed_from_u64(1),
        };
        for _ in 0..members {
            room.enter();
            room.run(Time::from_secs(10));
        }
        room
    }

    /// One more, whose seed is its place. Its place.
    pub(crate) fn enter(&mut self) -> usize {
        let who = self.people.len();
        self.people.push(Person::enter(who == 0, self.history, who as u64, self.now));
        self.drain(who);
        who
    }

    pub(crate) fn command(&mut self, who: usize, command: Command) {
        self.people[who].participant.command(self.now, 0, command);
        self.people[who].participant.flush();
        self.drain(who);
    }

    pub(crate) fn says(&mut self, who: usize, text: &str) {
        self.command(who, Command::Say(text.into()));
    }

    pub(crate) fn reads(&self, who: usize, text: &str) -> bool {
        self.people[who].read.contains(text)
    }

    /// A text as someone is shown it.
    pub(crate) fn message(&self, who: usize, text: &str) -> &Message {
        let of = |event| match event {
            &(at, Event::Message(ref message)) if at == who && message.text == text => {
                Some(message)
            }
            _ => None,
        };
        let shown = self.events.iter().find_map(of);
        shown.unwrap_or_else(|| panic!("{text:?} isn't shown to {who}"))
    }

    pub(crate) fn sees(&self, who: usize, node: NodeId) -> bool {
        self.people[who].participant.members().any(|member| member == node)
    }

    /// Hands bytes to a node, as if anyone had published them.
    pub(crate) fn inject(&mut self, who: usize, bytes: &[u8], reply: Option<&str>) {
        self.people[who].participant.receive(self.now, 0, bytes, reply);
        self.drain(who);
    }

    /// What a node has published so far.
    pub(crate) fn recorded(&self, who: usize) -> Vec<Arc<Vec<u8>>> {
        let by = self.sent.iter().filter(|(from, _)| *from == who);
        by.map(|(_, payload)| payload.clone()).collect()
    }

    /// The envelopes that someone has published.
    pub(crate) fn envelopes(&self, who: usize) -> Vec<Envelope> {
        self.recorded(who).iter().filter_map(|payload| Envelope::parse(payload).ok()).collect()
    }

    /// Whether one has expelled a node.
    pub(crate) fn expels(&self, who: usize, node: NodeId) -> bool {
        self.events.iter().any(|(at, event)| {
            *at == who
                && matches!(event, Event::Member(member)
                    if member.node == node && member.change == Change::Expelled)
        })
    }

    pub(crate) fn warned(&self, who: usize, code: Code) -> bool {
        let of = |event: &Event| matches!(event, Event::Warning(notice) if notice.code == code);
        self.events.iter().any(|(at, event)| *at == who && of(event))
    }

    fn drain(&mut self, who: usize) {
        while let Some(output) = self.people[who].participant.poll() {
            match output {
                Output::Publish { subject, payload } => self.publish(who, &subject, payload, None),
                Output::Request { subject, payload, .. } => {
                    self.publish(who, &subject, payload, Some(format!("_INBOX.{who}")));
                }
                Output::Events(events) => {
                    for event in events {
                        if let Event::Message(message) = &event {
                            self.people[who].read.insert(message.text.to_string());
                        }
                        self.events.push((who, event));
                    }
                }
                Output::Serve => self.people[who].serving = true,
                Output::Locked => self.turned_away.push(who),
                Output::Nobody | Output::OtherTerms => {}
                Output::Done => self.people[who].alive = false,
            }
        }
        self.people[who].armed = self.people[who].participant.next_timeout();
    }

    fn publish(&mut self, who: usize, subject: &str, payload: Vec<u8>, reply: Option<String>) {
        self.sent.push((who, Arc::new(payload.clone())));
        let message = (subject, payload, reply);
        self.network.publish(self.now, who, message, &self.people, &mut self.random);
    }

    /// Lets so much time pass.
    pub(crate) fn run(&mut self, time: Time) {
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
        self.now = until;
    }

    fn arrive(&mut self, who: usize, arrival: &Arrival) {
        if !self.people[who].alive {
            return;
        }
        let lost = match arrival {
            Arrival::Message(bytes, _) => {
                Envelope::parse(bytes).is_ok_and(|read| (self.loses)(&read, who))
            }
            Arrival::NoResponders => false,
        };
        if !lost {
            arrival.reach(&mut self.people[who], self.now);
            self.drain(who);
        }
    }
}
