//! A process that has left its room holds nothing of it any more, even before it ends.
#![cfg(target_os = "linux")]

mod keys;

use chat_protocol::Invite;
use chat_tests::{
    Chat, Director, Recorder, Server,
    wait::{PATIENCE, within},
};
use keys::{Kind, Recorded};
use nix::{
    sys::{
        ptrace::{self, Options},
        signal::Signal,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    os::unix::fs::FileExt,
};

const SAID: &str = "needle-7c33-of-what-ann-said";
const HEARD: &str = "needle-91aa-of-what-bob-said";

/// A mapping of a process: what `/proc` says of it, and its bytes.
type Mapping = (String, Vec<u8>);

/// Everything writable of a process.
fn memory(pid: Pid) -> Vec<Mapping> {
    let maps = File::open(format!("/proc/{pid}/maps")).expect("this needs the right to trace");
    let pages = File::open(format!("/proc/{pid}/mem")).expect("this needs the right to trace");
    let mut memory = Vec::new();
    for line in BufReader::new(maps).lines().map_while(Result::ok) {
        let mut fields = line.split(' ');
        let (range, rights) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        let Some((from, to)) = range.split_once('-').filter(|_| rights.starts_with("rw")) else {
            continue;
        };
        let address = |text| u64::from_str_radix(text, 16).expect("an address");
        let (from, to) = (address(from), address(to));
        let mut part = vec![0; usize::try_from(to - from).expect("a size")];
        if pages.read_exact_at(&mut part, from).is_ok() {
            memory.push((line.clone(), part));
        }
    }
    memory
}

/// Where a text is, with what stands around it.
fn copies(memory: &[Mapping], needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for (mapping, bytes) in memory {
        let at = |window: &(usize, &[u8])| window.1 == needle;
        for (at, _) in bytes.windows(needle.len()).enumerate().filter(at) {
            let around = at.saturating_sub(48)..(at + needle.len() + 48).min(bytes.len());
            let around = String::from_utf8_lossy(&bytes[around]).into_owned();
            found.push(format!("{at:#x} of {mapping}: {around:?}"));
        }
    }
    found
}

/// The memory of a process at its very end: everything of its own is done, its memory is still
/// there.
fn memory_at_the_end(pid: Pid) -> Vec<Mapping> {
    loop {
        let status = waitpid(pid, Some(WaitPidFlag::__WALL)).expect("it is traced");
        match status {
            WaitStatus::PtraceEvent(_, _, event)
                if event == ptrace::Event::PTRACE_EVENT_EXIT as i32 =>
            {
                let memory = memory(pid);
                // Before anything can fail: nobody else wakes it.
                ptrace::detach(pid, None).expect("it goes on");
                return memory;
            }
            WaitStatus::Stopped(_, Signal::SIGTRAP) | WaitStatus::PtraceEvent(..) => {
                ptrace::cont(pid, None).expect("it goes on");
            }
            WaitStatus::Stopped(_, signal) => ptrace::cont(pid, signal).expect("it goes on"),
            status => panic!("it ended unseen: {status:?}"),
        }
    }
}

#[test]
fn a_node_that_has_left_holds_no_text_and_no_secret() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    ann.say(SAID);
    bob.wait_for_text(SAID);
    bob.say(HEARD);
    ann.wait_for_text(HEARD);
    ann.wait_for_agreement(PATIENCE, 2);
    let parsed: Invite = invite.parse().unwrap();

    let pid = Pid::from_raw(i32::try_from(ann.process().child().id()).unwrap());
    let live = memory(pid);
    assert!(!copies(&live, parsed.secret.bytes()).is_empty(), "the scan finds what is there");
    drop(live);
    ptrace::seize(pid, Options::PTRACE_O_TRACEEXIT).expect("this needs the right to trace");
    ann.close_stdin();
    let left = memory_at_the_end(pid);
    assert_eq!(ann.wait(), 0);
    assert_eq!(bob.finish(), 0);
    let needles = [
        ("what was said", SAID.as_bytes()),
        ("what was heard", HEARD.as_bytes()),
        ("the secret of the invite", &parsed.secret.bytes()[..]),
        ("the invite", &invite.as_bytes()[6..]),
    ];
    let found: Vec<_> = needles
        .into_iter()
        .map(|(what, needle)| (what, copies(&left, needle)))
        .filter(|(_, copies)| !copies.is_empty())
        .collect();
    assert!(found.is_empty(), "left in memory: {found:#?}");
}

/// Everything that was recorded of a room so far.
fn recorded(recorder: &Recorder, invite: &str) -> Recorded {
    let mut recorded = Recorded::new(&invite.parse().expect("an invite"));
    recorded.record(&recorder.envelopes());
    recorded
}

fn keys_in(memory: &[Mapping], recorded: &Recorded) -> BTreeMap<Kind, usize> {
    recorded.find(memory.iter().map(|(_, bytes)| &bytes[..]))
}

/// Two who talk, what passes between them, and what is in the memory of the first: while it is
/// there, and at its very end.
async fn memory_of_ann(history: bool) -> (Recorded, Vec<Mapping>, Vec<Mapping>) {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let recorder = Recorder::start(&server.url()).await;
    let arguments: &[_] = if history { &[] } else { &["--no-history"] };
    let mut ann = Chat::run(&server.url(), &[&["start", "--nick", "ann"], arguments].concat());
    let invite = ann.ready()["invite"].as_str().unwrap_or_default().to_owned();
    let mut bob = Chat::join(&server.url(), &invite, "bob");
    for text in ["one", "two", "three"] {
        ann.say(text);
        bob.wait_for_text(text);
        bob.say(&format!("{text} of bob"));
        ann.wait_for_text(&format!("{text} of bob"));
    }
    ann.wait_for_agreement(PATIENCE, 2);
    let pid = Pid::from_raw(i32::try_from(ann.process().child().id()).expect("a pid"));
    let live = memory(pid);
    // The chains that are there now are known by what is said afterwards.
    for text in ["four", "five"] {
        ann.say(text);
        bob.wait_for_text(text);
        bob.say(&format!("{text} of bob"));
        ann.wait_for_text(&format!("{text} of bob"));
    }
    ptrace::seize(pid, Options::PTRACE_O_TRACEEXIT).expect("this needs the right to trace");
    ann.close_stdin();
    let left = memory_at_the_end(pid);
    assert_eq!(ann.wait(), 0);
    assert_eq!(bob.finish(), 0);
    let all = || {
        let recorded = recorded(&recorder, &invite);
        // Two join frames, and ten times something was said.
        (recorded.frames() >= 12).then_some(recorded)
    };
    let recorded = within(PATIENCE, "everything recorded", all, String::new);
    (recorded, live, left)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_left_holds_no_key_of_its_room() {
    for history in [true, false] {
        let (recorded, live, left) = memory_of_ann(history).await;
        let live = keys_in(&live, &recorded);
        let kept = [Kind::Chain, Kind::Gate, Kind::Psk, Kind::Encapsulation, Kind::Signature];
        for kind in kept.into_iter().chain([Kind::Message]) {
            assert!(live.contains_key(&kind), "the scan finds what is there: {kind:?} in {live:?}");
        }
        for kind in [Kind::Epoch, Kind::EpochSecret] {
            assert!(!live.contains_key(&kind), "wiped once the chains were derived: {live:?}");
        }
        let left = keys_in(&left, &recorded);
        assert!(left.is_empty(), "left in memory: {left:?}");
    }
}
