//! The lines around the transcript: what the room is, what must not be overlooked, and what
//! is going on.

use super::{
    super::{
        comparison::Shown,
        model::{Focus, Model},
        room::{Listeners, Phase},
        scroll::Scroll,
        wrap::{cut, width, wrap},
    },
    style::Look,
};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

/// Something that the header says, in words that need more or less room.
struct Part {
    long: String,
    short: String,
    style: Style,
    /// Whether it goes where even the short words find no room. What tells who may hear or
    /// read never does.
    goes: bool,
}

impl Part {
    fn new(text: impl Into<String>, style: Style) -> Self {
        let long = text.into();
        Self { short: long.clone(), long, style, goes: false }
    }

    fn or(self, short: &str) -> Self {
        Self { short: short.into(), ..self }
    }

    fn or_nothing(self) -> Self {
        Self { goes: true, ..self }
    }

    /// Columns that it takes behind its separator.
    fn width(&self) -> usize {
        width(&self.long) + 3
    }

    fn shorten(&mut self) {
        self.long = std::mem::take(&mut self.short);
    }
}

/// Columns that a topic may take before anything goes for it.
const TOPIC: usize = 8;

/// Topic, members, agreement, who else may hear, connection. Where that is too much the
/// connection says less, then the others do, from behind; then members and agreement go, and
/// at last the topic.
pub(super) fn line(model: &Model, look: Look, columns: u16) -> Line<'static> {
    let columns = usize::from(columns);
    let mut connection = connection(model, look, columns);
    let members = Part::new(format!("{} here", model.room.members()), Style::new());
    let mut parts = vec![members.or_nothing()];
    parts.extend(agreement(model, look));
    parts.extend(who_else(model, look));
    let fits = |parts: &[Part], connection: &Part| {
        let taken: usize = parts.iter().map(Part::width).sum();
        taken + connection.width() + TOPIC <= columns
    };
    if !fits(&parts, &connection) {
        connection.shorten();
    }
    for at in (0..parts.len()).rev() {
        if !fits(&parts, &connection) {
            parts[at].shorten();
        }
    }
    while !fits(&parts, &connection)
        && let Some(least) = parts.iter().position(|part| part.goes)
    {
        parts.remove(least);
    }
    let taken: usize = parts.iter().map(Part::width).sum();
    let room = columns.saturating_sub(taken + connection.width());
    let topic = cut(model.room.topic.as_deref().unwrap_or("a discussion"), room);
    let mut spans = vec![Span::raw(" "), Span::styled(topic, look.strong())];
    for part in parts {
        spans.push(Span::styled(" · ", look.faint()));
        spans.push(Span::styled(part.long, part.style));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let right = width(&connection.long) + 1;
    spans.push(Span::raw(" ".repeat(columns.saturating_sub(used + right))));
    spans.push(Span::styled(connection.long, connection.style));
    Line::from(spans)
}

/// Rows of a banner, at most.
const BANNER: usize = 3;

/// What anyone who looks at the screen must know, all the time.
pub(super) fn banners(model: &Model, look: Look) -> Vec<Line<'static>> {
    let mut banners = Vec::new();
    if model.room.own.is_some() && !model.room.sealed {
        banners.push("CLEAR: readable by anyone on this server".to_owned());
    }
    if let Listeners::Seen { recorders, listeners } = &model.room.listeners {
        if !recorders.is_empty() {
            banners.push(format!("RECORDED at the server, by stream {}", recorders.join(", ")));
        }
        if !listeners.is_empty() {
            banners.push(format!("LISTENING, and no member: {}", listeners.join(", ")));
        }
    }
    let columns = usize::from(model.size.0);
    let rows = |text: String| {
        let mut rows = wrap(&text, columns.saturating_sub(2));
        if rows.len() > BANNER {
            rows.truncate(BANNER);
            rows[BANNER - 1].push('…');
        }
        rows.into_iter().map(|row| Line::from(cut(&format!(" {row} "), columns)))
    };
    banners.into_iter().flat_map(rows).map(|line| line.style(look.alert())).collect()
}

/// Rows of the line above what is typed, at most.
const STATUS: usize = 4;

/// The line above what is typed: what the last key did, or what there is to know; in more rows
/// where it is long.
pub(super) fn status(model: &Model, look: Look, columns: u16) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let below = match (model.scroll, model.below) {
        (Scroll::End, _) => String::new(),
        (_, 0) => " ↓ End ".into(),
        (_, below) => format!(" ↓ {below} new below: End "),
    };
    let (left, style) = left(model, look);
    let mut rows = wrap(&left, columns.saturating_sub(4 + width(&below)));
    rows.truncate(STATUS);
    let last = rows.len() - 1;
    let line = |(row, text): (usize, String)| {
        let begin = if row == 0 { "─ " } else { "  " };
        if row < last {
            return Line::from(cut(&format!("{begin}{text}"), columns)).style(style);
        }
        let left = cut(&format!("{begin}{text} "), columns.saturating_sub(width(&below) + 1));
        let rule = columns.saturating_sub(width(&left) + width(&below) + 1);
        Line::from(vec![
            Span::styled(left, style),
            Span::styled("─".repeat(rule), look.faint()),
            Span::styled(below.clone(), look.strong()),
            Span::styled("─", look.faint()),
        ])
    };
    rows.into_iter().enumerate().map(line).collect()
}

fn left(model: &Model, look: Look) -> (String, Style) {
    if let Some(status) = &model.status {
        return (status.clone(), look.strong());
    }
    if let Some(completion) =
        model.completion.as_ref().filter(|completion| completion.candidates.len() > 1)
    {
        let candidates = completion.candidates.iter().map(|candidate| candidate.trim());
        return (candidates.collect::<Vec<_>>().join("  "), look.strong());
    }
    let (at, of) = model.find.count;
    match model.focus {
        Focus::Query if model.find.text().is_none() => {
            ("Enter finds, Esc ends".into(), look.faint())
        }
        Focus::Query | Focus::Matches if of == 0 => ("not found".into(), look.strong()),
        Focus::Query => (format!("{at} of {of}: Enter, then n and N"), look.strong()),
        Focus::Matches => (format!("{at} of {of}: n further up, N down, Esc ends"), look.strong()),
        Focus::Leave => ("nothing of this discussion exists elsewhere".into(), look.strong()),
        Focus::Editor if model.room.down => {
            ("cut off: what you say is kept and sent when it is back".into(), look.wrong())
        }
        Focus::Editor => ("F1 help · F2 who has what · /quit".into(), look.faint()),
    }
}

fn connection(model: &Model, look: Look, columns: usize) -> Part {
    match model.room.phase {
        Phase::Leaving => Part::new("leaving …", look.strong()),
        _ if model.room.down => Part::new("✗ cut off", look.wrong()),
        _ if columns < usize::from(super::WIDE) => Part::new("● connected", look.good()).or("●"),
        _ => {
            let long = format!("● connected to {}", model.room.server);
            Part::new(long, look.good()).or("● connected")
        }
    }
}

fn agreement(model: &Model, look: Look) -> Option<Part> {
    if model.room.down {
        return Some(Part::new("? not compared", Style::new()).or_nothing());
    }
    if model.room.phase == Phase::CatchingUp && model.room.members() > 1 {
        let progress = model.room.catching_up;
        let progress = progress.map(|(held, of)| format!("catching up: {held} of {of}"));
        let part = Part::new(progress.unwrap_or_else(|| "catching up".into()), look.strong());
        return Some(part.or("catching up").or_nothing());
    }
    let part = match model.room.comparison.shown(model.now)? {
        Shown::Comparing => Part::new("… comparing", look.faint()),
        Shown::Agreement { of: 1, .. } => Part::new("alone", Style::new()),
        Shown::Agreement { same, of } if same == of => {
            let short = format!("✓ same {same}/{of}");
            Part::new(format!("✓ same transcript {same}/{of}"), look.good()).or(&short)
        }
        Shown::Agreement { same, of } => {
            let short = format!("≠ same {same}/{of}");
            Part::new(format!("≠ same transcript {same}/{of}"), look.strong()).or(&short)
        }
    };
    Some(part.or_nothing())
}

/// Who beside those here may hear or read, and what keeps them from it.
fn who_else(model: &Model, look: Look) -> Vec<Part> {
    let mut parts = Vec::new();
    match &model.room.listeners {
        Listeners::NotLooked => {
            parts.push(Part::new("listeners: not looked", look.faint()).or("not looked"));
        }
        Listeners::Unknown => {
            parts.push(Part::new("? listeners unknown", Style::new()).or("? listeners"));
        }
        Listeners::NoneSeen => {
            parts.push(Part::new("○ no listener seen", Style::new()).or("○ none seen"));
        }
        Listeners::Seen { recorders, listeners } => {
            if !recorders.is_empty() {
                let long = format!("◉ recorded by {}", recorders.join(", "));
                parts.push(Part::new(long, look.wrong()).or("◉ recorded"));
            }
            if !listeners.is_empty() {
                parts.push(Part::new(format!("◉ {} listening", listeners.len()), look.wrong()));
            }
        }
    }
    if model.room.sealed {
        parts.push(Part::new("sealed", look.good()));
    }
    if model.room.locked {
        parts.push(Part::new("locked", look.good()));
    }
    if model.room.open {
        parts.push(Part::new("open: strangers may be listening", look.strong()).or("open"));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::Scene;
    use chat_node::{Code, ConnectionState, Event, Notice};
    use std::time::Duration;

    fn header(scene: &mut Scene, columns: u16) -> String {
        scene.shown(columns, 24).lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_was_seen_of_listeners_is_said_and_no_more() {
        let mut scene = Scene::discussion();
        let spy = || vec!["spy".to_owned()];
        for (listeners, said) in [
            (Listeners::NotLooked, "listeners: not looked"),
            (Listeners::Unknown, "? listeners unknown"),
            (Listeners::NoneSeen, "○ no listener seen"),
            (Listeners::Seen { recorders: vec![], listeners: spy() }, "◉ 1 listening"),
            (Listeners::Seen { recorders: spy(), listeners: vec![] }, "◉ recorded by spy"),
        ] {
            scene.model.room.listeners = listeners;
            let shown = scene.shown(80, 24);
            assert!(shown.contains(said), "{shown}");
            assert!(
                !shown.contains("no listener ") || said.contains("no listener seen"),
                "{shown}"
            );
            assert_eq!(shown.contains("RECORDED"), said.contains("recorded"), "{shown}");
        }
    }

    #[test]
    fn who_may_hear_or_read_is_said_at_any_width() {
        let mut scene = Scene::discussion();
        let room = &mut scene.model.room;
        (room.sealed, room.open, room.locked) = (true, true, true);
        room.topic = Some("a topic that is as long as topics get".into());
        let (recorders, listeners) = (vec!["ARCHIVE".into()], vec!["spy".into()]);
        room.listeners = Listeners::Seen { recorders, listeners };
        for columns in 60..200 {
            let header = header(&mut scene, columns);
            for word in ["sealed", "open", "locked", "◉ recorded", "◉ 1 listening"] {
                assert!(header.contains(word), "{columns}: {header}");
            }
        }
        assert!(header(&mut scene, 200).contains("open: strangers may be listening"));
    }

    #[test]
    fn a_public_room_says_open_and_sealed_at_80_columns() {
        let mut scene = Scene::new();
        scene.enter_public(3);
        scene.joins(2, "bob");
        scene.joins(3, "carol");
        scene.agree(3, 3);
        scene.model.room.listeners = Listeners::NoneSeen;
        let header = header(&mut scene, 80);
        for words in ["3 here", "✓ same transcript 3/3", "○ none seen", "sealed", "open"] {
            assert!(header.contains(words), "{header}");
        }
    }

    #[test]
    fn cut_off_nothing_is_said_of_what_the_others_have() {
        let mut scene = Scene::discussion();
        scene.connection(ConnectionState::Down);
        let cut_off = header(&mut scene, 80);
        assert!(!cut_off.contains("same") && cut_off.ends_with("✗ cut off"), "{cut_off}");
        scene.connection(ConnectionState::Up);
        assert!(header(&mut scene, 80).contains("same transcript 3/3"));
    }

    #[test]
    fn a_difference_is_shown_once_it_lasts() {
        let mut scene = Scene::discussion();
        scene.agree(2, 3);
        assert!(header(&mut scene, 80).contains("✓ same transcript 3/3"));
        assert!(scene.model.changes_at().is_some(), "it is looked at again");
        scene.passes(Duration::from_secs(3));
        assert!(header(&mut scene, 80).contains("≠ same transcript 2/3"));
        assert_eq!(scene.model.changes_at(), None);
        scene.agree(4, 4);
        scene.agree(4, 5);
        assert!(header(&mut scene, 80).contains("… comparing"), "of others than before");
    }

    #[test]
    fn a_long_answer_to_a_key_is_wrapped() {
        let mut scene = Scene::discussion();
        scene.model.status = Some("word ".repeat(40) + "end");
        assert!(scene.shown(80, 24).contains("end ─"));
    }

    #[test]
    fn a_lock_is_said_in_the_header() {
        let mut scene = Scene::discussion();
        scene.tell(Event::Warning(Notice::new(Code::Locked, "ann locked it")));
        assert!(header(&mut scene, 80).contains("locked"));
    }

    #[test]
    fn what_does_not_fit_is_said_shorter_before_it_goes() {
        let mut scene = Scene::discussion();
        let narrow = header(&mut scene, 52);
        for words in ["lunch?", "3 here", "✓ same 3/3", "not looked", "●"] {
            assert!(narrow.contains(words), "{narrow}");
        }
        let narrower = header(&mut scene, 30);
        assert!(!narrower.contains("3 here") && narrower.contains("not looked"), "{narrower}");
    }
}
