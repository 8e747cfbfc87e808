//! What is typed, and where the cursor stands.

use super::{
    super::{
        editor::Editor,
        model::{Focus, Model},
        wrap::width,
    },
    lines,
    style::Look,
};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};
use unicode_segmentation::UnicodeSegmentation;

/// Most rows.
const ROWS: u16 = 8;

/// Rows that it takes: up to a third of the screen.
pub(super) fn height(model: &Model) -> u16 {
    let rows = laid(model).0.len();
    u16::try_from(rows).unwrap_or(u16::MAX).clamp(1, ROWS.min(model.size.1 / 3).max(1))
}

/// Draws it, with the cursor's row in sight.
pub(super) fn draw(model: &Model, look: Look, frame: &mut Frame<'_>, area: Rect) {
    if model.focus == Focus::Leave {
        let question = "You are the last one: nothing will remain. Leave? y/N ";
        lines(frame, area, vec![Line::from(question).style(look.alert())]);
        return;
    }
    let (rows, (row, column)) = laid(model);
    let top = (row + 1).saturating_sub(usize::from(area.height));
    let prompt = prompt(model);
    let shown = rows.into_iter().enumerate().skip(top).map(|(row, text)| {
        let before = if row == 0 { prompt.to_owned() } else { " ".repeat(width(prompt)) };
        Line::from(vec![Span::styled(before, look.strong()), Span::raw(text)])
    });
    lines(frame, area, shown.collect());
    let x = area.x.saturating_add(u16::try_from(width(prompt) + column).unwrap_or(u16::MAX));
    let y = area.y.saturating_add(u16::try_from(row - top).unwrap_or(u16::MAX));
    if area.contains(Position::new(x, y)) {
        frame.set_cursor_position((x, y));
    }
}

fn prompt(model: &Model) -> &'static str {
    match model.focus {
        Focus::Query | Focus::Matches => "find: ",
        Focus::Editor | Focus::Leave => "> ",
    }
}

fn laid(model: &Model) -> (Vec<String>, (usize, usize)) {
    let editor = match model.focus {
        Focus::Query | Focus::Matches => &model.find.query,
        Focus::Editor | Focus::Leave => &model.editor,
    };
    rows(editor, usize::from(model.size.0).saturating_sub(width(prompt(model)) + 1))
}

/// The text in rows, broken between graphemes, and the row and column of its cursor.
fn rows(editor: &Editor, columns: usize) -> (Vec<String>, (usize, usize)) {
    let columns = columns.max(2);
    let (mut rows, mut used, mut cursor) = (vec![String::new()], 0, (0, 0));
    for (at, grapheme) in editor.text().grapheme_indices(true) {
        if at <= editor.cursor() {
            cursor = (rows.len() - 1, used);
        }
        if grapheme == "\n" {
            rows.push(String::new());
            used = 0;
            continue;
        }
        // What doesn't show would hide under the cursor.
        let (shown, wide) = match grapheme {
            "\t" => (" ", 1),
            shown if width(shown) == 0 => ("\u{fffd}", 1),
            shown => (shown, width(shown)),
        };
        if used + wide > columns {
            rows.push(String::new());
            used = 0;
            if at <= editor.cursor() {
                cursor = (rows.len() - 1, 0);
            }
        }
        if let Some(row) = rows.last_mut() {
            row.push_str(shown);
        }
        used += wide;
    }
    if editor.cursor() == editor.text().len() {
        cursor = (rows.len() - 1, used);
    }
    (rows, cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(text: &str, left: usize) -> (Vec<String>, (usize, usize)) {
        let mut editor = Editor::default();
        editor.insert(text);
        (0..left).for_each(|_| editor.left());
        rows(&editor, 6)
    }

    #[test]
    fn the_cursor_stands_where_the_next_letter_goes() {
        assert_eq!(laid("abc", 0), (vec!["abc".into()], (0, 3)));
        assert_eq!(laid("日本", 1).1, (0, 2));
        assert_eq!(laid("ab\ncd", 2).1, (1, 0));
        assert_eq!(laid("ab\n", 0).1, (1, 0));
        let (rows, cursor) = laid("abcdefgh", 2);
        assert_eq!((rows, cursor), (vec!["abcdef".into(), "gh".into()], (1, 0)));
    }
}
