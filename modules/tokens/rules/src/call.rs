//! What a transaction may ask of this module.
//!
//! It must not know what is allowed. A variant's number is part of the byte form and never changes.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use types::{Address, Amount, Asset, AssetId, ByteString, Call, Canonical, List, limits};

/// Most bytes of a transfer's memo.
pub const MEMO_BYTES_MAX: usize = 256;

/// Most recipients of one batch.
pub const BATCH_RECIPIENTS_MAX: usize = 256;

/// Moves units from the sender to one account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The asset.
    pub asset: AssetId,
    /// Who gets it.
    pub to: Address,
    /// How much, in base units; above zero.
    pub amount: Amount,
    /// Anything the sender wants to say; public.
    pub memo: ByteString<MEMO_BYTES_MAX>,
}

/// One recipient of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Who gets it.
    pub to: Address,
    /// How much, in base units; above zero.
    pub amount: Amount,
}

/// Moves units of one asset from the sender to many accounts.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchTransfer {
    /// The asset.
    pub asset: AssetId,
    /// Who gets how much; at least one.
    pub payments: List<Payment, BATCH_RECIPIENTS_MAX>,
}

/// Creates an asset; its number is the next free one from 1,000. The fee of the genesis is burned.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Symbol, decimals, cap and who may mint.
    pub asset: Asset,
    /// Issued at once to the sender; may be zero.
    pub initial: Amount,
}

/// Issues new units. Only the asset's minter may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mint {
    /// The asset.
    pub asset: AssetId,
    /// Who gets it.
    pub to: Address,
    /// How much, in base units; above zero.
    pub amount: Amount,
}

/// Destroys units of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burn {
    /// The asset.
    pub asset: AssetId,
    /// How much, in base units; above zero.
    pub amount: Amount,
}

/// A call of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum TokensCall {
    /// See [`Transfer`].
    Transfer(Transfer) = 0,
    /// See [`BatchTransfer`].
    BatchTransfer(BatchTransfer) = 1,
    /// See [`Create`].
    Create(Create) = 2,
    /// See [`Mint`].
    Mint(Mint) = 3,
    /// See [`Burn`].
    Burn(Burn) = 4,
}

impl Canonical for TokensCall {
    const BYTES_MAX: usize = limits::CALL_BYTES_MAX;
}

impl TokensCall {
    /// A transfer without a memo.
    #[must_use]
    pub fn transfer(asset: AssetId, to: Address, amount: Amount) -> Self {
        Self::Transfer(Transfer { asset, to, amount, memo: ByteString::default() })
    }

    /// The call as it stands in a transaction.
    #[must_use]
    pub fn to_call(&self) -> Call {
        let body =
            ByteString::new(self.to_canonical()).expect("the longest call, a full batch, is far below the limit");
        Call { module: <crate::Tokens as execution::Module>::ID, body }
    }
}

const _: () = assert!(1 + 8 + 4 + BATCH_RECIPIENTS_MAX * (20 + 16) <= limits::CALL_BYTES_MAX);
const _: () = assert!(BATCH_RECIPIENTS_MAX * limits::CALLS_PER_TRANSACTION_MAX <= limits::EVENTS_PER_RECEIPT_MAX);
