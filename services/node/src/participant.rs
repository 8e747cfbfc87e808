//! A member of a room without its connection: envelopes, commands and time in; payloads
//! and events out. Joins the engine (what to believe in which order) and the seal (whom to
//! believe), and tells the result in the user's terms.
//!
//! Pure, like both: a simulation can run it as well as a connection.

mod company;
mod effects;
mod incoming;
mod saying;

use crate::{
    Code, Command, Event, Notice, Reason, announce::Announcer, names::Names, room::Entry as Terms,
    strangers::Strangers, telling,
};
use chat_engine::{Agreement, Config, Engine, Input, LinkState, Phase, Time};
use chat_protocol::{Envelope, Item, ItemKind, limits, subject::RoomSubjects};
use chat_seal::Seal;
use std::collections::VecDeque;

/// A node that drains waits this long for the others at most.
const DRAIN: Time = Time::from_secs(5);

/// Something for the connection or for the user.
#[derive(Debug)]
pub(crate) enum Output {
    /// Publish.
    Publish { subject: String, payload: Vec<u8> },
    /// Publish with this node's inbox as reply subject.
    Request { subject: String, payload: Vec<u8>, kind: RequestKind },
    /// Tell the user.
    Event(Box<Event>),
    /// Serve the room's `sync` subject from now on.
    Serve,
    /// Nobody is there.
    Nobody,
    /// The room has other terms than this node was promised.
    OtherTerms,
    /// Out of the room; nothing follows.
    Done,
}

/// To whom a request goes: "no responders" means something only for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    AnyMember,
    OneMember,
}

/// See the module.
pub(crate) struct Participant {
    seal: Seal,
    engine: Engine,
    subjects: RoomSubjects,
    terms: Terms,
    server: String,
    /// The largest message that the server takes, in bytes.
    max_payload: usize,
    names: Names,
    strangers: Strangers,
    announcer: Announcer,
    outbox: VecDeque<Item>,
    /// Leaving, for this reason, once everything is said, and stable by then at the latest.
    leaving: Option<(Reason, Time)>,
    said_final: bool,
    link: LinkState,
    refused: u64,
    told_trimmed: bool,
    /// Live members that stated terms, and those that stated ours.
    stated: (usize, usize),
    agreement: Option<(Agreement, u64)>,
    agreement_stale: bool,
    now: Time,
    /// Wall clock in ms since 1970, for labels.
    wall: u64,
    outputs: VecDeque<Output>,
}

impl Participant {
    pub(crate) fn new(
        seal: Seal,
        config: Config,
        terms: Terms,
        server: String,
        max_payload: usize,
        now: Time,
        wall: u64,
    ) -> Self {
        let (me, room) = (seal.me(), seal.room().id());
        let engine = if terms.founds() {
            Engine::found(me, config, now)
        } else {
            Engine::join(me, config, now)
        };
        let mut names = Names::default();
        names.set(me, &terms.nick);
        let mut participant = Self {
            announcer: Announcer::new(room, &terms, now),
            subjects: RoomSubjects::new(room),
            seal,
            engine,
            terms,
            server,
            max_payload,
            names,
            strangers: Strangers::default(),
            outbox: VecDeque::new(),
            leaving: None,
            said_final: false,
            link: LinkState::Up,
            refused: 0,
            told_trimmed: false,
            stated: (0, 0),
            agreement: None,
            agreement_stale: false,
            now,
            wall,
            outputs: VecDeque::new(),
        };
        participant.run_effects();
        participant
    }

    /// Bytes from the room's subjects, or a request or an answer.
    pub(crate) fn receive(&mut self, now: Time, wall: u64, bytes: &[u8], reply: Option<&str>) {
        (self.now, self.wall) = (now, wall);
        match Envelope::parse(bytes) {
            Ok(envelope) if envelope.from() == self.seal.me() => {}
            Ok(envelope) => self.take(envelope, bytes.len(), reply),
            Err(error) => self.refuse(&error.to_string()),
        }
        self.settle();
    }

    /// Nobody serves the `sync` subject.
    pub(crate) fn nobody(&mut self, now: Time) {
        self.now = now;
        self.engine.handle(now, Input::Nobody);
        self.settle();
    }

    /// What the user does.
    pub(crate) fn command(&mut self, now: Time, wall: u64, command: Command) {
        (self.now, self.wall) = (now, wall);
        match command {
            Command::Say(text) => self.queue(ItemKind::Text, text),
            Command::Act(text) => self.queue(ItemKind::Action, text),
            Command::Nick(nick) => self.queue(ItemKind::Nick, nick),
            Command::Verify => self.tell_standings(),
            Command::Leave(reason) => {
                let patience = if reason == Reason::EndOfInput { DRAIN } else { Time::ZERO };
                // Told again, it hurries.
                let until = if self.leaving.is_some() { now } else { now + patience };
                self.leaving = Some((reason, until));
            }
        }
    }

    /// Sends what was said. Called when no more commands are at hand, so that what was said
    /// together goes together.
    pub(crate) fn flush(&mut self) {
        self.settle();
    }

    /// Whether another command would find a place.
    pub(crate) fn takes_commands(&self) -> bool {
        self.outbox.len() < limits::OUTBOX_ITEMS
    }

    /// The connection changed.
    pub(crate) fn link(&mut self, now: Time, link: LinkState) {
        self.now = now;
        if link == self.link {
            return;
        }
        self.link = link;
        self.event(telling::connection(link));
        if link == LinkState::Up {
            self.publish_hello();
            self.announcer.changed(now);
        }
        self.engine.handle(now, Input::Link(link));
        self.settle();
    }

    /// A complaint of the server's.
    pub(crate) fn complaint(&mut self, text: &str) {
        let message = format!("the server reports: {text}");
        self.event(Event::Warning(Notice::new(Code::Server, message)));
    }

    pub(crate) fn timeout(&mut self, now: Time, wall: u64) {
        (self.now, self.wall) = (now, wall);
        self.engine.timeout(now);
        self.settle();
        self.announce();
    }

    pub(crate) fn next_timeout(&self) -> Option<Time> {
        let live = matches!(self.engine.phase(), Phase::Live) && self.link == LinkState::Up;
        let announce = live.then(|| self.announcer.next());
        let leave = self.leaving.filter(|_| !self.said_final).map(|(_, until)| until);
        [self.engine.next_timeout(), announce, leave].into_iter().flatten().min()
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn queue(&mut self, kind: ItemKind, text: String) {
        self.outbox.push_back(Item { kind, text, at: self.wall, terms: None });
    }

    /// Does everything that follows from what has just happened.
    fn settle(&mut self) {
        self.run_effects();
        self.send_outbox();
        self.leave_if_due();
        self.tell_agreement();
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(Box::new(event)));
    }
}
