//! Accounts and transactions to play with.

use std::collections::BTreeMap;
use std::sync::Arc;

use mempool::{Ledger, PoolReject, PoolTransaction};
use types::{
    Address, Amount, AuthKind, Hash32, List, Nonce, Payer, TRANSACTION_VERSION, TimeMs, Transaction, TransactionBody,
    Weight, Witness,
};

/// Time in a world where nothing has happened yet.
pub const NOW: TimeMs = TimeMs(100);

/// Accounts in a map; unknown ones are rich and new. Weights cost nothing at first.
#[derive(Clone, Debug)]
pub struct World {
    pub nonces: BTreeMap<Address, Nonce>,
    pub funds: BTreeMap<Address, Amount>,
    pub time: TimeMs,
    pub price: u128,
}

impl Default for World {
    fn default() -> Self {
        Self { nonces: BTreeMap::new(), funds: BTreeMap::new(), time: NOW, price: 0 }
    }
}

impl World {
    /// The same at another price.
    pub fn priced(&self, price: u128) -> Self {
        Self { price, ..self.clone() }
    }

    /// The same at another time.
    pub fn at(&self, time: u64) -> Self {
        Self { time: TimeMs(time), ..self.clone() }
    }
}

impl Ledger for World {
    fn nonce(&self, address: &Address) -> Nonce {
        self.nonces.get(address).copied().unwrap_or_default()
    }

    fn spendable(&self, address: &Address) -> Amount {
        self.funds.get(address).copied().unwrap_or(Amount(1_000_000_000))
    }

    fn time(&self) -> TimeMs {
        self.time
    }

    fn price(&self) -> u128 {
        self.price
    }

    fn price_max(&self, transaction: &PoolTransaction) -> Result<u128, PoolReject> {
        let (PoolTransaction { valid_until, fee_max, weight, .. }, now) = (transaction, self.time);
        if *valid_until < now {
            return Err(PoolReject::Expired { valid_until: *valid_until, now });
        }
        let fee = Amount(self.price * u128::from(weight.0));
        let most = fee_max.0 / u128::from(weight.0);
        if most < self.price { Err(PoolReject::FeeMaxTooLow { fee, fee_max: *fee_max }) } else { Ok(most) }
    }
}

pub fn address(number: u8) -> Address {
    Address([number; 20])
}

/// Describes a transaction; everything that is not set is ordinary.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    pub sender: u8,
    pub nonce: u64,
    pub tip: u128,
    pub fee_max: u128,
    pub weight: u64,
    pub length: u32,
    pub valid_until: u64,
    pub payer: Option<u8>,
    pub salt: u8,
}

pub fn draft(sender: u8, nonce: u64, tip: u128) -> Draft {
    Draft { sender, nonce, tip, fee_max: 1_000, weight: 1_000, length: 200, valid_until: 1_000, payer: None, salt: 0 }
}

impl Draft {
    pub fn id(self) -> Hash32 {
        let mut id = [self.salt; 32];
        id[0] = self.sender;
        id[1..9].copy_from_slice(&self.nonce.to_be_bytes());
        id[9..25].copy_from_slice(&self.tip.to_be_bytes());
        Hash32(id)
    }

    pub fn wid(self) -> Hash32 {
        Hash32(self.id().0.map(|byte| !byte))
    }

    pub fn make(self) -> PoolTransaction {
        let payer = self.payer.map(|number| Payer { address: address(number), auth: AuthKind::Single });
        let body = TransactionBody {
            version: TRANSACTION_VERSION,
            sender: address(self.sender),
            auth: AuthKind::Single,
            nonce: Nonce(self.nonce),
            valid_until: TimeMs(self.valid_until),
            fee_max: Amount(self.fee_max),
            tip: Amount(self.tip),
            payer,
            calls: List::default(),
        };
        let transaction = Transaction { body, witness: Witness { auths: List::default() } };
        PoolTransaction::new(Arc::new(transaction), self.id(), self.wid(), Weight(self.weight), self.length)
    }
}
