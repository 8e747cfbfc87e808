//! Nodes that talk through a fault, and what came of it.

use crate::{cluster::Cluster, harness::Node};
use chat_tests::causal;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// A node that is gone is missed within 30 s, and only then can the others agree.
const SETTLE: Duration = Duration::from_secs(90);

pub(crate) struct Discussion {
    /// Dropped before the networks that they are in.
    pub(crate) nodes: Vec<Node>,
    pub(crate) cluster: Cluster,
    /// Characters added to each message.
    pub(crate) padding: usize,
    /// A node that reads nothing, and would sooner or later not be written to.
    pub(crate) silent: Option<usize>,
    invite: String,
    said: usize,
}

impl Discussion {
    /// Four nodes, two in each half, at all servers, that have heard each other.
    pub(crate) async fn start(name: &str, settings: &str) -> Self {
        let cluster = Cluster::start(name, settings).await;
        let first = cluster.node(1, &["start", "--nick", "n0"]).await;
        let invite = first.ready().await["invite"].as_str().unwrap_or_default().to_owned();
        let mut discussion =
            Self { nodes: vec![first], cluster, padding: 0, silent: None, invite, said: 0 };
        for server in [1, 2, 3] {
            discussion.join(server).await;
        }
        discussion.talk(2).await;
        discussion.settle().await;
        discussion
    }

    pub(crate) async fn join(&mut self, server: usize) {
        let nick = format!("n{}", self.nodes.len());
        let node = self.cluster.node(server, &["join", &self.invite, "--nick", &nick]).await;
        node.ready().await;
        self.nodes.push(node);
    }

    /// Each says so many things, one every 20 ms.
    pub(crate) async fn talk(&mut self, rounds: usize) {
        for _ in 0..rounds {
            for (at, node) in self.nodes.iter_mut().enumerate() {
                if self.silent == Some(at) {
                    continue;
                }
                let padding = "·".repeat(self.padding);
                node.say(&format!("message {}{padding}", self.said)).await;
                self.said += 1;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Talks for so long.
    pub(crate) async fn talk_for(&mut self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.talk(1).await;
            sleep(Duration::from_millis(180)).await;
        }
    }

    /// Waits until all have everything and know that; how long that took.
    pub(crate) async fn settle(&mut self) -> Duration {
        let begun = Instant::now();
        for node in &self.nodes {
            node.wait_for_messages(SETTLE, self.said).await;
            node.wait_for_agreement(SETTLE, self.nodes.len()).await;
        }
        begun.elapsed()
    }

    /// Ends it: a row of the table.
    pub(crate) async fn row(mut self, fault: &str, before: &[usize], equal: Duration) -> String {
        let mut saw = BTreeMap::<String, usize>::new();
        for (node, before) in self.nodes.iter().zip(before) {
            for event in &node.events()[*before..] {
                if let Some(what) = seen(event) {
                    *saw.entry(what).or_default() += 1;
                }
            }
        }
        let mut lost = 0;
        let mut closed = Vec::new();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            causal::check(&format!("node {at}"), &node.events());
            let texts: BTreeSet<_> = node
                .events()
                .iter()
                .filter(|event| event["event"] == "message")
                .map(|event| event["text"].to_string())
                .collect();
            lost += self.said - texts.len();
            closed.push(node.closed().await);
        }
        causal::check_equal(&closed);
        assert_eq!(lost, 0, "{fault}");
        let saw: Vec<_> = saw.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let saw = if saw.is_empty() { "nothing".to_owned() } else { saw.join(", ") };
        format!("| {fault} | {saw} | {:.1} | {lost} of {} |", equal.as_secs_f64(), self.said)
    }

    /// How many events each has shown so far.
    pub(crate) fn mark(&self) -> Vec<usize> {
        self.nodes.iter().map(|node| node.events().len()).collect()
    }
}

/// What a user is told, in a word or two; nothing for messages and agreement.
fn seen(event: &Value) -> Option<String> {
    match event["event"].as_str()? {
        "message" | "agreement" => None,
        "connection" => Some(format!("connection {}", event["state"].as_str()?)),
        "member" => Some(event["change"].as_str()?.to_owned()),
        "warning" | "error" => {
            Some(format!("{} {}", event["event"].as_str()?, event["code"].as_str()?))
        }
        "listeners" => Some(format!("listeners {}", event["state"].as_str()?)),
        other => Some(other.to_owned()),
    }
}
