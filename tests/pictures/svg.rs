//! A screen as an SVG file: a text element for each stretch of one style, at its column.
//!
//! No font is embedded, and monospaced fonts differ in width. So each stretch tells its length,
//! and only what every such font has shares one: what may come from another stands by itself.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

/// Pixels of a cell.
const CELL: (f32, f32) = (8.4, 17.0);
/// Pixels of a letter's height.
const FONT: f32 = 14.0;
/// From a row's upper edge to the line its letters stand on.
const BASE: f32 = 13.0;
/// Pixels around the cells.
const MARGIN: f32 = 14.0;
const PAPER: &str = "#0d1117";
const INK: &str = "#d5dbe3";
const FAINT: &str = "#8690a0";
/// The sixteen colours of a theme that is dark.
const THEME: [&str; 16] = [
    "#484f58", "#ff7b72", "#56c364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#d5dbe3",
    "#6e7681", "#ffa198", "#7ee787", "#f2cc60", "#a5d6ff", "#e2c5ff", "#b3f0ff", "#ffffff",
];

/// How a cell looks.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    ink: String,
    paper: Option<String>,
    bold: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let ink = match color(cell.fgcolor()) {
            Some(color) => color,
            None if cell.dim() => FAINT.to_owned(),
            None => INK.to_owned(),
        };
        let paper = color(cell.bgcolor());
        // Black stands on a colour only, and is black there.
        let ink =
            if paper.is_some() && cell.fgcolor() == Color::Idx(0) { PAPER.to_owned() } else { ink };
        let (ink, paper) = if cell.inverse() {
            (paper.unwrap_or_else(|| PAPER.to_owned()), Some(ink))
        } else {
            (ink, paper)
        };
        Self { ink, paper, bold: cell.bold() }
    }
}

fn color(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Idx(index) => Some(THEME[usize::from(index) % THEME.len()].to_owned()),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

/// Cells that are drawn as one.
#[derive(Debug)]
struct Stretch {
    column: u16,
    cells: u16,
    wide: bool,
    text: String,
    look: Look,
}

impl Stretch {
    /// Whether one more can be drawn with these.
    fn takes(&self, text: &str, look: &Look) -> bool {
        let plain = is_plain(&self.text) && is_plain(text);
        let same = self.text.chars().all(|c| text.chars().eq([c]));
        // Files that are rendered need not keep blanks in a row.
        let gap = text == " " && self.text.ends_with(' ');
        self.look == *look && !self.wide && (same || plain && !gap)
    }
}

/// Whether every monospaced font has it, in cells of the same width.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' '..='~' | '·'))
}

fn stretches(screen: &Screen, row: u16) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for column in 0..screen.size().1.get() {
        let Some(cell) = screen.cell(row, column) else { continue };
        if cell.is_wide_continuation() {
            continue;
        }
        let (wide, look) = (cell.is_wide(), Look::of(cell));
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match stretches.last_mut() {
            Some(last) if last.takes(text, &look) => {
                last.text.push_str(text);
                last.cells += 1;
            }
            _ => {
                let cells = if wide { 2 } else { 1 };
                stretches.push(Stretch { column, cells, wide, text: text.to_owned(), look });
            }
        }
    }
    stretches
}

/// The whole file; `title` is what is read to those who don't see it.
pub(crate) fn draw(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (x(columns.get()) + MARGIN, y(rows.get()) + MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n\
         <title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', \
         monospace\" font-size=\"{FONT}\" fill=\"{INK}\">\n",
        escaped(title),
    );
    for row in 0..rows.get() {
        let stretches = stretches(screen, row);
        for same in stretches.chunk_by(|left, right| left.look.paper == right.look.paper) {
            paper(&mut svg, row, same);
        }
        for stretch in &stretches {
            letters(&mut svg, row, stretch);
        }
    }
    if !screen.hide_cursor() {
        let (row, column) = screen.cursor_position();
        rect(&mut svg, (column, row), 1, INK);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// What is behind stretches that share it.
fn paper(svg: &mut String, row: u16, same: &[Stretch]) {
    let Some(first) = same.first() else { return };
    if let Some(paper) = &first.look.paper {
        rect(svg, (first.column, row), same.iter().map(|stretch| stretch.cells).sum(), paper);
    }
}

fn rect(svg: &mut String, (column, row): (u16, u16), cells: u16, fill: &str) {
    let (x, y, width, height) = (x(column), y(row), pixels(CELL.0 * f32::from(cells)), CELL.1);
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>"
    );
}

fn letters(svg: &mut String, row: u16, stretch: &Stretch) {
    let Stretch { column, cells, wide, text, look } = stretch;
    // Blanks at the ends are not drawn.
    let drawn = text.trim_matches(' ');
    if drawn.is_empty() {
        return;
    }
    let blanks = |count: usize| u16::try_from(count).unwrap_or(0);
    let ahead = blanks(text.len() - text.trim_start_matches(' ').len());
    let blanks = blanks(text.len() - drawn.len());
    let (x, y) = (x(column + ahead), pixels(y(row) + BASE));
    let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\"");
    // A wide letter stands by itself, from whichever font, and is not to be bent.
    if !wide {
        let _ = write!(svg, " textLength=\"{}\"", pixels(CELL.0 * f32::from(cells - blanks)));
    }
    // Rules and braces fill their cells.
    if !wide && !is_plain(drawn) {
        let _ = write!(svg, " lengthAdjust=\"spacingAndGlyphs\"");
    }
    if look.ink != INK {
        let _ = write!(svg, " fill=\"{}\"", look.ink);
    }
    if look.bold {
        let _ = write!(svg, " font-weight=\"bold\"");
    }
    let _ = writeln!(svg, ">{}</text>", escaped(drawn));
}

fn x(column: u16) -> f32 {
    pixels(MARGIN + CELL.0 * f32::from(column))
}

fn y(row: u16) -> f32 {
    pixels(MARGIN + CELL.1 * f32::from(row))
}

/// To a tenth: more is noise in a file that people read.
fn pixels(exact: f32) -> f32 {
    (exact * 10.0).round() / 10.0
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn wide_letters_and_styles_stand_at_their_columns() {
    let size = |cells| std::num::NonZeroU16::new(cells).expect("not zero");
    let mut emulator = vt100::Parser::new(size(2), size(20), 0);
    emulator.process("a <b>\u{1b}[1;31m 漢字x\u{1b}[0m  ──".as_bytes());
    let drawn = draw(emulator.screen(), "a & b");
    let at = |column: u16| format!("<text x=\"{}\"", x(column));
    for (column, text) in [(0, "a &lt;b&gt;"), (6, "漢"), (8, "字"), (10, "x"), (13, "──")] {
        let line = drawn.lines().find(|line| line.ends_with(&format!(">{text}</text>")));
        assert!(line.is_some_and(|line| line.starts_with(&at(column))), "{text}\n{drawn}");
    }
    assert!(drawn.contains("y=\"27\" fill=\"#ff7b72\" font-weight=\"bold\">漢"));
    assert!(drawn.contains("<title>a &amp; b</title>"));
}
