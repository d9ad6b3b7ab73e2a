//! What the pool asks about the chain. It must not know where accounts are kept nor how a fee is reckoned.

use types::{Address, Amount, Nonce, TimeMs};

use crate::reject::PoolReject;
use crate::transaction::PoolTransaction;

/// The chain as of the newest block that the caller builds on.
pub trait Ledger {
    /// The nonce that the account's next transaction must carry.
    fn nonce(&self, address: &Address) -> Nonce;

    /// µTHR that the account can pay fees and tips from.
    fn spendable(&self, address: &Address) -> Amount;

    /// The time of that block.
    fn time(&self) -> TimeMs;

    /// The price of one weight in the next block.
    fn price(&self) -> u128;

    /// The highest price at which the transaction can pay its fee, if the next block could hold it.
    ///
    /// # Errors
    /// Why no next block can, whatever its sender has and whatever else stands in it.
    fn price_max(&self, transaction: &PoolTransaction) -> Result<u128, PoolReject>;
}
