//! Members of a private room: whole nodes, as `chat` runs one, with default settings.

use super::{
    mark::Mark,
    member::{Ear, Voice},
};
use crate::{
    failure::{Code, Failure},
    globals::Globals,
};
use chat_connect::Settings;
use chat_node::{Change, Command, Entry, Event, Events, Opening, Room};
use chat_protocol::{Invite, NodeId, invite::Secret};
use std::{collections::BTreeSet, time::Duration};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

/// So many come in at once: what all of them have to do for that would keep more from it.
const AT_ONCE: usize = 8;
/// All must see those by then.
const GATHER: Duration = Duration::from_secs(60);
/// Each replaces its key once it has opened an epoch, which all others check: for each of them so long.
const SETTLE: Duration = Duration::from_millis(50);

pub(crate) struct NodeVoice(mpsc::Sender<Command>);

pub(crate) struct NodeEar {
    me: NodeId,
    events: Events,
    /// The others that came in.
    seen: BTreeSet<NodeId>,
}

impl Voice for NodeVoice {
    async fn say(&mut self, message: String) -> bool {
        self.0.send(Command::Say(message)).await.is_ok()
    }
}

impl NodeEar {
    /// Waits until it has seen so many others come in.
    async fn see(&mut self, others: usize) {
        while self.seen.len() < others
            && let Some(event) = self.events.recv().await
        {
            if let Event::Member(member) = event
                && member.change == Change::Joined
                && member.node != self.me
            {
                self.seen.insert(member.node);
            }
        }
    }
}

impl Ear for NodeEar {
    async fn hear(&mut self) -> Option<Mark> {
        loop {
            if let Event::Message(message) = self.events.recv().await?
                && message.node() != self.me
                && let Some(mark) = Mark::of(message.text.as_bytes())
            {
                return Some(mark);
            }
        }
    }
}

/// So many of them, each with a connection of its own, once everyone sees everyone and what comes
/// of that is done.
pub(crate) async fn members(
    globals: &Globals,
    settings: &Settings,
    members: usize,
    sealed: bool,
) -> Result<(Vec<NodeVoice>, Vec<NodeEar>), Failure> {
    let secret = Secret::try_fill(getrandom::fill)
        .map_err(|error| Failure::new(Code::Other, format!("no random numbers: {error}")))?;
    let invite = Invite { secret, clear: !sealed, history: false };
    let (mut voices, mut ears) = (Vec::new(), Vec::new());
    for number in 0..members {
        let opening = match number {
            0 => Opening::Found,
            _ => Opening::Join { patience: GATHER },
        };
        let entry = Entry::invited(&invite, opening, format!("bench-{number}"));
        let Room { node, commands, events, .. } =
            Room::enter(globals.connect(settings).await?, entry).await?;
        voices.push(NodeVoice(commands));
        ears.push(NodeEar { me: node, events, seen: BTreeSet::new() });
        if ears.len() < members && ears.len() % AT_ONCE != 0 {
            continue;
        }
        let gathering = async {
            for ear in &mut ears {
                ear.see(number).await;
            }
        };
        timeout(GATHER, gathering).await.map_err(|_| {
            let text = format!("not all of {} members saw each other in 60 s", number + 1);
            Failure::new(Code::Other, text).next("try with fewer members")
        })?;
    }
    sleep(SETTLE * u32::try_from(members).unwrap_or(u32::MAX)).await;
    Ok((voices, ears))
}

/// Ends when they are out.
pub(crate) async fn leave(voices: Vec<NodeVoice>, ears: Vec<NodeEar>) {
    drop(voices);
    for mut ear in ears {
        while ear.hear().await.is_some() {}
    }
}
