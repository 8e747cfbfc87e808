//! Events as text for people. Whatever peers sent is cleaned before it is shown.

use chat_node::{
    Change, ConnectionState, Event, Listener, ListenerKind, ListenersState, Member, Message, Ready,
};
use chat_protocol::{NodeId, limits, text};

/// `nick·tag: text`, further lines indented.
pub(super) fn message(message: &Message, colors: bool) -> String {
    let who = who(&message.origin.nick, message.node());
    let who = if colors { colored(&who, message.node()) } else { who };
    let said = text::lines(&message.text).replace('\n', "\n  ");
    let late = if message.origin.late { " (late)" } else { "" };
    if message.action { format!("* {who} {said}{late}") } else { format!("{who}: {said}{late}") }
}

/// What is told beside the messages.
pub(super) fn aside(event: &Event) -> Option<String> {
    match event {
        Event::Ready(ready) => Some(entered(ready)),
        Event::Message(_)
        | Event::CatchingUp { .. }
        | Event::Agreement { .. }
        | Event::Verified(_) => None,
        Event::Member(member) => Some(format!("-- {}", self::member(member))),
        Event::Gap { missing, .. } => {
            Some(format!("-- {} message(s) that the next one answers are missing", missing.len()))
        }
        Event::Listeners { state, found } => Some(listeners(*state, found)),
        Event::Connection { state: ConnectionState::Down } => {
            Some("-- cut off from the server; what you say is kept and sent when it is back".into())
        }
        Event::Connection { state: ConnectionState::Up } => Some("-- connected again".into()),
        Event::Error(notice) => Some(format!("error: {}", one_line(&notice.message))),
        Event::Warning(notice) => Some(format!("warning: {}", one_line(&notice.message))),
        Event::Closed(closed) => {
            Some(format!("-- closed, {} message(s), digest {}", closed.messages, closed.digest))
        }
    }
}

/// Never "none": what a server doesn't tell nobody knows.
pub(super) fn listeners(state: ListenersState, found: &[Listener]) -> String {
    let names = |kind| {
        let of_kind = found.iter().filter(move |listener| listener.kind == kind);
        of_kind.map(|listener| listener.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    match state {
        ListenersState::NoneSeen => "-- no listener seen".to_owned(),
        ListenersState::Unknown => {
            "-- whether anyone listens is unknown: `chat doctor` tells why".to_owned()
        }
        ListenersState::Seen => {
            let (streams, subscribers) =
                (names(ListenerKind::Stream), names(ListenerKind::Subscriber));
            let parts = [("recorded by", streams), ("heard by", subscribers)];
            let parts = parts.iter().filter(|(_, names)| !names.is_empty());
            let parts = parts.map(|(what, names)| format!("{what} {names}"));
            let told = parts.collect::<Vec<_>>().join(", ");
            format!("warning: no member, and yet: {}; `chat doctor` tells more", one_line(&told))
        }
    }
}

/// Who came, went or took another name.
pub(super) fn member(member: &Member) -> String {
    let who = who(&member.nick, member.node);
    match member.change {
        Change::Joined => format!("{who} is here"),
        Change::Left => format!("{who} has left"),
        Change::Unreachable => format!("{who} can't be reached"),
        Change::Back => format!("{who} is back"),
        Change::Gone => format!("{who} is gone"),
        Change::Expelled => format!("{who} is expelled: it signed two contents with one name"),
        Change::Renamed => {
            let was = member.was.as_ref().map(|was| self::who(was, member.node));
            format!("{} is now called {who}", was.unwrap_or_else(|| member.node.tag()))
        }
    }
}

fn entered(ready: &Ready) -> String {
    let topic = ready
        .topic
        .as_deref()
        .map(|topic| format!(" \"{}\"", text::one_line(topic, limits::TOPIC_CHARS)));
    let others = match ready.members {
        0 | 1 => "nobody else is here yet".to_owned(),
        2 => "one other is here".to_owned(),
        members => format!("{} others are here", members - 1),
    };
    let nick = text::one_line(&ready.nick, limits::NICK_CHARS);
    format!(
        "-- in the discussion{} as {}; {others}\n-- to join: chat join {}",
        topic.unwrap_or_default(),
        who(&nick, ready.node),
        ready.invite
    )
}

/// Nick and key tag: a nick alone decides nothing.
pub(super) fn who(nick: &str, node: NodeId) -> String {
    format!("{}·{}", text::one_line(nick, limits::NICK_CHARS), node.tag())
}

pub(super) fn one_line(message: &str) -> String {
    text::one_line(message, 400)
}

/// One of six colours that are readable on dark and light; a node has the same everywhere.
pub(crate) fn node_color(node: NodeId) -> u8 {
    31 + node.0[0] % 6
}

fn colored(who: &str, node: NodeId) -> String {
    let color = node_color(node);
    format!("\u{1b}[{color}m{who}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_node::{Origin, WallClock};
    use chat_protocol::{Dot, Lamport, Number, VectorClock};

    fn said(text: &str, nick: &str) -> String {
        let origin = Origin {
            dot: Dot::new(NodeId([0; 10]), Number(2)),
            nick: nick.into(),
            clock: VectorClock::new().into(),
            lamport: Lamport(1),
            late: false,
            gap: vec![],
            backfill: false,
            via: None,
        };
        let (origin, text, sent_at) = (origin.into(), text.into(), WallClock(0));
        message(&Message { origin, index: 0, text, action: false, sent_at }, false)
    }

    #[test]
    fn a_message_stands_behind_nick_and_tag_and_its_further_lines_are_indented() {
        assert_eq!(said("one\ntwo", "bob"), "bob·aaaa: one\n  two");
    }

    #[test]
    fn a_rename_tells_the_name_before() {
        let renamed = Member {
            change: Change::Renamed,
            node: NodeId([0; 10]),
            nick: "anna".into(),
            fingerprint: String::new(),
            was: Some("a\u{1b}nn".into()),
        };
        assert_eq!(member(&renamed), "a\u{fffd}nn·aaaa is now called anna·aaaa");
    }

    #[test]
    fn listeners_are_none_seen_unknown_or_named() {
        let spy = |kind, name: &str| Listener {
            kind,
            name: name.into(),
            server: None,
            connection: None,
            subject: None,
        };
        let found =
            [spy(ListenerKind::Stream, "SPY"), spy(ListenerKind::Subscriber, "nats-sub\u{1b}")];
        let told = listeners(ListenersState::Seen, &found);
        assert!(told.contains("recorded by SPY") && told.contains("heard by nats-sub"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told:?}");
        assert_eq!(listeners(ListenersState::NoneSeen, &[]), "-- no listener seen");
        assert!(listeners(ListenersState::Unknown, &[]).contains("unknown"));
    }

    #[test]
    fn nothing_a_peer_sends_reaches_the_terminal_raw() {
        let shown = said("\u{1b}]52;c;x\u{7}", "e\u{202e}vil\n");
        assert!(shown.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{shown:?}");
    }
}
