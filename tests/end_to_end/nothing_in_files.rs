//! A whole session on one machine, its server included, writes nothing anywhere.

use chat_tests::{
    Chat,
    programs::{Process, free_port, listens, nats_server, program, without_settings},
    wait::within,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

const SAID: &str = "canary-40fe-of-what-was-said";
const NICK: &str = "canary-nick-3d";
/// All variables that tell a program where files go.
const PLACES: [&str; 9] = [
    "HOME",
    "TMPDIR",
    "TEMP",
    "TMP",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
];

/// Everything below a folder: folders without contents, files with theirs.
fn listing(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir().expect("the folder is readable").map_while(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(listing(&path));
            found.insert(path, None);
        } else {
            let contents = std::fs::read(&path).expect("the file is readable");
            found.insert(path, Some(contents));
        }
    }
    found
}

/// Files that hold a text, be it in their names.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let holds = |(path, contents): (PathBuf, Option<Vec<u8>>)| {
        let named = has(path.as_os_str().as_encoded_bytes());
        (named || contents.is_some_and(|contents| has(&contents))).then_some(path)
    };
    listing(folder).into_iter().filter_map(holds).collect()
}

/// `chat` in a home of its own.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(program("chat").canonicalize().expect("it was built"));
    without_settings(&mut command).current_dir(folder.join("HOME"));
    command.envs(PLACES.map(|place| (place, folder.join(place))));
    command.env("CHAT_NATS_SERVER", nats_server().canonicalize().expect("it was fetched"));
    command
}

/// The server that `chat start` starts where none is named, as it starts it, but for the port
/// and that it ends soon.
fn server(folder: &Path, port: u16) -> Process {
    let mut command = command(folder);
    command.args(["serve", "--no-context", "--idle-exit", "2", "--listen"]);
    command.arg(format!("127.0.0.1:{port}")).stdin(Stdio::null()).stdout(Stdio::null());
    Process::start(&mut command)
}

fn chat(folder: &Path, port: u16, arguments: &[&str]) -> Chat {
    let mut command = command(folder);
    command.args(["--json", "--server", &format!("nats://127.0.0.1:{port}")]).args(arguments);
    Chat::start(&mut command)
}

#[test]
fn a_session_and_its_server_write_no_file() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path();
    for name in PLACES {
        std::fs::create_dir(folder.join(name)).expect("the folder is writable");
    }
    let before = listing(folder);
    let port = free_port();
    let mut server = server(folder, port);
    let listening = || listens(port).then_some(());
    within(Duration::from_secs(10), "it listens", listening, || server.stderr());
    let mut ann = chat(folder, port, &["start", "canary-topic-81", "--nick", NICK]);
    let invite = ann.ready()["invite"].as_str().unwrap_or_default().to_owned();
    let mut bob = chat(folder, port, &["join", &invite, "--nick", "bob"]);
    bob.ready();
    ann.say(SAID);
    bob.wait_for_text(SAID);
    bob.say("canary-answer-55");
    ann.wait_for_text("canary-answer-55");
    let canaries = [SAID, NICK, "canary-topic-81", "canary-answer-55", &invite[6..]];
    for canary in canaries {
        assert_eq!(holding(folder, canary), [] as [PathBuf; 0], "{canary}, during the session");
    }
    assert_eq!(listing(folder), before, "during the session");
    assert_eq!(bob.finish(), 0, "{}", bob.state());
    assert_eq!(ann.finish(), 0, "{}", ann.state());
    assert_eq!(server.wait(), 0, "{}", server.stderr());
    assert_eq!(listing(folder), before, "after the session");

    std::fs::write(folder.join("HOME/history"), format!("ann: {SAID}\n")).expect("writable");
    assert_eq!(holding(folder, SAID).len(), 1, "it would be found");
}
