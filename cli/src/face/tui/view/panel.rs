//! A panel over the transcript.

use super::{
    super::{model::Model, panel::Content, wrap::wrap},
    roster,
    style::Look,
};
use crate::face::slash::COMMANDS;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Clear},
};

/// Columns that a panel takes at most: lines that are longer are hard to read.
const COLUMNS: u16 = 100;

const KEYS: [(&str, &str); 14] = [
    ("Enter", "say it"),
    ("Alt-Enter, Ctrl-J", "a further line; what is pasted keeps its lines"),
    ("Tab, Shift-Tab", "complete a name or a command"),
    ("Up, Down", "what you typed before"),
    ("PageUp, PageDown, wheel", "scroll; Ctrl-Up and Ctrl-Down by one row"),
    ("Ctrl-Home, Ctrl-End", "to the top, to the end"),
    ("Esc", "close, take off what is typed, back to the end"),
    ("Ctrl-F", "search; then n further up, N down"),
    ("F1, F2", "this help; who is here and who has what"),
    ("Ctrl-C", "leave at once"),
    ("Ctrl-D", "as /quit, with nothing typed"),
    ("Ctrl-Z", "suspend"),
    ("Ctrl-L", "draw the screen anew"),
    ("Shift and mouse", "select text, in most terminals"),
];

const MARKS: [(&str, &str); 5] = [
    ("╭ ├ ╰", "said at the same time: neither had seen the other"),
    ("↑", "came after messages that stand below it"),
    ("#7", "shown while you type /why: this screen's own, others count otherwise"),
    ("✓ same transcript 4/4", "all four have the same messages in the same order"),
    ("● ○", "heard of lately; not for some seconds"),
];

/// Draws the panel, if one is open.
pub(super) fn draw(model: &Model, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let Some(panel) = &model.panel else { return };
    let lines = lines(model, look);
    let area = area(body, lines.len());
    let hint =
        if lines.len() > inside(area) { " PageDown: more · Esc: close " } else { " Esc: close " };
    let block = Block::bordered()
        .title(Span::styled(format!(" {} ", title(&panel.content)), look.strong()))
        .title_bottom(Line::from(hint).right_aligned());
    frame.render_widget(Clear, area);
    let within = block.inner(area);
    frame.render_widget(block, area);
    let top = panel.top.min(lines.len().saturating_sub(inside(area)));
    super::lines(frame, within, lines.into_iter().skip(top).collect());
}

/// How far down its first visible line may be.
pub(in super::super) fn last_top(model: &Model) -> usize {
    let body = super::areas(model).body;
    let lines = lines(model, super::look(model)).len();
    lines.saturating_sub(inside(area(body, lines)))
}

fn area(body: Rect, lines: usize) -> Rect {
    let height = u16::try_from(lines + 2).unwrap_or(u16::MAX).min(body.height);
    let width = COLUMNS.min(body.width);
    Rect { x: body.x + (body.width - width) / 2, y: body.y, width, height }
}

/// Columns inside a panel.
pub(super) fn columns(model: &Model) -> usize {
    usize::from(area(super::areas(model).body, 0).width.saturating_sub(2))
}

fn inside(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(2))
}

fn title(content: &Content) -> &str {
    match content {
        Content::Help => "help",
        Content::Roster => "who has what",
        Content::Agreement => "who agrees",
        Content::Text { title, .. } => title,
    }
}

fn lines(model: &Model, look: Look) -> Vec<Line<'static>> {
    let columns = usize::from(COLUMNS.min(super::areas(model).body.width)).saturating_sub(2);
    match model.panel.as_ref().map(|panel| &panel.content) {
        None => Vec::new(),
        Some(Content::Help) => help(look, columns),
        Some(Content::Roster) => roster::lines(model, look),
        Some(Content::Agreement) => roster::agreement(model, look),
        Some(Content::Text { lines, .. }) => {
            lines.iter().flat_map(|line| wrap(line, columns)).map(Line::from).collect()
        }
    }
}

fn help(look: Look, columns: usize) -> Vec<Line<'static>> {
    let commands =
        COMMANDS.iter().map(|usage| (format!("/{} {}", usage.name, usage.operand), usage.does));
    let owned = |rows: &'static [(&str, &'static str)]| {
        rows.iter().map(|(name, does)| ((*name).to_owned(), *does)).collect::<Vec<_>>()
    };
    let groups = [commands.collect(), owned(&KEYS), owned(&MARKS)];
    let widest = 25;
    let mut lines = Vec::new();
    for (index, group) in groups.into_iter().enumerate() {
        if index > 0 {
            lines.push(Line::default());
        }
        for (name, does) in group {
            for (row, does) in wrap(does, columns.saturating_sub(widest)).into_iter().enumerate() {
                let name = if row == 0 { name.as_str() } else { "" };
                let name = Span::styled(super::super::wrap::padded(name, widest), look.strong());
                lines.push(Line::from(vec![name, Span::raw(does)]));
            }
        }
    }
    lines
}
