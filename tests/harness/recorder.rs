//! One who records all traffic of a server, as its operator could.

use async_nats::Message;
use chat_protocol::Envelope;
use futures_util::StreamExt;
use std::sync::{Arc, Mutex};

/// Everything that passes the server.
#[derive(Debug)]
pub struct Recorder(Arc<Mutex<Vec<Message>>>);

impl Recorder {
    /// Records from now on, on a task of its own.
    ///
    /// # Panics
    /// Where there is no server.
    pub async fn start(url: &str) -> Self {
        let client = async_nats::connect(url).await.expect("a server");
        let mut all = client.subscribe(">").await.expect("a connection");
        client.flush().await.expect("a connection");
        let kept = Arc::new(Mutex::new(Vec::new()));
        let sink = kept.clone();
        tokio::spawn(async move {
            while let Some(message) = all.next().await {
                sink.lock().expect("no holder panics").push(message);
            }
        });
        Self(kept)
    }

    /// Subjects and payloads so far.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn everything(&self) -> Vec<u8> {
        let kept = self.0.lock().expect("no holder panics");
        let parts = kept.iter().flat_map(|message| [message.subject.as_bytes(), &message.payload]);
        parts.collect::<Vec<_>>().join(&b'\n')
    }

    /// What rooms said so far.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn envelopes(&self) -> Vec<Envelope> {
        let kept = self.0.lock().expect("no holder panics");
        kept.iter().filter_map(|message| Envelope::parse(&message.payload).ok()).collect()
    }
}
