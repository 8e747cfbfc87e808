//! A connection that is lost while a node enters a room takes with it what was on its way.

use chat_protocol::subject::DIRECTOR;
use chat_tests::{
    Chat, Director, Proxy, Server,
    proxy::{Direction, Fault},
};
use futures_util::StreamExt;
use std::time::Duration;

/// Long enough for a node to say all that it says before it waits for an answer.
const HELD: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_joiner_whose_connection_is_lost_enters_over_the_next_one() {
    let server = Server::start();
    let director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    director.stop();
    // What a joiner asks the director is the moment just before it subscribes.
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut asked = client.subscribe(format!("{DIRECTOR}.join")).await.unwrap();
    client.flush().await.unwrap();

    let link = Proxy::to(server.port());
    let bob = Chat::run(&link.url(), &["join", &invite, "--nick", "bob"]);
    let reply = asked.next().await.unwrap().reply.unwrap();
    link.inject(Fault::FreezeOneWay(Direction::ToServer));
    client.publish(reply, "garbled".into()).await.unwrap();
    client.flush().await.unwrap();
    tokio::time::sleep(HELD).await;
    link.inject(Fault::Cut);
    link.heal();

    bob.ready();
    ann.wait_for("bob", |event| event["change"] == "joined" && event["nick"] == "bob");
}
