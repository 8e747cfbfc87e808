//! What happened in a storm, counted, for whoever reads its output.

use crate::{node::is_message, storm::Storm};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Counts by what is counted, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<String, usize>);

impl Counts {
    pub(crate) fn add(&mut self, kind: impl Into<String>) {
        self.add_many(kind, 1);
    }

    pub(crate) fn add_many(&mut self, kind: impl Into<String>, count: usize) {
        *self.0.entry(kind.into()).or_default() += count;
    }

    fn print(&self) {
        for (kind, count) in &self.0 {
            println!("  {kind:24} {count:6}");
        }
    }
}

/// Prints what stands above the lines of [`print_quiet_point`].
pub(crate) fn print_quiet_points() {
    println!("quiet points, each node's transcript the same and complete");
    println!(
        "after s  equal in s  agreed in s  nodes so far  shown by the first  MiB of each node"
    );
}

/// Prints how long it took until all had the same transcript and until all knew that.
pub(crate) fn print_quiet_point(storm: &mut Storm, [equal_in, agreed_in]: [Duration; 2]) {
    let memory = storm.memory();
    println!(
        "{:7.0}  {:10.1}  {:11.1}  {:12}  {:18}  {}",
        storm.begun.elapsed().as_secs_f64(),
        equal_in.as_secs_f64(),
        agreed_in.as_secs_f64(),
        storm.nodes,
        storm.living()[0].chat.count(is_message),
        memory.iter().map(|kib| format!("{} ", kib / 1024)).collect::<String>(),
    );
}

/// Prints what the storm was, and what came of those in the room.
pub(crate) fn print(storm: &Storm) {
    println!("faults injected");
    storm.faults.print();
    println!("attempts to join that failed, by exit code");
    storm.failed_joins.print();
    println!("messages said");
    storm.said.print();
    let living = storm.living();
    println!(
        "  {:24} {:6}",
        "by the living",
        living.iter().map(|node| node.said.len()).sum::<usize>()
    );
    println!("living nodes                   said  shown   late  via others  gaps  links lost");
    for node in living {
        let count = |matches: fn(&Value) -> bool| node.chat.count(matches);
        println!(
            "  {:24} {:8} {:6} {:6} {:11} {:5} {:11}",
            node.nick,
            node.said.len(),
            count(is_message),
            count(|event| is_message(event) && event["late"] == true),
            count(|event| is_message(event) && !event["via"].is_null()),
            count(|event| event["event"] == "gap"),
            count(|event| event["event"] == "connection" && event["state"] == "down"),
        );
    }
}
