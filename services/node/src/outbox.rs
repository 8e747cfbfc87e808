//! What was said and isn't sent yet: taken out in batches, each for one frame.

use chat_protocol::{Item, limits};
use std::collections::VecDeque;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Each with what it takes in a batch.
    items: VecDeque<(Item, usize)>,
    bytes: usize,
    /// The last batch filled half of a frame.
    streams: bool,
}

impl Outbox {
    /// An item that takes so many bytes in a batch.
    pub(crate) fn push(&mut self, item: Item, bytes: usize) {
        self.items.push_back((item, bytes));
        self.bytes += bytes;
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether it has enough for a whole batch.
    pub(crate) fn fills_a_batch(&self) -> bool {
        self.items.len() >= limits::BATCH_ITEMS || self.bytes >= limits::BATCH_BYTES
    }

    /// Whether so much is said that what follows the last batch is likely to fill a frame soon.
    pub(crate) fn streams(&self) -> bool {
        self.streams
    }

    /// The next batch, one item at least, whose bytes are few enough: as much as fills a frame, or
    /// one of so many parts of that.
    ///
    /// # Errors
    /// What the first item takes if that alone is too much; the item is dropped.
    pub(crate) fn batch(
        &mut self,
        parts: usize,
        is_few: impl Fn(usize) -> bool,
    ) -> Result<Vec<Item>, usize> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let most_items = limits::BATCH_ITEMS / parts;
        // As they are padded.
        let full = limits::BATCH_BYTES + limits::BATCH_OVERHEAD;
        let most_bytes = full / parts - limits::BATCH_OVERHEAD;
        while let Some((_, item)) = self.items.front() {
            let is_first = batch.is_empty();
            if is_first && !is_few(*item) {
                return Err(self.pop().map_or(0, |(_, bytes)| bytes));
            }
            let with = bytes + item;
            let fits = batch.len() < most_items && with <= most_bytes;
            if !is_first && (!fits || !is_few(with)) {
                break;
            }
            bytes = with;
            batch.extend(self.pop().map(|(item, _)| item));
        }
        self.streams = 2 * batch.len() >= limits::BATCH_ITEMS || 2 * bytes >= limits::BATCH_BYTES;
        Ok(batch)
    }

    fn pop(&mut self) -> Option<(Item, usize)> {
        let popped = self.items.pop_front();
        self.bytes -= popped.as_ref().map_or(0, |(_, bytes)| *bytes);
        popped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::ItemKind;
    use chat_seal::sealed_size;

    fn item() -> Item {
        Item { kind: ItemKind::Text, text: "".into(), at: 0, terms: None }
    }

    fn holding(items: usize, bytes: usize) -> Outbox {
        let mut outbox = Outbox::default();
        (0..items).for_each(|_| outbox.push(item(), bytes));
        outbox
    }

    #[test]
    fn a_part_of_a_frame_takes_so_much_less_but_one_item_always() {
        for (bytes, parts, taken) in [(1, 1, limits::BATCH_ITEMS), (1, 4, limits::BATCH_ITEMS / 4)]
            .into_iter()
            .chain([(limits::BATCH_BYTES / 8, 2, 4), (limits::BATCH_BYTES, 2, 1)])
        {
            let mut outbox = holding(limits::BATCH_ITEMS + 1, bytes);
            assert_eq!(outbox.batch(parts, |_| true).unwrap().len(), taken, "{bytes} {parts}");
        }
    }

    #[test]
    fn a_part_of_a_frame_is_padded_to_no_more_than_that_part() {
        for (parts, padded) in
            [(1, 64 << 10), (4, 16 << 10), (16, 4 << 10), (64, 1 << 10), (256, 256)]
        {
            let most = padded - limits::BATCH_OVERHEAD;
            assert!(sealed_size(most) < sealed_size(most + 1), "{padded}");
            for (last, taken) in [(1, 2), (2, 1)] {
                let mut outbox = holding(1, most - 1);
                outbox.push(item(), last);
                assert_eq!(outbox.batch(parts, |_| true).unwrap().len(), taken, "{parts} {last}");
            }
        }
    }

    #[test]
    fn it_streams_from_a_batch_of_half_a_frame_to_one_of_less() {
        let (items, bytes) = (limits::BATCH_ITEMS / 2, limits::BATCH_BYTES / 2);
        for (mut outbox, streams) in [
            (holding(items, 1), true),
            (holding(items - 1, 1), false),
            (holding(2, bytes / 2), true),
            (holding(1, bytes - 1), false),
            (holding(3, limits::BATCH_BYTES - 1), true),
        ] {
            assert!(!outbox.streams());
            outbox.batch(1, |_| true).unwrap();
            assert_eq!(outbox.streams(), streams, "{outbox:?}");
            while !outbox.is_empty() {
                outbox.batch(1, |_| true).unwrap();
            }
            outbox.push(item(), 1);
            outbox.batch(1, |_| true).unwrap();
            assert!(!outbox.streams());
        }
    }
}
