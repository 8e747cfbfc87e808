//! What a command of a terminal is expected to have: completions, a manual, settings, guesses.

use chat_tests::{
    Director, Server,
    programs::{program, without_settings},
};
use std::{
    fs::File,
    process::{Command, Output, Stdio},
};

fn chat(arguments: &[&str], config: &str) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("chat")).expect("it is writable");
    std::fs::write(folder.path().join("chat/config.toml"), config).expect("it is writable");
    let mut command = Command::new(program("chat"));
    command.args(arguments).stdin(Stdio::null());
    without_settings(&mut command)
        .env("XDG_CONFIG_HOME", folder.path())
        .output()
        .expect("chat runs")
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn completions_are_a_script_that_its_shell_accepts() {
    let script = stdout(&chat(&["completions", "bash"], ""));
    let asked = format!(
        "{script}\nCOMP_WORDS=(chat do); COMP_CWORD=1; _chat chat do chat; echo \"${{COMPREPLY[@]}}\""
    );
    let completed = Command::new("bash").args(["-c", &asked]).output().unwrap();
    assert_eq!(String::from_utf8(completed.stdout).unwrap().trim(), "doctor");
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(stdout(&chat(&["completions", shell], "")).contains("doctor"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    assert!(stdout(&chat(&["man"], "")).contains("config.toml"));
    assert!(stdout(&chat(&["man", "join"], "")).contains("CHAT_INVITE"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    stdout(&chat(&["man", "--out", out.to_str().unwrap()], ""));
    for page in ["chat.1", "chat-join.1", "chat-doctor.1", "chat-man.1"] {
        assert!(out.join(page).is_file(), "{page}");
    }
    let unknown = chat(&["man", "jion"], "");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("join"), "{unknown:?}");
}

#[test]
fn a_setting_that_makes_no_sense_is_refused_with_file_and_line() {
    let output = chat(&["rooms", "--server", "nats://127.0.0.1:1"], "nick = \"a\"\ncolour = 1\n");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = stderr(&output);
    assert!(told.contains("chat/config.toml:2: ") && told.contains("colour"), "{told}");
    assert!(told.contains("next: "), "{told}");
    // What an installation calls does not depend on it.
    stdout(&chat(&["completions", "fish"], "colour = 1\n"));
}

#[test]
fn a_configured_nick_is_taken_and_a_mistyped_command_guessed() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let output = chat(&["start", "--json", "--server", &server.url()], "nick = \"mole\"\n");
    assert!(stdout(&output).contains("\"nick\":\"mole\""), "{output:?}");
    let typo = chat(&["jion"], "");
    assert_eq!(typo.status.code(), Some(2));
    assert!(stderr(&typo).contains("'join'"), "{typo:?}");
}

/// `chat ARGUMENTS >OUT </dev/null`, at a server.
fn writing_to(out: impl Into<Stdio>, server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("chat"));
    command.args(arguments).args(["--server", &server.url()]).stdin(Stdio::null()).stdout(out);
    without_settings(&mut command).stderr(Stdio::piped()).output().expect("chat runs")
}

#[test]
fn what_cant_be_written_is_told_and_who_stops_reading_is_not_bothered() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let commands: [&[&str]; 5] =
        [&["--help"], &["man"], &["demo"], &["start", "--json"], &["doctor", "--json"]];
    for arguments in commands {
        let is_doctor = arguments[0] == "doctor";
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = writing_to(full, &server, arguments);
        let told = stderr(&output);
        assert!(told.contains("No space left on device"), "{arguments:?}: {told}");
        assert_eq!(output.status.code(), Some(if is_doctor { 3 } else { 1 }), "{arguments:?}");

        let (unread, closed) = std::io::pipe().expect("pipes can be made");
        drop(unread);
        let output = writing_to(closed, &server, arguments);
        assert!(!stderr(&output).contains("error"), "{arguments:?}: {output:?}");
        assert_eq!(output.status.code(), Some(if is_doctor { 3 } else { 0 }), "{arguments:?}");
    }
}

#[test]
fn options_that_make_no_sense_are_a_usage_error_of_every_command() {
    for command in ["rooms", "doctor", "start"] {
        let output = chat(&[command, "--password", "secret"], "");
        assert_eq!(output.status.code(), Some(2), "{command}: {output:?}");
        assert!(stderr(&output).contains("add --user"), "{command}: {output:?}");
    }
}
