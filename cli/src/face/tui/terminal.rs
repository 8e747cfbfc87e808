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
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Buttons and the wheel, in SGR form. Not every movement of the mouse: that would wake an
/// idle program all the time.
const MOUSE_ON: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const MOUSE_OFF: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// Whether it is taken.
static TAKEN: Mutex<bool> = Mutex::new(false);
/// It is never taken again: the process is ending.
static ENDED: AtomicBool = AtomicBool::new(false);

/// Takes it: raw, with a screen of its own. False where it was given back for good.
pub(super) fn take() -> io::Result<bool> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if ENDED.load(Ordering::Acquire) {
        return Ok(false);
    }
    if !std::mem::replace(&mut *taken, true) {
        enable_raw_mode()?;
        execute!(
            stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
            Print(MOUSE_ON),
            MoveTo(0, 0)
        )?;
    }
    Ok(true)
}

/// Gives it back, to be taken again.
pub(super) fn lend() {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::replace(&mut *taken, false) {
        // Each is tried: a terminal that is gone refuses all of them.
        let _ = execute!(
            stdout(),
            Print(MOUSE_OFF),
            DisableFocusChange,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// Gives it back for good. Does nothing where it never was taken.
pub(crate) fn give_back_terminal() {
    ENDED.store(true, Ordering::Release);
    lend();
}

/// Whether it is taken: only then may it be drawn on.
pub(crate) fn terminal_is_taken() -> bool {
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Before a panic is told of, the terminal is made fit to show it.
pub(super) fn give_back_on_panic() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back_terminal();
        told(panic);
    }));
}
