//! The readable form of a run: a space-time diagram as text, a column per peer, time downwards.

use chat_protocol::Dot;
use std::{collections::HashMap, fmt::Write, time::Duration};

const WIDTH: usize = 15;

/// Lines of a run, kept only where they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Log {
    on: bool,
    lines: Vec<(Duration, Option<usize>, String)>,
    names: HashMap<chat_protocol::NodeId, usize>,
}

impl Log {
    /// A log that keeps lines.
    #[must_use]
    pub fn on() -> Self {
        Self { on: true, ..Self::default() }
    }

    /// Names a peer's column.
    pub fn name(&mut self, node: chat_protocol::NodeId, peer: usize) {
        self.names.insert(node, peer);
    }

    /// What happened at a peer, or (without one) in the network.
    pub fn note(&mut self, at: Duration, peer: Option<usize>, text: impl FnOnce(&Self) -> String) {
        if self.on {
            let text = text(self);
            self.lines.push((at, peer, text));
        }
    }

    /// A dot as `column:number`.
    #[must_use]
    pub fn dot(&self, dot: Dot) -> String {
        match self.names.get(&dot.node) {
            Some(peer) => format!("{}:{}", letter(*peer), dot.number),
            None => format!("?:{}", dot.number),
        }
    }

    /// The last `count` lines as a diagram.
    #[must_use]
    pub fn draw(&self, count: usize) -> String {
        let lines = &self.lines[self.lines.len().saturating_sub(count)..];
        let shown: std::collections::BTreeSet<_> =
            lines.iter().filter_map(|(_, peer, _)| *peer).collect();
        let column: HashMap<_, _> =
            shown.iter().enumerate().map(|(at, peer)| (*peer, at)).collect();
        let mut drawn = String::from("      t/s ");
        for peer in &shown {
            let _ = write!(drawn, "| {:<WIDTH$}", letter(*peer));
        }
        drawn.push('\n');
        for (at, peer, text) in lines {
            let _ = write!(drawn, "{:>9.3} ", at.as_secs_f64());
            match peer {
                None => {
                    let _ = writeln!(drawn, "= {text}");
                }
                Some(peer) => {
                    for _ in 0..column[peer] {
                        let _ = write!(drawn, "| {:<WIDTH$}", "");
                    }
                    let _ = writeln!(drawn, "| {text}");
                }
            }
        }
        drawn
    }
}

/// A peer's name in a diagram: a, b, … z, a1, b1, …
#[must_use]
pub fn letter(peer: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(peer % 26).unwrap_or(0));
    if peer < 26 { letter.to_string() } else { format!("{letter}{}", peer / 26) }
}
