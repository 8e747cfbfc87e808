//! `chat bench` on a server of its own: as a room grows, and as messages do.

use super::bound;
use crate::{
    Failure,
    picture::{Chart, Picture, Point, Series},
};
use chat_tests::{Server, programs};
use serde::Deserialize;
use std::process::{Command, Stdio};

const MEMBERS: [usize; 4] = [2, 10, 50, 200];
const PAYLOADS: [usize; 3] = [200, 1024, 8192];
/// Of the rooms whose messages grow.
const FEW: usize = 10;
const REPEATS: usize = 3;

/// What `chat bench --json` tells.
#[derive(Deserialize)]
struct Told {
    raw_deliveries_per_s: f64,
    raw_deliveries_per_s_spread: [f64; 2],
    chat_deliveries_per_s: f64,
    chat_deliveries_per_s_spread: [f64; 2],
    raw_p50_us: f64,
    raw_p99_us: f64,
    p50_us: f64,
    p99_us: f64,
}

impl Told {
    fn raw(&self, at: usize) -> Point {
        let spread = Some(self.raw_deliveries_per_s_spread);
        Point { spread, ..Point::new(at, self.raw_deliveries_per_s) }
    }

    fn chat(&self, at: usize) -> Point {
        let spread = Some(self.chat_deliveries_per_s_spread);
        Point { spread, ..Point::new(at, self.chat_deliveries_per_s) }
    }
}

/// It fails where anything is lost, twice or out of order.
fn bench(
    server: &Server,
    members: usize,
    senders: usize,
    payload: usize,
    options: &[&str],
) -> Result<Told, Failure> {
    let mut command = Command::new(programs::program("chat"));
    command.args(["bench", "--json", "--server", &server.url()]).args(options);
    let numbers = [("--members", members), ("--senders", senders), ("--payload", payload)];
    for (option, number) in numbers.into_iter().chain([("--repeats", REPEATS)]) {
        command.args([option, &number.to_string()]);
    }
    let output = programs::without_settings(&mut command).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("chat bench with {members} members: {}", output.status).into());
    }
    let told = String::from_utf8(output.stdout)?;
    eprint!("{told}");
    Ok(serde_json::from_str(&told)?)
}

pub(crate) fn measure() -> Result<Picture, Failure> {
    let server = Server::start();
    let series = |name: &str| Series::new(name, None);
    let mut one = ["bare NATS", "sealed", "clear", "the wire and cryptography alone"].map(series);
    let mut all = ["bare NATS", "sealed"].map(series);
    let mut paced = [
        "bare NATS, p50",
        "sealed, p50",
        "bare NATS, p99",
        "sealed, p99",
        "the wire and cryptography alone, p50",
    ]
    .map(series);
    let mut sizes = ["bare NATS", "sealed"].map(series);
    let runtime = tokio::runtime::Runtime::new()?;
    for members in MEMBERS {
        let told = bench(&server, members, 1, PAYLOADS[0], &[])?;
        one[0].points.push(told.raw(members));
        one[1].points.push(told.chat(members));
        let clear = bench(&server, members, 1, PAYLOADS[0], &["--clear"])?;
        one[2].points.push(clear.chat(members));
        let [faster, later] = runtime.block_on(bound::ratios(&server.url(), members, REPEATS))?;
        eprintln!("{members}: the wire and cryptography alone: {faster:.2}, {later:.2} as long");
        one[3].points.push(Point::new(members, faster * told.raw_deliveries_per_s));
        let bound = later * told.raw_p50_us;
        let latencies = [told.raw_p50_us, told.p50_us, told.raw_p99_us, told.p99_us, bound];
        for (series, latency) in paced.iter_mut().zip(latencies) {
            series.points.push(Point::new(members, latency));
        }
        let told = bench(&server, members, members, PAYLOADS[0], &[])?;
        all[0].points.push(told.raw(members));
        all[1].points.push(told.chat(members));
    }
    for payload in PAYLOADS {
        let told = bench(&server, FEW, 1, payload, &[])?;
        sizes[0].points.push(told.raw(payload));
        sizes[1].points.push(told.chat(payload));
    }
    let charts = vec![
        Chart::new("deliveries a second, one speaks", "members", one.into()),
        Chart::new("deliveries a second, all speak", "members", all.into()),
        Chart::new("100 messages a second: on the way, us", "members", paced.into()),
        Chart::new("deliveries a second, ten members", "bytes of a message", sizes.into()),
    ];
    Ok(Picture { title: "chat bench: rooms against bare NATS".into(), charts })
}
