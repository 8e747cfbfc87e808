//! A node outlives its server where there are others.

use chat_tests::{Chat, Director, Trio, causal, wait::PATIENCE};
use std::time::{Duration, Instant};

/// How often each says something while a server goes.
const PAUSE: Duration = Duration::from_millis(10);

fn was_down(node: &Chat) -> bool {
    node.find(|event| event["event"] == "connection" && event["state"] == "down").is_some()
}

/// All have so many messages, the same ones in the same order, and none before its causes.
pub(crate) fn equal_in_the_end(nodes: &mut [Chat], messages: usize) {
    for node in &*nodes {
        node.wait_for_messages(PATIENCE, messages);
        node.wait_for_agreement(PATIENCE, nodes.len());
    }
    let closed: Vec<_> = nodes.iter_mut().map(Chat::closed).collect();
    for node in nodes {
        causal::check("a node", &node.events());
    }
    causal::check_equal(&closed);
}

#[test]
fn who_knew_one_server_goes_on_at_another_when_that_is_killed() {
    let mut trio = Trio::start();
    let _director = Director::start(&trio.urls());
    let (ann, invite) = Chat::open(&trio.0[0].url(), "ann");
    let bob = Chat::join(&trio.0[1].url(), &invite, "bob");
    let mut nodes = [ann, bob];
    nodes[0].say("before");
    nodes[1].wait_for_text("before");
    trio.0[0].kill();
    let killed = Instant::now();
    for round in 0..50 {
        nodes[0].say(&format!("ann {round}"));
        nodes[1].say(&format!("bob {round}"));
    }
    nodes[0].wait_for("up", |event| event["event"] == "connection" && event["state"] == "up");
    println!("up elsewhere {:?} after the kill", killed.elapsed());
    equal_in_the_end(&mut nodes, 101);
}

#[test]
fn nodes_leave_a_retiring_server_without_a_gap() {
    let mut trio = Trio::start();
    let _director = Director::start(&trio.0[1].url());
    let (ann, invite) = Chat::open(&trio.0[0].url(), "ann");
    let mut nodes = vec![ann];
    for (at, nick) in [(0, "bob"), (1, "cem")] {
        nodes.push(Chat::join(&trio.0[at].url(), &invite, nick));
    }
    let mut said = 0;
    let mut say = |nodes: &mut Vec<Chat>| {
        for node in nodes {
            node.say(&format!("{said}"));
            said += 1;
        }
        std::thread::sleep(PAUSE);
        said
    };
    say(&mut nodes);
    trio.0[0].retire();
    let asked = Instant::now();
    while asked.elapsed() < PATIENCE && !trio.0[0].has_ended() {
        say(&mut nodes);
    }
    println!("the server ended {:?} after it was told to", asked.elapsed());
    trio.0[0].wait_until_ended();
    let said = say(&mut nodes);
    for node in &nodes {
        node.wait_for_messages(PATIENCE, said);
        assert!(!was_down(node), "{}", node.state());
        let heard = node.events_of("message");
        let late = heard.iter().filter(|message| message["late"] == true).count();
        println!("{said} messages, {late} of them inserted late");
    }
    equal_in_the_end(&mut nodes, said);
}
