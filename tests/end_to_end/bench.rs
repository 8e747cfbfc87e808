//! `chat bench` measures both sides, loses nothing, and says what it measured.

use chat_tests::{Server, programs};
use serde_json::Value;
use std::process::{Command, Output};

fn bench(server: &Server, options: &[&str]) -> Output {
    let mut command = Command::new(programs::program("chat"));
    command.args(["bench", "--repeats", "1", "--server", &server.url()]).args(options);
    programs::without_settings(&mut command).output().expect("chat can be started")
}

#[test]
fn what_is_measured_is_told_to_programs_and_nothing_is_lost() {
    let server = Server::start();
    let output = bench(&server, &["--json", "--members", "3", "--senders", "2"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!([&told["members"], &told["senders"], &told["payload_bytes"]], [3, 2, 200]);
    assert_eq!(told["sealed"], true);
    for field in [
        "raw_deliveries_per_s",
        "chat_deliveries_per_s",
        "ratio",
        "raw_p50_us",
        "raw_p99_us",
        "p50_us",
        "p99_us",
    ] {
        assert!(told[field].as_f64().is_some_and(|value| value > 0.0), "{field}: {told}");
    }
    assert_eq!([&told["lost"], &told["duplicated"], &told["reordered"]], [0, 0, 0]);
}

#[test]
fn what_cant_be_measured_is_a_usage_error() {
    let server = Server::start();
    for options in [["--members", "1"], ["--payload", "10"], ["--payload", "16385"]] {
        let output = bench(&server, &options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(options[0]), "{options:?}");
    }
}
