//! A server that could keep what passes is named as such.

use chat_tests::{Chat, Director, Server};

#[test]
fn a_server_with_jetstream_is_warned_of() {
    let server = Server::with_jetstream();
    let _director = Director::start(&server.url());
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    let warning = ann.wait_for("a warning", |event| event["code"] == "jetstream");
    assert_eq!(warning["event"], "warning");
    assert_eq!(ann.finish(), 0);
}
