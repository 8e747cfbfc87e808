//! Why a frame stands where it stands: its immediate causes, and how it came here.

use crate::Engine;
use chat_protocol::{Dot, NodeId};

/// What is known of a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// In the transcript.
    Shown {
        /// Its author's previous frame and those its clock names: everything before these is
        /// before it, too.
        causes: Vec<Dot>,
        /// What it was delivered without.
        gap: Vec<Dot>,
        /// Who gave it, if it didn't come from its author.
        via: Option<NodeId>,
    },
    /// Received; it waits for these.
    Waiting(Vec<Dot>),
    /// Not received; asked for this often so far.
    Asked(u32),
    /// Given up for a frame that waited for it; shown if it turns up.
    GivenUp,
    /// Its author was expelled for a frame at or before it.
    Void,
    /// Older than what is held here.
    Trimmed,
    /// Nobody has shown that it exists.
    Unknown,
}

impl Engine {
    /// What is known of a frame. O(what it waits for).
    #[must_use]
    pub fn why(&self, dot: Dot) -> Why {
        if let Some(held) = self.transcript.held(dot) {
            let causes = held.entry.dependencies().collect();
            return Why::Shown { causes, gap: held.gap.clone(), via: held.via };
        }
        if self.authors.cut(&dot.node).is_some_and(|cut| cut <= dot.number) {
            return Why::Void;
        }
        if self.authors.has(dot) {
            return Why::Trimmed;
        }
        if let Some(waiting) = self.waiting.get(dot) {
            return Why::Waiting(waiting.missing().collect());
        }
        if self.waived.contains(&dot) {
            return Why::GivenUp;
        }
        let asked = self.wants.iter().find(|(wanted, _)| *wanted == dot);
        asked.map_or(Why::Unknown, |(_, want)| Why::Asked(want.tries))
    }
}
