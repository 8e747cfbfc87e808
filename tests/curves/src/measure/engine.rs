//! Two engines without a network between them: one says, the other takes in.

use chat_engine::{Effect, Engine, Entry, Input, Time};
use chat_protocol::{Item, ItemKind};
use chat_simulation::wire;
use std::time::{Duration, Instant};

/// Says a text of 200 bytes; the frame.
pub(crate) fn say(speaker: &mut Engine, now: Time) -> Entry {
    let mut frame = speaker.draft(false);
    let text = "x".repeat(200).into();
    frame.items = vec![Item { kind: ItemKind::Text, text, at: 0, terms: None }];
    let entry = wire::entry(frame);
    speaker.say(now, entry.clone());
    while speaker.poll_effect().is_some() {}
    entry
}

/// Takes it in; how long that took.
pub(crate) fn hear(listener: &mut Engine, now: Time, entry: Entry) -> Duration {
    let begun = Instant::now();
    listener.handle(now, Input::Frame(entry));
    let mut told = 0;
    while let Some(effect) = listener.poll_effect() {
        told += u32::from(matches!(effect, Effect::Deliver(_)));
    }
    let took = begun.elapsed();
    assert_eq!(told, 1, "it waits for nothing");
    took
}

/// In us.
pub(crate) fn median(mut all: Vec<Duration>) -> f64 {
    all.sort_unstable();
    all[all.len() / 2].as_secs_f64() * 1e6
}
