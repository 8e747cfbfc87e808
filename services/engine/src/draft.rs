//! Saying: drafting own frames, taking them in, and leaving.

use crate::{Effect, Engine, Entry, LinkState, Phase, Time};
use chat_protocol::{
    ContentHash, Dot, Frame, VectorClock,
    frame::Signature,
    hash::{self, Past},
    limits,
};

impl Engine {
    /// This node's next frame, without items and signature. Give the finished one back with
    /// [`Engine::say`] before anything else is handled.
    #[must_use]
    pub fn draft(&self, is_final: bool) -> Frame {
        let number = self.number.next();
        let mut clock = self.next_clock();
        let previous = Dot::new(self.me, self.number);
        let past = self.past(previous, clock.dots()).unwrap_or(Past::ZERO);
        clock.set(Dot::new(self.me, number));
        Frame {
            from: self.me,
            number,
            lamport: self.lamport.next(),
            clock,
            past,
            items: Vec::new(),
            sealed: None,
            is_final,
            sig: Signature::ZERO,
        }
    }

    /// Says a frame that was drafted and signed: delivers it here and publishes it.
    pub fn say(&mut self, now: Time, entry: Entry) {
        self.pass(now);
        debug_assert_eq!(entry.dot(), Dot::new(self.me, self.number.next()), "drafted just now");
        let is_final = entry.frame.is_final;
        self.number = entry.frame.number;
        self.resend.push_back((self.now, entry.dot()));
        self.forget_resend();
        self.effect(Effect::Publish(entry.clone()));
        self.transcript.bind(entry.dependencies());
        self.flow.own_frame(self.now);
        self.accept(entry, Vec::new(), None);
        // The last word has little time to be claimed.
        let others = if is_final { 0 } else { self.roster.len() };
        self.beats.own_frame_said(self.now, others);
        if is_final {
            self.phase = Phase::Leaving { until: self.now + limits::LINGER };
            if self.roster.present().next().is_none() || self.link == LinkState::Down {
                self.gone();
            }
        }
    }

    /// All heads; in a small room everyone present, too.
    fn next_clock(&self) -> VectorClock {
        let mut clock = self.frontier.heads().clone();
        if self.member_count() <= self.config.full_clock_members {
            for (node, _) in self.roster.counted() {
                if let Some((top, _)) = self.authors.get(node).and_then(|author| author.top) {
                    clock.raise(Dot::new(*node, top));
                }
            }
        }
        clock.remove(&self.me);
        clock
    }

    /// The `past` over an author's previous frame and what a clock names, if the contents
    /// of all of these are known here.
    pub(crate) fn past(&self, previous: Dot, named: impl Iterator<Item = Dot>) -> Option<Past> {
        let own = if previous.number.0 == 0 { ContentHash::ZERO } else { self.content(previous)? };
        let named: Option<Vec<_>> = named.map(|dot| Some((dot, self.content(dot)?))).collect();
        Some(hash::past(own, named?))
    }

    fn content(&self, dot: Dot) -> Option<ContentHash> {
        self.transcript.hash(dot).or_else(|| self.authors.hash(dot))
    }

    /// While connected only the last stretch can have been lost on the way out.
    fn forget_resend(&mut self) {
        if self.link == LinkState::Up {
            let since = self.now.saturating_sub(limits::RESEND);
            while self.resend.front().is_some_and(|(said, _)| *said < since) {
                self.resend.pop_front();
            }
        }
        while self.resend.len() as u64 > limits::UNACKNOWLEDGED {
            self.resend.pop_front();
        }
    }
}
