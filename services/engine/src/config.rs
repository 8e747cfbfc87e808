//! What a simulation may shrink: the same rules, smaller numbers.

use chat_protocol::limits;
use std::time::Duration;

/// Settings of one engine. The defaults are [`chat_protocol::limits`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Seed of the engine's jitter.
    pub seed: u64,
    /// Joiners are given the live transcript.
    pub history: bool,
    /// Largest page of an answer, in bytes of frames.
    pub page_bytes: usize,
    /// Largest page of an answer, in frames.
    pub page_frames: usize,
    /// Transcript kept, in frames.
    pub transcript_frames: usize,
    /// Transcript kept, in bytes.
    pub transcript_bytes: usize,
    /// Frames that wait for what they depend on.
    pub waiting_frames: usize,
    /// Bytes of waiting frames.
    pub waiting_bytes: usize,
    /// Up to this many members a clock lists everyone present.
    pub full_clock_members: usize,
    /// After this a missing dot is waived.
    pub gap: Duration,
    /// Shortest mean interval between beats.
    pub beat: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            history: true,
            page_bytes: limits::PAGE_BYTES,
            page_frames: limits::PAGE_FRAMES,
            transcript_frames: limits::TRANSCRIPT_FRAMES,
            transcript_bytes: limits::TRANSCRIPT_BYTES,
            waiting_frames: limits::WAITING_FRAMES,
            waiting_bytes: limits::WAITING_BYTES,
            full_clock_members: limits::FULL_CLOCK_MEMBERS,
            gap: limits::GAP,
            beat: limits::BEAT,
        }
    }
}
