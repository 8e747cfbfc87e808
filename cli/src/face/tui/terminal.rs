//! The terminal, taken for a full screen and given back as it was found: on leaving, on a
//! panic, before the process stops.
//!
//! Giving back is idempotent and possible from any thread, since a panic may be anywhere.

use ratatui::crossterm::{
    cursor::{MoveTo, Show},
    event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange},
    execute,
    style::Print,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use std::{
    io::{self, stdout},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    time::Duration,
};

/// Buttons and the wheel, in SGR form. Not every movement of the mouse: that would wake an
/// idle program all the time.
const MOUSE_ON: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const MOUSE_OFF: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// Whether it is taken.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// It is never taken again: the process is ending.
static ENDED: AtomicBool = AtomicBool::new(false);
/// A terminal that takes nothing any more keeps the process from ending for so long.
const STUCK: Duration = Duration::from_millis(500);

/// Takes it: raw, with a screen of its own. Not where it was given back for good.
pub(super) fn take() -> io::Result<()> {
    if ENDED.load(Ordering::SeqCst) || TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    enable_raw_mode()?;
    execute!(
        stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        Print(MOUSE_ON),
        MoveTo(0, 0)
    )?;
    if ENDED.load(Ordering::SeqCst) {
        lend();
    }
    Ok(())
}

/// Gives it back, to be taken again.
pub(super) fn lend() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // First what can't block. Each is tried: a terminal that is gone refuses all of them.
        let _ = disable_raw_mode();
        let _ = execute!(
            stdout(),
            Print(MOUSE_OFF),
            DisableFocusChange,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
    }
}

/// Gives it back for good. Does nothing where it never was taken.
pub(crate) fn give_back_terminal() {
    ENDED.store(true, Ordering::SeqCst);
    if terminal_is_taken() {
        let (done, given_back) = channel();
        std::thread::spawn(move || {
            lend();
            let _ = done.send(());
        });
        let _ = given_back.recv_timeout(STUCK);
    }
}

/// Whether it is taken: only then may it be drawn on.
pub(crate) fn terminal_is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Before a panic is told of, the terminal is made fit to show it.
pub(super) fn give_back_on_panic() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back_terminal();
        told(panic);
    }));
}
