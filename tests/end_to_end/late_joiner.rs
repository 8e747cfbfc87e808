//! Whoever comes late is given the live transcript, in order, marked as from before.

use chat_tests::{Chat, Director, Server, causal, wait::PATIENCE};

#[test]
fn a_late_joiner_is_told_everything_and_marks_it_as_backfill() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    for n in 0..150 {
        ann.say(&format!("ann {n}"));
        bob.say(&format!("bob {n}"));
    }
    ann.wait_for_messages(PATIENCE, 300);
    bob.wait_for_messages(PATIENCE, 300);
    let mut cem = Chat::join(&server.url(), &invite, "cem");
    cem.wait_for_messages(PATIENCE, 300);
    assert_eq!(cem.ready()["members"], 3);
    assert!(cem.events_of("message").iter().all(|message| message["backfill"] == true));
    let events = cem.events();
    let names: Vec<_> =
        events[1..3].iter().map(|event| (&event["change"], &event["nick"])).collect();
    assert!(
        names.iter().all(|(change, _)| **change == "joined"),
        "right after ready stands who is there: {names:?}"
    );
    assert!(
        names.iter().any(|(_, nick)| **nick == "ann")
            && names.iter().any(|(_, nick)| **nick == "bob")
    );
    cem.say("hello");
    for node in [&ann, &bob] {
        assert_eq!(node.wait_for_text("hello")["nick"], "cem");
        node.wait_for_agreement(PATIENCE, 3);
    }
    causal::check("cem", &cem.events());
    causal::check_equal(&[ann.closed(), bob.closed(), cem.closed()]);
}

#[test]
fn texts_that_grow_on_the_wire_do_not_keep_a_late_joiner_out() {
    for options in [&[][..], &["--clear"]] {
        let server = Server::start();
        let _director = Director::start(&server.url());
        let start = [&["start", "--nick", "ann"], options].concat();
        let mut ann = Chat::run(&server.url(), &start);
        let invite = ann.ready()["invite"].as_str().unwrap().to_owned();
        // Six bytes each as JSON: a page counted in bytes of text would be too large to send.
        let text = "\u{1}".repeat(16 << 10);
        for _ in 0..20 {
            ann.say(&text);
        }
        ann.wait_for_messages(PATIENCE, 20);
        let mut bob = Chat::join(&server.url(), &invite, "bob");
        bob.wait_for_messages(PATIENCE, 20);
        ann.wait_for_agreement(PATIENCE, 2);
        bob.wait_for_agreement(PATIENCE, 2);
        causal::check_equal(&[ann.closed(), bob.closed()]);
    }
}
