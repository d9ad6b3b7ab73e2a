//! The calls a wallet makes and shows. What a call does and weighs its module says, through the registry.
//!
//! It must not know keys or a node. Everything that is shown about a transaction is decoded here from the bytes that are signed.

use std::sync::LazyLock;

use execution::{KernelReject, Registry, Reject, Words};
use serde::Serialize;
use serde_json::Value;
use types::{
    Address, Amount, AssetId, Auth, AuthKind, Call, List, MultisigPolicy, Network, PolicySignature, Secp256k1Key,
    Secp256k1Signature, THR, THR_DECIMALS, TimeMs, Transaction, TransactionBody, VIBE, VIBE_DECIMALS, WBTC,
    WBTC_DECIMALS, Weight, Witness,
};

use crate::cli::report::when;
use crate::client::types::{EventResponse, ReceiptResponse};
use crate::visible::one_line;
use crate::{Error, Result};

/// A call that the module would not refuse outright.
///
/// # Errors
/// The module's reject, by its name.
pub fn checked_call(call: Call) -> Result<Call> {
    weigh_call(&call)?;
    Ok(call)
}

/// The modules whose calls this wallet can say: those of this release.
pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(runtime::registry);
    &REGISTRY
}

/// The name of the module of this release that answers a question of this name: so whoever needs a feature by its role finds it.
#[must_use]
pub fn who_answers(question: &str) -> Option<&'static str> {
    registry().who_answers(question)
}

fn weigh_call(call: &Call) -> Result<Weight> {
    let registry = registry();
    registry.weigh_call(call).map_err(|reject| {
        let unreadable = [KernelReject::UnknownModule, KernelReject::MalformedCall].map(Reject::from);
        if unreadable.contains(&reject) {
            let why = format!("a call of module {} is none that this wallet knows", call.module);
            return Error::new("unknown_call", why, "use a newer wallet, or do not sign it");
        }
        let described = registry.describe(reject);
        let (name, sentence) = described.map_or(("rejected", "the call is refused"), |it| (it.name, it.sentence));
        Error::new(name, sentence, "nothing was signed: mend what was typed, and try again")
    })
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
    body.calls.iter().try_fold(envelope, |sum, call| Ok(sum.saturating_add(weigh_call(call)?.0)))
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

/// Name and sentence of a reject's code, in this wallet's own words.
#[must_use]
pub fn reject_words(code: u32) -> (&'static str, &'static str) {
    let unknown = ("rejected", "this wallet does not know the code: a newer one may");
    registry().describe_reject(code).map_or(unknown, |found| (found.name, found.sentence))
}

/// A call in words and as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct DescribedCall {
    /// One sentence.
    pub sentence: String,
    /// What the module calls it, such as `transfer`; or `unknown`.
    pub kind: String,
    /// The call as its module writes it; absent for an unknown one.
    pub call: Option<Value>,
}

/// What the calls of a body do, in order.
#[must_use]
pub fn describe(body: &TransactionBody, network: Network) -> Vec<DescribedCall> {
    body.calls.iter().map(|call| describe_call(call, network)).collect()
}

fn describe_call(call: &Call, network: Network) -> DescribedCall {
    let registry = registry();
    let said = registry.say_call(call, &Shown(network)).zip(registry.describe_call(call.module, &call.body));
    let Some((sentence, json)) = said else {
        let sentence =
            format!("an unknown call of module {} ({})", call.module, types::counted(call.body.len() as u64, "byte"));
        return DescribedCall { sentence, kind: "unknown".to_owned(), call: None };
    };
    // A call is one of its module's kinds: alone a text, with its fields an object of one key.
    let kind = json.as_str().or_else(|| json.as_object()?.keys().next().map(String::as_str));
    // Memos and symbols are what somebody wrote.
    let sentence = one_line(&sentence).into_owned();
    DescribedCall { sentence, kind: kind.unwrap_or("call").to_owned(), call: Some(json) }
}

/// An event in words and as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct DescribedEvent {
    /// One sentence, for an event that tells what no call says, such as what a claim brought.
    pub sentence: Option<String>,
    /// The event as its module writes it; absent for an unknown one.
    pub fields: Option<Value>,
}

/// What the events of a receipt tell, in order.
#[must_use]
pub fn describe_events(receipt: &ReceiptResponse, network: Network) -> Vec<DescribedEvent> {
    let registry = registry();
    let described = |shown: &EventResponse| {
        let event = shown.event();
        let sentence = event.as_ref().and_then(|event| registry.say_event(event, &Shown(network)));
        let sentence = sentence.map(|sentence| one_line(&sentence).into_owned());
        DescribedEvent { sentence, fields: event.as_ref().and_then(|event| registry.show_event(event, network)) }
    };
    receipt.events.iter().map(described).collect()
}

/// How this wallet writes addresses and amounts.
struct Shown(Network);

impl Words for Shown {
    fn address(&self, address: Address) -> String {
        address.to_text(self.0)
    }

    fn amount(&self, asset: AssetId, amount: Amount) -> String {
        shown_amount(asset, amount)
    }

    fn time(&self, time: TimeMs) -> String {
        when(time)
    }
}
