//! A program in a terminal of its own: keys in, a screen out.
//!
//! The pseudo-terminal is a real one; what is written on it is read by an emulator (`vt100`),
//! so that a test asks for what a person would see.

use crate::wait::{PATIENCE, within};
use pty_process::{
    Size,
    blocking::{Pts, Pty},
};
use rustix::termios::tcgetattr;
use std::{
    io::{Read, Write},
    num::NonZeroU16,
    process::{Child, Command},
    sync::{Arc, Mutex, MutexGuard},
};

/// What a program writes that takes all of the terminal.
const ALTERNATE_SCREEN: &[u8] = b"\x1b[?1049h";

/// What the emulator knows, and every byte it was given.
struct Seen {
    emulator: vt100::Parser,
    bytes: Vec<u8>,
}

/// See the module. The program is killed when it is dropped.
pub struct Terminal {
    pty: Arc<Pty>,
    pts: Pts,
    child: Child,
    seen: Arc<Mutex<Seen>>,
    found: String,
    /// Held by whoever keeps it from being read.
    reading: Arc<Mutex<()>>,
}

impl Terminal {
    /// Starts a command on a new terminal of this size.
    ///
    /// # Panics
    /// Where that can't be done.
    #[must_use]
    pub fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let (pty, pts) = pty_process::blocking::open().expect("there are pseudo-terminals");
        pty.resize(Size::new(rows, columns)).expect("it can be sized");
        let found = settings(&pts);
        let child = pty_process::blocking::Command::from(command).spawn_borrowed(&pts);
        let emulator = vt100::Parser::new(size(rows), size(columns), 1000);
        let seen = Arc::new(Mutex::new(Seen { emulator, bytes: Vec::new() }));
        let (pty, sink) = (Arc::new(pty), seen.clone());
        let (reader, reading) = (pty.clone(), Arc::new(Mutex::new(())));
        let turn = reading.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while let Ok(count @ 1..) = (&*reader).read(&mut buffer) {
                drop(turn.lock());
                let mut seen = sink.lock().expect("no holder panics");
                seen.bytes.extend(&buffer[..count]);
                seen.emulator.process(&buffer[..count]);
            }
        });
        Self { pty, pts, child: child.expect("the program starts"), seen, found, reading }
    }

    /// Nobody reads it while this is held: soon it takes nothing any more.
    ///
    /// # Panics
    /// Never, in practice.
    pub fn unread(&self) -> MutexGuard<'_, ()> {
        self.reading.lock().expect("no holder panics")
    }

    /// What a person sees.
    #[must_use]
    pub fn screen(&self) -> String {
        self.seen().emulator.screen().contents()
    }

    /// What a person sees, with its colours.
    #[must_use]
    pub fn picture(&self) -> vt100::Screen {
        self.seen().emulator.screen().clone()
    }

    /// Every byte that was written on it so far.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// Whether a program has it all for itself.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.seen().emulator.screen().alternate_screen()
    }

    /// How often a program has taken it all for itself.
    #[must_use]
    pub fn times_taken(&self) -> usize {
        let bytes = self.bytes();
        bytes.windows(ALTERNATE_SCREEN.len()).filter(|seen| *seen == ALTERNATE_SCREEN).count()
    }

    /// Types this.
    ///
    /// # Panics
    /// Where nobody takes it.
    pub fn types(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Types a line, and Enter.
    pub fn line(&self, text: &str) {
        self.types(text);
        self.types("\r");
    }

    /// Pastes this, as terminals do where the program asked for brackets.
    ///
    /// # Panics
    /// Where it didn't.
    pub fn paste(&self, text: &str) {
        assert!(self.seen().emulator.screen().bracketed_paste(), "brackets were asked for");
        self.types(&format!("\u{1b}[200~{text}\u{1b}[201~"));
    }

    /// Makes it another size.
    ///
    /// # Panics
    /// Where that can't be done.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen().emulator.set_size(size(rows), size(columns));
        self.pty.resize(Size::new(rows, columns)).expect("it can be sized");
    }

    /// Waits until a person sees this.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// The invite that is shown, once it is.
    #[must_use]
    pub fn invite(&self) -> String {
        self.wait_for("chat1-");
        let shown = self.screen();
        let from = shown.find("chat1-").unwrap_or_default();
        shown[from..].chars().take_while(|c| !c.is_whitespace()).collect()
    }

    /// Waits until what a person sees is as asked for.
    pub fn wait_until(&self, what: &str, seen: impl Fn(&str) -> bool) {
        within(PATIENCE, what, || seen(&self.screen()).then_some(()), || self.screen());
    }

    /// Waits until the program has taken it, or given it back.
    pub fn wait_until_taken(&self, taken: bool) {
        let is = || (self.is_taken() == taken).then_some(());
        within(PATIENCE, "it is taken or given back", is, || self.screen());
    }

    /// Asserts that nothing of the program is left: modes, screen, cursor, and whatever was
    /// said.
    ///
    /// # Panics
    /// With what is left.
    pub fn assert_as_found(&self, said: &str) {
        self.wait_until_taken(false);
        assert_eq!(settings(&self.pts), self.found, "the terminal's modes");
        let mut seen = self.seen();
        let screen = seen.emulator.screen_mut();
        assert!(!screen.bracketed_paste() && !screen.hide_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        screen.set_scrollback(usize::MAX);
        assert_eq!(screen.scrollback(), 0, "nothing was scrolled out");
        assert!(!screen.contents().contains(said), "{}", screen.contents());
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name.
    ///
    /// # Panics
    /// Where `kill` fails.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let killed = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(killed.is_ok_and(|status| status.success()), "kill -{name} {pid}");
    }

    /// Waits until the process has stopped, as by Ctrl-Z.
    pub fn wait_until_stopped(&self) {
        let stat = format!("/proc/{}/stat", self.pid());
        let stopped = || {
            let stat = std::fs::read_to_string(&stat).ok()?;
            stat.rsplit(") ").next()?.starts_with('T').then_some(())
        };
        within(PATIENCE, "it stops", stopped, || self.screen());
    }

    /// Whether it has ended: there only its remains are left, or nothing.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        stat.is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|state| state.starts_with('Z')))
    }

    /// Waits for its end; the exit code, -1 if a signal ended it.
    pub fn wait(&mut self) -> i32 {
        let Self { child, seen, .. } = self;
        let screen =
            || seen.lock().map_or_else(|_| String::new(), |seen| seen.emulator.screen().contents());
        let status = within(PATIENCE, "it ends", || child.try_wait().ok().flatten(), screen);
        status.code().unwrap_or(-1)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no holder panics")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(pts: &Pts) -> String {
    format!("{:?}", tcgetattr(pts).expect("a terminal has settings"))
}

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has rows and columns")
}
