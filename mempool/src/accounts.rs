//! What the pool asks about accounts. It must not know where accounts are kept.

use types::{Address, Amount, Nonce};

/// Accounts as of the newest block that the caller builds on.
pub trait Accounts {
    /// The nonce that the account's next transaction must carry.
    fn nonce(&self, address: &Address) -> Nonce;

    /// µTHR that the account can pay fees and tips from.
    fn spendable(&self, address: &Address) -> Amount;
}
