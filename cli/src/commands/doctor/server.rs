//! The server itself, and the way to it.

use super::{
    check::{Check, Status},
    ears::short,
};
use chat_connect::{ConnectError, Connection, ServerAddr, Settings};
use serde_json::json;
use std::net::IpAddr;

/// There is no server, or none for us.
pub(super) fn unreachable(error: &ConnectError) -> Check {
    let check = Check::new("server", Status::Critical, error.to_string());
    match error {
        ConnectError::Unreachable { .. } => {
            check.next("`chat serve` runs one; `chat start` brings one of its own for this machine")
        }
        ConnectError::Refused { .. } | ConnectError::Tls { .. } | ConnectError::File { .. } => {
            check.next(error.next().unwrap_or("see `chat doctor --help` for the options"))
        }
    }
}

/// There is one: which, and of what version.
pub(super) fn reached(connection: &Connection) -> [Check; 2] {
    let info = connection.client().server_info();
    let server = Check::new(
        "server",
        Status::Ok,
        format!("{} answers; it calls itself {:?}", connection.server, short(&info.server_name)),
    );
    let found =
        json!({ "name": info.server_name, "version": info.version, "url": connection.server });
    let version = if connection.can_trace() {
        Check::new(
            "version",
            Status::Ok,
            format!("nats-server {}, which tells who listens", info.version),
        )
    } else {
        let detail = format!("nats-server {}: it can't tell who listens", info.version);
        Check::new("version", Status::Unknown, detail).next("update it to 2.11 or newer")
    };
    [server.found([found.clone()]), version.found([found])]
}

/// Whether the way to the server is encrypted, or needs not be.
pub(super) fn tls(connection: &Connection, settings: &Settings) -> Check {
    let asked = settings.ca.is_some() || settings.tls_first;
    let demanded = connection.client().server_info().tls_required;
    way(asked || demanded, settings.servers.as_deref().unwrap_or_default())
}

/// Without any server named it is one on this machine.
fn way(encrypted: bool, servers: &[ServerAddr]) -> Check {
    let by_url = |server: &ServerAddr| matches!(server.scheme(), "tls" | "wss");
    if encrypted || (!servers.is_empty() && servers.iter().all(by_url)) {
        Check::new("tls", Status::Ok, "the way to the server is encrypted")
    } else if servers.iter().all(|server| is_loopback(server.host())) {
        let detail = "not encrypted, and needs not be: the server is on this machine";
        Check::new("tls", Status::Ok, detail)
    } else {
        let detail = "the way to the server is not encrypted: the network between sees who talks, \
                      when, and in clear rooms what";
        Check::new("tls", Status::Warning, detail)
            .next("set up TLS at the server, and name it as tls://…, with --tlsca for a private CA")
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_this_machine_the_way_must_be_encrypted() {
        let status = |encrypted, servers: &[&str]| {
            let servers: Vec<ServerAddr> =
                servers.iter().map(|server| server.parse().unwrap()).collect();
            way(encrypted, &servers).status
        };
        assert_eq!(status(false, &["nats://10.0.0.1"]), Status::Warning);
        assert_eq!(status(false, &["nats://127.0.0.1", "nats://example.org"]), Status::Warning);
        assert_eq!(status(true, &["nats://example.org"]), Status::Ok, "as its INFO says");
        assert_eq!(status(false, &["tls://example.org", "wss://example.org"]), Status::Ok);
        assert_eq!(status(false, &["nats://[::1]:4333"]), Status::Ok);
        assert_eq!(status(false, &[]), Status::Ok, "the default");
    }

    #[test]
    fn only_this_machine_needs_no_encryption() {
        for host in ["127.0.0.1", "localhost", "::1", "[::1]", "127.1.2.3"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.org", "example.org", "fe80::1", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
