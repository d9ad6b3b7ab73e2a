//! What a work pays: the schedule, the cap, and the split.
//!
//! It must not know who found it. Invariants: the parts add up to the reward; what rounding leaves belongs to the miners.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;
use types::Amount;

use crate::genesis::MiningParameters;

/// Of the reward, one part in so many goes to the AI pool.
const AI_POOL_PART: u128 = 10;
/// Of the reward, one part in so many goes to the validators, and as much to the ecosystem.
const VALIDATORS_PART: u128 = 20;
/// Of the miners' part, one part in so many goes to the finder alone.
const FINDER_PART: u128 = 16;

/// A reward and its parts, in µTHR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Split {
    /// To the finder alone.
    pub finder: Amount,
    /// To the shares of the window.
    pub window: Amount,
    /// To the AI pool.
    pub ai_pool: Amount,
    /// To the validators.
    pub validators: Amount,
    /// To the ecosystem.
    pub ecosystem: Amount,
}

/// What the schedule gives for a work, by its height from 1.
#[must_use]
pub fn scheduled(parameters: &MiningParameters, work_height: u64) -> Amount {
    let halvings = work_height.saturating_sub(1).checked_div(parameters.halving_interval).unwrap_or(u64::MAX);
    let halvings = u32::try_from(halvings).unwrap_or(u32::MAX);
    Amount(parameters.reward.0.checked_shr(halvings).unwrap_or(0))
}

/// What the schedule gives for the works 1 to `works` together.
#[must_use]
pub fn scheduled_total(parameters: &MiningParameters, works: u64) -> Amount {
    let (mut left, mut reward, mut total) = (works, parameters.reward.0, 0_u128);
    while left > 0 && reward > 0 {
        let paid = left.min(parameters.halving_interval.max(1));
        total = total.saturating_add(reward.saturating_mul(paid.into()));
        left = left.saturating_sub(paid);
        reward >>= 1;
    }
    Amount(total)
}

impl Split {
    /// Splits a reward: a tenth, a twentieth and a twentieth, each rounded down; the rest is the miners', of which a sixteenth,
    /// rounded down, is the finder's and the rest the window's.
    #[must_use]
    pub const fn of(reward: Amount) -> Self {
        let (ai_pool, twentieth) = (reward.0 / AI_POOL_PART, reward.0 / VALIDATORS_PART);
        let miners = reward.0.saturating_sub(ai_pool).saturating_sub(twentieth).saturating_sub(twentieth);
        let finder = miners / FINDER_PART;
        Self {
            finder: Amount(finder),
            window: Amount(miners.saturating_sub(finder)),
            ai_pool: Amount(ai_pool),
            validators: Amount(twentieth),
            ecosystem: Amount(twentieth),
        }
    }
}
