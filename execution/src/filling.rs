//! A block being filled: whether one more system call or transaction may stand in it.
//!
//! Proposer and voter ask the same questions here in the same order, so that what a proposer builds is what a voter accepts. It
//! must not know headers. Invariant: everything is judged against the state after the parent, nothing is executed.

use std::collections::{BTreeMap, BTreeSet};

use types::canary::{Canary, planted};
use types::{Address, Amount, ModuleId, Nonce, SystemCall, Transaction, TransactionBody, limits};

use crate::check::{BODY_HEAD_BYTES, system_call_length};
use crate::checked::TransactionFacts;
use crate::context::account_record;
use crate::reject::{KernelReject, Reject};
use crate::short_bytes::ShortBytes;
use crate::system::{Judgement, Judges, KERNEL, KernelSystemCall};
use crate::terms::Terms;

/// Why something may not stand in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The block has no room: bytes or number.
    Room,
    /// The block has no room: weight.
    Weight,
    /// The module's share of system calls is used up.
    SystemShare,
    /// A system call with the same deduplication key is there.
    Repeated,
    /// It is invalid in this state, whatever else stands in the block.
    Reject(Reject),
}

impl From<KernelReject> for Misfit {
    fn from(reject: KernelReject) -> Self {
        Self::Reject(reject.into())
    }
}

/// A sender's part in the block so far.
struct Sender {
    nonce: Nonce,
    /// What is left for fees and tips.
    spendable: Amount,
}

/// A module's system calls so far.
#[derive(Default)]
struct Share {
    calls: usize,
    bytes: usize,
}

/// A block being filled.
pub(crate) struct Filling<'a> {
    judgement: &'a Judgement<'a>,
    terms: Terms,
    judges: Judges<'a>,
    senders: BTreeMap<Address, Sender>,
    shares: BTreeMap<ModuleId, Share>,
    system_keys: BTreeSet<(ModuleId, ShortBytes)>,
    system_bytes: u64,
    system_calls: usize,
    transactions: usize,
    bytes: u64,
    weight: u64,
    has_seed: bool,
}

impl<'a> Filling<'a> {
    pub(crate) fn new(judgement: &'a Judgement<'a>) -> Self {
        Self {
            judgement,
            terms: Terms::of(judgement.block),
            judges: Judges::new(judgement),
            senders: BTreeMap::new(),
            shares: BTreeMap::new(),
            system_keys: BTreeSet::new(),
            system_bytes: 0,
            system_calls: 0,
            transactions: 0,
            bytes: BODY_HEAD_BYTES,
            weight: 0,
            has_seed: false,
        }
    }

    /// Whether the proposer's part of the seed stands in the block.
    pub(crate) const fn has_seed(&self) -> bool {
        self.has_seed
    }

    /// Takes one more system call, or leaves the block as it was.
    pub(crate) fn take_system_call(&mut self, call: &SystemCall) -> Result<(), Misfit> {
        let limits_of_chain = &self.judgement.block.parameters.limits;
        let length = system_call_length(call);
        let bytes = self.bytes.saturating_add(length);
        let system_bytes = self.system_bytes.saturating_add(length);
        if self.system_calls >= limits::SYSTEM_CALLS_PER_BLOCK_MAX
            || bytes > u64::from(limits_of_chain.body_bytes_max)
            || system_bytes > u64::from(limits_of_chain.system_bytes_max)
        {
            return Err(Misfit::Room);
        }
        let (calls_max, bytes_max) = self.judgement.limits(call.module);
        let share = self.shares.entry(call.module).or_default();
        let share_bytes = share.bytes.saturating_add(call.body.len());
        if share.calls >= calls_max || share_bytes > bytes_max {
            return Err(Misfit::SystemShare);
        }
        // The proof is the expensive part, so it comes after every cheap question.
        let admission = self.judges.admit(call).map_err(Misfit::Reject)?;
        if admission.expiry < self.judgement.block.time {
            return Err(KernelReject::Expired.into());
        }
        let weight = self.weight_with(admission.weight.0)?;
        if !self.system_keys.insert((call.module, admission.key)) {
            return Err(Misfit::Repeated);
        }
        let share = self.shares.entry(call.module).or_default();
        *share = Share { calls: share.calls.saturating_add(1), bytes: share_bytes };
        (self.bytes, self.system_bytes, self.weight) = (bytes, system_bytes, weight);
        self.system_calls = self.system_calls.saturating_add(1);
        self.has_seed |=
            call.module == KERNEL && matches!(KernelSystemCall::read(&call.body), Ok(KernelSystemCall::Seed(_)));
        Ok(())
    }

    /// Takes one more transaction, or leaves the block as it was.
    pub(crate) fn take_transaction(
        &mut self,
        transaction: &Transaction,
        facts: &TransactionFacts,
    ) -> Result<(), Misfit> {
        let body = &transaction.body;
        if !body.calls.iter().all(|call| self.judgement.next.running.has(call.module)) {
            return Err(KernelReject::UnknownModule.into());
        }
        let charge = self.terms.charge(body, facts)?;
        let bytes = self.bytes.saturating_add(u64::from(facts.length));
        let is_full = self.transactions >= limits::TRANSACTIONS_PER_BLOCK_MAX;
        if is_full || bytes > self.terms.body_bytes_max {
            return Err(Misfit::Room);
        }
        let weight = self.weight_with(facts.weight.0)?;
        self.charge_sender(body, charge)?;
        (self.bytes, self.weight) = (bytes, weight);
        self.transactions = self.transactions.saturating_add(1);
        Ok(())
    }

    fn weight_with(&self, more: u64) -> Result<u64, Misfit> {
        let weight = self.weight.saturating_add(more);
        let fits = weight <= self.terms.weight_max.0;
        fits.then_some(weight).ok_or(Misfit::Weight)
    }

    /// Nonces run on without gap, and all charges together stay within what the account had after the parent.
    fn charge_sender(&mut self, body: &TransactionBody, charge: Amount) -> Result<(), Misfit> {
        let view = self.judgement.view;
        let sender = self.senders.entry(body.sender).or_insert_with(|| {
            let record = account_record(view, &body.sender);
            Sender { nonce: record.nonce, spendable: record.thr }
        });
        if body.nonce < sender.nonce {
            return Err(KernelReject::NonceUsed.into());
        }
        if body.nonce > sender.nonce && !planted(Canary::NonceNotStrict) {
            return Err(KernelReject::NonceGap.into());
        }
        let next = body.nonce.checked_add(1).ok_or(KernelReject::NonceGap)?;
        let rest = sender.spendable.checked_sub(charge).ok_or(KernelReject::FeeUnpayable)?;
        *sender = Sender { nonce: next, spendable: rest };
        Ok(())
    }
}
