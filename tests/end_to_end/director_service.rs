//! The director as any NATS program sees it: a micro-service with four endpoints.

use async_nats::{Client, Message};
use chat_connect::{Connection, Patience, Settings};
use chat_director::DirectorClient;
use chat_tests::{Director, Server, Trio, wait::PATIENCE};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;

pub(crate) fn on_runtime(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(test);
}

pub(crate) async fn connect(url: &str) -> Connection {
    let servers = Some(vec![url.parse().expect("a URL")]);
    let settings = Settings { servers, timeout: PATIENCE, ..Settings::default() };
    chat_connect::connect(&settings, "test", Patience::FailFast).await.expect("a connection")
}

async fn ask(client: &Client, endpoint: &str, request: &str) -> Message {
    let subject = format!("chat.director.{endpoint}");
    client.request(subject, request.to_owned().into()).await.expect("an answer")
}

fn code(answer: &Message) -> Option<String> {
    let headers = answer.headers.as_ref()?;
    Some(headers.get("Nats-Service-Error-Code")?.to_string())
}

#[test]
fn it_opens_finds_and_lists_rooms() {
    let server = Server::start();
    let _directors = [Director::start(&server.url()), Director::start(&server.url())];
    on_runtime(async {
        let client = async_nats::connect(server.url()).await.unwrap();
        let open = json!({ "room": null, "visibility": "public", "topic": "t", "capacity": 2, "history": true, "sealed": false });
        let opened: Value =
            serde_json::from_slice(&ask(&client, "open", &open.to_string()).await.payload).unwrap();
        let room = opened["room"].as_str().unwrap().to_owned();
        assert_eq!(
            (room.len(), &opened["topic"], &opened["capacity"]),
            (26, &json!("t"), &json!(2))
        );
        // Whichever instance answers, it knows the room.
        for _ in 0..2 {
            let joined = ask(&client, "join", &json!({ "room": room }).to_string()).await;
            assert_eq!(code(&joined), None, "{joined:?}");
        }
        let announcement = json!({ "v": 1, "kind": "room", "room": room, "members": 2, "visibility": "public",
            "topic": "t", "capacity": 2, "history": true, "sealed": false, "closing": false });
        client
            .publish(format!("chat.lobby.{room}"), announcement.to_string().into())
            .await
            .unwrap();
        let full = ask(&client, "join", &json!({ "room": room }).to_string()).await;
        assert_eq!(code(&full).as_deref(), Some("403"));
        let listing: Value =
            serde_json::from_slice(&ask(&client, "list", "{}").await.payload).unwrap();
        assert_eq!(listing["rooms"][0]["room"], room.as_str());
        let nowhere = json!({ "room": "a".repeat(26) }).to_string();
        assert_eq!(code(&ask(&client, "join", &nowhere).await).as_deref(), Some("404"));
        let random: Value =
            serde_json::from_slice(&ask(&client, "random", "{}").await.payload).unwrap();
        assert_eq!(random["opened"], true, "the only room is full");
        let again = ask(&client, "random", "{}").await;
        let again: Value = serde_json::from_slice(&again.payload).unwrap();
        assert_eq!(again["room"], random["room"], "the next stranger is put there, too");
    });
}

#[test]
fn malformed_requests_are_refused_at_every_endpoint_and_nothing_falls() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    on_runtime(async {
        let client = async_nats::connect(server.url()).await.unwrap();
        for endpoint in ["open", "join", "random", "list"] {
            for request in ["nonsense", "[]", "7", "{\"room\":7,\"except\":7", "\u{0}"] {
                let answer = ask(&client, endpoint, request).await;
                assert_eq!(code(&answer).as_deref(), Some("400"), "{endpoint} {request}");
            }
            // No reply subject at all.
            client.publish(format!("chat.director.{endpoint}"), "{}".into()).await.unwrap();
        }
        client.publish("chat.lobby.nonsense", "nonsense".into()).await.unwrap();
        assert_eq!(code(&ask(&client, "list", "").await), None, "it still answers");
    });
}

#[test]
fn it_cannot_be_made_to_speak_in_a_room() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    on_runtime(async {
        let client = async_nats::connect(server.url()).await.unwrap();
        let victim = format!("chat.room.{}.msg", "a".repeat(26));
        let mut heard = client.subscribe(victim.clone()).await.unwrap();
        client.publish_with_reply("chat.director.list", victim, "{}".into()).await.unwrap();
        // Answered after the one above was looked at, on the same connection.
        ask(&client, "list", "{}").await;
        let silence = timeout(std::time::Duration::from_millis(200), heard.next()).await;
        assert!(silence.is_err(), "{silence:?}");
    });
}

#[test]
fn it_answers_as_a_micro_service_and_hands_over_when_it_stops() {
    let server = Server::start();
    let first = Director::start(&server.url());
    let _second = Director::start(&server.url());
    on_runtime(async {
        let client = async_nats::connect(server.url()).await.unwrap();
        let ping = client.request("$SRV.PING.chat-director", "".into()).await.unwrap();
        let ping: Value = serde_json::from_slice(&ping.payload).unwrap();
        assert_eq!((&ping["name"], ping["metadata"].is_object()), (&json!("chat-director"), true));
        let director = DirectorClient::new(connect(&server.url()).await);
        let asking = tokio::spawn(async move {
            for _ in 0..300 {
                director.list().await.expect("an answer, from the other instance if need be");
            }
        });
        tokio::task::spawn_blocking(move || first.stop()).await.unwrap();
        asking.await.unwrap();
    });
}

#[test]
fn a_lone_director_leaves_a_retiring_server_with_one_retry_at_most() {
    let mut trio = Trio::start();
    let _director = Director::start(&trio.0[0].url());
    let url = trio.0[1].url();
    on_runtime(async move {
        let client = async_nats::connect(url).await.unwrap();
        ask(&client, "list", "{}").await;
        trio.0[0].retire();
        let mut ended = tokio::task::spawn_blocking(move || {
            trio.0[0].wait_until_ended();
            trio
        });
        let mut asked = 0;
        let mut again = 0;
        // The other servers learn of the move a moment after: one request may meet nobody.
        let _trio = loop {
            if client.request("chat.director.list", "{}".into()).await.is_err() {
                again += 1;
                ask(&client, "list", "{}").await;
            }
            assert!(again <= 1, "{again} of {asked} requests needed a second try");
            asked += 1;
            if let Some(ended) = (&mut ended).now_or_never() {
                break ended.expect("the server ends");
            }
        };
        ask(&client, "list", "{}").await;
        println!("{asked} requests answered while the director's server retired");
    });
}
