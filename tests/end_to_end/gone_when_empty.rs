//! When the last one leaves, nothing of the discussion can be reached any more.

use chat_tests::{Chat, Director, Server};
use std::time::{Duration, Instant};

#[test]
fn a_discussion_that_all_have_left_is_over_with_and_without_a_restarted_director() {
    let server = Server::start();
    let director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.say("gone soon");
    bob.wait_for_text("gone soon");
    assert_eq!(ann.finish(), 0);
    assert_eq!(bob.finish(), 0);
    expect_over(&server, &invite);
    drop(director);
    let _director = Director::start(&server.url());
    expect_over(&server, &invite);
}

#[test]
fn a_discussion_whose_last_member_was_killed_is_over_too() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    drop(ann); // killed: the director still remembers it
    expect_over(&server, &invite);
}

#[test]
fn without_director_and_members_it_says_so() {
    let server = Server::start();
    let director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    assert_eq!(ann.finish(), 0);
    drop(director);
    let mut late = Chat::run(&server.url(), &["join", &invite]);
    assert_eq!(late.wait(), 4, "{}", late.stderr());
    assert!(late.stderr().contains("director"), "{}", late.stderr());
}

fn expect_over(server: &Server, invite: &str) {
    let begun = Instant::now();
    let mut late = Chat::run(&server.url(), &["join", invite]);
    assert_eq!(late.wait(), 5, "{}", late.stderr());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(late.stderr().contains("over"), "{}", late.stderr());
    assert!(late.events().is_empty(), "{:?}", late.events());
}
