//! What the client's library is told of the settings.

use crate::{
    ConnectError, Credentials, Settings,
    link::{Link, note},
    tls::{Pem, pem},
};
use async_nats::ConnectOptions;
use std::{future::ready, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Unread messages per subscription; beyond them the newest are dropped, and repaired.
const SUBSCRIPTION_CAPACITY: usize = 16_384;
/// A dead link is noticed after about three of these.
const PING: Duration = Duration::from_secs(2);
/// The longest pause between attempts to reconnect.
const RECONNECT: Duration = Duration::from_secs(1);

/// Options of the client of this number; as long as `told` says that its turn is, its events
/// are told.
pub(crate) async fn options(
    settings: &Settings,
    name: &str,
    told: &Arc<watch::Sender<Link>>,
    number: u64,
) -> Result<ConnectOptions, ConnectError> {
    let told = told.clone();
    let mut options = match &settings.credentials {
        Credentials::Pass(pass) => {
            let pass = pass.clone();
            ConnectOptions::with_auth_callback(move |nonce| ready(pass.answer(&nonce)))
        }
        _ => ConnectOptions::new(),
    };
    options = options
        .name(name)
        .ping_interval(PING)
        // One server that doesn't answer must not use up the time of the others.
        .connection_timeout(settings.timeout / settings.count_of_servers())
        .request_timeout(Some(settings.timeout))
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        // The first attempt of all counts as one, too.
        .reconnect_delay_callback(
            |attempt| if attempt <= 1 { Duration::ZERO } else { pause(attempt - 2) },
        )
        .event_callback(move |event| {
            let told = told.clone();
            async move {
                told.send_if_modified(|link| {
                    let its_turn = link.moves == number;
                    if its_turn {
                        note(link, &event);
                    }
                    its_turn
                });
            }
        });
    if settings.no_echo {
        options = options.no_echo();
    }
    if let Some(prefix) = &settings.inbox_prefix {
        options = options.custom_inbox_prefix(prefix);
    }
    if let Some(ca) = &settings.ca {
        options = options.add_root_certificates(pem(ca, Pem::Certificate)?).require_tls(true);
    }
    if let Some((certificate, key)) = &settings.certificate {
        options = options
            .add_client_certificate(pem(certificate, Pem::Certificate)?, pem(key, Pem::Key)?);
    }
    if settings.tls_first {
        options = options.tls_first();
    }
    match settings.credentials.clone() {
        Credentials::None | Credentials::Pass(_) => Ok(options),
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

fn unusable(file: &str, why: impl ToString) -> ConnectError {
    ConnectError::File { file: file.to_owned(), why: why.to_string() }
}

/// 50 ms, 100 ms, … up to [`RECONNECT`].
pub(crate) fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt).unwrap_or(u32::MAX).min(8);
    (Duration::from_millis(50) * 2_u32.pow(doublings)).min(RECONNECT)
}
