//! Lines, without a screen: one in, one message; one message, one line out. Everything that
//! isn't a message goes to stderr.

use super::{
    Face, Said, Shown,
    input::{line_text, text},
    reader::Line,
    telling,
};
use chat_node::{Code, Command, Event, Notice};
use chat_protocol::NodeId;

/// Messages as data, the rest beside them.
pub(super) struct Lines {
    colors: bool,
    /// What this node's user says stands on the terminal already, as it was typed.
    echoed: bool,
    own: Option<NodeId>,
}

impl Lines {
    pub(super) fn new(colors: bool, echoed: bool) -> Self {
        Self { colors, echoed, own: None }
    }
}

impl Face for Lines {
    fn text(&mut self, event: &Event) -> Option<Shown> {
        match event {
            Event::Message(message) if self.echoed && Some(message.node()) == self.own => None,
            Event::Message(message) => Some(Shown::Data(telling::message(message, self.colors))),
            Event::Ready(ready) => {
                self.own = Some(ready.node);
                telling::aside(event).map(Shown::Aside)
            }
            other => telling::aside(other).map(Shown::Aside),
        }
    }
}

/// Lines of a pipe: each is said as it stands, slashes too. An empty one says nothing, and is
/// no mistake.
#[derive(Default)]
pub(super) struct Piped {
    /// That some are not UTF-8: a log has many of them, or none.
    told: bool,
}

impl Piped {
    pub(super) fn meaning(&mut self, line: Line) -> Option<Said> {
        match line_text(line) {
            Ok(line) if line.is_empty() => None,
            Ok(line) => Some(text(line, Command::Say)),
            Err(Notice { code: Code::NotUtf8, .. }) if std::mem::replace(&mut self.told, true) => {
                None
            }
            Err(Notice { code: Code::NotUtf8, message }) => {
                let message = format!(
                    "{message}, nor will others be; `iconv -t UTF-8` in the pipe makes them so"
                );
                Some(Said::Wrong(Event::Error(Notice::new(Code::NotUtf8, message))))
            }
            Err(notice) => Some(Said::Wrong(Event::Error(notice))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piped(lines: &[&[u8]]) -> Vec<Option<Said>> {
        let mut piped = Piped::default();
        lines.iter().map(|line| piped.meaning(Line::Whole(line.to_vec()))).collect()
    }

    #[test]
    fn what_is_no_message_does_not_go_to_stdout() {
        let warning = Event::Warning(Notice::new(Code::Clear, "readable\u{1b}[2J"));
        let shown = Lines::new(false, false).text(&warning);
        assert!(matches!(shown, Some(Shown::Aside(text)) if !text.contains('\u{1b}')));
    }

    #[test]
    fn a_line_is_said_as_it_stands_and_an_empty_one_is_nothing() {
        let said = Some(Said::Command(Command::Say(" /me  ".into())));
        assert_eq!(piped(&[b" /me  ", b""]), [said, None]);
    }

    #[test]
    fn lines_that_are_not_utf8_are_told_once_and_the_others_said() {
        let [Some(Said::Wrong(Event::Error(told))), None, Some(Said::Command(_))] =
            &piped(&[b"\xff", b"\xfe", b"still here"])[..]
        else {
            panic!("one error, then a message");
        };
        assert_eq!(told.code, Code::NotUtf8);
    }
}
