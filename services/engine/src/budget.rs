//! A token bucket: how many bytes may be given away.

use crate::Time;

/// Fills at `rate` bytes per second up to `burst` bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    tokens: u64,
    rate: u64,
    burst: u64,
    filled: Time,
}

impl Budget {
    pub(crate) fn new(rate: u64, burst: u64, now: Time) -> Self {
        Self { tokens: burst, rate, burst, filled: now }
    }

    /// Whether something may be given now.
    pub(crate) fn is_open(&mut self, now: Time) -> bool {
        let millis = u64::try_from(now.saturating_sub(self.filled).as_millis()).unwrap_or(u64::MAX);
        let earned = self.rate.saturating_mul(millis) / 1000;
        if earned > 0 {
            self.tokens = self.tokens.saturating_add(earned).min(self.burst);
            self.filled = now;
        }
        self.tokens > 0
    }

    /// Takes what was given; a last answer may overdraw down to zero.
    pub(crate) fn spend(&mut self, bytes: usize) {
        self.tokens = self.tokens.saturating_sub(bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_a_burst_and_then_the_rate() {
        let mut budget = Budget::new(1000, 5000, Time::ZERO);
        assert!(budget.is_open(Time::ZERO));
        budget.spend(6000);
        assert!(!budget.is_open(Time::ZERO));
        assert!(budget.is_open(Time::from_millis(10)));
        budget.spend(10);
        assert!(!budget.is_open(Time::from_millis(10)));
    }
}
