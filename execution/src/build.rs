//! Building a block: the proposer's part.
//!
//! It must not know a mempool or where candidates come from; it takes them in the order given and leaves out what does not fit.
//! Invariants: what it builds is valid, because it asks the same questions as `validity`; what it could not use and nothing else in the
//! block is to blame for, it names, so that whoever offered it offers it no more.

use std::sync::Arc;

use crypto::ids;
use types::{BlsSignature, Body, Hash32, Header, List, SystemCall, TimeMs, Transaction, ValidatorIndex, View};

use crate::check::body_length;
use crate::checked::{CheckedBody, CheckedTransaction, TransactionFacts};
use crate::filling::{Filling, Misfit};
use crate::next_block::NextBlock;
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::system::{Attendance, Judgement, KernelSystemCall};
use crate::view::StateView;

/// What a proposer wants to put into a block.
#[derive(Clone, Debug)]
pub struct BuildRequest<'a> {
    /// The view it leads.
    pub view: View,
    /// The time of its clock; the block's time is this, or just after the parent's where that is later.
    pub time: TimeMs,
    /// Its place in the set of the next block's epoch.
    pub proposer: ValidatorIndex,
    /// Its signature over the seed preimage of epoch and view. Used when the seed is due, so giving it always is simplest.
    pub seed: Option<BlsSignature>,
    /// A certificate to count; left out where it is not newer than the last.
    pub attendance: Option<Attendance>,
    /// System calls of modules, best first.
    pub system_calls: &'a [SystemCall],
    /// Transactions with checked signatures, best first, each sender's in order of nonces.
    pub candidates: &'a [CheckedTransaction],
}

/// A block as its proposer knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The header's hash.
    pub hash: Hash32,
    /// The header.
    pub header: Header,
    /// The body.
    pub body: CheckedBody,
    /// What was offered and is invalid on this parent.
    pub left_out: LeftOut,
}

/// What a proposer was offered and no block on the same parent could hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Transactions, by id. A nonce that is too high is not named: it follows from another one that was left out.
    pub transactions: Vec<(Hash32, Reject)>,
    /// System calls of modules, by hash.
    pub system_calls: Vec<Hash32>,
}

/// Why no block can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The set of the next block's epoch has no such place.
    #[error("this validator is not in the set of the next block's epoch")]
    NotInSet,
    /// The chain's rules are newer than this program.
    #[error("the chain goes on by rules that this program does not know: install a newer release")]
    UnknownRules,
    /// The seed is due, but no right signature was given.
    #[error("the seed is due and no right signature over it was given")]
    SeedMissing,
}

impl Registry {
    /// Builds a block on the state after its parent, whose root is `parent_root`.
    ///
    /// # Errors
    /// [`BuildError`]; never because of a candidate.
    pub fn build(
        &self,
        view: &dyn StateView,
        parent_root: Hash32,
        request: &BuildRequest<'_>,
    ) -> Result<Built, BuildError> {
        let next = NextBlock::read(view);
        if next.epoch.version > self.version_max() {
            return Err(BuildError::UnknownRules);
        }
        let time = request.time.max(next.time_min());
        let block = next.info(time, request.proposer).ok_or(BuildError::NotInSet)?;
        let judgement = Judgement { registry: self, view, next: &next, block: &block, block_view: request.view };
        let mut filling = Filling::new(&judgement);
        let mut left_out = LeftOut::default();
        let system_calls = pick_system_calls(&mut filling, request, next.seed_is_due(time), &mut left_out);
        if next.seed_is_due(time) && !filling.has_seed() {
            return Err(BuildError::SeedMissing);
        }
        let (transactions, facts) = pick_transactions(&mut filling, request.candidates, &mut left_out);
        let body = checked_body(system_calls, transactions, facts);
        let header = Header {
            version: next.epoch.version,
            chain_id: next.chain_id(),
            epoch: next.epoch.number,
            view: request.view,
            height: next.height(),
            parent: next.tip.hash,
            time,
            proposer: request.proposer,
            body_root: body.root(),
            state_root: parent_root,
            receipts_root: next.tip.receipts_root,
            price: next.price,
            validators_hash: next.epoch.validators_hash,
            next_validators_hash: next.next_validators_hash(time),
        };
        Ok(Built { hash: ids::header_hash(&header), header, body, left_out })
    }
}

fn pick_system_calls(
    filling: &mut Filling<'_>,
    request: &BuildRequest<'_>,
    seed_is_due: bool,
    left_out: &mut LeftOut,
) -> Vec<SystemCall> {
    let seed = request.seed.filter(|_| seed_is_due).map(|signature| KernelSystemCall::Seed(signature).to_system_call());
    let attendance = request.attendance.clone();
    let attendance = attendance.map(|attendance| KernelSystemCall::Attendance(attendance).to_system_call());
    let own = seed.into_iter().chain(attendance);
    let mut taken: Vec<SystemCall> = own.filter(|call| filling.take_system_call(call).is_ok()).collect();
    let own = taken.len();
    for call in request.system_calls {
        match filling.take_system_call(call) {
            Ok(()) => taken.push(call.clone()),
            // Where others took the room, there is room in the next block; where none did, there never is.
            Err(Misfit::Room | Misfit::Weight | Misfit::SystemShare) if taken.len() > own => {}
            Err(_) => left_out.system_calls.push(ids::system_call_hash(call)),
        }
    }
    taken
}

fn pick_transactions(
    filling: &mut Filling<'_>,
    candidates: &[CheckedTransaction],
    left_out: &mut LeftOut,
) -> (Vec<Transaction>, Vec<TransactionFacts>) {
    let (mut transactions, mut facts) = (Vec::new(), Vec::new());
    // A candidate that is too large may be followed by smaller ones, but not for ever: a full block ends the search.
    let mut misses: u32 = 0;
    for candidate in candidates {
        match filling.take_transaction(&candidate.transaction, &candidate.facts()) {
            Ok(()) => {
                transactions.push(Transaction::clone(&candidate.transaction));
                facts.push(candidate.facts());
            }
            Err(Misfit::Room | Misfit::Weight) => {
                misses = misses.saturating_add(1);
                if misses >= ROOM_MISSES_MAX {
                    break;
                }
            }
            Err(Misfit::Reject(reject)) if reject != KernelReject::NonceGap.into() => {
                left_out.transactions.push((candidate.id, reject));
            }
            Err(_) => {}
        }
    }
    (transactions, facts)
}

/// So many candidates may find no room before a block counts as full.
const ROOM_MISSES_MAX: u32 = 64;

fn checked_body(
    system_calls: Vec<SystemCall>,
    transactions: Vec<Transaction>,
    facts: Vec<TransactionFacts>,
) -> CheckedBody {
    let wids: Vec<Hash32> = facts.iter().map(|facts| facts.wid).collect();
    let system_calls = List::new(system_calls).expect("filling keeps the number of system calls below the limit");
    let transactions = List::new(transactions).expect("filling keeps the number of transactions below the limit");
    let body = Body { system_calls, transactions };
    let root = ids::body_root(&body.system_calls, &wids);
    let length = body_length(&body, &facts);
    CheckedBody { body: Arc::new(body), facts, root, length }
}
