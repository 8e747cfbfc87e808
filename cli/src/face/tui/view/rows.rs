//! The transcript in rows: margin, time, name, text.
//!
//! The margin braces together what was said at the same time: `╭ ├ ╰` from a message to the
//! next one that hadn't seen it, nor it that one. `↑` stands beside what came after messages
//! that stand below it.

use super::{
    super::{
        model::{Focus, Model},
        transcript::{Entry, Kind, Spoken},
        wrap::{cut, cut_name, padded, width, wrap},
    },
    look,
    style::Look,
};
use crate::face::telling;
use ratatui::{
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

/// Columns of the braces, `↑` and a blank.
const MARGIN: usize = 3;
/// Columns from which on numbers stand beside messages all the time.
const WIDE: usize = 100;
/// Columns of a time, or of a number.
const LABEL: usize = 6;

/// Which columns a message has.
struct Columns {
    all: usize,
    time: bool,
    number: bool,
    who: usize,
}

impl Columns {
    fn of(model: &Model, all: usize) -> Self {
        let typed = model.editor.text();
        let asked = typed.starts_with("/why") || typed.starts_with("/clock");
        Self {
            all,
            time: all >= 50 && (!asked || all >= WIDE),
            number: asked || all >= WIDE,
            who: model.room.widest.clamp(8, (all / 4).max(8)),
        }
    }

    fn before_who(&self) -> usize {
        MARGIN + LABEL * (usize::from(self.time) + usize::from(self.number))
    }

    fn before_text(&self) -> usize {
        self.before_who() + self.who + 2
    }

    fn text(&self) -> usize {
        self.all.saturating_sub(self.before_text())
    }
}

/// The rows that are visible.
pub(super) fn visible(model: &Model, area: Rect) -> Vec<Line<'static>> {
    let columns = Columns::of(model, usize::from(area.width));
    let mut lines = Vec::new();
    for (place, rows) in model.laid().visible(model.scroll) {
        if let Some(entry) = model.transcript.get(place) {
            let all = self::rows(model, entry, &columns);
            lines.extend(all.into_iter().skip(rows.start).take(rows.len()));
        }
    }
    lines
}

/// How many rows each entry has, at this width.
pub(in super::super) fn heights(model: &Model, all: usize) -> impl Fn(&Entry) -> usize {
    let columns = Columns::of(model, all);
    move |entry| rows(model, entry, &columns).len()
}

fn rows(model: &Model, entry: &Entry, columns: &Columns) -> Vec<Line<'static>> {
    let look = look(model);
    let mut lines = Vec::new();
    let first = || model.transcript.iter().next().is_some_and(|first| first.place == entry.place);
    if model.transcript.is_trimmed() && first() {
        lines.push(rule("older messages are no longer held here", columns, look.faint()));
    }
    if model.unread == Some(entry.place) {
        lines.push(rule("new", columns, look.strong()));
    }
    match &entry.kind {
        Kind::Said(spoken) if model.is_hidden(spoken.dot().node) => return Vec::new(),
        Kind::Said(spoken) => {
            if !spoken.gap.is_empty() {
                lines.push(rule(&missing(model, spoken), columns, look.wrong()));
            }
            said(model, entry, spoken, columns, look, &mut lines);
        }
        Kind::Told(text) => {
            told(model, entry, &format!("· {text}"), look.faint(), columns, &mut lines);
        }
        Kind::Wrong(text) => {
            told(model, entry, &format!("! {text}"), look.wrong(), columns, &mut lines);
        }
        Kind::Recovered { nick, repaired, count, .. } => {
            let text = if *repaired {
                format!("↑ {count} recovered from {nick}")
            } else {
                format!("↑ {count} from {nick} came late, further up")
            };
            told(model, entry, &text, look.strong(), columns, &mut lines);
        }
    }
    lines
}

fn said(
    model: &Model,
    entry: &Entry,
    spoken: &Spoken,
    columns: &Columns,
    look: Look,
    lines: &mut Vec<Line<'static>>,
) {
    let node = spoken.dot().node;
    let found = model.find.at == Some(entry.place);
    let (above, below) = braced(model, entry);
    let text = if spoken.action { format!("* {}", spoken.text) } else { spoken.text.clone() };
    let style = if spoken.mention { look.strong() } else { Style::new() };
    for (row, text) in wrap(&text, columns.text()).into_iter().enumerate() {
        let brace = match (row, above, below) {
            (0, false, true) => '╭',
            (0, true, true) => '├',
            (0, true, false) => '╰',
            (1.., _, true) => '│',
            _ => ' ',
        };
        let mark = match row {
            0 if found => '▸',
            0 if spoken.late => '↑',
            _ => ' ',
        };
        let mut spans = vec![Span::styled(format!("{brace}{mark} "), look.strong())];
        if row == 0 {
            if columns.time {
                spans.push(Span::styled(padded(&spoken.at, LABEL), look.faint()));
            }
            if columns.number {
                spans
                    .push(Span::styled(padded(&format!("#{}", entry.number), LABEL), look.faint()));
            }
            let who = cut_name(&telling::who(&spoken.nick, node), columns.who);
            spans.push(Span::styled(padded(&who, columns.who), look.author(node)));
            spans.push(Span::raw("  "));
        } else {
            spans.push(Span::raw(" ".repeat(columns.before_text() - MARGIN)));
        }
        spans.extend(marked(model, text, style, look));
        lines.push(Line::from(spans));
    }
}

fn told(
    model: &Model,
    entry: &Entry,
    text: &str,
    style: Style,
    columns: &Columns,
    lines: &mut Vec<Line<'static>>,
) {
    let brace = if braced(model, entry) == (true, true) { "│" } else { " " };
    for (row, text) in wrap(text, columns.all.saturating_sub(MARGIN + 2)).into_iter().enumerate() {
        let indent = if row == 0 { "" } else { "  " };
        let brace = Span::raw(format!("{brace}  {indent}"));
        lines.push(Line::from(vec![brace, Span::styled(text, style)]));
    }
}

/// Whether the message before, and the one behind, was said at the same time as this one. What
/// is no message is between two of them.
fn braced(model: &Model, entry: &Entry) -> (bool, bool) {
    let shown = |other: &&Entry| {
        other.place != entry.place
            && other.said().is_some_and(|spoken| !model.is_hidden(spoken.dot().node))
    };
    let before = model.transcript.range(..entry.place).rev().find(shown).and_then(Entry::said);
    let after = model.transcript.range(entry.place..).find(shown).and_then(Entry::said);
    let concurrent = |one: Option<&Spoken>, other: Option<&Spoken>| {
        one.zip(other).is_some_and(|(one, other)| one.is_concurrent(other))
    };
    match entry.said() {
        Some(spoken) => (concurrent(before, Some(spoken)), concurrent(Some(spoken), after)),
        None => (concurrent(before, after), concurrent(before, after)),
    }
}

fn missing(model: &Model, spoken: &Spoken) -> String {
    let named = spoken.gap.iter().take(3);
    let named: Vec<_> =
        named.map(|dot| format!("{} {}", model.room.who(dot.node), dot.number)).collect();
    let more = if spoken.gap.len() > named.len() { ", …" } else { "" };
    format!("{} missing here: {}{more}", spoken.gap.len(), named.join(", "))
}

fn rule(text: &str, columns: &Columns, style: Style) -> Line<'static> {
    let text = cut(&format!("── {text} "), columns.all);
    let rest = columns.all.saturating_sub(width(&text));
    Line::from(text + &"─".repeat(rest)).style(style)
}

/// A row of text, with what is searched for marked in it.
fn marked(model: &Model, text: String, style: Style, look: Look) -> Vec<Span<'static>> {
    let wanted = model.find.text().filter(|_| model.focus != Focus::Editor);
    let lower = text.to_lowercase();
    // Where case changes the length of a text, its places are others.
    let Some(wanted) = wanted.filter(|_| lower.len() == text.len()) else {
        return vec![Span::styled(text, style)];
    };
    let (mut spans, mut from) = (Vec::new(), 0);
    for (at, found) in lower.match_indices(&wanted) {
        let (Some(before), Some(found)) = (text.get(from..at), text.get(at..at + found.len()))
        else {
            continue;
        };
        spans.push(Span::styled(before.to_owned(), style));
        spans.push(Span::styled(found.to_owned(), look.found()));
        from = at + found.len();
    }
    spans.push(Span::styled(text[from..].to_owned(), style));
    spans
}
