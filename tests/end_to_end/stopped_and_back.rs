//! Nodes that were stopped, as by a machine that sleeps, believe in each other when they go on.

use chat_tests::{Chat, Director, Server, wait::PATIENCE};
use std::time::Duration;

/// Longer than a silence after which a member that runs is unreachable.
const STOPPED: Duration = Duration::from_secs(9);

#[test]
fn nobody_is_unreachable_because_all_were_stopped_at_once() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let bob = Chat::join(&server.url(), &invite, "bob");
    let mut nodes = [ann, bob];
    nodes.iter().for_each(|node| node.wait_for_agreement(PATIENCE, 2));
    nodes.iter_mut().for_each(|node| node.process().signal("STOP"));
    std::thread::sleep(STOPPED);
    nodes.iter_mut().for_each(|node| node.process().signal("CONT"));
    nodes[0].say("good morning");
    nodes[1].wait_for_text("good morning");
    for node in &nodes {
        node.wait_for_agreement(PATIENCE, 2);
        let suspected = node.find(|event| event["change"] == "unreachable");
        assert_eq!(suspected, None, "nobody was silent while the other listened");
    }
}
