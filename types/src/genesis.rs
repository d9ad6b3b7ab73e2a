//! The genesis: everything that all nodes of a chain agree on before the first block.
//!
//! The chain id is the hash of its canonical bytes, so every number here is part of the chain's identity. Rules
//! between the numbers are checked by the crate `genesis`; this type only bounds and carries them.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec::Canonical;
use crate::{
    Address, Amount, Asset, AssetId, BlsPublicKey, BlsSignature, ByteString, List, Network, PeerKey, Power,
    ProtocolVersion, TimeMs, limits,
};

/// Paces and clocks, all in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Δ: the assumed bound on a message's way between validators.
    pub delta_ms: u64,
    /// Δ doubles over nullified views up to this.
    pub delta_max_ms: u64,
    /// A leader waits at least this long after the parent.
    pub block_interval_min_ms: u64,
    /// With nothing to do, a block comes this often.
    pub block_interval_empty_ms: u64,
    /// Span of an epoch.
    pub epoch_length_ms: u64,
    /// Every so often the proposer adds to the seed.
    pub seed_interval_ms: u64,
    /// A new block's time may be this far ahead of a voter's clock.
    pub block_ahead_max_ms: u64,
    /// A new block's time may be this far behind a voter's clock.
    pub block_behind_max_ms: u64,
    /// A transaction may ask to stay valid for at most this long.
    pub validity_max_ms: u64,
}

/// The fee market.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeParameters {
    /// Lowest price of one weight, in µTHR · 2^-32.
    pub price_floor: u64,
    /// Weight per second at which the price stays.
    pub weight_target_per_s: u64,
    /// K: this much weight above the target multiplies the price by e.
    pub excess_per_e: u64,
    /// Gets the half of every fee that is not burned.
    pub ecosystem: Address,
}

/// Limits of one block, at or below those of the format.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Most bytes of a body.
    pub body_bytes_max: u32,
    /// Most weight of a body's transactions.
    pub block_weight_max: u64,
    /// Most bytes of a body's system calls.
    pub system_bytes_max: u32,
}

/// The work chain: its pace, its bounds and whom it pays.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MiningParameters {
    /// nBits of the first work, and of the easiest work ever asked for.
    pub launch_bits: u32,
    /// Wanted time between works, in milliseconds.
    pub spacing_ms: u64,
    /// Being so far behind the wanted pace doubles the target, in milliseconds.
    pub half_life_ms: u64,
    /// Least block time between two works, in milliseconds.
    pub spacing_min_ms: u64,
    /// The block that a work names may be this old in block time, in milliseconds.
    pub anchor_age_max_ms: u64,
    /// A header's time may be so many seconds before that of the block it names.
    pub header_behind_max_s: u32,
    /// A header's time may be so many seconds after that of the block it stands in.
    pub header_ahead_max_s: u32,
    /// A share's target is this many times that of a work.
    pub share_factor: u32,
    /// Shares worth so many works share the reward.
    pub window_works: u32,
    /// Most shares per work height.
    pub shares_per_work_max: u32,
    /// What the first works pay, in µTHR.
    pub reward: Amount,
    /// After so many works the reward halves.
    pub halving_interval: u64,
    /// Gets a tenth of every reward.
    pub ai_pool: Address,
    /// Gets a twentieth of every reward, for the validators.
    pub validators: Address,
    /// Gets a twentieth of every reward.
    pub ecosystem: Address,
}

/// Rules in numbers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Paces and clocks.
    pub timing: Timing,
    /// The fee market.
    pub fees: FeeParameters,
    /// Block limits.
    pub limits: Limits,
    /// Most µTHR that may ever be issued, burned or not.
    pub thr_cap: Amount,
    /// Fee for creating an asset, in µTHR, burned.
    pub asset_creation_fee: Amount,
    /// The work chain.
    pub mining: MiningParameters,
}

/// A validator of the first epochs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisValidator {
    /// Signs its votes.
    pub key: BlsPublicKey,
    /// Proof that it holds the key.
    pub possession: BlsSignature,
    /// Weight of its vote.
    pub power: Power,
    /// Gets its tips and rewards.
    pub account: Address,
    /// Its network identity.
    pub peer: PeerKey,
}

/// An asset that exists from the start; THR, VIBE and WBTC always do.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAsset {
    /// Its number, from 1,000.
    pub id: AssetId,
    /// The rest.
    pub asset: Asset,
}

/// What an account owns at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisBalance {
    /// The account.
    pub address: Address,
    /// The asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Amount,
}

/// What all nodes of a chain agree on before the first block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The rules of the first block.
    pub version: ProtocolVersion,
    /// A name for people, such as `thronos-local`.
    #[serde(with = "crate::asset::ascii")]
    pub name: ByteString<{ limits::CHAIN_NAME_BYTES_MAX }>,
    /// Which address prefix the chain uses.
    pub network: Network,
    /// Block time of height 0 and start of epoch 0.
    pub time: TimeMs,
    /// Rules in numbers.
    pub parameters: Parameters,
    /// Custom assets.
    pub assets: List<GenesisAsset, { limits::GENESIS_ASSETS_MAX }>,
    /// First balances, in rising order of (address, asset).
    pub balances: List<GenesisBalance, { limits::GENESIS_BALANCES_MAX }>,
    /// First validators, in rising order of their keys.
    pub validators: List<GenesisValidator, { limits::VALIDATORS_MAX }>,
}

impl Canonical for Genesis {
    const BYTES_MAX: usize = 256 * 1024 * 1024;
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            delta_ms: 500,
            delta_max_ms: 8_000,
            block_interval_min_ms: 50,
            block_interval_empty_ms: 2_000,
            epoch_length_ms: 3_600_000,
            seed_interval_ms: 10_000,
            block_ahead_max_ms: 500,
            block_behind_max_ms: 15_000,
            validity_max_ms: 86_400_000,
        }
    }
}

impl FeeParameters {
    /// The default market with the account that gets half of every fee.
    #[must_use]
    pub const fn with_ecosystem(ecosystem: Address) -> Self {
        // At one µTHR per weight the cheapest transfer, above 1,000 weight, costs at least 0.001 THR.
        // K = 60,000,000 / ln 2: blocks at twice the target double the price in 30 s.
        Self { price_floor: 1 << 32, weight_target_per_s: 2_000_000, excess_per_e: 86_561_702, ecosystem }
    }
}

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
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes_max: 4 * 1024 * 1024, block_weight_max: 4_000_000, system_bytes_max: 256 * 1024 }
    }
}

impl Parameters {
    /// 21,000,001 THR.
    pub const THR_CAP: Amount = Amount(21_000_001_000_000);

    /// The defaults with the account that gets half of every fee.
    #[must_use]
    pub fn with_ecosystem(ecosystem: Address) -> Self {
        Self {
            timing: Timing::default(),
            fees: FeeParameters::with_ecosystem(ecosystem),
            limits: Limits::default(),
            thr_cap: Self::THR_CAP,
            asset_creation_fee: Amount(10_000_000),
            mining: MiningParameters::with_beneficiary(ecosystem),
        }
    }
}
