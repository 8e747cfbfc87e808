//! The room's one task: moves bytes between the connection and the participant, and tells
//! it the time. Nothing in it blocks on the network or on a slow user.

use crate::{
    Command, EnterError, Event, Opening, Reason,
    arrivals::Arrivals,
    handover::Handover,
    listeners,
    participant::{Output, Participant, RequestKind},
    room::Entry,
};
use async_nats::{Message, StatusCode};
use chat_connect::{Connection, Link, Subscriber};
use chat_engine::{Config, LinkState, Time};
use chat_protocol::{
    NodeId, RoomId,
    subject::{MEMBERS_GROUP, RoomSubjects},
};
use chat_seal::Seal;
use futures_util::{FutureExt, StreamExt, future::pending};
use std::{collections::BTreeSet, time::SystemTime};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{coop::consume_budget, unconstrained},
    time::{Duration, Instant, sleep_until, timeout},
};

/// The server must have processed the subscriptions by then.
const CONFIRM: Duration = Duration::from_secs(5);
/// Somebody must have answered a joiner by then, or said that nobody is there.
const ENTER: Duration = Duration::from_secs(15);
/// Each of the 128 units that tokio lets a task take before others have their turn stands for so
/// long. Above all the task that reads from the server: that cuts off whoever doesn't.
const UNIT: Duration = Duration::from_micros(8);
/// Last messages get this long to leave the process.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The room's ends of what its user holds.
pub(crate) struct User {
    pub(crate) commands: mpsc::Receiver<Command>,
    /// To leave, whatever waits in `commands`.
    pub(crate) hurried: watch::Receiver<Option<Reason>>,
    pub(crate) handover: Handover,
}

/// See the module.
pub(crate) struct Driver {
    connection: Connection,
    link: watch::Receiver<Link>,
    seen: Link,
    participant: Participant,
    subjects: RoomSubjects,
    arrivals: Arrivals<Subscriber>,
    inbox: String,
    /// This node's own subject.
    own: String,
    /// Of the members one is asked there.
    sync: String,
    serving: bool,
    /// The other members, for the task that looks for listeners; that task's events.
    others: watch::Sender<BTreeSet<NodeId>>,
    /// Boxed, because a channel has room for 32 from the beginning.
    heard: Option<mpsc::Receiver<Box<Event>>>,
    room: RoomId,
    me: NodeId,
    /// A joiner gives up at this time if it has met nobody.
    patience: Option<Instant>,
    commands: mpsc::Receiver<Command>,
    hurried: watch::Receiver<Option<Reason>>,
    handover: Handover,
    entered: Option<oneshot::Sender<Result<(), EnterError>>>,
    origin: Instant,
    /// Its user is gone.
    abandoned: bool,
    done: bool,
}

impl Driver {
    /// Subscribes first and makes sure that the server has processed it: whatever is said
    /// from then on is heard.
    pub(crate) async fn subscribe(
        connection: Connection,
        seal: Seal,
        entry: Entry,
        User { commands, hurried, handover }: User,
    ) -> Result<Self, EnterError> {
        let subjects = RoomSubjects::new(seal.room().id());
        let inbox = connection.client().new_inbox();
        let (room, me) = (seal.room().id(), seal.me());
        let (own, sync) = (subjects.node(me), subjects.sync());
        let hear = async |subject| connection.subscribe(subject).await.map_err(refused);
        let (keys, frames) = (hear(subjects.key()).await?, hear(subjects.msg()).await?);
        let beats = hear(subjects.beat()).await?;
        let mut answers = vec![hear(format!("{inbox}.*")).await?];
        let founds = entry.founds();
        if founds {
            answers.push(serve(&connection, &subjects).await.map_err(refused)?);
        }
        let mut requests = hear(own.clone()).await?;
        confirm(&connection, own.clone(), &mut requests).await?;
        answers.push(requests);

        let patience = match entry.opening {
            Opening::Found => None,
            Opening::Join { patience } => Some(Instant::now() + patience),
        };
        let max_payload = connection.client().server_info().max_payload;
        let config = Config {
            seed: seed()?,
            history: entry.history.unwrap_or(true),
            page_bytes: Config::default().page_bytes.min(max_payload / 3),
            ..Config::default()
        };
        let server = connection.server.clone();
        let participant =
            Participant::new(seal, config, entry, server, max_payload, Time::ZERO, wall());
        let mut link = connection.link.clone();
        let seen = link.borrow_and_update().clone();
        Ok(Self {
            link,
            seen,
            connection,
            participant,
            subjects,
            arrivals: Arrivals::new(keys, answers, frames, beats),
            inbox,
            own,
            sync,
            serving: founds,
            others: watch::Sender::default(),
            heard: None,
            room,
            me,
            patience,
            commands,
            hurried,
            handover,
            entered: None,
            origin: Instant::now(),
            abandoned: false,
            done: false,
        })
    }

    /// Boxed: a task keeps what it is given beside what it makes of it.
    async fn run(mut self: Box<Self>) {
        self.drain().await;
        while !self.done {
            let due = self.participant.next_timeout().map(|at| self.origin + at);
            let idle = Instant::now() + Duration::from_secs(3600);
            if !self.handover.has_room() {
                self.participant.hear_nothing(self.now());
            }
            self.handover.offer();
            let (waits, has_room) = (self.handover.waits(), self.handover.has_room());
            tokio::select! {
                biased;
                // With room for more it is offered more; without a user nothing can be.
                has_user = self.handover.place(), if waits => if !has_user {
                    self.abandon();
                },
                changed = self.link.changed(), if !self.abandoned => match changed {
                    Ok(()) => self.link_changed(),
                    Err(_) => self.abandon(),
                },
                reason = hurried(&mut self.hurried), if !self.abandoned => self.leave(reason),
                () = sleep_until(due.unwrap_or(idle).min(idle)) => {
                    // What has come meanwhile counts: it may be what something was due for.
                    let begun = Instant::now();
                    if has_room && let Some(Some(message)) = self.arrivals.next().now_or_never() {
                        self.receive(&message);
                    }
                    let now = self.now();
                    self.participant.timeout(now, wall());
                    pay(begun.elapsed()).await;
                }
                () = sleep_until(self.origin + ENTER), if self.entered.is_some() => {
                    self.fail(EnterError::Server("nobody has answered for long".into()));
                }
                Some(event) = heard(&mut self.heard), if has_room => self.tell(vec![*event]),
                Some(message) = self.arrivals.next(), if has_room => {
                    let begun = Instant::now();
                    self.receive(&message);
                    pay(begun.elapsed()).await;
                }
                command = self.commands.recv(), if !self.abandoned && self.participant.takes_commands() => {
                    self.command(command);
                }
            }
            self.drain().await;
        }
        Box::pin(self.finish()).await;
    }

    fn now(&self) -> Time {
        self.origin.elapsed()
    }

    fn receive(&mut self, message: &Message) {
        let now = self.now();
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            if message.subject.ends_with(reply_token(RequestKind::AnyMember)) {
                self.participant.nobody(now);
            }
            return;
        }
        if is_word(message) && *message.subject == *self.own {
            return;
        }
        // What was put to all would be answered by all.
        let is_asked = || [&*self.own, &*self.sync].contains(&message.subject.as_str());
        let reply = message.reply.as_ref().filter(|_| is_asked()).map(async_nats::Subject::as_str);
        self.participant.receive(now, wall(), &message.payload, reply);
    }

    /// Takes the command, and what else was said meanwhile: it goes in one frame.
    fn command(&mut self, command: Option<Command>) {
        let now = self.now();
        match command {
            None => self.abandon(),
            Some(command) => {
                self.participant.command(now, wall(), command);
                while self.participant.takes_commands()
                    && let Ok(command) = self.commands.try_recv()
                {
                    self.participant.command(now, wall(), command);
                }
                self.participant.flush();
            }
        }
    }

    /// Takes what was said before, too: as much of it as others take is said.
    fn leave(&mut self, reason: Reason) {
        let now = self.now();
        while let Ok(command) = self.commands.try_recv() {
            self.participant.command(now, wall(), command);
        }
        self.participant.command(now, wall(), Command::Leave(reason));
        self.participant.flush();
    }

    /// Without a user, or a connection that could come back, there is nobody to stay for.
    fn abandon(&mut self) {
        self.handover.forget();
        self.abandoned = true;
        self.leave(Reason::Left);
    }

    fn link_changed(&mut self) {
        let link = self.link.borrow_and_update().clone();
        let now = self.now();
        if link.losses != self.seen.losses {
            self.participant.link(now, LinkState::Down);
        }
        if link.up {
            self.participant.link(now, LinkState::Up);
        }
        if let Some(text) = link.complaint_since(self.seen.complaints()) {
            self.participant.complaint(text);
        }
        self.seen = link;
    }

    /// Does what the participant wants done.
    async fn drain(&mut self) {
        while let Some(output) = self.participant.poll() {
            match output {
                Output::Publish { subject, payload } => self.send(subject, None, payload),
                Output::Request { subject, payload, kind } => {
                    let reply = format!("{}{}", self.inbox, reply_token(kind));
                    self.send(subject, Some(reply), payload);
                }
                Output::Events(events) => self.tell(events),
                // Boxed: it is large, and happens once.
                Output::Serve => Box::pin(self.serve()).await,
                Output::Nobody => {
                    if self.patience.is_none_or(|until| Instant::now() >= until) {
                        self.fail(EnterError::Nobody);
                    }
                }
                Output::OtherTerms => self.fail(EnterError::Terms),
                Output::Locked => self.fail(EnterError::Locked),
                Output::Done => self.done = true,
            }
        }
    }

    fn tell(&mut self, events: Vec<Event>) {
        if events.iter().any(|event| matches!(event, Event::Ready(_)))
            && let Some(entered) = self.entered.take()
        {
            let _ = entered.send(Ok(()));
        }
        if events.iter().any(|event| matches!(event, Event::Member(_))) {
            self.others.send_replace(self.participant.members().collect());
        }
        self.handover.tell(events);
    }

    fn fail(&mut self, error: EnterError) {
        if let Some(entered) = self.entered.take() {
            let _ = entered.send(Err(error));
            self.done = true;
        }
    }

    /// Hands it to the client, if that has a place for it: what it hasn't is lost, and repaired.
    fn send(&self, subject: String, reply: Option<String>, payload: Vec<u8>) {
        let client = self.connection.client();
        let sending = async {
            match reply {
                Some(reply) => client.publish_with_reply(subject, reply, payload.into()).await,
                None => client.publish(subject, payload.into()).await,
            }
        };
        match unconstrained(sending).now_or_never() {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "a message could not be sent"),
            None => tracing::warn!("the connection doesn't keep up: a message was dropped"),
        }
    }

    /// The node is live: from now on it answers others, and looks who else listens.
    async fn serve(&mut self) {
        self.others.send_replace(self.participant.members().collect());
        if self.heard.is_none() {
            let (events, heard) = mpsc::channel(1);
            let (connection, others) = (self.connection.clone(), self.others.subscribe());
            tokio::spawn(listeners::watch(connection, self.room, self.me, others, events));
            self.heard = Some(heard);
        }
        if std::mem::replace(&mut self.serving, true) {
            return;
        }
        match serve(&self.connection, &self.subjects).await {
            Ok(subscriber) => self.arrivals.serve(subscriber),
            Err(error) => self.participant.complaint(&error.to_string()),
        }
    }

    /// Last words out, last events to the user.
    async fn finish(self) {
        let Self { connection, handover, .. } = self;
        let _ = timeout(LAST_WORDS, connection.client().flush()).await;
        handover.finish().await;
    }
}

/// Starts the task; returns when the room is entered, or can't be.
pub(crate) async fn start(mut driver: Driver) -> Result<(), EnterError> {
    let (entered, outcome) = oneshot::channel();
    driver.entered = Some(entered);
    tokio::spawn(Box::new(driver).run());
    outcome.await.unwrap_or_else(|_| Err(EnterError::Server("the connection is closed".into())))
}

async fn serve(
    connection: &Connection,
    subjects: &RoomSubjects,
) -> Result<Subscriber, async_nats::SubscribeError> {
    connection.queue_subscribe(subjects.sync(), MEMBERS_GROUP).await
}

/// Sends a word to this node's own subject: when it comes back, the server has processed
/// everything before it. A connection that is lost takes the word with it: over the next one
/// it is sent again.
async fn confirm(
    connection: &Connection,
    own: String,
    requests: &mut Subscriber,
) -> Result<(), EnterError> {
    let heard = async {
        while let Some(message) = requests.next().await {
            if is_word(&message) {
                return;
            }
        }
    };
    tokio::select! {
        heard = timeout(CONFIRM, heard) => heard.map_err(|_| {
            let complaint = connection.link.borrow().complaint.clone();
            let why = complaint.map_or_else(|| "no answer within 5 s".to_owned(), |(_, text)| text);
            EnterError::Server(why)
        }),
        error = say_over_each_connection(connection, own) => Err(refused(error)),
    }
}

async fn say_over_each_connection(
    connection: &Connection,
    own: String,
) -> async_nats::PublishError {
    let mut link = connection.link.clone();
    let mut said_over = None;
    loop {
        let (up, over) = {
            let link = link.borrow_and_update();
            (link.up, link.connection())
        };
        if up && said_over != Some(over) {
            said_over = Some(over);
            if let Err(error) = connection.client().publish(own.clone(), "".into()).await {
                return error;
            }
        }
        if link.changed().await.is_err() {
            return pending().await;
        }
    }
}

/// Lets other tasks have their turn once this one has had so much time.
async fn pay(took: Duration) {
    for _ in 0..took.as_micros() / UNIT.as_micros() {
        consume_budget().await;
    }
}

/// Why the user can't wait to leave.
async fn hurried(reasons: &mut watch::Receiver<Option<Reason>>) -> Reason {
    while reasons.changed().await.is_ok() {
        if let Some(reason) = *reasons.borrow_and_update() {
            return reason;
        }
    }
    pending().await
}

/// The next event of a task that may not have begun.
async fn heard(events: &mut Option<mpsc::Receiver<Box<Event>>>) -> Option<Box<Event>> {
    match events {
        Some(events) => events.recv().await,
        None => pending().await,
    }
}

/// Whether it looks like [`confirm`]'s, which may come back once more.
fn is_word(message: &Message) -> bool {
    message.payload.is_empty() && message.status.is_none()
}

fn reply_token(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::AnyMember => ".any",
        RequestKind::OneMember => ".one",
    }
}

fn refused(error: impl std::fmt::Display) -> EnterError {
    EnterError::Server(error.to_string())
}

fn seed() -> Result<u64, EnterError> {
    getrandom::u64().map_err(refused)
}

/// The wall clock in ms since 1970.
fn wall() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
