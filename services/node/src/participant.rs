//! A member of a room without its connection: envelopes, commands and time in; payloads
//! and events out. Joins the engine (what to believe in which order) and the seal (whom to
//! believe), and tells the result in the user's terms.
//!
//! Pure, like both: a simulation can run it as well as a connection.

mod company;
mod effects;
mod incoming;
mod saying;
mod sealing;

use crate::{
    Code, Command, Event, Notice, Reason, agreeing::Agreeing, announce::Announcer,
    congestion::Congestion, names::Names, outbox::Outbox, room::Entry as Terms,
    strangers::Strangers, telling, unopened::Unopened, unshown::Unshown,
};
use chat_engine::{Config, Delivery, Engine, Input, LinkState, Time};
use chat_protocol::{
    ContentHash, Dot, Envelope, EpochId, Item, ItemKind, Key, NodeId, hash::TranscriptDigest,
    limits, subject::RoomSubjects,
};
use chat_seal::Seal;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A node that drains waits this long for the others at most.
const DRAIN: Time = Time::from_secs(5);
/// Frames shown unread whose keys are still asked for,
const UNREAD: usize = 256;
/// how often,
const UNREAD_TRIES: u32 = 40;
/// and how soon at first.
const UNREAD_ASK: Time = Time::from_secs(1);

/// A frame that was delivered before it could be read.
#[derive(Debug)]
struct Unread {
    delivery: Delivery,
    next: Time,
    tries: u32,
}

/// Something for the connection or for the user.
#[derive(Debug)]
pub enum Output {
    /// Publish.
    #[expect(missing_docs, reason = "as NATS has them")]
    Publish { subject: String, payload: Vec<u8> },
    /// Publish with this node's inbox as reply subject.
    #[expect(missing_docs, reason = "as NATS has them")]
    Request { subject: String, payload: Vec<u8>, kind: RequestKind },
    /// Tell the user, in this order. Together, for each move of one costs as much as making it.
    Events(Vec<Event>),
    /// Serve the room's `sync` subject from now on.
    Serve,
    /// Nobody is there.
    Nobody,
    /// The room has other terms than this node was promised.
    OtherTerms,
    /// The members let nobody in any more.
    Locked,
    /// Out of the room; nothing follows.
    Done,
}

/// To whom a request goes: "no responders" means something only for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// To any synced member.
    AnyMember,
    /// To one member.
    OneMember,
}

/// See the module.
pub struct Participant {
    seal: Seal,
    engine: Engine,
    subjects: RoomSubjects,
    terms: Terms,
    server: String,
    /// The largest message that the server takes, in bytes.
    max_payload: usize,
    names: Names,
    strangers: Strangers,
    /// Frames that wait for a key.
    unopened: Unopened,
    unread: BTreeMap<Dot, Unread>,
    unshown: Unshown,
    /// Mints asked for of late.
    mints_asked: HashMap<EpochId, Time>,
    /// The members' revision that the seal was told.
    view: Option<u64>,
    /// The join frame's contents, until it can be said.
    introduction: Option<Vec<Item>>,
    /// Which items of the frames held were shown as messages.
    shown: HashMap<Dot, Box<[u16]>>,
    /// With so many keys or messages those of frames no longer held are forgotten.
    forget_at: usize,
    announcer: Announcer,
    outbox: Outbox,
    /// What is in the frame said last, until it is delivered here.
    spoken: Option<(ContentHash, Vec<Item>)>,
    congestion: Congestion,
    /// Leaving, for this reason, once everything is said, and stable by then at the latest.
    leaving: Option<(Reason, Time)>,
    said_final: bool,
    /// A member has said that it lets nobody in.
    turned_away: bool,
    link: LinkState,
    refused: u64,
    /// Frames delivered unread.
    refused_unread: u64,
    told_trimmed: bool,
    /// The complaint told last, since the connection came back.
    complaint: Option<String>,
    /// The last event was told.
    closed: bool,
    /// Live members that stated terms, and those that stated ours.
    stated: (usize, usize),
    agreeing: Agreeing,
    now: Time,
    /// Wall clock in ms since 1970, for labels.
    wall: u64,
    outputs: VecDeque<Output>,
}

impl Participant {
    /// A node that comes into a room by `terms`. The server takes messages of up to
    /// `max_payload` bytes; `wall` is the wall clock in ms since 1970, for labels.
    #[must_use]
    pub fn new(
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
            unopened: Unopened::default(),
            unread: BTreeMap::new(),
            unshown: Unshown::default(),
            mints_asked: HashMap::new(),
            view: None,
            introduction: None,
            shown: HashMap::new(),
            forget_at: sealing::SPARE_KEYS,
            outbox: Outbox::default(),
            spoken: None,
            congestion: Congestion::new(me),
            leaving: None,
            said_final: false,
            turned_away: false,
            link: LinkState::Up,
            refused: 0,
            refused_unread: 0,
            told_trimmed: false,
            complaint: None,
            closed: false,
            stated: (0, 0),
            agreeing: Agreeing::default(),
            now,
            wall,
            outputs: VecDeque::new(),
        };
        participant.settle();
        participant
    }

    /// Bytes from the room's subjects, or a request or an answer.
    pub fn receive(&mut self, now: Time, wall: u64, bytes: &[u8], reply: Option<&str>) {
        (self.now, self.wall) = (now, wall);
        match Envelope::parse(bytes) {
            Ok(envelope) if envelope.from() == self.seal.me() => self.came_back(&envelope),
            Ok(envelope) => self.take(envelope, bytes.len(), reply),
            Err(error) => self.refuse(&error.to_string()),
        }
        self.settle();
    }

    /// Nothing is received at the moment, for the user takes nothing.
    pub fn hear_nothing(&mut self, now: Time) {
        self.now = now;
        self.engine.hear_nothing(now);
        self.congestion.heard(now);
    }

    /// Nobody serves the `sync` subject.
    pub fn nobody(&mut self, now: Time) {
        self.now = now;
        self.engine.handle(now, Input::Nobody);
        self.settle();
    }

    /// What the user does.
    pub fn command(&mut self, now: Time, wall: u64, command: Command) {
        (self.now, self.wall) = (now, wall);
        match command {
            Command::Say(text) => self.queue(ItemKind::Text, text),
            Command::Act(text) => self.queue(ItemKind::Action, text),
            Command::Nick(nick) => self.queue(ItemKind::Nick, nick),
            Command::Lock => self.lock(),
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
    pub fn flush(&mut self) {
        self.settle();
    }

    /// Whether another command would find a place.
    #[must_use]
    pub fn takes_commands(&self) -> bool {
        self.outbox.len() < limits::OUTBOX_ITEMS
    }

    /// The connection changed.
    pub fn link(&mut self, now: Time, link: LinkState) {
        self.now = now;
        if link == self.link {
            return;
        }
        self.link = link;
        self.congestion.restart();
        self.event(telling::connection(link));
        if link == LinkState::Up {
            self.complaint = None;
            self.unopened.restart(now);
            self.publish_hello();
            self.announcer.changed(now);
        }
        self.engine.handle(now, Input::Link(link));
        self.settle();
    }

    /// A complaint of the server's.
    pub fn complaint(&mut self, text: &str) {
        // While it can't be reached each try fails in the same way.
        if self.complaint.as_deref() == Some(text) {
            return;
        }
        self.complaint = Some(text.to_owned());
        let message = format!("the server reports: {text}");
        self.event(Event::Warning(Notice::new(Code::Server, message)));
    }

    /// Tells the time: whatever is due is done.
    pub fn timeout(&mut self, now: Time, wall: u64) {
        (self.now, self.wall) = (now, wall);
        self.engine.timeout(now);
        self.run_effects();
        self.seek_keys();
        self.settle();
        self.announce();
    }

    /// When [`Participant::timeout`] has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        let announce = self.is_live().then(|| self.announcer.next());
        let leave = self.leaving.filter(|_| !self.said_final).map(|(_, until)| until);
        let timers = [
            self.engine.next_timeout(),
            announce,
            leave,
            self.next_keys(),
            self.next_batch(),
            self.next_agreement(),
        ];
        timers.into_iter().flatten().min()
    }

    /// The next thing to be done, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Members not gone, this node excepted: who can read what it says.
    pub fn members(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.engine.members()
    }

    /// The digest of its transcript.
    #[must_use]
    pub fn digest(&self) -> TranscriptDigest {
        self.engine.transcript_digest()
    }

    /// The digest of its frontier: equal ones mean equal transcripts above the floor.
    #[must_use]
    pub fn frontier(&self) -> TranscriptDigest {
        self.engine.frontier()
    }

    /// Nothing up to there is shown: it was trimmed, or said before this node came into a room
    /// without history.
    #[must_use]
    pub fn floor(&self) -> Key {
        self.engine.floor()
    }

    /// Does everything that follows from what has just happened.
    fn settle(&mut self) {
        self.run_effects();
        self.keep_keys();
        self.introduce();
        self.send_outbox();
        self.leave_if_due();
        self.tell_agreement();
    }

    /// Tells the user; nothing after `closed`.
    fn event(&mut self, event: Event) {
        self.events(vec![event]);
    }

    fn events(&mut self, mut told: Vec<Event>) {
        if self.closed || told.is_empty() {
            return;
        }
        self.closed = matches!(told.last(), Some(Event::Closed(_)));
        match self.outputs.back_mut() {
            Some(Output::Events(events)) => events.append(&mut told),
            _ => self.outputs.push_back(Output::Events(told)),
        }
    }
}
