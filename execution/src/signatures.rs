//! The signatures of transactions.
//!
//! It must not remember a verdict: whoever does so keeps it by the hash of the exact bytes (`wid`), never by the id, which does not
//! cover the witness. What it keeps is the open form of public keys, which no verdict depends on. Invariant: the id itself is the
//! digest; nothing else of the transaction enters.

use crypto::ecdsa::EcdsaError;
use types::{Address, Auth, Hash32, Secp256k1Key, Transaction};

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
    transaction.witness.auths.iter().try_for_each(|auth| check_auth(id, auth))
}

fn check_auth(id: &Hash32, auth: &Auth) -> Result<(), Reject> {
    let verify = |key, signature| KEYS.verify(id.as_bytes(), key, signature).map_err(refusal);
    match auth {
        Auth::Single { key, signature } => verify(key, signature),
        Auth::Multisig { policy, signatures } => signatures.iter().try_for_each(|signature| {
            let key = policy.keys().get(usize::from(signature.key)).ok_or(KernelReject::SignatureOrder)?;
            verify(key, &signature.signature)
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
