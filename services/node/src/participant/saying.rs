//! Saying: batches, flow control, and leaving.

use super::Participant;
use crate::{Code, Event, Notice};
use chat_engine::{Entry, LinkState, Phase, Time};
use chat_protocol::{Dot, Envelope, Item, ItemKind, envelope::json_bytes, limits};
use chat_seal::{item_bytes, sealed_size};
use std::sync::Arc;

/// What a frame takes beside its items, at most: its clock, mostly.
const FRAME_OVERHEAD: usize = 4 << 10;

impl Participant {
    pub(super) fn queue(&mut self, kind: ItemKind, text: String) {
        let (size, most) = (text.len(), limits::TEXT_BYTES);
        if size > most {
            return self.too_long(&format!("{size} bytes, and a message has at most {most}"));
        }
        let item = Item { kind, text: text.into(), at: self.wall, terms: None };
        // As JSON, or, encrypted, as CBOR.
        let bytes = if self.seal.is_sealed() { item_bytes(&item) } else { json_bytes(&item) };
        self.outbox.push(item, bytes);
    }

    pub(super) fn say(&mut self, items: Vec<Item>, is_final: bool) {
        let draft = self.engine.draft(is_final);
        let Some((frame, hash)) = self.seal.close(draft, &items) else {
            // What was checked before fits, and there is an epoch.
            return self.too_long("more than a frame holds");
        };
        if self.link == LinkState::Up {
            self.congestion.said(frame.number, self.now, self.engine.member_count());
        }
        debug_assert!(self.spoken.is_none(), "nothing that is said has another said before it");
        self.spoken = Some((hash, items));
        self.engine.say(self.now, Entry::new(Arc::new(frame), hash));
        self.run_effects();
        self.spoken = None;
    }

    pub(super) fn send_outbox(&mut self) {
        if !self.outbox.is_empty() {
            self.congestion.arrived(self.engine.acknowledged_by_any(), self.now);
            self.congestion.look(self.now, self.engine.member_count());
        }
        while !self.outbox.is_empty() && self.may_say() && self.waits_until() <= self.now {
            let parts = self.congestion.speak(self.now, self.engine.member_count());
            let (is_sealed, most) = (self.seal.is_sealed(), self.max_payload);
            let sent = |bytes| if is_sealed { sealed_size(bytes) } else { bytes };
            match self.outbox.batch(parts, |bytes| sent(bytes) + FRAME_OVERHEAD <= most) {
                Ok(batch) => {
                    self.say(batch, false);
                    if !self.outbox.is_empty() {
                        self.engine.goes_on(self.now);
                    }
                }
                Err(size) => {
                    let most = most.saturating_sub(FRAME_OVERHEAD);
                    self.too_long(&format!("{size} bytes as sent, and this server takes {most}"));
                }
            }
        }
    }

    /// The server has brought something of this node's own: what was said before it is out.
    pub(super) fn came_back(&mut self, envelope: &Envelope) {
        let Envelope::Frame(frame) = envelope else { return };
        let own = self.engine.entry(Dot::new(frame.from, frame.number));
        // Anyone can put this node's id on something.
        if own.is_some_and(|own| own.frame.sig == frame.sig) {
            self.congestion.came_back(frame.number, self.now);
        }
    }

    fn may_say(&self) -> bool {
        self.introduction.is_none() && self.engine.may_say() && self.seal.may_speak()
    }

    /// Until when what was said waits: for more, unless it fills a frame, or for what is on its way
    /// already. Who leaves has no time for either.
    fn waits_until(&self) -> Time {
        if self.link != LinkState::Up || self.leaving.is_some() {
            return Time::ZERO;
        }
        let gathers = self.congestion.gathers_until(self.outbox.streams());
        let gathers = gathers.filter(|_| !self.outbox.fills_a_batch());
        let members = self.engine.member_count();
        gathers.max(self.congestion.waits_until(members)).unwrap_or(Time::ZERO)
    }

    /// When what waits is said as it is.
    pub(super) fn next_batch(&self) -> Option<Time> {
        (!self.outbox.is_empty() && self.may_say()).then(|| self.waits_until())
    }

    fn too_long(&mut self, why: &str) {
        let message = format!("not said: {why}; split it");
        self.event(Event::Error(Notice::new(Code::TooLong, message)));
    }

    /// Leaving, it is too late for what waits.
    fn tell_unsaid(&mut self) {
        if !self.outbox.is_empty() {
            self.event(Event::Error(Notice::new(Code::Rate, unsaid(self.outbox.len()))));
        }
    }

    /// Leaves once everything was said, and known to the others or the patience is over.
    pub(super) fn leave_if_due(&mut self) {
        let Some((_, until)) = self.leaving else { return };
        if self.said_final || matches!(self.engine.phase(), Phase::Gone) {
            return;
        }
        let settled = self.outbox.is_empty() && self.engine.is_stable();
        if !settled && self.now < until {
            return;
        }
        self.said_final = true;
        // A key that comes now is too late: what follows the last frame would convict.
        self.introduction = None;
        self.tell_unsaid();
        if matches!(self.engine.phase(), Phase::Live) {
            self.say(Vec::new(), true);
        } else {
            self.gone();
        }
    }
}

fn unsaid(count: usize) -> String {
    format!(
        "not said, the last {count} of what you wrote: that still waited for the others when you \
         were out"
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        Command, Reason,
        participant::{DRAIN, Output},
        room::{self, Opening, RoomAddress},
    };
    use chat_engine::Config;
    use chat_protocol::{Number, RoomId, director::Visibility, frame::Signature, subject};
    use chat_seal::{Identity, RoomKeys, Seal};

    const PAYLOAD: usize = 1 << 20;

    /// Alone in a public room.
    pub(in crate::participant) fn alone() -> Participant {
        enters(1, Opening::Found)
    }

    /// Who comes into that room, and has met nobody yet.
    fn joining() -> Participant {
        enters(2, Opening::Join { patience: Time::ZERO })
    }

    fn enters(seed: u8, opening: Opening) -> Participant {
        let room = RoomId([1; 16]);
        let seal = Seal::clear(RoomKeys::public(room), Identity::from_seed(room, &[seed; 32]));
        let (entry, server) = (terms(room, opening), "a server".into());
        Participant::new(seal, Config::default(), entry, server, PAYLOAD, Time::ZERO, 0)
    }

    /// Alone, and what it said as it came in is back.
    pub(in crate::participant) fn settled() -> Participant {
        let mut ann = alone();
        for payload in payloads(&mut ann) {
            ann.receive(Time::ZERO, 0, &payload, None);
        }
        ann
    }

    fn terms(room: RoomId, opening: Opening) -> room::Entry {
        room::Entry {
            address: RoomAddress::Public(room),
            opening,
            nick: "ann".into(),
            topic: None,
            history: Some(true),
            capacity: None,
            visibility: Visibility::Public,
            sealed: false,
        }
    }

    /// The texts of each frame that it publishes when it says these.
    fn batches(texts: &[String]) -> Vec<Vec<String>> {
        let mut ann = settled();
        for text in texts {
            ann.command(Time::ZERO, 0, Command::Say(text.clone()));
        }
        ann.flush();
        ann.timeout(limits::COALESCE, 0);
        published(&mut ann)
    }

    /// The texts of each frame that it publishes while all of them come back.
    fn published(ann: &mut Participant) -> Vec<Vec<String>> {
        let mut published = Vec::new();
        loop {
            let payloads = payloads(ann);
            if payloads.is_empty() {
                return published;
            }
            for payload in payloads {
                published.push(texts(&payload));
                ann.receive(ann.now, 0, &payload, None);
            }
        }
    }

    fn payloads(ann: &mut Participant) -> Vec<Vec<u8>> {
        let frame = |output| match output {
            Output::Publish { payload, .. } if is_frame(&payload) => Some(payload),
            _ => None,
        };
        std::iter::from_fn(|| ann.poll()).filter_map(frame).collect()
    }

    fn is_frame(payload: &[u8]) -> bool {
        matches!(Envelope::parse(payload), Ok(Envelope::Frame(_)))
    }

    fn texts(payload: &[u8]) -> Vec<String> {
        match Envelope::parse(payload) {
            Ok(Envelope::Frame(frame)) => {
                frame.items.iter().map(|it| it.text.to_string()).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_first_is_said_at_once_and_what_follows_once_that_is_out_or_late() {
        let mut ann = settled();
        let begun = Time::from_millis(100);
        let say = |ann: &mut Participant, text: &str| {
            ann.command(begun, 0, Command::Say(text.into()));
            ann.flush();
        };
        say(&mut ann, "one");
        let one = payloads(&mut ann);
        assert_eq!((texts(&one[0]), ann.next_batch()), (vec!["one".to_owned()], None));
        say(&mut ann, "two");
        say(&mut ann, "three");
        let due = begun + limits::COALESCE;
        assert_eq!((payloads(&mut ann).len(), ann.next_batch()), (0, Some(due)));
        ann.receive(begun, 0, &one[0], None);
        let two = payloads(&mut ann);
        assert_eq!(
            two.iter().map(|payload| texts(payload)).collect::<Vec<_>>(),
            [["two", "three"]]
        );
        say(&mut ann, "four");
        // An older one has nothing to say about that.
        ann.receive(begun, 0, &one[0], None);
        assert_eq!(payloads(&mut ann).len(), 0);
        ann.timeout(due, 0);
        assert_eq!(published(&mut ann), [["four"]]);
        assert_eq!(ann.next_batch(), None);
    }

    #[test]
    fn what_follows_half_a_frame_waits_although_that_is_back() {
        let mut ann = settled();
        let begun = Time::from_millis(100);
        let say = |ann: &mut Participant, now: Time, count: usize| {
            (0..count).for_each(|_| ann.command(now, 0, Command::Say("said".into())));
            ann.flush();
            payloads(ann)
        };
        let half = say(&mut ann, begun, limits::BATCH_ITEMS / 2);
        ann.receive(begun, 0, &half[0], None);
        assert!(say(&mut ann, begun, 1).is_empty());
        let due = begun + limits::COALESCE;
        assert_eq!(ann.next_batch(), Some(due));
        ann.timeout(due, 0);
        assert_eq!(published(&mut ann), [["said"]]);
        assert_eq!(say(&mut ann, due, 1).len(), 1, "that was less than half a frame");
    }

    #[test]
    fn who_has_more_to_say_does_not_beat_for_what_was_said_last() {
        let is_beat = |output: Output| match output {
            Output::Publish { payload, .. } => {
                matches!(Envelope::parse(&payload), Ok(Envelope::Beat(_)))
            }
            _ => false,
        };
        for (count, beats) in [(limits::BATCH_ITEMS, true), (limits::BATCH_ITEMS + 1, false)] {
            let (mut ann, _bob, _) = both();
            ann.timeout(limits::BEAT * 2, 0);
            std::iter::from_fn(|| ann.poll()).for_each(drop);
            let begun = ann.now;
            (0..count).for_each(|_| ann.command(begun, 0, Command::Say("said".into())));
            ann.flush();
            std::iter::from_fn(|| ann.poll()).for_each(drop);
            ann.timeout(begun + limits::TAIL_BEAT, 0);
            let beat = std::iter::from_fn(|| ann.poll()).any(is_beat);
            assert_eq!(beat, beats, "{count}");
        }
    }

    #[test]
    fn an_echo_that_this_node_has_not_signed_counts_for_nothing() {
        let mut ann = settled();
        let say = |ann: &mut Participant, text: &str| {
            ann.command(Time::ZERO, 0, Command::Say(text.into()));
            ann.flush();
            payloads(ann)
        };
        let one = say(&mut ann, "one");
        assert!(say(&mut ann, "two").is_empty());
        let Ok(Envelope::Frame(mut frame)) = Envelope::parse(&one[0]) else { panic!("a frame") };
        let forged = Arc::make_mut(&mut frame);
        forged.sig = Signature::ZERO;
        for number in [forged.number, Number(limits::COUNTER_MAX)] {
            Arc::make_mut(&mut frame).number = number;
            ann.receive(Time::ZERO, 0, &Envelope::Frame(frame.clone()).to_json(), None);
            assert!(payloads(&mut ann).is_empty(), "{number:?}");
        }
        ann.receive(Time::ZERO, 0, &one[0], None);
        assert_eq!(payloads(&mut ann).len(), 1);
    }

    #[test]
    fn who_leaves_before_it_was_live_closes_nothing() {
        for (mut who, closes) in [(joining(), 0), (alone(), 1)] {
            who.command(Time::ZERO, 0, Command::Leave(Reason::Left));
            who.flush();
            let closing = |output: &Output| match output {
                Output::Publish { subject, .. } => subject.starts_with(subject::LOBBY),
                _ => false,
            };
            assert_eq!(std::iter::from_fn(|| who.poll()).filter(closing).count(), closes);
        }
    }

    #[test]
    fn what_nobody_would_take_is_not_said() {
        let mut ann = settled();
        for bytes in [limits::TEXT_BYTES + 1, limits::TEXT_BYTES] {
            ann.command(Time::ZERO, 0, Command::Say("x".repeat(bytes)));
        }
        ann.flush();
        let mut told = Vec::new();
        let mut said = Vec::new();
        while let Some(output) = ann.poll() {
            match output {
                Output::Publish { payload, .. } if is_frame(&payload) => {
                    said.extend(texts(&payload));
                }
                Output::Events(events) => told.extend(events),
                _ => {}
            }
        }
        assert_eq!(said.iter().map(String::len).collect::<Vec<_>>(), [limits::TEXT_BYTES]);
        let is_told = |event: &Event| matches!(event, Event::Error(it) if it.code == Code::TooLong);
        assert!(told.iter().any(is_told), "{told:?}");
    }

    #[test]
    fn who_leaves_waits_for_no_more() {
        let mut ann = settled();
        for text in ["one", "two"] {
            ann.command(Time::ZERO, 0, Command::Say(text.into()));
            ann.flush();
        }
        ann.command(Time::ZERO, 0, Command::Leave(Reason::Left));
        ann.flush();
        assert_eq!(published(&mut ann)[..2], [["one"], ["two"]]);
    }

    #[test]
    fn what_is_said_at_once_goes_in_batches_of_so_many_items() {
        let count = 2 * limits::BATCH_ITEMS + 22;
        let said: Vec<_> = (0..count).map(|n| n.to_string()).collect();
        let batches = batches(&said);
        let sizes: Vec<_> = batches.iter().map(Vec::len).collect();
        assert_eq!(sizes, [limits::BATCH_ITEMS, limits::BATCH_ITEMS, 22]);
        assert_eq!(batches.concat(), said);
    }

    #[test]
    fn a_batch_has_so_many_bytes_unless_one_item_alone_is_larger() {
        let (short, long) = ("s".repeat(5000), "\u{1}".repeat(limits::TEXT_BYTES));
        let sizes = |texts: &[String]| batches(texts).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(&vec![short.clone(); 27]), [13, 13, 1]);
        assert_eq!(sizes(&[short.clone(), long, short]), [1, 1, 1]);
    }

    /// Hands what each publishes to the other until nothing more is said.
    fn talk(ann: &mut Participant, bob: &mut Participant, events: &mut Vec<Event>) {
        loop {
            let mut said = Vec::new();
            for (from, to) in [(0, 1), (1, 0)] {
                let who = if from == 0 { &mut *ann } else { &mut *bob };
                while let Some(output) = who.poll() {
                    match output {
                        Output::Publish { payload, .. } => {
                            said.extend([(from, payload.clone()), (to, payload)]);
                        }
                        Output::Request { payload, .. } => said.push((to, payload)),
                        Output::Events(told) if from == 0 => events.extend(told),
                        _ => {}
                    }
                }
            }
            if said.is_empty() {
                return;
            }
            for (to, payload) in said {
                let who = if to == 0 { &mut *ann } else { &mut *bob };
                who.receive(Time::ZERO, 0, &payload, Some("_INBOX.other"));
            }
        }
    }

    /// Ann and bob in a public room, and what ann was told so far.
    fn both() -> (Participant, Participant, Vec<Event>) {
        let (mut ann, mut bob, mut events) = (alone(), joining(), Vec::new());
        talk(&mut ann, &mut bob, &mut events);
        (ann, bob, events)
    }

    #[test]
    fn an_echo_that_is_lost_is_not_waited_for_once_another_shows_to_have_its_frame() {
        let (mut ann, mut bob, _) = both();
        let say = |who: &mut Participant, text: &str| {
            who.command(Time::ZERO, 0, Command::Say(text.into()));
            who.flush();
            payloads(who)
        };
        let one = say(&mut ann, "one");
        bob.receive(Time::ZERO, 0, &one[0], None);
        assert_eq!(say(&mut ann, "two").len(), 0);
        let answer = say(&mut bob, "hm");
        ann.receive(Time::ZERO, 0, &answer[0], None);
        assert_eq!(payloads(&mut ann).len(), 0);
        ann.timeout(limits::ON_ITS_WAY, 0);
        assert_eq!(payloads(&mut ann).iter().map(|it| texts(it)).collect::<Vec<_>>(), [["two"]]);
    }

    #[test]
    fn who_leaves_with_more_to_say_than_the_others_take_is_told_how_much() {
        let (mut ann, _bob, mut events) = both();
        let mut said = 0;
        while ann.engine.may_say() {
            ann.command(Time::ZERO, 0, Command::Say("said".into()));
            ann.flush();
            said += published(&mut ann).len();
        }
        assert_eq!(said as u64, limits::UNACKNOWLEDGED);
        (0..3).for_each(|_| ann.command(Time::ZERO, 0, Command::Say("not said".into())));
        ann.command(Time::ZERO, 0, Command::Leave(Reason::EndOfInput));
        ann.timeout(DRAIN, 0);
        while let Some(output) = ann.poll() {
            if let Output::Events(told) = output {
                events.extend(told);
            }
        }
        let errors = events.iter().filter_map(|event| match event {
            Event::Error(Notice { code: Code::Rate, message }) => Some(message.as_str()),
            _ => None,
        });
        assert!(errors.collect::<Vec<_>>()[..] == [unsaid(3)], "{events:#?}");
    }

    #[test]
    fn nothing_is_told_after_closed_even_where_the_other_leaves_in_the_same_breath() {
        let (mut ann, mut bob, mut events) = both();
        ann.command(Time::ZERO, 0, Command::Leave(Reason::Left));
        ann.flush();
        let last = std::iter::from_fn(|| ann.poll()).find_map(|output| match output {
            Output::Publish { payload, .. } => Some(payload),
            _ => None,
        });
        bob.receive(Time::ZERO, 0, &last.unwrap(), None);
        // Its last frame shows that it has ann's: with that ann is out, and bob has left.
        bob.command(Time::ZERO, 0, Command::Leave(Reason::Left));
        bob.flush();
        talk(&mut ann, &mut bob, &mut events);
        assert!(matches!(events.last(), Some(Event::Closed(_))), "{events:#?}");
    }

    #[test]
    fn so_much_waits_to_be_said_and_then_no_more_commands_are_taken() {
        let mut ann = settled();
        for n in 0..limits::OUTBOX_ITEMS {
            assert!(ann.takes_commands(), "{n}");
            ann.command(Time::ZERO, 0, Command::Say("said".into()));
        }
        assert!(!ann.takes_commands());
        ann.flush();
        assert!(ann.takes_commands());
    }
}
