//! The model of core NATS: at most once; order kept on a connection, not between them; queue
//! groups; "no responders"; the newest dropped by a slow consumer; publishes of a lost
//! connection sent when it is back; nothing across a partition.

use crate::{
    peer::Link,
    wire::Message,
    world::{Event, World},
};
use chat_engine::Time;
use chat_protocol::NodeId;
use rand::{RngExt, seq::IndexedRandom};
use std::sync::Arc;

/// Commands that a client keeps while it isn't connected.
pub const OUTBOX: usize = 2048;

/// Where something goes.
#[derive(Clone, Debug)]
pub enum To {
    /// Every member, the sender excepted.
    Room,
    /// One of those who serve `sync`.
    AnyMember,
    /// A member's own subject.
    Member(NodeId),
    /// An inbox.
    Inbox(usize),
    /// Some of the room: what a liar can do that sits at the right place.
    Some(Vec<usize>),
}

/// How bad the network is.
#[derive(Clone, Debug)]
pub struct Weather {
    /// Probability that a delivery is lost.
    pub loss: f64,
    /// Probability that it comes twice.
    pub duplicates: f64,
    /// Longest delay of a hop.
    pub delay: Time,
    /// Sides of the cluster between which nothing passes, by direction.
    pub walls: Vec<(u8, u8)>,
    /// What a process that doesn't read holds; then the newest is dropped.
    pub backlog: usize,
}

impl World {
    /// A peer sends.
    pub(crate) fn send(&mut self, from: usize, to: To, message: Message) {
        let message = Arc::new(message);
        self.sent += u64::from(!matches!(to, To::Inbox(_)));
        match self.peers[from].link {
            _ if !self.peers[from].alive => {}
            Link::Whole | Link::Deaf => self.up(from, to, message),
            Link::Mute => {}
            Link::Down | Link::Stalled => {
                if self.peers[from].outbox.len() < OUTBOX {
                    self.peers[from].outbox.push_back((to, message));
                }
            }
        }
    }

    fn up(&mut self, from: usize, to: To, message: Arc<Message>) {
        let delay = self.hop();
        let peer = &mut self.peers[from];
        peer.last_up = peer.last_up.max(self.now + delay);
        let at = peer.last_up;
        self.schedule(at, Event::AtServer { from, to, message });
    }

    /// The server takes a message and routes it.
    pub(crate) fn route(&mut self, from: usize, to: &To, message: &Arc<Message>) {
        match to {
            To::Room => {
                for peer in 0..self.peers.len() {
                    if peer != from {
                        self.down(from, peer, message);
                    }
                }
            }
            To::Some(peers) => {
                for peer in peers {
                    self.down(from, *peer, message);
                }
            }
            To::Inbox(peer) => self.down(from, *peer, message),
            To::Member(id) => {
                if let Some(peer) = self.by_id.get(id).copied() {
                    self.down(from, peer, message);
                }
            }
            To::AnyMember => {
                let serves = |peer: &usize| {
                    let other = &self.peers[*peer];
                    *peer != from && other.serving && other.routed && self.reaches(from, *peer)
                };
                let members: Vec<_> = (0..self.peers.len()).filter(serves).collect();
                match members.choose(&mut self.rng).copied() {
                    Some(peer) => self.down(from, peer, message),
                    None => {
                        let nobody = Arc::new(Message::NoResponders);
                        let at = self.now + self.hop();
                        self.schedule(at, Event::Arrive { from, to: from, message: nobody });
                    }
                }
            }
        }
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        !self.weather.walls.contains(&(self.peers[from].side, self.peers[to].side))
    }

    fn down(&mut self, from: usize, to: usize, message: &Arc<Message>) {
        if !self.peers[to].routed || !self.reaches(from, to) {
            return;
        }
        let copies = match self.rng.random::<f64>() {
            draw if draw < self.weather.loss => 0,
            draw if draw < self.weather.loss + self.weather.duplicates => 2,
            _ => 1,
        };
        for _ in 0..copies {
            match self.peers[to].link {
                Link::Whole | Link::Mute => {
                    let delay = self.hop();
                    let peer = &mut self.peers[to];
                    peer.last_down = peer.last_down.max(self.now + delay);
                    let (at, message) = (peer.last_down, message.clone());
                    self.schedule(at, Event::Arrive { from, to, message });
                }
                Link::Stalled => self.hold(from, to, message),
                Link::Down | Link::Deaf => {}
            }
        }
    }

    /// A process that doesn't read: what doesn't fit is dropped, the newest first.
    pub(crate) fn hold(&mut self, from: usize, to: usize, message: &Arc<Message>) {
        if self.peers[to].backlog.len() < self.weather.backlog {
            self.peers[to].backlog.push_back((from, message.clone()));
        }
    }

    /// What was held back in either direction passes now, in order.
    pub(crate) fn release(&mut self, peer: usize) {
        for (to, message) in std::mem::take(&mut self.peers[peer].outbox) {
            self.up(peer, to, message);
        }
        for (from, message) in std::mem::take(&mut self.peers[peer].backlog) {
            let at = self.now;
            self.schedule(at, Event::Arrive { from, to: peer, message });
        }
    }

    fn hop(&mut self) -> Time {
        let most = self.weather.delay;
        Time::from_micros(200) + most.mul_f64(self.rng.random::<f64>())
    }
}
