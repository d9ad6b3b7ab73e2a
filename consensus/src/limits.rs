//! Bounds on what the engine remembers, so that memory is flat whatever peers send.
//!
//! Two things are bounded by the protocol instead of a constant, because forgetting them would be wrong: own votes
//! above the log's floor, and certificates above the newest finalized view. Both grow with views that a quorum
//! really passed, never with messages.

/// Votes are taken for at most this many views above the current one.
pub const VIEWS_AHEAD_MAX: u64 = 8;
/// Votes are taken for at most this many views below the current one.
pub const VIEWS_BEHIND_MAX: u64 = 64;
/// Votes of this many views at and below the newest finalized one are still taken, as possible evidence.
pub const VIEWS_SUSPECTED_MAX: u64 = 8;
/// Certificates of this many views below the newest finalized one are kept for peers.
pub const VIEWS_KEPT_MAX: u64 = 256;
/// Statements of one kind that are remembered of one signer in one view: enough to prove a contradiction.
pub const STATEMENTS_PER_SIGNER_MAX: usize = 2;
/// Votes that wait to be verified before they are believed.
pub const DOUBTED_VOTES_MAX: usize = 512;
/// Of these, of one claimed signer.
pub const DOUBTED_VOTES_PER_SIGNER_MAX: usize = 8;
/// Of these, checked in one job, so that other work has its turn between two.
pub const DOUBTED_VOTES_PER_JOB_MAX: usize = 32;
/// Certificates that wait to be verified.
pub const CERTIFICATES_WAITING_MAX: usize = 512;
/// Of these, from one validator, or from all others together.
pub const CERTIFICATES_WAITING_PER_SOURCE_MAX: usize = 64;
/// Forwarded proposals that wait to be verified.
pub const PROPOSALS_WAITING_MAX: usize = 8;
/// Certificates checked in one job.
pub const CERTIFICATES_PER_JOB_MAX: usize = 32;
/// Verification jobs under way on suspects.
pub const SUSPECTS_MAX: usize = 64;
/// Bodies remembered as durable.
pub const AVAILABLE_BLOCKS_MAX: usize = 4_096;
/// Views whose finalize vote waits for a body.
pub const CANDIDATES_MAX: usize = 64;
/// Certificates asked for between two resends.
pub const FETCHES_MAX: usize = 64;
/// Missing certificates named at once for one proposal.
pub const FETCHES_PER_PROPOSAL_MAX: usize = 16;
/// Own finalize votes sent again at once, newest first.
pub const FINALIZES_RESENT_MAX: usize = 16;
/// Messages of the next epoch kept for after the change.
pub const EARLY_MESSAGES_MAX: usize = 1_024;
/// Of these, from one validator.
pub const EARLY_MESSAGES_PER_SENDER_MAX: usize = 8;
/// A leader unheard for this many views, while a quorum was heard, is skipped.
pub const SILENT_VIEWS: u64 = 10;
/// How a view ended is told after this part of Δ to those who have not shown that they know.
pub const SPREAD_PARTS_OF_DELTA: u64 = 25;
/// Certificates that wait to be told.
pub const UNTOLD_MAX: usize = 64;
/// How long the check of a decided view's votes waits for another check to share the work, in milliseconds.
pub const CHECK_DELAY_MS: u64 = 50;
/// After this many resends in one view, peers are asked how it ended.
pub const RESENDS_BEFORE_ASKING: u32 = 4;
/// Longest leader cycle; powers that need a longer one are scaled down.
pub const LEADER_CYCLE_MAX: u64 = 4_096;

const _: () = assert!(VIEWS_SUSPECTED_MAX <= VIEWS_BEHIND_MAX);
const _: () = assert!(VIEWS_KEPT_MAX >= VIEWS_BEHIND_MAX);
const _: () = assert!(CERTIFICATES_WAITING_PER_SOURCE_MAX < CERTIFICATES_WAITING_MAX);
const _: () = assert!(LEADER_CYCLE_MAX >= types::limits::VALIDATORS_MAX as u64);
