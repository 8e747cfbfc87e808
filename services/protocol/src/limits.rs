//! Every bound of the protocol, in one place. Whoever breaks one is delayed, or dropped
//! where the signed bytes alone say so, counted and named; never crashed on.

use std::time::Duration;

/// Largest frame number and Lamport time: what a JSON number holds exactly.
pub const COUNTER_MAX: u64 = (1 << 53) - 1;

/// Largest NATS payload that is looked at, in bytes of JSON.
pub const ENVELOPE_BYTES: usize = 1 << 20;
/// Largest frame, in bytes of its signed binary form: its contents, and a clock of all entries.
pub const FRAME_BYTES: usize = CONTENTS_BYTES + 128 + 18 * CLOCK_ENTRIES;
/// Largest contents of a frame, in bytes of their signed form. As JSON, escaped, they can take six
/// times as much: two such frames, a proof, still fit into an envelope.
pub const CONTENTS_BYTES: usize = (64 << 10) + 16;
/// Largest text of one item, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 16 << 10;
/// Largest batch: items per frame.
pub const BATCH_ITEMS: usize = 512;
/// Largest batch: bytes of items as they are encoded, unless a single one alone is larger. What
/// the largest sealed body has room for, beside its tag and
pub const BATCH_BYTES: usize = SEALED_BYTES - 16 - BATCH_OVERHEAD;
/// the count and a byte of padding.
pub const BATCH_OVERHEAD: usize = 3 + 1;
/// What is said while another frame is on its way, or after one of half the size, waits for more,
/// until it fills one, and no longer than this since the last.
pub const COALESCE: Duration = Duration::from_millis(20);
/// Entries of a clock.
pub const CLOCK_ENTRIES: usize = 2048;
/// Up to this many members a clock lists everyone present, above it only the heads.
pub const FULL_CLOCK_MEMBERS: usize = 32;
/// Members of a room.
pub const MEMBERS: usize = 1024;
/// Ids of members remembered, those who left included.
pub const TOMBSTONES: usize = 16_384;

/// Longest topic, in characters.
pub const TOPIC_CHARS: usize = 80;
/// Longest nick, in characters.
pub const NICK_CHARS: usize = 32;

/// Frames that wait for what they depend on.
pub const WAITING_FRAMES: usize = 1024;
/// Bytes of waiting frames.
pub const WAITING_BYTES: usize = 4 << 20;
/// Frames further than this past their sender's top are not buffered.
pub const WAITING_AHEAD: u64 = 4096;
/// Missing dots asked for at a time.
pub const WANTS: usize = 256;
/// Waived dots that are still asked for.
pub const WAIVED: usize = 256;
/// Disjoint ranges of delivered numbers per sender.
pub const RANGES: usize = 64;
/// Heads in a beat; with more a random choice is sent and no digest.
pub const BEAT_HEADS: usize = 64;
/// Acknowledgements in a beat.
pub const BEAT_ACKS: usize = 64;
/// Missing dots in a beat.
pub const BEAT_MISS: usize = 16;
/// Convictions in a beat.
pub const BEAT_CUT: usize = 16;
/// Proofs of equivocation held; of further ones only the verdict is kept.
pub const PROOFS: usize = 64;
/// Bytes of proofs in one answer; one larger proof still goes alone.
pub const PROOF_BYTES: usize = 192 << 10;

/// Frames in one page of an answer.
pub const PAGE_FRAMES: usize = 64;
/// Bytes in one page of an answer.
pub const PAGE_BYTES: usize = 272 << 10;
/// Largest join frame, in bytes of JSON, that is kept for joiners beyond the transcript.
pub const JOIN_BYTES: usize = 8 << 10;
/// Bytes of a page that introduce the members present (hello and join frame).
pub const INTRODUCTION_BYTES: usize = 64 << 10;
/// Bytes per second given to one requester.
pub const GIVE_PER_PEER: u64 = 64 << 10;
/// Bytes per second given in all.
pub const GIVE_TOTAL: u64 = 1 << 20;
/// Bytes given to one requester before [`GIVE_PER_PEER`] bounds it: a whole history.
pub const GIVE_PER_PEER_BURST: u64 = 8 << 20;
/// Bytes given in all before [`GIVE_TOTAL`] bounds it.
pub const GIVE_TOTAL_BURST: u64 = 32 << 20;
/// The live transcript kept, in frames.
pub const TRANSCRIPT_FRAMES: usize = 10_000;
/// The live transcript kept, in bytes.
pub const TRANSCRIPT_BYTES: usize = 32 << 20;

/// Own frames that present members have not acknowledged; then saying waits.
pub const UNACKNOWLEDGED: u64 = 512;
/// Frames of a room that are on their way to the server and back; each member's share of them
/// bounds its own window, but for
pub const WINDOW: u32 = 32;
/// so many, where they come back in time:
pub const LEAST_WINDOW: f64 = 2.;
/// if they take longer, less is said at a time.
pub const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// Where there are more members than [`WINDOW`], what they say first is in all as much as so many
/// full frames.
pub const FIRST: u32 = WINDOW / 4;
/// What the server hasn't brought back by then was lost, for flow control.
pub const ECHO: Duration = Duration::from_secs(10);
/// Bytes, as JSON, of all that a room says while one own frame is unacknowledged; then saying
/// waits. Half of what our server keeps for a client that is slow to take it.
pub const IN_FLIGHT: u64 = 16 << 20;
/// Frames received of one author after which a beat acknowledges early.
pub const ACK_EVERY: u64 = 128;
/// Bytes of all that is received after which it does, too, where they come within
pub const ACK_BYTES: usize = 8 << 20;
/// this time;
pub const ACK_FAST: Duration = Duration::from_secs(4);
/// else after so many: what comes in half of it still fits into [`IN_FLIGHT`].
pub const ACK_BYTES_SLOW: usize = 12 << 20;
/// Items said and not yet sent while flow control holds the sender back.
pub const OUTBOX_ITEMS: usize = BATCH_ITEMS;

/// A missing dot is waived for the frame that waits for it after this time.
pub const GAP: Duration = Duration::from_secs(10);
/// A frame whose Lamport time is at most so far above the highest delivered doesn't wait for
/// that: what lay between was lost.
pub const LAMPORT_STEP: u64 = 1024;
/// A frame whose Lamport time lies further ahead waits one [`GAP`] for each of these.
pub const LAMPORT_LEAP: u64 = 1 << 20;
/// First question for a missing dot: after this, and a random part that grows with the room.
pub const FIRST_ASK: Duration = Duration::from_millis(30);
/// Back-off of further questions: this times 2^k, k at most 5.
pub const ASK_BACKOFF: Duration = Duration::from_millis(100);
/// Tries for a dot that a signed frame depends on.
pub const TRIES_SIGNED: u32 = 12;
/// Tries for a dot that only a beat named.
pub const TRIES_CLAIMED: u32 = 3;
/// After something was waived a member compares its holes with another's this soon, then
/// after twice, four times … as long, up to [`SEEK_MOST`].
pub const SEEK: Duration = Duration::from_secs(5);
/// Longest time between two looks for what was waived, or a beat's mean interval.
pub const SEEK_MOST: Duration = Duration::from_secs(10);
/// So many looks in vain; then no more until someone is back or something else is waived.
pub const SEEK_ROUNDS: u32 = 20;
/// Frames whose `past` was computed differently here, remembered until a fork is found.
pub const DISPUTED: usize = 64;
/// Heads of members that lack nothing of each other differ for this long, or up to twice as
/// long, before one merges them; then for twice as long, up to [`MERGE_MOST`].
pub const MERGE: Duration = Duration::from_secs(5);
/// Longest time after which heads are merged again.
pub const MERGE_MOST: Duration = Duration::from_secs(600);
/// A joiner waits this long for a page.
pub const SYNC_TIMEOUT: Duration = Duration::from_secs(1);
/// Pages from one member keep others from being asked for what is missing for this long.
pub const BULK: Duration = Duration::from_secs(5);
/// An answer in bulk is waited for this long before another is asked, then for twice as long …,
pub const BULK_FIRST: Duration = Duration::from_millis(200);
/// up to this.
pub const BULK_LAST: Duration = Duration::from_millis(1600);
/// A joiner asks this often without an answer before it goes live and lets repair heal.
pub const SYNC_TRIES: u32 = 4;

/// A joiner that met nobody asks again after this.
pub const JOIN_RETRY: Duration = Duration::from_millis(300);

/// Shortest mean interval between a node's beats.
pub const BEAT: Duration = Duration::from_secs(2);
/// The mean interval grows by this for each member: about 10 beats/s in a room of any size.
pub const BEAT_PER_MEMBER: Duration = Duration::from_millis(100);
/// The author of a frame that nobody shows to have beats after this, or a quarter of
/// [`BEAT_PER_MEMBER`] x members, up to
pub const TAIL_BEAT: Duration = Duration::from_millis(500);
/// this: half of what who leaves waits for the others. Without that bound it is the time until
/// another beat follows one that had no room for all authors.
pub const TAIL_BEAT_MOST: Duration = Duration::from_millis(2500);
/// Whoever delivered something new beats after this, or [`BEAT_PER_MEMBER`] x members.
pub const NEWS_BEAT: Duration = Duration::from_millis(400);
/// Silent for this many beat intervals: unreachable.
pub const UNREACHABLE_BEATS: u32 = 3;
/// Silent for this many beat intervals, and at least [`GONE`]: gone.
pub const GONE_BEATS: u32 = 6;
/// Shortest silence after which a member is gone.
pub const GONE: Duration = Duration::from_secs(30);
/// A node that wakes so much later than it meant to was stopped, not left alone.
pub const LOCAL_PAUSE: Duration = Duration::from_secs(2);
/// A leaving node waits at most this long for its last frame to be known elsewhere.
pub const LINGER: Duration = Duration::from_secs(2);
/// Own frames of this last stretch are published again after a reconnect.
pub const RESEND: Duration = Duration::from_secs(2);

/// Largest encrypted body of a frame, in bytes: the largest padded batch and its tag.
pub const SEALED_BYTES: usize = CONTENTS_BYTES;
/// Largest sealed grant, in bytes: the keys of a page and of the members' join frames.
pub const GRANT_BYTES: usize = 64 * (MEMBERS + PAGE_FRAMES) + 48;
/// Epochs that are held for receiving.
pub const EPOCHS: usize = 8;
/// Mints kept to be passed on, and mints in one request or answer.
pub const MINTS: usize = 16;
/// Message keys kept for frames that were overtaken, by author and epoch: more than an author
/// may leave unacknowledged.
pub const SKIPPED_KEYS: u32 = 1024;
/// Message keys kept for frames that were overtaken, in one epoch.
pub const SKIPPED_KEYS_IN_ALL: usize = 16_384;
/// A mint whose Lamport time is further ahead than this is refused.
pub const MINT_LEAP: u64 = 1 << 20;
/// The first mint that a joiner sees may be as far ahead as that: what nobody reaches by leaps of
/// [`MINT_LEAP`], one a second, in ten days.
pub const FIRST_MINT_LEAP: u64 = 1 << 40;
/// One mints at most once in this time, and waits as long after another's mint.
pub const MINT_EVERY: Duration = Duration::from_secs(1);
/// Whose turn to mint comes later waits this long for each before it,
pub const MINT_STEP: Duration = Duration::from_millis(150);
/// and this long where the epoch is only old: that can wait, and an epoch for each of those whom
/// another's mint hasn't reached yet would be more than [`EPOCHS`].
pub const REFRESH_STEP: Duration = Duration::from_secs(5);
/// An epoch is refreshed after this time,
pub const EPOCH_LIFE: Duration = Duration::from_secs(600);
/// or after so many frames.
pub const EPOCH_FRAMES: u64 = 1000;
/// An epoch that another has replaced is kept this long for frames on their way; so is a key
/// for encapsulation.
pub const GRACE: Duration = Duration::from_secs(60);
/// After opening a mint the key for encapsulation is replaced within this time.
pub const KEM_ROTATION: Duration = Duration::from_secs(5);
/// Frames that wait for the key to read them.
pub const UNOPENED: usize = 512;
/// Bytes of frames that wait for the key to read them.
pub const UNOPENED_BYTES: usize = 2 << 20;

/// Envelopes of unknown senders held until their hello arrives.
pub const STRANGERS: usize = 256;
/// Bytes of envelopes of unknown senders.
pub const STRANGER_BYTES: usize = 1 << 20;

/// A room is announced to the directors this often.
pub const ANNOUNCE: Duration = Duration::from_secs(5);
/// A director forgets a room this long after its last announcement.
pub const FORGET: Duration = Duration::from_secs(15);
/// Rooms a director remembers.
pub const ROOMS: usize = 100_000;
/// Announcements of one room that a director takes in, per second.
pub const ANNOUNCEMENTS_PER_ROOM: u32 = 4;
/// Rooms in one answer to `list`.
pub const LISTED_ROOMS: usize = 1000;
/// Rooms that a `random` request may except.
pub const EXCEPTED_ROOMS: usize = 64;
