//! The NATS micro-service (ADR-32): requests in, answers out, one task that owns the rooms.

use crate::{Metrics, Passes, Rooms, metrics::Question, passes::with};
use async_nats::{
    Client, Message,
    service::{Request, Service, ServiceExt, endpoint::Endpoint, error::Error as ServiceFailure},
};
use chat_connect::{Connection, Subscriber};
use chat_protocol::{
    RoomId,
    director::{
        Announcement, AnnouncementKind, Assignment, Holder, JoinRequest, OpenRequest, Passed,
        QUEUE_GROUP, RandomRequest, Refusal, SERVICE,
    },
    envelope::VERSION,
    subject::{self, DIRECTOR, INBOX, LOBBY},
};
use futures_util::{FutureExt, StreamExt};
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::{Instant, interval, timeout};

/// Payloads are small; a larger one is malformed.
const REQUEST_BYTES: usize = 16 << 10;
/// The server must have processed the subscriptions by then.
const CONFIRM: Duration = Duration::from_secs(5);
/// Rooms are looked through for those to be forgotten this often.
const FORGET_EVERY: Duration = Duration::from_secs(1);
/// A director that stops has so long to answer what it was asked.
const HAND_OVER: Duration = Duration::from_secs(1);

/// At most so many announcements are heard before a question is answered: a flood of them
/// must not silence the director.
const ANNOUNCEMENTS_AHEAD: usize = 1_000;

struct Endpoints {
    open: Endpoint,
    join: Endpoint,
    random: Endpoint,
    list: Endpoint,
    /// Where passes are given.
    pass: Option<Endpoint>,
}

impl Endpoints {
    /// The next request; none once the service was stopped and all have been read.
    async fn next(&mut self) -> Option<(Question, Request)> {
        tokio::select! {
            Some(request) = self.open.next() => Some((Question::Open, request)),
            Some(request) = self.join.next() => Some((Question::Join, request)),
            Some(request) = self.random.next() => Some((Question::Random, request)),
            Some(request) = self.list.next() => Some((Question::List, request)),
            Some(request) = next(&mut self.pass) => Some((Question::Pass, request)),
            else => None,
        }
    }
}

async fn next(endpoint: &mut Option<Endpoint>) -> Option<Request> {
    endpoint.as_mut()?.next().await
}

/// Why a director could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The server doesn't let it.
    #[error("the server doesn't let this client be a director: {0}")]
    Refused(String),
}

fn refused(error: impl ToString) -> ServeError {
    ServeError::Refused(error.to_string())
}

/// The service on this client, and what is asked of it.
async fn serve(
    client: &Client,
    metrics: &Arc<Metrics>,
    passes: bool,
) -> Result<(Service, Endpoints), ServeError> {
    let metrics = metrics.clone();
    let service = client
        .service_builder()
        .description("assigns rooms of transient discussions")
        .queue_group(QUEUE_GROUP)
        .metadata([("soft_state".to_owned(), "true".to_owned())].into())
        .stats_handler(move |_, _| metrics.stats())
        .start(SERVICE, env!("CARGO_PKG_VERSION"))
        .await
        .map_err(refused)?;
    let group = service.group(DIRECTOR);
    let endpoints = Endpoints {
        open: group.endpoint("open").await.map_err(refused)?,
        join: group.endpoint("join").await.map_err(refused)?,
        random: group.endpoint("random").await.map_err(refused)?,
        list: group.endpoint("list").await.map_err(refused)?,
        pass: match passes {
            true => Some(group.endpoint("pass").await.map_err(refused)?),
            false => None,
        },
    };
    Ok((service, endpoints))
}

/// A director at work.
pub struct Director {
    connection: Connection,
    /// There until it is stopped.
    service: Option<Service>,
    endpoints: Endpoints,
    lobby: Subscriber,
    rooms: Rooms,
    passes: Option<Passes>,
    metrics: Arc<Metrics>,
    origin: Instant,
    /// Which client of the connection the service is on.
    moves: u64,
}

impl Director {
    /// Subscribes; when it returns, the server has processed that. With `passes` each assignment
    /// comes with one, for who asks for it.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn start(
        connection: Connection,
        metrics: Arc<Metrics>,
        passes: Option<Passes>,
    ) -> Result<Self, ServeError> {
        let moves = connection.link.borrow().moves;
        let (service, endpoints) = serve(&connection.client(), &metrics, passes.is_some()).await?;
        let lobby = connection.subscribe(format!("{LOBBY}.*")).await.map_err(refused)?;
        confirm(&connection.client()).await?;
        let origin = Instant::now();
        let rooms = Rooms::default();
        let service = Some(service);
        Ok(Self { connection, service, endpoints, lobby, rooms, passes, metrics, origin, moves })
    }

    /// Serves until `shutdown`, then hands over: other instances take every further request.
    ///
    /// # Errors
    /// Where stopping fails.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut forget = interval(FORGET_EVERY);
        let mut link = self.connection.link.clone();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(message) = self.lobby.next() => self.announced(&message),
                Ok(()) = link.changed() => {
                    let moves = link.borrow_and_update().moves;
                    if std::mem::replace(&mut self.moves, moves) != moves {
                        self.move_over().await?;
                    }
                }
                _ = forget.tick() => {
                    self.rooms.forget(self.now());
                    self.metrics.saw(&self.rooms, &link.borrow());
                }
                asked = self.endpoints.next() => match asked {
                    Some((question, request)) => self.serve(question, &request).await,
                    None => break,
                },
            }
        }
        // Without its server there is nobody to hand over to.
        timeout(HAND_OVER, self.hand_over()).await.unwrap_or(Ok(()))
    }

    /// Another client has taken over: it is asked from now on. What came over the one before is
    /// answered by that, which still lives for a moment.
    async fn move_over(&mut self) -> Result<(), ServeError> {
        let client = self.connection.client();
        let (service, endpoints) = serve(&client, &self.metrics, self.passes.is_some()).await?;
        // If this connection is lost at once, the subscriptions come back with it.
        if let Err(error) = confirm(&client).await {
            tracing::warn!(%error, "the new server hasn't confirmed");
        }
        let mut before = std::mem::replace(&mut self.endpoints, endpoints);
        if let Some(before) = self.service.replace(service) {
            before.stop().await.map_err(refused)?;
        }
        while let Some((question, request)) = before.next().await {
            self.serve(question, &request).await;
        }
        Ok(())
    }

    /// What came before the server knew is answered, too.
    async fn hand_over(&mut self) -> Result<(), ServeError> {
        if let Some(service) = self.service.take() {
            service.stop().await.map_err(refused)?;
        }
        while let Some((question, request)) = self.endpoints.next().await {
            self.serve(question, &request).await;
        }
        let client = self.connection.client();
        client.flush().await.map_err(refused)?;
        client.drain().await.map_err(refused)
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// What was announced before a question was asked is known before it is answered: the
    /// connection delivers in order, only the two subscriptions are read in turns.
    fn hear_announcements(&mut self) {
        for _ in 0..ANNOUNCEMENTS_AHEAD {
            let Some(Some(message)) = self.lobby.next().now_or_never() else { break };
            self.announced(&message);
        }
    }

    async fn serve(&mut self, question: Question, request: &Request) {
        let begun = Instant::now();
        self.hear_announcements();
        let code = match question {
            Question::Open => {
                let outcome = self.admitted(request, Self::opened);
                self.tell_others(&outcome).await;
                answer(request, outcome).await
            }
            Question::Join => {
                let outcome = self.admitted(request, Self::joined);
                answer(request, outcome).await
            }
            Question::Random => {
                let outcome = self.admitted(request, Self::randomly);
                self.tell_others(&outcome).await;
                answer(request, outcome).await
            }
            Question::List => {
                let now = self.now();
                let listing = parse_or_default::<Empty>(request).map(|_| self.rooms.list(now));
                answer(request, listing).await
            }
            Question::Pass => answer(request, self.passed(request)).await,
        };
        self.metrics.answered(question, code, begun);
    }

    fn announced(&mut self, message: &Message) {
        let room = message.subject.strip_prefix(LOBBY).and_then(|rest| rest.strip_prefix('.'));
        let room = room.and_then(|room| room.parse::<RoomId>().ok());
        let small = message.payload.len() <= REQUEST_BYTES;
        let announcement = small.then(|| serde_json::from_slice(&message.payload).ok()).flatten();
        let now = self.now();
        let taken = room
            .zip(announcement)
            .is_some_and(|(room, announcement)| self.rooms.announced(now, room, announcement));
        self.metrics.heard(taken);
    }

    /// An assignment as `assign` makes it, with a pass for who wants one, and the rooms of the
    /// pass before.
    fn admitted(
        &mut self,
        request: &Request,
        assign: impl FnOnce(&mut Self, &Request) -> Result<Assignment, Refusal>,
    ) -> Result<Assignment, Refusal> {
        let holder: Holder = parse_or_default(request)?;
        let wanted = match (&self.passes, &holder.user) {
            (Some(passes), Some(user)) => {
                // It says where its holder is: nobody else may hear it.
                hears_alone(request, user)?;
                Some((user, passes.held(user, &holder)?))
            }
            _ => None,
        };
        let mut assignment = assign(self, request)?;
        if let (Some(passes), Some((user, rooms))) = (&self.passes, wanted) {
            assignment.pass = Some(passes.issue(user, &with(rooms, assignment.room))?);
        }
        Ok(assignment)
    }

    /// A pass for the rooms of the one before; without that for none, only to ask for a room.
    fn passed(&self, request: &Request) -> Result<Passed, Refusal> {
        let holder: Holder = parse(request)?;
        let (passes, user) =
            self.passes.as_ref().zip(holder.user.as_ref()).ok_or(Refusal::Malformed)?;
        if holder.pass.is_some() {
            hears_alone(request, user)?;
        }
        let rooms = passes.held(user, &holder)?;
        passes.issue(user, &rooms).map(|pass| Passed { pass })
    }

    fn joined(&mut self, request: &Request) -> Result<Assignment, Refusal> {
        let JoinRequest { room } = parse(request)?;
        self.rooms.join(room)
    }

    fn opened(&mut self, request: &Request) -> Result<Assignment, Refusal> {
        let open: OpenRequest = parse(request)?;
        let now = self.now();
        self.rooms.open(now, open, fresh()?)
    }

    fn randomly(&mut self, request: &Request) -> Result<Assignment, Refusal> {
        let random: RandomRequest = parse_or_default(request)?;
        let (now, fresh) = (self.now(), fresh()?);
        self.rooms.random(now, &random, fresh)
    }

    /// What this instance has just opened the others must know before its first member
    /// announces it: whoever is told of it may reach another instance next.
    async fn tell_others(&self, outcome: &Result<Assignment, Refusal>) {
        let Ok(opened) = outcome else { return };
        if opened.members.is_some_and(|members| members > 0) || !self.rooms.knows(&opened.room) {
            return;
        }
        let announcement = Announcement {
            v: VERSION,
            kind: AnnouncementKind::Room,
            room: opened.room,
            members: 0,
            visibility: opened.visibility,
            topic: opened.topic.clone(),
            capacity: opened.capacity,
            history: opened.history,
            sealed: opened.sealed,
            closing: false,
            locked: false,
        };
        if let Ok(payload) = serde_json::to_vec(&announcement) {
            let lobby = subject::lobby(opened.room);
            let _ = self.connection.client().publish(lobby, payload.into()).await;
        }
    }
}

/// The answer must go to an inbox that only this user may hear.
fn hears_alone(request: &Request, user: &str) -> Result<(), Refusal> {
    let reply = request.message.reply.as_ref().map(async_nats::Subject::as_str);
    let own = format!("{INBOX}.{user}.");
    reply.filter(|reply| reply.starts_with(&own)).map(|_| ()).ok_or(Refusal::Malformed)
}

/// An object without fields that matter.
#[derive(Default, serde::Deserialize)]
struct Empty {}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let payload = &request.message.payload;
    let is_object = payload.trim_ascii_start().first() == Some(&b'{');
    if payload.len() > REQUEST_BYTES || !is_object {
        return Err(Refusal::Malformed);
    }
    serde_json::from_slice(payload).map_err(|_| Refusal::Malformed)
}

/// As [`parse`], where no payload at all means the default.
fn parse_or_default<T: DeserializeOwned + Default>(request: &Request) -> Result<T, Refusal> {
    if request.message.payload.is_empty() { Ok(T::default()) } else { parse(request) }
}

/// Answers, but only to an inbox: a director must not speak where the requester may not. 200,
/// or the refusal's code.
async fn answer<T: Serialize>(request: &Request, outcome: Result<T, Refusal>) -> u16 {
    let code = outcome.as_ref().map_or_else(|refusal| refusal.code(), |_| 200);
    let reply = request.message.reply.as_ref().map(async_nats::Subject::as_str);
    if !reply.is_some_and(subject::is_inbox) {
        tracing::debug!("a request whose answer wouldn't go to an inbox");
        return Refusal::Malformed.code();
    }
    let response = match outcome.map(|answer| serde_json::to_vec(&answer)) {
        Ok(Ok(json)) => Ok(json.into()),
        Ok(Err(_)) => Err(ServiceFailure { code: 500, status: "internal error".into() }),
        Err(refusal) => Err(ServiceFailure {
            code: usize::from(refusal.code()),
            status: status(refusal).into(),
        }),
    };
    if let Err(error) = request.respond(response).await {
        tracing::debug!(%error, "an answer could not be sent");
    }
    code
}

fn status(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "malformed request",
        Refusal::Stale => "that pass is too old, or not one of this director's",
        Refusal::Full => "the room is full",
        Refusal::Over => "that discussion is over",
        Refusal::Exists => "there is such a room already",
        Refusal::Locked => "that discussion is locked",
        Refusal::TooMany => "too many rooms or requests: try again later",
    }
}

/// A new room's id, from the operating system's randomness.
fn fresh() -> Result<RoomId, Refusal> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|_| Refusal::TooMany)?;
    Ok(RoomId(id))
}

/// A word to oneself: when it comes back, everything before it was processed.
async fn confirm(client: &Client) -> Result<(), ServeError> {
    let inbox = client.new_inbox();
    let mut echo = client.subscribe(inbox.clone()).await.map_err(refused)?;
    client.publish(inbox, "".into()).await.map_err(refused)?;
    let heard = timeout(CONFIRM, echo.next()).await;
    heard.map(|_| ()).map_err(|_| refused(format!("no echo within {CONFIRM:?}")))
}
