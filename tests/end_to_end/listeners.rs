//! A room tells its members whether anyone else listens.

use chat_tests::wait::{PATIENCE, within};
use chat_tests::{
    Chat, Director, Server,
    spying::{Cluster, OldServer, Spy},
};
use std::time::Duration;

fn state(state: &'static str) -> impl Fn(&serde_json::Value) -> bool {
    move |event| event["event"] == "listeners" && event["state"] == state
}

#[test]
fn a_room_of_members_sees_no_listener_and_tells_so_first() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let first = ann.wait_for("none seen", state("none_seen"));
    assert_eq!(first["found"], serde_json::json!([]));
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    bob.wait_for("none seen", |event| event["event"] == "listeners");
    assert_eq!(bob.events_of("listeners").len(), 1);
    assert_eq!(bob.last_of("listeners").unwrap()["state"], "none_seen", "{}", bob.state());
    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);
}

#[test]
fn who_listens_is_told_anew_after_the_server_was_away() {
    let mut server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    ann.wait_for("none seen", state("none_seen"));
    server.restart();
    let again = || (ann.events_of("listeners").len() == 2).then_some(());
    within(PATIENCE, "a second look", again, || ann.state());
    assert_eq!(ann.last_of("listeners").unwrap()["state"], "none_seen", "{}", ann.state());
    assert_eq!(ann.finish(), 0);
}

#[test]
fn a_watcher_is_seen_within_a_minute_and_so_is_its_end() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    ann.wait_for("none seen", state("none_seen"));
    let mut watch = Chat::run(&server.url(), &["watch"]);
    let seen = ann.wait_for("seen", state("seen"));
    assert_eq!(seen["found"][0]["kind"], "subscriber");
    assert!(seen["found"][0]["subject"].as_str().unwrap().ends_with(".*.msg"), "{seen}");
    watch.process().signal("INT");
    assert_eq!(watch.wait(), 0);
    let again = || (ann.events_of("listeners").len() == 3).then_some(());
    within(Duration::from_secs(60), "none seen again", again, || ann.state());
    assert_eq!(ann.last_of("listeners").unwrap()["state"], "none_seen");
    assert_eq!(ann.finish(), 0);
}

#[test]
fn a_member_at_another_server_of_the_cluster_is_no_listener() {
    let cluster = Cluster::start();
    let _director = Director::start(&cluster.front.url());
    let (mut ann, invite) = Chat::open(&cluster.front.url(), "ann");
    // The servers may not have found each other yet: nobody is there then.
    let joined = || {
        let bob = Chat::run(&cluster.behind.url(), &["join", &invite, "--nick", "bob"]);
        let came = || {
            let ready = bob.find(|event| event["event"] == "ready").map(|_| true);
            ready.or_else(|| bob.stderr().contains("error:").then_some(false))
        };
        let came = within(PATIENCE, "bob", came, || bob.state());
        came.then_some(bob)
    };
    let mut bob = within(PATIENCE, "both meet", joined, String::new);
    let first = bob.wait_for("a look", |event| event["event"] == "listeners");
    assert_eq!(first["state"], "none_seen", "{first}");
    bob.wait_for_agreement(PATIENCE, 2);
    let verdict = bob.last_of("listeners").unwrap();
    assert_eq!(verdict["state"], "none_seen", "{verdict}");
    assert_eq!((bob.finish(), ann.finish()), (0, 0));
}

#[test]
fn a_recorder_is_named_right_after_entering() {
    let server = Server::with_jetstream();
    let _director = Director::start(&server.url());
    assert!(Spy::connect(&server.url(), "").record("SPY", "chat.>", true));
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    let seen = ann.wait_for("a recorder", state("seen"));
    assert_eq!(seen["found"], serde_json::json!([{ "kind": "stream", "name": "SPY" }]));
    assert_eq!(ann.finish(), 0);
}

#[test]
fn at_an_older_server_it_is_unknown() {
    let server = OldServer::start();
    let _director = Director::start(&server.real_url());
    let (mut ann, _) = Chat::open(&server.url(), "ann");
    ann.wait_for("unknown", state("unknown"));
    assert!(!server.was_asked_for_a_trace());
    assert_eq!(ann.finish(), 0);
}
