//! Lines of any input in bounded memory.

use std::io::{self, BufRead, Read};
use zeroize::Zeroize;

/// Longest line that is looked at, in bytes.
pub(super) const LINE_BYTES: usize = 1 << 20;

/// What is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// A buffered reader that wipes what was taken from its buffer.
pub(super) struct WipedReader<R> {
    input: R,
    buffer: Box<[u8]>,
    unread: std::ops::Range<usize>,
}

impl<R: Read> WipedReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; CHUNK].into_boxed_slice(), unread: 0..0 }
    }
}

impl<R: Read> Read for WipedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for WipedReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unread.is_empty() {
            self.unread = 0..self.input.read(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.unread.clone()])
    }

    fn consume(&mut self, read: usize) {
        let end = (self.unread.start + read).min(self.unread.end);
        self.buffer[self.unread.start..end].zeroize();
        self.unread.start = end;
    }
}

/// One line of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes, without the line break.
    Whole(Vec<u8>),
    /// It had more than [`LINE_BYTES`], none of which were kept.
    TooLong,
}

/// The next line; nothing at the end of input. Reads an over-long line to its end without
/// keeping it.
pub(super) fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let (mut line, mut too_long, mut begun) = (Vec::new(), false, false);
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            break;
        }
        begun = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if line.len() + part.len() > LINE_BYTES {
            too_long = true;
            line = Vec::new();
        } else if !too_long {
            line.extend_from_slice(part);
        }
        let read = end.map_or(buffer.len(), |end| end + 1);
        input.consume(read);
        if end.is_some() {
            break;
        }
    }
    if !begun {
        return Ok(None);
    }
    if too_long {
        return Ok(Some(Line::TooLong));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(Line::Whole(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut input: &[u8]) -> Vec<Line> {
        std::iter::from_fn(|| next_line(&mut input).unwrap()).collect()
    }

    #[test]
    fn lines_end_with_a_break_or_with_the_input() {
        let whole = |text: &[u8]| Line::Whole(text.to_vec());
        assert_eq!(all(b"a\r\n\nb"), [whole(b"a"), whole(b""), whole(b"b")]);
        assert_eq!(all(b""), []);
    }

    #[test]
    fn what_was_read_is_wiped() {
        let mut input = WipedReader::new(&b"secret\nrest"[..]);
        assert_eq!(next_line(&mut input).unwrap(), Some(Line::Whole(b"secret".to_vec())));
        assert_eq!(&input.buffer[..7], &[0; 7]);
        assert_eq!(next_line(&mut input).unwrap(), Some(Line::Whole(b"rest".to_vec())));
        assert_eq!(next_line(&mut input).unwrap(), None);
        assert!(input.buffer.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn an_over_long_line_is_passed_over_and_the_next_one_read() {
        let mut input = vec![b'x'; 3 * LINE_BYTES];
        input.extend(b"\nshort\n");
        assert_eq!(all(&input), [Line::TooLong, Line::Whole(b"short".to_vec())]);
    }
}
