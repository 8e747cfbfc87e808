//! One row: the time, the columns with their lines, and a label that is cut where the
//! terminal ends.

use super::columns::Columns;
use crate::face::node_color;
use unicode_width::UnicodeWidthChar;

/// Characters from one column to the next.
const PITCH: usize = 7;
/// Characters before the first column: the time of day.
const GUTTER: usize = 10;
/// What is left for labels, at least.
const LABEL: usize = 32;

/// How many columns fit; one in any case.
pub(super) fn columns(width: usize) -> usize {
    (width.saturating_sub(GUTTER + LABEL) / PITCH).max(1)
}

/// What a frame looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Shown,
    Waiting,
    Again,
    Last,
}

impl Mark {
    fn sign(self) -> char {
        match self {
            Self::Shown => '●',
            Self::Waiting => '○',
            Self::Again => '·',
            Self::Last => '■',
        }
    }
}

/// A character and the column whose colour it has.
type Cell = (char, Option<usize>);

/// What rows are drawn from.
pub(super) struct Row<'a> {
    pub(super) columns: &'a Columns,
    pub(super) colors: bool,
    pub(super) clock: &'a str,
    pub(super) width: usize,
}

impl Row<'_> {
    /// Whose the columns are.
    pub(super) fn header(&self) -> String {
        let mut cells = vec![(' ', None); self.columns.nodes().count() * PITCH];
        for (at, node) in self.columns.nodes().enumerate() {
            let tag = node.map(|node| node.tag()).unwrap_or_default();
            for (cell, c) in cells[at * PITCH..].iter_mut().zip(tag.chars()) {
                *cell = (c, Some(at));
            }
        }
        self.text("", &cells, "")
    }

    /// Nothing was said for a while.
    pub(super) fn silence(&self) -> String {
        self.text("", &self.lines('┊'), "")
    }

    /// A frame in column `at`, and lines to it from its causes' columns.
    pub(super) fn frame(&self, at: usize, mark: Mark, causes: &[usize], label: &str) -> String {
        let mut cells = self.lines('│');
        let (first, last) = causes
            .iter()
            .fold((at, at), |(first, last), cause| (first.min(*cause), last.max(*cause)));
        for (place, cell) in cells.iter_mut().enumerate().take(last * PITCH).skip(first * PITCH + 1)
        {
            if place % PITCH != 0 {
                *cell = ('─', Some(at));
            }
        }
        for cause in causes.iter().filter(|cause| **cause != at) {
            let sign = match *cause {
                cause if cause == first => '├',
                cause if cause == last => '┤',
                _ => '┼',
            };
            cells[cause * PITCH] = (sign, Some(*cause));
        }
        if first < at {
            cells[at * PITCH - 1] = ('▸', Some(at));
        }
        if last > at {
            cells[at * PITCH + 1] = ('◂', Some(at));
        }
        cells[at * PITCH] = (mark.sign(), Some(at));
        self.text(self.clock, &cells, label)
    }

    /// A line for each column that someone has.
    fn lines(&self, sign: char) -> Vec<Cell> {
        let column = |(at, node): (usize, Option<_>)| {
            let line = if node.is_some() { (sign, Some(at)) } else { (' ', None) };
            std::iter::once(line).chain([(' ', None); PITCH - 1])
        };
        self.columns.nodes().enumerate().flat_map(column).collect()
    }

    fn text(&self, clock: &str, cells: &[Cell], label: &str) -> String {
        let mut text = format!("{clock:GUTTER$}");
        let mut color = None;
        let nodes: Vec<_> = self.columns.nodes().collect();
        for (sign, column) in cells {
            let wanted = column.and_then(|at| nodes.get(at).copied().flatten()).map(node_color);
            if self.colors && wanted != color {
                text.push_str("\u{1b}[0m");
                if let Some(color) = wanted {
                    text.push_str(&format!("\u{1b}[{color}m"));
                }
                color = wanted;
            }
            text.push(*sign);
        }
        if color.is_some() {
            text.push_str("\u{1b}[0m");
        }
        text.push_str(&cut(label, self.width.saturating_sub(GUTTER + cells.len())));
        text.trim_end().to_owned()
    }
}

/// As much of a text as fits in so many cells of a terminal.
pub(in crate::commands::watch) fn cut(text: &str, width: usize) -> String {
    let mut left = width;
    let fits = |c: &char| {
        let cells = c.width().unwrap_or(0);
        let fits = cells <= left;
        left = left.saturating_sub(cells);
        fits
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::NodeId;
    use std::time::Duration;

    fn three() -> Columns {
        let mut columns = Columns::default();
        columns.resize(80);
        for node in 1..=3 {
            columns.hear(NodeId([node; 10]), Duration::ZERO);
        }
        columns
    }

    #[test]
    fn a_row_never_is_wider_than_the_terminal() {
        let columns = three();
        let row = Row { columns: &columns, colors: false, clock: "12:00:00", width: 80 };
        for label in ["x".repeat(200), "語".repeat(100)] {
            let drawn = row.frame(1, Mark::Shown, &[0, 2], &label);
            let cells: usize = drawn.chars().map(|c| c.width().unwrap_or(0)).sum();
            assert!((79..=80).contains(&cells), "{cells} {drawn}");
        }
    }

    #[test]
    fn causes_between_are_touched_and_others_passed_behind() {
        let columns = three();
        let row = Row { columns: &columns, colors: false, clock: "", width: 80 };
        let drawn = |causes: &[usize]| row.frame(2, Mark::Shown, causes, "").trim().to_owned();
        assert_eq!(drawn(&[0]), "├──────│─────▸●");
        assert_eq!(drawn(&[0, 1]), "├──────┼─────▸●");
        assert_eq!(drawn(&[]), "│      │      ●");
    }

    #[test]
    fn without_colours_there_is_no_escape_sequence() {
        let columns = three();
        let drawn = |colors| {
            let row = Row { columns: &columns, colors, clock: "", width: 80 };
            row.frame(0, Mark::Last, &[1], "")
        };
        assert!(!drawn(false).contains('\u{1b}') && drawn(true).contains('\u{1b}'));
    }
}
