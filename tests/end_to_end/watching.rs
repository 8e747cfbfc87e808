//! The traffic can be watched: by `chat watch`, which is never a member.

use chat_tests::{Chat, Director, Server};

#[test]
fn a_watcher_sees_frames_with_clocks_and_is_not_a_member() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let room = ann.ready()["room"].as_str().unwrap().to_owned();
    let mut watch = Chat::run(&server.url(), &["watch", &room]);
    // Beats show that it is subscribed.
    watch.wait_for("a beat", |line| line["envelope"]["kind"] == "beat");
    ann.say("seen by all");
    let frame = watch.wait_for("the frame", |line| {
        line["envelope"]["kind"] == "frame" && line.to_string().contains("seen by all")
    });
    assert_eq!(frame["subject"], format!("chat.room.{room}.msg"));
    let me = ann.ready()["node"].as_str().unwrap().to_owned();
    assert_eq!(frame["clock"][&me], frame["envelope"]["number"]);
    watch.process().signal("INT");
    assert_eq!(watch.wait(), 0, "{}", watch.stderr());
    assert!(ann.events_of("member").is_empty(), "a watcher is no member");
    assert_eq!(ann.finish(), 0);
    let mut late = Chat::run(&server.url(), &["join", &invite]);
    assert_eq!(late.wait(), 5, "{}", late.stderr());
}
