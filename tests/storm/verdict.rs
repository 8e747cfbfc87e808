//! What must hold after a storm, judged by nothing but what the nodes printed.

use crate::node::{Node, is_message};
use chat_tests::causal;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A full transcript, 10,000 frames, has at least so many messages: the others tell who came.
const FULL: usize = 9000;

/// Checks a node's output by itself; a node that was killed may end inside a line.
///
/// # Panics
/// With the node and what is wrong with it.
pub(crate) fn check(node: &Node) {
    let nick = &node.nick;
    let events = node.chat.events();
    causal::check(nick, &events);
    let mut texts = HashSet::new();
    for text in node.chat.texts() {
        assert!(!texts.contains(&text), "{nick} shows {text:?} twice");
        texts.insert(text);
    }
    let printed = events.split_last().map_or(&[][..], |(_, printed)| printed);
    let wrong = |event: &&Value| event["garbage"].is_string() || event["event"] == "error";
    assert_eq!(printed.iter().find(wrong), None, "{nick}");
    assert!(!node.chat.stderr().contains("panicked"), "{nick}: {}", node.chat.stderr());
}

/// Checks that whatever a living node said is shown by all that were in the room before it
/// was said, or is named in a gap.
///
/// # Panics
/// With what is missing, and where.
pub(crate) fn check_complete(living: &[&Node]) {
    let ids: HashMap<_, _> = living.iter().flat_map(|node| own_ids(node)).collect();
    for node in living {
        let shown: HashSet<_> = node.chat.texts().into_iter().collect();
        let missing = missing(node);
        let entered = node.entered.expect("the living are in the room");
        let due = living.iter().flat_map(|author| &author.said).filter(|said| said.at > entered);
        for said in due {
            let id = ids.get(&said.text);
            let named =
                id.and_then(|id| id.rsplit_once('.')).is_some_and(|(dot, _)| missing.contains(dot));
            let text = &said.text;
            assert!(shown.contains(text) || named, "{} doesn't show {text:?}, {id:?}", node.nick);
        }
    }
}

/// A node's own messages as it shows them: their ids by their texts.
fn own_ids(node: &Node) -> Vec<(String, String)> {
    let field = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let events = node.chat.events_of("message").into_iter();
    let own = events.filter(|event| event["nick"] == node.nick);
    own.map(|event| (field(&event, "text"), field(&event, "id"))).collect()
}

/// The frames that a node told it couldn't get.
fn missing(node: &Node) -> HashSet<String> {
    let gaps = node.chat.events_of("gap");
    let dots = gaps.iter().filter_map(|gap| gap["missing"].as_array()).flatten();
    dots.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Checks that those who hold everything closed with the same transcript; once transcripts are
/// full, that all did as far back as each holds it: there each last frame of those who close
/// before takes the place of an old one.
///
/// # Panics
/// With what differs.
pub(crate) fn check_transcripts(living: &[&Node]) {
    let closed: Vec<_> = living.iter().filter_map(|node| node.chat.last_of("closed")).collect();
    assert_eq!(closed.len(), living.len(), "all have closed");
    let order = |closed: &Value| closed["order"].as_array().cloned().unwrap_or_default();
    let longest = closed.iter().map(order).max_by_key(Vec::len).unwrap_or_default();
    let mut whole = Vec::new();
    for (node, closed) in living.iter().zip(closed) {
        let (nick, order, shown) = (&node.nick, order(&closed), node.chat.count(is_message));
        assert_eq!(closed["messages"], order.len(), "{nick}");
        if longest.len() >= FULL {
            assert!((FULL..=shown).contains(&order.len()), "{nick} holds {}", order.len());
            assert!(longest.ends_with(&order), "{nick} closed with another transcript: {order:?}");
        } else if !node.has_trimmed() {
            assert_eq!(order.len(), shown, "{nick} holds what it doesn't show");
            whole.push(closed);
        }
    }
    causal::check_equal(&whole);
}
