//! Leaving a server before it closes.
//!
//! A server in lame duck mode tells its clients, and closes their connections within the next
//! half a minute. So a second client connects elsewhere, subscribes to all that the first one is
//! subscribed to, and takes over once its server has processed that. The first one goes on
//! hearing for [`OVERLAP`]: the other servers of a cluster learn of a subscription only a moment
//! after. What is heard by both comes twice; nothing is missed. Where there is no other server,
//! or the first one is lost before, the client's own reconnecting is what remains.

use crate::{
    Link, Settings, connection,
    options::pause,
    subscriber::{Subscribed, Subscriber},
};
use async_nats::{Client, SubscribeError, connection::State};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    time::{sleep, timeout},
};

/// Both clients hear for so long. More than a question to a director may take.
const OVERLAP: Duration = Duration::from_secs(2);
/// The new server must have processed the subscriptions by then.
const CONFIRM: Duration = Duration::from_secs(2);

/// What the clones of a connection have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    current: watch::Sender<Client>,
    /// Held while subscribing, so that none is forgotten in a move.
    subscribed: Mutex<Vec<Subscribed>>,
}

impl Shared {
    pub(crate) fn new(client: Client) -> Self {
        Self { current: watch::Sender::new(client), subscribed: Mutex::default() }
    }

    pub(crate) fn client(&self) -> Client {
        self.current.borrow().clone()
    }

    pub(crate) async fn subscribe(
        &self,
        subject: String,
        group: Option<String>,
    ) -> Result<Subscriber, SubscribeError> {
        let mut subscribed = self.subscribed.lock().await;
        subscribed.retain(Subscribed::is_heard);
        let (record, subscriber) = Subscribed::new(&self.client(), subject, group).await?;
        subscribed.push(record);
        Ok(subscriber)
    }

    /// Lets a client take over once it hears everything; the one before.
    async fn take_over(
        &self,
        next: Client,
        told: &watch::Sender<Link>,
    ) -> Result<Client, SubscribeError> {
        let mut subscribed = self.subscribed.lock().await;
        subscribed.retain(Subscribed::is_heard);
        for record in subscribed.iter() {
            record.also_over(&next).await?;
        }
        // The word that nobody is there comes after all that was asked before.
        let _ = timeout(CONFIRM, next.request(next.new_inbox(), "".into())).await;
        let before = self.current.send_replace(next.clone());
        told.send_modify(|link| {
            link.moves += 1;
            link.leaving = false;
            link.up = next.connection_state() == State::Connected;
        });
        Ok(before)
    }
}

/// Moves whenever the server says that it will close; ends with the connection.
pub(crate) fn follow(
    shared: &Arc<Shared>,
    settings: Settings,
    name: String,
    told: &Arc<watch::Sender<Link>>,
) {
    let (shared, mut link) = (Arc::downgrade(shared), told.subscribe());
    let told = Arc::downgrade(told);
    tokio::spawn(async move {
        let mut attempt = 0;
        while let Ok(state) = link.wait_for(|link| link.leaving && link.up).await.map(|l| l.clone())
        {
            match elsewhere(&shared, &settings, &name, &told, state.moves + 1).await {
                Some(before) => {
                    attempt = 0;
                    tracing::info!("moved to another server: this one is about to close");
                    tokio::spawn(async move {
                        sleep(OVERLAP).await;
                        let _ = before.drain().await;
                    });
                }
                None => {
                    sleep(pause(attempt)).await;
                    attempt += 1;
                }
            }
        }
    });
}

/// Connects elsewhere and takes over; the client before, unless there is nowhere to go.
async fn elsewhere(
    shared: &Weak<Shared>,
    settings: &Settings,
    name: &str,
    told: &Weak<watch::Sender<Link>>,
    number: u64,
) -> Option<Client> {
    let client = shared.upgrade()?.client();
    // Those named, and those that the server named when it was connected to.
    let pool = client.server_pool().await.ok()?;
    let servers = pool.into_iter().map(|server| server.addr).collect();
    let told = told.upgrade()?;
    let next = connection::client(settings, name, &told, number, servers).await;
    let next = next.inspect_err(|error| tracing::info!(%error, "nowhere to move yet")).ok()?;
    // Lost meanwhile, and found elsewhere by itself.
    if !told.borrow().leaving {
        return None;
    }
    shared.upgrade()?.take_over(next, &told).await.ok()
}
