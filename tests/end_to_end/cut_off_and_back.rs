//! A node that loses its server and comes back misses nothing, and is missed by nobody.

use chat_tests::{Cable, Chat, Director, Server, causal, wait::PATIENCE};
use std::time::{Duration, Instant};

#[test]
fn two_hundred_messages_with_a_cut_and_a_late_joiner_end_equal() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (ann, invite) = Chat::open(&server.url(), "ann");
    let cable = Cable::to(("127.0.0.1".to_owned(), server.port()));
    let cut_off = Chat::join(&cable.url(), &invite, "bob");
    let mut nodes = vec![ann, cut_off];
    for nick in ["cem", "dan"] {
        nodes.push(Chat::join(&server.url(), &invite, nick));
    }
    let say_round = |nodes: &mut Vec<Chat>, round: usize| {
        for (index, node) in nodes.iter_mut().enumerate() {
            node.say(&format!("{index} says {round}"));
        }
    };
    (0..10).for_each(|round| say_round(&mut nodes, round));
    nodes[1].wait_for_messages(PATIENCE, 40);
    cable.cut();
    let cut_at = Instant::now();
    nodes[1].wait_for("down", |event| event["event"] == "connection" && event["state"] == "down");
    (10..25).for_each(|round| say_round(&mut nodes, round));
    nodes.push(Chat::join(&server.url(), &invite, "eve"));
    (25..45).for_each(|round| say_round(&mut nodes, round));
    // The others must have noticed: that is part of what is to be healed.
    nodes[0].wait_for("unreachable", |event| {
        event["change"] == "unreachable" && event["nick"] == "bob"
    });
    std::thread::sleep(Duration::from_secs(12).saturating_sub(cut_at.elapsed()));
    let own = nodes[1].events_of("message").len();
    assert_eq!(own, 40 + 35, "own messages are shown at once, even while cut off");

    cable.heal();
    let healed_at = Instant::now();
    let all = 25 * 4 + 20 * 5;
    for node in &nodes {
        node.wait_for_messages(Duration::from_secs(10), all);
    }
    let left = Duration::from_secs(10).saturating_sub(healed_at.elapsed());
    Chat::wait_for_one_transcript(&nodes, left);
    println!("equal {:?} after the heal", healed_at.elapsed());
    nodes[0].wait_for("back", |event| event["change"] == "back" && event["nick"] == "bob");
    let closed: Vec<_> = nodes.iter_mut().map(Chat::closed).collect();
    for (index, node) in nodes.iter().enumerate() {
        causal::check(&format!("node {index}"), &node.events());
    }
    causal::check_equal(&closed);
}
