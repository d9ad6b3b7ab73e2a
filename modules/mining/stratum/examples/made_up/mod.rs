//! The work and the proofs of a chain that does not exist, for whoever wants a server without one: examples, tests, fuzz targets.
//!
//! It must not know a clock or a chain. Invariant: everything that nobody asks about is the same for all of them.
#![allow(dead_code)] // Each takes its part.

use pow::{CompactBits, Target};
use stratum::{Proof, Template};
use types::{ByteString, ChainId, Hash32, Height, ModuleId, SystemCall};

/// A work that builds on `previous`, its shares 64 times lighter, with times up to ten minutes around `time`, in seconds.
pub fn template(work_height: u64, previous: [u8; 32], bits: u32, time: u32) -> Template {
    let bits = CompactBits(bits);
    Template {
        chain_id: ChainId(Hash32([7; 32])),
        work_height,
        previous,
        version: 0x2000_0000,
        bits,
        share_target: Target::from_compact(bits).expect("whoever makes a work up names a target").times(64),
        anchor: Hash32([9; 32]),
        anchor_height: Height(40),
        expires_ms: u64::MAX,
        time,
        time_min: time.saturating_sub(600),
        time_max: time.saturating_add(600),
        grace_ms: 5_000,
        branch: Vec::new(),
    }
}

/// A proof as a block of it would have it: its header alone.
pub fn call(proof: &Proof) -> SystemCall {
    let body = ByteString::new(proof.header.to_vec()).expect("a header is short");
    SystemCall { module: ModuleId(3), body }
}
