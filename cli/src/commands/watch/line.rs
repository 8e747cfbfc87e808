//! An envelope as one line: time, room and subject, kind, who, what. Whatever was sent is
//! cleaned before it is shown.

use chat_protocol::{
    Dot, Envelope, Frame, ItemKind, ParseError, VectorClock,
    text::{self, one_line},
};
use std::time::{Duration, SystemTime};

/// Characters of a text that are shown.
const TEXT: usize = 80;
/// Entries of a clock that are shown; the rest is counted.
const ENTRIES: usize = 12;

/// The time of day (UTC), the room's first characters and the kind of subject.
pub(super) fn place(at: SystemTime, subject: &str) -> String {
    let mut tokens = subject.split('.').skip(2).map(text::lines);
    let (room, kind) = (tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default());
    format!("{}Z {room:.4}… {kind:4}", time_of_day(at))
}

/// The time of day (UTC).
pub(super) fn time_of_day(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (hours, minutes, seconds) = (since / 3600 % 24, since / 60 % 60, since % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

/// What an envelope says; `clock` is the full one.
pub(super) fn envelope(envelope: &Envelope, clock: &VectorClock) -> String {
    let (kind, who) = (envelope.kind(), envelope.from().tag());
    match envelope {
        Envelope::Frame(frame) => format!("{kind:5} {who}{}", contents(frame, clock)),
        Envelope::Beat(beat) => {
            let heads = entries(&beat.heads);
            format!("{kind:5} {who} heads [{heads}], {} members", beat.members)
        }
        Envelope::Hello(_) => format!("{kind:5} {who} introduces itself"),
        Envelope::Want(_) => format!("{kind:5} {who} asks for what it lacks"),
        Envelope::Give(_) => format!("{kind:5} {who} answers"),
        Envelope::Mint(mint) => {
            let lock = if mint.lock { ", which locks the room," } else { "" };
            format!("{kind:5} {who} opens an epoch{lock} to {} members", mint.audience.len())
        }
        Envelope::Refuse(_) => format!("{kind:5} {who} lets nobody in"),
    }
}

/// What is no envelope, the how manyth, and why.
pub(super) fn unknown(error: &ParseError, count: u64, bytes: usize) -> String {
    format!(
        "?     not understood, the {count}. so far ({bytes} bytes): {}",
        one_line(&error.to_string(), 200)
    )
}

fn contents(frame: &Frame, clock: &VectorClock) -> String {
    format!(":{} [{}]{}", frame.number, entries(clock), said(frame))
}

/// What a frame holds, as far as it can be read.
pub(super) fn said(frame: &Frame) -> String {
    let said = frame.items.iter().map(|item| {
        let text = one_line(&item.text, TEXT);
        match item.kind {
            ItemKind::Text => format!(" \"{text}\""),
            _ => format!(" {} {text}", one_line(item.kind.as_str(), 16)),
        }
    });
    let sealed = frame
        .sealed
        .as_ref()
        .map_or_else(String::new, |sealed| format!(" sealed, {} bytes", sealed.body.0.len()));
    let last = if frame.is_final { " leaves" } else { "" };
    format!("{}{sealed}{last}", said.collect::<String>())
}

fn entries(clock: &VectorClock) -> String {
    let shown =
        clock.dots().take(ENTRIES).map(|dot: Dot| format!("{}:{}", dot.node.tag(), dot.number));
    let shown = shown.collect::<Vec<_>>().join(" ");
    match clock.len().saturating_sub(ENTRIES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{Item, Lamport, NodeId, Number, frame::Signature, hash::Past};
    use std::sync::Arc;

    fn said(text: &str) -> String {
        let node = NodeId([0; 10]);
        let dot = Dot::new(node, Number(12));
        let item = Item { kind: ItemKind::Text, text: text.into(), at: 0, terms: None };
        let clock: VectorClock = [dot].into_iter().collect();
        let frame = Frame {
            from: node,
            number: Number(12),
            lamport: Lamport(1),
            clock: clock.clone(),
            past: Past::ZERO,
            sealed: None,
            items: vec![item],
            is_final: false,
            sig: Signature::ZERO,
        };
        envelope(&Envelope::Frame(Arc::new(frame)), &clock)
    }

    #[test]
    fn a_frame_is_one_clean_line_with_dot_clock_and_text() {
        assert_eq!(said("hi\nthere"), "frame aaaa:12 [aaaa:12] \"hi there\"");
        let hostile = said("\u{1b}]52;c;x\u{7}\u{202e}");
        assert!(hostile.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{hostile:?}");
    }

    #[test]
    fn a_long_clock_is_cut_and_counted() {
        let nodes = (0..20).map(|node| Dot::new(NodeId([node; 10]), Number(1)));
        assert!(entries(&nodes.collect()).ends_with("and 8 more"));
    }

    #[test]
    fn the_time_and_the_room_stand_first() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 + 3_661);
        assert_eq!(place(at, "chat.room.abcdefgh.msg"), "01:01:01Z abcd… msg ");
        assert!(!place(at, "chat.room.\u{1b}[2J.msg").contains('\u{1b}'));
    }

    #[test]
    fn what_is_not_understood_is_counted() {
        let error = Envelope::parse(br#"{"v":1,"kind":"ode"}"#).unwrap_err();
        let line = unknown(&error, 3, 20);
        assert!(line.contains("the 3. so far") && line.contains("unknown kind"), "{line}");
    }
}
