//! What a validator wants done.
//!
//! The order within a step is law: everything before a `Persist` may leave at once, everything after it only when
//! it is synced. [`crate::Desk`] enforces this for every shell.

use std::sync::Arc;

use execution::{BlockOutcome, Fault, FinalizedBlock, InvalidBlock};
use journal::VoteBound;
use mempool::PoolReject;
use types::{Body, Epoch, Hash32, Header, Height, PeerKey, ValidatorIndex, ValidatorSet, View, VoteStatement};

use crate::event::{GossipToken, RequestId, RequestToken, SubmissionToken};
use crate::job::{Job, JobId};
use crate::log::LogRecord;
use crate::mend::LostBlock;
use crate::system_calls::CallRefusal;
use crate::wire::{KeptBlock, Message, Request, Response};

/// To whom a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All other validators of the current set.
    Validators,
    /// These validators.
    Members(Vec<PeerKey>),
}

/// What becomes of a gossiped message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GossipVerdict {
    /// Pass it on.
    Accept,
    /// Drop it and hold it against who sent it.
    Reject,
    /// Drop it.
    Ignore,
}

/// Why a peer is punished; names appear in logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offence {
    /// A vote or certificate whose signature does not verify.
    InvalidSignature,
    /// A certificate that no honest node would send.
    InvalidCertificate,
    /// A block that does not match what it was asked for or claims to be.
    InvalidBlock,
    /// Transactions that fail checks anybody can do.
    InvalidTransaction,
    /// Answers that are empty, late or wrong again and again.
    UselessAnswer,
}

/// A block that is final for this node, with what became of it, and no certificate yet.
#[derive(Clone, Debug)]
pub struct DecidedBlock {
    /// Its header; the hash is the outcome's.
    pub header: Header,
    /// Its body.
    pub body: Arc<Body>,
    /// What it did.
    pub outcome: Arc<BlockOutcome>,
}

/// What becomes known to clients of this node.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A block is final for this node: durable here, and decided by votes whose sum is still being checked. `Final`
    /// follows; it comes alone where the certificate came first.
    Decided {
        /// The block.
        block: Arc<DecidedBlock>,
    },
    /// A block is final and certified: durable here, and provable to others.
    Final {
        /// The block.
        block: Arc<FinalizedBlock>,
    },
    /// Transactions entered the pool.
    Pooled {
        /// Their ids.
        ids: Vec<Hash32>,
    },
    /// A transaction left the pool without being included.
    Dropped {
        /// Its id.
        id: Hash32,
        /// Why: a stable name of [`PoolReject`].
        why: &'static str,
    },
    /// A view began.
    View {
        /// The epoch.
        epoch: Epoch,
        /// The view.
        view: View,
        /// Its leader.
        leader: ValidatorIndex,
    },
    /// A proposal was found invalid.
    InvalidProposal {
        /// The block.
        hash: Hash32,
        /// What is wrong with it.
        error: InvalidBlock,
    },
    /// A validator signed two statements that contradict each other.
    Evidence {
        /// Who.
        signer: ValidatorIndex,
        /// In which epoch.
        epoch: Epoch,
        /// In which view.
        view: View,
    },
    /// Another machine signs with this node's key: this node votes no more.
    Twin {
        /// In which epoch that was seen.
        epoch: Epoch,
        /// In which view.
        view: View,
        /// From how many peers it came.
        peers: usize,
    },
    /// The validators change: these are to be pinned as peers.
    Validators {
        /// The epoch.
        epoch: Epoch,
        /// The set.
        set: Arc<ValidatorSet>,
    },
}

/// Something that a validator wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Append to the consensus log. What follows in the step waits until it is synced.
    Persist(LogRecord),
    /// Sign a vote and send it to all validators: as a proposal when there is a header. Then feed `Event::Signed`.
    Sign {
        /// What to sign.
        statement: VoteStatement,
        /// The proposal's header.
        header: Option<Box<Header>>,
        /// Whether it is new or said again: a new vote must be covered by the lease and is counted once.
        again: bool,
    },
    /// Send to validators or to one peer.
    Send {
        /// To whom.
        to: Target,
        /// What.
        message: Message,
    },
    /// Say it to everybody.
    Gossip(Message),
    /// Decide on a gossiped message.
    Verdict {
        /// The message.
        token: GossipToken,
        /// What becomes of it.
        verdict: GossipVerdict,
    },
    /// Ask a peer.
    Request {
        /// To be named in the answer.
        id: RequestId,
        /// Whom.
        to: PeerKey,
        /// What.
        request: Request,
    },
    /// Answer a peer.
    Respond {
        /// The question.
        token: RequestToken,
        /// The answer.
        response: Response,
    },
    /// Let the store answer a peer's question: the replica does not have it in memory.
    RespondFromStore {
        /// The question.
        token: RequestToken,
        /// What was asked.
        request: Request,
    },
    /// Hold something against a peer.
    Punish {
        /// The peer.
        peer: PeerKey,
        /// For what.
        offence: Offence,
    },
    /// Do heavy work elsewhere and return the answer.
    Job {
        /// To be named in the answer.
        id: JobId,
        /// The work.
        job: Box<Job>,
    },
    /// Write a finalized block to the store; in order, each once.
    Commit(Arc<FinalizedBlock>),
    /// Put a block in the place of one that the store cannot read.
    Mend {
        /// What was known of it.
        lost: Box<LostBlock>,
        /// The block: hash, receipts root and certificate were checked.
        kept: Box<KeptBlock>,
    },
    /// Sync the store's log when convenient, then feed `Event::Synced`.
    SyncStore,
    /// The store has everything up to here on disk: the consensus log may drop what lies below.
    Floor {
        /// Height of the newest block that is on disk.
        height: Height,
        /// Its epoch.
        epoch: Epoch,
        /// The view that finalized it.
        view: View,
    },
    /// From now on this is known about votes that this home does not know; kept before anything after it is signed.
    Bound(VoteBound),
    /// Feed `Event::Clock` at this monotonic time, in milliseconds. A later one replaces an earlier one.
    WakeAt(u64),
    /// Answer a submission, one result per transaction in order.
    Submission {
        /// Which.
        token: SubmissionToken,
        /// What became of each: its id, or why it was refused.
        results: Vec<Result<Hash32, PoolReject>>,
    },
    /// Answer the submission of a system call.
    CallSubmission {
        /// Which.
        token: SubmissionToken,
        /// Whether it waits for a block now, or why not.
        result: Result<(), CallRefusal>,
    },
    /// Tell clients.
    Notify(Notice),
    /// This machine, or the code, is wrong: stop the node before it does harm.
    Stop(Fault),
}
