//! The terminal's bell: rung when someone says one's name.

use chat_node::{Event, Message};
use chat_protocol::NodeId;
use std::io::{self, IsTerminal, Write};

/// See the module.
pub(crate) struct Bell {
    on: bool,
    own: Option<NodeId>,
    nick: String,
}

impl Bell {
    /// A bell that may ring, where there is a terminal for it.
    pub(crate) fn new(wanted: bool) -> Self {
        Self { on: wanted && io::stderr().is_terminal(), own: None, nick: String::new() }
    }

    /// One's own name is another one now.
    pub(crate) fn renamed(&mut self, nick: &str) {
        nick.clone_into(&mut self.nick);
    }

    /// Rings if this is worth it.
    pub(crate) fn hear(&mut self, event: &Event) {
        match event {
            Event::Ready(ready) => {
                self.own = Some(ready.node);
                self.renamed(&ready.nick);
            }
            Event::Message(message) if self.on && self.names_me(message) => {
                let _ = io::stderr().write_all(b"\x07");
            }
            _ => {}
        }
    }

    /// History was said when nobody could answer it.
    fn names_me(&self, message: &Message) -> bool {
        !message.backfill && self.own != Some(message.node) && mentions(&message.text, &self.nick)
    }
}

/// Whether a text holds a name as a word of its own, in whatever case.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.trim().to_lowercase());
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !name.is_empty()
        && text.match_indices(&name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            !is_part(before.chars().next_back()) && !is_part(after.chars().next())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_heard_as_a_word_of_its_own() {
        for text in ["Bob?", "hi @bob!", "quiet, BOB", "bob"] {
            assert!(mentions(text, "bob"), "{text}");
        }
        for text in ["bobbin", "kebob", "b o b", "", "bob_2"] {
            assert!(!mentions(text, "bob"), "{text}");
        }
        assert!(mentions("ask quiet-otter", "Quiet-Otter"));
        assert!(!mentions("anything", " "));
    }
}
