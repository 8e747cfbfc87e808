//! A node's pass, from the first to the last one: asked for, taken, and renewed before it ends.
//!
//! A guest shares its credentials with others, who could hear the answers to it. So it asks for a
//! pass without rooms first, and as its holder for rooms. What a pass lets in it counts from when
//! it came, by this machine's own count of seconds: clocks that are wrong don't matter.
//!
//! A pass is renewed at half of its time, up to three quarters, by any director, over the
//! connection it holds: a director needs to know nothing but its key for that. Where the server
//! has refused an old one, as after a long sleep, a guest's connection is made once more.

use crate::client::{DirectorError, request};
use chat_connect::{Claims, ConnectError, Connection, Pass};
use chat_protocol::director::{Assignment, Holder, Passed};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, sleep, sleep_until},
};

/// Between tries to renew a pass.
const AGAIN: Duration = Duration::from_secs(5);
/// The client is back with a renewed pass after so long.
const BACK: Duration = Duration::from_secs(1);
/// Where a pass doesn't say when it ends.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// Holds the pass of one connection.
#[derive(Debug)]
pub(crate) struct PassHolder {
    pass: Arc<Pass>,
    /// When to renew it, once there is one. Held while one is asked for.
    due: Mutex<Option<Instant>>,
    /// Closed once nobody holds it any more.
    held: watch::Sender<()>,
}

impl PassHolder {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            pass: Arc::new(Pass::new()),
            due: Mutex::default(),
            held: watch::Sender::default(),
        })
    }

    /// What a request says of it.
    pub(crate) fn holder(&self) -> Holder {
        Holder { user: Some(self.pass.user()), pass: self.pass.jwt() }
    }

    /// From a guest to the holder of a pass without rooms, if that isn't done yet.
    pub(crate) async fn introduce(
        self: &Arc<Self>,
        connection: &Connection,
    ) -> Result<(), DirectorError> {
        let mut due = self.due.lock().await;
        if due.is_some() {
            return Ok(());
        }
        let asked = Holder { user: Some(self.pass.user()), pass: None };
        let Passed { pass } = ask(connection, &asked).await?;
        *due = Some(self.take(connection, pass).await?);
        let keeping = keep(Arc::downgrade(self), connection.clone());
        let mut held = self.held.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = held.changed() => {}
                () = keeping => {}
            }
        });
        Ok(())
    }

    /// Lets the connection into the room assigned.
    pub(crate) async fn enter(
        &self,
        connection: &Connection,
        assignment: &Assignment,
    ) -> Result<(), DirectorError> {
        let pass = assignment.pass.clone().ok_or(DirectorError::NoPass)?;
        let mut due = self.due.lock().await;
        *due = Some(self.take(connection, pass).await?);
        Ok(())
    }

    /// When to renew what was taken.
    async fn take(&self, connection: &Connection, jwt: String) -> Result<Instant, DirectorError> {
        let lifetime = Claims::of(&jwt).ok_or(DirectorError::Garbled)?.lifetime().unwrap_or(LONG);
        let due = Instant::now() + lifetime / 2 + jitter(lifetime / 4);
        connection.identify(&self.pass, jwt).await.map_err(not_accepted)?;
        Ok(due)
    }

    async fn renew(&self, connection: &Connection) -> Result<(), DirectorError> {
        let mut due = self.due.lock().await;
        let asked = if connection.link.borrow().refused {
            let guest = connection.afresh().await.map_err(|_| DirectorError::Away)?;
            let first = ask(&guest, &Holder { pass: None, ..self.holder() }).await?;
            // Its own pass, so that the one to be renewed stays as it is.
            let own = Arc::new(self.pass.another());
            guest.identify(&own, first.pass).await.map_err(not_accepted)?;
            ask(&guest, &self.holder()).await
        } else {
            ask(connection, &self.holder()).await
        };
        *due = Some(self.take(connection, asked?.pass).await?);
        Ok(())
    }
}

/// Renews the pass as long as somebody holds it, and says so where nobody does.
async fn keep(holder: Weak<PassHolder>, connection: Connection) {
    let mut link = connection.link.clone();
    let mut told = false;
    loop {
        let Some(its) = holder.upgrade() else { return };
        let due = its.due.lock().await.unwrap_or_else(Instant::now);
        drop(its);
        tokio::select! {
            () = sleep_until(due) => {}
            refused = link.wait_for(|link| link.refused) => if refused.is_err() { return },
        }
        // Who is only cut off can't ask, and needs none yet.
        if link.wait_for(|link| link.up || link.refused).await.is_err() {
            return;
        }
        let Some(holder) = holder.upgrade() else { return };
        match holder.renew(&connection).await {
            Ok(()) => {
                told = false;
                drop(holder);
                sleep(BACK).await;
            }
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    connection.complain(format!(
                        "the pass for this room is about to end, or has, and no director renews it: {error}. \
                         It is tried again; if the server lets go, `chat join` asks for another"
                    ));
                }
                drop(holder);
                sleep(AGAIN).await;
            }
        }
    }
}

async fn ask(connection: &Connection, holder: &Holder) -> Result<Passed, DirectorError> {
    request(connection, "pass", holder).await.map_err(|error| match error {
        DirectorError::Away => DirectorError::NoPass,
        other => other,
    })
}

fn not_accepted(error: ConnectError) -> DirectorError {
    match error {
        ConnectError::Refused { .. } => DirectorError::PassRefused,
        other => DirectorError::Forbidden(other.to_string()),
    }
}

/// A part of this: many who came at once don't ask at once again.
fn jitter(most: Duration) -> Duration {
    most.mul_f64(f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX))
}
