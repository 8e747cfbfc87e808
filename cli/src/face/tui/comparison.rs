//! How many have the same transcript, as the header shows it.
//!
//! While a message is under way transcripts differ for a moment, and everybody knows: that is
//! no news. So a difference is shown once it has lasted for [`LASTING`]; until then what was
//! last the same, if it was of as many. Only the showing waits: `/verify` and F2 don't.

use chat_protocol::{hash::TranscriptDigest, limits};
use std::time::Duration;

/// Time since an origin that the caller chooses.
type Time = Duration;

/// About one beat: by then everyone there has told what it has.
const LASTING: Time = limits::BEAT;

/// Members with the same transcript as this node, and members in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    pub(super) same: usize,
    pub(super) of: usize,
    pub(super) digest: TranscriptDigest,
}

/// What the header shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// They differ, and may only be on their way.
    Comparing,
    Agreement {
        same: usize,
        of: usize,
    },
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    latest: Option<Agreement>,
    /// Since when they differ.
    differs: Option<Time>,
    /// Of how many all were last the same.
    same: Option<usize>,
}

impl Comparison {
    pub(super) fn compared(&mut self, agreement: Agreement, now: Time) {
        if agreement.same == agreement.of {
            (self.differs, self.same) = (None, Some(agreement.of));
        } else {
            self.differs = self.differs.or(Some(now));
        }
        self.latest = Some(agreement);
    }

    /// What is true.
    pub(super) fn latest(&self) -> Option<&Agreement> {
        self.latest.as_ref()
    }

    pub(super) fn shown(&self, now: Time) -> Option<Shown> {
        let Agreement { same, of, .. } = *self.latest.as_ref()?;
        Some(match self.changes_at(now) {
            None => Shown::Agreement { same, of },
            Some(_) if self.same == Some(of) => Shown::Agreement { same: of, of },
            Some(_) => Shown::Comparing,
        })
    }

    /// When something else is shown although nothing has happened.
    pub(super) fn changes_at(&self, now: Time) -> Option<Time> {
        self.differs.map(|since| since + LASTING).filter(|at| *at > now)
    }
}
