//! The rules between the numbers of the work chain.
//!
//! It must not know what a work is; targets come from `pow`.

use pow::{CompactBits, Target};
use types::{MiningParameters, Network, Parameters, limits};

use crate::GenesisError;
use crate::rules::{SPAN_MS_MAX, refuse_unless};

/// The easiest launch: 512 hashes a work, so that 64 times easier shares still differ from it.
const LAUNCH_TARGET_BITS_MAX: usize = 247;
/// The hardest launch: pool difficulty 2^32, so that the first work comes while somebody waits.
const LAUNCH_TARGET_BITS_MIN: usize = 192;

/// Checks every number of the work chain.
pub(crate) fn check(network: Network, parameters: &Parameters) -> Result<(), GenesisError> {
    let mining = &parameters.mining;
    check_launch(mining)?;
    check_spans(mining)?;
    check_shares(mining)?;
    check_emission(network, mining)
}

fn check_launch(mining: &MiningParameters) -> Result<(), GenesisError> {
    let bits = CompactBits(mining.launch_bits);
    let place = "parameters.mining.launch_bits";
    let target = Target::from_compact(bits);
    let length = target.map_or(0, |target| target.to_uint().bit_len());
    let in_range = (LAUNCH_TARGET_BITS_MIN..=LAUNCH_TARGET_BITS_MAX).contains(&length);
    let rule = "it must be nBits of a target between 2^191 and 2^247; 504365056 (0x1e100000) is 2^236";
    refuse_unless(in_range, place, bits, rule)?;
    let is_short = target.is_ok_and(|target| target.to_compact() == bits);
    refuse_unless(is_short, place, bits, "it must be the shortest form of its target")
}

fn check_spans(mining: &MiningParameters) -> Result<(), GenesisError> {
    let spans = [
        (mining.spacing_ms, "parameters.mining.spacing_ms"),
        (mining.half_life_ms, "parameters.mining.half_life_ms"),
        (mining.spacing_min_ms, "parameters.mining.spacing_min_ms"),
        (mining.anchor_age_max_ms, "parameters.mining.anchor_age_max_ms"),
    ];
    for (span, place) in spans {
        refuse_unless(span > 0, place, span, "it must be above zero")?;
        refuse_unless(span <= SPAN_MS_MAX, place, span, "it must be at most a hundred years")?;
    }
    let least = mining.spacing_min_ms;
    let rule = "it must be at most half of `spacing_ms`, or the pace could never be made up";
    refuse_unless(least <= mining.spacing_ms / 2, "parameters.mining.spacing_min_ms", least, rule)?;
    let rule = "it must be at least `spacing_ms`, or the target would follow luck instead of the hash rate";
    let half_life = mining.half_life_ms;
    refuse_unless(half_life >= mining.spacing_ms, "parameters.mining.half_life_ms", half_life, rule)?;
    for (seconds, place) in [
        (mining.header_behind_max_s, "parameters.mining.header_behind_max_s"),
        (mining.header_ahead_max_s, "parameters.mining.header_ahead_max_s"),
    ] {
        let rule = "it must be between 60 and 86400: machines have no better clocks, and roll the time as they count";
        refuse_unless((60..=86_400).contains(&seconds), place, seconds, rule)?;
    }
    Ok(())
}

fn check_shares(mining: &MiningParameters) -> Result<(), GenesisError> {
    let factor = mining.share_factor;
    let rule = "it must be between 1 and 256";
    refuse_unless((1..=256).contains(&factor), "parameters.mining.share_factor", factor, rule)?;
    let works = mining.window_works;
    refuse_unless((1..=64).contains(&works), "parameters.mining.window_works", works, "it must be between 1 and 64")?;
    let shares = mining.shares_per_work_max;
    let rule = "it must be at least `share_factor`, at least what one block holds (32), and at most 65536";
    let block = u32::try_from(limits::WORK_PROOFS_PER_BLOCK_MAX).unwrap_or(u32::MAX);
    let in_range = shares >= factor && shares >= block && shares <= 65_536;
    refuse_unless(in_range, "parameters.mining.shares_per_work_max", shares, rule)
}

fn check_emission(network: Network, mining: &MiningParameters) -> Result<(), GenesisError> {
    let reward = mining.reward;
    let rule = "it must be below 2^64";
    refuse_unless(reward.0 < 1 << 64, "parameters.mining.reward", reward, rule)?;
    let interval = mining.halving_interval;
    refuse_unless(interval > 0, "parameters.mining.halving_interval", interval, "it must be above zero")?;
    if network == Network::Main {
        let rule = "on the main network it is 8000000 (8 THR)";
        refuse_unless(reward.0 == 8_000_000, "parameters.mining.reward", reward, rule)?;
        let rule = "on the main network it is 1312500";
        refuse_unless(interval == 1_312_500, "parameters.mining.halving_interval", interval, rule)?;
    }
    Ok(())
}
