//! Completion by Tab: commands at the start of a line, names anywhere.

use super::{editor::Editor, room::Room};
use crate::face::slash::COMMANDS;

/// What the word before the cursor may become. Tab goes through them in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Completion {
    from: usize,
    to: usize,
    pub(super) candidates: Vec<String>,
    pub(super) chosen: usize,
}

/// Completes the word before the cursor, or takes the next candidate.
pub(super) fn complete(
    editor: &mut Editor,
    room: &Room,
    before: Option<Completion>,
    back: bool,
) -> Option<Completion> {
    let mut completion = match before {
        Some(mut before) => {
            let step = if back { before.candidates.len() - 1 } else { 1 };
            before.chosen = (before.chosen + step) % before.candidates.len();
            before
        }
        None => begin(editor, room)?,
    };
    let text = &completion.candidates[completion.chosen];
    editor.splice(completion.from, completion.to, text);
    completion.to = completion.from + text.len();
    Some(completion)
}

fn begin(editor: &Editor, room: &Room) -> Option<Completion> {
    let (text, to) = (editor.text(), editor.cursor());
    let from = text[..to].rfind(char::is_whitespace).map_or(0, |at| at + blank_at(text, at));
    let word = &text[from..to];
    let candidates = match word.strip_prefix('/') {
        Some(name) if from == 0 => commands(name),
        _ => names(word, room, from == 0),
    };
    (!candidates.is_empty()).then_some(Completion { from, to, candidates, chosen: 0 })
}

fn blank_at(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

fn commands(prefix: &str) -> Vec<String> {
    let matching = COMMANDS.iter().filter(|usage| usage.name.starts_with(prefix));
    let written = matching.map(|usage| {
        let blank = if usage.operand.is_empty() { "" } else { " " };
        format!("/{}{blank}", usage.name)
    });
    written.collect()
}

/// Nicks; with their tag where two have the same one.
fn names(word: &str, room: &Room, first: bool) -> Vec<String> {
    let at = if word.starts_with('@') { "@" } else { "" };
    let prefix = word.trim_start_matches('@').to_lowercase();
    if prefix.is_empty() && at.is_empty() {
        return Vec::new();
    }
    let matching =
        room.others.values().filter(|person| person.nick.to_lowercase().starts_with(&prefix));
    let written = matching.map(|person| {
        let same = room.others.values().filter(|other| other.nick == person.nick).count();
        let name = if same > 1 { &person.who } else { &person.nick };
        let behind = if first && at.is_empty() { ": " } else { " " };
        format!("{at}{name}{behind}")
    });
    written.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::Scene;

    fn completed(typed: &str, tabs: usize) -> String {
        let mut scene = Scene::new();
        scene.joins(2, "bob");
        scene.joins(3, "bea");
        scene.joins(4, "bea");
        let mut editor = Editor::default();
        editor.insert(typed);
        let mut completion = None;
        for _ in 0..tabs {
            completion = complete(&mut editor, &scene.model.room, completion, false);
        }
        editor.text().to_owned()
    }

    #[test]
    fn names_are_completed_as_they_are_used() {
        assert_eq!(completed("bo", 1), "bob: ");
        assert_eq!(completed("ask @BO", 1), "ask @bob ");
        assert_eq!(completed("é bo", 1), "é bob ");
        assert_eq!(completed("zoe", 1), "zoe");
    }

    #[test]
    fn two_of_one_name_are_told_apart_by_their_tags_and_tab_goes_around() {
        let all: Vec<_> = (1..=4).map(|tabs| completed("hi b", tabs)).collect();
        assert_eq!(all[0], "hi bob ");
        assert!(all[1].contains('·') && all[2].contains('·') && all[1] != all[2]);
        assert_eq!(all[3], all[0]);
    }

    #[test]
    fn commands_are_completed_at_the_start_only() {
        assert_eq!(completed("/ver", 1), "/verify");
        assert_eq!(completed("/ig", 1), "/ignore ");
        assert_eq!(completed("see /ver", 1), "see /ver");
    }
}
