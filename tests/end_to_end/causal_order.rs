//! No node shows a message before what it answers, none twice, all the same in the end.

use chat_tests::{Chat, Director, Server, causal, wait::PATIENCE};
use std::time::Duration;

#[test]
fn each_message_answers_the_one_before() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let bob = Chat::join(&server.url(), &invite, "bob");
    let cem = Chat::join(&server.url(), &invite, "cem");
    let mut nodes = [ann, bob, cem];
    for turn in 0..30 {
        if turn > 0 {
            nodes[turn % 3].wait_for_text(&format!("turn {}", turn - 1));
        }
        nodes[turn % 3].say(&format!("turn {turn}"));
    }
    for node in &nodes {
        node.wait_for_messages(PATIENCE, 30);
        node.wait_for_agreement(PATIENCE, 3);
    }
    let expected: Vec<_> = (0..30).map(|turn| format!("turn {turn}")).collect();
    let closed: Vec<_> = nodes.iter_mut().map(Chat::closed).collect();
    for (index, node) in nodes.iter().enumerate() {
        causal::check(&format!("node {index}"), &node.events());
        assert_eq!(node.texts(), expected, "node {index}");
    }
    causal::check_equal(&closed);
    assert_eq!(closed[0]["messages"], 30);
}

#[test]
fn what_is_said_at_once_is_shown_in_one_order() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let mut nodes = vec![ann];
    for nick in ["bob", "cem", "dan", "eve"] {
        nodes.push(Chat::join(&server.url(), &invite, nick));
    }
    for round in 0..40 {
        for (index, node) in nodes.iter_mut().enumerate() {
            node.say(&format!("{index} says {round}"));
        }
    }
    for node in &nodes {
        node.wait_for_messages(PATIENCE, 200);
    }
    Chat::wait_for_one_transcript(&nodes, Duration::from_secs(10));
    let closed: Vec<_> = nodes.iter_mut().map(Chat::closed).collect();
    for (index, node) in nodes.iter().enumerate() {
        causal::check(&format!("node {index}"), &node.events());
    }
    causal::check_equal(&closed);
}

#[test]
fn thousands_of_lines_through_a_pipe_arrive_once_and_in_order() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.wait_for("bob", |event| event["change"] == "joined");
    let lines: String = (0..5000).map(|n| format!("{{\"say\":\"line {n}\"}}\n")).collect();
    ann.send_bytes(lines.as_bytes());
    assert_eq!(ann.finish(), 0, "{}", ann.stderr());
    bob.wait_for_messages(PATIENCE, 5000);
    let expected: Vec<_> = (0..5000).map(|n| format!("line {n}")).collect();
    assert_eq!(bob.texts(), expected);
    assert_eq!(bob.closed()["messages"], 5000);
}
