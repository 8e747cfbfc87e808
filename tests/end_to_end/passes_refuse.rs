//! What a server that wants passes refuses, to whom, and by which rule.

use crate::{
    director_service::on_runtime,
    passes_end::{guest, opened},
};
use async_nats::{ConnectErrorKind, ConnectOptions, HeaderMap};
use chat_connect::{Connection, Link};
use chat_director::DirectorClient;
use chat_protocol::{RoomId, subject::RoomSubjects};
use chat_tests::{Keys, Server, identity, wait::PATIENCE};
use futures_util::StreamExt;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tokio::time::timeout;

/// Something that a client may try.
pub(crate) enum Try {
    Hear(&'static str),
    /// As one of a queue group, so that others there hear less.
    Take(&'static str, &'static str),
    Say(&'static str),
    /// A question where a message would go: it names who listens.
    Trace(&'static str),
}
use Try::{Hear, Say, Take, Trace};

/// ROOM is one that the client wasn't assigned, WITNESS the key of somebody in it.
pub(crate) const TRIES: &[Try] = &[
    Hear("chat.room.ROOM.msg"),
    Hear("chat.room.ROOM.beat"),
    Hear("chat.room.ROOM.key"),
    Hear("chat.room.ROOM.*"),
    Hear("chat.room.ROOM.node.*"),
    Hear("chat.room.*.msg"),
    Hear("chat.room.*.*"),
    Hear("chat.room.>"),
    Hear("chat.>"),
    Hear("*.room.ROOM.msg"),
    Hear(">"),
    Hear("chat.lobby.ROOM"),
    Hear("chat.lobby.*"),
    Hear("chat.director.join"),
    Hear("_INBOX.>"),
    Hear("_INBOX.*.*"),
    Hear("_INBOX.WITNESS.>"),
    Hear("_INBOX.director.>"),
    Hear("$SRV.>"),
    Hear("$SYS.>"),
    Take("chat.room.ROOM.sync", "members"),
    Take("chat.director.*", "director"),
    Take("chat.director.join", "director"),
    Say("chat.room.ROOM.msg"),
    Say("chat.room.ROOM.beat"),
    Say("chat.room.ROOM.key"),
    Say("chat.room.ROOM.sync"),
    Say("chat.room.ROOM.node.abc"),
    Say("chat.lobby.ROOM"),
    Say("$SRV.PING"),
    Say("$SYS.REQ.ACCOUNT.PING.CONNZ"),
    Say("$JS.API.INFO"),
    Trace("chat.room.ROOM.msg"),
];

/// And what only those may not who have no pass at all.
const TRIES_OF_GUESTS: &[Try] = &[
    Hear("_INBOX.abc.>"),
    Say("chat.director.join"),
    Say("chat.director.list"),
    Say("_INBOX.WITNESS.abc"),
];

/// Does it; the rule that the server must name.
async fn attempt(connection: &Connection, which: &Try, room: RoomId, witness: &str) -> String {
    let client = connection.client();
    let (Hear(subject) | Take(subject, _) | Say(subject) | Trace(subject)) = which;
    let subject = subject.replace("ROOM", &room.to_string()).replace("WITNESS", witness);
    match which {
        Hear(_) => drop(client.subscribe(subject.clone()).await.expect("the connection is open")),
        Take(_, group) => {
            drop(
                client
                    .queue_subscribe(subject.clone(), (*group).to_owned())
                    .await
                    .expect("the connection is open"),
            );
            return format!("Subscription to \"{subject}\" using queue \"{group}\"");
        }
        Say(_) => {
            client.publish(subject.clone(), "{}".into()).await.expect("the connection is open");
        }
        Trace(_) => {
            let inbox = client.new_inbox();
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Trace-Dest", inbox.as_str());
            headers.insert("Nats-Trace-Only", "true");
            client
                .publish_with_headers(subject.clone(), headers, "".into())
                .await
                .expect("the connection is open");
            // A server looks first whether the answer may go where it should.
            if inbox.starts_with("_INBOX.guest.") {
                return format!("Publish to \"{inbox}\"");
            }
        }
    }
    let verb = if matches!(which, Hear(_)) { "Subscription" } else { "Publish" };
    format!("{verb} to \"{subject}\"")
}

/// Each try is refused, by the rule for just that.
pub(crate) async fn all_refused(
    connection: &mut Connection,
    tries: &[Try],
    room: RoomId,
    witness: &str,
) {
    for which in tries {
        let before = connection.link.borrow_and_update().complaints();
        let rule = attempt(connection, which, room, witness).await;
        let expected = format!("Permissions Violation for {rule}").to_lowercase();
        let refused = |link: &Link| {
            link.complaint_since(before).is_some_and(|text| text.to_lowercase().contains(&expected))
        };
        let refused = timeout(PATIENCE, connection.link.wait_for(refused)).await;
        drop(
            refused
                .unwrap_or_else(|_| panic!("it is refused: {rule}"))
                .expect("the connection is open"),
        );
    }
}

/// The public key in its inboxes.
pub(crate) fn user(connection: &Connection) -> String {
    connection.client().new_inbox().split('.').nth(1).expect("an inbox of its own").to_owned()
}

/// Somebody in a room, and somebody in another.
struct Scene {
    keys: Keys,
    server: Server,
    room: RoomId,
    witness: Connection,
    intruder: Connection,
    /// The intruder's own room.
    other: RoomId,
    // They keep the passes.
    _directors: [DirectorClient; 2],
}

async fn scene() -> (chat_tests::Director, Scene) {
    let keys = Keys::make();
    let server = keys.server();
    let process = keys.director(&server.url(), &[]);
    let (witness, first) = guest(&keys, &server.url()).await;
    let room = opened(&first).await;
    let (intruder, second) = guest(&keys, &server.url()).await;
    let other = opened(&second).await;
    let _directors = [first, second];
    (process, Scene { keys, server, room, witness, intruder, other, _directors })
}

/// It comes back: what was done before was allowed, and is done.
async fn echoes(connection: &Connection, room: RoomId) {
    let subject = RoomSubjects::new(room).msg();
    let mut heard = connection.subscribe(subject.clone()).await.expect("the connection is open");
    connection.client().publish(subject, "echo".into()).await.expect("the connection is open");
    timeout(PATIENCE, heard.next()).await.expect("the room is open to those in it");
}

#[test]
fn who_was_not_assigned_a_room_can_neither_hear_nor_speak_there() {
    on_runtime(async {
        let (_director, mut scene) = scene().await;
        let witness = user(&scene.witness);
        // Nothing below is refused for another reason: the same is allowed in the own room.
        echoes(&scene.intruder, scene.other).await;
        echoes(&scene.witness, scene.room).await;
        assert_eq!(scene.intruder.link.borrow().complaints(), 0);
        all_refused(&mut scene.intruder, TRIES, scene.room, &witness).await;
        all_refused(&mut scene.intruder, &[Hear("_INBOX.guest.>")], scene.room, &witness).await;
        echoes(&scene.intruder, scene.other).await;

        let mut guest = guest(&scene.keys, &scene.server.url()).await.0;
        all_refused(&mut guest, TRIES, scene.room, &witness).await;
        all_refused(&mut guest, TRIES_OF_GUESTS, scene.room, &witness).await;
    });
}

#[test]
fn a_reply_subject_makes_nobody_speak_where_the_asker_may_not() {
    on_runtime(async {
        let (_director, mut scene) = scene().await;
        let (client, room) = (scene.intruder.client(), RoomSubjects::new(scene.room));
        let mut heard = scene.witness.subscribe(room.msg()).await.unwrap();
        let mut inbox = scene.witness.subscribe(scene.witness.client().new_inbox()).await.unwrap();
        let ask = |reply: String, request: Value| {
            let client = client.clone();
            async move {
                let request = request.to_string().into();
                client.publish_with_reply("chat.director.join", reply, request).await.unwrap();
            }
        };
        // A director doesn't answer into a room.
        ask(room.msg(), json!({ "room": scene.other })).await;
        // What it answers to somebody else's inbox is no pass: 400.
        let (own, witness) = (user(&scene.intruder), user(&scene.witness));
        let victims = scene.witness.client().new_inbox();
        let mut at_victim = scene.witness.subscribe(victims.clone()).await.unwrap();
        echoes(&scene.witness, scene.room).await;
        ask(victims, json!({ "room": scene.room, "user": own })).await;
        let answer = timeout(PATIENCE, at_victim.next()).await.unwrap().unwrap();
        assert_eq!(code(&answer), Some("400"));
        assert!(answer.payload.is_empty());
        // Nor is one given for somebody else, who would be told where he isn't.
        let request = json!({ "room": scene.room, "user": witness }).to_string();
        let answer = client.request("chat.director.join", request.into()).await.unwrap();
        assert_eq!(code(&answer), Some("400"));
        // A message to oneself that names the room as reply subject gives no right to reply.
        let inbox_of_own = client.new_inbox();
        let mut to_self = client.subscribe(inbox_of_own.clone()).await.unwrap();
        client.publish_with_reply(inbox_of_own, room.msg(), "".into()).await.unwrap();
        to_self.next().await.unwrap();
        all_refused(&mut scene.intruder, &[Say("chat.room.ROOM.msg")], scene.room, "").await;

        // The room heard its own echo only, and the witness's inbox nothing.
        echoes(&scene.witness, scene.room).await;
        for _ in 0..2 {
            let message = timeout(PATIENCE, heard.next()).await.unwrap().unwrap();
            assert_eq!(message.payload, "echo");
        }
        let silence = timeout(std::time::Duration::from_millis(1), inbox.next()).await;
        assert!(silence.is_err(), "{silence:?}");
    });
}

fn code(answer: &async_nats::Message) -> Option<&str> {
    Some(answer.headers.as_ref()?.get("Nats-Service-Error-Code")?.as_str())
}

/// How the server takes somebody with this JWT.
async fn comes(
    server: &Server,
    user: &KeyPair,
    jwt: String,
) -> Result<async_nats::Client, ConnectErrorKind> {
    let user = std::sync::Arc::new(user.clone());
    let signs = move |nonce: Vec<u8>| {
        let user = user.clone();
        async move { user.sign(&nonce).map_err(async_nats::AuthError::new) }
    };
    let options = ConnectOptions::with_jwt(jwt, signs);
    options.connect(server.url()).await.map_err(|error| error.kind())
}

#[test]
fn what_a_director_has_not_signed_for_now_and_for_this_key_is_no_pass() {
    on_runtime(async {
        let (_director, scene) = scene().await;
        let (user, other) = (KeyPair::new_user(), KeyPair::new_user());
        let (signer, stranger) = (scene.keys.pass_key(), KeyPair::new_account());
        let rooms = [scene.room.to_string()];
        let claims = |ends_in| scene.keys.claims(&rooms, ends_in);
        let good = identity::jwt(&signer, &user, claims(60));
        comes(&scene.server, &user, good.clone()).await.expect("a pass as directors make it");

        let (body, signature) = good.rsplit_once('.').unwrap();
        let elsewhere = scene.keys.claims(&[scene.other.to_string()], 60);
        let elsewhere = identity::jwt(&signer, &user, elsewhere);
        let mut with_rights = claims(60);
        with_rights["nats"]["sub"] = json!({ "allow": [">"] });
        let refused = [
            ("expired", identity::jwt(&signer, &user, claims(-1))),
            ("by a stranger's key", identity::jwt(&stranger, &user, claims(60))),
            ("by the user itself", identity::jwt(&user, &user, claims(60))),
            ("with rights of its own", identity::jwt(&signer, &user, with_rights)),
            ("for another key", identity::jwt(&signer, &other, claims(60))),
            (
                "another pass's signature",
                format!("{}.{signature}", elsewhere.rsplit_once('.').unwrap().0),
            ),
            ("without a signature", format!("{body}.")),
            ("a stranger's operator", {
                let keys = Keys::make();
                identity::jwt(&keys.pass_key(), &user, keys.claims(&rooms, 60))
            }),
        ];
        for (what, jwt) in refused {
            let came = comes(&scene.server, &user, jwt).await.err();
            assert_eq!(came, Some(ConnectErrorKind::AuthorizationViolation), "{what}");
        }
    });
}

#[test]
fn a_stolen_pass_key_opens_rooms_and_nothing_else() {
    on_runtime(async {
        let (_director, scene) = scene().await;
        let user = KeyPair::new_user();
        let all_rooms = scene.keys.claims(&["*".to_owned(), ">".to_owned()], 60);
        let all_rooms = identity::jwt(&scene.keys.pass_key(), &user, all_rooms);
        let thief = comes(&scene.server, &user, all_rooms).await.unwrap();
        let mut heard = thief.subscribe("chat.room.*.msg").await.unwrap();
        let mine = format!("_INBOX.{}.echo", user.public_key());
        let mut echo = thief.subscribe(mine.clone()).await.unwrap();
        thief.publish(mine.clone(), "".into()).await.unwrap();
        timeout(PATIENCE, echo.next()).await.expect("its own inbox is its own").unwrap();
        let witness = scene.witness.client();
        witness.publish(RoomSubjects::new(scene.room).msg(), "sealed".into()).await.unwrap();
        let message = timeout(PATIENCE, heard.next()).await.unwrap().unwrap();
        assert_eq!(message.payload, "sealed", "as the guide says");

        // Beyond the template nothing: no message comes, though the witness's own does.
        let mut beyond = Vec::new();
        for subject in [">", "chat.>", "_INBOX.>", "chat.director.*", "chat.lobby.>", "$SYS.>"] {
            beyond.push(thief.subscribe(subject).await.unwrap());
        }
        let inbox = witness.new_inbox();
        let mut own = witness.subscribe(inbox.clone()).await.unwrap();
        echoes(&scene.witness, scene.room).await;
        witness.publish(inbox, "private".into()).await.unwrap();
        own.next().await.unwrap();
        // Its echo comes back over the thief's connection after all that.
        thief.publish(mine, "".into()).await.unwrap();
        timeout(PATIENCE, echo.next()).await.unwrap().unwrap();
        for heard in &mut beyond {
            let nothing = futures_util::FutureExt::now_or_never(heard.next());
            assert!(nothing.is_none(), "{nothing:?}");
        }
    });
}
