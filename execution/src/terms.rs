//! What the next block asks of every transaction by itself: size, times, fee.
//!
//! One function for whoever fills a block, judges one, or keeps transactions for the next. It must not know accounts: whether a
//! sender's nonce is right and its money suffices depends on what else stands in the block (see `filling`).

use types::{Amount, TimeMs, TransactionBody, Weight};

use crate::check::BODY_HEAD_BYTES;
use crate::checked::TransactionFacts;
use crate::context::BlockInfo;
use crate::fee;
use crate::keys;
use crate::records::{self, ChainRecord, Tip};
use crate::reject::KernelReject;
use crate::view::StateView;

/// The terms of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The block's time.
    pub time: TimeMs,
    /// The price of one weight, in µTHR with 32 fractional bits.
    pub price: u128,
    /// How far beyond the block's time a transaction may stay valid.
    pub validity_max_ms: u64,
    /// Most weight of a block.
    pub weight_max: Weight,
    /// Most bytes of a body.
    pub body_bytes_max: u64,
}

impl Terms {
    /// The terms of a block that is being filled or judged.
    #[must_use]
    pub fn of(block: &BlockInfo) -> Self {
        let limits = &block.parameters.limits;
        Self {
            time: block.time,
            price: block.price,
            validity_max_ms: block.parameters.timing.validity_max_ms,
            weight_max: Weight(limits.block_weight_max),
            body_bytes_max: u64::from(limits.body_bytes_max),
        }
    }

    /// The terms of the next block, if its time is this, or just after the tip's where that is later.
    #[must_use]
    pub fn next(view: &dyn StateView, time: TimeMs) -> Self {
        let ChainRecord { parameters, .. } = records::read_present(view, &keys::chain());
        let tip: Tip = records::read_present(view, &keys::tip());
        Self {
            time: time.max(tip.time.next()),
            price: fee::price(&parameters.fees, tip.excess),
            validity_max_ms: parameters.timing.validity_max_ms,
            weight_max: Weight(parameters.limits.block_weight_max),
            body_bytes_max: u64::from(parameters.limits.body_bytes_max),
        }
    }

    /// What the block takes from the sender, fee and tip, if it can hold the transaction at all.
    ///
    /// # Errors
    /// Why no block of these terms can, whatever else stands in it.
    pub fn charge(&self, body: &TransactionBody, facts: &TransactionFacts) -> Result<Amount, KernelReject> {
        if facts.weight > self.weight_max {
            return Err(KernelReject::TooHeavy);
        }
        if u64::from(facts.length).saturating_add(BODY_HEAD_BYTES) > self.body_bytes_max {
            return Err(KernelReject::TooLong);
        }
        if body.valid_until < self.time {
            return Err(KernelReject::Expired);
        }
        if body.valid_until > self.latest() {
            return Err(KernelReject::ValidTooLong);
        }
        let fee = fee::fee(self.price, facts.weight);
        if fee > body.fee_max {
            return Err(KernelReject::FeeMaxTooLow);
        }
        fee.checked_add(body.tip).ok_or(KernelReject::FeeUnpayable)
    }

    /// The latest time up to which a transaction of this block may stay valid.
    #[must_use]
    pub const fn latest(&self) -> TimeMs {
        self.time.saturating_add(self.validity_max_ms)
    }
}

#[cfg(test)]
mod tests {
    use types::{Address, AuthKind, Hash32, List, Nonce, TRANSACTION_VERSION};

    use super::*;

    const TERMS: Terms = Terms {
        time: TimeMs(1_000),
        price: 3 << fee::PRICE_FRACTION_BITS,
        validity_max_ms: 500,
        weight_max: Weight(100),
        body_bytes_max: 208,
    };

    fn body() -> TransactionBody {
        TransactionBody {
            version: TRANSACTION_VERSION,
            sender: Address([1; 20]),
            auth: AuthKind::Single,
            nonce: Nonce(0),
            valid_until: TimeMs(1_500),
            fee_max: Amount(300),
            tip: Amount(7),
            payer: None,
            calls: List::default(),
        }
    }

    fn facts() -> TransactionFacts {
        TransactionFacts { id: Hash32([1; 32]), wid: Hash32([2; 32]), weight: Weight(100), length: 200 }
    }

    // FAULTS HT1
    #[test]
    fn what_no_block_of_these_terms_can_hold_is_refused_by_name_and_the_bounds_are_good() {
        assert_eq!(TERMS.charge(&body(), &facts()), Ok(Amount(307)));
        let earliest = TransactionBody { valid_until: TimeMs(1_000), ..body() };
        assert_eq!(TERMS.charge(&earliest, &facts()), Ok(Amount(307)));
        for (body, facts, reject) in [
            (body(), TransactionFacts { weight: Weight(101), ..facts() }, KernelReject::TooHeavy),
            (body(), TransactionFacts { length: 201, ..facts() }, KernelReject::TooLong),
            (TransactionBody { valid_until: TimeMs(999), ..body() }, facts(), KernelReject::Expired),
            (TransactionBody { valid_until: TimeMs(1_501), ..body() }, facts(), KernelReject::ValidTooLong),
            (TransactionBody { valid_until: TimeMs::MAX, ..body() }, facts(), KernelReject::ValidTooLong),
            (TransactionBody { fee_max: Amount(299), ..body() }, facts(), KernelReject::FeeMaxTooLow),
            (TransactionBody { fee_max: Amount::ZERO, ..body() }, facts(), KernelReject::FeeMaxTooLow),
            (TransactionBody { tip: Amount::MAX, ..body() }, facts(), KernelReject::FeeUnpayable),
        ] {
            assert_eq!(TERMS.charge(&body, &facts), Err(reject), "{body:?}");
        }
    }
}
