//! A discussion needs the director only to be found.

use chat_tests::{Chat, Director, Server, programs, wait::within};
use serde_json::Value;
use std::{process::Command, time::Duration};

#[test]
fn a_discussion_goes_on_without_a_director_and_is_found_again_after_its_restart() {
    let server = Server::start();
    let director = Director::start(&server.url());
    let mut ann = Chat::run(&server.url(), &["start", "--public", "open talk", "--nick", "ann"]);
    let room = ann.ready()["room"].as_str().unwrap().to_owned();
    assert_eq!(ann.ready()["invite"], room.as_str());
    drop(director);

    ann.say("still here");
    let bob = Chat::join(&server.url(), &room, "bob");
    bob.wait_for_text("still here");

    let mut start = Chat::run(&server.url(), &["start"]);
    assert_eq!(start.wait(), 4, "{}", start.stderr());
    assert!(start.stderr().contains("director"), "{}", start.stderr());

    let _director = Director::start(&server.url());
    let rooms = || {
        let rooms = list(&server.url());
        let listed = rooms.iter().find(|listed| listed["room"] == room.as_str())?.clone();
        (listed["members"] == 2).then_some(listed)
    };
    let listed = within(Duration::from_secs(6), "the room is listed", rooms, String::new);
    assert_eq!(listed["topic"], "open talk");
}

fn list(url: &str) -> Vec<Value> {
    let mut command = Command::new(programs::program("chat"));
    command.args(["rooms", "--json", "--server", url]);
    let output = programs::without_settings(&mut command).output().expect("chat runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listing: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    listing["rooms"].as_array().expect("a list").clone()
}

#[test]
fn who_joins_without_a_director_learns_the_rooms_terms_from_its_members() {
    let server = Server::start();
    let director = Director::start(&server.url());
    let arguments = ["start", "--public", "terms", "--no-history", "--capacity", "7"];
    let ann = Chat::run(&server.url(), &arguments);
    let room = ann.ready()["room"].as_str().unwrap().to_owned();
    drop(director);
    let bob = Chat::join(&server.url(), &room, "bob");
    assert_eq!(bob.ready()["history"], false);
    drop(ann);
    // Bob alone announces it now.
    let _director = Director::start(&server.url());
    let listed = || list(&server.url()).into_iter().find(|listed| listed["room"] == room.as_str());
    let listed = within(Duration::from_secs(20), "the room is listed", listed, String::new);
    assert_eq!((&listed["topic"], &listed["capacity"]), (&"terms".into(), &7.into()));
}

#[test]
fn a_full_room_refuses_and_says_so() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let ann = Chat::run(&server.url(), &["start", "--public", "--capacity", "1"]);
    let room = ann.ready()["room"].as_str().unwrap().to_owned();
    let listed = || list(&server.url()).into_iter().find(|listed| listed["room"] == room.as_str());
    within(Duration::from_secs(10), "the room is listed", listed, String::new);
    let mut bob = Chat::run(&server.url(), &["join", &room]);
    assert_eq!(bob.wait(), 6, "{}", bob.stderr());
    assert!(bob.stderr().contains("full"), "{}", bob.stderr());
}

#[test]
fn a_director_that_is_told_to_stop_ends_without_its_server_too() {
    let mut server = Server::start();
    let director = Director::start(&server.url());
    server.kill();
    director.stop();
}
