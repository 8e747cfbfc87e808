//! One who takes part: says, and hears what the others say.

use super::mark::Mark;

/// Says.
pub(crate) trait Voice: Send + 'static {
    /// Says a message; waits where there is something to wait for. False if it can't any more.
    fn say(&mut self, message: String) -> impl Future<Output = bool> + Send;
}

/// Hears.
pub(crate) trait Ear: Send + 'static {
    /// The next message of somebody else; none if nothing can come any more.
    fn hear(&mut self) -> impl Future<Output = Option<Mark>> + Send;
}
