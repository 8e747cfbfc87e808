//! Lines of any input in bounded memory.

use std::io::{self, BufRead};

/// Longest line that is looked at, in bytes.
pub(super) const LINE_BYTES: usize = 1 << 20;

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
    fn an_over_long_line_is_passed_over_and_the_next_one_read() {
        let mut input = vec![b'x'; 3 * LINE_BYTES];
        input.extend(b"\nshort\n");
        assert_eq!(all(&input), [Line::TooLong, Line::Whole(b"short".to_vec())]);
    }
}
