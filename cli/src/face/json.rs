//! NDJSON: one object a line, in and out. For programs; texts are verbatim.

use super::{
    Face, Said, Shown,
    input::{self, line_text, text, wrong},
    reader::Line,
};
use chat_node::{Code, Command, Event, Reason};
use serde::Deserialize;

/// Events as objects.
pub(super) struct Json;

impl Face for Json {
    fn text(&mut self, event: &Event) -> Option<Shown> {
        // What is no part of the contract doesn't serialize, all else does.
        serde_json::to_string(event).ok().map(Shown::Data)
    }
}

/// What a program may write; further keys are ignored.
#[derive(Deserialize)]
struct Object {
    say: Option<String>,
    nick: Option<String>,
    leave: Option<bool>,
    lock: Option<bool>,
}

/// The meaning of a line of input: programs are told of each that has none.
pub(super) fn meaning(line: Line) -> Option<Said> {
    Some(line_text(line).map_or_else(|notice| Said::Wrong(Event::Error(notice)), said))
}

fn said(line: String) -> Said {
    if line.trim().is_empty() {
        return bad("an empty line is no JSON object");
    }
    let object = match serde_json::from_str::<Object>(&line) {
        Ok(object) if line.trim_start().starts_with('{') => object,
        Ok(_) => return bad("not a JSON object"),
        Err(error) => return bad(&format!("not understood: {error}")),
    };
    match object {
        Object { say: Some(say), nick: None, leave: None, lock: None } => text(say, Command::Say),
        Object { say: None, nick: Some(nick), leave: None, lock: None } => input::nick(nick),
        Object { say: None, nick: None, leave: Some(true), lock: None } => {
            Said::Command(Command::Leave(Reason::Left))
        }
        Object { say: None, nick: None, leave: None, lock: Some(true) } => {
            Said::Command(Command::Lock)
        }
        _ => bad("exactly one of these is needed"),
    }
}

fn bad(why: &str) -> Said {
    wrong(
        Code::BadInput,
        format!(
            "{why}; write {{\"say\":TEXT}}, {{\"nick\":TEXT}}, {{\"leave\":true}} or {{\"lock\":true}}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str) -> Option<Code> {
        match said(line.into()) {
            Said::Wrong(Event::Error(notice) | Event::Warning(notice)) => Some(notice.code),
            _ => None,
        }
    }

    #[test]
    fn objects_of_the_contract_are_understood_and_further_keys_ignored() {
        let say = Said::Command(Command::Say("a\nb".into()));
        assert_eq!(said(r#"{"say":"a\nb","id":7}"#.into()), say);
        assert_eq!(said(r#" {"nick":"bob"}"#.into()), Said::Command(Command::Nick("bob".into())));
        assert_eq!(said(r#"{"leave":true}"#.into()), Said::Command(Command::Leave(Reason::Left)));
    }

    #[test]
    fn anything_else_is_told_and_nothing_is_sent() {
        for line in [
            "",
            "hi",
            "[]",
            "{}",
            "7",
            r#"{"say":7}"#,
            r#"{"leave":false}"#,
            r#"["x",null,null]"#,
            r#"{"nick":" "}"#,
            r#"{"nick":"ann·euss"}"#,
        ] {
            assert_eq!(code(line), Some(Code::BadInput), "{line}");
        }
        assert_eq!(code(r#"{"say":""}"#), Some(Code::Empty));
        let long = format!(r#"{{"say":"{}"}}"#, "x".repeat((16 << 10) + 1));
        assert_eq!(code(&long), Some(Code::TooLong));
    }
}
