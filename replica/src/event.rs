//! What happens to a validator.

use std::sync::Arc;

use execution::CheckedTransaction;
use types::{Hash32, Height, PeerKey, SystemCall, Vote};

use crate::job::{JobAnswer, JobId};
use crate::mend::LostBlock;
use crate::wire::{Message, Request, Response};

/// Clocks, as the shell reads them once per step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Never goes back; timers live by it.
    pub monotonic_ms: u64,
    /// Unix time; only block times are made of and compared with it.
    pub unix_ms: u64,
}

/// By which way a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Over the sender's own authenticated stream.
    Stream,
    /// By gossip: somebody relayed it. The token is answered with a verdict.
    Gossip(GossipToken),
}

/// Names a gossiped message until its verdict is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GossipToken(pub u64);

/// Names a question of a peer until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestToken(pub u64);

/// Names a question to a peer until its answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a submission through the API until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubmissionToken(pub u64);

/// Something that happens to a validator.
#[derive(Clone, Debug)]
pub enum Event {
    /// The time asked for by `Effect::WakeAt` has come, or time has simply passed.
    Clock,
    /// A peer said something.
    Message {
        /// Who sent it to us; for gossip, who passed it on.
        from: PeerKey,
        /// How it came.
        via: Via,
        /// What it is.
        message: Message,
    },
    /// A peer asks something that the replica must answer; the shell answers what its store can.
    Request {
        /// Who asks.
        from: PeerKey,
        /// To be named in the answer.
        token: RequestToken,
        /// What is asked.
        request: Request,
    },
    /// The answer to an `Effect::Request`; nothing when it failed or timed out.
    Response {
        /// The question.
        id: RequestId,
        /// Who was asked.
        from: PeerKey,
        /// What came.
        response: Option<Response>,
    },
    /// A connection to a peer is up.
    PeerUp {
        /// The peer.
        peer: PeerKey,
    },
    /// The last connection to a peer is gone.
    PeerDown {
        /// The peer.
        peer: PeerKey,
    },
    /// A peer says that another machine has this node's network key, and keeps its place for that one.
    KeyInUse {
        /// The peer.
        peer: PeerKey,
    },
    /// Transactions came through the API; checks without state and signatures are done.
    Submitted {
        /// To be named in the answer.
        token: SubmissionToken,
        /// The transactions.
        transactions: Vec<Arc<CheckedTransaction>>,
    },
    /// A system call of a module came through the API or from a service.
    CallSubmitted {
        /// To be named in the answer.
        token: SubmissionToken,
        /// The call.
        call: SystemCall,
    },
    /// A job is done.
    JobDone {
        /// The job.
        id: JobId,
        /// Its answer.
        answer: JobAnswer,
    },
    /// The vote asked for by `Effect::Sign` is signed and on its way.
    Signed {
        /// The vote.
        vote: Vote,
    },
    /// A finalized block has been written to the store.
    Committed {
        /// Its height.
        height: Height,
    },
    /// The store cannot read a block that was written.
    Unreadable {
        /// What is known of it.
        lost: LostBlock,
    },
    /// Everything committed up to this height is on disk.
    Synced {
        /// The height.
        height: Height,
        /// The hash of the block at this height.
        hash: Hash32,
    },
}
