//! A transaction as the pool sees it, and what it is worth to a proposer.

use std::sync::Arc;

use types::{Address, Amount, Hash32, Nonce, TimeMs, Transaction, Weight};

use crate::limits::ENTRY_OVERHEAD_BYTES;

/// A transaction whose bytes and signatures the caller has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolTransaction {
    /// The envelope.
    pub transaction: Arc<Transaction>,
    /// What is signed.
    pub id: Hash32,
    /// The exact bytes.
    pub wid: Hash32,
    /// Whose nonce it uses.
    pub sender: Address,
    /// Its place among the sender's transactions.
    pub nonce: Nonce,
    /// What it costs a block.
    pub weight: Weight,
    /// The most that may be taken as fee, in µTHR.
    pub fee_max: Amount,
    /// Goes to the proposer, in µTHR.
    pub tip: Amount,
    /// The last block time at which it may be included.
    pub valid_until: TimeMs,
    /// Canonical bytes.
    pub length: u32,
}

impl PoolTransaction {
    /// Reads the fields from the envelope; ids, weight and length are the caller's, who has them.
    #[must_use]
    pub fn new(transaction: Arc<Transaction>, id: Hash32, wid: Hash32, weight: Weight, length: u32) -> Self {
        let body = &transaction.body;
        let (sender, nonce, fee_max, tip) = (body.sender, body.nonce, body.fee_max, body.tip);
        let valid_until = body.valid_until;
        Self { transaction, id, wid, sender, nonce, weight, fee_max, tip, valid_until, length }
    }

    /// What a proposer orders by.
    #[must_use]
    pub fn priority(&self) -> Priority {
        Priority::new(self.tip, self.weight)
    }

    /// The account that pays fee and tip.
    #[must_use]
    pub fn payer(&self) -> Address {
        self.transaction.body.payer.as_ref().map_or(self.sender, |payer| payer.address)
    }

    /// The most that the payer loses by fee and tip, in µTHR; nothing when it does not fit 128 bits.
    #[must_use]
    pub const fn cost_max(&self) -> Option<Amount> {
        self.fee_max.checked_add(self.tip)
    }

    /// The smallest tip with which a transaction of this weight and the same nonce takes the place of this one: a
    /// tenth more per weight, rounded up, and in any case something.
    #[must_use]
    pub fn tip_to_replace(&self, weight: Weight) -> Amount {
        let scaled = self.tip.0.saturating_mul(u128::from(weight.0)).saturating_mul(11);
        let per = u128::from(self.weight.0.max(1)).saturating_mul(10);
        Amount(scaled.div_ceil(per).max(1))
    }

    /// What it takes of the pool's room, in bytes.
    pub(crate) const fn footprint(&self) -> usize {
        ENTRY_OVERHEAD_BYTES.saturating_add(self.length as usize)
    }
}

/// Tip per weight, in µTHR with 32 fractional bits. Tips from 2^96 on count as that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u128);

const FRACTION_BITS: u32 = 32;
const TIP_MAX: u128 = u128::MAX >> FRACTION_BITS;

impl Priority {
    /// The priority of a transaction with this tip and weight.
    #[must_use]
    pub fn new(tip: Amount, weight: Weight) -> Self {
        let scaled = tip.0.min(TIP_MAX) << FRACTION_BITS;
        Self(scaled.checked_div(u128::from(weight.0)).unwrap_or(scaled))
    }
}
