//! Bounds on everything that is decoded, with their relations asserted at compile time.
//!
//! These are properties of the byte formats. What a chain may set lower stands in its genesis.

/// Most bytes of a block's body.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most bytes of one transaction (body and witness).
pub const TRANSACTION_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of one call's body.
pub const CALL_BYTES_MAX: usize = 60 * 1024;
/// Most calls in one transaction.
pub const CALLS_PER_TRANSACTION_MAX: usize = 16;
/// Most transactions in one block, whatever their size.
pub const TRANSACTIONS_PER_BLOCK_MAX: usize = 32 * 1024;
/// Most system calls in one block.
pub const SYSTEM_CALLS_PER_BLOCK_MAX: usize = 256;
/// Most bytes of one system call's body.
pub const SYSTEM_CALL_BYTES_MAX: usize = 32 * 1024;
/// Most keys in a multisig policy.
pub const POLICY_KEYS_MAX: usize = 16;
/// Most validators in a set.
pub const VALIDATORS_MAX: usize = 100;
/// Bytes of the bitmap of a full validator set.
pub const SIGNER_BITMAP_BYTES_MAX: usize = VALIDATORS_MAX.div_ceil(8);
/// Most events in one receipt.
pub const EVENTS_PER_RECEIPT_MAX: usize = 4_096;
/// Most bytes of one event's body.
pub const EVENT_BYTES_MAX: usize = 4 * 1024;
/// Most accounts a genesis may fund.
pub const GENESIS_BALANCES_MAX: usize = 2_000_000;
/// Most modules that a genesis may begin.
pub const GENESIS_MODULES_MAX: usize = 64;
/// Most bytes of what one module begins with.
pub const GENESIS_SECTION_BYTES_MAX: usize = 1024 * 1024;
/// Most pots that a genesis may fill.
pub const GENESIS_GRANTS_MAX: usize = 1_024;
/// Longest name of a pot that a genesis fills, in bytes.
pub const GENESIS_POT_BYTES_MAX: usize = 64;
/// Most allowances that a genesis may give.
pub const GENESIS_ALLOWANCES_MAX: usize = 64;
/// Most releases that a start of a protocol version names.
pub const RELEASES_MAX: usize = 8;
/// Longest chain name, in bytes.
pub const CHAIN_NAME_BYTES_MAX: usize = 64;
/// Longest asset symbol, in bytes.
pub const ASSET_SYMBOL_BYTES_MAX: usize = 16;
/// Most decimals of an asset.
pub const ASSET_DECIMALS_MAX: u8 = 18;
/// Longest encoded header, in bytes; generous, checked against the real size by a test.
pub const HEADER_BYTES_MAX: usize = 512;
/// Longest encoded certificate, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 256;
/// Most headers between a block and the one whose certificate proves it final.
pub const DESCENDANTS_MAX: usize = 1_024;
/// Longest encoded proposal, in bytes.
pub const PROPOSAL_BYTES_MAX: usize = 1024;

const _: () = assert!(CALL_BYTES_MAX < TRANSACTION_BYTES_MAX);
const _: () = assert!(TRANSACTION_BYTES_MAX < BODY_BYTES_MAX);
const _: () = assert!(SYSTEM_CALL_BYTES_MAX <= BODY_BYTES_MAX);
const _: () = assert!(VALIDATORS_MAX <= u16::MAX as usize);
