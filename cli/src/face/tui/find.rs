//! Searching what was said, and told beside: who was once called how.

use super::{
    editor::Editor,
    transcript::{Entry, Kind, Place, Transcript},
};

/// What is searched for, and where it was found.
#[derive(Debug, Default)]
pub(super) struct Find {
    pub(super) query: Editor,
    /// The match shown.
    pub(super) at: Option<Place>,
    /// Which match that is, counted from the end, and how many there are.
    pub(super) count: (usize, usize),
}

impl Find {
    /// What is searched for; nothing while it is empty.
    pub(super) fn text(&self) -> Option<String> {
        let text = self.query.text().trim().to_lowercase();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// To the next match further up (or down), around the ends; none if there is no match.
    pub(super) fn step(&mut self, transcript: &Transcript, up: bool) -> Option<Place> {
        let matches: Vec<_> = self.matches(transcript).collect();
        let current = self.at.and_then(|at| matches.iter().position(|place| *place == at));
        let next = match (current, matches.len()) {
            (_, 0) => None,
            (None, _) => Some(0),
            (Some(at), count) => Some((at + if up { 1 } else { count - 1 }) % count),
        };
        self.count = (next.map_or(0, |at| at + 1), matches.len());
        self.at = next.map(|at| matches[at]);
        self.at
    }

    /// From the last one up.
    fn matches<'a>(&self, transcript: &'a Transcript) -> impl Iterator<Item = Place> + use<'a> {
        let wanted = self.text();
        let matches = move |entry: &&Entry| {
            let Some(wanted) = &wanted else { return false };
            let has = |text: &str| text.to_lowercase().contains(wanted);
            match &entry.kind {
                Kind::Said(spoken) => has(&spoken.text) || has(&spoken.nick),
                Kind::Told(text) | Kind::Wrong(text) => has(text),
                Kind::Recovered { .. } => false,
            }
        };
        transcript.iter().rev().filter(matches).map(|entry| entry.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::spoken;

    #[test]
    fn who_was_renamed_is_found_by_the_name_before() {
        let mut scene = crate::face::tui::scenes::Scene::discussion();
        scene.renamed(2, "bob", "robert");
        scene.line("/search now called");
        assert_eq!(scene.model.find.count, (1, 1));
        scene.press(
            ratatui::crossterm::event::KeyCode::F(2),
            ratatui::crossterm::event::KeyModifiers::NONE,
        );
        let shown = scene.shown(80, 24);
        assert!(shown.contains("robert") && shown.contains("was bob"), "{shown}");
    }

    #[test]
    fn matches_are_gone_through_from_the_last_one_up_and_around() {
        let mut transcript = Transcript::default();
        for (n, text) in (1..).zip(["Tea?", "no", "green tea", "later"]) {
            transcript.say(spoken(1, n, n, text, &[]));
        }
        let mut find = Find::default();
        find.query.insert("TEA ");
        let mut texts = Vec::new();
        for up in [true, true, true, false] {
            let place = find.step(&transcript, up).unwrap();
            texts.push(transcript.get(place).unwrap().said().unwrap().text.clone());
        }
        assert_eq!(texts, ["green tea", "Tea?", "green tea", "Tea?"]);
        assert_eq!(find.count, (2, 2));
        find.query.insert("x");
        assert_eq!(find.step(&transcript, true), None);
    }
}
