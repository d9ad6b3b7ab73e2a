//! The signatures of transactions.
//!
//! It must not remember a verdict: whoever does so keeps it by the hash of the exact bytes (`wid`), never by the id, which does not
//! cover the witness. What it keeps is the open form of public keys, which no verdict depends on. Invariant: the id itself is the
//! digest; nothing else of the transaction enters.

use crypto::ecdsa::EcdsaError;
use types::{Address, Auth, Hash32, Secp256k1Key, Secp256k1Signature, Transaction};

use crate::checked::CheckedTransaction;
use crate::key_cache::KeyCache;
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};

/// The keys that were used last, for all checks of this process.
static KEYS: KeyCache = KeyCache::new();

/// The address of a single key.
pub(crate) fn address_of_key(key: &Secp256k1Key) -> Address {
    KEYS.address(key)
}

impl Registry {
    /// Checks every signature of a transaction.
    ///
    /// # Errors
    /// What is wrong with the first bad one.
    pub fn check_signatures(&self, transaction: &CheckedTransaction) -> Result<(), Reject> {
        check_signatures(&transaction.id, &transaction.transaction)
    }
}

/// Checks every signature of a transaction with this id, whose form is already checked.
///
/// # Errors
/// What is wrong with the first bad one.
pub fn check_signatures(id: &Hash32, transaction: &Transaction) -> Result<(), Reject> {
    check_many_signatures(&[(id, transaction)]).into_iter().collect()
}

/// Checks every signature of each transaction, given with its id and already checked in its form: several at a time where the
/// processor can. The error is what is wrong with the first bad one.
#[must_use]
pub fn check_many_signatures(transactions: &[(&Hash32, &Transaction)]) -> Vec<Result<(), Reject>> {
    let mut signatures = Vec::with_capacity(transactions.len());
    let form: Vec<(usize, Result<(), Reject>)> = transactions
        .iter()
        .map(|(id, transaction)| {
            let before = signatures.len();
            let form = transaction.witness.auths.iter().try_for_each(|auth| {
                each_signature(auth, |key, signature| signatures.push((id.as_bytes(), key, signature)))
            });
            (signatures.len().saturating_sub(before), form)
        })
        .collect();
    let mut verdicts = KEYS.verify_many(&signatures).into_iter();
    form.into_iter()
        .map(|(count, form)| {
            // All are taken, whatever the first says.
            let own: Vec<_> = verdicts.by_ref().take(count).collect();
            own.into_iter().try_for_each(|verdict| verdict.map_err(refusal))?;
            form
        })
        .collect()
}

/// Hands over each key of an authorisation with its signature.
fn each_signature<'a>(
    auth: &'a Auth,
    mut hand: impl FnMut(&'a Secp256k1Key, &'a Secp256k1Signature),
) -> Result<(), Reject> {
    match auth {
        Auth::Single { key, signature } => {
            hand(key, signature);
            Ok(())
        }
        Auth::Multisig { policy, signatures } => signatures.iter().try_for_each(|signature| {
            let key = policy.keys().get(usize::from(signature.key)).ok_or(KernelReject::SignatureOrder)?;
            hand(key, &signature.signature);
            Ok(())
        }),
    }
}

fn refusal(error: EcdsaError) -> Reject {
    let reject = match error {
        EcdsaError::PublicKey => KernelReject::MalformedKey,
        EcdsaError::Range => KernelReject::MalformedSignature,
        EcdsaError::HighS => KernelReject::HighS,
        EcdsaError::Mismatch | EcdsaError::SecretKey => KernelReject::WrongSignature,
    };
    reject.into()
}
