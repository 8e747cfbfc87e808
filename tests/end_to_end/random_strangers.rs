//! Who asks for company is put together with others who do.

use chat_protocol::RoomId;
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

/// A director that opens a room for each who comes, and tells whoever looks for company first
/// of a room whose members were killed.
async fn direct(url: String) {
    let client = async_nats::connect(url).await.expect("a server");
    let mut asked = client.subscribe("chat.director.random").await.expect("a connection");
    let deserted = RoomId([0; 16]).to_string();
    let mut rooms = vec![(deserted, 3)];
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
