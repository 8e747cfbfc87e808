//! Medians, and between which values they lie.

use super::{heard::Faults, load::Outcome};
use std::time::Duration;

/// One quantity, measured several times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    fn add(&mut self, value: f64) {
        let place = self.0.partition_point(|other| *other < value);
        self.0.insert(place, value);
    }

    /// The middle one, of an even number the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let Some(last) = self.0.len().checked_sub(1) else { return f64::NAN };
        f64::midpoint(self.0[last / 2], self.0[last.div_ceil(2)])
    }

    /// The least and the greatest.
    pub(crate) fn ends(&self) -> [f64; 2] {
        [self.0.first(), self.0.last()].map(|end| end.copied().unwrap_or(f64::NAN))
    }
}

/// What was measured of raw NATS, or of ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    pub(crate) deliveries_per_s: Spread,
    /// In us, at a pace.
    pub(crate) p50: Spread,
    pub(crate) p99: Spread,
    pub(crate) faults: Faults,
}

/// Both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) raw: Side,
    pub(crate) ours: Side,
}

impl Figures {
    pub(crate) fn add(&mut self, raw: [Outcome; 2], ours: [Outcome; 2]) {
        self.raw.add(raw);
        self.ours.add(ours);
    }
}

impl Side {
    fn add(&mut self, [fast, paced]: [Outcome; 2]) {
        self.deliveries_per_s.add(fast.deliveries as f64 / fast.took.as_secs_f64());
        self.p50.add(micros(&paced.latencies, 50));
        self.p99.add(micros(&paced.latencies, 99));
        self.faults += fast.faults;
        self.faults += paced.faults;
    }
}

/// Of sorted latencies so many percent are no longer than this.
fn micros(latencies: &[Duration], percent: usize) -> f64 {
    let place = (latencies.len() * percent).div_ceil(100).saturating_sub(1);
    latencies.get(place).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_and_percentiles_are_of_those_measured() {
        let mut spread = Spread::default();
        assert!(spread.median().is_nan());
        for value in [3.0, 9.0, 1.0] {
            spread.add(value);
        }
        assert_eq!((spread.median(), spread.ends()), (3.0, [1.0, 9.0]));
        spread.add(5.0);
        assert_eq!(spread.median(), 4.0);
        let latencies: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        assert_eq!([50, 99].map(|percent| micros(&latencies, percent).round()), [100.0, 198.0]);
    }
}
