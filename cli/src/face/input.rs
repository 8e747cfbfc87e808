//! The thread that reads standard input: reading a pipe or a terminal can't be made not to
//! block, so it has a thread of its own.

use super::{
    Said,
    reader::{LINE_BYTES, Line, WipedReader, next_line},
};
use chat_node::{Code, Command, Event, Notice};
use chat_protocol::limits;
use std::{fs::File, io, os::fd::AsFd};
use tokio::sync::mpsc;

/// Reads lines until the end of input, or until nobody wants them; `meaning` tells what a line
/// means, if anything.
pub(super) fn start(
    sender: mpsc::Sender<Said>,
    mut meaning: impl FnMut(Line) -> Option<Said> + Send + 'static,
) {
    std::thread::spawn(move || {
        // Not through the standard library's buffer, which keeps what was read.
        let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
        let Ok(mut stdin) = stdin.map(WipedReader::new) else {
            let _ = sender.blocking_send(Said::EndOfInput);
            return;
        };
        while let Ok(Some(line)) = next_line(&mut stdin) {
            let Some(said) = meaning(line) else { continue };
            if sender.blocking_send(said).is_err() {
                return;
            }
        }
        let _ = sender.blocking_send(Said::EndOfInput);
    });
}

/// The text of a line, or what is wrong with it.
pub(super) fn line_text(line: Line) -> Result<String, Notice> {
    match line {
        Line::TooLong => {
            let message = format!("a line of over {LINE_BYTES} bytes was not read");
            Err(Notice::new(Code::TooLong, message))
        }
        Line::Whole(bytes) => String::from_utf8(bytes)
            .map_err(|_| Notice::new(Code::NotUtf8, "a line that is not UTF-8 was not read")),
    }
}

/// A text to be said or done, if it can be.
pub(super) fn text(text: String, command: fn(String) -> Command) -> Said {
    if text.is_empty() {
        let notice = Notice::new(Code::Empty, "nothing to say: the text is empty");
        return Said::Wrong(Event::Warning(notice));
    }
    let (bytes, most) = (text.len(), limits::TEXT_BYTES);
    if bytes > most {
        let message =
            format!("not said: {bytes} bytes, and a message has at most {most}; split it");
        return wrong(Code::TooLong, message);
    }
    Said::Command(command(text))
}

/// A nick to be taken, if it is one.
pub(super) fn nick(nick: String) -> Said {
    match chat_protocol::nick::check(&nick) {
        Ok(()) => Said::Command(Command::Nick(nick)),
        Err(why) => wrong(Code::BadInput, why.to_string()),
    }
}

/// An error about the input.
pub(super) fn wrong(code: Code, message: impl Into<String>) -> Said {
    Said::Wrong(Event::Error(Notice::new(code, message)))
}
