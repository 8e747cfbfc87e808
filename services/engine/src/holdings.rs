//! How much an engine holds: every store that a peer can fill, to be compared with its bound.

use crate::Engine;

/// Sizes of the bounded stores, in entries unless it says bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after its store")]
pub struct Holdings {
    pub transcript_frames: usize,
    pub transcript_bytes: usize,
    pub waiting_frames: usize,
    pub waiting_bytes: usize,
    pub wants: usize,
    pub waived: usize,
    pub dangling: usize,
    pub authors: usize,
    /// Ranges of the author with most of them.
    pub ranges: usize,
    pub roster: usize,
    pub joins: usize,
    pub proofs: usize,
    pub clock_entries: usize,
    pub resend: usize,
    pub flow: usize,
    /// Budgets of requesters, and dots asked for lately.
    pub requesters: usize,
    pub asked: usize,
}

impl Engine {
    /// What is held now. O(authors).
    #[must_use]
    pub fn holdings(&self) -> Holdings {
        let ranges = self.authors.iter().map(|(_, author)| author.delivered.ranges());
        let (requesters, asked) = self.answerer.sizes();
        Holdings {
            transcript_frames: self.transcript.len(),
            transcript_bytes: self.transcript.bytes(),
            waiting_frames: self.waiting.len(),
            waiting_bytes: self.waiting.bytes(),
            wants: self.wants.len(),
            waived: self.waived.len(),
            dangling: self.frontier.dangling(),
            authors: self.authors.iter().count(),
            ranges: ranges.max().unwrap_or(0),
            roster: self.roster.size(),
            joins: self.joins.len(),
            proofs: self.proofs.len(),
            clock_entries: self.clocks.entries(),
            resend: self.resend.len(),
            flow: self.flow.len(),
            requesters,
            asked,
        }
    }
}
