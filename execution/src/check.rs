//! The checks of a transaction that need no state: form, witness, calls, hashes, weight.
//!
//! It must not check signatures (see `signatures`) nor anything that depends on an account. Invariant: what passes here decodes in
//! every later step, so a call that cannot be read never reaches execution.

use std::sync::Arc;

use crypto::ids;
use types::{Address, Auth, Body, ChainId, Hash32, Header, TRANSACTION_VERSION, Transaction, Weight, limits};

use crate::checked::{CheckedBody, CheckedTransaction, TransactionFacts};
use crate::invalid::InvalidBlock;
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::signatures::address_of_key;

impl Registry {
    /// Checks everything of a transaction but signatures and state.
    ///
    /// # Errors
    /// The first breach.
    pub fn check(&self, chain: ChainId, transaction: Arc<Transaction>) -> Result<CheckedTransaction, Reject> {
        let id = ids::transaction_id(chain, &transaction.body);
        let wid = ids::witness_id(id, &transaction.witness);
        let TransactionFacts { weight, length, .. } = self.check_form(&transaction, id, wid)?;
        Ok(CheckedTransaction { transaction, id, wid, weight, length })
    }

    /// Checks that a body is the one its header commits to, and everything of it but signatures and state.
    ///
    /// # Errors
    /// [`InvalidBlock::OtherBody`], which says nothing about the block; or the first transaction's breach.
    pub fn check_body(&self, header: &Header, body: Arc<Body>) -> Result<CheckedBody, InvalidBlock> {
        let ids: Vec<Hash32> = body
            .transactions
            .iter()
            .map(|transaction| ids::transaction_id(header.chain_id, &transaction.body))
            .collect();
        let wids: Vec<Hash32> = body
            .transactions
            .iter()
            .zip(&ids)
            .map(|(transaction, id)| ids::witness_id(*id, &transaction.witness))
            .collect();
        let root = ids::body_root(&body.system_calls, &wids);
        if root != header.body_root {
            return Err(InvalidBlock::OtherBody);
        }
        let mut facts = Vec::with_capacity(ids.len());
        for (index, ((transaction, id), wid)) in (0..).zip(body.transactions.iter().zip(ids).zip(wids)) {
            let checked = self.check_form(transaction, id, wid);
            facts.push(checked.map_err(|reject| InvalidBlock::Transaction { index, reject })?);
        }
        let length = body_length(&body, &facts);
        Ok(CheckedBody { body, facts, root, length })
    }

    fn check_form(&self, transaction: &Transaction, id: Hash32, wid: Hash32) -> Result<TransactionFacts, Reject> {
        let body = &transaction.body;
        if body.version != TRANSACTION_VERSION {
            return Err(KernelReject::TransactionVersion.into());
        }
        if body.payer.is_some() {
            return Err(KernelReject::PayerReserved.into());
        }
        if body.calls.is_empty() {
            return Err(KernelReject::NoCalls.into());
        }
        let length = transaction.encoded_length();
        if length > limits::TRANSACTION_BYTES_MAX {
            return Err(KernelReject::TooLong.into());
        }
        check_witness(transaction)?;
        let length = u32::try_from(length).expect("a transaction's length limit fits 32 bits");
        let mut weight = Weight(u64::from(length));
        for call in &body.calls {
            let module = self.module(call.module).ok_or(KernelReject::UnknownModule)?;
            let declared = module.check(&call.body)?;
            weight = weight.checked_add(declared.0).ok_or(KernelReject::TooHeavy)?;
        }
        Ok(TransactionFacts { id, wid, weight, length })
    }
}

/// One proof, of the kind that the body names, whose key or policy has the sender's address.
fn check_witness(transaction: &Transaction) -> Result<(), Reject> {
    let [auth] = &*transaction.witness.auths else {
        return Err(KernelReject::WitnessCount.into());
    };
    if auth.kind() != transaction.body.auth {
        return Err(KernelReject::WitnessKind.into());
    }
    if address_of(auth) != transaction.body.sender {
        return Err(KernelReject::WitnessAddress.into());
    }
    let Auth::Multisig { policy, signatures } = auth else {
        return Ok(());
    };
    if signatures.len() != usize::from(policy.threshold()) {
        return Err(KernelReject::SignatureCount.into());
    }
    let rising = signatures.is_sorted_by(|left, right| left.key < right.key);
    let known = signatures.iter().all(|signature| usize::from(signature.key) < policy.keys().len());
    if rising && known { Ok(()) } else { Err(KernelReject::SignatureOrder.into()) }
}

fn address_of(auth: &Auth) -> Address {
    match auth {
        Auth::Single { key, .. } => address_of_key(key),
        Auth::Multisig { policy, .. } => ids::address_of_policy(policy),
    }
}

/// Bytes of a body's two list heads.
pub(crate) const BODY_HEAD_BYTES: u64 = 8;

/// Bytes of a system call around its own body: module and length.
pub(crate) const SYSTEM_CALL_HEAD_BYTES: u64 = 6;

/// Bytes of a system call within a body.
pub(crate) fn system_call_length(call: &types::SystemCall) -> u64 {
    (call.body.len() as u64).saturating_add(SYSTEM_CALL_HEAD_BYTES)
}

/// Bytes of a body, counted from what is already known.
pub(crate) fn body_length(body: &Body, facts: &[TransactionFacts]) -> u64 {
    let calls = body.system_calls.iter().map(system_call_length);
    let transactions = facts.iter().map(|facts| u64::from(facts.length));
    calls.chain(transactions).fold(BODY_HEAD_BYTES, u64::saturating_add)
}
