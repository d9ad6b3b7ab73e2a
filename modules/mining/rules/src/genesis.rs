//! The work chain before its first work: its numbers, the rules between them, and the state that they begin.
//!
//! The numbers become state, and everything else of this module reads them there.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Breach, Context, GenesisError, ModuleView, Section};
use pow::{CompactBits, Target};
use serde::{Deserialize, Serialize};
use types::{Address, Amount, Canonical, Genesis, Network};

use crate::check::PROOFS_PER_BLOCK_MAX;
use crate::keys;
use crate::records::{Terms, Tip, read, view, write};

/// The work chain: its pace, its bounds and whom it pays.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MiningParameters {
    /// nBits of the first work, and of the easiest work ever asked for.
    pub launch_bits: u32,
    /// Wanted time between works, in milliseconds.
    pub spacing_ms: u64,
    /// Being this far behind the wanted pace doubles the target, in milliseconds.
    pub half_life_ms: u64,
    /// Least block time between two works, in milliseconds.
    pub spacing_min_ms: u64,
    /// The block that a work names may be this old in block time, in milliseconds.
    pub anchor_age_max_ms: u64,
    /// How far a header's time may lie before the named block's, in seconds.
    pub header_behind_max_s: u32,
    /// How far a header's time may lie after that of the block it stands in, in seconds.
    pub header_ahead_max_s: u32,
    /// A share's target is this many times that of a work.
    pub share_factor: u32,
    /// Shares worth this many works share the reward.
    pub window_works: u32,
    /// Most shares per work height.
    pub shares_per_work_max: u32,
    /// What the first works pay, in µTHR.
    pub reward: Amount,
    /// Works between halvings.
    pub halving_interval: u64,
    /// Gets a tenth of every reward.
    pub ai_pool: Address,
    /// Gets a twentieth of every reward, for the validators.
    pub validators: Address,
    /// Gets a twentieth of every reward.
    pub ecosystem: Address,
}

/// No span is longer than this: a hundred years.
const SPAN_MS_MAX: u64 = 100 * 366 * 86_400_000;
/// The easiest launch: 512 hashes a work, so that 64 times easier shares still differ from it.
const LAUNCH_TARGET_BITS_MAX: usize = 247;
/// The hardest launch: pool difficulty 2^32, so that the first work comes while somebody waits.
const LAUNCH_TARGET_BITS_MIN: usize = 192;

impl MiningParameters {
    /// The defaults, with all that is not the miners' for one account.
    #[must_use]
    pub const fn with_beneficiary(account: Address) -> Self {
        Self {
            // A target of 2^236, about a million hashes: the first works may come from a processor.
            launch_bits: 0x1e10_0000,
            spacing_ms: 120_000,
            half_life_ms: 14_400_000,
            spacing_min_ms: 15_000,
            anchor_age_max_ms: 600_000,
            header_behind_max_s: 7_200,
            header_ahead_max_s: 7_200,
            share_factor: 64,
            window_works: 8,
            shares_per_work_max: 1_024,
            reward: Amount(8_000_000),
            halving_interval: 1_312_500,
            ai_pool: account,
            validators: account,
            ecosystem: account,
        }
    }

    /// The numbers of a running chain.
    pub(crate) fn read(context: &mut Context<'_, '_>) -> Self {
        read(context, &keys::rules()).expect("the genesis wrote this record, and no block removes it")
    }

    /// The numbers of a running chain, where nothing may be written.
    pub(crate) fn view(state: &ModuleView<'_>) -> Self {
        view(state, &keys::rules()).expect("the genesis wrote this record, and no block removes it")
    }
}

impl Canonical for MiningParameters {
    const BYTES_MAX: usize = 256;
}

impl Section for MiningParameters {
    const ADDRESSES: &'static [&'static str] = &["/ai_pool", "/validators", "/ecosystem"];

    fn new(_: Network, beneficiary: Address) -> Self {
        Self::with_beneficiary(beneficiary)
    }

    /// Works every 2 s with a half-life of 30 s and at least 0.2 s apart.
    fn local(beneficiary: Address) -> Self {
        let defaults = Self::with_beneficiary(beneficiary);
        Self { spacing_ms: 2_000, half_life_ms: 30_000, spacing_min_ms: 200, ..defaults }
    }

    fn check(&self, house: &Genesis) -> Result<(), Breach> {
        check_launch(self)?;
        check_spans(self)?;
        check_shares(self)?;
        check_emission(house.network, self)
    }

    fn warnings(&self, _: &Genesis) -> Vec<String> {
        let to_nobody = [self.ai_pool, self.validators, self.ecosystem].contains(&Address([0; 20]));
        let warning = "a part of every work's reward goes to the zero address, whose key nobody has: that part is lost";
        to_nobody.then(|| warning.to_owned()).into_iter().collect()
    }
}

fn check_launch(mining: &MiningParameters) -> Result<(), Breach> {
    let bits = CompactBits(mining.launch_bits);
    let key = "launch_bits";
    let target = Target::from_compact(bits);
    let length = target.map_or(0, |target| target.to_uint().bit_len());
    let in_range = (LAUNCH_TARGET_BITS_MIN..=LAUNCH_TARGET_BITS_MAX).contains(&length);
    let rule = "it must be nBits of a target between 2^191 and 2^247; 504365056 (0x1e100000) is 2^236";
    Breach::unless(in_range, key, bits, rule)?;
    let is_short = target.is_ok_and(|target| target.to_compact() == bits);
    Breach::unless(is_short, key, bits, "it must be the shortest form of its target")
}

fn check_spans(mining: &MiningParameters) -> Result<(), Breach> {
    let spans = [
        (mining.spacing_ms, "spacing_ms"),
        (mining.half_life_ms, "half_life_ms"),
        (mining.spacing_min_ms, "spacing_min_ms"),
        (mining.anchor_age_max_ms, "anchor_age_max_ms"),
    ];
    for (span, key) in spans {
        Breach::unless(span > 0, key, span, "it must be above zero")?;
        Breach::unless(span <= SPAN_MS_MAX, key, span, "it must be at most a hundred years")?;
    }
    let least = mining.spacing_min_ms;
    let rule = "it must be at most half of `spacing_ms`, or the pace could never be made up";
    Breach::unless(least <= mining.spacing_ms / 2, "spacing_min_ms", least, rule)?;
    let rule = "it must be at least `spacing_ms`, or the target would follow luck instead of the hash rate";
    let half_life = mining.half_life_ms;
    Breach::unless(half_life >= mining.spacing_ms, "half_life_ms", half_life, rule)?;
    let seconds =
        [(mining.header_behind_max_s, "header_behind_max_s"), (mining.header_ahead_max_s, "header_ahead_max_s")];
    for (seconds, key) in seconds {
        let rule = "it must be between 60 and 86400: machines have no better clocks, and roll the time as they count";
        Breach::unless((60..=86_400).contains(&seconds), key, seconds, rule)?;
    }
    Ok(())
}

fn check_shares(mining: &MiningParameters) -> Result<(), Breach> {
    let factor = mining.share_factor;
    Breach::unless((1..=256).contains(&factor), "share_factor", factor, "it must be between 1 and 256")?;
    let works = mining.window_works;
    Breach::unless((1..=64).contains(&works), "window_works", works, "it must be between 1 and 64")?;
    let shares = mining.shares_per_work_max;
    let rule = "it must be at least `share_factor`, at least what one block holds (32), and at most 65536";
    let block = u32::try_from(PROOFS_PER_BLOCK_MAX).unwrap_or(u32::MAX);
    let in_range = shares >= factor && shares >= block && shares <= 65_536;
    Breach::unless(in_range, "shares_per_work_max", shares, rule)
}

fn check_emission(network: Network, mining: &MiningParameters) -> Result<(), Breach> {
    let reward = mining.reward;
    Breach::unless(reward.0 < 1 << 64, "reward", reward, "it must be below 2^64")?;
    let interval = mining.halving_interval;
    Breach::unless(interval > 0, "halving_interval", interval, "it must be above zero")?;
    if network == Network::Main {
        Breach::unless(reward.0 == 8_000_000, "reward", reward, "on the main network it is 8000000 (8 THR)")?;
        Breach::unless(interval == 1_312_500, "halving_interval", interval, "on the main network it is 1312500")?;
    }
    Ok(())
}

/// Writes the numbers, and the terms of the first work, which builds on the chain id.
pub(crate) fn begin(parameters: &MiningParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
    let bits = CompactBits(parameters.launch_bits);
    Target::from_compact(bits).map_err(|error| GenesisError::Module(format!("mining: {error}")))?;
    let divisors = [parameters.spacing_ms, parameters.half_life_ms, parameters.halving_interval];
    if divisors.contains(&0) || parameters.share_factor == 0 {
        let why = "mining: spacing, half-life, halving interval and share factor are above zero";
        return Err(GenesisError::Module(why.to_owned()));
    }
    let tip = Tip {
        work_height: 0,
        hash: context.block().chain_id.0,
        time: context.block().time,
        next: Terms { bits, shares: 0 },
        grace: None,
        anchor: None,
        issued: Amount::ZERO,
    };
    write(context, &keys::tip(), &tip);
    write(context, &keys::rules(), parameters);
    Ok(())
}
