//! Three servers of one cluster, as deployed but on loopback.

use crate::{
    programs::{Server, free_port},
    wait::{PATIENCE, within},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
};

/// See the module. What a server keeps for itself, its name and its routes, is left out of the
/// configuration that all have.
#[derive(Debug)]
pub struct Trio(pub [Server; 3]);

impl Trio {
    /// Starts them, and waits until each one names all three to its clients.
    ///
    /// # Panics
    /// Where they don't find each other.
    #[must_use]
    pub fn start() -> Self {
        Self::configured("")
    }

    /// As [`Self::start`], all with this in their configuration.
    ///
    /// # Panics
    /// Where they don't find each other.
    #[must_use]
    pub fn configured(rest: &str) -> Self {
        let ports = [free_port(), free_port(), free_port()];
        let routes = ports.map(|port| format!("\"nats-route://127.0.0.1:{port}\"")).join(", ");
        let mut index = 0;
        let trio = Self(ports.map(|port| {
            index += 1;
            Server::configured(&format!(
                "server_name: n{index}\njetstream: disabled\n\
                 lame_duck_grace_period: \"1s\"\nlame_duck_duration: \"30s\"\n\
                 cluster {{ name: chat, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}\n{rest}"
            ))
        }));
        wait_until_joined(&trio.0);
        trio
    }

    /// The URLs of all, as for `--server`.
    #[must_use]
    pub fn urls(&self) -> String {
        self.0.iter().map(Server::url).collect::<Vec<_>>().join(",")
    }
}

/// Waits until each server of a cluster names all of them to its clients.
///
/// # Panics
/// Where they don't find each other.
pub fn wait_until_joined(servers: &[Server]) {
    for server in servers {
        let complete =
            || (told(server)?["connect_urls"].as_array()?.len() == servers.len()).then_some(());
        within(PATIENCE, "the servers know each other", complete, String::new);
    }
}

/// What a server tells whoever connects, before it asks who that is.
fn told(server: &Server) -> Option<Value> {
    let stream = TcpStream::connect(("127.0.0.1", server.port())).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    serde_json::from_str(line.strip_prefix("INFO ")?).ok()
}
