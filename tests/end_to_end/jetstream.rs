//! A server that could keep what passes is named as such.

use chat_tests::{Chat, Director, Server, spying::Spy};
use std::time::Duration;

/// Nodes look every half a minute.
const LOOK: Duration = Duration::from_secs(45);

#[test]
fn a_server_with_jetstream_is_warned_of() {
    let server = Server::with_jetstream();
    let _director = Director::start(&server.url());
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    let warning = ann.wait_for("a warning", |event| event["code"] == "jetstream");
    assert_eq!(warning["event"], "warning");
    assert_eq!(ann.finish(), 0);
}

#[test]
fn jetstream_that_is_switched_on_during_a_discussion_is_warned_of_once() {
    let server = Server::configured("");
    let _director = Director::start(&server.url());
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    ann.wait_for("a look", |event| event["event"] == "listeners");
    assert_eq!(ann.find(|event| event["code"] == "jetstream"), None);
    server.reload("jetstream { store_dir: $FOLDER }");
    ann.wait_for_within(LOOK, "a warning", |event| event["code"] == "jetstream");
    assert_eq!(ann.finish(), 0);
    let warnings = ann.events();
    let warnings = warnings.iter().filter(|event| event["code"] == "jetstream");
    assert_eq!(warnings.count(), 1);
}

#[test]
fn a_stream_that_answers_in_the_directors_place_is_named() {
    let server = Server::with_jetstream();
    assert!(Spy::connect(&server.url(), "").record("SPY", "chat.>", false));
    let mut ann = Chat::run(&server.url(), &["start", "--nick", "ann"]);
    assert_eq!(ann.wait(), 6, "{}", ann.state());
    let told = ann.stderr();
    assert!(told.contains("stream SPY") && told.contains("next: "), "{told}");
    let mut doctor = Chat::run(&server.url(), &["doctor"]);
    assert_eq!(doctor.wait(), 2, "{}", doctor.state());
    let events = doctor.events();
    let checks = events[0]["checks"].as_array().unwrap();
    let director = checks.iter().find(|check| check["name"] == "director").unwrap();
    assert!(director["detail"].as_str().unwrap().contains("stream SPY"), "{director}");
}
