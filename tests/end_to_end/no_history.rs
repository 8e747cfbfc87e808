//! A room opened without history is like the phone: you hear from your joining on.

use chat_tests::{Chat, Director, Server, wait::PATIENCE};

#[test]
fn a_joiner_hears_nothing_of_before_and_everything_after() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut ann = Chat::run(&server.url(), &["start", "--no-history", "--nick", "ann"]);
    let invite = ann.ready()["invite"].as_str().unwrap().to_owned();
    assert_eq!(ann.ready()["history"], false);
    ann.say("before");
    ann.wait_for_text("before");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    assert_eq!(bob.ready()["history"], false);
    ann.wait_for("bob", |event| event["change"] == "joined" && event["nick"] == "bob");
    bob.wait_for("ann", |event| event["change"] == "joined" && event["nick"] == "ann");
    ann.say("after");
    bob.wait_for_text("after");
    bob.say("answer");
    ann.wait_for_text("answer");
    ann.wait_for_agreement(PATIENCE, 2);
    bob.wait_for_agreement(PATIENCE, 2);
    assert_eq!(bob.texts(), ["after", "answer"]);
    for chat in [&ann, &bob] {
        let told = |event: &&serde_json::Value| event["code"] == "trimmed";
        assert_eq!(chat.events_of("warning").iter().filter(told).count(), 1, "{}", chat.state());
    }
    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);
}
