//! Lines for pipes: one in, one message; one message, one line out. Everything that isn't a
//! message goes to stderr.

use super::{Face, Said, Shown, input::text, telling};
use chat_node::{Command, Event};

/// Messages as data, the rest beside them.
pub(super) struct Lines {
    colors: bool,
}

impl Lines {
    pub(super) fn new(colors: bool) -> Self {
        Self { colors }
    }
}

impl Face for Lines {
    fn text(&self, event: &Event) -> Option<Shown> {
        match event {
            Event::Message(message) => Some(Shown::Data(telling::message(message, self.colors))),
            other => telling::aside(other).map(Shown::Aside),
        }
    }
}

/// A line is a message; an empty one is told as such.
pub(super) fn said(line: String) -> Said {
    text(line, Command::Say)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_node::{Code, Notice};

    #[test]
    fn what_is_no_message_does_not_go_to_stdout() {
        let warning = Event::Warning(Notice::new(Code::Clear, "readable\u{1b}[2J"));
        let shown = Lines::new(false).text(&warning);
        assert!(matches!(shown, Some(Shown::Aside(text)) if !text.contains('\u{1b}')));
    }

    #[test]
    fn a_line_is_said_as_it_stands() {
        assert_eq!(said(" /me  ".into()), Said::Command(Command::Say(" /me  ".into())));
        assert!(matches!(said(String::new()), Said::Wrong(Event::Warning(_))));
    }
}
