//! Who may connect, and over what: each way works, each mistake is explained, and no secret is
//! shown whatever happens.

use chat_tests::{
    Authority, Chat, Director, Server,
    identity::{Operator, nkey},
    programs,
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn chat(arguments: &[&str]) -> Output {
    let mut command = Command::new(programs::program("chat"));
    command.args(arguments).stdin(Stdio::null());
    programs::without_settings(&mut command).output().expect("chat runs")
}

/// Everything that a run shows.
fn shown(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// There is no director: who hears that has got in.
const IN: i32 = 4;
const NO_SERVER: i32 = 3;
const REFUSED: i32 = 6;

#[test]
fn a_discussion_over_tls_first_with_client_certificates() {
    let authority = Authority::new("127.0.0.1", "2");
    let server = authority.server(", verify: true, handshake_first: true");
    let [ca, certificate, key] =
        ["ca.pem", "client.pem", "client.key"].map(|name| authority.file(name));
    let options = ["--tlsca", &ca, "--tlscert", &certificate, "--tlskey", &key, "--tlsfirst"];
    let _director = Director::with(&server.url(), &options);
    let run = |rest: &[&str]| Chat::run(&server.url(), &[&options, rest].concat());
    let mut ann = run(&["start", "--nick", "ann"]);
    let invite = ann.ready()["invite"].as_str().unwrap_or_default().to_owned();
    let mut bob = run(&["join", &invite, "--nick", "bob"]);
    bob.ready();
    ann.say("over TLS");
    bob.wait_for_text("over TLS");
    let doctor = chat(&[&options[..], &["doctor", "--server", &server.url()]].concat());
    assert!(shown(&doctor).contains("the way to the server is encrypted"), "{}", shown(&doctor));
    assert_eq!((ann.finish(), bob.finish()), (0, 0));
}

#[test]
fn each_mistake_with_certificates_is_explained_with_a_next_step() {
    let [good, other] = ["127.0.0.1"; 2].map(|name| Authority::new(name, "2"));
    let expired = Authority::new("127.0.0.1", "-1");
    let misnamed = Authority::new("chat.example.org", "2");
    let expect = |server: &Server, options: &[&str], says: &str, next: &str| {
        let url = server.url();
        let output = chat(&[&["rooms", "--server", &url], options].concat());
        let said = shown(&output);
        assert_eq!(output.status.code(), Some(NO_SERVER), "{options:?}: {said}");
        assert!(said.contains(says) && said.contains(&format!("next: {next}")), "{said}");
        let lines = said.lines().filter(|line| !line.starts_with("--")).count();
        assert_eq!(lines, 2, "{said}");
    };
    let [ca, cert, key] = ["ca.pem", "client.pem", "client.key"].map(|file| good.file(file));
    let (other_cert, other_key) = (other.file("client.pem"), other.file("client.key"));

    let server = good.server("");
    expect(&server, &[], "no authority that this machine knows", "name the file");
    expect(&server, &["--tlsca", &other.file("ca.pem")], "no authority in", "name the file");
    expect(&server, &["--tlsca", &ca, "--tlsfirst"], "doesn't answer in TLS", "drop --tlsfirst");
    let server = expired.server("");
    expect(&server, &["--tlsca", &expired.file("ca.pem")], "isn't valid now", "renew it");
    let server = misnamed.server("");
    let options = ["--tlsca", &misnamed.file("ca.pem")];
    expect(&server, &options, "chat.example.org", "name the server in --server as");
    let server = good.server(", verify: true");
    expect(&server, &["--tlsca", &ca], "demands a client certificate", "give one with --tlscert");
    let options = ["--tlsca", &ca, "--tlscert", &other_cert, "--tlskey", &other_key];
    expect(&server, &options, "doesn't accept the client certificate", "use a certificate");
    let options = ["--tlsca", &ca, "--tlscert", &cert, "--tlskey", &other_key];
    expect(&server, &options, "certificate or key", "see --tlsca");
    let server = good.server(", handshake_first: true");
    expect(&server, &["--tlsca", &ca], "says nothing", "if it wants TLS from the first byte");
    let server = Server::start();
    expect(&server, &["--tlsca", &ca], "doesn't answer in TLS", "set up TLS");

    let server = good.server("");
    let output = chat(&["rooms", "--server", &server.url(), "--tlsca", &key]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(shown(&output).contains("holds no certificate"), "{}", shown(&output));
    let output = chat(&["rooms", "--server", &server.url(), "--tlscert", &cert]);
    assert!(shown(&output).contains("--tlscert alone"), "{}", shown(&output));
}

/// One way to identify oneself.
struct Way {
    configuration: String,
    right: Vec<String>,
    wrong: Vec<String>,
    secrets: Vec<String>,
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file: PathBuf = folder.join(name);
    std::fs::write(&file, text).expect("the folder is writable");
    file.display().to_string()
}

fn ways(folder: &Path) -> Vec<Way> {
    const SECRET: &str = "canary-5ecret-7";
    let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (public, seed) = nkey();
    let (_, stranger) = nkey();
    let (operator, strange) = (Operator::new(), Operator::new());
    let nkey_file = write(folder, "user.nk", &format!("{seed}\n"));
    let strange_nkey = write(folder, "stranger.nk", &stranger);
    let creds_file = write(folder, "ann.creds", &operator.creds);
    let strange_creds = write(folder, "stranger.creds", &strange.creds);
    vec![
        Way {
            configuration: format!("authorization {{ user: ann, password: {SECRET:?} }}"),
            right: strings(&["--user", "ann", "--password", SECRET]),
            wrong: strings(&["--user", "bob", "--password", SECRET]),
            secrets: strings(&[SECRET]),
        },
        Way {
            configuration: format!("authorization {{ token: {SECRET:?} }}"),
            right: strings(&["--token", SECRET]),
            wrong: strings(&["--token", "canary-5ecret-8"]),
            secrets: strings(&[SECRET, "canary-5ecret-8"]),
        },
        Way {
            configuration: format!("authorization {{ users: [ {{ nkey: {public} }} ] }}"),
            right: strings(&["--nkey", &nkey_file]),
            wrong: strings(&["--nkey", &strange_nkey]),
            secrets: vec![seed, stranger],
        },
        Way {
            configuration: operator.configuration.clone(),
            right: strings(&["--creds", &creds_file]),
            wrong: strings(&["--creds", &strange_creds]),
            secrets: vec![operator.seed, strange.seed],
        },
    ]
}

#[test]
fn every_identity_gets_in_a_stranger_does_not_and_no_secret_is_ever_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for way in ways(folder.path()) {
        let server = Server::configured(&way.configuration);
        let url = server.url();
        let with = |identity: &[String], rest: &[&str]| {
            let identity: Vec<_> = identity.iter().map(String::as_str).collect();
            let output = chat(&[&["--server", &url, "--verbose"], &identity[..], rest].concat());
            for secret in &way.secrets {
                assert!(!shown(&output).contains(secret.as_str()), "{}", shown(&output));
            }
            output
        };
        let output = with(&way.right, &["rooms"]);
        assert_eq!(output.status.code(), Some(IN), "{}", shown(&output));
        let output = with(&way.wrong, &["rooms"]);
        assert_eq!(output.status.code(), Some(REFUSED), "{}", shown(&output));
        for identity in [&way.right, &way.wrong] {
            with(identity, &["doctor"]);
            with(identity, &["doctor", "--json"]);
        }
        let options = [&["--verbose", "--log-format", "json"].map(String::from)[..], &way.right];
        let options: Vec<_> = options.concat();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let director = Director::with(&url, &options);
        assert_eq!(with(&way.right, &["rooms"]).status.code(), Some(0));
        let log = director.log();
        assert!(log.contains("director ready"), "{log}");
        assert!(way.secrets.iter().all(|secret| !log.contains(secret.as_str())), "{log}");
    }
}

#[test]
fn credentials_in_a_url_and_in_a_context_get_in_and_are_never_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::with_password("ann", "canary-5ecret-9");
    let with_secret = format!("nats://ann:canary-5ecret-9@127.0.0.1:{}", server.port());
    let nowhere = format!("nats://ann:canary-5ecret-9@127.0.0.1:{}", programs::free_port());
    for (url, code) in [(&with_secret, IN), (&nowhere, NO_SERVER)] {
        let output = chat(&["rooms", "--verbose", "--server", url]);
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
        assert!(!shown(&output).contains("canary"), "{}", shown(&output));
    }
    let contexts = folder.path().join("nats/context");
    std::fs::create_dir_all(&contexts).expect("the folder is writable");
    let context = format!(
        r#"{{"url":"nats://127.0.0.1:{}","user":"ann","password":"canary-5ecret-9"}}"#,
        server.port()
    );
    write(&contexts, "lab.json", &context);
    write(&contexts, "broken.json", &context.replace(":\"ann", ":7,\"x\":\"ann"));
    for (name, code) in [("lab", IN), ("broken", 2)] {
        let mut command = Command::new(programs::program("chat"));
        command.args(["rooms", "--verbose", "--context", name]).stdin(Stdio::null());
        let command = programs::without_settings(&mut command);
        let output = command.env("XDG_CONFIG_HOME", folder.path()).output().expect("chat runs");
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
        assert!(!shown(&output).contains("canary"), "{}", shown(&output));
    }
}
