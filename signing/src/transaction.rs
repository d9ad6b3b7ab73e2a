//! Building and signing transactions.
//!
//! It must not know files or a node: nonce, fee and time come from the caller. Invariant: what is signed is the id, which names the
//! chain; so a signature made here is worth nothing on another chain.

use types::{
    Address, Amount, Auth, AuthKind, Call, Canonical, ChainId, Hash32, List, MultisigPolicy, Nonce, PolicySignature,
    Secp256k1Key, Secp256k1Signature, TRANSACTION_VERSION, TimeMs, Transaction, TransactionBody, Witness, limits,
};

use crate::keys::AccountKey;
use crate::{Error, Result};

/// What a transaction says beside its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The account that acts and pays.
    pub sender: Address,
    /// How it authorises.
    pub auth: AuthKind,
    /// The account's next nonce.
    pub nonce: Nonce,
    /// The last block time at which the transaction may be included.
    pub valid_until: TimeMs,
    /// The most that may be taken as fee, in µTHR.
    pub fee_max: Amount,
    /// Given to the proposer on top, in µTHR.
    pub tip: Amount,
}

impl Envelope {
    /// The envelope of a single-key account, without a tip.
    #[must_use]
    pub const fn single(sender: Address, nonce: Nonce, valid_until: TimeMs, fee_max: Amount) -> Self {
        Self { sender, auth: AuthKind::Single, nonce, valid_until, fee_max, tip: Amount::ZERO }
    }
}

/// Puts calls into an envelope.
///
/// # Errors
/// `too_many_calls` above sixteen or for none.
pub fn build(envelope: &Envelope, calls: Vec<Call>) -> Result<TransactionBody> {
    let Envelope { sender, auth, nonce, valid_until, fee_max, tip } = *envelope;
    let count = calls.len();
    let calls = List::new(calls).ok().filter(|calls| !calls.is_empty()).ok_or_else(|| {
        let message = format!("a transaction has 1 to {} calls, not {count}", limits::CALLS_PER_TRANSACTION_MAX);
        Error::new("too_many_calls", message, "split it into several transactions")
    })?;
    Ok(TransactionBody {
        version: TRANSACTION_VERSION,
        sender,
        auth,
        nonce,
        valid_until,
        fee_max,
        tip,
        payer: None,
        calls,
    })
}

/// Signs with the one key of an account.
///
/// # Errors
/// `wrong_key` when the sender is another account or a multisig account; `too_long` above 64 KiB.
pub fn sign_transaction(key: &AccountKey, chain: ChainId, body: TransactionBody) -> Result<Transaction> {
    if body.auth != AuthKind::Single || key.address() != body.sender {
        let message = format!("the key {} is not that of the sender", key.public_key());
        return Err(Error::new("wrong_key", message, "sign with the sender's key, or with the keys of its policy"));
    }
    // What was just signed need not be checked: programs that load a network sign by the thousand.
    let signature = signature_by(key, chain, &body);
    envelop(body, Auth::Single { key: key.public_key(), signature })
}

/// One key's signature of a body: all that a single account needs, or a part of what a multisig account needs.
#[must_use]
pub fn signature_by(key: &AccountKey, chain: ChainId, body: &TransactionBody) -> Secp256k1Signature {
    key.sign(&crypto::ids::transaction_id(chain, body))
}

/// Makes a transaction of a body and signatures, of which each is checked first. For a multisig account the first `threshold` of
/// them in the policy's order are taken.
///
/// # Errors
/// `wrong_signature`, `wrong_key`, `missing_signatures` with how many, or `too_long`.
pub fn assemble(
    chain: ChainId,
    body: TransactionBody,
    policy: Option<&MultisigPolicy>,
    signatures: &[(Secp256k1Key, Secp256k1Signature)],
) -> Result<Transaction> {
    let id = crypto::ids::transaction_id(chain, &body);
    for (key, signature) in signatures {
        check_signature(&id, key, signature)?;
    }
    let auth = match (body.auth, policy) {
        (AuthKind::Single, None) => single(&body, signatures)?,
        (AuthKind::Multisig, Some(policy)) => multisig(&body, policy, signatures)?,
        (AuthKind::Single, Some(_)) => {
            return Err(Error::new(
                "wrong_key",
                "a policy was given, but the sender is a single-key account",
                "leave the policy out",
            ));
        }
        (AuthKind::Multisig, None) => {
            return Err(Error::new(
                "wrong_key",
                "the sender is a multisig account, but its policy is missing",
                "give the policy",
            ));
        }
    };
    envelop(body, auth)
}

fn envelop(body: TransactionBody, auth: Auth) -> Result<Transaction> {
    let auths = List::new(vec![auth]).expect("one is at most two");
    let transaction = Transaction { body, witness: Witness { auths } };
    let length = transaction.encoded_length();
    if length > limits::TRANSACTION_BYTES_MAX {
        let message =
            format!("the transaction has {length} bytes, at most {} are allowed", limits::TRANSACTION_BYTES_MAX);
        return Err(Error::new("too_long", message, "split it into several transactions"));
    }
    Ok(transaction)
}

fn single(body: &TransactionBody, signatures: &[(Secp256k1Key, Secp256k1Signature)]) -> Result<Auth> {
    let of_sender = |(key, _): &&(Secp256k1Key, _)| crypto::ids::address_of_key(key) == body.sender;
    match signatures.iter().find(of_sender) {
        Some((key, signature)) => Ok(Auth::Single { key: *key, signature: *signature }),
        None if signatures.is_empty() => Err(missing_signatures(0, 1)),
        None => Err(Error::new("wrong_key", "the signature is not by the sender's key", "sign with the sender's key")),
    }
}

fn multisig(
    body: &TransactionBody,
    policy: &MultisigPolicy,
    signatures: &[(Secp256k1Key, Secp256k1Signature)],
) -> Result<Auth> {
    if crypto::ids::address_of_policy(policy) != body.sender {
        return Err(Error::new(
            "wrong_key",
            "the policy is not that of the sender",
            "use the policy the account was made with",
        ));
    }
    if let Some((key, _)) = signatures.iter().find(|(key, _)| !policy.keys().contains(key)) {
        return Err(Error::new(
            "wrong_key",
            format!("the key {key} is not in the policy"),
            "sign with a key of the policy",
        ));
    }
    let place = |(place, key): (usize, &Secp256k1Key)| {
        let (_, signature) = signatures.iter().find(|(signer, _)| signer == key)?;
        Some(PolicySignature { key: u8::try_from(place).ok()?, signature: *signature })
    };
    let needed = usize::from(policy.threshold());
    let chosen: Vec<_> = policy.keys().iter().enumerate().filter_map(place).take(needed).collect();
    if chosen.len() < needed {
        return Err(missing_signatures(chosen.len(), needed));
    }
    let signatures = List::new(chosen).expect("a policy has at most as many keys as a witness has signatures");
    Ok(Auth::Multisig { policy: policy.clone(), signatures })
}

/// Checks a transaction's own signatures, as every node will.
///
/// # Errors
/// `wrong_signature` or `wrong_key`.
pub fn verify_transaction(chain: ChainId, transaction: &Transaction) -> Result<Hash32> {
    let Transaction { body, witness } = transaction;
    let id = crypto::ids::transaction_id(chain, body);
    let (policy, signatures) = match witness.auths.first() {
        Some(Auth::Single { key, signature }) => (None, vec![(*key, *signature)]),
        Some(Auth::Multisig { policy, signatures }) => {
            let key =
                |part: &PolicySignature| policy.keys().get(usize::from(part.key)).map(|key| (*key, part.signature));
            (Some(policy), signatures.iter().filter_map(key).collect())
        }
        None => return Err(missing_signatures(0, 1)),
    };
    let again = assemble(chain, body.clone(), policy, &signatures)?;
    if again == *transaction {
        Ok(id)
    } else {
        Err(Error::new("wrong_signature", "the witness is not in the one form that the chain accepts", "sign it again"))
    }
}

/// Checks one signature of a transaction's id.
///
/// # Errors
/// `wrong_signature`, which is also the answer to one made for another chain.
pub fn check_signature(id: &Hash32, key: &Secp256k1Key, signature: &Secp256k1Signature) -> Result<()> {
    crypto::ecdsa_pure::verify(id.as_bytes(), key, signature).map_err(|error| {
        let message = format!("the signature by {key} is not one of this transaction on this chain: {error}");
        Error::new("wrong_signature", message, "it was made for another chain or another transaction: sign again")
    })
}

/// The transaction's canonical bytes in hex, as nodes take them.
#[must_use]
pub fn to_hex(transaction: &Transaction) -> String {
    hex::encode(transaction.to_canonical())
}

fn missing_signatures(present: usize, needed: usize) -> Error {
    let message = format!("the transaction has {present} of the {needed} signatures that it needs");
    Error::new("missing_signatures", message, "sign it with `thronos sign FILE --from NAME`, and merge the parts")
}
