//! Members of nothing: bare clients that publish to a subject, and are subscribed to it.

use super::{
    mark::Mark,
    member::{Ear, Voice},
};
use crate::{
    failure::{Code, Failure},
    globals::Globals,
};
use async_nats::{Client, Subscriber};
use bytes::Bytes;
use chat_connect::{Connection, Settings};
use futures_util::StreamExt;

/// So many of one author's may be on their way: half of what a subscription holds.
pub(crate) const WINDOW: u64 = 8192;

pub(crate) struct RawVoice {
    client: Client,
    subject: String,
}

pub(crate) struct RawEar {
    subscriber: Subscriber,
    /// As long as it is there, so is its client.
    _connection: Connection,
}

impl Voice for RawVoice {
    async fn say(&mut self, message: String) -> bool {
        self.client.publish(self.subject.clone(), Bytes::from(message)).await.is_ok()
    }
}

impl Ear for RawEar {
    async fn hear(&mut self) -> Option<Mark> {
        loop {
            let message = self.subscriber.next().await?;
            if let Some(mark) = Mark::of(&message.payload) {
                return Some(mark);
            }
        }
    }
}

/// So many of them, each with a connection of its own to which nothing comes back.
pub(crate) async fn members(
    globals: &Globals,
    settings: &Settings,
    members: usize,
) -> Result<(Vec<RawVoice>, Vec<RawEar>), Failure> {
    let settings = Settings { no_echo: true, ..settings.clone() };
    let (mut voices, mut ears) = (Vec::new(), Vec::new());
    let mut subject = String::new();
    for _ in 0..members {
        let connection = globals.connect(&settings).await?;
        let client = connection.client();
        if subject.is_empty() {
            // Where inboxes are allowed, so is this.
            subject = client.new_inbox();
        }
        let subscriber = client.subscribe(subject.clone()).await;
        let subscriber =
            subscriber.map_err(|error| Failure::new(Code::NoServer, error.to_string()))?;
        // The word that nobody is there comes after the server has subscribed it.
        let _ = client.request(client.new_inbox(), Bytes::new()).await;
        ears.push(RawEar { subscriber, _connection: connection });
        voices.push(RawVoice { client, subject: subject.clone() });
    }
    Ok((voices, ears))
}
