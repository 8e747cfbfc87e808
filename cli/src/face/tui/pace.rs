//! When to draw: soon after something changed, but never so often that drawing is all there is
//! time for.

use std::time::{Duration, Instant};

/// Shortest time between two drawings.
const SHORTEST: Duration = Duration::from_millis(16);
/// Longest time for which a change stays undrawn, however slow the terminal is.
const LONGEST: Duration = Duration::from_millis(250);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Since when something has changed.
    changed: bool,
    /// When drawing ended last, and how long it took.
    drawn: Option<(Instant, Duration)>,
}

impl Pace {
    pub(super) fn change(&mut self) {
        self.changed = true;
    }

    /// When to draw next; never while nothing has changed.
    pub(super) fn due(&self) -> Option<Instant> {
        let pause = |(ended, took): (Instant, Duration)| ended + took.clamp(SHORTEST, LONGEST);
        self.changed.then(|| self.drawn.map_or_else(Instant::now, pause))
    }

    pub(super) fn drawn(&mut self, begun: Instant, ended: Instant) {
        self.changed = false;
        self.drawn = Some((ended, ended - begun));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_while_nothing_changes_and_a_slow_terminal_is_drawn_on_half_the_time() {
        let mut pace = Pace::default();
        assert_eq!(pace.due(), None);
        pace.change();
        let begun = Instant::now();
        assert!(pace.due().is_some_and(|due| due <= begun + SHORTEST));
        pace.drawn(begun, begun + Duration::from_millis(2));
        assert_eq!(pace.due(), None);
        pace.change();
        assert_eq!(pace.due(), Some(begun + Duration::from_millis(2) + SHORTEST));
        pace.drawn(begun, begun + Duration::from_millis(100));
        pace.change();
        assert_eq!(pace.due(), Some(begun + Duration::from_millis(200)));
    }
}
