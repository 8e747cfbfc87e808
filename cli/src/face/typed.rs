//! Lines that a person types on a terminal without a screen. What begins with a slash is meant
//! for the program: it is obeyed or refused with a word, and never said to others.

use super::{
    Said,
    input::{self, line_text, text, wrong},
    reader::Line,
    slash::{self, Slash},
};
use chat_node::{Code, Command, Event, Reason};

/// What is obeyed here; the rest needs a screen.
const HELP: &str = "type to talk; here are /nick NAME, /me DOES, /lock, /quit; //x says /x; \
    the other commands need a terminal that can be drawn on";

pub(super) fn meaning(line: Line) -> Option<Said> {
    match line_text(line) {
        Ok(line) if line.trim().is_empty() => None,
        Ok(line) => Some(match slash::parse(&line) {
            None => text(slash::text(line), Command::Say),
            Some(Ok(command)) => obeyed(command),
            Some(Err(why)) => wrong(Code::BadInput, why),
        }),
        Err(notice) => Some(Said::Wrong(Event::Error(notice))),
    }
}

fn obeyed(command: Slash) -> Said {
    match command {
        Slash::Nick(nick) => input::nick(nick),
        Slash::Me(does) => text(does, Command::Act),
        Slash::Lock => Said::Command(Command::Lock),
        Slash::Quit | Slash::QuitNow => Said::Command(Command::Leave(Reason::Left)),
        Slash::Help => wrong(Code::BadInput, HELP),
        Slash::Invite => unable("how others join was told on entering"),
        Slash::Who => unable("who comes and goes is told as it happens"),
        Slash::Verify | Slash::Why(_) | Slash::Clock(_) => {
            unable("`chat join --json` tells clocks and digests")
        }
        Slash::Ignore(_) | Slash::Search(_) | Slash::Bell => unable("a full terminal has it"),
        #[cfg(debug_assertions)]
        Slash::Panic => unable("nothing is drawn that could fail"),
    }
}

fn unable(instead: &str) -> Said {
    let what = "that command needs a screen, and TERM names none";
    wrong(Code::BadInput, format!("{what}: {instead}; /help tells what works here"))
}

#[cfg(test)]
mod tests {
    use super::{super::slash::COMMANDS, *};

    fn said(line: &str) -> Option<Said> {
        meaning(Line::Whole(line.as_bytes().to_vec()))
    }

    #[test]
    fn no_command_is_ever_said_to_others() {
        for line in COMMANDS.map(|usage| format!("/{} 7", usage.name)).iter().chain([&"/x".into()])
        {
            let said = said(line);
            assert!(
                !matches!(said, None | Some(Said::Command(Command::Say(_)))),
                "{line}: {said:?}"
            );
        }
    }

    #[test]
    fn what_can_be_done_without_a_screen_is_done_and_the_rest_is_said() {
        let leave = Said::Command(Command::Leave(Reason::Left));
        assert_eq!(said("/quit"), Some(leave));
        assert_eq!(said("/nick anna"), Some(Said::Command(Command::Nick("anna".into()))));
        assert_eq!(said("//x"), Some(Said::Command(Command::Say("/x".into()))));
        assert_eq!(said("hello"), Some(Said::Command(Command::Say("hello".into()))));
        assert_eq!(said("  "), None);
    }

    #[test]
    fn an_unknown_command_is_guessed() {
        let Some(Said::Wrong(Event::Error(told))) = said("/qiut") else { panic!("an error") };
        assert!(told.message.contains("/quit?"), "{}", told.message);
    }
}
