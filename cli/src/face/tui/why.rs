//! Why a message stands where it does: its causes, computed from clocks alone, and how it came.
//!
//! A cause is a message that its author had seen and that no other such message had seen: the
//! transitive reduction of its past. Of each author only the last message in that past can be
//! one.
//!
//! Bounds: at most [`CANDIDATES`] authors, those who spoke last, are looked at.

use super::{
    model::Model,
    transcript::{Entry, Spoken},
    wrap::cut,
};
use std::collections::BTreeSet;

/// Authors whose last message may be a cause.
const CANDIDATES: usize = 128;
/// Columns of a message that is referred to.
const QUOTE: usize = 60;
/// Messages said at the same time that are listed.
const CONCURRENT: usize = 6;

/// Why the message of this number stands where it does.
pub(super) fn why(model: &Model, number: usize) -> Option<Vec<String>> {
    let (entry, spoken) = model.transcript.numbered(Some(number))?;
    let mut lines = vec![quote(model, entry, spoken), String::new()];
    if spoken.clock.is_none() {
        lines.push("Its clock is no longer held here: it is too long ago.".into());
        return Some(lines);
    }
    let causes = causes(model, spoken);
    if causes.is_empty() {
        lines.push("Its author had seen no message that is held here.".into());
    } else {
        lines.push("Its author answers, having seen:".into());
        lines.extend(
            causes.iter().map(|(entry, cause)| format!("  {}", quote(model, entry, cause))),
        );
    }
    let at_once: Vec<_> = model
        .transcript
        .messages()
        .rev()
        .filter(|(_, other)| spoken.is_concurrent(other))
        .collect();
    if !at_once.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "Said at the same time, neither having seen the other ({}):",
            at_once.len()
        ));
        let shown = at_once.iter().take(CONCURRENT);
        lines.extend(shown.map(|(entry, other)| format!("  {}", quote(model, entry, other))));
        lines.push(
            "Their order is that of their Lamport times, then of their authors' keys.".into(),
        );
    }
    lines.push(String::new());
    lines.push(format!("It came {}.", came(model, spoken)));
    if !spoken.gap.is_empty() {
        let missing: Vec<_> = spoken
            .gap
            .iter()
            .take(8)
            .map(|dot| format!("{} {}", model.room.who(dot.node), dot.number))
            .collect();
        lines.push(format!(
            "Missing before it, because nobody could give them: {}.",
            missing.join(", ")
        ));
    }
    lines.push(format!(
        "Frame {}, Lamport time {}, index {}.",
        spoken.dot(),
        spoken.key.lamport,
        spoken.id.index
    ));
    Some(lines)
}

/// The full vector clock of the message of this number.
pub(super) fn clock(model: &Model, number: usize) -> Option<Vec<String>> {
    let (entry, spoken) = model.transcript.numbered(Some(number))?;
    let mut lines = vec![quote(model, entry, spoken), String::new()];
    let Some(clock) = &spoken.clock else {
        lines.push("Its clock is no longer held here: it is too long ago.".into());
        return Some(lines);
    };
    lines.push("Its author had seen, of each, the frames up to this number:".into());
    lines.extend(
        clock.dots().map(|dot| format!("  {:>8}  {}", dot.number, model.room.who(dot.node))),
    );
    lines.push(format!("Lamport time {}.", spoken.key.lamport));
    Some(lines)
}

/// The messages that this one answers, in their order.
fn causes<'a>(model: &'a Model, spoken: &Spoken) -> Vec<(&'a Entry, &'a Spoken)> {
    let mut authors = BTreeSet::new();
    let past = model.transcript.messages().rev().filter(|(_, other)| other.is_before(spoken));
    let last: Vec<_> =
        past.filter(|(_, other)| authors.insert(other.dot().node)).take(CANDIDATES).collect();
    let is_cause =
        |(_, one): &&(&Entry, &Spoken)| !last.iter().any(|(_, other)| one.is_before(other));
    let mut causes: Vec<_> = last.iter().filter(is_cause).copied().collect();
    causes.reverse();
    causes
}

fn came(model: &Model, spoken: &Spoken) -> String {
    let author = spoken.dot().node;
    let how = match spoken.via {
        _ if Some(author) == model.room.own => "from you".into(),
        Some(node) if node != author => format!("from {}, who had it", model.room.who(node)),
        _ => "from its author".to_owned(),
    };
    match (spoken.backfill, spoken.late) {
        (true, _) => format!("{how}, with what was said before you joined"),
        (_, true) => format!("{how}, after messages that stand below it"),
        _ => how,
    }
}

fn quote(model: &Model, entry: &Entry, spoken: &Spoken) -> String {
    let said = cut(&spoken.text.replace('\n', " "), QUOTE);
    format!("#{} {}: {said}", entry.number, model.room.who(spoken.dot().node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::Scene;

    #[test]
    fn the_causes_of_a_message_are_what_its_author_had_last_seen() {
        let mut scene = Scene::discussion();
        let number = |text: &str| {
            let mut found = scene.model.transcript.messages();
            found.find(|(_, spoken)| spoken.text.contains(text)).unwrap().0.number
        };
        let (asked, answer) = (number("lunch"), number("Both, then"));
        let told = why(&scene.model, answer).unwrap().join("\n");
        assert!(told.contains("pizza") && told.contains("soup"), "{told}");
        assert!(!told.contains("lunch"), "what its causes had seen is not listed: {told}");
        assert!(why(&scene.model, asked).unwrap().join("\n").contains("had seen no message"));
        let told = why(&scene.model, number("pizza")).unwrap().join("\n");
        assert!(told.contains("at the same time") && told.contains("soup"), "{told}");
        assert_eq!(why(&scene.model, 99), None);
        scene.late(3, 9, 2, "lost and found", Some(2));
        let last = scene.model.transcript.messages().map(|(entry, _)| entry.number).max().unwrap();
        assert!(why(&scene.model, last).unwrap().join("\n").contains("from bob"));
    }
}
