//! What the server does for its clients: round trips, a director, and JetStream, which it
//! should not.

use super::{
    check::{Check, Status},
    ears::Heard,
};
use crate::failure::UNRECORDED;
use chat_connect::Connection;
use chat_director::{DirectorClient, DirectorError};
use chat_protocol::{RoomId, subject::RoomSubjects};
use futures_util::StreamExt;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Round trips measured; the median counts.
const TRIPS: usize = 5;
/// A round trip this long is felt while talking.
const SLOW: Duration = Duration::from_millis(500);
/// JetStream answers within this time, where it is on.
const JETSTREAM: Duration = Duration::from_secs(1);

/// How long a message takes to the server and back.
pub(super) async fn round_trip(connection: &Connection, patience: Duration) -> Check {
    let mut trips = Vec::new();
    for _ in 0..TRIPS {
        match timeout(patience, trip(connection)).await {
            Ok(Some(trip)) => trips.push(trip),
            Ok(None) | Err(_) => {
                let complaint = connection.link.borrow().complaint.clone();
                let why = complaint.map_or_else(String::new, |(_, text)| format!(": {text}"));
                let detail = format!("nothing came back within {patience:?}{why}");
                return Check::new("round_trip", Status::Unknown, detail).next(
                    "this user must be allowed chat.> and its inbox, _INBOX.> (or --inbox-prefix)",
                );
            }
        }
    }
    trips.sort();
    let median = trips[TRIPS / 2];
    let found = [json!({ "median_us": u64::try_from(median.as_micros()).unwrap_or(u64::MAX) })];
    let ms = median.as_secs_f64() * 1000.0;
    if median < SLOW {
        Check::new("round_trip", Status::Ok, format!("{ms:.1} ms to the server and back"))
    } else {
        Check::new(
            "round_trip",
            Status::Warning,
            format!("{ms:.0} ms to the server and back: slow"),
        )
        .next("choose a nearer server")
    }
    .found(found)
}

/// By an echo of the own inbox, or by the word that nobody serves a made-up room: a client may
/// be allowed only one of them.
async fn trip(connection: &Connection) -> Option<Duration> {
    let client = connection.client();
    let inbox = client.new_inbox();
    let mut echo = client.subscribe(inbox.clone()).await.ok()?;
    let nobody = RoomSubjects::new(made_up_room()?).sync();
    let begun = Instant::now();
    client.publish(inbox.clone(), "".into()).await.ok()?;
    client.publish_with_reply(nobody, inbox, "".into()).await.ok()?;
    echo.next().await?;
    Some(begun.elapsed())
}

/// A room that nobody has.
pub(super) fn made_up_room() -> Option<RoomId> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).ok()?;
    Some(RoomId(id))
}

/// Whether discussions can be opened and found.
pub(super) async fn director(director: &DirectorClient) -> Check {
    let begun = Instant::now();
    match director.list().await {
        Ok(listing) => {
            let ms = begun.elapsed().as_secs_f64() * 1000.0;
            let rooms = listing.rooms.len();
            let detail = format!("answers in {ms:.1} ms; {rooms} public discussion(s)");
            Check::new("director", Status::Ok, detail).found([json!({ "rooms": rooms })])
        }
        Err(DirectorError::Away) => {
            let detail = "none answers: discussions go on, but none can be opened or found";
            Check::new("director", Status::Warning, detail)
                .next("run `chat-director` at this server, or use `chat serve`, which brings one")
        }
        Err(error @ DirectorError::Recorded(_)) => {
            Check::new("director", Status::Critical, error.to_string()).next(UNRECORDED)
        }
        Err(error) => Check::new("director", Status::Warning, format!("it answers, but: {error}"))
            .next("update the director and chat to the same version"),
    }
}

/// Whether anything here *could* keep what passes.
pub(super) async fn jetstream(connection: &Connection, heard: &Heard) -> Check {
    let info = connection.client().server_info();
    let mut on = heard.servers_with_jetstream();
    if info.jetstream && !on.contains(&info.server_name) {
        on.push(info.server_name);
    }
    if on.is_empty() && answers(connection).await {
        on.push("a server behind this one".to_owned());
    }
    if on.is_empty() {
        return Check::new("jetstream", Status::Ok, "off, as far as the servers tell");
    }
    let found = on.iter().map(|name| json!({ "server": name })).collect::<Vec<_>>();
    let detail = format!(
        "on at {}: what passes can be kept there, from any moment on; {}",
        on.join(", "),
        heard.recorded()
    );
    Check::new("jetstream", Status::Warning, detail)
        .next("for talk that leaves nothing use a server without (`jetstream: disabled`)")
        .found(found)
}

async fn answers(connection: &Connection) -> bool {
    let client = connection.client();
    let asked = client.request("$JS.API.INFO", "".into());
    let Ok(Ok(answer)) = timeout(JETSTREAM, asked).await else { return false };
    let answer: Result<serde_json::Value, _> = serde_json::from_slice(&answer.payload);
    // An account without it says so in an error.
    answer.is_ok_and(|answer| answer.get("error").is_none())
}
