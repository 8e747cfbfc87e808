//! Only the members can read what is said in a sealed room, and afterwards nobody.

use chat_protocol::{Envelope, Invite};
use chat_seal::{Admission, Entropy, Identity, RoomKeys, Seal};
use chat_tests::{
    Chat, Director, Recorder, Server,
    wait::{PATIENCE, within},
};
use data_encoding::{BASE32, BASE64, BASE64URL, HEXLOWER};
use std::time::Duration;

const CANARY: &str = "canary-5b1f-sings-of-what-was-said";
const NICK: &str = "canary-nick-77";

/// Whether bytes hold a text: as it is, in any case, backwards, in hexadecimal, base32, or
/// base64 at any offset.
fn holds(bytes: &[u8], text: &str) -> bool {
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let backwards: Vec<u8> = text.bytes().rev().collect();
    let mut forms = vec![text.as_bytes().to_vec(), backwards];
    forms.push(text.to_uppercase().into_bytes());
    for offset in 0..5 {
        // Without the symbols that depend on what stands before and after.
        let padded = [&vec![0; offset][..], text.as_bytes()].concat();
        for encoding in [&BASE64, &BASE64URL, &BASE32, &HEXLOWER] {
            let encoded = encoding.encode(&padded);
            forms.push(encoded.as_bytes()[8..encoded.len() - 8].to_vec());
        }
    }
    let lower = String::from_utf8_lossy(bytes).to_lowercase().into_bytes();
    forms.iter().any(|form| has(form))
        || forms.iter().any(|form| {
            let form = String::from_utf8_lossy(form).to_lowercase().into_bytes();
            form.len() > 20 && lower.windows(form.len()).any(|window| window == form)
        })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_of_everything_finds_nothing_and_with_the_invite_reads_nothing() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let recorder = Recorder::start(&server.url()).await;
    let mut ann = Chat::run(&server.url(), &["start", "canary-topic-9", "--nick", NICK]);
    let ready = ann.ready();
    assert_eq!(ready["sealed"], true);
    let invite = ready["invite"].as_str().unwrap().to_owned();
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.say(CANARY);
    bob.wait_for_text(CANARY);
    bob.say("answer of bob, who says a little more");
    ann.wait_for_text("answer of bob, who says a little more");
    ann.wait_for_agreement(PATIENCE, 2);
    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);

    let recorded = recorder.everything();
    assert!(recorded.len() > 5000, "{} bytes were recorded", recorded.len());
    let secret = &invite[6..];
    for text in [CANARY, NICK, "canary-topic-9", "answer of bob", secret, &secret.replace('-', "")]
    {
        assert!(!holds(&recorded, text), "{text} passed in the clear");
    }
    assert!(
        holds(b"xx Y2FuYXJ5LTViMWYtc2luZ3Mtb2Ytd2hhdC13YXMtc2FpZA", CANARY),
        "it would be found"
    );

    // The recorder gets the invite afterwards, and all that was recorded.
    let parsed: Invite = invite.parse().unwrap();
    let keys = RoomKeys::private(&parsed);
    let me = Identity::from_seed(keys.id(), &[9; 32]);
    let mut late = Seal::sealed(keys, me, Entropy::new(|bytes| bytes.fill(3)), true);
    let envelopes = recorder.envelopes();
    let (mut mints, mut frames) = (0, 0);
    for envelope in &envelopes {
        match envelope {
            Envelope::Hello(hello) => drop(late.learn(hello)),
            Envelope::Want(want) => drop(late.verify_want(want)),
            Envelope::Give(give) => {
                let _ = late.verify_give(give);
                late.take_grant(give);
            }
            _ => {}
        }
    }
    for envelope in &envelopes {
        if let Envelope::Mint(mint) = envelope {
            mints += 1;
            assert!(!late.learn_mint(mint, Duration::ZERO).is_ok_and(|learned| learned.opened));
        }
    }
    for envelope in &envelopes {
        if let Envelope::Frame(frame) = envelope
            && frame.sealed.is_some()
        {
            frames += 1;
            let hash = late.verify_frame(frame).expect("the recording is whole");
            assert_ne!(late.admit(frame, hash), Admission::Readable);
            assert!(late.open(frame, hash).is_none());
        }
    }
    assert!(mints >= 2 && frames >= 4, "{mints} mints and {frames} sealed frames were recorded");
}

#[test]
fn a_clear_room_says_so_at_all_times() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut ann = Chat::run(&server.url(), &["start", "--clear", "--nick", "ann"]);
    assert_eq!(ann.ready()["sealed"], false);
    let warning = ann.wait_for("the banner", |event| event["code"] == "clear");
    assert!(warning["message"].as_str().unwrap().contains("CLEAR"));
    let invite = ann.ready()["invite"].as_str().unwrap().to_owned();
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    bob.wait_for("the banner", |event| event["code"] == "clear");
    bob.say("hi");
    ann.wait_for_text("hi");
    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);
}

#[test]
fn a_public_room_is_sealed_and_says_that_it_is_open() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut ann = Chat::run(&server.url(), &["start", "--public", "--nick", "ann"]);
    let ready = ann.ready();
    assert_eq!(ready["sealed"], true);
    ann.wait_for("the warning", |event| event["code"] == "open");
    let mut bob = Chat::join(&server.url(), ready["room"].as_str().unwrap(), "bob");
    bob.say("hi");
    ann.wait_for_text("hi");
    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);
}

#[test]
fn a_locked_room_turns_the_invite_away_at_once_and_goes_on_for_those_inside() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.wait_for("bob", |event| event["change"] == "joined");
    ann.send(&serde_json::json!({ "lock": true }));
    ann.wait_for("locked", |event| event["code"] == "locked");
    bob.wait_for("locked", |event| event["code"] == "locked");
    let mut eve = Chat::run(&server.url(), &["join", &invite, "--nick", "eve"]);
    assert_eq!(eve.wait(), 6, "{}", eve.state());
    assert!(eve.stderr().contains("locked"), "{}", eve.stderr());
    ann.say("still here");
    bob.wait_for_text("still here");
    assert_eq!(bob.finish(), 0);
    assert_eq!(ann.finish(), 0);
}

#[test]
fn a_locked_public_room_is_called_locked_and_never_full_or_over() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let mut ann =
        Chat::run(&server.url(), &["start", "--public", "--capacity", "3", "--nick", "ann"]);
    let room = ann.ready()["invite"].as_str().unwrap().to_owned();
    ann.send(&serde_json::json!({ "lock": true }));
    ann.wait_for("locked", |event| event["code"] == "locked");
    let mut turned_away: Vec<_> = ["eve", "fay", "gus"]
        .map(|nick| Chat::run(&server.url(), &["join", &room, "--nick", nick]))
        .into();
    for chat in &mut turned_away {
        assert_eq!(chat.wait(), 6, "{}", chat.state());
        assert!(chat.stderr().contains("locked"), "{}", chat.stderr());
    }
    let mut stranger = Chat::run(&server.url(), &["random", "--nick", "hal"]);
    assert_ne!(stranger.ready()["room"], room.as_str());
    assert_eq!(stranger.finish(), 0);
    assert_eq!(ann.finish(), 0);
}

#[test]
fn fingerprints_are_words_and_the_same_at_both_ends() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    let mut cem = Chat::join(&server.url(), &invite, "cem");
    let print = |chat: &Chat| {
        let found = || {
            let event = chat.find(|event| event["change"] == "joined" && event["nick"] == "ann")?;
            event["fingerprint"].as_str().map(str::to_owned)
        };
        within(PATIENCE, "ann's fingerprint", found, || chat.state())
    };
    let (one, other) = (print(&bob), print(&cem));
    assert_eq!(one, other);
    assert_eq!(one.split('-').count(), 8, "{one}");
    for chat in [&mut bob, &mut cem, &mut ann] {
        assert_eq!(chat.finish(), 0);
    }
}
