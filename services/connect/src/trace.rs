//! Asking the servers where a message on a subject would go, without sending one: NATS message
//! tracing (ADR-41), which servers have since 2.11.
//!
//! Each server on the way reports on its own, in any order, and a report names the further
//! servers it would pass the message to by hops ("1", "1.2", …). The answer is whole once there
//! is a report without a hop, from the server asked, and one for every hop named.
//!
//! A trace shows honest configuration, not honesty: a server can keep or tell more than it says.

mod report;

use crate::Connection;
use async_nats::HeaderMap;
use futures_util::StreamExt;
use report::Reports;
use std::time::Duration;
use tokio::{sync::watch, time::timeout};

/// The first version that reports instead of delivering.
const OLDEST: (u64, u64) = (2, 11);
/// Where the reports go to.
const DESTINATION: &str = "Nats-Trace-Dest";
/// Report only, deliver to nobody.
const ONLY: &str = "Nats-Trace-Only";

/// Where a message would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Every client subscription it would be delivered to. Of a queue group only the member
    /// that it would go to this time.
    pub subscriptions: Vec<Subscription>,
    /// JetStream streams that would keep it.
    pub streams: Vec<String>,
    /// Other accounts that it would be passed on to.
    pub accounts: Vec<String>,
    /// The servers that reported, the one asked first.
    pub servers: Vec<Server>,
}

/// A subscription that would be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose: the id of the server, and that of the connection at it.
    pub connection: (String, u64),
    /// The server's name.
    pub server: String,
    /// What the connection calls itself; anything at all, perhaps nothing.
    pub name: String,
    /// The subject subscribed to, with its wildcards.
    pub subject: String,
}

/// A server on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// JetStream is on.
    pub jetstream: bool,
    /// Its clock (RFC 3339) when it reported.
    pub time: String,
}

/// Why nobody knows where a message would go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTrace {
    /// It would deliver the message instead.
    #[error("the server is version {0}, and only 2.11 and newer tell who listens")]
    OldServer(String),
    /// The server doesn't let this client ask.
    #[error("the server refuses to tell: {0}")]
    Refused(String),
    /// Not every server on the way reported in time.
    #[error("a server on the way did not tell in time")]
    Incomplete,
    /// A server on the way is too old to report.
    #[error("a server on the way does not tell: {0}")]
    Unsupported(String),
    /// There is no connection.
    #[error("the connection is down")]
    Down,
}

/// Whether a server of this version can be asked.
#[must_use]
pub(crate) fn can_trace(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u64>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

impl Connection {
    /// Whether the server is new enough to be asked by [`trace`].
    #[must_use]
    pub fn can_trace(&self) -> bool {
        can_trace(&self.client().server_info().version)
    }
}

/// Asks where a message on `subject` would go; nothing is delivered to anybody. `patience` is
/// for all reports together.
///
/// # Errors
/// Why that isn't known, or not wholly.
pub async fn trace(
    connection: &Connection,
    subject: &str,
    patience: Duration,
) -> Result<Reach, NoTrace> {
    let client = connection.client();
    if !connection.can_trace() {
        // It would take the question for a message, and deliver it.
        return Err(NoTrace::OldServer(client.server_info().version));
    }
    let mut link = connection.link.clone();
    if !link.borrow_and_update().up {
        return Err(NoTrace::Down);
    }
    let refused = |error: &dyn std::fmt::Display| NoTrace::Refused(error.to_string());
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.map_err(|error| refused(&error))?;
    let mut headers = HeaderMap::new();
    headers.insert(DESTINATION, inbox.as_str());
    headers.insert(ONLY, "true");
    let asked = client.publish_with_headers(subject.to_owned(), headers, "".into()).await;
    asked.map_err(|error| refused(&error))?;
    let mut reports = Reports::default();
    let collected = timeout(patience, async {
        while !reports.complete() {
            tokio::select! {
                Some(answer) = answers.next() => reports.take(&answer.payload),
                complaint = complaint_about(&mut link, &inbox, subject) => return Err(complaint),
            }
        }
        Ok(())
    });
    let outcome = collected.await;
    let _ = answers.unsubscribe().await;
    match outcome {
        Ok(Ok(())) => reports.reach(),
        Ok(Err(complaint)) => Err(complaint),
        Err(_) => Err(NoTrace::Incomplete),
    }
}

/// What the server says of this question, if it doesn't like it. It says so by itself, not as
/// an answer.
async fn complaint_about(
    link: &mut watch::Receiver<crate::Link>,
    inbox: &str,
    subject: &str,
) -> NoTrace {
    let before = link.borrow().losses;
    loop {
        if link.changed().await.is_err() {
            return NoTrace::Down;
        }
        let link = link.borrow_and_update();
        if link.losses != before {
            return NoTrace::Down;
        }
        if let Some((_, text)) = &link.complaint {
            let said = text.to_lowercase();
            // The client's library lowers what the server says.
            if [inbox, subject].iter().any(|ours| said.contains(&ours.to_lowercase())) {
                return NoTrace::Refused(text.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_before_two_eleven_are_not_asked() {
        for old in ["2.10.29", "2.9.10", "1.99.0", "", "two", "2"] {
            assert!(!can_trace(old), "{old}");
        }
        for new in ["2.11.0", "2.12.0-beta.1", "3.0.0", "10.1.99999999999999999999999"] {
            assert!(can_trace(new), "{new}");
        }
    }
}
