//! The dearest proof of work that a device may hand in, against what it weighs: a rate of a signature's weight is what a signature takes.

use std::time::Instant;

use pow::{Commitment, CompactBits, Difficulty, WorkHeader, merkle, sha256d};
use testnet::devnet::{Failure, Outcome};
use types::{Address, ByteString, ChainId, Hash32, List};
use verifyid::{
    ATTEST_WEIGHT, GROUP_WEIGHT, SHARE_WEIGHT, SHARES_MAX, SIGNATURE_WEIGHT, STEP_WEIGHT, WorkGroup, WorkShare,
};

use crate::figures::{Figures, per, percentile, sorted};
use crate::parts::micro;

/// How often it is judged.
const TIMES: usize = 200;
/// Steps from a coinbase to the root: as many as a work may have.
const STEPS: usize = 16;
/// Shares that take a few hashes each: judging does not depend on it.
const BILLIONTHS: u128 = 1;

/// Judges a proof of as many shares as there may be, with the longest branch.
pub(super) fn measure() -> Outcome<Figures> {
    let digest = Hash32([9; 32]);
    let difficulty = Difficulty::from_billionths(BILLIONTHS).map_err(|error| Failure::new(error.to_string()))?;
    let target = difficulty.target();
    let groups = [mined(digest, target)?];
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let judged = verifyid::judge_shares(std::hint::black_box(&groups), digest, target);
        times.push(begun.elapsed());
        judged.map_err(|reject| Failure::new(format!("a good proof is refused: {reject:?}")))?;
    }
    let attest_us = percentile(&sorted(times, 1_000_000.0), 0.5);
    let shares = SHARES_MAX as u64;
    let weight = ATTEST_WEIGHT.0 + GROUP_WEIGHT.0 + shares * SHARE_WEIGHT.0 + shares * STEPS as u64 * STEP_WEIGHT.0;
    let may_take_us = micro::secp_verify_us(TIMES)? * per(weight as f64, SIGNATURE_WEIGHT.0 as f64);
    Ok(Figures::from([
        ("attest_shares", shares as f64),
        ("attest_us", attest_us),
        ("attest_of_its_weight", per(attest_us, may_take_us)),
    ]))
}

fn mined(digest: Hash32, target: pow::Target) -> Outcome<WorkGroup> {
    let long = |_| Failure::new("a proof is longer than one may be");
    let commitment =
        Commitment { chain_id: ChainId::default(), work_height: 5, payee: Address([2; 20]), anchor: Hash32::ZERO };
    let tag = [b"VID1".as_slice(), digest.as_bytes()].concat();
    let parts = commitment.coinbase_parts(&tag).map_err(|error| Failure::new(format!("no coinbase: {error:?}")))?;
    let extranonce = [0; 12];
    let coinbase = [&parts.coinbase1[..], &extranonce, &parts.coinbase2[..]].concat();
    let branch = vec![Hash32([3; 32]); STEPS];
    let merkle_root = merkle::fold(sha256d(&coinbase), &branch);
    let (version, time, bits) = (0x2000_0000, 1_800_000_000, 0x1d00_ffff);
    let share = |nonce| {
        let header = WorkHeader { version, previous: [7; 32], merkle_root, time, bits: CompactBits(bits), nonce };
        let mut digest = sha256d(&header.to_bytes());
        let is_good = target.is_met_by(&digest);
        digest.reverse();
        is_good.then_some((digest, WorkShare { extranonce, version, time, nonce }))
    };
    let mut found: Vec<([u8; 32], WorkShare)> = (0_u32..).filter_map(share).take(SHARES_MAX).collect();
    found.sort_by_key(|(digest, _)| *digest);
    Ok(WorkGroup {
        coinbase1: ByteString::new(parts.coinbase1).map_err(|_| Failure::new("a coinbase is too long"))?,
        coinbase2: ByteString::new(parts.coinbase2).map_err(|_| Failure::new("a coinbase is too long"))?,
        branch: List::new(branch).map_err(long)?,
        previous: Hash32([7; 32]),
        bits,
        shares: List::new(found.into_iter().map(|(_, share)| share).collect())
            .map_err(|_| Failure::new("too many shares"))?,
    })
}
