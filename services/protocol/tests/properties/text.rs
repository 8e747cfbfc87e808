//! Text for eyes: once cleaned it is clean, and nothing in it steers a terminal.

use chat_protocol::{director::clean_topic, limits, text};
use proptest::{collection::vec, prelude::*};

/// Characters that decide where graphemes, words and lines break, or that hide.
const NOTABLE: [char; 24] = [
    '\r',
    '\n',
    '\t',
    ' ',
    '\u{1b}',
    '\u{85}',
    '\u{9b}',
    '\u{ad}',
    '\u{301}',
    '\u{94d}',
    '\u{915}',
    '\u{600}',
    '\u{1100}',
    '\u{1161}',
    '\u{11a8}',
    '\u{200b}',
    '\u{200d}',
    '\u{202e}',
    '\u{3000}',
    '\u{fe0f}',
    '\u{1f1e6}',
    '\u{1f469}',
    '\u{1f3fd}',
    '\u{e0061}',
];

/// Short texts, dense in what is notable, some with towers of marks and joiners.
fn texts() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        6 => prop::sample::select(NOTABLE.to_vec()).prop_map(String::from),
        2 => "(\u{1f469}[\u{301}\u{200d}]{6,10}){1,3}",
        1 => "[a-z]{1,3}",
        1 => any::<char>().prop_map(String::from),
    ];
    vec(parts, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn cleaning_twice_is_cleaning_once(text in texts(), limit in 0usize..30) {
        let lines = text::lines(&text);
        prop_assert_eq!(text::lines(&lines), lines);
        let line = text::one_line(&text, limit);
        prop_assert_eq!(text::one_line(&line, limit), line);
    }

    #[test]
    fn no_control_character_is_left(text in texts()) {
        let kept = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
        prop_assert!(text::lines(&text).chars().all(kept));
        prop_assert!(!text::one_line(&text, 100).chars().any(char::is_control));
    }

    #[test]
    fn one_line_is_trimmed_and_no_longer_than_the_limit(text in texts(), limit in 0usize..30) {
        let line = text::one_line(&text, limit);
        prop_assert!(line.chars().count() <= limit);
        prop_assert_eq!(line.trim(), &line);
        prop_assert!(!line.contains("  "));
    }

    #[test]
    fn plain_text_is_left_as_it_is(text in "[a-zA-Z0-9äöü日本語 .,\n\t]{0,60}") {
        prop_assert_eq!(text::lines(&text), text);
    }

    #[test]
    fn a_topic_is_one_line_or_nothing(text in texts()) {
        let topic = clean_topic(&text);
        prop_assert_ne!(topic.as_deref(), Some(""));
        let line = text::one_line(&text, limits::TOPIC_CHARS);
        prop_assert_eq!(topic.unwrap_or_default(), line);
    }
}
