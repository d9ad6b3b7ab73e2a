//! How much a miner may say, hold and ask for.
//!
//! Every bound of the crate stands here, with the relations between them. Lengths are in bytes, times in
//! milliseconds.

/// Longest line, without its newline.
pub const LINE_BYTES_MAX: usize = 16 * 1024;
/// Most empty bytes (spaces and newlines) between two lines.
pub const BLANK_BYTES_MAX: usize = 64;
/// Deepest nesting of brackets in a line.
pub const JSON_DEPTH_MAX: usize = 8;
/// Longest request id that is echoed.
pub const ID_BYTES_MAX: usize = 64;
/// Most elements in `params`.
pub const PARAMS_MAX: usize = 32;
/// Most extensions in one `mining.configure`.
pub const EXTENSIONS_MAX: usize = 16;
/// Longest name of an extension that is answered.
pub const EXTENSION_BYTES_MAX: usize = 64;
/// Longest user (`address.worker`) as sent.
pub const USER_BYTES_MAX: usize = 1024;
/// Longest password that is read.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Longest worker name that is kept, in characters of its safe alphabet.
pub const WORKER_NAME_CHARS_MAX: usize = 32;
/// Longest user agent that is kept, in characters of its safe alphabet.
pub const AGENT_CHARS_MAX: usize = 48;
/// Most workers on one connection.
pub const WORKERS_PER_CONNECTION_MAX: usize = 8;
/// Most jobs that a connection may still answer.
pub const JOBS_PER_CONNECTION_MAX: usize = 16;
/// Bytes of proofs that are kept for the next start, with what stands around them.
pub const KEPT_PROOFS_BYTES_MAX: usize = 8 << 20;
/// Most bytes that wait for one connection before it counts as stuck.
pub const PENDING_BYTES_MAX: usize = 256 * 1024;

/// Bytes of the extranonce that the server chooses.
pub const EXTRANONCE1_BYTES: usize = 4;
/// Bytes of the extranonce that the miner counts.
pub const EXTRANONCE2_BYTES: usize = 8;
/// The version bits that a miner may roll (BIP320).
pub const VERSION_MASK: u32 = 0x1fff_e000;

/// A job is renewed after this, so that a miner hears from the server.
pub const NOTIFY_INTERVAL_MS: u64 = 30_000;
/// The span in which requests and invalid submits are counted.
pub const COUNTING_SPAN_MS: u64 = 60_000;
/// Most requests other than submits within the span.
pub const REQUESTS_PER_SPAN_MAX: usize = 60;
/// Most invalid submits within the span.
pub const INVALID_PER_SPAN_MAX: usize = 12;
/// Most submits within the span that come too late, twice, or find the server busy. That is nobody's fault, and a connection that goes on
/// like this is closed without a ban: a machine at twenty shares a minute never comes near it.
pub const LATE_PER_SPAN_MAX: usize = 6_000;
/// Most accepted shares of one connection within the span; what is heavy enough for the chain always is. A machine at twenty shares
/// a minute never comes near it, and one that begins far too low is asked for heavier ones after thirty.
pub const ACCEPTED_PER_SPAN_MAX: usize = 2_400;
/// How long a ban lasts.
pub const BAN_MS: u64 = 300_000;
/// Most bans that are remembered; the oldest goes first.
pub const BANS_MAX: usize = 16_384;
/// Shortest idle timeout that the configuration may set.
pub const IDLE_MS_MIN: u64 = 600_000;
/// A connection that has neither subscribed nor named a worker after this is closed: machines do so at once.
pub const LOGIN_MS: u64 = 20_000;
/// Connections beside the most that may mine, each until the server has let another one go for it, or has refused it.
pub const BESIDE_MAX: usize = 64;
/// Most handshakes of TLS at once; they take no place of a miner.
pub const HANDSHAKES_MAX: usize = 1_024;
/// Most of them of one source.
pub const HANDSHAKES_PER_SOURCE_MAX: usize = 64;
/// How long a session may be resumed after its connection closed.
pub const RESUME_MS: u64 = 600_000;
/// Jobs that a closed session keeps for its return, the newest; what it was asked before is stale then.
pub const JOBS_PARKED_MAX: usize = 2;
/// Most closed sessions that may be resumed.
pub const RESUMABLE_MAX: usize = 16_384;
/// Most workers whose difficulty is remembered between connections.
pub const REMEMBERED_MAX: usize = 65_536;

/// Most header hashes that are kept for one work height.
pub const SEEN_PER_HEIGHT_MAX: usize = 4_194_304;
/// Most work heights for which header hashes are kept: the current one and its predecessor.
pub const SEEN_HEIGHTS_MAX: usize = 2;
/// Most rounds of the window; the two oldest are joined beyond it.
pub const ROUNDS_MAX: usize = 4_096;
/// Most addresses in one round.
pub const ADDRESSES_PER_ROUND_MAX: usize = 65_536;
/// Most workers in the statistics; the one that was silent longest goes first.
pub const WORKERS_MAX: usize = 65_536;
/// Most proofs whose verdict is awaited.
pub const PROOFS_PENDING_MAX: usize = 4_096;
/// Most hashes of proofs that are remembered while the book has no room for them.
pub const UNBOOKED_MAX: usize = 1_024;
/// Most works that the reports name as found here.
pub const FOUND_TOLD_MAX: usize = 100;
/// Over how many works the reports measure the chain's hash rate.
pub const WORKS_MEASURED_MAX: usize = 120;
/// Most incomes that are remembered, so that none is shared out twice.
pub const INCOMES_MAX: usize = 65_536;
/// Most payments that are remembered, so that none of them is marked again; the oldest goes first.
pub const PAYMENTS_MAX: usize = 65_536;
/// Most closed works whose receipts are kept, the newest.
pub const RECEIPTS_KEPT_MAX: usize = 64;
/// Most bytes of all kept receipts: some 980,000 of them.
pub const RECEIPTS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest text that names a device.
pub const DEVICE_CHARS_MAX: usize = 90;
/// How often it is asked how the device of a connection stands.
pub const DEVICE_ASKED_MS: u64 = 60_000;
/// Most attestations of work at once, with those that are complete or lapsed and not forgotten.
pub const ATTESTATIONS_MAX: usize = 256;
/// Most of them whose devices have one owner.
pub const ATTESTATIONS_PER_OWNER_MAX: usize = 16;
/// Where there are so many, one that has no share gives way to another once it is so old.
pub const ATTESTATION_IDLE_MS: u64 = 120_000;
/// So long a device that attests its work may mine without the level that is asked for: two tries of the longest window that the chain begins
/// with, and a little more.
pub const RISING_MS: u64 = 2_100_000;
/// After this it may try so again.
pub const RISING_AGAIN_MS: u64 = 6 * 3_600_000;
/// Most devices of which that is remembered; where there are more, no other may.
pub const RISING_MAX: usize = 8_192;
/// Most shares of one attestation.
pub const ATTESTED_SHARES_MAX: u16 = 64;
/// Longest time from an attestation's beginning to its end.
pub const ATTESTATION_MS_MAX: u64 = 7_200_000;
/// So long after its end it is still told how an attestation went.
pub const ATTESTATION_KEPT_MS: u64 = 60_000;
/// How often a connection is told how far an attestation is.
pub const ATTESTATION_TOLD_MS: u64 = 30_000;
/// Most closed works whose receipts wait to be written.
pub const RECEIPTS_WAITING_MAX: usize = 4;

const _: () = assert!(RECEIPTS_KEPT_MAX < ROUNDS_MAX);
const _: () = assert!(ID_BYTES_MAX < LINE_BYTES_MAX && USER_BYTES_MAX < LINE_BYTES_MAX);
const _: () = assert!(NOTIFY_INTERVAL_MS * 2 < IDLE_MS_MIN);
const _: () = assert!(EXTRANONCE1_BYTES + EXTRANONCE2_BYTES <= 16);
const _: () = assert!(PENDING_BYTES_MAX > 8 * LINE_BYTES_MAX);
const _: () = assert!(BAN_MS > COUNTING_SPAN_MS);
const _: () = assert!(LOGIN_MS < IDLE_MS_MIN);
const _: () = assert!(HANDSHAKES_PER_SOURCE_MAX < HANDSHAKES_MAX);
