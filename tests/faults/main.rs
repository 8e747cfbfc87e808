//! Faults of a deployed cluster, one after another, while nodes talk: `make faults`.
//!
//! All end with equal transcripts, in causal order by the independent checker, and with nothing
//! lost. What users saw meanwhile is printed as a table. A container's clock can't be set apart
//! from its host's, and a static program takes no preloaded one: skewed clocks are simulated
//! (`tests/simulation`), not tested here.

mod cluster;
mod discussion;
#[path = "../containers/harness.rs"]
#[allow(dead_code, reason = "shared with the container tests")]
mod harness;

use chat_tests::{Chat, Director, Trio, causal};
use discussion::Discussion;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Longer than it takes to notice a dead link, and than the server keeps one.
const LONG: Duration = Duration::from_secs(13);
/// Shorter than that: TCP bridges it.
const SHORT: Duration = Duration::from_secs(3);
/// Longer than the longest time between two looks for listeners.
const NEXT_LOOK: Duration = Duration::from_secs(40);

fn tell(row: &str) {
    println!("{row}");
}

/// Injects, talks meanwhile, heals, talks on, and waits until all is equal.
async fn through(
    fault: &str,
    settings: &str,
    meanwhile: Duration,
    inject: impl AsyncFnOnce(&mut Discussion),
    heal: impl AsyncFnOnce(&mut Discussion),
) {
    let name: String = fault.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    let name = name.to_lowercase();
    let mut talk = Discussion::start(&name, settings).await;
    let before = talk.mark();
    inject(&mut talk).await;
    talk.talk_for(meanwhile).await;
    heal(&mut talk).await;
    let healed = Instant::now();
    talk.talk(5).await;
    talk.settle().await;
    let equal = healed.elapsed();
    tell(&talk.row(fault, &before, equal).await);
}

async fn nothing(_: &mut Discussion) {}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_killed() {
    through(
        "server killed, back after 6 s",
        "",
        Duration::from_secs(6),
        async |talk| {
            talk.cluster.servers[1].stop_with_timeout(Some(0)).await.expect("it stops");
        },
        async |talk| talk.cluster.servers[1].start().await.expect("it starts"),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_paused() {
    through(
        "server paused for 13 s",
        "",
        LONG,
        async |talk| {
            talk.cluster.servers[1].pause().await.expect("it pauses");
        },
        async |talk| talk.cluster.servers[1].unpause().await.expect("it goes on"),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_cut_off() {
    through(
        "node cut off for 13 s",
        "",
        LONG,
        async |talk| {
            let node = talk.nodes[3].id.clone();
            talk.cluster.disconnect(&node).await;
        },
        async |talk| {
            let node = talk.nodes[3].id.clone();
            talk.cluster.connect(&node).await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_falls_into_halves() {
    through(
        "cluster in halves for 13 s",
        "",
        LONG,
        async |talk| {
            let server = talk.cluster.servers[0].id().to_owned();
            talk.cluster.disconnect(&server).await;
        },
        async |talk| {
            let server = talk.cluster.servers[0].id().to_owned();
            talk.cluster.connect(&server).await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn near_servers_are_restarted_one_by_one_in_lame_duck_mode() {
    through(
        "rolling restart of servers 2 and 3, lame duck",
        "",
        SHORT,
        async |talk| {
            for at in [1, 2] {
                let id = talk.cluster.servers[at].id().to_owned();
                talk.cluster.signal(&id, "USR2").await;
                talk.talk_for(SHORT).await;
                talk.cluster.wait_until_ended(&id).await;
                talk.cluster.servers[at].start().await.expect("it starts");
                talk.talk_for(SHORT).await;
            }
        },
        nothing,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_servers_are_killed_in_turn() {
    through(
        "rolling kill -9 of all three servers",
        "",
        SHORT,
        async |talk| {
            for at in 0..3 {
                talk.cluster.servers[at].stop_with_timeout(Some(0)).await.expect("it stops");
                talk.talk(5).await;
                talk.cluster.servers[at].start().await.expect("it starts");
                // A server that starts alone must find the others before the next one goes.
                talk.talk_for(SHORT).await;
            }
        },
        nothing,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn directors_are_killed_again_and_again() {
    through(
        "directors killed 5 times each, a join each time",
        "",
        SHORT,
        async |talk| {
            for _ in 0..5 {
                for director in &talk.cluster.directors {
                    director.stop_with_timeout(Some(0)).await.expect("it stops");
                }
                talk.join(3).await;
                talk.talk(2).await;
                for director in &talk.cluster.directors {
                    director.start().await.expect("it starts");
                }
            }
        },
        nothing,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_paused() {
    through(
        "node paused for 13 s",
        "",
        LONG,
        async |talk| {
            talk.cluster.docker.pause_container(&talk.nodes[3].id).await.expect("it pauses");
        },
        async |talk| {
            talk.cluster.docker.unpause_container(&talk.nodes[3].id).await.expect("it goes on");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_keep_little_for_a_slow_node() {
    let tiny = "max_payload: 64KB\nmax_pending: 64KB";
    through(
        "max_pending of 64 KB, node paused while 4 MB pass",
        tiny,
        SHORT,
        async |talk| {
            talk.cluster.docker.pause_container(&talk.nodes[3].id).await.expect("it pauses");
            talk.silent = Some(3);
            talk.padding = 1500;
            talk.talk(200).await;
            talk.padding = 0;
            let mut slow = false;
            for server in &talk.cluster.servers {
                let log = server.stderr_to_vec().await.expect("a log");
                slow |= String::from_utf8_lossy(&log).contains("Slow Consumer");
            }
            assert!(slow, "the server took the paused node for a slow consumer");
        },
        async |talk| {
            talk.silent = None;
            talk.cluster.docker.unpause_container(&talk.nodes[3].id).await.expect("it goes on");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jetstream_switched_on_by_a_reload_is_noticed_when_it_records() {
    let mut talk = Discussion::start("jetstream", "").await;
    let before = talk.mark();
    talk.cluster.configure("jetstream { store_dir: /store }");
    for server in &talk.cluster.servers {
        talk.cluster.signal(server.id(), "HUP").await;
    }
    let recorder = talk.cluster.recorder().await;
    let reloaded = Instant::now();
    talk.talk(5).await;
    let records =
        |event: &Value| event["event"] == "listeners" && event["found"][0]["kind"] == "stream";
    let could = |event: &Value| event["event"] == "warning" && event["code"] == "jetstream";
    for node in &talk.nodes {
        let told = || {
            let events = node.events();
            (events.iter().any(records) && events.iter().any(could)).then_some(())
        };
        node.within(NEXT_LOOK, "a recorder, and JetStream", told).await;
    }
    println!("all know of the recorder after {:?}", reloaded.elapsed());
    drop(recorder);
    let equal = talk.settle().await;
    tell(&talk.row("JetStream on by reload, a stream records", &before, equal).await);
}

/// As processes at three servers on loopback: as many containers take a minute to start.
#[test]
fn fifty_nodes_join_at_once() {
    const NODES: usize = 50;
    let trio = Trio::start();
    let _directors = [0, 1].map(|at| Director::start(&trio.0[at].url()));
    let (mut first, invite) = Chat::open(&trio.urls(), "first");
    first.say("welcome");
    let begun = Instant::now();
    let join = |at: usize| Chat::run(&trio.0[at % 3].url(), &["join", &invite]);
    let mut nodes: Vec<_> = (0..NODES).map(join).collect();
    println!("{NODES} processes started within {:.1} s", begun.elapsed().as_secs_f64());
    nodes.iter().for_each(|node| drop(node.ready()));
    let ready = begun.elapsed();
    nodes.push(first);
    for node in &nodes {
        node.wait_for_messages(LONG * 10, 1);
        node.wait_for_agreement(LONG * 10, NODES + 1);
    }
    let equal = begun.elapsed().as_secs_f64();
    let closed: Vec<_> = nodes.iter_mut().map(Chat::closed).collect();
    nodes.iter().for_each(|node| causal::check("a node", &node.events()));
    assert!(closed.iter().all(|closed| closed["messages"] == 1), "nothing is lost");
    println!("all ready after {:.1} s", ready.as_secs_f64());
    tell(&format!("| 50 nodes join at once | {NODES} joined | {equal:.1} | 0 of 1 |"));
}
