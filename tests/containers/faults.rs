//! Containers that are cut off, killed and restarted.

use crate::harness::{PATIENCE, Site};
use chat_tests::causal;
use std::time::Duration;
use tokio::time::{Instant, sleep};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_cut_off_from_the_network_for_twelve_seconds_misses_nothing() {
    let site = Site::start().await;
    let (mut ann, invite) = site.open("ann").await;
    let mut bob = site.join(&invite, "bob").await;
    let mut cem = site.join(&invite, "cem").await;
    ann.say("before").await;
    cem.wait_for_text("before").await;
    site.cut(&cem).await;
    let cut_at = Instant::now();
    cem.wait_for("down", |event| event["event"] == "connection" && event["state"] == "down").await;
    ann.say("cem misses this").await;
    bob.wait_for_text("cem misses this").await;
    bob.say("and this").await;
    cem.say("said while alone").await;
    cem.wait_for_text("said while alone").await;
    sleep(Duration::from_secs(12).saturating_sub(cut_at.elapsed())).await;
    site.reconnect(&cem).await;
    let healed_at = Instant::now();
    for node in [&ann, &bob, &cem] {
        node.wait_for_messages(PATIENCE, 4).await;
        node.wait_for_agreement(PATIENCE, 3).await;
    }
    println!("equal {:?} after the heal", healed_at.elapsed());
    let closed = [ann.closed().await, bob.closed().await, cem.closed().await];
    for node in [&ann, &bob, &cem] {
        causal::check("a node", &node.events());
    }
    causal::check_equal(&closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_is_missed_and_its_words_stay() {
    let site = Site::start().await;
    let (ann, invite) = site.open("ann").await;
    let mut bob = site.join(&invite, "bob").await;
    bob.say("my last words").await;
    ann.wait_for_text("my last words").await;
    bob.kill().await;
    ann.wait_for("unreachable", |event| event["change"] == "unreachable" && event["nick"] == "bob")
        .await;
    let late = site.join(&invite, "cem").await;
    late.wait_for_text("my last words").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discussion_survives_its_director_and_its_server() {
    let mut site = Site::start().await;
    let (mut ann, invite) = site.open("ann").await;
    let mut bob = site.join(&invite, "bob").await;
    site.kill_director().await;
    ann.say("no director").await;
    bob.wait_for_text("no director").await;
    let cem = site.join(&invite, "cem").await;
    cem.wait_for_text("no director").await;
    site.restart_director().await;
    site.restart_server().await;
    bob.say("a new server").await;
    for node in [&ann, &bob, &cem] {
        node.wait_for_text("a new server").await;
        node.wait_for_agreement(PATIENCE, 3).await;
    }
    let dan = site.join(&invite, "dan").await;
    dan.wait_for_messages(PATIENCE, 2).await;
}
