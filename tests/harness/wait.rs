//! Waiting for conditions, with a deadline that makes a hang a failure.

use std::time::{Duration, Instant};

/// How long a condition may take unless a test says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until `condition` gives something.
///
/// # Panics
/// With `what` and what `state` shows, once `patience` is over.
pub fn within<T>(
    patience: Duration,
    what: &str,
    mut condition: impl FnMut() -> Option<T>,
    state: impl Fn() -> String,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(met) = condition() {
            return met;
        }
        assert!(begun.elapsed() < patience, "not within {patience:?}: {what}\n{}", state());
        std::thread::sleep(Duration::from_millis(5));
    }
}
