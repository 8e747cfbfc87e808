//! Which rows are visible: those above the end, or above the row that someone reads.
//!
//! A reader is held by an entry, not by a count of rows: what arrives below or is inserted
//! above doesn't move what is read.

use super::transcript::{Entry, Place, Transcript};
use std::ops::Range;

/// The lowest visible row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scroll {
    /// The last one there is.
    End,
    /// A row of this entry, or of the next one if it is no longer held.
    At {
        /// Which entry.
        place: Place,
        /// Which of its rows, from 0.
        row: usize,
    },
}

/// A transcript laid out: how many rows each entry has.
pub(super) struct Laid<'a, H: Fn(&Entry) -> usize> {
    pub(super) transcript: &'a Transcript,
    pub(super) height: H,
    /// Rows of the view.
    pub(super) view: usize,
}

impl<H: Fn(&Entry) -> usize> Laid<'_, H> {
    /// The visible rows of each visible entry, from the top.
    pub(super) fn visible(&self, scroll: Scroll) -> Vec<(Place, Range<usize>)> {
        let Some((place, row)) = self.lowest(scroll) else { return Vec::new() };
        let (mut shown, mut room) = (Vec::new(), self.view);
        for entry in self.transcript.range(..=place).rev() {
            let end = if entry.place == place { row + 1 } else { (self.height)(entry) };
            let start = end.saturating_sub(room);
            room -= end - start;
            if start < end {
                shown.push((entry.place, start..end));
            }
            if room == 0 {
                break;
            }
        }
        shown.reverse();
        // The top is reached: what room is left is used below.
        let mut below = row + 1;
        for entry in self.transcript.range(place..) {
            if room == 0 {
                break;
            }
            let end = (self.height)(entry).min(below + room);
            room -= end.saturating_sub(below);
            match shown.last_mut() {
                Some((last, rows)) if *last == entry.place => rows.end = rows.end.max(end),
                _ if below < end => shown.push((entry.place, below..end)),
                _ => {}
            }
            below = 0;
        }
        shown
    }

    /// Further up (negative) or down by so many rows.
    pub(super) fn moved(&self, scroll: Scroll, by: isize) -> Scroll {
        let Some((place, row)) = self.lowest(scroll) else { return Scroll::End };
        if by < 0 {
            self.up(place, row, by.unsigned_abs())
        } else {
            self.down(place, row, by.unsigned_abs())
        }
    }

    /// With this entry's first rows visible, in the middle if it may be.
    pub(super) fn showing(&self, place: Place) -> Scroll {
        self.moved(Scroll::At { place, row: 0 }, isize::try_from(self.view / 2).unwrap_or(0))
    }

    fn lowest(&self, scroll: Scroll) -> Option<(Place, usize)> {
        let end = || {
            let visible =
                self.transcript.iter().rev().map(|entry| (entry.place, (self.height)(entry)));
            visible
                .into_iter()
                .find(|(_, height)| *height > 0)
                .map(|(place, height)| (place, height - 1))
        };
        match scroll {
            Scroll::End => end(),
            Scroll::At { place, row } => {
                let mut from = self.transcript.range(place..);
                let found = from.find_map(|entry| {
                    let height = (self.height)(entry);
                    let row = if entry.place == place { row } else { 0 };
                    (height > 0).then(|| (entry.place, row.min(height - 1)))
                });
                found.or_else(end)
            }
        }
    }

    fn up(&self, place: Place, row: usize, mut by: usize) -> Scroll {
        let mut at = Scroll::At { place, row };
        for entry in self.transcript.range(..=place).rev() {
            let rows = if entry.place == place { row + 1 } else { (self.height)(entry) };
            if by < rows {
                at = Scroll::At { place: entry.place, row: rows - 1 - by };
                break;
            }
            by -= rows;
            if rows > 0 {
                at = Scroll::At { place: entry.place, row: 0 };
            }
        }
        // Not beyond the top: the view stays full.
        match self.visible(at).last() {
            Some((place, rows)) => self.or_end(*place, rows.end.saturating_sub(1)),
            None => Scroll::End,
        }
    }

    fn down(&self, place: Place, row: usize, by: usize) -> Scroll {
        let mut target = row + by;
        for entry in self.transcript.range(place..) {
            let height = (self.height)(entry);
            if target < height {
                return self.or_end(entry.place, target);
            }
            target -= height;
        }
        Scroll::End
    }

    fn or_end(&self, place: Place, row: usize) -> Scroll {
        if self.lowest(Scroll::End) == Some((place, row)) {
            Scroll::End
        } else {
            Scroll::At { place, row }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::spoken;

    /// Says messages of two rows each, so many.
    fn said(count: u64) -> Transcript {
        let mut transcript = Transcript::default();
        for n in 1..=count {
            transcript.say(spoken(1, n, 2 * n, &n.to_string(), &[]));
        }
        transcript
    }

    fn laid(transcript: &Transcript) -> Laid<'_, impl Fn(&Entry) -> usize> {
        Laid { transcript, height: |_: &Entry| 2, view: 5 }
    }

    /// The visible rows, as text and row.
    fn rows(transcript: &Transcript, scroll: Scroll) -> Vec<String> {
        let visible = laid(transcript).visible(scroll);
        let text = |place| &transcript.get(place).unwrap().said().unwrap().text;
        let rows = visible.into_iter().flat_map(|(place, rows)| {
            rows.map(move |row| format!("{}{}", text(place), if row == 0 { 'a' } else { 'b' }))
        });
        rows.collect()
    }

    #[test]
    fn the_end_is_shown_and_a_short_transcript_from_its_top() {
        assert_eq!(rows(&said(9), Scroll::End), ["7b", "8a", "8b", "9a", "9b"]);
        assert_eq!(rows(&said(1), Scroll::End), ["1a", "1b"]);
        assert!(rows(&said(0), Scroll::End).is_empty());
    }

    #[test]
    fn a_reader_is_not_moved_by_what_arrives_or_is_inserted() {
        let mut transcript = said(9);
        let scroll = laid(&transcript).moved(Scroll::End, -4);
        let read = rows(&transcript, scroll);
        assert_eq!(read, ["5b", "6a", "6b", "7a", "7b"]);
        transcript.say(spoken(2, 1, 21, "new", &[]));
        transcript.say(spoken(2, 2, 3, "old", &[]));
        assert_eq!(rows(&transcript, scroll), read);
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        let transcript = said(9);
        let laid = laid(&transcript);
        let top = laid.moved(Scroll::End, -100);
        assert_eq!(rows(&transcript, top), ["1a", "1b", "2a", "2b", "3a"]);
        assert_eq!(laid.moved(top, -1), top);
        assert_eq!(laid.moved(top, 100), Scroll::End);
        assert_eq!(laid.moved(laid.moved(Scroll::End, -3), 3), Scroll::End);
    }

    #[test]
    fn a_place_looked_for_is_shown() {
        let transcript = said(30);
        let laid = laid(&transcript);
        for entry in transcript.iter() {
            let visible = laid.visible(laid.showing(entry.place));
            let first =
                |(place, rows): &(Place, Range<usize>)| *place == entry.place && rows.start == 0;
            assert!(visible.iter().any(first), "{:?}", entry.place);
        }
    }
}
