//! The other end: how a node asks for a room.

use crate::holder::PassHolder;
use async_nats::{
    RequestErrorKind,
    service::{NATS_SERVICE_ERROR, NATS_SERVICE_ERROR_CODE},
};
use chat_connect::Connection;
use chat_protocol::{
    RoomId,
    director::{Assignment, Holder, JoinRequest, Listing, OpenRequest, RandomRequest, Refusal},
    limits,
    subject::DIRECTOR,
    text,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// One instance may have died with a request in its hands: another is asked after this.
const ANSWER: Duration = Duration::from_secs(1);
const TRIES: usize = 2;
/// Where none seems to be there: a server learns of a director at another one a moment after,
/// and one that was killed is soon replaced.
const PAUSE: Duration = Duration::from_millis(200);
/// A director has heard of every room that lives after so long.
const HEARD: Duration = Duration::from_secs(limits::ANNOUNCE.as_secs() + 1);

/// Why a director gave no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectorError {
    /// None is there, or none answers.
    #[error("no director answers")]
    Away,
    /// One may be there, but none that gives passes, and the server lets in nobody without.
    #[error(
        "no director answers that gives passes, and this server lets nobody into a room without one"
    )]
    NoPass,
    /// The server doesn't let this user ask, or be answered.
    #[error("{0}")]
    Forbidden(String),
    /// It gave a pass by which the server doesn't let this client in.
    #[error("the server doesn't accept the pass that the director has signed")]
    PassRefused,
    /// It refused, for this reason.
    #[error("{1}")]
    Refused(Refusal, String),
    /// A JetStream stream took the question, and acknowledged it in the director's place.
    #[error(
        "the stream {0} on this server records what is asked of directors, and answers in their place"
    )]
    Recorded(String),
    /// It answered what isn't of this protocol.
    #[error("the director's answer makes no sense: is it of another version?")]
    Garbled,
}

/// Asks directors. Cheap to clone. For a guest it holds the pass, which gets renewed as long as
/// the connection is there.
#[derive(Clone, Debug)]
pub struct DirectorClient {
    connection: Connection,
    holder: Option<Arc<PassHolder>>,
}

impl DirectorClient {
    /// Asks over this connection.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        let holder = connection.is_guests().then(PassHolder::new);
        Self { connection, holder }
    }

    /// Whether nobody gets into a room without having been assigned it.
    #[must_use]
    pub fn gives_passes(&self) -> bool {
        self.holder.is_some()
    }

    /// Lets the connection into a room as one who joins it, where that needs a pass; else nobody
    /// is asked.
    ///
    /// # Errors
    /// Nobody answers, or a refusal; the server doesn't accept the pass.
    pub async fn admit(&self, room: RoomId) -> Result<(), DirectorError> {
        if self.gives_passes() {
            let assignment = self.join(room).await?;
            self.let_in(&assignment).await?;
        }
        Ok(())
    }

    /// Lets the connection into a room that was assigned, where that needs a pass. It stays in
    /// the three rooms before. Goes on to its end where nobody waits for it any more: a connection
    /// isn't moved by half.
    ///
    /// # Errors
    /// There is no pass with it, or the server doesn't accept it.
    pub async fn let_in(&self, assignment: &Assignment) -> Result<(), DirectorError> {
        match &self.holder {
            Some(holder) => {
                let (holder, connection) = (holder.clone(), self.connection.clone());
                let assignment = assignment.clone();
                let entering =
                    tokio::spawn(async move { holder.enter(&connection, &assignment).await });
                entering
                    .await
                    .unwrap_or_else(|error| Err(DirectorError::Forbidden(error.to_string())))
            }
            None => Ok(()),
        }
    }

    /// Opens a room.
    ///
    /// # Errors
    /// Nobody answers, or a refusal.
    pub async fn open(&self, request: &OpenRequest) -> Result<Assignment, DirectorError> {
        self.ask("open", request).await
    }

    /// Looks a room up.
    ///
    /// # Errors
    /// Nobody answers, or a refusal.
    pub async fn join(&self, room: RoomId) -> Result<Assignment, DirectorError> {
        let begun = Instant::now();
        loop {
            let assigned = self.ask("join", &JoinRequest { room }).await;
            let over = matches!(assigned, Err(DirectorError::Refused(Refusal::Over, _)));
            // A director that has just begun has not heard of every room yet, and without a pass
            // the members can't be asked.
            if !over || !self.gives_passes() || begun.elapsed() > HEARD {
                return assigned;
            }
            sleep(PAUSE).await;
        }
    }

    /// Asks for any public room but these.
    ///
    /// # Errors
    /// Nobody answers, or a refusal.
    pub async fn random(&self, except: Vec<RoomId>) -> Result<Assignment, DirectorError> {
        self.ask("random", &RandomRequest { except }).await
    }

    /// Lists public rooms.
    ///
    /// # Errors
    /// Nobody answers, or a refusal.
    pub async fn list(&self) -> Result<Listing, DirectorError> {
        self.ask("list", &serde_json::Map::new()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        question: &impl Serialize,
    ) -> Result<T, DirectorError> {
        let by = match &self.holder {
            Some(holder) => {
                holder.introduce(&self.connection).await?;
                holder.holder()
            }
            None => Holder::default(),
        };
        request(&self.connection, endpoint, &Asked { question, by: &by }).await
    }
}

/// A question, and who asks it.
#[derive(Serialize)]
struct Asked<'a, T> {
    #[serde(flatten)]
    question: &'a T,
    #[serde(flatten)]
    by: &'a Holder,
}

pub(crate) async fn request<T: DeserializeOwned>(
    connection: &Connection,
    endpoint: &str,
    question: &impl Serialize,
) -> Result<T, DirectorError> {
    let payload = serde_json::to_vec(question).map_err(|_| DirectorError::Garbled)?;
    let complaints = connection.link.borrow().complaints();
    for _ in 0..TRIES {
        let client = connection.client();
        let subject = format!("{DIRECTOR}.{endpoint}");
        let request = client.request(subject, payload.clone().into());
        match timeout(ANSWER, request).await {
            Ok(Ok(message)) => return read(&message),
            Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => {
                sleep(PAUSE).await;
            }
            Ok(Err(_)) | Err(_) => {}
        }
        // A publication or an inbox without permission is told beside, and never answered.
        if let Some(text) = connection.link.borrow().complaint_since(complaints) {
            return Err(DirectorError::Forbidden(text.to_owned()));
        }
    }
    Err(DirectorError::Away)
}

fn read<T: DeserializeOwned>(message: &async_nats::Message) -> Result<T, DirectorError> {
    let header = |name| Some(message.headers.as_ref()?.get(name)?.as_str());
    if let Some(code) = header(NATS_SERVICE_ERROR_CODE) {
        let refusal = code.parse().ok().and_then(Refusal::from_code);
        let refusal = refusal.ok_or(DirectorError::Garbled)?;
        let why = header(NATS_SERVICE_ERROR).unwrap_or("refused").to_owned();
        return Err(DirectorError::Refused(refusal, why));
    }
    if let Some(stream) = recorder(&message.payload) {
        return Err(DirectorError::Recorded(stream));
    }
    serde_json::from_slice(&message.payload).map_err(|_| DirectorError::Garbled)
}

/// Whose acknowledgement of a publication this is: a stream that covers the director's subjects
/// is faster than the director.
fn recorder(answer: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Acknowledgement {
        stream: String,
        #[serde(rename = "seq")]
        _sequence: u64,
    }
    let acknowledgement: Acknowledgement = serde_json::from_slice(answer).ok()?;
    Some(text::one_line(&acknowledgement.stream, limits::TOPIC_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streams_acknowledgement_is_told_from_a_directors_answer() {
        let acknowledged = br#"{"type":"io.nats.jetstream.api.v1.pub_ack","stream":"SPY","seq":7}"#;
        assert_eq!(recorder(acknowledged).as_deref(), Some("SPY"));
        for answer in [&br#"{"rooms":[]}"#[..], br#"{"room":"x","sealed":true}"#, b"", b"7"] {
            assert_eq!(recorder(answer), None);
        }
    }
}
