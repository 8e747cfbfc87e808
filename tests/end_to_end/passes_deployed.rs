//! Passes where there are several servers, and where the way to them is encrypted.

use crate::{
    cluster::equal_in_the_end,
    director_service::on_runtime,
    passes::{chat, open, refused},
    passes_end::{guest, opened},
    passes_refuse::{TRIES, all_refused, user},
};
use chat_tests::{Authority, Chat, Keys, Server, Trio, wait::PATIENCE};

fn equal_and_never_refused(nodes: &mut [Chat], messages: usize) {
    equal_in_the_end(nodes, messages);
    for node in nodes {
        assert_eq!(node.find(refused), None, "nothing that members do is refused");
    }
}

#[test]
fn a_pass_lets_its_holder_in_at_each_server_of_a_cluster() {
    let keys = Keys::make();
    let mut trio = Trio::configured(&keys.configuration());
    // Given by a director at one server, known to the other two by its signature alone.
    let director = keys.director(&trio.0[2].url(), &[]);
    let (ann, invite) = open(&keys, &trio.0[0], "ann");
    let join = |at: usize, nick| chat(&keys, &trio.0[at], &["join", &invite, "--nick", nick]);
    let mut nodes = [ann, join(1, "bob"), join(2, "cem")];
    for node in &nodes {
        node.wait_for_agreement(PATIENCE, 3);
    }
    nodes[0].say("at three servers");
    for node in &nodes[1..] {
        node.wait_for_text("at three servers");
    }
    drop(director);
    trio.0[0].kill();
    nodes[0].wait_for("up", |event| event["event"] == "connection" && event["state"] == "up");
    for node in &mut nodes {
        node.say("at two");
    }
    equal_and_never_refused(&mut nodes, 4);
}

#[test]
fn each_server_of_a_cluster_keeps_out_who_was_not_assigned_a_room() {
    let keys = Keys::make();
    let trio = Trio::configured(&keys.configuration());
    let _director = keys.director(&trio.0[2].url(), &[]);
    on_runtime(async {
        let (witness, first) = guest(&keys, &trio.0[0].url()).await;
        let room = opened(&first).await;
        for server in &trio.0[1..] {
            let (mut intruder, second) = guest(&keys, &server.url()).await;
            opened(&second).await;
            all_refused(&mut intruder, TRIES, room, &user(&witness)).await;
        }
    });
}

#[test]
fn passes_go_over_tls_as_well() {
    let keys = Keys::make();
    let authority = Authority::new("127.0.0.1", "2");
    let server = Server::configured(
        &(authority.configuration(", handshake_first: true") + &keys.configuration()),
    );
    let ca = authority.file("ca.pem");
    let tls = ["--tlsca", &ca, "--tlsfirst"];
    let _director = keys.director(&server.url(), &tls);
    let chat = |arguments: &[&str]| chat(&keys, &server, &[&tls, arguments].concat());
    let ann = chat(&["start", "--nick", "ann"]);
    let invite = ann.ready()["invite"].as_str().unwrap_or_default().to_owned();
    let mut nodes = [ann, chat(&["join", &invite, "--nick", "bob"])];
    nodes[0].say("over TLS, by a pass");
    nodes[1].wait_for_text("over TLS, by a pass");
    equal_and_never_refused(&mut nodes, 1);
}
