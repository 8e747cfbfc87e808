//! Who asks for company is put together with others who do.

use chat_protocol::{RoomId, subject::RoomSubjects};
use chat_tests::{Chat, Director, Server};
use futures_util::StreamExt;
use serde_json::{Value, json};
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

const DESERTED: RoomId = RoomId([0; 16]);

/// A director that opens a room for each who comes, and tells whoever looks for company first
/// of a room whose members were killed.
async fn direct(url: String) {
    let client = async_nats::connect(url).await.expect("a server");
    let mut asked = client.subscribe("chat.director.random").await.expect("a connection");
    let mut rooms = vec![(DESERTED.to_string(), 3)];
    while let Some(question) = asked.next().await {
        let request: Value = serde_json::from_slice(&question.payload).expect("JSON");
        let except = request["except"].as_array().expect("rooms");
        let fits = |(room, _): &&(String, u32)| !except.contains(&json!(room));
        let found = rooms.iter().find(fits).filter(|_| !except.is_empty()).cloned();
        let opened = found.is_none();
        let (room, members) = found.unwrap_or_else(|| {
            let room = (RoomId([u8::try_from(rooms.len()).expect("a few"); 16]).to_string(), 1);
            if except.is_empty() {
                rooms.push(room.clone());
            }
            room
        });
        let answer = json!({ "room": room, "members": members, "visibility": "public",
            "topic": null, "capacity": null, "history": true, "sealed": true, "opened": opened });
        let reply = question.reply.expect("an inbox");
        client.publish(reply, answer.to_string().into()).await.expect("a connection");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_are_alone_meet_although_a_deserted_room_is_named_first() {
    let server = Server::start();
    let director = tokio::spawn(direct(server.url()));
    let mut nodes = ["ann", "bob"].map(|nick| {
        let mut node = Chat::run(&server.url(), &["random", "--nick", nick]);
        node.ready();
        node.say("anybody here?");
        node
    });
    for (index, node) in nodes.iter().enumerate() {
        let other = ["bob", "ann"][index];
        node.wait_for_within(Duration::from_secs(30), other, |event| {
            event["change"] == "joined" && event["nick"] == other
        });
    }
    for node in &mut nodes {
        assert_eq!(node.finish(), 0, "{}", node.stderr());
    }
    director.abort();
}

/// What is asked of a room's members, who are none.
async fn questions(url: String, room: RoomId) -> async_nats::Subscriber {
    let client = async_nats::connect(url).await.expect("a server");
    let questions = client.subscribe(RoomSubjects::new(room).sync()).await.expect("a connection");
    client.flush().await.expect("a connection");
    questions
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_alone_speaks_and_leaves_while_a_room_is_tried_where_nobody_answers() {
    let server = Server::start();
    let director = tokio::spawn(direct(server.url()));
    let mut asked = questions(server.url(), DESERTED).await;
    let mut ann = Chat::run(&server.url(), &["random", "--nick", "ann"]);
    ann.ready();
    asked.next().await.expect("it is tried");
    ann.say("anybody here?");
    // It is tried for four.
    ann.wait_for_within(Duration::from_secs(3), "its own message", |event| {
        event["event"] == "message" && event["text"] == "anybody here?"
    });
    assert_eq!(ann.finish(), 0, "{}", ann.stderr());
    director.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nick_that_is_taken_while_another_room_is_entered_is_taken_there_too() {
    let server = Server::start();
    let director = tokio::spawn(direct(server.url()));
    let mut bob = Chat::run(&server.url(), &["random", "--nick", "bob"]);
    let room = bob.ready()["room"].as_str().expect("a room").parse().expect("an id");
    bob.process().signal("STOP");
    let mut asked = questions(server.url(), room).await;
    let mut ann = Chat::run(&server.url(), &["random", "--nick", "ann"]);
    ann.ready();
    asked.next().await.expect("bob's room is tried");
    ann.send(&json!({ "nick": "eve" }));
    ann.wait_for("eve", |event| event["change"] == "renamed" && event["nick"] == "eve");
    bob.process().signal("CONT");
    bob.wait_for_within(Duration::from_secs(30), "ann as eve", |event| {
        event["change"] == "renamed" && event["nick"] == "eve"
    });
    for node in [&mut ann, &mut bob] {
        assert_eq!(node.finish(), 0, "{}", node.stderr());
    }
    director.abort();
}
