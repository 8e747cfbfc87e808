//! `chat serve`: a NATS server (JetStream off) and a director for this machine or network.

use crate::{
    embedded::{self, Child},
    failure::{Code, Failure},
    globals::Globals,
};
use chat_connect::{Connection, Patience, Settings, connect};
use chat_director::Director;
use std::{
    io::Write,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::{MissedTickBehavior, interval, timeout},
};

/// How often it is looked whether the server lives.
const LOOK: Duration = Duration::from_millis(500);
/// Its clients are counted at a quarter of the time without any, and at least this often.
const COUNT: Duration = Duration::from_secs(5);
/// Asks the server for the connections of this account.
const CONNECTIONS: &str = "$SYS.REQ.ACCOUNT.PING.CONNZ";

/// Arguments of `chat serve`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to listen; 0.0.0.0:4222 serves the network, readable by whoever is on it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4222", value_parser = listen)]
    listen: SocketAddr,
    /// End after so many seconds without a client
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    idle_exit: Option<u64>,
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an address and a port, as in 127.0.0.1:4222".into())
}

const EXAMPLES: &str = "\
Examples:
  chat serve                             for this machine
  chat serve --listen 0.0.0.0:4222       for the network, no password and no TLS
  chat serve --idle-exit 60              ends by itself";

pub(crate) async fn run(args: Args, _globals: Globals) -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let binary = embedded::find()?;
    let mut server = Child::start(&binary, args.listen)?;
    let connection = connect(&settings(args.listen)?, "chat-director", Patience::FailFast).await?;
    let director = Director::start(connection.clone(), Arc::default(), None).await?;
    let mut stderr = std::io::stderr();
    let _ = writeln!(stderr, "serving on nats://{} (JetStream off); interrupt to end", args.listen);
    if !args.listen.ip().is_loopback() {
        let _ = writeln!(stderr, "warning: no password and no TLS: open to whoever reaches it");
    }

    let (stop, stopped) = oneshot::channel::<()>();
    let directing = tokio::spawn(director.run(async { drop(stopped.await) }));
    let mut idle = args.idle_exit.map(|seconds| Idle::new(Duration::from_secs(seconds)));
    let mut look = interval(LOOK);
    let mut count = interval(idle.as_ref().map_or(COUNT, Idle::pause));
    count.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let outcome = loop {
        tokio::select! {
            _ = interrupt.recv() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
            _ = look.tick() => {
                if server.has_ended() {
                    break Err(Failure::new(Code::NoServer, "nats-server has ended"));
                }
            }
            _ = count.tick() => {
                if let Some(idle) = &mut idle && idle.is_over(&connection).await {
                    break Ok(());
                }
            }
        }
    };
    let _ = stop.send(());
    let _ = timeout(Duration::from_secs(1), directing).await;
    outcome
}

fn settings(listen: SocketAddr) -> Result<Settings, Failure> {
    let mut reach = listen;
    if listen.ip().is_unspecified() {
        reach.set_ip(if listen.is_ipv6() {
            [0, 0, 0, 0, 0, 0, 0, 1].into()
        } else {
            [127, 0, 0, 1].into()
        });
    }
    let server = format!("nats://{reach}").parse();
    let server = server
        .map_err(|_| Failure::new(Code::Usage, format!("{listen} is no address to listen on")))?;
    Ok(Settings {
        servers: Some(vec![server]),
        timeout: Duration::from_secs(5),
        ..Settings::default()
    })
}

/// Whether nobody but the director has been connected for a while.
struct Idle {
    limit: Duration,
    since: Instant,
}

impl Idle {
    fn new(limit: Duration) -> Self {
        Self { limit, since: Instant::now() }
    }

    fn pause(&self) -> Duration {
        (self.limit / 4).min(COUNT)
    }

    async fn is_over(&mut self, connection: &Connection) -> bool {
        if clients(connection).await.is_none_or(|clients| clients > 1) {
            self.since = Instant::now();
        }
        self.since.elapsed() >= self.limit
    }
}

/// The connections of this account, our own one included.
async fn clients(connection: &Connection) -> Option<u64> {
    let client = connection.client();
    let asked = client.request(CONNECTIONS, r#"{"limit":1}"#.into());
    let answer = timeout(Duration::from_secs(1), asked).await.ok()?.ok()?;
    let answer: serde_json::Value = serde_json::from_slice(&answer.payload).ok()?;
    answer["data"]["total"].as_u64()
}
