//! The line being typed, which may be many lines: moves and edits by grapheme, and remembers
//! what was typed before, in memory only.

use unicode_segmentation::UnicodeSegmentation;

/// Lines remembered.
const HISTORY: usize = 100;
/// Bytes that fit: some more than a message may have, so that one that is too long can be cut.
const BYTES: usize = 64 << 10;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// In bytes, between graphemes.
    cursor: usize,
    history: Vec<String>,
    /// Which remembered line is shown, and what was being typed before.
    recalled: Option<(usize, String)>,
}

impl Editor {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes as much as fits; false if it isn't all.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        let clean = text.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String =
            clean.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        let room = BYTES - self.text.len();
        let fits = clean.floor_char_boundary(room);
        self.text.insert_str(self.cursor, &clean[..fits]);
        self.cursor += fits;
        fits == clean.len()
    }

    pub(super) fn replace(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
    }

    /// Puts `text` in place of what stands between two places.
    pub(super) fn splice(&mut self, from: usize, to: usize, text: &str) {
        self.text.replace_range(from..to, text);
        self.cursor = from + text.len();
    }

    /// Takes the text off, and remembers it.
    pub(super) fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        (self.cursor, self.recalled) = (0, None);
        if !text.is_empty() && self.history.last() != Some(&text) {
            if self.history.len() == HISTORY {
                self.history.remove(0);
            }
            self.history.push(text.clone());
        }
        text
    }

    pub(super) fn clear(&mut self) {
        (self.text, self.cursor, self.recalled) = (String::new(), 0, None);
    }

    pub(super) fn left(&mut self) {
        self.cursor = self.before(self.cursor);
    }

    pub(super) fn right(&mut self) {
        self.cursor = self.after(self.cursor);
    }

    pub(super) fn word_left(&mut self) {
        let mut words = self.text[..self.cursor].unicode_word_indices();
        self.cursor = words.next_back().map_or(0, |(at, _)| at);
    }

    pub(super) fn word_right(&mut self) {
        let word = self.text[self.cursor..].unicode_word_indices().next();
        self.cursor += word.map_or(self.text.len() - self.cursor, |(at, word)| at + word.len());
    }

    /// To where the line begins.
    pub(super) fn home(&mut self) {
        self.cursor = self.line().0;
    }

    /// To where the line ends.
    pub(super) fn end(&mut self) {
        self.cursor = self.line().1;
    }

    pub(super) fn backspace(&mut self) {
        let from = self.before(self.cursor);
        self.splice(from, self.cursor, "");
    }

    pub(super) fn delete(&mut self) {
        let to = self.after(self.cursor);
        self.splice(self.cursor, to, "");
    }

    pub(super) fn delete_word(&mut self) {
        let to = self.cursor;
        self.word_left();
        self.splice(self.cursor, to, "");
    }

    pub(super) fn delete_to_home(&mut self) {
        self.splice(self.line().0, self.cursor, "");
    }

    pub(super) fn delete_to_end(&mut self) {
        let to = self.line().1;
        self.splice(self.cursor, to, "");
    }

    /// A line up, or what was typed before.
    pub(super) fn up(&mut self) {
        let (start, _) = self.line();
        if start > 0 {
            self.go_to_line_of(start - 1);
            return;
        }
        let shown = self.recalled.as_ref().map_or(self.history.len(), |(at, _)| *at);
        let Some(earlier) = shown.checked_sub(1) else { return };
        let draft = self.recalled.take().map_or_else(|| self.text.clone(), |(_, draft)| draft);
        self.replace(self.history[earlier].clone());
        self.recalled = Some((earlier, draft));
    }

    /// A line down, or what was typed after.
    pub(super) fn down(&mut self) {
        let (_, end) = self.line();
        if end < self.text.len() {
            self.go_to_line_of(end + 1);
            return;
        }
        let Some((at, draft)) = self.recalled.take() else { return };
        match self.history.get(at + 1).cloned() {
            Some(later) => {
                self.replace(later);
                self.recalled = Some((at + 1, draft));
            }
            None => self.replace(draft),
        }
    }

    /// Where the cursor's line begins and ends.
    fn line(&self) -> (usize, usize) {
        let start = self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1);
        let end =
            self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at);
        (start, end)
    }

    /// To the line around `at`, as many graphemes in as before.
    fn go_to_line_of(&mut self, at: usize) {
        let (start, _) = self.line();
        let graphemes = self.text[start..self.cursor].graphemes(true).count();
        self.cursor = at;
        let (start, end) = self.line();
        let line = &self.text[start..end];
        let place = line.grapheme_indices(true).nth(graphemes);
        self.cursor = place.map_or(end, |(offset, _)| start + offset);
    }

    fn before(&self, at: usize) -> usize {
        self.text[..at].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self, at: usize) -> usize {
        at + self.text[at..].graphemes(true).next().map_or(0, str::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Editor {
        let mut editor = Editor::default();
        assert!(editor.insert(text));
        editor
    }

    #[test]
    fn the_cursor_moves_and_deletes_by_grapheme() {
        let mut editor = typed("né👩‍👩‍👧");
        editor.left();
        editor.backspace();
        assert_eq!(editor.text(), "n👩‍👩‍👧");
        editor.delete();
        assert_eq!((editor.text(), editor.cursor()), ("n", 1));
    }

    #[test]
    fn words_and_lines_are_moved_over_and_deleted() {
        let mut editor = typed("one two\nthree");
        editor.up();
        assert_eq!(&editor.text()[editor.cursor()..], "wo\nthree");
        editor.delete_word();
        editor.delete_to_end();
        assert_eq!(editor.text(), "one \nthree");
        editor.down();
        editor.end();
        editor.delete_to_home();
        assert_eq!(editor.text(), "one \n");
    }

    #[test]
    fn what_was_typed_comes_back_and_the_draft_after_it() {
        let mut editor = typed("first");
        editor.take();
        assert!(editor.insert("second"));
        editor.take();
        assert!(editor.insert("draft"));
        editor.up();
        editor.up();
        editor.up();
        assert_eq!(editor.text(), "first");
        editor.down();
        assert_eq!(editor.text(), "second");
        editor.down();
        assert_eq!(editor.text(), "draft");
    }

    #[test]
    fn what_is_pasted_keeps_its_lines_and_loses_its_controls_and_is_bounded() {
        assert_eq!(typed("a\r\nb\rc\u{1b}[2Jd").text(), "a\nb\nc[2Jd");
        let mut editor = Editor::default();
        assert!(!editor.insert(&"é".repeat(BYTES)));
        assert!(editor.text().len() <= BYTES);
        for n in 0..2 * HISTORY {
            editor.replace(n.to_string());
            editor.take();
        }
        assert_eq!(editor.history.len(), HISTORY);
    }
}
