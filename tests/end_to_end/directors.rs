//! Several directors, and what their operator sees of them.

use crate::director_service::{connect, on_runtime};
use chat_director::DirectorClient;
use chat_tests::{
    Chat, Director, Proxy, Server, Trio, causal, programs,
    proxy::Fault,
    trio,
    wait::{PATIENCE, within},
};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// An answer by HTTP: its status, and all of it.
fn page(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the director serves pages");
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), answer)
}

#[test]
fn an_operator_sees_counts_and_health_and_nothing_of_a_room() {
    let mut server = Server::start();
    let address = format!("127.0.0.1:{}", programs::free_port());
    let options = ["--metrics", &address, "--verbose", "--log-format", "json"];
    let director = Director::with(&server.url(), &options);
    let start = ["start", "--public", "canary topic", "--nick", "canary-nick"];
    let mut ann = Chat::run(&server.url(), &start);
    let room = ann.ready()["room"].as_str().expect("a room").to_owned();
    ann.say("canary text");
    let (private, invite) = Chat::open(&server.url(), "canary-nick");
    let private_room = private.ready()["room"].as_str().expect("a room").to_owned();
    let counted = || {
        let (_, text) = page(&address, "/metrics");
        let all = ["chat_director_rooms 2", "chat_director_members 2", "chat_director_connected 1"];
        all.iter().all(|line| text.contains(line)).then_some(text)
    };
    let text = within(PATIENCE, "both rooms are counted", counted, || page(&address, "/metrics").1);
    let opened = "chat_director_requests_total{question=\"Open\",code=\"200\"} 2";
    assert!(text.contains(opened), "{text}");
    on_runtime(async {
        let client = async_nats::connect(server.url()).await.expect("a server");
        let stats = client.request("$SRV.STATS.chat-director", "".into()).await.expect("stats");
        let stats: Value = serde_json::from_slice(&stats.payload).expect("JSON");
        assert_eq!(stats["endpoints"][0]["data"]["rooms"], 2, "{stats}");
    });
    for secret in ["canary", &room, &private_room, &invite[6..]] {
        assert!(!text.contains(secret), "{text}");
        assert!(!director.log().contains(secret), "{}", director.log());
    }
    let states = || [page(&address, "/healthz").0, page(&address, "/readyz").0];
    assert_eq!(states(), [200, 200]);
    server.kill();
    let unready = || (states() == [200, 503]).then_some(());
    within(PATIENCE, "alive, but not ready", unready, String::new);
}

#[test]
fn directors_are_killed_one_after_another_and_no_request_fails_beyond_a_retry() {
    let trio = Trio::start();
    let (urls, asked_at) = (trio.urls(), trio.0[2].url());
    let mut directors: Vec<_> = (0..2).map(|_| Director::start(&urls)).collect();
    on_runtime(async move {
        let client = DirectorClient::new(connect(&asked_at).await);
        let mut asked = 0_u32;
        for _ in 0..5 {
            let (successor, urls) = (directors.remove(0), urls.clone());
            // Killed while it is asked, and replaced.
            let killing = tokio::task::spawn_blocking(move || {
                drop(successor);
                Director::start(&urls)
            });
            while !killing.is_finished() {
                client.list().await.unwrap_or_else(|error| panic!("after {asked}: {error}"));
                asked += 1;
            }
            directors.push(killing.await.expect("another director"));
        }
        println!("{asked} requests while five directors were killed");
    });
}

#[test]
fn strangers_meet_across_directors_and_servers() {
    let trio = Trio::start();
    let _directors = [Director::start(&trio.0[0].url()), Director::start(&trio.0[1].url())];
    let mut nodes = [1, 2].map(|at| Chat::run(&trio.0[at].url(), &["random"]));
    for node in &mut nodes {
        node.ready();
    }
    for node in &nodes {
        node.wait_for("company", |event| event["event"] == "member" && event["change"] == "joined");
    }
    for node in &mut nodes {
        assert_eq!(node.finish(), 0, "{}", node.stderr());
    }
}

#[test]
fn two_halves_with_a_director_each_work_apart_and_merge() {
    let ports = [programs::free_port(), programs::free_port()];
    let route = Proxy::to(ports[1]);
    let server = |at: usize, routes: &str| {
        Server::configured(&format!(
            "server_name: n{at}\nping_interval: \"1s\"\n\
             cluster {{ name: chat, listen: \"127.0.0.1:{}\", {routes} }}\n",
            ports[at]
        ))
    };
    let far = server(1, "");
    let near = server(0, &format!("routes: [{:?}]", route.url().replace("nats", "nats-route")));
    let servers = [near, far];
    trio::wait_until_joined(&servers);
    let _directors = [Director::start(&servers[0].url()), Director::start(&servers[1].url())];
    let (ann, invite) = Chat::open(&servers[0].url(), "ann");
    let bob = Chat::join(&servers[1].url(), &invite, "bob");
    let mut nodes = [ann, bob];
    nodes[0].say("before");
    nodes[1].wait_for_text("before");

    route.inject(Fault::Cut);
    for node in &nodes {
        node.wait_for("apart", |event| event["change"] == "unreachable");
    }
    let mut openers = Vec::new();
    for (at, node) in nodes.iter_mut().enumerate() {
        node.say(&format!("apart {at}"));
        let start = ["start", "--public", &format!("half {at}")];
        openers.push(Chat::run(&servers[at].url(), &start));
    }
    openers.iter().for_each(|opener| drop(opener.ready()));
    let topics = |at: usize| {
        let url = servers[at].url();
        let mut topics = Vec::new();
        on_runtime(async {
            let listing = DirectorClient::new(connect(&url).await).list().await.expect("a list");
            topics.extend(listing.rooms.into_iter().filter_map(|room| room.topic));
        });
        topics.sort();
        topics
    };
    for at in 0..2 {
        let own = || (topics(at) == [format!("half {at}")]).then_some(());
        within(PATIENCE, "each half lists its own", own, || format!("{:?}", topics(at)));
    }

    route.heal();
    for at in 0..2 {
        let both = || (topics(at) == ["half 0", "half 1"]).then_some(());
        within(Duration::from_secs(30), "both are listed", both, || format!("{:?}", topics(at)));
    }
    for node in &nodes {
        node.wait_for_messages(PATIENCE, 3);
        node.wait_for_agreement(PATIENCE, 2);
        causal::check("a node", &node.events());
    }
    let closed = nodes.each_mut().map(Chat::closed);
    causal::check_equal(&closed);
}
