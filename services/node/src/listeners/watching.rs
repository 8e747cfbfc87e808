//! The look of a member at its own room: right after it is live, and every half a minute.
//! A task of its own, so that the room never waits for it.

use super::{Company, ListenersState, Look, NAME, look};
use crate::{Code, Event, Notice};
use chat_connect::{Connection, NoTrace};
use chat_protocol::{NodeId, RoomId, text};
use std::{collections::BTreeSet, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

/// Mean time between two looks. Each member looks for itself: nobody has to believe another.
const EVERY: Duration = Duration::from_secs(30);
/// Looks are spread by this, so that a room's members don't look all at once.
const JITTER: Duration = Duration::from_secs(5);
/// Who enters has caught up by then, and who leaves is gone.
const CONFIRM: Duration = Duration::from_secs(4);
/// While the servers don't tell they are asked less and less often, up to this factor.
const BACK_OFF: u32 = 16;

/// Tells by `events` when the outcome changes, the first one always, and the first after the
/// connection was lost; and once when a server has JetStream on that the connection began without.
/// Ends with the room.
pub(crate) async fn watch(
    connection: Connection,
    room: RoomId,
    own: NodeId,
    members: watch::Receiver<BTreeSet<NodeId>>,
    events: mpsc::Sender<Box<Event>>,
) {
    let room_ends = events.clone();
    tokio::select! {
        () = look_again_and_again(connection, room, own, members, events) => {}
        () = room_ends.closed() => {}
    }
}

async fn look_again_and_again(
    connection: Connection,
    room: RoomId,
    own: NodeId,
    members: watch::Receiver<BTreeSet<NodeId>>,
    events: mpsc::Sender<Box<Event>>,
) {
    let mut told = None;
    let mut pause = 1;
    let mut link = connection.link.clone();
    let mut told_jetstream = connection.client().server_info().jetstream;
    loop {
        let Some(looked) = look_while_up(&connection, room, own, &members).await else { return };
        if !told_jetstream && let Some(warning) = looked.as_ref().ok().and_then(jetstream) {
            told_jetstream = true;
            if events.send(Box::new(warning)).await.is_err() {
                return;
            }
        }
        let (state, found) = match looked {
            Ok(look) => {
                pause = 1;
                (look.state(), look.found)
            }
            Err(why) => {
                tracing::info!(%why, "listeners are unknown");
                pause = longer(pause, &why);
                (ListenersState::Unknown, Vec::new())
            }
        };
        let losses = link.borrow().losses;
        if told.as_ref() != Some(&(losses, state, found.clone())) {
            told = Some((losses, state, found.clone()));
            if events.send(Box::new(Event::Listeners { state, found })).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = sleep(jittered(EVERY * pause)) => {}
            // Meanwhile anyone may have come: look soon after it is back.
            lost = link.wait_for(|link| link.losses != losses) => if lost.is_err() { return },
        }
    }
}

/// A server on the way that could keep what passes.
fn jetstream(look: &Look) -> Option<Event> {
    let server = look.reach.servers.iter().find(|server| server.jetstream)?;
    let name = text::one_line(&server.name, NAME);
    let message = format!(
        "the server {name} has JetStream on: it can keep what passes from now on. For talk that \
         leaves nothing use one without"
    );
    Some(Event::Warning(Notice::new(Code::Jetstream, message)))
}

/// A look over a connection that holds; nothing once it can't come back.
async fn look_while_up(
    connection: &Connection,
    room: RoomId,
    own: NodeId,
    members: &watch::Receiver<BTreeSet<NodeId>>,
) -> Option<Result<Look, NoTrace>> {
    let mut link = connection.link.clone();
    loop {
        let over = link.wait_for(|link| link.up).await.ok()?.connection();
        let looked = confirmed(connection, room, own, members).await;
        // What a broken connection didn't hear says nothing, nor what went to a client replaced.
        if link.borrow().connection() == over {
            return Some(looked);
        }
    }
}

async fn confirmed(
    connection: &Connection,
    room: RoomId,
    own: NodeId,
    members: &watch::Receiver<BTreeSet<NodeId>>,
) -> Result<Look, NoTrace> {
    let company = || Company::of(members.borrow().clone());
    let first = look(connection, room, Some(own), &company()).await?;
    if !first.names_subscribers() {
        return Ok(first);
    }
    sleep(CONFIRM).await;
    let second = look(connection, room, Some(own), &company()).await?;
    Ok(second.confirming(&first.found))
}

/// A refusal is also told as the server's complaint: once is enough for a good while.
fn longer(pause: u32, why: &NoTrace) -> u32 {
    if matches!(why, NoTrace::Refused(_)) { BACK_OFF } else { (pause * 2).min(BACK_OFF) }
}

fn jittered(mean: Duration) -> Duration {
    let spread = u32::try_from(JITTER.as_millis()).unwrap_or(u32::MAX) * 2;
    let part = getrandom::u32().unwrap_or(0) % spread;
    mean - JITTER + Duration::from_millis(u64::from(part))
}
