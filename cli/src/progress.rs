//! What is being waited for, told on stderr once it takes long enough to be wondered about.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};
use tokio::time::sleep;

/// Shorter waits are not worth a word.
const WORTH_A_WORD: Duration = Duration::from_millis(500);
/// Takes the word off a terminal again.
const ERASE_LINE: &str = "\r\u{1b}[K";

/// Waits; says for what where that takes over half a second.
pub(crate) async fn while_waiting<T>(what: &str, waited_for: impl Future<Output = T>) -> T {
    tokio::pin!(waited_for);
    tokio::select! {
        outcome = &mut waited_for => return outcome,
        () = sleep(WORTH_A_WORD) => {}
    }
    let on_terminal = io::stderr().is_terminal();
    let _ = if on_terminal {
        write!(io::stderr(), "-- {what} …").and_then(|()| io::stderr().flush())
    } else {
        writeln!(io::stderr(), "-- {what}")
    };
    let outcome = waited_for.await;
    if on_terminal {
        let _ = write!(io::stderr(), "{ERASE_LINE}");
    }
    outcome
}
