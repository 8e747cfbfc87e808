//! What an orchestrator does to containers: asks whether they are healthy, and stops them.

use crate::harness::{PATIENCE, Site};
use chat_protocol::limits;
use jiff::Timestamp;
use std::time::Duration;
use testcontainers::{
    ContainerAsync, GenericImage,
    bollard::query_parameters::{InspectContainerOptions, StopContainerOptionsBuilder},
    core::ExecCommand,
};
use tokio::time::{Instant, sleep};

/// What stopping may take besides.
const OWN: Duration = Duration::from_millis(500);

/// The exit code of the probe that the image brings.
async fn probe(container: &ContainerAsync<GenericImage>, page: &str) -> i64 {
    let mut ran = container.exec(ExecCommand::new(["/chat-probe", page])).await.expect("it runs");
    let _ = ran.stdout_to_vec().await;
    loop {
        if let Some(code) = ran.exit_code().await.expect("docker knows") {
            return code;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn images_know_whether_they_are_healthy() {
    let site = Site::start().await;
    let director = site.director.as_ref().expect("a director");
    assert_eq!(probe(&site.server, "127.0.0.1:8222/healthz").await, 0);
    assert_eq!(probe(&site.server, "127.0.0.1:8222/no-such-page").await, 1);
    assert_eq!(probe(director, "127.0.0.1:9222/healthz").await, 0);
    let ready = "127.0.0.1:9222/readyz";
    let begun = Instant::now();
    while probe(director, ready).await != 0 {
        assert!(begun.elapsed() < PATIENCE, "the director is ready");
    }
    site.server.stop_with_timeout(Some(0)).await.expect("it stops");
    let begun = Instant::now();
    while probe(director, ready).await != 1 {
        assert!(begun.elapsed() < PATIENCE, "without a server it isn't ready");
    }
    assert_eq!(probe(director, "127.0.0.1:9222/healthz").await, 0, "but it lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_stop_when_told_and_a_node_says_goodbye() {
    let site = Site::start().await;
    let (ann, invite) = site.open("ann").await;
    let bob = site.join(&invite, "bob").await;
    let director = site.director.as_ref().expect("a director").id().to_owned();
    let server = site.server.id().to_owned();
    for (what, id) in [("node", &bob.id), ("director", &director), ("server", &server)] {
        let asked = Timestamp::now();
        let patient = StopContainerOptionsBuilder::default().t(10).build();
        ann.docker.stop_container(id, Some(patient)).await.expect("it stops");
        // When the program ended; the engine then takes its time to clear up.
        let inspected = ann.docker.inspect_container(id, None::<InspectContainerOptions>).await;
        let state = inspected.expect("it is there").state.expect("it has one");
        let ended: Timestamp = state.finished_at.expect("it ended").parse().expect("a time");
        let took = ended.duration_since(asked);
        println!("{what} stopped after {took:?}, exit code {:?}", state.exit_code);
        // A node stays until its last words are known elsewhere.
        let linger = if what == "node" { limits::LINGER } else { Duration::ZERO };
        assert!(took.unsigned_abs() < linger + OWN, "{what}: {took:?}");
        assert_ne!(state.exit_code, Some(137), "{what} had to be killed");
        if what == "node" {
            ann.wait_for("goodbye", |event| event["change"] == "left" && event["nick"] == "bob")
                .await;
        }
    }
}
