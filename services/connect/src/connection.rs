//! Connecting, and what everything in a process shares.

use crate::{
    ConnectError, Pass, Settings, Subscriber, TlsTrouble,
    link::Link,
    moving::{self, Shared},
    options::{options, pause},
    pass::GUEST_INBOX,
};
use async_nats::{Client, ConnectErrorKind, ServerAddr, SubscribeError};
use std::sync::Arc;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// A connection to NATS that everything in a process can share. Cheap to clone. It outlives
/// the client in it: before a server closes, another client has taken over.
#[derive(Clone, Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    /// The state of the link, kept current by the client's events.
    pub link: watch::Receiver<Link>,
    /// The servers as named by the user, without credentials.
    pub server: String,
    /// By which a guest came; none if it was no guest.
    guest: Option<Arc<Settings>>,
}

impl Connection {
    /// The client of this moment. Ask anew for each use: the one before ends soon after another
    /// took over.
    #[must_use]
    pub fn client(&self) -> Client {
        self.shared.client()
    }

    /// Whether it was begun as a guest, who may only ask for a pass.
    #[must_use]
    pub fn is_guests(&self) -> bool {
        self.guest.is_some()
    }

    /// Another connection, begun as this one was.
    ///
    /// # Errors
    /// Why there is none; it wasn't begun as a guest.
    pub async fn afresh(&self) -> Result<Self, ConnectError> {
        let guest = self.guest.as_ref();
        let guest = guest.ok_or_else(|| ConnectError::Refused { server: self.server.clone() })?;
        connect_once(guest, &self.shared.name).await
    }

    /// Lets it be who the pass says, with what was signed for that now. What was subscribed to
    /// goes on; what the pass doesn't allow is refused from now on.
    ///
    /// # Errors
    /// The server doesn't accept that, or can't be reached.
    pub async fn identify(&self, pass: &Arc<Pass>, jwt: String) -> Result<(), ConnectError> {
        self.shared.identify(pass, jwt).await
    }

    /// Tells whoever uses it what is wrong with it, as if the server did.
    pub fn complain(&self, text: String) {
        self.shared.complain(text);
    }

    /// Hears a subject over this client and those that take over from it.
    ///
    /// # Errors
    /// The client is closed.
    pub async fn subscribe(&self, subject: String) -> Result<Subscriber, SubscribeError> {
        self.shared.subscribe(subject, None).await
    }

    /// As [`Self::subscribe`], as one of a group of which one hears each message.
    ///
    /// # Errors
    /// The client is closed.
    pub async fn queue_subscribe(
        &self,
        subject: String,
        group: &str,
    ) -> Result<Subscriber, SubscribeError> {
        self.shared.subscribe(subject, Some(group.to_owned())).await
    }
}

/// What to do while there is no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Fail: somebody waits for the answer.
    FailFast,
    /// Try again until there is one: containers start in any order. Credentials that are
    /// refused end it all the same.
    KeepTrying,
}

/// Connects under a neutral name: any member of a room can see it.
///
/// # Errors
/// Why there is no connection.
pub async fn connect(
    settings: &Settings,
    name: &str,
    patience: Patience,
) -> Result<Connection, ConnectError> {
    let mut attempt = 0;
    loop {
        match connect_once(settings, name).await {
            Err(error @ (ConnectError::Unreachable { .. } | ConnectError::Tls { .. }))
                if patience == Patience::KeepTrying =>
            {
                tracing::info!(%error, "not connected yet");
                sleep(pause(attempt)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn connect_once(settings: &Settings, name: &str) -> Result<Connection, ConnectError> {
    let (told, link) = watch::channel(Link::default());
    let told = Arc::new(told);
    let guest = settings.is_guest().then(|| {
        let inbox_prefix = settings.inbox_prefix.clone().or_else(|| Some(GUEST_INBOX.to_owned()));
        Arc::new(Settings { inbox_prefix, ..settings.clone() })
    });
    let settings = guest.as_deref().unwrap_or(settings);
    let client = client(settings, name, &told, 0, settings.servers()).await?;
    let shared = Arc::new(Shared::new(client, name, settings, &told));
    moving::follow(&shared, told.subscribe());
    Ok(Connection { shared, link, server: settings.shown(), guest })
}

/// A client of its own, the one of this number, at one of these servers.
pub(crate) async fn client(
    settings: &Settings,
    name: &str,
    told: &Arc<watch::Sender<Link>>,
    number: u64,
    servers: Vec<ServerAddr>,
) -> Result<Client, ConnectError> {
    let server = settings.shown();
    let options = options(settings, name, told, number).await?;
    // Name lookups are not under the client's own limit.
    let unreachable = |why: String| ConnectError::Unreachable { server: server.clone(), why };
    timeout(settings.timeout, options.connect(servers))
        .await
        .map_err(|_| unreachable(format!("nothing within {:?}", settings.timeout)))?
        .map_err(|error| match (error.kind(), TlsTrouble::of(&error, settings)) {
            (ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation, _) => {
                ConnectError::Refused { server: server.clone() }
            }
            (_, Some(why)) => ConnectError::Tls { server: server.clone(), why },
            (ConnectErrorKind::Tls, None) => {
                ConnectError::Tls { server: server.clone(), why: TlsTrouble::Other(cause(&error)) }
            }
            (ConnectErrorKind::Dns, None) => unreachable("its name is unknown".into()),
            (_, None) => unreachable(cause(&error)),
        })
}

/// The innermost cause: what lies around it only says that connecting failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
