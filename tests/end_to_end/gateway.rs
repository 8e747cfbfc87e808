//! A process that is in many rooms at once, as a bot or a gateway is.

use chat_node::{Entry, Opening, Room};
use chat_protocol::Invite;
use chat_tests::Server;

const ROOMS: u32 = 1000;

#[tokio::test]
async fn a_thousand_rooms_fit_on_one_connection_to_the_server_as_deployed() {
    let server = Server::as_deployed();
    let gateway = server.connect().await;
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let mut secret = [0; 20];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        let invite = Invite { secret: secret.into(), clear: false, history: true };
        let entry = Entry::invited(&invite, Opening::Found, "gateway");
        let room = Room::enter(gateway.clone(), entry).await;
        rooms.push(room.unwrap_or_else(|error| panic!("room {number}: {error}")));
    }
}
