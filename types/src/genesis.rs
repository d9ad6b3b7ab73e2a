//! The genesis: everything that all nodes of a chain agree on before the first block.
//!
//! The chain id is the hash of its canonical bytes, so every number here is part of the chain's identity. Rules
//! between the numbers are checked by the crate `genesis`; this type only bounds and carries them. It must not know a module: what
//! a module begins with is bytes here. It has no JSON form of its own: `genesis.json` is the crate `genesis`'s.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec::Canonical;
use crate::{
    Address, Amount, AssetId, BlsPublicKey, BlsSignature, ByteString, List, ModuleId, Network, PeerKey, Power,
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
}

/// A validator of the first epochs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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

/// What a module begins with. Only the module can read it; that it is there says that the module runs from block 0.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisSection {
    /// The module.
    pub module: ModuleId,
    /// Its numbers, in canonical bytes of its own type.
    pub body: ByteString<{ limits::GENESIS_SECTION_BYTES_MAX }>,
}

/// What an account owns at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisBalance {
    /// The account.
    pub address: Address,
    /// The asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Amount,
}

/// What a module holds in a pot at the start.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisGrant {
    /// The module.
    pub module: ModuleId,
    /// Its own name of the pot.
    pub pot: ByteString<{ limits::GENESIS_POT_BYTES_MAX }>,
    /// The asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Amount,
}

/// What a module may take of an account without a call that the account signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisAllowance {
    /// The module.
    pub module: ModuleId,
    /// Whose money it takes.
    pub account: Address,
    /// The asset.
    pub asset: AssetId,
    /// Most per span, in millionths of what the account holds when the span begins.
    pub share_ppm: u32,
    /// How long a span is, in milliseconds; spans are counted from the genesis.
    pub span_ms: u64,
}

/// What all nodes of a chain agree on before the first block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// The rules of the first block.
    pub version: ProtocolVersion,
    /// A name for people, such as `thronos-local`.
    pub name: ByteString<{ limits::CHAIN_NAME_BYTES_MAX }>,
    /// Which address prefix the chain uses.
    pub network: Network,
    /// Block time of height 0 and start of epoch 0.
    pub time: TimeMs,
    /// Rules in numbers.
    pub parameters: Parameters,
    /// What each module begins with, in rising order of the modules' numbers.
    pub modules: List<GenesisSection, { limits::GENESIS_MODULES_MAX }>,
    /// First balances, in rising order of (address, asset).
    pub balances: List<GenesisBalance, { limits::GENESIS_BALANCES_MAX }>,
    /// First contents of modules' pots, in rising order of (module, pot, asset).
    pub grants: List<GenesisGrant, { limits::GENESIS_GRANTS_MAX }>,
    /// What modules may take of accounts, in rising order of (module, account, asset).
    pub allowances: List<GenesisAllowance, { limits::GENESIS_ALLOWANCES_MAX }>,
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

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes_max: 4 * 1024 * 1024, block_weight_max: 4_000_000, system_bytes_max: 512 * 1024 }
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
        }
    }
}
