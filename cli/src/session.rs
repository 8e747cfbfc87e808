//! A session: a room, an input and an output, held together until the room is closed.
//!
//! One loop, and nothing in it blocks: a user who doesn't read leaves the room's events where
//! they are, and can still be interrupted.

use crate::{
    face::{self, Output, Said},
    failure::{Code, Failure},
    globals::Globals,
    seeker::Seeker,
};
use chat_connect::Connection;
use chat_node::{Code as NoticeCode, Command, Event, Notice, Reason, Room};
use futures_util::future::pending;
use std::collections::VecDeque;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};

/// Events that wait for the output; with more, input waits too.
const TOLD: usize = 64;

/// What happens when input ends.
#[derive(clap::Args, Clone, Copy, Default)]
pub(crate) struct Stay {
    /// When input ends, keep receiving until interrupted
    #[arg(long)]
    stay: bool,
}

/// How a stay in a room ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// For good, for this reason; none if the room ended without a word.
    Closed(Option<Reason>),
    /// Not yet, but there is company in this other room, which was entered.
    Company(Room),
}

/// See the module.
pub(crate) struct Session {
    input: mpsc::Receiver<Said>,
    output: Output<Event>,
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
    stay: bool,
    /// The first event was told: what is wrong with the input comes after it.
    ready: bool,
    input_ended: bool,
    /// Nobody reads what is told.
    unread: bool,
    leaving: bool,
    signalled: bool,
    /// Told once, after who is there.
    notices: Vec<Notice>,
    seeker: Option<Seeker>,
    /// A command that waits for the room to take it.
    pending: Option<Command>,
    /// A signal to leave, that the room wasn't told yet.
    hurry: bool,
    /// What was said to nobody, to be said before anything else.
    again: VecDeque<Command>,
    /// Events that wait for the output to take them.
    told: VecDeque<Event>,
}

impl Session {
    pub(crate) fn new(
        globals: &Globals,
        connection: &Connection,
        stay: Stay,
    ) -> Result<Self, Failure> {
        let (interrupt, terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let face::Opened { input, output, hangup } = face::open(globals)?;
        let mut notices = Vec::new();
        if connection.client().server_info().jetstream {
            notices.push(Notice::new(
                NoticeCode::Jetstream,
                "this server has JetStream on: it can keep what passes. For talk that leaves nothing use one without",
            ));
        }
        Ok(Self {
            input,
            output,
            interrupt,
            terminate,
            hangup,
            stay: stay.stay,
            ready: false,
            input_ended: false,
            unread: false,
            leaving: false,
            signalled: false,
            notices,
            seeker: None,
            pending: None,
            hurry: false,
            again: VecDeque::new(),
            told: VecDeque::new(),
        })
    }

    /// Something to be told once the room is entered.
    pub(crate) fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// While alone, look for a room with others.
    pub(crate) fn seek_company(&mut self, seeker: Seeker) {
        self.seeker = Some(seeker);
    }

    /// Stays in a room until it is closed, and ends.
    pub(crate) async fn run(mut self, mut room: Room) -> Result<(), Failure> {
        loop {
            if let Outcome::Closed(reason) = self.stay_in(&mut room).await {
                return self.end(reason).await;
            }
        }
    }

    /// Stays in a room until it is closed, or until there is company elsewhere.
    pub(crate) async fn stay_in(&mut self, room: &mut Room) -> Outcome {
        let mut closed = None;
        loop {
            if std::mem::take(&mut self.hurry) {
                room.leave(Reason::Signal);
            }
            let has_to_say = !self.again.is_empty() || self.pending.is_some();
            let nothing_told = self.told.is_empty();
            tokio::select! {
                place = self.output.place(), if !nothing_told => {
                    if let (Some(place), Some(event)) = (place, self.told.pop_front()) {
                        place.send(event);
                    }
                }
                () = self.output.closed(), if !self.unread => {
                    self.unread = true;
                    self.told.clear();
                    self.leave(Reason::Left);
                }
                event = room.events.recv(), if nothing_told => match event {
                    None => return Outcome::Closed(closed),
                    Some(event) => {
                        if let Event::Closed(last) = &event {
                            closed = Some(last.reason);
                        }
                        self.happened(event);
                    }
                },
                permit = room.commands.reserve(), if has_to_say => {
                    let next = self.again.pop_front().or_else(|| self.pending.take());
                    if let (Ok(permit), Some(command)) = (permit, next) {
                        permit.send(command);
                    }
                }
                said = self.input.recv(),
                    if self.ready
                        && !has_to_say
                        && !self.input_ended
                        && self.told.len() < TOLD =>
                {
                    self.said(said.unwrap_or(Said::EndOfInput));
                }
                _ = self.interrupt.recv() => self.signalled(),
                _ = self.terminate.recv() => self.signalled(),
                () = hung_up(&mut self.hangup) => self.signalled(),
                room = company(&mut self.seeker), if nothing_told && !self.leaving => {
                    return Outcome::Company(room);
                }
            }
        }
    }

    /// Another room was entered: what was said to nobody will be said there, under the last nick.
    pub(crate) fn moved(&mut self) {
        // What still waited is among that, or was meant for the room before.
        self.pending = None;
        self.ready = false;
        if let Some(nick) = self.seeker.as_ref().and_then(Seeker::renamed) {
            self.again.push_front(Command::Nick(nick));
        }
    }

    /// Waits until everything told was read, and ends.
    pub(crate) async fn end(self, reason: Option<Reason>) -> Result<(), Failure> {
        let Self { output, mut interrupt, mut terminate, .. } = self;
        let shown = tokio::select! {
            shown = output.finish() => shown,
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        };
        face::give_back_terminal();
        shown?;
        let failed = |code, what: &str| Err(Failure::new(code, what));
        match reason {
            Some(Reason::Left | Reason::EndOfInput | Reason::Signal) => Ok(()),
            Some(Reason::Expelled) => failed(Code::Refused, "the others have expelled this node"),
            Some(Reason::ServerLost) => failed(Code::NoServer, "the server is gone for good"),
            None => failed(Code::Other, "the room ended without a word: this is a bug"),
        }
    }

    fn happened(&mut self, event: Event) {
        self.ready |= matches!(event, Event::Ready(_));
        if let Some(seeker) = &mut self.seeker {
            seeker.note(&event);
            if matches!(event, Event::Ready(_)) {
                self.again.extend(seeker.take_unheard());
            }
        }
        // Right after `ready` stands who is there, and nothing else.
        if !matches!(event, Event::Ready(_) | Event::Member(_)) {
            for notice in std::mem::take(&mut self.notices) {
                self.tell(Event::Warning(notice));
            }
        }
        self.tell(event);
    }

    fn said(&mut self, said: Said) {
        match said {
            Said::Command(Command::Leave(reason)) => {
                self.signalled |= reason == Reason::Signal;
                self.leave(reason);
            }
            Said::Command(command) => {
                if self.seeker.as_mut().is_some_and(|seeker| !seeker.said(&command)) {
                    self.tell(Event::Warning(Notice::new(
                        NoticeCode::Trimmed,
                        "nobody is here, and this is too much to be said again where somebody is",
                    )));
                }
                self.pending = Some(command);
            }
            Said::Wrong(event) => self.tell(event),
            Said::EndOfInput => {
                self.input_ended = true;
                if !self.stay {
                    self.leave(Reason::EndOfInput);
                }
            }
        }
    }

    fn signalled(&mut self) {
        if std::mem::replace(&mut self.signalled, true) {
            // Told a second time: no more waiting for anybody.
            face::give_back_terminal();
            std::process::exit(Code::Other as i32);
        }
        self.leave(Reason::Signal);
    }

    /// Leaves once what was said before is said; a signal doesn't wait for that.
    fn leave(&mut self, reason: Reason) {
        if !std::mem::replace(&mut self.leaving, true) || reason == Reason::Signal {
            self.input_ended = true;
            self.again.clear();
            // And whatever room was being entered.
            self.seeker = None;
            self.hurry = reason == Reason::Signal;
            self.pending = (!self.hurry).then_some(Command::Leave(reason));
        }
    }

    fn tell(&mut self, event: Event) {
        if !self.unread {
            self.told.push_back(event);
        }
    }
}

/// Waits for ever where losing the terminal means nothing.
async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

async fn company(seeker: &mut Option<Seeker>) -> Room {
    match seeker {
        Some(seeker) => seeker.company().await,
        None => pending().await,
    }
}
