//! An insider mints without end: the others go on.

use crate::room::Room;
use chat_engine::Time;
use chat_protocol::Envelope;
use chat_secrecy::person::rogue;

#[test]
fn a_flood_of_mints_keeps_nobody_from_speaking() {
    let mut room = Room::new(3, true);
    let mut flooder = rogue(true, 2);
    for who in 0..2 {
        for envelope in room.envelopes(who) {
            if let Envelope::Hello(hello) = envelope {
                flooder.learn(&hello).unwrap();
            }
        }
    }
    let view = [room.people[0].id, room.people[1].id];
    flooder.set_view(view.into_iter(), room.now);
    for round in 0..10 {
        for _ in 0..30 {
            let mint = Envelope::Mint(flooder.lock(room.now).unwrap()).to_json();
            room.inject(0, &mint, None);
            room.inject(1, &mint, None);
        }
        let text = format!("round {round}");
        room.says(round % 2, &text);
        room.run(Time::from_secs(2));
        assert!(room.reads(1 - round % 2, &text), "{text}");
    }
    let mints = room.envelopes(0).into_iter().chain(room.envelopes(1));
    let answered = mints.filter(|envelope| matches!(envelope, Envelope::Mint(_))).count();
    assert!(answered < 40, "and answer with few mints of their own: {answered}");
}
