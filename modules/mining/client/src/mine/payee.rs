//! Whom a job pays, and whom it may pay.
//!
//! Whoever can write one line to a miner can have it work for himself; the coinbase tells. It must not know connections, nor what
//! a job is worth: a job that pays the right account may still be worth nothing, but then to everybody. Invariant: what is read of
//! a job holds for each of its second extranonces, because they have to stand where nothing is read.

use std::fmt;

use pow::{Coinbase, CoinbaseError};
use types::{Address, Network};

use super::job::Job;

/// An account, as the person wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payee {
    /// The account.
    pub address: Address,
    /// Whose form the address is written in; nothing for the older form.
    pub network: Option<Network>,
}

/// Whom jobs may pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pays {
    /// This account and nobody else.
    Only(Payee),
    /// Anybody, on whatever chain: nothing is checked.
    Anybody,
}

/// Why a job is not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Diverted {
    /// It pays somebody else.
    #[error("the pool's job pays {paid}, and should pay {expected}")]
    Other {
        /// Who would be paid.
        paid: Payee,
        /// Who should be.
        expected: Payee,
    },
    /// Another account could be written into it by choosing an extranonce.
    #[error("the pool's job does not fix whom it pays: the extranonce stands outside of the input's script")]
    Open,
    /// It also pays somebody on another chain, where values count.
    #[error("the pool's job carries a value of {0}: that pays somebody on another chain")]
    Value(u64),
    /// It is no job of this chain.
    #[error("the pool's job is none of Thronos and pays nobody there: {0}")]
    Foreign(CoinbaseError),
}

impl fmt::Display for Payee {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.network.map_or_else(|| self.address.to_legacy_text(), |network| self.address.to_text(network));
        formatter.write_str(&text)
    }
}

impl Pays {
    /// Whether a job may be searched.
    ///
    /// # Errors
    /// [`Diverted`] when it pays somebody else, or does not say whom.
    pub fn check(&self, job: &Job) -> Result<(), Diverted> {
        let Self::Only(expected) = self else {
            return Ok(());
        };
        let coinbase =
            Coinbase::parse(&job.coinbase(&vec![0; job.extranonce.second_bytes])).map_err(Diverted::Foreign)?;
        let first = job.notify.coinbase1.len() + job.extranonce.first.len();
        if first < coinbase.free.0 || first + job.extranonce.second_bytes > coinbase.free.1 {
            return Err(Diverted::Open);
        }
        if coinbase.payee != expected.address {
            let paid = Payee { address: coinbase.payee, ..*expected };
            return Err(Diverted::Other { paid, expected: *expected });
        }
        if coinbase.value == 0 { Ok(()) } else { Err(Diverted::Value(coinbase.value)) }
    }
}
