//! Leaving a client for another one: because its server closes, or because who one is changes.
//!
//! A server in lame duck mode tells its clients, and closes their connections within the next
//! half a minute. So a second client connects elsewhere, subscribes to all that the first one is
//! subscribed to, and takes over once its server has processed that. The first one goes on
//! hearing for [`OVERLAP`]: the other servers of a cluster learn of a subscription only a moment
//! after. What is heard by both comes twice; nothing is missed. Where there is no other server,
//! or the first one is lost before, the client's own reconnecting is what remains.
//!
//! A pass (see [`Pass`]) ends the connection made with it when it ends. So a new one is moved to
//! in the same way, at the same servers; where there is no connection at that moment, the client's
//! next try to reconnect has the new one.

use crate::{
    ConnectError, Credentials, Link, Pass, Settings, connection,
    link::complain,
    options::pause,
    subscriber::{Subscribed, Subscriber},
};
use async_nats::{Client, ServerAddr, SubscribeError, connection::State};
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
    pub(crate) name: String,
    /// By which the next client is made. Held while moving: one move at a time.
    settings: Mutex<Settings>,
    told: Weak<watch::Sender<Link>>,
    current: watch::Sender<Client>,
    /// Held while subscribing, so that none is forgotten in a move.
    subscribed: Mutex<Vec<Subscribed>>,
}

impl Shared {
    pub(crate) fn new(
        client: Client,
        name: &str,
        settings: &Settings,
        told: &Arc<watch::Sender<Link>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            settings: Mutex::new(settings.clone()),
            told: Arc::downgrade(told),
            current: watch::Sender::new(client),
            subscribed: Mutex::default(),
        }
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

    /// From now on this connection is who the pass says, and may what that says.
    pub(crate) async fn identify(&self, pass: &Arc<Pass>, jwt: String) -> Result<(), ConnectError> {
        let mut settings = self.settings.lock().await;
        let before = pass.replace(jwt);
        let held =
            matches!(&settings.credentials, Credentials::Pass(held) if Arc::ptr_eq(held, pass));
        let told = self.told.upgrade().filter(|told| !held || told.borrow().up);
        // Without a connection the next try to reconnect has the new one.
        let Some(told) = told else { return Ok(()) };
        let as_holder = Settings {
            credentials: Credentials::Pass(pass.clone()),
            inbox_prefix: Some(pass.inbox_prefix()),
            ..settings.clone()
        };
        // One that isn't accepted must not stand in the way of one that was.
        let moved = self.move_as(&as_holder, &told).await;
        moved.inspect_err(|_| drop(pass.replace(before)))?;
        *settings = as_holder;
        Ok(())
    }

    /// Another client takes over, at a server named: who has named one means that one.
    async fn move_as(
        &self,
        settings: &Settings,
        told: &Arc<watch::Sender<Link>>,
    ) -> Result<(), ConnectError> {
        let number = told.borrow().moves + 1;
        let at = |servers| connection::client(settings, &self.name, told, number, servers);
        let next = match at(settings.servers()).await {
            Err(ConnectError::Unreachable { .. }) => at(self.servers(settings).await).await?,
            outcome => outcome?,
        };
        let before = self.take_over(next, told).await;
        retire(before.map_err(|error| {
            let (server, why) = (settings.shown(), error.to_string());
            ConnectError::Unreachable { server, why }
        })?);
        Ok(())
    }

    /// Those named, and those that the server named when it was connected to.
    async fn servers(&self, settings: &Settings) -> Vec<ServerAddr> {
        let pool = self.client().server_pool().await.ok().filter(|pool| !pool.is_empty());
        let known = pool.map(|pool| pool.into_iter().map(|server| server.addr).collect());
        known.unwrap_or_else(|| settings.servers())
    }

    /// Tells whoever uses the connection what is wrong with it.
    pub(crate) fn complain(&self, text: String) {
        if let Some(told) = self.told.upgrade() {
            told.send_modify(|link| complain(link, text));
        }
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
            link.refused = false;
            link.up = next.connection_state() == State::Connected;
        });
        Ok(before)
    }
}

/// Moves whenever the server says that it will close; ends with the connection.
pub(crate) fn follow(shared: &Arc<Shared>, mut link: watch::Receiver<Link>) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        let mut attempt = 0;
        while link.wait_for(|link| link.leaving && link.up).await.is_ok() {
            match elsewhere(&shared).await {
                Some(before) => {
                    attempt = 0;
                    tracing::info!("moved to another server: this one is about to close");
                    retire(before);
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
async fn elsewhere(shared: &Weak<Shared>) -> Option<Client> {
    let shared = shared.upgrade()?;
    let settings = shared.settings.lock().await;
    let servers = shared.servers(&settings).await;
    let told = shared.told.upgrade()?;
    let number = told.borrow().moves + 1;
    let next = connection::client(&settings, &shared.name, &told, number, servers).await;
    let next = next.inspect_err(|error| tracing::info!(%error, "nowhere to move yet")).ok()?;
    // Lost meanwhile, and found elsewhere by itself.
    if !told.borrow().leaving {
        return None;
    }
    shared.take_over(next, &told).await.ok()
}

/// It goes on hearing for a moment.
fn retire(before: Client) {
    tokio::spawn(async move {
        sleep(OVERLAP).await;
        let _ = before.drain().await;
    });
}
