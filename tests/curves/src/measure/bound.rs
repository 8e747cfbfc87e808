//! What the wire and the cryptography alone would allow, beside bare NATS in turns: frames as full
//! as those of a room, signed, encrypted and encoded as there, of which a receiver does nothing but
//! check and decrypt them. No order, no repair, no membership, no members' keys, no texts handed
//! to anyone: whatever does more is slower.

use crate::Failure;
use async_nats::{Client, Subscriber};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce, aead::Aead};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

const TEXT: usize = 200;
/// So many fill a frame, which is padded to so many bytes,
const FULL: Frame = Frame { texts: 276, bytes: 64 << 10 };
/// and one by itself.
const SINGLE: Frame = Frame { texts: 1, bytes: 256 };
const FAST: Duration = Duration::from_secs(1);
const PACED: Duration = Duration::from_secs(2);
const PACE: Duration = Duration::from_millis(10);
/// Between two looks whether it has caught up.
const LOOK: Duration = Duration::from_micros(100);

/// Everything of a frame that has a length.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    body: &'a str,
    sig: &'a str,
}

/// What is published.
#[derive(Clone)]
enum Kind {
    /// A text.
    Bare,
    /// A frame.
    Frame(Frame, Box<Keys>),
}

#[derive(Clone, Copy)]
struct Frame {
    texts: usize,
    /// As they are encrypted.
    bytes: usize,
}

#[derive(Clone)]
struct Keys {
    sign: SigningKey,
    check: VerifyingKey,
    cipher: ChaCha20Poly1305,
}

impl Kind {
    fn frame(frame: Frame) -> Self {
        let sign = SigningKey::from_bytes(&[1; 32]);
        let cipher = ChaCha20Poly1305::new(&Key::from([2; 32]));
        Self::Frame(frame, Box::new(Keys { check: sign.verifying_key(), sign, cipher }))
    }

    fn texts(&self) -> usize {
        match self {
            Self::Bare => 1,
            Self::Frame(frame, _) => frame.texts,
        }
    }

    /// So many may be on their way to the slowest.
    fn window(&self) -> usize {
        match self {
            Self::Bare => 8192,
            Self::Frame(..) => 256,
        }
    }

    fn write(&self, number: u64) -> Result<Vec<u8>, Failure> {
        let Self::Frame(frame, keys) = self else { return Ok(vec![b'x'; TEXT]) };
        let sealed = keys.cipher.encrypt(&nonce(number), &*vec![b'x'; frame.bytes]);
        let sealed = sealed.map_err(|_| "not encrypted")?;
        let sig = keys.sign.sign(&Sha256::digest(&sealed)).to_bytes();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(serde_json::to_vec(&Wire { body: &encode(&sealed), sig: &encode(&sig) })?)
    }

    fn read(&self, number: u64, message: &[u8]) -> Result<(), Failure> {
        let Self::Frame(_, keys) = self else { return Ok(()) };
        let Wire { body, sig } = serde_json::from_slice(message)?;
        let (body, sig) = (URL_SAFE_NO_PAD.decode(body)?, URL_SAFE_NO_PAD.decode(sig)?);
        keys.check.verify(&Sha256::digest(&body), &Signature::from_slice(&sig)?)?;
        keys.cipher.decrypt(&nonce(number), &*body).map_err(|_| "not decrypted")?;
        Ok(())
    }
}

/// Frames come in order, as there is one author.
fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    nonce.into()
}

/// Who heard how much.
type Counts = Arc<Vec<AtomicU64>>;

/// One who takes in whatever comes, until it has all of it; how long each was on its way.
async fn hear(
    mut subscriber: Subscriber,
    which: usize,
    kind: Kind,
    counts: Counts,
    sent: Arc<[AtomicU64]>,
    origin: Instant,
) -> Result<Vec<Duration>, Failure> {
    let mut latencies = Vec::new();
    while let Some(message) = subscriber.next().await
        && !message.payload.is_empty()
    {
        let number = latencies.len() as u64;
        kind.read(number, &message.payload)?;
        let said = sent[latencies.len() % sent.len()].load(Ordering::Relaxed);
        latencies.push(origin.elapsed().saturating_sub(Duration::from_micros(said)));
        counts[which].store(number + 1, Ordering::Relaxed);
    }
    Ok(latencies)
}

/// Publishes for so long; texts delivered a second, and the median of their times on the way, in us.
async fn run(
    clients: &[Client],
    kind: Kind,
    every: Option<Duration>,
) -> Result<(f64, f64), Failure> {
    let [speaker, listeners @ ..] = clients else { return Err("nobody".into()) };
    let subject = speaker.new_inbox();
    let window = kind.window();
    let counts: Counts = listeners.iter().map(|_| AtomicU64::new(0)).collect::<Vec<_>>().into();
    let sent: Arc<[AtomicU64]> = (0..=window).map(|_| AtomicU64::new(0)).collect();
    let origin = Instant::now();
    let mut hearing = JoinSet::new();
    for (which, listener) in listeners.iter().enumerate() {
        let subscriber = listener.subscribe(subject.clone()).await?;
        // The word that nobody is there comes after the server has subscribed it.
        let _ = listener.request(listener.new_inbox(), "".into()).await;
        hearing.spawn(hear(subscriber, which, kind.clone(), counts.clone(), sent.clone(), origin));
    }
    let slowest = || counts.iter().map(|count| count.load(Ordering::Relaxed)).min().unwrap_or(0);
    let mut ticks = every.map(interval);
    if let Some(ticks) = &mut ticks {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let (begun, lasting) = (Instant::now(), every.map_or(FAST, |_| PACED));
    let mut number = 0;
    while begun.elapsed() < lasting {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        while number >= window as u64 + slowest() {
            sleep(LOOK).await;
        }
        let now = u64::try_from(origin.elapsed().as_micros())?;
        sent[usize::try_from(number)? % sent.len()].store(now, Ordering::Relaxed);
        speaker.publish(subject.clone(), kind.write(number)?.into()).await?;
        number += 1;
    }
    while slowest() < number {
        sleep(LOOK).await;
    }
    let took = begun.elapsed().as_secs_f64();
    speaker.publish(subject, "".into()).await?;
    let mut latencies = Vec::new();
    for heard in hearing.join_all().await {
        latencies.extend(heard?);
    }
    latencies.sort_unstable();
    let median = latencies[latencies.len() / 2].as_secs_f64() * 1e6;
    Ok((latencies.len() as f64 * kind.texts() as f64 / took, median))
}

/// How many times as many deliveries a second as bare NATS, and how many times as long on the way
/// at a hundred messages a second: of each the median of so many, in turns.
pub(crate) async fn ratios(url: &str, members: usize, repeats: usize) -> Result<[f64; 2], Failure> {
    let mut clients = Vec::new();
    for _ in 0..members {
        clients.push(async_nats::connect(url).await?);
    }
    let mut ratios = [const { Vec::new() }; 2];
    for _ in 0..repeats {
        let (bare, _) = run(&clients, Kind::Bare, None).await?;
        let (full, _) = run(&clients, Kind::frame(FULL), None).await?;
        let (_, at_once) = run(&clients, Kind::Bare, Some(PACE)).await?;
        let (_, checked) = run(&clients, Kind::frame(SINGLE), Some(PACE)).await?;
        ratios[0].push(full / bare);
        ratios[1].push(checked / at_once);
    }
    Ok(ratios.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all[repeats / 2]
    }))
}
