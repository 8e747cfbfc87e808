//! A screen on which much happens answers keys at once, and one on which nothing happens costs
//! nothing. `--nocapture` shows the figures.

use crate::terminal::chat;
use chat_tests::{Chat, Director, Server, terminal::Terminal, wait::PATIENCE};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// Messages each tenth of a second: a thousand a second.
const BATCH: usize = 100;
const TICK: Duration = Duration::from_millis(100);
/// Keys typed meanwhile.
const KEYS: usize = 100;
/// Longer than the pause between two beats of a room in which something was said.
const REST: Duration = Duration::from_secs(4);
/// For how long nothing happens.
const IDLE: Duration = Duration::from_secs(10);

#[test]
fn keys_are_answered_while_a_thousand_messages_a_second_arrive() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let bob = chat(&server, "bob", &["join"], &invite);
    bob.wait_for("same transcript 2/2");
    let (done, begun) = (AtomicBool::new(false), Instant::now());
    let (mut latencies, said) = std::thread::scope(|scope| {
        let done = &done;
        let talk = scope.spawn(move || {
            let mut said = 0;
            while !done.load(Ordering::Relaxed) && begun.elapsed() < PATIENCE {
                let lines: String =
                    (said..said + BATCH).map(|n| format!("{{\"say\":\"line {n}\"}}\n")).collect();
                ann.send_bytes(lines.as_bytes());
                said += BATCH;
                let batches = u32::try_from(said / BATCH).unwrap_or(u32::MAX);
                std::thread::sleep((TICK * batches).saturating_sub(begun.elapsed()));
            }
            (ann, said)
        });
        bob.wait_for("line 1");
        let mut typed = String::new();
        let latencies: Vec<_> = (0..KEYS).map(|key| latency(&bob, &mut typed, key)).collect();
        let seconds = begun.elapsed().as_secs_f64();
        done.store(true, Ordering::Relaxed);
        let (ann, said) = talk.join().expect("the other talks");
        println!("{:.0} messages/s", said as f64 / seconds);
        bob.wait_for(&format!("line {}", said - 1));
        ann.wait_for_agreement(PATIENCE, 2);
        (latencies, said)
    });
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(KEYS - 1) * percent / 100];
    println!("{said} messages; key to screen: median {:?}, 99 % {:?}", at(50), at(99));
    // Far above what an idle machine shows, far below what a person would call stuck.
    assert!(at(50) < Duration::from_millis(150), "{:?}", at(50));
}

/// From a key to the screen that shows it behind those typed before.
fn latency(screen: &Terminal, typed: &mut String, key: usize) -> Duration {
    if typed.len() == 60 {
        typed.clear();
        screen.types("\u{15}");
        screen.wait_until("the line is empty", |screen| shows(screen, ""));
    }
    let next = char::from(b'a' + u8::try_from(key % 26).unwrap_or_default());
    typed.push(next);
    let begun = Instant::now();
    screen.types(&next.to_string());
    while !shows(&screen.screen(), typed) {
        assert!(begun.elapsed() < PATIENCE, "{}", screen.screen());
        std::thread::sleep(Duration::from_micros(500));
    }
    begun.elapsed()
}

/// Whether this stands where one types.
fn shows(screen: &str, typed: &str) -> bool {
    screen.lines().last().is_some_and(|line| line.trim_end() == format!("> {typed}").trim_end())
}

#[test]
fn an_idle_screen_costs_nothing() {
    let server = Server::start();
    let _director = Director::start(&server.url());
    let (mut ann, invite) = Chat::open(&server.url(), "ann");
    let bob = chat(&server, "bob", &["join"], &invite);
    // What is said beside a join is merged with it later, which changes the transcript.
    bob.wait_for("same transcript 2/2");
    ann.wait_for_agreement(PATIENCE, 2);
    for n in 0..200 {
        ann.say(&format!("line {n}"));
    }
    bob.wait_for("line 199");
    bob.wait_for("same transcript 2/2");
    // The first look changes the header.
    bob.wait_for("no listener seen");
    ann.wait_for_agreement(PATIENCE, 2);
    // What stands in the header may be from before the last line, until a beat compares anew.
    rest(&bob);
    let (cpu, written) = (cpu_ticks(&bob), bob.bytes().len());
    // Time has to pass for it to be measured.
    std::thread::sleep(IDLE);
    let ticks = cpu_ticks(&bob) - cpu;
    // A tick is a hundredth of a second on Linux.
    let percent = ticks as f64 / IDLE.as_secs_f64();
    println!("idle: {percent} % of a processor, {} bytes drawn", bob.bytes().len() - written);
    assert!(percent < 2.0, "{percent} %");
    let drawn = String::from_utf8_lossy(&bob.bytes()[written..]).into_owned();
    assert_eq!(drawn, "", "nothing is drawn while nothing changes");
}

/// Waits until a screen has drawn nothing for a few beats.
fn rest(screen: &Terminal) {
    let begun = Instant::now();
    let mut drawn = (screen.bytes().len(), Instant::now());
    while drawn.1.elapsed() < REST {
        assert!(begun.elapsed() < PATIENCE, "never at rest:\n{}", screen.screen());
        std::thread::sleep(TICK);
        let now = screen.bytes().len();
        if now != drawn.0 {
            drawn = (now, Instant::now());
        }
    }
}

/// Processor time of a screen's process, in ticks.
fn cpu_ticks(screen: &Terminal) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", screen.pid())).unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    fields[11..13].iter().filter_map(|field| field.parse::<u64>().ok()).sum()
}
