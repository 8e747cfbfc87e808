//! Searching what was said.

use super::{
    editor::Editor,
    transcript::{Entry, Place, Transcript},
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
            let (Some(wanted), Some(spoken)) = (&wanted, entry.said()) else { return false };
            spoken.text.to_lowercase().contains(wanted)
                || spoken.nick.to_lowercase().contains(wanted)
        };
        transcript.iter().rev().filter(matches).map(|entry| entry.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::spoken;

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
