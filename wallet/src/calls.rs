//! The calls a wallet makes and shows: what the modules `tokens` and `mining` understand.
//!
//! It must not know keys or a node. Everything that is shown about a transaction is decoded here from the bytes that are signed.

use execution::{Module, Reject, RejectDescription};
use mining::{Mining, MiningCall};
use serde::Serialize;
use serde_json::Value;
use tokens::{Tokens, TokensCall, Transfer};
use types::{
    Address, Amount, AssetId, Auth, AuthKind, ByteString, Call, Canonical, List, MultisigPolicy, Network,
    PolicySignature, Secp256k1Key, Secp256k1Signature, THR, THR_DECIMALS, Transaction, TransactionBody, VIBE,
    VIBE_DECIMALS, WBTC, WBTC_DECIMALS, Weight, Witness,
};

use crate::transaction::{Envelope, build};
use crate::{Error, Result};

/// A transfer of one asset to one account.
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
            let message = format!("the memo has {} bytes, at most {} are allowed", memo.len(), tokens::MEMO_BYTES_MAX);
            Error::new("memo_too_long", message, "shorten it")
        })?;
        checked_call(&TokensCall::Transfer(Transfer { asset, to, amount, memo }))
    }
}

/// The body of a transfer, to be signed.
///
/// # Errors
/// As [`TransferRequest::to_call`].
pub fn build_transfer(envelope: &Envelope, transfer: &TransferRequest) -> Result<TransactionBody> {
    build(envelope, vec![transfer.to_call()?])
}

/// A call that the module would not refuse outright.
///
/// # Errors
/// The module's reject, by its name.
pub fn checked_call(call: &TokensCall) -> Result<Call> {
    weigh_call(call)?;
    Ok(call.to_call())
}

/// The call with which a miner moves what it has earned from the window to its account.
#[must_use]
pub fn claim_call() -> Call {
    MiningCall::Claim.to_call()
}

fn weigh_call(call: &TokensCall) -> Result<Weight> {
    Tokens.check(call).map_err(|reject| refused(reject, Tokens::REJECTS))
}

fn refused(reject: Reject, described: &[RejectDescription]) -> Error {
    let described = described.iter().find(|entry| entry.number == reject.number());
    let (name, sentence) = described.map_or(("rejected", "the call is refused"), |entry| (entry.name, entry.sentence));
    Error::new(name, sentence, "")
}

/// A call that this wallet understands.
enum KnownCall {
    Tokens(TokensCall),
    Mining(MiningCall),
}

impl KnownCall {
    fn weigh(&self) -> Result<Weight> {
        match self {
            Self::Tokens(call) => weigh_call(call),
            Self::Mining(call) => Mining.check(call).map_err(|reject| refused(reject, Mining::REJECTS)),
        }
    }
}

/// The weight that a body will have once it is signed: bytes of the envelope, and what its calls declare.
///
/// # Errors
/// `unknown_call` for a call that this wallet does not understand.
pub fn weigh(body: &TransactionBody, policy: Option<&MultisigPolicy>) -> Result<Weight> {
    let auth = match (body.auth, policy) {
        (AuthKind::Multisig, Some(policy)) => {
            let signature = |key| PolicySignature { key, signature: Secp256k1Signature::ZERO };
            let signatures =
                List::new((0..policy.threshold()).map(signature).collect()).expect("a threshold is at most 16");
            Auth::Multisig { policy: policy.clone(), signatures }
        }
        _ => Auth::Single { key: Secp256k1Key::ZERO, signature: Secp256k1Signature::ZERO },
    };
    let witness = Witness { auths: List::new(vec![auth]).expect("one is at most two") };
    let length = Transaction { body: body.clone(), witness }.encoded_length();
    let envelope = Weight(u64::try_from(length).expect("a length fits 64 bits"));
    body.calls.iter().try_fold(envelope, |sum, call| Ok(sum.saturating_add(decode(call)?.weigh()?.0)))
}

fn decode(call: &Call) -> Result<KnownCall> {
    let unknown = |why: String| Error::new("unknown_call", why, "use a newer wallet, or do not sign it");
    let decoded = match call.module {
        Tokens::ID => TokensCall::from_canonical(&call.body).map(KnownCall::Tokens),
        Mining::ID => MiningCall::from_canonical(&call.body).map(KnownCall::Mining),
        other => return Err(unknown(format!("a call is of module {other}, which this wallet does not know"))),
    };
    decoded.map_err(|error| unknown(format!("a call cannot be read: {error}")))
}

/// The name of an asset that every chain has, and its decimals.
#[must_use]
pub const fn well_known_asset(id: AssetId) -> Option<(&'static str, u8)> {
    match id {
        THR => Some(("THR", THR_DECIMALS)),
        VIBE => Some(("VIBE", VIBE_DECIMALS)),
        WBTC => Some(("WBTC", WBTC_DECIMALS)),
        _ => None,
    }
}

/// An amount for people: with decimals for assets that every chain has, in base units for others.
#[must_use]
pub fn shown_amount(asset: AssetId, amount: Amount) -> String {
    well_known_asset(asset).map_or_else(
        || format!("{amount} base units of asset {asset}"),
        |(symbol, decimals)| format!("{} {symbol}", amount.to_decimal(decimals)),
    )
}

/// A call in words and as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct DescribedCall {
    /// One sentence.
    pub sentence: String,
    /// `transfer`, `batch_transfer`, `create`, `mint`, `burn`, `claim`, or `unknown`.
    pub kind: &'static str,
    /// The call as its module writes it; absent for an unknown one.
    pub call: Option<Value>,
}

/// What the calls of a body do, in order.
#[must_use]
pub fn describe(body: &TransactionBody, network: Network) -> Vec<DescribedCall> {
    body.calls.iter().map(|call| describe_call(call, network)).collect()
}

fn describe_call(call: &Call, network: Network) -> DescribedCall {
    let Ok(decoded) = decode(call) else {
        let sentence =
            format!("an unknown call of module {} ({})", call.module, types::counted(call.body.len() as u64, "byte"));
        return DescribedCall { sentence, kind: "unknown", call: None };
    };
    let (kind, sentence, call) = match &decoded {
        KnownCall::Tokens(call) => {
            let (kind, sentence) = describe_tokens(call, network);
            (kind, sentence, serde_json::to_value(call))
        }
        KnownCall::Mining(call @ MiningCall::Claim) => {
            ("claim", "claim what mining has earned".to_owned(), serde_json::to_value(call))
        }
    };
    DescribedCall { sentence, kind, call: Some(call.expect("calls are texts, numbers and lists")) }
}

fn describe_tokens(call: &TokensCall, network: Network) -> (&'static str, String) {
    let text = |address: Address| address.to_text(network);
    match call {
        TokensCall::Transfer(transfer) => {
            let memo = String::from_utf8_lossy(&transfer.memo).escape_debug().to_string();
            let memo = if memo.is_empty() { memo } else { format!(", memo \"{memo}\"") };
            let amount = shown_amount(transfer.asset, transfer.amount);
            ("transfer", format!("transfer {amount} to {}{memo}", text(transfer.to)))
        }
        TokensCall::BatchTransfer(batch) => {
            let one = |payment: &tokens::Payment| {
                format!("{} to {}", shown_amount(batch.asset, payment.amount), text(payment.to))
            };
            let all: Vec<_> = batch.payments.iter().map(one).collect();
            ("batch_transfer", format!("transfer {}", all.join(", ")))
        }
        TokensCall::Create(create) => {
            let symbol = String::from_utf8_lossy(&create.asset.symbol).escape_debug().to_string();
            let minter = create.asset.minter.map_or_else(|| "nobody".to_owned(), text);
            let cap = create.asset.cap.to_decimal(create.asset.decimals);
            let initial = create.initial.to_decimal(create.asset.decimals);
            ("create", format!("create asset {symbol}, cap {cap}, first issue {initial}, minter {minter}"))
        }
        TokensCall::Mint(mint) => {
            ("mint", format!("mint {} to {}", shown_amount(mint.asset, mint.amount), text(mint.to)))
        }
        TokensCall::Burn(burn) => ("burn", format!("burn {}", shown_amount(burn.asset, burn.amount))),
    }
}
