//! The traffic as a space-time diagram (Lamport 1978): time runs downwards, each node has a
//! column, each frame a dot in its author's, and a line runs to it from the frames it answers.
//!
//! ```text
//!             b7q2   mm2j   x3ka
//!   12:03:04  ●      │      │      b7q2:1 "lunch?"
//!   12:03:09  ├─────▸●      │      mm2j:1 "yes" ← b7q2:1
//!   12:03:10  ├──────│─────▸●      x3ka:1 "me too" ← b7q2:1
//! ```
//!
//! Where a line touches a column (`├ ┤ ┼`) its last frame, or an earlier one, is a cause; where
//! it passes behind (`│`) it isn't. Causes are the direct ones: those that no other cause, and
//! not the author's own previous frame, had in its past already. A frame that comes before its
//! causes is a hollow dot, and drawn once more when they have come.
//!
//! Pure: envelopes, time and a width in, rows out.

mod arrivals;
mod columns;
mod row;

use super::{clocks::FullClocks, line};
use arrivals::{Arrival, Arrivals, Release};
use chat_protocol::{Dot, Envelope, Frame, VectorClock};
use columns::Columns;
pub(super) use row::cut;
use row::{Mark, Row};
use std::{sync::Arc, time::Duration};

/// A silence worth a row.
const SILENCE: Duration = Duration::from_secs(5);
/// Rows after which the columns' names are told again: they have scrolled away.
const HEADER_EVERY: usize = 20;
/// Causes told by name; the rest is counted.
const CAUSES: usize = 4;

/// See the module. Times are those since the watcher began.
pub(super) struct Diagram {
    columns: Columns,
    arrivals: Arrivals,
    colors: bool,
    rows: usize,
    last: Option<Duration>,
}

impl Diagram {
    pub(super) fn new(colors: bool) -> Self {
        Self {
            columns: Columns::default(),
            arrivals: Arrivals::default(),
            colors,
            rows: 0,
            last: None,
        }
    }

    /// The rows that an envelope adds, `width` characters wide; `clock` is what was said, as a
    /// label of the time of day.
    pub(super) fn take(
        &mut self,
        envelope: &Envelope,
        clocks: &FullClocks,
        now: Duration,
        clock: &str,
        width: usize,
    ) -> Vec<String> {
        self.columns.resize(width);
        let mut page = Page { diagram: self, now, clock, width, rows: Vec::new() };
        match envelope {
            Envelope::Frame(frame) => page.frame(frame, clocks),
            Envelope::Beat(beat) => {
                page.hear(beat.from);
                let released = page.diagram.arrivals.beat(beat, now);
                page.released(released);
            }
            Envelope::Hello(hello) => page.hear(hello.from),
            Envelope::Mint(mint) => page.hear(mint.from),
            // These pass between two nodes, where no watcher is.
            Envelope::Want(_) | Envelope::Give(_) | Envelope::Refuse(_) => {}
        }
        page.rows
    }
}

/// The rows that one envelope adds.
struct Page<'a> {
    diagram: &'a mut Diagram,
    now: Duration,
    clock: &'a str,
    width: usize,
    rows: Vec<String>,
}

impl Page<'_> {
    /// Someone shows that it is there.
    fn hear(&mut self, node: chat_protocol::NodeId) {
        if self.diagram.columns.hear(node, self.now) {
            self.header();
        }
    }

    fn frame(&mut self, frame: &Arc<Frame>, clocks: &FullClocks) {
        self.hear(frame.from);
        let causes = clocks.direct(frame);
        let (dot, said) = (frame.dot(), line::said(frame));
        match self.diagram.arrivals.frame(frame, causes.clone(), self.now) {
            Arrival::Ready(released) => {
                let label = format!("{}{said}{}", name(dot), told(" ←", &causes));
                let mark = if frame.is_final { Mark::Last } else { Mark::Shown };
                self.draw(dot, mark, &causes, &label);
                self.released(released);
            }
            Arrival::Waiting(missing) => {
                let label = format!("{}{said} waits for{}", name(dot), told("", &missing));
                self.draw(dot, Mark::Waiting, &[], &label);
            }
            Arrival::Again => self.draw(dot, Mark::Again, &[], &format!("{} again", name(dot))),
        }
        if frame.is_final {
            self.diagram.columns.close(frame.from);
        }
    }

    fn released(&mut self, released: Vec<Release>) {
        for Release { frame, causes, waited, unseen } in released {
            let said = line::said(&frame);
            let seconds = waited.as_secs_f64();
            let why = match unseen.as_slice() {
                [] => format!(" after {seconds:.1} s{}", told(" ←", &causes)),
                unseen => format!(" after {seconds:.1} s;{} passed unseen here", told("", unseen)),
            };
            let label = format!("{}{said}{why}", name(frame.dot()));
            self.draw(frame.dot(), Mark::Shown, &causes, &label);
        }
    }

    fn draw(&mut self, dot: Dot, mark: Mark, causes: &[Dot], label: &str) {
        let silent = self.diagram.last.is_some_and(|last| self.now - last > SILENCE);
        if silent {
            let row = self.row().silence();
            self.push(row);
        }
        if self.diagram.rows.is_multiple_of(HEADER_EVERY) && self.rows.is_empty() {
            self.header();
        }
        self.diagram.last = Some(self.now);
        let columns = &self.diagram.columns;
        let from = causes.iter().filter_map(|cause| columns.of(&cause.node)).collect::<Vec<_>>();
        if let Some(at) = columns.of(&dot.node) {
            let row = self.row().frame(at, mark, &from, label);
            self.push(row);
        }
    }

    fn header(&mut self) {
        let row = self.row().header();
        self.push(row);
    }

    fn push(&mut self, row: String) {
        self.diagram.rows += 1;
        self.rows.push(row);
    }

    fn row(&self) -> Row<'_> {
        let Diagram { columns, colors, .. } = &*self.diagram;
        Row { columns, colors: *colors, clock: self.clock, width: self.width }
    }
}

fn name(dot: Dot) -> String {
    format!("{}:{}", dot.node.tag(), dot.number)
}

/// Some dots by name, and how many more.
fn told(before: &str, dots: &[Dot]) -> String {
    if dots.is_empty() {
        return String::new();
    }
    let names: String = dots.iter().take(CAUSES).map(|dot| format!(" {}", name(*dot))).collect();
    match dots.len().saturating_sub(CAUSES) {
        0 => format!("{before}{names}"),
        more => format!("{before}{names} and {more} more"),
    }
}

impl FullClocks {
    /// The direct causes of a frame: those that no other one has in its past.
    fn direct(&self, frame: &Frame) -> Vec<Dot> {
        /// Whoever can publish can name any number of causes.
        const LOOKED_AT: usize = 64;
        let others = frame.clock.dots().filter(|dot| dot.node != frame.from).take(LOOKED_AT);
        let named: Vec<Dot> = others.collect();
        let known: Vec<(Dot, &VectorClock)> = named
            .iter()
            .copied()
            .chain(frame.previous())
            .filter_map(|dot| Some((dot, self.get(&dot)?)))
            .collect();
        let is_direct =
            |cause: &Dot| !known.iter().any(|(other, past)| other != cause && past.covers(*cause));
        named.into_iter().filter(is_direct).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{Item, ItemKind, Lamport, NodeId, Number, frame::Signature, hash::Past};

    fn dot(node: u8, number: u64) -> Dot {
        Dot::new(NodeId([node; 10]), Number(number))
    }

    fn frame(node: u8, number: u64, names: &[(u8, u64)]) -> Envelope {
        let named = names.iter().map(|(node, number)| dot(*node, *number));
        Envelope::Frame(Arc::new(Frame {
            from: NodeId([node; 10]),
            number: Number(number),
            lamport: Lamport(number),
            clock: named.chain([dot(node, number)]).collect(),
            past: Past::ZERO,
            sealed: None,
            items: vec![Item { kind: ItemKind::Text, text: "hi".into(), at: 0, terms: None }],
            is_final: false,
            sig: Signature::ZERO,
        }))
    }

    /// What a watcher draws of these, one a second, without the header rows.
    fn drawn(envelopes: &[Envelope]) -> Vec<String> {
        let (mut diagram, mut clocks) = (Diagram::new(false), FullClocks::default());
        let mut rows = Vec::new();
        for (at, envelope) in (0..).zip(envelopes) {
            if let Envelope::Frame(frame) = envelope {
                clocks.of_frame(frame);
            }
            let now = Duration::from_secs(at);
            rows.extend(diagram.take(envelope, &clocks, now, "12:00:00", 100));
        }
        rows.retain(|row| row.contains(':'));
        rows
    }

    #[test]
    fn a_line_runs_to_a_frame_from_each_of_its_direct_causes() {
        let [a, b, c] = [1, 2, 3].map(|node| NodeId([node; 10]).tag());
        let rows = drawn(&[
            frame(1, 1, &[]),
            frame(2, 1, &[(1, 1)]),
            // It names both; the first is in the second's past.
            frame(3, 1, &[(1, 1), (2, 1)]),
            frame(1, 2, &[(3, 1), (2, 1)]),
        ]);
        assert_eq!(rows[0], format!("12:00:00  ●      {a}:1 \"hi\""));
        assert_eq!(rows[1], format!("12:00:00  ├─────▸●      {b}:1 \"hi\" ← {a}:1"));
        assert_eq!(rows[2], format!("12:00:00  │      ├─────▸●      {c}:1 \"hi\" ← {b}:1"));
        assert_eq!(rows[3], format!("12:00:00  ●◂─────│──────┤      {a}:2 \"hi\" ← {c}:1"));
    }

    #[test]
    fn a_frame_before_its_causes_waits_and_is_shown_after_them() {
        let [a, b] = [1, 2].map(|node| NodeId([node; 10]).tag());
        let rows = drawn(&[
            frame(1, 1, &[]),
            frame(2, 1, &[(1, 1)]),
            frame(2, 2, &[(1, 2)]),
            frame(1, 2, &[]),
        ]);
        assert_eq!(rows[2], format!("12:00:00  │      ○      {b}:2 \"hi\" waits for {a}:2"));
        assert_eq!(rows[3], format!("12:00:00  ●      │      {a}:2 \"hi\""));
        assert_eq!(rows[4], format!("12:00:00  ├─────▸●      {b}:2 \"hi\" after 1.0 s ← {a}:2"));
    }

    #[test]
    fn a_frame_repeated_is_drawn_as_such() {
        let rows = drawn(&[frame(1, 1, &[]), frame(1, 1, &[])]);
        assert!(rows[1].contains("· ") && rows[1].ends_with("again"), "{rows:?}");
    }
}
