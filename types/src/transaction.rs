//! The signed envelope: a body with calls, and a witness with the signatures over the body's id.

use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, invalid_data};
use crate::{
    Address, Amount, ByteString, List, ModuleId, MultisigPolicy, Nonce, Secp256k1Key, Secp256k1Signature, TimeMs,
    limits,
};

/// How an account authorises: by one key, or by a policy. Numbers, so that later versions may add kinds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum AuthKind {
    /// One key; address = HASH160 of the key.
    Single = 0,
    /// A k-of-n policy; address = HASH160 of the policy.
    Multisig = 1,
}

/// One thing to do: a module and bytes that this module understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The module.
    pub module: ModuleId,
    /// The module's call, in its own canonical bytes.
    pub body: ByteString<{ limits::CALL_BYTES_MAX }>,
}

/// Who pays the fee instead of the sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// The paying account.
    pub address: Address,
    /// How it authorises.
    pub auth: AuthKind,
}

/// What the sender signs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionBody {
    /// Version of this layout; 1.
    pub version: u8,
    /// The account whose nonce and, without a payer, whose THR is used.
    pub sender: Address,
    /// How the sender authorises.
    pub auth: AuthKind,
    /// How many transactions of the sender came before.
    pub nonce: Nonce,
    /// The last block time at which the transaction may be included.
    pub valid_until: TimeMs,
    /// The most that may be taken as fee, in µTHR.
    pub fee_max: Amount,
    /// Given to the proposer on top, in µTHR.
    pub tip: Amount,
    /// Another account that pays fee and tip.
    pub payer: Option<Payer>,
    /// What to do: all or nothing, in order.
    pub calls: List<Call, { limits::CALLS_PER_TRANSACTION_MAX }>,
}

/// The only layout of a transaction's body so far.
pub const TRANSACTION_VERSION: u8 = 1;

/// One signature of a policy's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySignature {
    /// The key's place in the policy.
    pub key: u8,
    /// The signature.
    pub signature: Secp256k1Signature,
}

/// What proves that an account agreed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[borsh(use_discriminant = false)]
pub enum Auth {
    /// A key and its signature.
    Single {
        /// The compressed key.
        key: Secp256k1Key,
        /// r ‖ s over the id, low-S.
        signature: Secp256k1Signature,
    },
    /// The policy and exactly as many signatures as its threshold, in rising key order.
    Multisig {
        /// The account's policy.
        policy: MultisigPolicy,
        /// The signatures.
        signatures: List<PolicySignature, { limits::POLICY_KEYS_MAX }>,
    },
}

impl Auth {
    /// The kind that a body must name for this proof.
    #[must_use]
    pub const fn kind(&self) -> AuthKind {
        match self {
            Self::Single { .. } => AuthKind::Single,
            Self::Multisig { .. } => AuthKind::Multisig,
        }
    }
}

/// The sender's proof, then the payer's if the body names one; nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// The proofs.
    pub auths: List<Auth, 2>,
}

/// A signed envelope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// What is signed.
    pub body: TransactionBody,
    /// The signatures.
    pub witness: Witness,
}

#[derive(BorshDeserialize)]
struct RawTransaction {
    body: TransactionBody,
    witness: Witness,
}

/// Stops a decoder that has read more than a transaction may have.
struct Limited<'a, R> {
    inner: &'a mut R,
    left: usize,
}

impl<R: io::Read> io::Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count)
            .ok_or_else(|| invalid_data(format!("a transaction above {} bytes", limits::TRANSACTION_BYTES_MAX)))?;
        Ok(count)
    }
}

impl BorshDeserialize for Transaction {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        // Inside a block the whole input is long, so the bound of one transaction is enforced here.
        let mut limited = Limited { inner: reader, left: limits::TRANSACTION_BYTES_MAX };
        let RawTransaction { body, witness } = RawTransaction::deserialize_reader(&mut limited)?;
        Ok(Self { body, witness })
    }
}

impl Canonical for Transaction {
    const BYTES_MAX: usize = limits::TRANSACTION_BYTES_MAX;
}

impl Canonical for TransactionBody {
    const BYTES_MAX: usize = limits::TRANSACTION_BYTES_MAX;
}

impl Canonical for Witness {
    const BYTES_MAX: usize = limits::TRANSACTION_BYTES_MAX;
}

/// A transaction's size, id or weight are asked for often; the encoded length needs no copy.
impl Transaction {
    /// Length of the canonical bytes.
    #[must_use]
    pub fn encoded_length(&self) -> usize {
        borsh::object_length(self).expect("counting bytes cannot fail")
    }
}
