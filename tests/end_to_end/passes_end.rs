//! A pass ends: it is renewed before, unnoticed, and where that couldn't be, afterwards.

use crate::director_service::on_runtime;
use chat_connect::{Connection, Credentials, Patience, Settings};
use chat_director::{DirectorClient, DirectorError};
use chat_protocol::{
    RoomId,
    director::{OpenRequest, Refusal},
    subject::RoomSubjects,
};
use chat_tests::{Keys, wait::PATIENCE};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

/// A guest's connection, and its way to directors.
pub(crate) async fn guest(keys: &Keys, url: &str) -> (Connection, DirectorClient) {
    let settings = Settings {
        servers: Some(vec![url.parse().expect("a URL")]),
        credentials: Credentials::Creds(keys.file("guest.creds").display().to_string()),
        timeout: PATIENCE,
        ..Settings::default()
    };
    let connection = chat_connect::connect(&settings, "test", Patience::FailFast).await;
    let connection = connection.expect("guests may connect");
    (connection.clone(), DirectorClient::new(connection))
}

/// Opens a room and is let in.
pub(crate) async fn opened(director: &DirectorClient) -> RoomId {
    let assignment = director.open(&OpenRequest::public()).await.expect("an assignment");
    director.let_in(&assignment).await.expect("a pass that the server accepts");
    assignment.room
}

/// Waits until it has heard this text.
async fn hears(heard: &mut chat_connect::Subscriber, text: &str) {
    let found = async { while heard.next().await.expect("it is heard on").payload != text {} };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{text} is heard"));
}

/// Speaks in a room, and is heard there.
async fn is_in(connection: &Connection, room: RoomId) {
    let subject = RoomSubjects::new(room).msg();
    let mut heard = connection.subscribe(subject.clone()).await.expect("it may hear");
    connection.client().publish(subject, "in".into()).await.expect("it may speak");
    hears(&mut heard, "in").await;
}

#[test]
fn a_pass_is_renewed_before_it_ends_and_nothing_is_missed() {
    let keys = Keys::make();
    let server = keys.server();
    let _director = keys.director(&server.url(), &["--pass-lifetime", "10"]);
    on_runtime(async {
        let (mut connection, director) = guest(&keys, &server.url()).await;
        let subject = RoomSubjects::new(opened(&director).await).msg();
        let mut heard = connection.subscribe(subject.clone()).await.unwrap();
        // Introduced, let in, and renewed twice, each after half of its time or more.
        for moves in 2..=4 {
            let moved = connection.link.wait_for(|link| link.moves >= moves);
            let link = timeout(PATIENCE, moved).await.expect("it is renewed").unwrap().clone();
            assert_eq!((link.losses, link.complaint), (0, None));
            let text = format!("over connection {moves}");
            connection.client().publish(subject.clone(), text.clone().into()).await.unwrap();
            hears(&mut heard, &text).await;
        }
    });
}

#[test]
fn a_pass_that_ended_without_a_director_is_explained_and_renewed_by_the_next_one() {
    let keys = Keys::make();
    let server = keys.server();
    let lifetime = ["--pass-lifetime", "10"];
    let first = keys.director(&server.url(), &lifetime);
    on_runtime(async {
        let (mut connection, director) = guest(&keys, &server.url()).await;
        let subject = RoomSubjects::new(opened(&director).await).msg();
        let mut heard = connection.subscribe(subject.clone()).await.unwrap();
        drop(first);
        let told = connection.link.wait_for(|link| {
            link.complaint.as_ref().is_some_and(|(_, text)| text.contains("no director renews it"))
        });
        let told = timeout(PATIENCE, told).await.expect("it is told").unwrap().complaint.clone();
        assert!(told.is_some_and(|(_, text)| text.contains("chat join")), "with the next step");
        let refused = connection.link.wait_for(|link| link.refused);
        drop(timeout(PATIENCE, refused).await.expect("the server lets go").unwrap());

        let _second = keys.director(&server.url(), &lifetime);
        let back = connection.link.wait_for(|link| link.up && !link.refused);
        drop(timeout(PATIENCE, back).await.expect("it gets back in").unwrap());
        connection.client().publish(subject, "back".into()).await.unwrap();
        hears(&mut heard, "back").await;
    });
}

#[test]
fn a_director_that_has_just_begun_renews_what_another_has_given() {
    let keys = Keys::make();
    let server = keys.server();
    let first = keys.director(&server.url(), &[]);
    on_runtime(async {
        let (connection, director) = guest(&keys, &server.url()).await;
        let room = opened(&director).await;
        drop(first);
        let _second = keys.director(&server.url(), &[]);
        // It has never heard of the room, and still gives a pass for both.
        let over = director.join(room).await;
        assert!(matches!(over, Err(DirectorError::Refused(Refusal::Over, _))), "{over:?}");
        let other = opened(&director).await;
        for room in [room, other] {
            is_in(&connection, room).await;
        }
    });
}

#[test]
fn a_connection_that_nobody_holds_any_more_is_not_kept_for_its_pass() {
    let keys = Keys::make();
    let server = keys.server();
    let _director = keys.director(&server.url(), &[]);
    on_runtime(async {
        let (connection, director) = guest(&keys, &server.url()).await;
        opened(&director).await;
        let mut link = connection.link.clone();
        drop((connection, director));
        let ended = async { while link.changed().await.is_ok() {} };
        timeout(PATIENCE, ended).await.expect("nobody waits until the pass is due");
    });
}

#[test]
fn a_connection_is_let_in_even_where_nobody_waits_for_it_any_more() {
    let keys = Keys::make();
    let server = keys.server();
    let _director = keys.director(&server.url(), &[]);
    on_runtime(async {
        let (mut connection, director) = guest(&keys, &server.url()).await;
        let assignment = director.open(&OpenRequest::public()).await.expect("an assignment");
        let before = connection.link.borrow().moves;
        assert_eq!(director.let_in(&assignment).now_or_never(), None, "it takes a while");
        let moved = connection.link.wait_for(|link| link.moves > before);
        drop(timeout(PATIENCE, moved).await.expect("it isn't moved by half").unwrap());
        is_in(&connection, assignment.room).await;
    });
}
