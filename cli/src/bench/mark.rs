//! What stands at the beginning of each message: who says it, which of theirs it is, and when.

use std::time::Duration;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Index of who says it.
    pub(crate) sender: usize,
    /// Which of theirs, from 0.
    pub(crate) number: u64,
    /// Since the beginning of the measurement.
    pub(crate) at: Duration,
}

/// Its size as text, and so the smallest payload.
pub(crate) const BYTES: usize = SENDER + NUMBER + AT + 3;
const SENDER: usize = 4;
const NUMBER: usize = 9;
const AT: usize = 14;

impl Mark {
    /// A message of so many bytes that begins with it.
    pub(crate) fn message(self, bytes: usize) -> String {
        let Self { sender, number, at } = self;
        let mark = format!("{sender:SENDER$} {number:NUMBER$} {:AT$} ", at.as_nanos());
        let mut message = mark.into_bytes();
        message.resize(bytes, b'.');
        String::from_utf8(message).expect("it is ASCII")
    }

    /// The mark of a message.
    pub(crate) fn of(message: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(message.get(..BYTES)?).ok()?;
        let mut fields = text.split_ascii_whitespace();
        Some(Self {
            sender: fields.next()?.parse().ok()?,
            number: fields.next()?.parse().ok()?,
            at: Duration::from_nanos(fields.next()?.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_size_and_gives_back_its_mark() {
        let mark = Mark { sender: 199, number: 123_456, at: Duration::from_nanos(98_765_432_100) };
        for bytes in [BYTES, 200, 8192] {
            let message = mark.message(bytes);
            assert_eq!(message.len(), bytes);
            assert_eq!(Mark::of(message.as_bytes()), Some(mark));
        }
        assert_eq!(Mark::of(b"short"), None);
        assert_eq!(Mark::of(&[b'x'; 64]), None);
    }
}
