//! A subscription that outlives the client it was made with.

use async_nats::{Client, Message, SubscribeError};
use futures_util::{Stream, StreamExt, stream::SelectAll};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// Hears a subject, for a moment over two clients. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscriber {
    over: SelectAll<async_nats::Subscriber>,
    /// Boxed, because a channel has room for 32 from the beginning.
    more: mpsc::UnboundedReceiver<Box<async_nats::Subscriber>>,
}

impl Stream for Subscriber {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let may_come = loop {
            match self.more.poll_recv(context) {
                Poll::Ready(Some(another)) => self.over.push(*another),
                Poll::Ready(None) => break false,
                Poll::Pending => break true,
            }
        };
        match self.over.poll_next_unpin(context) {
            Poll::Ready(None) if may_come => Poll::Pending,
            polled => polled,
        }
    }
}

/// What must be subscribed to again.
#[derive(Debug)]
pub(crate) struct Subscribed {
    subject: String,
    group: Option<String>,
    more: mpsc::UnboundedSender<Box<async_nats::Subscriber>>,
}

impl Subscribed {
    pub(crate) async fn new(
        client: &Client,
        subject: String,
        group: Option<String>,
    ) -> Result<(Self, Subscriber), SubscribeError> {
        let (more, coming) = mpsc::unbounded_channel();
        let subscribed = Self { subject, group, more };
        subscribed.also_over(client).await?;
        Ok((subscribed, Subscriber { over: SelectAll::new(), more: coming }))
    }

    /// Whether anybody is still interested.
    pub(crate) fn is_heard(&self) -> bool {
        !self.more.is_closed()
    }

    /// Subscribes by this client as well.
    pub(crate) async fn also_over(&self, client: &Client) -> Result<(), SubscribeError> {
        let subscriber = match &self.group {
            Some(group) => client.queue_subscribe(self.subject.clone(), group.clone()).await?,
            None => client.subscribe(self.subject.clone()).await?,
        };
        // Nobody is interested any more: dropping it unsubscribes.
        let _ = self.more.send(Box::new(subscriber));
        Ok(())
    }
}
