//! The server's memory is not the discussion's.

use chat_tests::{Chat, Director, Server, causal, wait::PATIENCE};

#[test]
fn a_restarted_server_costs_nothing_that_was_said() {
    let mut server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.say("before");
    bob.wait_for_text("before");
    server.kill();
    for node in [&ann, &bob] {
        node.wait_for("down", |event| event["event"] == "connection" && event["state"] == "down");
    }
    ann.say("ann alone");
    bob.say("bob alone");
    ann.wait_for_text("ann alone");
    server.restart();
    ann.wait_for_text("bob alone");
    bob.wait_for_text("ann alone");
    for node in [&ann, &bob] {
        node.wait_for_agreement(PATIENCE, 2);
        causal::check("a node", &node.events());
    }
    causal::check_equal(&[ann.closed(), bob.closed()]);
}
