//! The screen in the situations that matter, compared with what `screens/` has on file.
//!
//! `UPDATE_SCREENS=1 cargo test -p chat-cli` writes the files anew; what changed is read in the
//! difference.

use super::scenes::{Scene, node, origin, said};
use chat_node::{Change, ConnectionState, Event, ListenerKind, Origin};
use chat_protocol::{Dot, Number};
use ratatui::{
    crossterm::event::{Event as Input, KeyCode, KeyModifiers},
    style::{Color, Modifier},
};
use std::{path::Path, time::Duration};

/// Both sizes of a situation, against the files of this name.
fn check(name: &str, mut scene: Scene) {
    for (columns, rows) in [(80, 24), (200, 50)] {
        let shown = scene.shown(columns, rows);
        let file = format!("{name}-{columns}x{rows}.txt");
        let path =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/face/tui/screens")).join(file);
        if std::env::var_os("UPDATE_SCREENS").is_some() {
            std::fs::write(&path, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(shown == expected, "{} differs; shown:\n{shown}", path.display());
    }
}

#[test]
fn three_talk_and_two_at_the_same_time() {
    check("discussion", Scene::discussion());
}

#[test]
fn who_comes_later_catches_up() {
    let mut scene = Scene::new();
    scene.enter(3);
    scene.joins(2, "bob");
    scene.joins(3, "carol");
    for n in 1..=340 {
        let text = format!("said before you came, {n}");
        scene.tell(said(Origin { backfill: true, ..origin(2, n, n, &[]) }, &text));
    }
    scene.tell(Event::CatchingUp { held: 340, of: 2_000 });
    check("catching-up", scene);
}

#[test]
fn cut_off_it_says_so_and_keeps_what_is_said() {
    let mut scene = Scene::discussion();
    scene.connection(ConnectionState::Down);
    scene.said(1, 4, 7, "are you still there?", &[(2, 3), (3, 2)]);
    scene.change(3, "carol", Change::Unreachable);
    check("cut-off", scene);
}

#[test]
fn what_was_recovered_stands_at_its_place_and_is_told_of() {
    let mut scene = Scene::discussion();
    scene.said(1, 4, 7, "and bob?", &[(2, 3), (3, 2)]);
    let late = |number, lamport, via| Origin {
        late: true,
        via: Some(node(via)),
        ..origin(2, number, lamport, &[(1, 3), (3, 2)])
    };
    scene.tell(said(late(4, 7, 3), "I was cut off"));
    let gap = vec![Dot::new(node(2), Number(5)), Dot::new(node(2), Number(6))];
    scene.tell(said(Origin { gap, ..late(7, 9, 3) }, "so they say"));
    scene.agree(2, 3);
    scene.passes(Duration::from_secs(3));
    check("recovered", scene);
}

#[test]
fn a_recorder_that_was_seen_cannot_be_overlooked() {
    let mut scene = Scene::discussion();
    scene.listened(&[(ListenerKind::Stream, "ARCHIVE"), (ListenerKind::Subscriber, "spy")]);
    check("recorder", scene);
}

#[test]
fn a_recorder_that_is_gone_is_told() {
    let mut scene = Scene::discussion();
    scene.listened(&[(ListenerKind::Stream, "ARCHIVE"), (ListenerKind::Subscriber, "spy")]);
    scene.listened(&[(ListenerKind::Subscriber, "spy")]);
    let shown = scene.shown(80, 24);
    assert!(shown.contains("no longer seen: recorded by ARCHIVE"), "{shown}");
    assert!(!shown.contains("no longer seen: heard"), "{shown}");
}

#[test]
fn a_public_room_says_that_anyone_may_listen() {
    let mut scene = Scene::new();
    scene.enter_public(2);
    scene.joins(2, "bob");
    scene.agree(2, 2);
    scene.listened(&[]);
    scene.line("/invite");
    check("public", scene);
}

#[test]
fn how_others_join_is_told_as_it_is() {
    let shown = |prepare: fn(&mut Scene)| {
        let mut scene = Scene::discussion();
        prepare(&mut scene);
        scene.line("/invite");
        scene.shown(80, 24)
    };
    assert!(shown(|_| {}).contains("Whoever has it can come in"));
    assert!(shown(|scene| scene.enter_public(1)).contains("Anyone on this server can come in"));
    for public in [false, true] {
        let locked = |scene: &mut Scene| scene.model.room.locked = true;
        let shown = if public {
            shown(|scene| {
                scene.enter_public(1);
                scene.model.room.locked = true;
            })
        } else {
            shown(locked)
        };
        assert!(shown.contains("lets nobody in"), "{shown}");
        assert!(!shown.contains("can come in"), "{shown}");
    }
}

#[test]
fn a_search_marks_what_it_finds() {
    let mut scene = Scene::discussion();
    scene.press(KeyCode::Char('f'), KeyModifiers::CONTROL);
    scene.types("soup");
    scene.press(KeyCode::Enter, KeyModifiers::NONE);
    scene.types("n");
    check("search", scene);
}

#[test]
fn help_lists_keys_commands_and_marks() {
    let mut scene = Scene::discussion();
    scene.press(KeyCode::F(1), KeyModifiers::NONE);
    check("help", scene);
}

#[test]
fn who_has_what_is_told_with_clocks() {
    let mut scene = Scene::discussion();
    scene.press(KeyCode::F(2), KeyModifiers::NONE);
    scene.verified();
    check("roster", scene);
}

#[test]
fn who_differs_and_what_is_repaired_is_told() {
    let mut scene = Scene::discussion();
    scene.line("/verify");
    scene.verified();
    check("verify", scene);
}

#[test]
fn why_a_message_stands_where_it_does() {
    let mut scene = Scene::discussion();
    scene.line("/why 4");
    check("why", scene);
}

#[test]
fn numbers_stand_beside_messages_while_one_is_asked_for() {
    let mut scene = Scene::discussion();
    scene.types("/why ");
    check("numbers", scene);
}

#[test]
fn the_last_one_leaving_is_told_what_that_means() {
    let mut scene = Scene::discussion();
    scene.change(2, "bob", Change::Left);
    scene.change(3, "carol", Change::Left);
    scene.agree(1, 1);
    scene.line("/quit");
    check("last-one", scene);
}

#[test]
fn who_reads_further_up_is_told_what_is_new_below() {
    let mut scene = Scene::discussion();
    for n in 4..60 {
        scene.said(2, n, n + 3, &format!("line {n}"), &[(1, 3), (3, 2)]);
    }
    scene.shown(80, 24);
    scene.press(KeyCode::PageUp, KeyModifiers::NONE);
    scene.said(3, 3, 63, "something new", &[(1, 3), (2, 59)]);
    scene.said(3, 4, 64, "and more", &[(1, 3), (2, 59)]);
    check("reading", scene);
}

#[test]
fn what_is_new_since_one_looked_away_stands_below_a_line() {
    let mut scene = Scene::discussion();
    scene.model.input(Input::FocusLost);
    scene.said(3, 3, 7, "back from lunch", &[(1, 3), (2, 3)]);
    scene.said(3, 4, 8, "it was good", &[(1, 3), (2, 3)]);
    scene.model.input(Input::FocusGained);
    check("unread", scene);
}

#[test]
fn many_lines_are_typed_in_many_rows() {
    let mut scene = Scene::discussion();
    let lines: Vec<_> = (1..=50).map(|n| format!("pasted line {n}")).collect();
    scene.model.input(Input::Paste(lines.join("\r")));
    check("pasted", scene);
}

#[test]
fn hostile_text_is_shown_harmless() {
    let mut scene = Scene::new();
    scene.joins(2, "b\u{1b}[31mob\u{202e}");
    let hostile = [
        "\u{1b}[2J\u{1b}[H\u{1b}]0;title\u{7} cleared?".to_owned(),
        "\u{1b}]52;c;c3RvbGVu\u{7} clipboard?".to_owned(),
        "\u{202e}reversed\u{2066} and \u{200b}zero\u{200d} width\u{feff}".to_owned(),
        format!("tower{}of marks", "\u{301}".repeat(10_000)),
        "\u{9b}31mC1\u{90}\u{9c}\r\u{8}\u{7f}".to_owned(),
        "x".repeat(16 << 10),
        "the end".to_owned(),
    ];
    for (n, text) in (1..).zip(&hostile) {
        scene.says(2, n, n, text);
    }
    scene.types("/why 2");
    scene.press(KeyCode::Enter, KeyModifiers::NONE);
    for (columns, rows) in [(80, 24), (200, 50), (20, 5), (3, 2), (1, 1)] {
        for _ in 0..40 {
            let shown = scene.shown(columns, rows);
            let harmless =
                |c: char| c == '\n' || !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c);
            assert!(shown.chars().all(harmless), "{shown:?}");
            let marks = shown.chars().filter(|c| *c == '\u{301}').count();
            assert!(marks <= 8, "{marks} marks");
            scene.press(KeyCode::Esc, KeyModifiers::NONE);
            scene.press(KeyCode::PageUp, KeyModifiers::NONE);
        }
    }
}

#[test]
fn all_scripts_stay_in_their_columns() {
    let mut scene = Scene::new();
    scene.joins(2, "日本語の名前");
    scene.agree(2, 2);
    let texts = [
        "全角の文字は二桁を取ります。長い行も語の途中で折り返されますが、文字は壊れません。",
        "family 👩‍👩‍👧, flag 🇩🇪, thumb 👍🏽, é and e\u{301}",
        "שלום לכולם, מה שלומכם היום?",
        "مرحبا بالجميع",
    ];
    for (n, text) in (1..).zip(texts) {
        let nick = "日本語の名前".into();
        scene.tell(said(Origin { nick, ..origin(2, n, n, &[]) }, text));
    }
    scene.types("日本語 👍🏽 שלום");
    check("scripts", scene);
}

#[test]
fn sixteen_colours_do_and_none_do_as_well() {
    for colors in [true, false] {
        let mut scene = Scene::discussion();
        scene.listened(&[(ListenerKind::Subscriber, "spy")]);
        scene.model.colors = colors;
        scene.press(KeyCode::F(2), KeyModifiers::NONE);
        let plain = |color| {
            color == Color::Reset
                || colors && !matches!(color, Color::Rgb(..) | Color::Indexed(_) | Color::White)
        };
        let cells = scene.cells(80, 24);
        assert!(cells.content().iter().all(|cell| plain(cell.fg) && plain(cell.bg)), "{colors}");
        let alert = &cells[(1, 1)];
        assert!(colors || alert.modifier.contains(Modifier::REVERSED), "the banner stands out");
    }
}

#[test]
fn every_size_of_terminal_can_be_drawn_on() {
    for columns in 1..60 {
        for rows in 1..16 {
            let mut scene = Scene::discussion();
            scene.types("typed");
            scene.shown(columns, rows);
            for key in [KeyCode::F(1), KeyCode::F(2), KeyCode::PageUp, KeyCode::Esc] {
                scene.press(key, KeyModifiers::NONE);
                scene.shown(columns, rows);
            }
        }
    }
}

#[test]
fn a_long_nick_leaves_the_tag_of_its_key() {
    let mut scene = Scene::discussion();
    let nick = "bob-abcd----------------------xx".into();
    scene.tell(said(Origin { nick, ..origin(3, 9, 9, &[]) }, "who am I?"));
    let shown = scene.shown(80, 24);
    let row = shown.lines().find(|row| row.contains("who am I?")).unwrap();
    assert!(row.contains(&format!("…·{}", node(3).tag())), "{row}");
}
