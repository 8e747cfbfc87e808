//! What each slash command does on this screen.

use super::{
    model::{Action, Focus, Model},
    panel::{Content, Panel},
    room::Phase,
    scroll::Scroll,
    why,
};
use crate::face::{Said, input, slash, slash::Slash};
use chat_node::{Command, Event, Reason};

impl Model {
    /// Enter: says or does what was typed. What can't be said stays where it is.
    pub(super) fn enter(&mut self) -> Option<Action> {
        let line = self.editor.text();
        if line.trim().is_empty() {
            return None;
        }
        match slash::parse(line) {
            Some(Err(wrong)) => {
                self.status = Some(wrong);
                None
            }
            Some(Ok(command)) => {
                self.editor.take();
                self.obey(command)
            }
            None => self.say(slash::text(line.to_owned()), Command::Say),
        }
    }

    fn say(&mut self, text: String, command: fn(String) -> Command) -> Option<Action> {
        if self.room.phase == Phase::Leaving {
            self.status = Some("not said: you are leaving".into());
            return None;
        }
        let action = self.take(input::text(text, command))?;
        self.editor.take();
        (self.unread, self.unread_seen) = (None, false);
        self.scroll_to(Scroll::End);
        Some(action)
    }

    /// Hands it on to the room, or tells what is wrong with it.
    fn take(&mut self, said: Said) -> Option<Action> {
        if let Said::Wrong(Event::Error(notice) | Event::Warning(notice)) = said {
            self.status = Some(notice.message);
            return None;
        }
        Some(Action::Say(said))
    }

    pub(super) fn obey(&mut self, command: Slash) -> Option<Action> {
        match command {
            Slash::Help => return self.open(Content::Help),
            Slash::Who => return self.open(Content::Roster),
            Slash::Verify => return self.open(Content::Agreement),
            Slash::Nick(nick) => return self.take(input::nick(nick)),
            Slash::Lock => return act(Command::Lock),
            Slash::Me(does) => return self.say(does, Command::Act),
            Slash::Invite => {
                let lines = self.how_others_join();
                return self.open(Content::Text { title: "how others join".into(), lines });
            }
            Slash::Why(number) => return self.explain(number, "why", why::why),
            Slash::Clock(number) => return self.explain(number, "clock", why::clock),
            Slash::Ignore(whom) => self.ignore(whom),
            Slash::Search(text) => self.search(&text),
            Slash::Bell => {
                self.bell = !self.bell;
                let told = if self.bell { "rings when you are mentioned" } else { "doesn't ring" };
                self.status = Some(told.into());
            }
            Slash::Quit => return self.quit(),
            Slash::QuitNow => return self.leave(),
            #[cfg(debug_assertions)]
            Slash::Panic => return Some(Action::Panic),
        }
        None
    }

    fn how_others_join(&self) -> Vec<String> {
        let told = if self.room.locked {
            [
                "That was the way in. The discussion is locked: it lets nobody in any more.",
                "`chat start` opens another.",
            ]
        } else if self.room.open {
            [
                "Anyone on this server can come in by this name, and finds it with `chat rooms`.",
                "`chat start` without --public opens a discussion for those invited.",
            ]
        } else {
            [
                "On the command line others on the same machine can see it; `chat join` alone",
                "asks for it. Whoever has it can come in: pass it on where nobody else reads.",
            ]
        };
        let command = format!("chat join {}", self.room.invite);
        [command, String::new()].into_iter().chain(told.map(str::to_owned)).collect()
    }

    /// Leaves; the last member is asked first.
    pub(super) fn quit(&mut self) -> Option<Action> {
        if self.room.is_alone() {
            self.focus = Focus::Leave;
            return None;
        }
        self.leave()
    }

    /// Leaves without asking; the others take a moment to notice.
    pub(super) fn leave(&mut self) -> Option<Action> {
        self.room.phase = Phase::Leaving;
        act(Command::Leave(Reason::Left))
    }

    /// Opens a panel, or closes it where it is open.
    pub(super) fn open(&mut self, content: Content) -> Option<Action> {
        if self.panel.as_ref().is_some_and(|panel| panel.content == content) {
            self.panel = None;
            return None;
        }
        // Never yesterday's verdict: the answer comes at once.
        self.room.verified = None;
        self.panel = Some(Panel::new(content));
        self.refresh()
    }

    /// Begins a search, or does it where it is clear for what.
    pub(super) fn search(&mut self, text: &str) {
        self.find.forget();
        self.panel = None;
        self.focus = Focus::Query;
        if !text.is_empty() {
            self.find.query.insert(text);
            self.focus = Focus::Matches;
            self.find_next(true);
        }
    }

    /// To the next match, further up or down.
    pub(super) fn find_next(&mut self, up: bool) {
        if let Some(place) = self.find.step(&self.transcript, up) {
            let scroll = self.laid().showing(place);
            self.scroll_to(scroll);
        }
    }

    fn explain(
        &mut self,
        number: Option<usize>,
        what: &str,
        explain: fn(&Self, usize) -> Option<Vec<String>>,
    ) -> Option<Action> {
        let found = self.transcript.numbered(number).map(|(entry, _)| entry.number);
        let Some((number, lines)) = found.and_then(|found| Some((found, explain(self, found)?)))
        else {
            self.status = Some(match number {
                Some(number) => format!(
                    "there is no message #{number} here; the numbers stand beside them while you type /why"
                ),
                None => "nothing was said yet".into(),
            });
            return None;
        };
        self.open(Content::Text { title: format!("{what} #{number}"), lines })
    }

    fn ignore(&mut self, whom: Option<String>) {
        let Some(whom) = whom else {
            let names: Vec<_> = self.room.ignored.iter().map(|node| self.room.who(*node)).collect();
            self.status = Some(match names.as_slice() {
                [] => "nobody is ignored; /ignore NAME does".into(),
                names => format!("ignored: {}", names.join(", ")),
            });
            return;
        };
        self.status = Some(match self.room.named(&whom) {
            Err(why) => why,
            Ok(node) if self.room.ignored.remove(&node) => {
                format!("{} is shown again", self.room.who(node))
            }
            Ok(node) => {
                self.room.ignored.insert(node);
                format!(
                    "{} is no longer shown to you; the same command undoes it",
                    self.room.who(node)
                )
            }
        });
    }
}

fn act(command: Command) -> Option<Action> {
    Some(Action::Say(Said::Command(command)))
}
