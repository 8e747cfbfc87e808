//! Text in columns: widths by grapheme, as a terminal counts them.

use chat_protocol::nick::SEPARATOR;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text's lines, broken to at most `columns`: between words where there is a blank, else
/// between graphemes, and those that are wider between characters.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    // The widest character must find room.
    let columns = columns.max(2);
    text.split('\n').flat_map(|line| wrap_line(line, columns)).collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
    // Where the last blank of the row ends, in bytes and in columns.
    let mut blank = None;
    for grapheme in line.graphemes(true).flat_map(|it| no_wider(it, columns)) {
        let wide = grapheme.width();
        if grapheme == " " && (used + wide > columns || row.is_empty() && !rows.is_empty()) {
            // A blank between two rows is none of either.
            if !row.is_empty() {
                rows.push(std::mem::take(&mut row));
            }
            (used, blank) = (0, None);
            continue;
        }
        while used + wide > columns {
            let (at, columns_before) = blank.take().unwrap_or((row.len(), used));
            let rest = row.split_off(at);
            rows.push(row.trim_end().to_owned());
            (row, used) = (rest, used - columns_before);
        }
        row.push_str(grapheme);
        used += wide;
        if grapheme == " " {
            blank = Some((row.len(), used));
        }
    }
    rows.push(row);
    rows
}

/// The grapheme, or its characters: letters that join (Hangul, Indic scripts) make graphemes of any
/// width.
fn no_wider(grapheme: &str, columns: usize) -> impl Iterator<Item = &str> {
    let is_wider = grapheme.width() > columns;
    grapheme.split_inclusive(move |_| is_wider)
}

/// A text cut to so many columns, with `…` where something is left out.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 1);
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > columns {
            break;
        }
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// A nick and its key's tag in so many columns. What is cut is the nick: another's could be imitated
/// by a nick alone.
pub(super) fn cut_name(who: &str, columns: usize) -> String {
    let (nick, tag) = who.split_at(who.rfind(SEPARATOR).unwrap_or(0));
    cut(nick, columns.saturating_sub(width(tag))) + tag
}

/// A text with blanks up to so many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let blanks = columns - width(&text);
    text + &" ".repeat(blanks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("to be or not", 6), ["to be", "or not"]);
        assert_eq!(wrap("incomprehensible", 6), ["incomp", "rehens", "ible"]);
        assert_eq!(wrap("a\n\nb", 6), ["a", "", "b"]);
        assert_eq!(wrap("", 6), [""]);
    }

    #[test]
    fn wide_graphemes_take_two_columns_and_are_not_torn() {
        assert_eq!(wrap("日本語です", 5), ["日本", "語で", "す"]);
        let family = "👩‍👩‍👧👩‍👩‍👧";
        assert_eq!(wrap(family, 3), ["👩‍👩‍👧", "👩‍👩‍👧"]);
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(padded("日", 4), "日  ");
        assert_eq!(wrap("שלום עולם", 5), ["שלום", "עולם"]);
    }

    #[test]
    fn graphemes_wider_than_a_row_are_broken() {
        assert_eq!(
            wrap(&"\u{1100}".repeat(5), 4),
            ["\u{1100}".repeat(2), "\u{1100}".repeat(2), "\u{1100}".into()]
        );
        assert_eq!(cut(&"\u{1100}".repeat(5), 4), "…");
    }

    #[test]
    fn of_a_name_the_nick_is_cut() {
        assert_eq!(cut_name("bob·jjfe", 8), "bob·jjfe");
        assert_eq!(cut_name("bobby·jjfe", 8), "bo…·jjfe");
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_it_may_be_and_no_letter_is_lost(
            text in "[a-z日本ᄀक्ष é👍\n]{0,80}", columns in 2usize..20
        ) {
            let rows = wrap(&text, columns);
            prop_assert!(rows.iter().all(|row| width(row) <= columns), "{rows:?}");
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(letters(&rows.concat()), letters(&text));
        }
    }
}
