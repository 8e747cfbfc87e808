//! Nothing of what was said is in any file of any container, nor in a container's log.

use crate::harness::{Node, Site};
use futures_util::StreamExt;
use testcontainers::bollard::query_parameters::{
    DownloadFromContainerOptionsBuilder, LogsOptionsBuilder,
};

const CANARY: &str = "canary-e6d1c5a8-sings";

#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_any_container_holds_what_was_said() {
    let site = Site::start().await;
    let (mut ann, invite) = site.open("ann").await;
    let mut bob = site.join(&invite, "bob").await;
    ann.say(CANARY).await;
    bob.wait_for_text(CANARY).await;
    let director = site.director.as_ref().expect("a director").id().to_owned();
    let containers = [ann.id.clone(), bob.id.clone(), director, site.server.id().to_owned()];
    for container in &containers {
        expect_nothing(&ann, container).await;
    }
    ann.closed().await;
    bob.closed().await;
    for container in &containers {
        expect_nothing(&ann, container).await;
    }
}

/// Looks through everything below the container's root, as a tar stream, and its log.
async fn expect_nothing(node: &Node, container: &str) {
    let options = DownloadFromContainerOptionsBuilder::default().path("/").build();
    let mut files = node.docker.download_from_container(container, Some(options));
    let (mut tail, mut bytes) = (Vec::new(), 0);
    while let Some(chunk) = files.next().await {
        let chunk = chunk.expect("the container's files can be read");
        bytes += chunk.len();
        tail.extend_from_slice(&chunk);
        assert!(!contains(&tail, CANARY.as_bytes()), "a file of {container} holds what was said");
        let keep = tail.len().saturating_sub(CANARY.len());
        tail.drain(..keep);
    }
    assert!(bytes > 1 << 20, "the program itself must be among what was looked at: {bytes} bytes");
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
    let mut log = node.docker.logs(container, Some(options));
    // Nodes have no log at all: that is an error here, and fine.
    while let Some(Ok(line)) = log.next().await {
        assert!(!contains(&line.into_bytes(), CANARY.as_bytes()), "{container}'s log holds it");
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
