//! What is measured, in turns: raw NATS, then ours, each with a load as fast as can be and one
//! that keeps a pace.

use super::{
    figures::Figures,
    load::{self, Load, Outcome},
    member::{Ear, Voice},
    raw, rooms,
};
use crate::{
    failure::{Code, Failure},
    globals::Globals,
    progress::while_waiting,
};
use chat_connect::Settings;
use std::time::Duration;
use tokio::time::Instant;

/// For how long each says as much as it can.
const FAST: Duration = Duration::from_secs(1);
/// For how long one keeps the pace.
const PACED: Duration = Duration::from_secs(2);
/// A hundred messages a second.
const PACE: Duration = Duration::from_millis(10);

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// In the room, those who speak included.
    pub(crate) members: usize,
    /// Of them, how many speak as fast as they can.
    pub(crate) senders: usize,
    /// Bytes of a message.
    pub(crate) payload: usize,
    /// How often, in turns.
    pub(crate) repeats: usize,
    /// Whether our room is end-to-end encrypted.
    pub(crate) sealed: bool,
}

/// Measures.
pub(crate) async fn measure(
    plan: Plan,
    globals: &Globals,
    settings: &Settings,
) -> Result<Figures, Failure> {
    let Plan { members, sealed, repeats, .. } = plan;
    let (mut raw_voices, mut raw_ears) = raw::members(globals, settings, members).await?;
    let mut figures = Figures::default();
    let origin = Instant::now();
    for repeat in 0..repeats {
        let of_all = format!("{} of {repeats}", repeat + 1);
        let raw = turn(plan, origin, &mut raw_voices, &mut raw_ears, Some(raw::WINDOW));
        let raw = while_waiting(&format!("measuring bare NATS, {of_all}"), raw).await;
        // Not earlier: a room takes of the same processors, even where nothing is said in it.
        let gathering = rooms::members(globals, settings, members, sealed);
        let (mut voices, mut ears) =
            while_waiting("bringing the members together", gathering).await?;
        let ours = turn(plan, origin, &mut voices, &mut ears, None);
        let ours = while_waiting(&format!("measuring a room, {of_all}"), ours).await;
        while_waiting("waiting until all have left", rooms::leave(voices, ears)).await;
        if raw.iter().chain(&ours).any(|outcome| outcome.deliveries == 0) {
            return Err(Failure::new(Code::Refused, "nothing of what was said arrived").next(
                "the server must let this user publish and subscribe below _INBOX and chat.room",
            ));
        }
        figures.add(raw, ours);
    }
    Ok(figures)
}

/// Both loads.
async fn turn<V: Voice, E: Ear>(
    plan: Plan,
    origin: Instant,
    voices: &mut Vec<V>,
    ears: &mut Vec<E>,
    window: Option<u64>,
) -> [Outcome; 2] {
    let window = window.map(|window| window / plan.senders as u64);
    let fast = Load { origin, payload: plan.payload, lasting: FAST, every: None, window };
    let paced = Load { lasting: PACED, every: Some(PACE), ..fast };
    [load::run(voices, ears, plan.senders, fast).await, load::run(voices, ears, 1, paced).await]
}
