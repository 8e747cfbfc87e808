//! What keys, the mouse and pasting do.

use super::{
    complete::complete,
    model::{Action, Focus, Model},
    panel::Content,
    room::Phase,
    scroll::Scroll,
    view,
};
use ratatui::crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEventKind,
};

/// Rows that the wheel scrolls at a time.
const WHEEL: isize = 3;

impl Model {
    /// Takes what came from the terminal.
    pub(super) fn input(&mut self, input: Input) -> Option<Action> {
        match input {
            Input::Key(key) if key.kind != KeyEventKind::Release => self.key(key),
            Input::Key(_) => None,
            Input::Paste(text) => {
                self.paste(&text);
                None
            }
            Input::Mouse(mouse) => {
                match mouse.kind {
                    MouseEventKind::ScrollUp => self.page(-WHEEL),
                    MouseEventKind::ScrollDown => self.page(WHEEL),
                    _ => {}
                }
                None
            }
            Input::Resize(columns, rows) => {
                self.size = (columns, rows);
                None
            }
            Input::FocusGained => {
                self.watch(true);
                None
            }
            Input::FocusLost => {
                self.watch(false);
                None
            }
        }
    }

    fn key(&mut self, key: KeyEvent) -> Option<Action> {
        self.status = None;
        let completion = self.completion.take();
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let page = isize::try_from(self.laid().view.saturating_sub(2).max(1)).unwrap_or(1);
        match key.code {
            KeyCode::Char('c') if ctrl => {
                self.room.phase = Phase::Leaving;
                return Some(Action::Interrupt);
            }
            KeyCode::Char('z') if ctrl => return Some(Action::Suspend),
            KeyCode::Char('l') if ctrl => return Some(Action::Redraw),
            KeyCode::Char('f') if ctrl => self.search(""),
            KeyCode::F(1) => return self.open(Content::Help),
            KeyCode::F(2) => return self.open(Content::Roster),
            KeyCode::PageUp => self.page(-page),
            KeyCode::PageDown => self.page(page),
            KeyCode::Up if ctrl => self.page(-1),
            KeyCode::Down if ctrl => self.page(1),
            KeyCode::Home if ctrl => self.page(isize::MIN / 2),
            KeyCode::End if ctrl => self.scroll_to(Scroll::End),
            KeyCode::Esc => self.escape(),
            _ => {
                return match self.focus {
                    Focus::Leave => self.answer(key),
                    Focus::Query => self.query(key),
                    Focus::Matches => self.matches(key),
                    Focus::Editor => match key.code {
                        KeyCode::Tab | KeyCode::BackTab => {
                            let back = key.code == KeyCode::BackTab;
                            self.completion =
                                complete(&mut self.editor, &self.room, completion, back);
                            None
                        }
                        KeyCode::Char('d') if ctrl && self.editor.is_empty() => self.quit(),
                        KeyCode::End if self.editor.is_empty() => {
                            self.scroll_to(Scroll::End);
                            None
                        }
                        KeyCode::Enter
                            if !key
                                .modifiers
                                .intersects(KeyModifiers::ALT | KeyModifiers::SHIFT) =>
                        {
                            self.enter()
                        }
                        _ => {
                            self.edit(key);
                            None
                        }
                    },
                };
            }
        }
        None
    }

    /// Scrolls the panel if one is open, else the transcript.
    fn page(&mut self, rows: isize) {
        let last = view::panel::last_top(self);
        match &mut self.panel {
            Some(panel) => panel.top = panel.top.saturating_add_signed(rows).min(last),
            None => self.scroll_by(rows),
        }
    }

    /// Ends what is being done: the last thing begun first.
    fn escape(&mut self) {
        if self.panel.take().is_some() {
            return;
        }
        if self.focus == Focus::Editor {
            if self.scroll == Scroll::End {
                self.editor.clear();
            }
            self.unread = None;
            self.scroll_to(Scroll::End);
        }
        self.find.forget();
        self.focus = Focus::Editor;
    }

    fn answer(&mut self, key: KeyEvent) -> Option<Action> {
        self.focus = Focus::Editor;
        match key.code {
            KeyCode::Char('y' | 'Y') => self.leave(),
            _ => {
                self.status = Some("stayed".into());
                None
            }
        }
    }

    fn query(&mut self, key: KeyEvent) -> Option<Action> {
        match key.code {
            KeyCode::Enter if self.find.text().is_some() => self.focus = Focus::Matches,
            KeyCode::Enter => self.escape(),
            KeyCode::Up | KeyCode::Down => self.find_next(key.code == KeyCode::Up),
            _ => {
                edit(&mut self.find.query, key);
                self.find.at = None;
                self.find_next(true);
            }
        }
        None
    }

    fn matches(&mut self, key: KeyEvent) -> Option<Action> {
        match key.code {
            KeyCode::Char('n') | KeyCode::Up => self.find_next(true),
            KeyCode::Char('N') | KeyCode::Down => self.find_next(false),
            KeyCode::Char('/') => self.focus = Focus::Query,
            KeyCode::Enter => self.escape(),
            // Whoever goes on typing is done searching.
            _ => {
                self.escape();
                return self.key(key);
            }
        }
        None
    }

    fn edit(&mut self, key: KeyEvent) {
        if !edit(&mut self.editor, key) {
            self.status = Some("there is no room for more in one message".into());
        }
    }

    fn paste(&mut self, text: &str) {
        let editor = match self.focus {
            Focus::Query => &mut self.find.query,
            _ => &mut self.editor,
        };
        let whole = editor.insert(text);
        let lines = self.editor.text().lines().count();
        self.status = if !whole {
            Some("not all of it was pasted: it is too much for one message".into())
        } else if lines > 1 && self.focus == Focus::Editor {
            Some(format!("{lines} lines: Enter says them as one message, Esc takes them off"))
        } else {
            None
        };
    }
}

/// What a key does to a text; false if it no longer fits.
fn edit(editor: &mut super::editor::Editor, key: KeyEvent) -> bool {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::Enter => return editor.insert("\n"),
        KeyCode::Char('j') if ctrl => return editor.insert("\n"),
        KeyCode::Char('a') if ctrl => editor.home(),
        KeyCode::Char('e') if ctrl => editor.end(),
        KeyCode::Char('b') if ctrl => editor.left(),
        KeyCode::Char('d') if ctrl => editor.delete(),
        KeyCode::Char('h') if ctrl => editor.backspace(),
        KeyCode::Char('u') if ctrl => editor.delete_to_home(),
        KeyCode::Char('k') if ctrl => editor.delete_to_end(),
        KeyCode::Char('w') if ctrl => editor.delete_word(),
        KeyCode::Char('p') if ctrl => editor.up(),
        KeyCode::Char('n') if ctrl => editor.down(),
        KeyCode::Char('b') if alt => editor.word_left(),
        KeyCode::Char('f') if alt => editor.word_right(),
        KeyCode::Backspace if ctrl || alt => editor.delete_word(),
        KeyCode::Left if ctrl || alt => editor.word_left(),
        KeyCode::Right if ctrl || alt => editor.word_right(),
        KeyCode::Char(c) if !ctrl && !alt => return editor.insert(c.encode_utf8(&mut [0; 4])),
        KeyCode::Backspace => editor.backspace(),
        KeyCode::Delete => editor.delete(),
        KeyCode::Left => editor.left(),
        KeyCode::Right => editor.right(),
        KeyCode::Up => editor.up(),
        KeyCode::Down => editor.down(),
        KeyCode::Home => editor.home(),
        KeyCode::End => editor.end(),
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::{Said, tui::scenes::Scene};
    use chat_node::{Command, Reason};
    use ratatui::crossterm::event::MouseEvent;

    fn say(text: &str) -> Option<Action> {
        Some(Action::Say(Said::Command(Command::Say(text.into()))))
    }

    fn leave() -> Option<Action> {
        Some(Action::Say(Said::Command(Command::Leave(Reason::Left))))
    }

    #[test]
    fn enter_says_and_alt_enter_and_ctrl_j_begin_a_line() {
        let mut scene = Scene::new();
        scene.types("one");
        scene.press(KeyCode::Enter, KeyModifiers::ALT);
        scene.types("two");
        scene.press(KeyCode::Char('j'), KeyModifiers::CONTROL);
        scene.types("three");
        assert_eq!(scene.press(KeyCode::Enter, KeyModifiers::NONE), say("one\ntwo\nthree"));
        assert!(scene.model.editor.is_empty());
        assert_eq!(scene.press(KeyCode::Enter, KeyModifiers::NONE), None);
    }

    #[test]
    fn fifty_pasted_lines_are_one_message_and_only_once_enter_says_so() {
        let mut scene = Scene::new();
        let lines: Vec<_> = (1..=50).map(|n| format!("line {n}")).collect();
        let pasted = scene.model.input(Input::Paste(lines.join("\r")));
        assert_eq!(pasted, None);
        assert!(scene.model.status.as_ref().is_some_and(|status| status.starts_with("50 lines")));
        assert_eq!(scene.press(KeyCode::Enter, KeyModifiers::NONE), say(&lines.join("\n")));
    }

    #[test]
    fn what_is_too_long_stays_to_be_cut() {
        let mut scene = Scene::new();
        scene.model.input(Input::Paste("x".repeat(17 << 10)));
        assert_eq!(scene.press(KeyCode::Enter, KeyModifiers::NONE), None);
        assert!(scene.model.status.as_ref().is_some_and(|status| status.contains("split it")));
        assert_eq!(scene.model.editor.text().len(), 17 << 10);
    }

    #[test]
    fn the_last_one_is_asked_and_others_are_not() {
        let mut scene = Scene::new();
        assert_eq!(scene.line("/quit"), None);
        assert_eq!(scene.model.focus, Focus::Leave);
        assert_eq!(scene.press(KeyCode::Char('n'), KeyModifiers::NONE), None);
        assert_eq!(scene.line("/quit"), None);
        assert_eq!(scene.press(KeyCode::Char('y'), KeyModifiers::NONE), leave());
        assert_eq!(scene.line("too late"), None);
        assert_eq!(scene.model.status.as_deref(), Some("not said: you are leaving"));
        assert_eq!(scene.line("/quit!"), leave());
        scene.joins(2, "bob");
        assert_eq!(scene.line("/quit"), leave());
        assert_eq!(scene.press(KeyCode::Char('d'), KeyModifiers::CONTROL), leave());
    }

    #[test]
    fn n_goes_up_from_match_to_match_and_typing_on_ends_the_search() {
        let mut scene = Scene::discussion();
        scene.press(KeyCode::Char('f'), KeyModifiers::CONTROL);
        scene.types("soup");
        scene.press(KeyCode::Enter, KeyModifiers::NONE);
        let first = scene.model.find.at.unwrap();
        scene.types("n");
        let second = scene.model.find.at.unwrap();
        assert!(second < first);
        scene.types("N");
        assert_eq!(scene.model.find.at, Some(first));
        scene.types("x");
        assert_eq!((scene.model.focus, scene.model.editor.text()), (Focus::Editor, "x"));
    }

    #[test]
    fn the_wheel_scrolls_and_escape_goes_back_to_the_end() {
        let mut scene = Scene::new();
        for n in 1..=60 {
            scene.says(2, n, n, "line");
        }
        let wheel = |kind| {
            Input::Mouse(MouseEvent { kind, column: 0, row: 0, modifiers: KeyModifiers::NONE })
        };
        scene.model.input(wheel(MouseEventKind::ScrollUp));
        scene.model.input(wheel(MouseEventKind::ScrollUp));
        assert_ne!(scene.model.scroll, Scroll::End);
        scene.model.input(wheel(MouseEventKind::ScrollDown));
        scene.model.input(wheel(MouseEventKind::ScrollDown));
        assert_eq!(scene.model.scroll, Scroll::End);
        scene.press(KeyCode::PageUp, KeyModifiers::NONE);
        scene.types("draft");
        scene.press(KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!((scene.model.scroll, scene.model.editor.text()), (Scroll::End, "draft"));
    }

    #[test]
    fn what_cant_be_done_in_a_clear_room_is_told_though_the_banner_says_that_it_is_clear() {
        let mut scene = Scene::new();
        scene.enter(1);
        let notice = |what: &str| chat_node::Notice::new(chat_node::Code::Clear, what);
        scene.tell(chat_node::Event::Warning(notice("it is clear")));
        scene.tell(chat_node::Event::Error(notice("it can't be locked")));
        let shown = scene.shown(80, 24);
        assert!(shown.contains("can't be locked") && !shown.contains("it is clear"), "{shown}");
    }

    #[test]
    fn who_has_what_never_opens_with_an_old_verdict() {
        let mut scene = Scene::discussion();
        scene.press(KeyCode::F(2), KeyModifiers::NONE);
        scene.verified();
        assert!(scene.shown(80, 24).contains("✓ the same"));
        scene.press(KeyCode::F(2), KeyModifiers::NONE);
        scene.press(KeyCode::F(2), KeyModifiers::NONE);
        let shown = scene.shown(80, 24);
        assert!(shown.contains("not compared yet") && !shown.contains("✓ the same"), "{shown}");
    }

    #[test]
    fn a_mistyped_command_stays_to_be_mended() {
        let mut scene = Scene::new();
        assert_eq!(scene.line("/inivte"), None);
        assert_eq!(scene.model.editor.text(), "/inivte");
        assert!(scene.model.status.as_ref().is_some_and(|status| status.contains("/invite")));
    }

    #[test]
    fn who_is_ignored_is_named_and_can_be_shown_again() {
        let mut scene = Scene::discussion();
        scene.line("/ignore bob");
        assert_eq!(scene.model.room.ignored.len(), 1);
        scene.line("/ignore @bob");
        assert!(scene.model.room.ignored.is_empty());
        scene.line("/ignore zoe");
        assert!(scene.model.status.as_ref().is_some_and(|status| status.contains("nobody here")));
    }
}
