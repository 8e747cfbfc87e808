//! What happened in a storm, counted, for whoever reads its output.

use crate::node::{Node, is_message};
use std::{collections::BTreeMap, time::Duration};

/// Counts by what is counted, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<String, usize>);

impl Counts {
    pub(crate) fn add(&mut self, kind: impl Into<String>) {
        *self.0.entry(kind.into()).or_default() += 1;
    }

    fn print(&self) {
        for (kind, count) in &self.0 {
            println!("  {kind:24} {count:6}");
        }
    }
}

/// Prints the table.
pub(crate) fn print(
    faults: &Counts,
    failed_joins: &Counts,
    living: &[&Node],
    [left, killed]: [&[&Node]; 2],
    [equal_after, agreed_after]: [Duration; 2],
) {
    println!("faults injected");
    faults.print();
    println!("attempts to join that failed, by exit code");
    failed_joins.print();
    let said = |nodes: &[&Node]| nodes.iter().map(|node| node.said.len()).sum::<usize>();
    println!("messages said");
    println!("  {:24} {:6}", "by the living", said(living));
    println!("  {:24} {:6}", "by those who left", said(left));
    println!("  {:24} {:6}", "by those killed", said(killed));
    println!("living nodes                   said  shown   late  via others  gaps  links lost");
    for node in living {
        let events = node.chat.events();
        let count = |matches: &dyn Fn(&serde_json::Value) -> bool| {
            events.iter().filter(|event| matches(event)).count()
        };
        println!(
            "  {:24} {:8} {:6} {:6} {:11} {:5} {:11}",
            node.nick,
            node.said.len(),
            count(&is_message),
            count(&|event| is_message(event) && event["late"] == true),
            count(&|event| is_message(event) && !event["via"].is_null()),
            count(&|event| event["event"] == "gap"),
            count(&|event| event["event"] == "connection" && event["state"] == "down"),
        );
    }
    println!(
        "after the last fault equal in {:.1} s, agreed on by all in {:.1} s",
        equal_after.as_secs_f64(),
        agreed_after.as_secs_f64()
    );
}
