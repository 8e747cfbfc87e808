//! Rooms in which something goes on, for tests.

use super::{
    model::{Action, Model},
    transcript::Spoken,
    view,
};
use chat_node::{
    Change, ConnectionState, Event, Listener, ListenerKind, ListenersState, Member, Message,
    MessageId, Origin, Ready, Standing, Verified, WallClock,
};
use chat_protocol::{
    Dot, Key, Lamport, NodeId, Number, RoomId, VectorClock, hash::TranscriptDigest,
};
use jiff::tz::TimeZone;
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers},
};
use std::{sync::Arc, time::Duration};

/// 2026-01-01T12:00Z.
const NOON: u64 = 1_767_268_800_000;

pub(super) fn node(n: u8) -> NodeId {
    NodeId([n.wrapping_mul(37); 10])
}

fn clock(own: Dot, seen: &[(u8, u64)]) -> VectorClock {
    let seen = seen.iter().map(|(author, number)| Dot::new(node(*author), Number(*number)));
    seen.chain([own]).collect()
}

/// Said by this node as this number at this Lamport time, having seen these.
pub(super) fn spoken(
    author: u8,
    number: u64,
    lamport: u64,
    text: &str,
    seen: &[(u8, u64)],
) -> Spoken {
    let dot = Dot::new(node(author), Number(number));
    Spoken {
        id: MessageId { dot, index: 0 },
        key: Key { lamport: Lamport(lamport), node: dot.node, number: dot.number },
        nick: "nick".into(),
        text: text.into(),
        action: false,
        at: "12:00".into(),
        late: false,
        backfill: false,
        via: None,
        gap: vec![],
        mention: false,
        clock: Some(Arc::new(clock(dot, seen))),
    }
}

/// A screen of ann's, who is node 1.
pub(super) struct Scene {
    pub(super) model: Model,
}

const NAMES: [&str; 5] = ["", "ann", "bob", "carol", "dan"];

impl Scene {
    /// Alone in a clear room.
    pub(super) fn new() -> Self {
        let mut scene = Self { model: Model::new(true, (80, 24), TimeZone::UTC) };
        scene.enter(1);
        scene
    }

    /// Three who talk; bob and carol answer at the same time.
    pub(super) fn discussion() -> Self {
        let mut scene = Self::new();
        scene.enter(3);
        scene.joins(2, "bob");
        scene.joins(3, "carol");
        scene.agree(3, 3);
        scene.said(
            1,
            2,
            3,
            "Where shall we have lunch? The canteen is closed today.",
            &[(2, 1), (3, 1)],
        );
        scene.said(
            2,
            2,
            4,
            "There is a new place at the corner, they make pizza.",
            &[(1, 2), (3, 1)],
        );
        scene.said(3, 2, 4, "I would like soup 🍜 — 日本の味噌汁 perhaps, or something else that is warm and doesn't take long", &[(1, 2), (2, 1)]);
        scene.said(1, 3, 5, "Both, then: soup first", &[(2, 2), (3, 2)]);
        scene.said(2, 3, 6, "fine with me, ann", &[(1, 3), (3, 2)]);
        scene
    }

    pub(super) fn enter(&mut self, members: usize) {
        self.tell(Event::Ready(ready(members).into()));
    }

    /// Into a sealed one that anyone may enter.
    pub(super) fn enter_public(&mut self, members: usize) {
        let ready = ready(members);
        let invite = ready.room.to_string();
        self.tell(Event::Ready(Ready { sealed: true, invite, ..ready }.into()));
    }

    pub(super) fn tell(&mut self, event: Event) -> Option<Action> {
        self.model.happened(event)
    }

    pub(super) fn joins(&mut self, author: u8, nick: &str) {
        self.change(author, nick, Change::Joined);
    }

    pub(super) fn change(&mut self, author: u8, nick: &str, change: Change) {
        let fingerprint = "abcdef-ghijkl-mnopqr".into();
        let (node, nick) = (node(author), nick.into());
        let member = Member { change, node, nick, fingerprint, was: None };
        self.tell(Event::Member(member.into()));
    }

    pub(super) fn renamed(&mut self, author: u8, was: &str, nick: &str) {
        let (node, nick, was) = (node(author), nick.into(), Some(was.into()));
        let (change, fingerprint) = (Change::Renamed, String::new());
        self.tell(Event::Member(Member { change, node, nick, fingerprint, was }.into()));
    }

    pub(super) fn agree(&mut self, same: usize, of: usize) {
        self.tell(Event::Agreement { digest: digest(9), same, of });
    }

    pub(super) fn connection(&mut self, state: ConnectionState) {
        self.tell(Event::Connection { state });
    }

    /// What a look has found; nobody, or these.
    pub(super) fn listened(&mut self, found: &[(ListenerKind, &str)]) {
        let listener = |(kind, name): &(ListenerKind, &str)| Listener {
            kind: *kind,
            name: (*name).into(),
            server: None,
            connection: None,
            subject: None,
        };
        let found: Vec<_> = found.iter().map(listener).collect();
        let seen = ListenersState::Seen;
        let state = if found.is_empty() { ListenersState::NoneSeen } else { seen };
        self.tell(Event::Listeners { state, found });
    }

    pub(super) fn passes(&mut self, time: Duration) {
        self.model.now += time;
    }

    /// Bob has the same, carol lacks two frames.
    pub(super) fn verified(&mut self) {
        let standing = |author, same, holes| Standing {
            node: node(author),
            present: true,
            same,
            digest: Some(digest(if same { 1 } else { 2 })),
            holes,
        };
        let verified = Verified {
            digest: digest(1),
            holes: 0,
            members: vec![standing(2, true, 0), standing(3, false, 2)],
            wanted: vec![Dot::new(node(2), Number(7))],
            waived: vec![],
        };
        self.tell(Event::Verified(verified.into()));
    }

    /// Said having seen only its author's own.
    pub(super) fn says(
        &mut self,
        author: u8,
        number: u64,
        lamport: u64,
        text: &str,
    ) -> Option<Action> {
        self.said(author, number, lamport, text, &[])
    }

    pub(super) fn said(
        &mut self,
        author: u8,
        number: u64,
        lamport: u64,
        text: &str,
        seen: &[(u8, u64)],
    ) -> Option<Action> {
        self.tell(said(origin(author, number, lamport, seen), text))
    }

    /// Comes after what stands below it, through this member if any.
    pub(super) fn late(
        &mut self,
        author: u8,
        number: u64,
        lamport: u64,
        text: &str,
        via: Option<u8>,
    ) {
        let origin = origin(author, number, lamport, &[]);
        self.tell(said(Origin { late: true, via: via.map(node), ..origin }, text));
    }

    pub(super) fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.press(KeyCode::Char(c), KeyModifiers::NONE);
        }
    }

    pub(super) fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        self.model.input(Input::Key(KeyEvent::new(code, modifiers)))
    }

    /// Types a line in place of what is typed, and Enter.
    pub(super) fn line(&mut self, text: &str) -> Option<Action> {
        self.model.editor.clear();
        self.types(text);
        self.press(KeyCode::Enter, KeyModifiers::NONE)
    }

    /// What a terminal of this size shows, cell by cell.
    pub(super) fn cells(&mut self, columns: u16, rows: u16) -> Buffer {
        self.model.input(Input::Resize(columns, rows));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view::draw(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What a terminal of this size shows, row by row.
    pub(super) fn shown(&mut self, columns: u16, rows: u16) -> String {
        let buffer = self.cells(columns, rows);
        let row = |y| {
            let (mut row, mut x) = (String::new(), 0);
            while x < columns {
                let symbol = buffer[(x, y)].symbol();
                row.push_str(symbol);
                // The cell behind a wide grapheme is its second half.
                x += u16::try_from(super::wrap::width(symbol).max(1)).unwrap();
            }
            row.trim_end().to_owned() + "\n"
        };
        (0..rows).map(row).collect()
    }
}

fn ready(members: usize) -> Ready {
    Ready {
        room: RoomId([7; 16]),
        node: node(1),
        nick: "ann".into(),
        fingerprint: "zebra-zero-zone-abandon".into(),
        invite: "chat1-aaaa-bbbb-cccc-dddd-eeee-ffff-gggg-hhhh-jjjj".into(),
        server: "nats://127.0.0.1:4222".into(),
        sealed: false,
        history: true,
        members,
        topic: Some("lunch?".into()),
    }
}

/// A text, said at noon and as many minutes as its Lamport time says.
pub(super) fn said(origin: Origin, text: &str) -> Event {
    let sent_at = WallClock(NOON + origin.lamport.0 % 60 * 60_000);
    let (origin, text) = (origin.into(), text.into());
    Event::Message(Message { origin, index: 0, text, action: false, sent_at })
}

pub(super) fn origin(author: u8, number: u64, lamport: u64, seen: &[(u8, u64)]) -> Origin {
    let dot = Dot::new(node(author), Number(number));
    Origin {
        dot,
        nick: NAMES[usize::from(author)].into(),
        clock: clock(dot, seen).into(),
        lamport: Lamport(lamport),
        late: false,
        gap: vec![],
        backfill: false,
        via: None,
    }
}

fn digest(byte: u8) -> TranscriptDigest {
    TranscriptDigest([byte; 32])
}
