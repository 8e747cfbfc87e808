//! Three nodes in three containers, and one that comes late.

use crate::harness::{PATIENCE, Site};
use chat_tests::causal;

#[tokio::test(flavor = "multi_thread")]
async fn three_containers_hold_a_discussion_and_a_fourth_catches_up() {
    let site = Site::start().await;
    let (ann, invite) = site.open("ann").await;
    let mut nodes = vec![ann, site.join(&invite, "bob").await, site.join(&invite, "cem").await];
    for turn in 0..12 {
        if turn > 0 {
            nodes[turn % 3].wait_for_text(&format!("turn {}", turn - 1)).await;
        }
        nodes[turn % 3].say(&format!("turn {turn}")).await;
    }
    for node in &nodes {
        node.wait_for_messages(PATIENCE, 12).await;
    }
    let late = site.join(&invite, "dan").await;
    late.wait_for_messages(PATIENCE, 12).await;
    assert!(
        late.events().iter().filter(|e| e["event"] == "message").all(|m| m["backfill"] == true)
    );
    nodes.push(late);
    for node in &nodes {
        node.wait_for_agreement(PATIENCE, 4).await;
    }
    let mut closed = Vec::new();
    for node in &mut nodes {
        closed.push(node.closed().await);
    }
    for node in &nodes {
        causal::check("a node", &node.events());
    }
    causal::check_equal(&closed);
}
