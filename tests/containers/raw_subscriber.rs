//! What `nats sub 'chat.room.>'` would show: a subscriber with none of our code, in a
//! container of its own, reading the raw NATS protocol.

use crate::harness::{Node, Site};
use serde_json::Value;
use std::collections::HashMap;

#[tokio::test(flavor = "multi_thread")]
async fn subjects_json_and_clocks_of_a_clear_room_are_readable_by_anyone() {
    let site = Site::start().await;
    let tap = site.tap("chat.room.>").await;
    let (mut ann, invite) = site.open_with("ann", &["--clear"]).await;
    let room = ann.ready().await["room"].as_str().unwrap().to_owned();
    let mut bob = site.join(&invite, "bob").await;
    ann.say("question").await;
    bob.wait_for_text("question").await;
    bob.say("answer").await;
    ann.wait_for_text("answer").await;
    tap.wait_for_line("answer").await;

    let mut frames = HashMap::new();
    for (subject, envelope) in passed(&tap) {
        assert!(subject.starts_with(&format!("chat.room.{room}.")), "{subject}");
        assert_eq!(envelope["v"], 1, "{envelope}");
        if envelope["kind"] != "frame" || !subject.ends_with(".msg") {
            continue;
        }
        for item in envelope["items"].as_array().into_iter().flatten() {
            frames.insert(item["text"].as_str().unwrap_or_default().to_owned(), envelope.clone());
        }
    }
    let (question, answer) = (&frames["question"], &frames["answer"]);
    let (ann_id, bob_id) = (question["from"].as_str().unwrap(), answer["from"].as_str().unwrap());
    assert_eq!(question["clock"][ann_id], question["number"]);
    assert_eq!(answer["clock"][bob_id], answer["number"]);
    assert_eq!(answer["clock"][ann_id], question["number"], "the answer names the question");
    assert!(answer["lamport"].as_u64() > question["lamport"].as_u64());
}

/// Subject and envelope of everything the subscriber printed; a word to oneself, which
/// confirms a subscription, is empty.
fn passed(tap: &Node) -> Vec<(String, Value)> {
    let split = |line: String| {
        let (subject, payload) = line.split_once(' ')?;
        let envelope = serde_json::from_str(payload.trim()).ok()?;
        Some((subject.to_owned(), envelope))
    };
    tap.lines().into_iter().filter_map(split).collect()
}
