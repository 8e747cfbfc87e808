//! Everything that the screen shows, and how it changes by what happens in the room.
//!
//! A plain value: events and keys (`keys`) go in, [`Action`]s come out, `view` draws it. It
//! knows no terminal and no clock.

use super::{
    comparison::Agreement,
    complete::Completion,
    editor::Editor,
    find::Find,
    panel::Panel,
    room::{Phase, Room},
    scroll::{Laid, Scroll},
    transcript::{Entry, Kind, Place, Spoken, Transcript},
    view,
};
use crate::face::{Said, telling};
use chat_node::{Code, Command, ConnectionState, Event, ListenersState, Message, Notice, Origin};
use chat_protocol::{Key, NodeId, limits, text};
use jiff::tz::TimeZone;
use std::time::Duration;

/// A message that comes late and stands so many entries above the end may be out of sight: it
/// is told of at the end.
const OUT_OF_SIGHT: usize = 8;

/// Something that the terminal's thread does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// Hand on to the room.
    Say(Said),
    /// What Ctrl-C does on a terminal.
    Interrupt,
    /// What Ctrl-Z does.
    Suspend,
    /// Draw all of the screen anew.
    Redraw,
    Bell,
    #[cfg(debug_assertions)]
    Panic,
}

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    /// Into the line being typed.
    Editor,
    /// Into what is searched for.
    Query,
    /// From match to match.
    Matches,
    /// Into the answer whether to leave as the last one.
    Leave,
}

/// See the module.
pub(super) struct Model {
    pub(super) room: Room,
    pub(super) transcript: Transcript,
    pub(super) scroll: Scroll,
    pub(super) editor: Editor,
    pub(super) focus: Focus,
    pub(super) find: Find,
    pub(super) panel: Option<Panel>,
    pub(super) completion: Option<Completion>,
    /// What the last key did, if it wants telling.
    pub(super) status: Option<String>,
    pub(super) bell: bool,
    pub(super) colors: bool,
    /// The terminal has the user's eyes.
    pub(super) watched: bool,
    /// The first message that the user hasn't seen, or hadn't when coming back.
    pub(super) unread: Option<Place>,
    /// Whether the user has seen what follows [`Self::unread`].
    pub(super) unread_seen: bool,
    /// Messages that arrived since the user scrolled up.
    pub(super) below: usize,
    /// Columns and rows.
    pub(super) size: (u16, u16),
    /// The time, told from outside: since an origin.
    pub(super) now: Duration,
    zone: TimeZone,
}

impl Model {
    pub(super) fn new(colors: bool, size: (u16, u16), zone: TimeZone) -> Self {
        Self {
            room: Room::default(),
            transcript: Transcript::default(),
            scroll: Scroll::End,
            editor: Editor::default(),
            focus: Focus::Editor,
            find: Find::default(),
            panel: None,
            completion: None,
            status: None,
            bell: true,
            colors,
            watched: true,
            unread: None,
            unread_seen: false,
            below: 0,
            size,
            now: Duration::ZERO,
            zone,
        }
    }

    /// Takes what has happened in the room.
    pub(super) fn happened(&mut self, event: Event) -> Option<Action> {
        match event {
            Event::Ready(ready) => {
                // Another room, perhaps: nothing of the one before is shown.
                self.room = Room::entered(&ready);
                self.transcript = Transcript::default();
                (self.scroll, self.unread, self.below) = (Scroll::End, None, 0);
                self.find.forget();
                if ready.members <= 1 {
                    self.tell("nobody else is here yet; to join:");
                    self.tell(format!("chat join {}", ready.invite));
                }
            }
            Event::CatchingUp { held, of } => self.room.catching_up = Some((held, of)),
            Event::Message(message) => return self.message(&message),
            Event::Member(member) => {
                let told = self.room.changed(&member);
                self.tell(told);
            }
            Event::Agreement { digest, same, of } => {
                self.room.comparison.compared(Agreement { same, of, digest }, self.now);
                if self.room.phase == Phase::CatchingUp {
                    self.room.phase = Phase::Live;
                }
                return self.refresh();
            }
            // The message that it stands before says so itself.
            Event::Gap { before: Some(_), .. } => {}
            Event::Gap { missing, before: None } => {
                let count = missing.len();
                self.transcript.tell(Kind::Wrong(format!("{count} message(s) are missing here")));
            }
            Event::Verified(verified) => self.room.verified = Some(*verified),
            Event::Listeners { state, found } => {
                if state == ListenersState::Seen {
                    self.transcript.tell(Kind::Wrong(telling::listeners(state, &found)));
                }
                if let Some(told) = self.room.listened(state, &found) {
                    self.tell(told);
                }
            }
            Event::Connection { state } => {
                self.room.connection(state);
                self.tell(match state {
                    ConnectionState::Down => {
                        "cut off from the server; what you say is kept and sent when it is back"
                    }
                    ConnectionState::Up => "connected again",
                });
            }
            // The banner says it all the time.
            Event::Warning(Notice { code: Code::Clear, .. }) => {}
            // How the room is, and nothing that went wrong.
            Event::Warning(Notice { code: Code::Trimmed | Code::Open, message }) => {
                self.tell(telling::one_line(&message));
            }
            Event::Warning(Notice { code: Code::Locked, message }) => {
                self.room.locked = true;
                self.tell(telling::one_line(&message));
            }
            Event::Error(notice) | Event::Warning(notice) => {
                self.transcript.tell(Kind::Wrong(telling::one_line(&notice.message)));
            }
            Event::Closed(_) => self.room.phase = Phase::Leaving,
        }
        None
    }

    /// When it looks different although nothing has happened.
    pub(super) fn changes_at(&self) -> Option<Duration> {
        self.room.comparison.changes_at(self.now)
    }

    /// What the room said no to, for now: it goes back to where it was typed.
    pub(super) fn not_taken(&mut self, said: Said) {
        if let Said::Command(Command::Say(text)) = said
            && self.editor.is_empty()
        {
            self.editor.replace(text);
        }
        self.status = Some("not said yet: the others don't keep up; Enter tries again".into());
    }

    /// Asks anew for what is being shown of who has what.
    pub(super) fn refresh(&self) -> Option<Action> {
        let shown = matches!(&self.panel, Some(panel) if panel.tells_standings());
        shown.then_some(Action::Say(Said::Command(Command::Verify)))
    }

    /// The transcript, laid out as it is shown.
    pub(super) fn laid(&self) -> Laid<'_, impl Fn(&Entry) -> usize> {
        let areas = view::areas(self);
        let columns = usize::from(areas.body.width);
        Laid {
            transcript: &self.transcript,
            height: view::rows::heights(self, columns),
            view: usize::from(areas.body.height),
        }
    }

    pub(super) fn scroll_by(&mut self, rows: isize) {
        let scroll = self.laid().moved(self.scroll, rows);
        self.scroll_to(scroll);
    }

    pub(super) fn scroll_to(&mut self, scroll: Scroll) {
        self.scroll = scroll;
        if scroll == Scroll::End {
            self.below = 0;
            self.unread_seen |= self.watched;
        }
    }

    /// The user looks at the terminal, or away from it.
    pub(super) fn watch(&mut self, watched: bool) {
        self.watched = watched;
        self.unread_seen |= watched && self.scroll == Scroll::End;
    }

    pub(super) fn is_hidden(&self, node: NodeId) -> bool {
        self.room.ignored.contains(&node)
    }

    fn tell(&mut self, text: impl Into<String>) {
        self.transcript.tell(Kind::Told(text.into()));
    }

    fn message(&mut self, message: &Message) -> Option<Action> {
        let own = Some(message.node()) == self.room.own;
        let spoken = self.spoken(message, own);
        let (late, backfill, mention) = (spoken.late, spoken.backfill, spoken.mention);
        let (author, nick, via) = (spoken.dot().node, spoken.nick.clone(), spoken.via);
        let place = self.transcript.say(spoken);
        if own || backfill || self.is_hidden(author) {
            return None;
        }
        let repaired = via.filter(|node| *node != author);
        if late
            && (repaired.is_some() || self.transcript.depth(place, OUT_OF_SIGHT) == OUT_OF_SIGHT)
        {
            let who = repaired.map_or(nick, |node| self.room.who(node));
            self.transcript.recovered(repaired.unwrap_or(author), &who, repaired.is_some());
        }
        let away = self.scroll != Scroll::End;
        self.below += usize::from(away);
        if away || !self.watched {
            if self.unread.is_none() || self.unread_seen {
                (self.unread, self.unread_seen) = (Some(place), false);
            }
            self.unread = self.unread.map(|unread| unread.min(place));
        }
        (mention && self.bell).then_some(Action::Bell)
    }

    /// A message as it is shown: nothing in it can steer the terminal any more.
    fn spoken(&self, message: &Message, own: bool) -> Spoken {
        let Origin { dot, nick, clock, lamport, late, gap, backfill, via } = &*message.origin;
        let text = text::lines(&message.text).replace('\t', "    ");
        let at = message.sent_at.timestamp().to_zoned_datetime(self.zone.clone());
        Spoken {
            id: message.id(),
            key: Key { lamport: *lamport, node: dot.node, number: dot.number },
            nick: text::one_line(nick, limits::NICK_CHARS),
            mention: !own && mentions(&text, &self.room.nick),
            text,
            action: message.action,
            at: at.strftime("%H:%M").to_string(),
            late: *late,
            backfill: *backfill,
            via: *via,
            gap: gap.clone(),
            clock: Some(clock.clone()),
        }
    }
}

/// Whether a text has a name in it, as a word.
fn mentions(text: &str, nick: &str) -> bool {
    let (text, nick) = (text.to_lowercase(), nick.to_lowercase());
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !nick.is_empty()
        && text.match_indices(&nick).any(|(at, found)| {
            !is_word(text[..at].chars().next_back())
                && !is_word(text[at + found.len()..].chars().next())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::tui::scenes::Scene;

    #[test]
    fn a_name_is_mentioned_where_it_stands_as_a_word() {
        assert!(mentions("Bob, are you there?", "bob"));
        assert!(mentions("that was @bob", "Bob"));
        assert!(!mentions("bobsleigh", "bob"));
        assert!(!mentions("anything", ""));
    }

    #[test]
    fn a_mention_rings_unless_told_not_to() {
        let mut scene = Scene::new();
        assert_eq!(scene.says(2, 1, 1, "hello"), None);
        assert_eq!(scene.says(2, 2, 2, "hello ann"), Some(Action::Bell));
        scene.model.bell = false;
        assert_eq!(scene.says(2, 3, 3, "ann?"), None);
    }

    #[test]
    fn what_arrives_while_one_reads_further_up_is_counted_and_marked() {
        let mut scene = Scene::new();
        for n in 1..=60 {
            scene.says(2, n, n, "old");
        }
        scene.model.scroll_by(-10);
        scene.says(2, 61, 61, "new");
        scene.says(2, 62, 62, "newer");
        assert_eq!(scene.model.below, 2);
        let unread = scene.model.unread.unwrap();
        assert_eq!(scene.model.transcript.get(unread).unwrap().said().unwrap().text, "new");
        scene.model.scroll_to(Scroll::End);
        assert_eq!(scene.model.below, 0);
    }

    #[test]
    fn what_was_recovered_is_told_and_what_is_only_a_little_late_is_not() {
        let mut scene = Scene::new();
        scene.says(2, 1, 5, "shown");
        scene.late(3, 1, 4, "concurrent", None);
        let recovered = |scene: &Scene| {
            scene
                .model
                .transcript
                .iter()
                .filter(|entry| matches!(entry.kind, Kind::Recovered { .. }))
                .count()
        };
        assert_eq!(recovered(&scene), 0);
        scene.late(3, 2, 2, "repaired", Some(2));
        assert_eq!(recovered(&scene), 1);
    }

    #[test]
    fn another_room_shows_nothing_of_the_one_before() {
        let mut scene = Scene::new();
        scene.says(2, 1, 1, "here");
        scene.enter(1);
        assert_eq!(scene.model.transcript.messages().count(), 0);
    }
}
