//! Who asks for company is put together with others who do.

use chat_tests::{Chat, Director, Server};
use std::time::Duration;

#[test]
fn two_strangers_meet_through_two_directors() {
    let server = Server::start();
    let _directors = [Director::start(&server.url()), Director::start(&server.url())];
    let mut nodes = [
        Chat::run(&server.url(), &["random", "--nick", "ann"]),
        Chat::run(&server.url(), &["random", "--nick", "bob"]),
    ];
    for node in &mut nodes {
        node.ready();
        node.say("anybody here?");
    }
    for (index, node) in nodes.iter().enumerate() {
        let other = ["bob", "ann"][index];
        node.wait_for_within(Duration::from_secs(30), other, |event| {
            event["event"] == "message" && event["nick"] == other
        });
    }
    for node in &mut nodes {
        assert_eq!(node.finish(), 0, "{}", node.stderr());
    }
}
