//! Whoever leaves has said its last.

use crate::room::{Room, brings_mint};
use chat_engine::Time;
use chat_node::{Command, Reason};
use chat_protocol::{Envelope, NodeId};
use std::sync::Arc;

/// More than let whoever has something to say mint out of turn.
const MANY: usize = 17;

fn no_mints_for_the_last(envelope: &Envelope, to: usize) -> bool {
    to == MANY && brings_mint(envelope)
}

/// A mint that this node could open.
fn mint_for(node: NodeId, room: &Room) -> Option<Arc<Vec<u8>>> {
    let opens = |payload: &[u8]| match Envelope::parse(payload) {
        Ok(Envelope::Mint(mint)) => mint.audience.contains_key(&node),
        _ => false,
    };
    room.sent.iter().map(|(_, payload)| payload).find(|payload| opens(payload)).cloned()
}

#[test]
fn who_has_left_before_it_could_speak_says_nothing_once_it_could() {
    let mut room = Room::new(MANY, true);
    room.loses = no_mints_for_the_last;
    let last = room.enter();
    let mint = loop {
        room.run(Time::from_millis(10));
        if let Some(mint) = mint_for(room.people[last].id, &room) {
            break mint;
        }
    };
    room.command(last, Command::Leave(Reason::EndOfInput));
    assert!(room.people[last].alive, "it waits until the others have its last");
    room.inject(last, &mint, None);
    room.run(Time::from_secs(5));
    let everyone = room.people.iter().map(|person| person.id);
    let mut pairs = everyone.flat_map(|node| (0..=MANY).map(move |who| (who, node)));
    assert!(!pairs.any(|(who, node)| room.expels(who, node)));
    let said = room.envelopes(last).into_iter().filter(|it| matches!(it, Envelope::Frame(_)));
    assert_eq!(said.count(), 1);
}
