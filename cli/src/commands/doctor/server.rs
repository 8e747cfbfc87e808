//! The server itself, and the way to it.

use super::check::{Check, Status};
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
            check.next("see `chat doctor --help` for the options")
        }
    }
}

/// There is one: which, and of what version.
pub(super) fn reached(connection: &Connection) -> [Check; 2] {
    let info = connection.client.server_info();
    let server = Check::new(
        "server",
        Status::Ok,
        format!("{} answers; it calls itself {:?}", connection.server, info.server_name),
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
    let by_url = |server: &ServerAddr| matches!(server.scheme(), "tls" | "wss");
    let servers = settings.servers.as_deref().unwrap_or_default();
    let asked = settings.ca.is_some() || settings.tls_first;
    let encrypted = asked
        || connection.client.server_info().tls_required
        || (!servers.is_empty() && servers.iter().all(by_url));
    if encrypted {
        Check::new("tls", Status::Ok, "the way to the server is encrypted")
    } else if servers.iter().all(|server| is_loopback(server.host())) {
        Check::new(
            "tls",
            Status::Ok,
            "not encrypted, and needs not be: the server is on this machine",
        )
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
    fn only_this_machine_needs_no_encryption() {
        for host in ["127.0.0.1", "localhost", "::1", "[::1]", "127.1.2.3"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.org", "example.org", "fe80::1", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
