//! A transfer of one asset to one account.
//!
//! It must not know keys or a node.

use tokens::{MEMO_BYTES_MAX, TokensCall, Transfer};
use types::{Address, Amount, AssetId, AuthKind, ByteString, Call, Nonce, THR, TimeMs, TransactionBody, Weight};
use wallet::calls::{checked_call, weigh};
use wallet::transaction::build;
use wallet::{Envelope, Error, Result};

/// What a transfer is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRequest {
    /// Who gets it.
    pub to: Address,
    /// The asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Amount,
    /// Anything the sender wants to say; public.
    pub memo: Vec<u8>,
}

impl TransferRequest {
    /// A transfer of THR without a memo.
    #[must_use]
    pub const fn thr(to: Address, amount: Amount) -> Self {
        Self { to, asset: THR, amount, memo: Vec::new() }
    }

    /// The call as it stands in a transaction.
    ///
    /// # Errors
    /// `memo_too_long` above 256 bytes, `zero_amount`.
    pub fn to_call(&self) -> Result<Call> {
        let Self { to, asset, amount, memo } = self.clone();
        let memo = ByteString::new(memo).map_err(|memo| {
            let message = format!("the memo has {} bytes, at most {MEMO_BYTES_MAX} are allowed", memo.len());
            Error::new("memo_too_long", message, "shorten it")
        })?;
        checked_call(TokensCall::Transfer(Transfer { asset, to, amount, memo }).to_call())
    }
}

/// The body of a transfer, to be signed.
///
/// # Errors
/// As [`TransferRequest::to_call`].
pub fn build_transfer(envelope: &Envelope, transfer: &TransferRequest) -> Result<TransactionBody> {
    build(envelope, vec![transfer.to_call()?])
}

/// The weight of a transfer without a memo: the same whoever sends how much to whom.
///
/// # Errors
/// Never: the amount is not zero.
pub fn transfer_weight() -> Result<Weight> {
    let envelope = Envelope {
        sender: Address::default(),
        auth: AuthKind::Single,
        nonce: Nonce::ZERO,
        valid_until: TimeMs::ZERO,
        fee_max: Amount::ZERO,
        tip: Amount::ZERO,
    };
    weigh(&build_transfer(&envelope, &TransferRequest::thr(Address::default(), Amount(1)))?, None)
}
