//! Heavy work, as values: the shell may run it on other threads, the simulator in place.
//!
//! A job's answer depends on the job, the store as it is when the effect is performed, and nothing else: a shell that
//! queues jobs keeps that view of the store for each. Layers are the outcomes of unfinalized
//! or not yet committed blocks, oldest first, so that the store may move forward while a job runs.

use std::sync::Arc;

use consensus::Scheme;
use consensus::verify::{VerifyAnswer, VerifyJob};
use execution::{
    Attendance, BlockOutcome, BuildError, Built, ChainState, CheckedBody, CheckedTransaction, Fault, FinalizedBlock,
    InvalidBlock, Registry, Reject,
};
use types::{
    BlsSignature, Body, Certificate, ChainId, Epoch, Hash32, Header, List, SystemCall, TimeMs, Transaction,
    ValidatorIndex, ValidatorSet, View, limits,
};

use crate::chain::Ground;
use crate::mend::{LostBlock, NotTheBlock};
use crate::verified::Verified;
use crate::wire::{CertifiedBlock, KeptBlock};

/// Names a job until its answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Work to be done elsewhere.
#[derive(Clone, Debug)]
pub enum Job {
    /// Check votes or certificates that agreement waits for.
    Verify(VerifyJob),
    /// Check votes or certificates that came by others' hands, and that anybody may have written: it may be late.
    Hearsay(VerifyJob),
    /// Check transactions from a peer, signatures included.
    Check {
        /// The transactions.
        transactions: Vec<Arc<Transaction>>,
    },
    /// Check that a body is well-formed and belongs to its header.
    CheckBody {
        /// The header.
        header: Header,
        /// What the body is made of.
        body: BodyDraft,
    },
    /// Make a block.
    Build {
        /// On what.
        ground: Ground,
        /// Of what.
        proposing: Box<Proposing>,
    },
    /// Check a block's signatures and its validity on its parent's state.
    Validate {
        /// The parent.
        ground: Ground,
        /// The header.
        header: Header,
        /// The body.
        body: Arc<CheckedBody>,
    },
    /// Execute a block and hash the state after it.
    Execute {
        /// The parent.
        ground: Ground,
        /// The block's hash.
        hash: Hash32,
        /// The header.
        header: Header,
        /// The body.
        body: Arc<CheckedBody>,
        /// Whether it has not been validated here yet.
        check: bool,
    },
    /// Prove, check and execute final blocks in order.
    Replay {
        /// The newest final block here.
        ground: Ground,
        /// The blocks after it.
        blocks: Vec<CertifiedBlock>,
        /// What is known of the way up from there, if what proves them lies beyond them.
        path: Option<Path>,
    },
    /// Compare a block with one that the store lost.
    Mend {
        /// What is known of the lost one.
        lost: LostBlock,
        /// What a peer gave.
        kept: Box<KeptBlock>,
        /// The validators of the present epoch.
        set: Arc<ValidatorSet>,
    },
}

/// Blocks that are known to be final by a descendant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The descendant's finalization, verified.
    pub certificate: Certificate,
    /// Their hashes, lowest first, from the newest final block's child on.
    pub hashes: Vec<Hash32>,
}

/// What a body is to be made of.
#[derive(Clone, Debug)]
pub struct BodyDraft {
    /// Its system calls.
    pub system_calls: List<SystemCall, { limits::SYSTEM_CALLS_PER_BLOCK_MAX }>,
    /// Its transactions, in order.
    pub transactions: Vec<Piece>,
}

/// A transaction of a body.
#[derive(Clone, Debug)]
pub enum Piece {
    /// One that this node has checked.
    Checked(Arc<CheckedTransaction>),
    /// One that just came.
    Raw(Arc<Transaction>),
}

impl From<Body> for BodyDraft {
    fn from(Body { system_calls, transactions }: Body) -> Self {
        let pieces = transactions.into_vec().into_iter().map(|transaction| Piece::Raw(Arc::new(transaction)));
        Self { system_calls, transactions: pieces.collect() }
    }
}

/// What a new block is to be made of.
#[derive(Clone, Debug)]
pub struct Proposing {
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// This node's place in the set.
    pub proposer: ValidatorIndex,
    /// The block's time.
    pub time: TimeMs,
    /// Transactions, best first, each sender's in order of nonces.
    pub candidates: Vec<CheckedTransaction>,
    /// System calls of modules, most urgent first.
    pub system_calls: Vec<SystemCall>,
    /// A finalization of an ancestor, for the attendance list.
    pub attendance: Option<Attendance>,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub enum Executed {
    /// With an outcome.
    Done(Arc<BlockOutcome>),
    /// Not at all: the block breaks the rules.
    Invalid(InvalidBlock),
    /// Not at all: this machine, or the code, is wrong.
    Fault(Fault),
}

/// Blocks of the final chain that were proven and executed, in order, and what stopped it, if anything did.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// The blocks.
    pub blocks: Vec<Arc<FinalizedBlock>>,
    /// Why the next one was not taken.
    pub error: Option<ReplayError>,
}

/// Why a block of a range is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It does not follow the block before it.
    #[error("the block does not follow the one before it")]
    NotLinked,
    /// No certificate in the range proves it.
    #[error("no valid certificate proves the block")]
    NotCertified,
    /// What proves the first blocks lies beyond the range: this finalization, which was verified, says where.
    #[error("the certificate that proves the blocks lies beyond the range")]
    Unproven(Box<Certificate>),
    /// It breaks the rules.
    #[error("the block is invalid: {0}")]
    Invalid(InvalidBlock),
    /// This machine, or the code, is wrong.
    #[error("{0}")]
    Fault(Fault),
}

/// The answer to a job of the same name.
#[allow(clippy::large_enum_variant, reason = "a handful of short-lived values")]
#[derive(Clone, Debug)]
pub enum JobAnswer {
    /// Votes or certificates.
    Verify(VerifyAnswer),
    /// Transactions, in order.
    Check(Vec<Result<Arc<CheckedTransaction>, Reject>>),
    /// A body.
    CheckBody {
        /// Its header.
        header: Header,
        /// The body, or what is wrong with it.
        result: Result<Arc<CheckedBody>, InvalidBlock>,
    },
    /// A new block.
    Build(Result<Box<Built>, BuildError>),
    /// Validity.
    Validate(Result<(), InvalidBlock>),
    /// An execution.
    Execute(Executed),
    /// A range.
    Replay(Replayed),
    /// A block that was lost, or why it is not that one.
    Mend(LostBlock, Result<Box<KeptBlock>, NotTheBlock>),
}

/// What signs for this node where a job must; typed, so that it can be a remote signer.
pub trait Signer: Send + Sync {
    /// Signs the node's part of the seed.
    fn sign_seed(&self, epoch: Epoch, view: View) -> BlsSignature;
}

/// What jobs run with.
pub struct JobContext<'a> {
    /// The chain.
    pub chain_id: ChainId,
    /// The rules.
    pub registry: &'a Registry,
    /// Checks votes and certificates.
    pub scheme: &'a dyn Scheme,
    /// Which transactions have been checked already.
    pub verified: &'a Verified,
    /// Signs for this node.
    pub signer: &'a dyn Signer,
    /// What the store holds.
    pub state: &'a dyn ChainState,
}
