//! The lines around the transcript: what the room is, what must not be overlooked, and what
//! is going on.

use super::{
    super::{
        model::{Focus, Model},
        room::{Listeners, Phase},
        scroll::Scroll,
        wrap::{cut, width},
    },
    style::Look,
};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

/// Topic, members, agreement, listeners, connection: what doesn't fit goes, the least
/// important first.
pub(super) fn line(model: &Model, look: Look, columns: u16) -> Line<'static> {
    let columns = usize::from(columns);
    let (connection, style) = connection(model, look, columns);
    let mut parts = vec![(format!("{} here", model.room.members()), Style::new())];
    parts.extend(agreement(model, look));
    parts.push(listeners(model, look));
    if model.room.sealed {
        parts.push(("sealed".into(), look.good()));
    }
    let taken =
        |parts: &[(String, Style)]| parts.iter().map(|(text, _)| width(text) + 3).sum::<usize>();
    let right = width(&connection) + 2;
    while !parts.is_empty() && taken(&parts) + right + 9 > columns {
        // Agreement stays longest.
        let least = if parts.len() > 2 { parts.len() - 1 } else { 0 };
        parts.remove(least);
    }
    let room = columns.saturating_sub(taken(&parts) + right + 1);
    let topic = cut(model.room.topic.as_deref().unwrap_or("a discussion"), room);
    let mut spans = vec![Span::raw(" "), Span::styled(topic, look.strong())];
    for (text, style) in parts {
        spans.push(Span::styled(" · ", look.faint()));
        spans.push(Span::styled(text, style));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::raw(" ".repeat(columns.saturating_sub(used + right - 1))));
    spans.push(Span::styled(connection, style));
    Line::from(spans)
}

/// What anyone who looks at the screen must know, all the time.
pub(super) fn banners(model: &Model, look: Look) -> Vec<Line<'static>> {
    let mut banners = Vec::new();
    if model.room.own.is_some() && !model.room.sealed {
        banners.push(" CLEAR: readable by anyone on this server ".to_owned());
    }
    if let Listeners::Seen(found) = &model.room.listeners {
        banners.push(format!(" LISTENING, and no member: {} ", found.join(", ")));
    }
    let columns = usize::from(model.size.0);
    let line = |text: String| Line::from(cut(&text, columns)).style(look.alert());
    banners.into_iter().map(line).collect()
}

/// The line above what is typed: what the last key did, or what there is to know.
pub(super) fn status(model: &Model, look: Look, columns: u16) -> Line<'static> {
    let columns = usize::from(columns);
    let below = match (model.scroll, model.below) {
        (Scroll::End, _) => String::new(),
        (_, 0) => " ↓ End ".into(),
        (_, below) => format!(" ↓ {below} new below: End "),
    };
    let (left, style) = left(model, look);
    let left = cut(&format!("─ {left} "), columns.saturating_sub(width(&below) + 1));
    let rule = columns.saturating_sub(width(&left) + width(&below) + 1);
    Line::from(vec![
        Span::styled(left, style),
        Span::styled("─".repeat(rule), look.faint()),
        Span::styled(below, look.strong()),
        Span::styled("─", look.faint()),
    ])
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

fn connection(model: &Model, look: Look, columns: usize) -> (String, Style) {
    match model.room.phase {
        Phase::Leaving => ("leaving …".into(), look.strong()),
        _ if model.room.down => ("✗ cut off".into(), look.wrong()),
        _ if columns < usize::from(super::WIDE) => ("● connected".into(), look.good()),
        _ => (format!("● connected to {}", model.room.server), look.good()),
    }
}

fn agreement(model: &Model, look: Look) -> Option<(String, Style)> {
    if model.room.phase == Phase::CatchingUp && model.room.members() > 1 {
        let progress = model.room.catching_up;
        let progress = progress.map(|(held, of)| format!("catching up: {held} of {of}"));
        return Some((progress.unwrap_or_else(|| "catching up".into()), look.strong()));
    }
    let agreement = model.room.agreement.as_ref()?;
    let (same, of) = (agreement.same, agreement.of);
    Some(match (same, of) {
        (_, 1) => ("alone".into(), Style::new()),
        _ if same == of => (format!("✓ same transcript {same}/{of}"), look.good()),
        _ => (format!("≠ same transcript {same}/{of}"), look.strong()),
    })
}

fn listeners(model: &Model, look: Look) -> (String, Style) {
    match &model.room.listeners {
        Listeners::NotLooked => ("listeners: not looked".into(), look.faint()),
        Listeners::Unknown => ("? listeners unknown".into(), Style::new()),
        Listeners::NoneSeen => ("○ no listener seen".into(), Style::new()),
        Listeners::Seen(found) => (format!("◉ {} listening", found.len()), look.wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::Scene;

    #[test]
    fn what_was_seen_of_listeners_is_said_and_no_more() {
        let mut scene = Scene::discussion();
        for (listeners, said) in [
            (Listeners::NotLooked, "listeners: not looked"),
            (Listeners::Unknown, "? listeners unknown"),
            (Listeners::NoneSeen, "○ no listener seen"),
            (Listeners::Seen(vec!["spy".into()]), "◉ 1 listening"),
        ] {
            scene.model.room.listeners = listeners;
            let shown = scene.shown(80, 24);
            assert!(shown.contains(said), "{shown}");
            assert!(
                !shown.contains("no listener ") || said.contains("no listener seen"),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_goes_and_agreement_goes_last() {
        let mut scene = Scene::discussion();
        let narrow = scene.shown(52, 10);
        let header = narrow.lines().next().unwrap_or_default();
        assert!(
            header.contains("same transcript 3/3") && header.ends_with("connected"),
            "{header}"
        );
        assert!(!header.contains("listeners"), "{header}");
    }
}
