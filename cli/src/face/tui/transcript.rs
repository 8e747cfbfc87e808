//! What was said, in the one order that all members share, and what is told between.
//!
//! The order is the protocol's: Lamport time, author, number, then the index in a batch. What
//! is told beside (who came, what was recovered) stands behind the message that was the last
//! one at the time.
//!
//! Bounds: [`ENTRIES`] entries and [`BYTES`] of text, the lowest go first; [`CLOCK_ENTRIES`]
//! of clocks, those of the lowest go first.

use chat_node::MessageId;
use chat_protocol::{Dot, Key, NodeId, VectorClock};
use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeBounds,
    sync::Arc,
};

/// Most entries held.
pub(super) const ENTRIES: usize = 5000;
/// Most bytes of text held.
pub(super) const BYTES: usize = 8 << 20;
/// Most entries of clocks held: about 40 bytes each.
pub(super) const CLOCK_ENTRIES: usize = 200_000;

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    key: Key,
    index: usize,
    /// 0: a message; else what was told as the how-many-eth, behind that message.
    aside: u64,
}

impl Place {
    /// Below every entry.
    pub(super) const FIRST: Self = Self { key: Key::ZERO, index: 0, aside: 0 };
}

/// Something said, cleaned for the terminal.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    pub(super) id: MessageId,
    pub(super) key: Key,
    pub(super) nick: String,
    pub(super) text: String,
    pub(super) action: bool,
    /// Hours and minutes by the author's wall clock, in this machine's time zone.
    pub(super) at: String,
    pub(super) late: bool,
    pub(super) backfill: bool,
    pub(super) via: Option<NodeId>,
    /// Frames missing before it.
    pub(super) gap: Vec<Dot>,
    /// It names this node's user.
    pub(super) mention: bool,
    /// Its full vector clock, while it is held.
    pub(super) clock: Option<Arc<VectorClock>>,
}

impl Spoken {
    pub(super) fn dot(&self) -> Dot {
        self.id.dot
    }

    /// Whether another's clock says that its author had seen this.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        other.clock.as_ref().is_some_and(|clock| clock.covers(self.dot()))
            && (self.dot() != other.dot() || self.id.index < other.id.index)
    }

    /// Whether neither author had seen the other's: they spoke at the same time.
    pub(super) fn is_concurrent(&self, other: &Self) -> bool {
        let known = self.clock.is_some() && other.clock.is_some();
        known && self.dot() != other.dot() && !self.is_before(other) && !other.is_before(self)
    }
}

/// What an entry is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Something said.
    Said(Box<Spoken>),
    /// Something told beside: who came, what the server does.
    Told(String),
    /// Something told that is no good.
    Wrong(String),
    /// So many messages stand further up that came late, through or from this member.
    Recovered { from: NodeId, nick: String, repaired: bool, count: usize },
}

/// An entry: where it stands, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    /// The how-many-eth message it was to arrive here; 0 for what is no message.
    pub(super) number: usize,
    pub(super) kind: Kind,
}

impl Entry {
    pub(super) fn said(&self) -> Option<&Spoken> {
        match &self.kind {
            Kind::Said(spoken) => Some(spoken),
            _ => None,
        }
    }

    fn bytes(&self) -> usize {
        match &self.kind {
            Kind::Said(spoken) => spoken.text.len() + spoken.nick.len(),
            Kind::Told(text) | Kind::Wrong(text) => text.len(),
            Kind::Recovered { nick, .. } => nick.len(),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    entries: BTreeMap<Place, Entry>,
    bytes: usize,
    arrived: usize,
    told: u64,
    clock_entries: usize,
    /// All clocks from here on are held.
    clocks_from: Option<Place>,
    trimmed: bool,
}

impl Transcript {
    pub(super) fn say(&mut self, mut spoken: Spoken) -> Place {
        let place = Place { key: spoken.key, index: spoken.id.index, aside: 0 };
        self.arrived += 1;
        if self.clocks_from.is_some_and(|from| place < from) {
            spoken.clock = None;
        }
        // The messages of one frame have one clock.
        let before = self.entries.range(..place).next_back().and_then(|(_, entry)| entry.said());
        let shared = before.filter(|before| before.dot() == spoken.dot());
        match shared.and_then(|before| before.clock.clone()) {
            Some(clock) if spoken.clock.is_some() => spoken.clock = Some(clock),
            _ => self.clock_entries += spoken.clock.as_ref().map_or(0, |clock| clock.len()),
        }
        self.put(Entry { place, number: self.arrived, kind: Kind::Said(Box::new(spoken)) });
        self.drop_clocks();
        place
    }

    /// Tells something behind the last entry.
    pub(super) fn tell(&mut self, kind: Kind) -> Place {
        self.told += 1;
        let last = self.last().map_or(Place::FIRST, |entry| entry.place);
        let place = Place { aside: self.told, ..last };
        self.put(Entry { place, number: 0, kind });
        place
    }

    /// Tells that a message stands further up; together with those told of just before.
    pub(super) fn recovered(&mut self, from: NodeId, nick: &str, repaired: bool) {
        let same = |entry: &&Entry| {
            matches!(&entry.kind, Kind::Recovered { from: who, repaired: how, .. }
                if *who == from && *how == repaired)
        };
        // A few others may have spoken between: the news moves behind them.
        let before = self.entries.values().rev().take(8).find(same).map(|entry| entry.place);
        let before = before.and_then(|place| self.remove(place));
        let count = match before {
            Some(Entry { kind: Kind::Recovered { count, .. }, .. }) => count + 1,
            _ => 1,
        };
        self.tell(Kind::Recovered { from, nick: nick.to_owned(), repaired, count });
    }

    /// How many entries stand above the end, up to `most`.
    pub(super) fn depth(&self, place: Place, most: usize) -> usize {
        self.entries.range(place..).skip(1).take(most).count()
    }

    pub(super) fn get(&self, place: Place) -> Option<&Entry> {
        self.entries.get(&place)
    }

    pub(super) fn range(
        &self,
        places: impl RangeBounds<Place>,
    ) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.range(places).map(|(_, entry)| entry)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    pub(super) fn messages(&self) -> impl DoubleEndedIterator<Item = (&Entry, &Spoken)> {
        self.iter().filter_map(|entry| Some((entry, entry.said()?)))
    }

    pub(super) fn last(&self) -> Option<&Entry> {
        self.entries.values().next_back()
    }

    /// The message that arrived as the how-many-eth; without a number the last in the order.
    pub(super) fn numbered(&self, number: Option<usize>) -> Option<(&Entry, &Spoken)> {
        match number {
            None => self.messages().next_back(),
            Some(number) => self.messages().find(|(entry, _)| entry.number == number),
        }
    }

    /// Each author's last clock, as far as it is held.
    pub(super) fn clocks(&self) -> HashMap<NodeId, &VectorClock> {
        let mut clocks = HashMap::new();
        for (_, spoken) in self.messages().rev() {
            if let Some(clock) = &spoken.clock {
                clocks.entry(spoken.dot().node).or_insert(&**clock);
            }
        }
        clocks
    }

    /// Whether entries were dropped.
    pub(super) fn is_trimmed(&self) -> bool {
        self.trimmed
    }

    fn put(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.insert(entry.place, entry);
        while self.entries.len() > ENTRIES || self.bytes > BYTES {
            let Some((place, _)) = self.entries.first_key_value() else { return };
            let place = *place;
            self.remove(place);
            self.trimmed = true;
        }
    }

    fn remove(&mut self, place: Place) -> Option<Entry> {
        let mut entry = self.entries.remove(&place)?;
        self.bytes -= entry.bytes();
        self.clock_entries -= forget_clock(&mut entry);
        Some(entry)
    }

    fn drop_clocks(&mut self) {
        while self.clock_entries > CLOCK_ENTRIES {
            let from = self.clocks_from.unwrap_or(Place::FIRST);
            let Some((_, entry)) = self.entries.range_mut(from..).next() else { return };
            self.clock_entries -= forget_clock(entry);
            let past = Place { aside: entry.place.aside + 1, ..entry.place };
            self.clocks_from = Some(past);
        }
    }
}

/// How many entries of clocks are no longer held once this one forgets its own.
fn forget_clock(entry: &mut Entry) -> usize {
    let Kind::Said(spoken) = &mut entry.kind else { return 0 };
    let clock = spoken.clock.take().filter(|clock| Arc::strong_count(clock) == 1);
    clock.map_or(0, |clock| clock.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::{node, spoken};

    fn texts(transcript: &Transcript) -> Vec<&str> {
        transcript.messages().map(|(_, spoken)| spoken.text.as_str()).collect()
    }

    #[test]
    fn what_comes_late_stands_at_its_place_and_keeps_the_number_of_its_arrival() {
        let mut transcript = Transcript::default();
        transcript.say(spoken(1, 1, 1, "first", &[]));
        transcript.say(spoken(2, 1, 3, "third", &[(1, 1)]));
        transcript.say(spoken(3, 1, 2, "second", &[(1, 1)]));
        assert_eq!(texts(&transcript), ["first", "second", "third"]);
        assert_eq!(transcript.numbered(Some(3)).unwrap().1.text, "second");
        assert_eq!(transcript.numbered(None).unwrap().1.text, "third");
    }

    #[test]
    fn concurrent_is_who_has_not_seen_the_other() {
        let (a, b) = (spoken(1, 1, 1, "a", &[]), spoken(2, 1, 1, "b", &[]));
        let c = spoken(3, 1, 2, "c", &[(1, 1)]);
        assert!(a.is_concurrent(&b) && b.is_concurrent(&c));
        assert!(a.is_before(&c) && !a.is_concurrent(&c) && !c.is_before(&a));
    }

    #[test]
    fn what_is_recovered_is_told_once_at_the_end() {
        let mut transcript = Transcript::default();
        for n in 1..=3 {
            transcript.recovered(node(3), "carol", true);
            transcript.say(spoken(1, n, 10 * n, "between", &[]));
        }
        let recovered: Vec<_> = transcript
            .iter()
            .filter_map(|entry| match entry.kind {
                Kind::Recovered { count, .. } => Some(count),
                _ => None,
            })
            .collect();
        assert_eq!(recovered, [3]);
    }

    #[test]
    fn entries_bytes_and_clocks_are_bounded_and_the_newest_stay() {
        let mut transcript = Transcript::default();
        let clock: Vec<_> = (1..=100).map(|n| (n, 1)).collect();
        let said = ENTRIES as u64 + 1000;
        for n in 1..=said {
            transcript.say(spoken(1, n, n, "x", &clock));
        }
        assert_eq!(transcript.iter().count(), ENTRIES);
        assert!(transcript.is_trimmed());
        let held = |transcript: &Transcript| {
            let clocks = transcript.messages().filter_map(|(_, spoken)| spoken.clock.clone());
            clocks.map(|clock| clock.len()).sum::<usize>()
        };
        assert!(held(&transcript) <= CLOCK_ENTRIES && held(&transcript) > CLOCK_ENTRIES / 2);
        assert_eq!(held(&transcript), transcript.clock_entries);
        assert!(transcript.numbered(None).unwrap().1.clock.is_some());
        let long = "y".repeat(16 << 10);
        for n in 1..=1000 {
            transcript.say(spoken(1, said + n, said + n, &long, &[]));
        }
        assert!(transcript.bytes <= BYTES && transcript.iter().count() < 1000);
    }
}
