//! Text from peers, made harmless for a terminal. What programs get is verbatim; this is
//! only for eyes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Marks a character that is not shown.
const REPLACEMENT: char = '\u{fffd}';
/// Combining characters and joiners kept behind a character that has a width.
const MARKS: usize = 8;

/// Whether a character could steer the terminal, reorder the line or hide in it.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text for display: line breaks and tabs kept, everything that steers, reorders or hides
/// replaced, at most eight combining marks on a character.
#[must_use]
pub fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        let c = match c {
            '\n' | '\t' => c,
            c if is_hostile(c) => REPLACEMENT,
            c => c,
        };
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        if marks <= MARKS {
            out.push(c);
        }
    }
    out
}

/// Text for display on one line: as [`lines`], with runs of white space made one blank,
/// trimmed, and cut to `limit` characters.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let clean = lines(text);
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    let mut chars = 0;
    for grapheme in joined.graphemes(true) {
        chars += grapheme.chars().count();
        if chars > limit {
            break;
        }
        out.push_str(grapheme);
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_bidi_and_zero_width_are_gone() {
        let hostile = "\u{1b}]52;c;aGk=\u{7}\u{202e}evil\u{200b}\u{9b}31m\u{85}\r\x08";
        let shown = lines(hostile);
        assert!(shown.chars().all(|c| !c.is_control() && !is_hostile(c)), "{shown:?}");
        assert!(shown.contains("evil"));
    }

    #[test]
    fn a_tower_of_marks_is_cut_down() {
        let tower = format!("a{}b", "\u{301}".repeat(10_000));
        assert_eq!(lines(&tower).chars().count(), 2 + MARKS);
    }

    #[test]
    fn a_tower_cut_down_does_not_grow_together_with_the_next() {
        // Dropping the last mark leaves a joiner at the end, which joins what follows.
        let towers = format!("👩{}\u{200d}\u{301}", "\u{301}".repeat(7)).repeat(3);
        let shown = lines(&towers);
        assert_eq!(lines(&shown), shown);
    }

    #[test]
    fn other_scripts_and_emoji_stay() {
        for text in ["日本語", "שלום", "👩‍👩‍👧", "é", "a\nb\tc"] {
            assert_eq!(lines(text), text);
        }
    }

    proptest! {
        #[test]
        fn one_line_is_one_short_line(text in "\\PC{0,200}|[\\x00-\\x7f]{0,200}") {
            let shown = one_line(&text, 20);
            prop_assert!(shown.chars().count() <= 20);
            prop_assert!(shown.chars().all(|c| !c.is_control()));
            prop_assert_eq!(shown.trim(), &shown);
        }
    }
}
