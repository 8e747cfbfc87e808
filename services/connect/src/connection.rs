//! Connecting, and what is known of a connection's state.

use crate::{ConnectError, Credentials, DEFAULT_SERVER, Settings};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// Unread messages per subscription; beyond them the newest are dropped, and repaired.
const SUBSCRIPTION_CAPACITY: usize = 16_384;
/// A dead link is noticed after about three of these.
const PING: Duration = Duration::from_secs(2);
/// The longest pause between attempts to reconnect.
const RECONNECT: Duration = Duration::from_secs(1);

/// A NATS connection that everything in a process can share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// The state of the link, kept current by the client's events.
    pub link: watch::Receiver<Link>,
    /// The server as named by the user, without credentials.
    pub server: String,
}

/// The state of a connection's link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Connected now.
    pub up: bool,
    /// How often it was lost so far: a watcher sees by this that it missed a short break.
    pub losses: u64,
    /// Messages that this client dropped because a subscription's queue was full.
    pub dropped: u64,
    /// The server's last complaint (a permission violation, say), and how many there were.
    pub complaint: Option<(u64, String)>,
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
            Err(error @ ConnectError::Unreachable { .. }) if patience == Patience::KeepTrying => {
                tracing::info!(%error, "not connected yet");
                sleep(pause(attempt)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn connect_once(settings: &Settings, name: &str) -> Result<Connection, ConnectError> {
    let server = settings.shown();
    let (told, link) = watch::channel(Link::default());
    let options = options(settings, name, told).await?;
    let servers = settings.servers.clone().unwrap_or_else(|| {
        vec![DEFAULT_SERVER.parse::<ServerAddr>().expect("the default is a URL")]
    });
    // Name lookups are not under the client's own limit.
    let unreachable = |why: String| ConnectError::Unreachable { server: server.clone(), why };
    let client = timeout(settings.timeout, options.connect(servers))
        .await
        .map_err(|_| unreachable(format!("nothing within {:?}", settings.timeout)))?
        .map_err(|error| match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                ConnectError::Refused { server: server.clone() }
            }
            ConnectErrorKind::Tls => {
                ConnectError::Tls { server: server.clone(), why: cause(&error) }
            }
            ConnectErrorKind::Dns => unreachable("its name is unknown".into()),
            _ => unreachable(cause(&error)),
        })?;
    Ok(Connection { client, link, server })
}

async fn options(
    settings: &Settings,
    name: &str,
    told: watch::Sender<Link>,
) -> Result<ConnectOptions, ConnectError> {
    let told = Arc::new(told);
    let mut options = ConnectOptions::new()
        .name(name)
        .ping_interval(PING)
        .connection_timeout(settings.timeout)
        .request_timeout(Some(settings.timeout))
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        // The first attempt of all counts as one, too.
        .reconnect_delay_callback(
            |attempt| if attempt <= 1 { Duration::ZERO } else { pause(attempt - 2) },
        )
        .event_callback(move |event| {
            let told = told.clone();
            async move { told.send_modify(|link| note(link, &event)) }
        });
    if let Some(prefix) = &settings.inbox_prefix {
        options = options.custom_inbox_prefix(prefix);
    }
    if let Some(ca) = &settings.ca {
        options = options.add_root_certificates(readable(ca)?).require_tls(true);
    }
    if let Some((certificate, key)) = &settings.certificate {
        options = options.add_client_certificate(readable(certificate)?, readable(key)?);
    }
    if settings.tls_first {
        options = options.tls_first();
    }
    match settings.credentials.clone() {
        Credentials::None => Ok(options),
        Credentials::User { user, password } => Ok(options.user_and_password(user, password)),
        Credentials::Token(token) => Ok(options.token(token)),
        Credentials::Creds(file) => {
            let unusable = |error: std::io::Error| unusable(&file, error);
            options.credentials_file(&file).await.map_err(unusable)
        }
        Credentials::Nkey(file) => {
            let text = std::fs::read_to_string(&file).map_err(|error| unusable(&file, error))?;
            let seed = text.lines().map(str::trim).find(|line| line.starts_with('S'));
            let seed = seed.ok_or_else(|| unusable(&file, "it holds no nkey seed"))?;
            Ok(options.nkey(seed.to_owned()))
        }
    }
}

/// A missing file is told by its name, instead of as trouble with TLS.
fn readable(file: &str) -> Result<PathBuf, ConnectError> {
    std::fs::metadata(file).map_err(|error| unusable(file, error))?;
    Ok(file.into())
}

fn unusable(file: &str, why: impl ToString) -> ConnectError {
    ConnectError::File { file: file.to_owned(), why: why.to_string() }
}

/// 50 ms, 100 ms, … up to [`RECONNECT`].
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt).unwrap_or(u32::MAX).min(8);
    (Duration::from_millis(50) * 2_u32.pow(doublings)).min(RECONNECT)
}

/// What the client says of each try to connect again. It says no more than that the connection
/// is lost, and that is told.
const LOST: &str = "IO error";

fn note(link: &mut Link, event: &Event) {
    match event {
        Event::Connected => link.up = true,
        Event::Disconnected | Event::Closed => {
            link.up = false;
            link.losses += 1;
        }
        Event::SlowConsumer(_) => link.dropped += 1,
        Event::ServerError(error) => complain(link, error.to_string()),
        Event::ClientError(error) => {
            let text = error.to_string();
            if !text.ends_with(LOST) {
                complain(link, text);
            }
        }
        Event::LameDuckMode | Event::Draining => {}
    }
}

fn complain(link: &mut Link, text: String) {
    let count = link.complaint.as_ref().map_or(0, |(count, _)| *count);
    link.complaint = Some((count + 1, text));
}

/// The innermost cause: what lies around it only says that connecting failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
