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
    net::{IpAddr, SocketAddr},
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
    #[arg(long, value_name = "SECONDS", value_parser = idle_exit)]
    idle_exit: Option<u64>,
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(alone) = bare.parse::<IpAddr>() {
        let whole = SocketAddr::from((alone, 4222));
        return Err(format!("there is no port in it: write {whole}"));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "4222"));
    Err(match host {
        "localhost" => format!("a name can stand for several addresses: write 127.0.0.1:{port}"),
        _ => "write an address and a port, as in 127.0.0.1:4222; names aren't looked up".into(),
    })
}

/// Longest time without a client, in seconds: a year.
const YEAR: u64 = 31_536_000;

fn idle_exit(text: &str) -> Result<u64, String> {
    let wanted = text.parse().ok().filter(|seconds| (1..=YEAR).contains(seconds));
    wanted.ok_or_else(|| {
        format!("write seconds, from 1 to {YEAR}; leave it out to serve until interrupted")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_told_with_what_to_write() {
        assert!(listen("127.0.0.1:4222").is_ok() && listen("[::1]:4222").is_ok());
        for (text, next) in [
            ("localhost", "write 127.0.0.1:4222"),
            ("localhost:5000", "write 127.0.0.1:5000"),
            ("0.0.0.0", "write 0.0.0.0:4222"),
            ("[::1]", "write [::1]:4222"),
            ("example.org:1", "names aren't looked up"),
        ] {
            let told = listen(text).unwrap_err();
            assert!(told.contains(next), "{text}: {told}");
        }
    }

    #[test]
    fn no_time_at_all_is_no_time_without_a_client() {
        assert_eq!(idle_exit("1"), Ok(1));
        for text in ["0", "-1", "soon", "31536001"] {
            assert!(idle_exit(text).unwrap_err().contains("leave it out"), "{text}");
        }
    }
}
