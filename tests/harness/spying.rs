//! Those who listen or record, planted for tests; and a server too old to tell of them.

use crate::programs::{Server, free_port};
use futures_util::StreamExt;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tokio::runtime::Runtime;

/// A connection that does what no member does; ends when dropped.
#[derive(Debug)]
pub struct Spy {
    runtime: Runtime,
    client: async_nats::Client,
    heard: Arc<AtomicBool>,
}

impl Spy {
    /// Connects under a name of its own.
    ///
    /// # Panics
    /// Where it can't.
    #[must_use]
    pub fn connect(url: &str, name: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let connecting = async_nats::ConnectOptions::new().name(name).connect(url);
        let client = runtime.block_on(connecting).expect("the spy connects");
        Self { runtime, client, heard: Arc::default() }
    }

    /// Listens to a subject from now on.
    ///
    /// # Panics
    /// Where the server doesn't answer.
    #[must_use]
    pub fn listening(self, subject: &str) -> Self {
        let (subject, heard) = (subject.to_owned(), self.heard.clone());
        self.runtime.block_on(async {
            let mut messages = self.client.subscribe(subject).await.expect("it subscribes");
            tokio::spawn(async move {
                while messages.next().await.is_some() {
                    heard.store(true, Ordering::Release);
                }
            });
            // An answer, whichever, shows that the server has taken the subscription in.
            let _ = self.client.request("_INBOX.nobody", "".into()).await;
        });
        self
    }

    /// Whether anything came.
    #[must_use]
    pub fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Acquire)
    }

    /// Creates a stream that keeps a subject; false while the server can't.
    ///
    /// # Panics
    /// Never, in practice.
    #[must_use]
    pub fn record(&self, stream: &str, subject: &str, no_ack: bool) -> bool {
        let config = json!({
            "name": stream, "subjects": [subject], "storage": "memory",
            "num_replicas": 1, "no_ack": no_ack,
        });
        let api = format!("$JS.API.STREAM.CREATE.{stream}");
        let request = self.client.request(api, config.to_string().into());
        let Ok(answer) = self.runtime.block_on(request) else { return false };
        let answer: serde_json::Value =
            serde_json::from_slice(&answer.payload).expect("JetStream speaks JSON");
        answer.get("error").is_none()
    }
}

/// Servers of one cluster, JetStream on everywhere but at the first.
#[derive(Debug)]
pub struct Cluster {
    /// The one without.
    pub front: Server,
    /// One with.
    pub behind: Server,
    /// JetStream in a cluster needs a majority of the servers.
    _third: Server,
}

impl Cluster {
    /// Starts them; they may find each other a moment later.
    #[must_use]
    pub fn start() -> Self {
        let ports = [free_port(), free_port(), free_port()];
        let routes = ports.map(|port| format!("\"nats-route://127.0.0.1:{port}\"")).join(", ");
        let member = |name: &str, port: u16, rest: &str| {
            Server::configured(&format!(
                "server_name: {name}\n\
                 cluster {{ name: c, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}\n{rest}"
            ))
        };
        let jetstream = "jetstream { store_dir: $FOLDER }\n";
        Self {
            front: member("front", ports[0], ""),
            behind: member("behind", ports[1], jetstream),
            _third: member("third", ports[2], jetstream),
        }
    }
}

/// A leaf without JetStream, and the hub that it joins, which has it.
#[derive(Debug)]
pub struct Leaf {
    /// Where discussions are.
    pub leaf: Server,
    /// What is behind.
    pub hub: Server,
}

impl Leaf {
    /// Starts both; they may find each other a moment later.
    #[must_use]
    pub fn start() -> Self {
        let port = free_port();
        let hub = Server::configured(&format!(
            "server_name: hub\nleafnodes {{ listen: \"127.0.0.1:{port}\" }}\n\
             jetstream {{ store_dir: $FOLDER }}\n"
        ));
        let leaf = Server::configured(&format!(
            "server_name: leaf\n\
             leafnodes {{ remotes: [ {{ url: \"nats-leaf://127.0.0.1:{port}\" }} ] }}\n"
        ));
        Self { leaf, hub }
    }
}

/// Looks like a server of before 2.11: a real one, behind a relay that says another version.
#[derive(Debug)]
pub struct OldServer {
    server: Server,
    port: u16,
    asked: Arc<AtomicBool>,
}

impl OldServer {
    /// Starts it.
    ///
    /// # Panics
    /// Where loopback has no free ports.
    #[must_use]
    pub fn start() -> Self {
        let server = Server::start();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let (to, asked) = (server.port(), Arc::<AtomicBool>::default());
        let seen = asked.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let seen = seen.clone();
                thread::spawn(move || relay(&client, to, &seen));
            }
        });
        Self { server, port, asked }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The URL of the real one.
    #[must_use]
    pub fn real_url(&self) -> String {
        self.server.url()
    }

    /// Whether a client has asked for a trace, which an old server delivers as a message.
    #[must_use]
    pub fn was_asked_for_a_trace(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }
}

fn relay(client: &TcpStream, to: u16, asked: &AtomicBool) -> Option<()> {
    let mut server = TcpStream::connect(("127.0.0.1", to)).ok()?;
    let (mut from_server, mut to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || {
        // The first line is its INFO.
        let mut info = Vec::new();
        let mut byte = [0];
        while info.last() != Some(&b'\n') && from_server.read_exact(&mut byte).is_ok() {
            info.push(byte[0]);
        }
        let info = String::from_utf8_lossy(&info).into_owned();
        let told = info.split_once(r#""version":""#).and_then(|(head, rest)| {
            let (_, rest) = rest.split_once('"')?;
            Some(format!(r#"{head}"version":"2.10.29"{rest}"#))
        });
        let _ = to_client.write_all(told.expect("an INFO").as_bytes());
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut from_client = client.try_clone().ok()?;
    let mut buffer = [0; 4096];
    loop {
        let count = from_client.read(&mut buffer).ok().filter(|count| *count > 0);
        let Some(count) = count else { break };
        if String::from_utf8_lossy(&buffer[..count]).contains("Nats-Trace") {
            asked.store(true, Ordering::Release);
        }
        server.write_all(&buffer[..count]).ok()?;
    }
    server.shutdown(Shutdown::Both).ok()
}
