//! What the engine is told.
//!
//! Inputs are values: votes and certificates arrive unverified, blocks only as hashes and headers. The caller may
//! give them in any order and any number of times.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize, io};
use types::{Certificate, Epoch, Hash32, Header, PeerKey, Proposal, ValidatorSet, View, Vote, VoteKind};

use crate::verify::VerifyAnswer;

/// The way by which a message came. Whose stream it was is said by key: a place in a set means somebody else in the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// From this machine, which has verified it: it speaks for whoever signed it, and nobody answers for its way.
    Own,
    /// Over the authenticated stream of this peer.
    Direct(PeerKey),
    /// By anybody else's hands.
    Relayed,
}

/// Names one verification job until its answer is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// An opaque name for whoever asked; it comes back with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerToken(pub u64);

/// Whether there is something to propose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkState {
    /// Nothing waits: timers are extended by the idle allowance.
    Idle,
    /// Something waits, or a result is uncommitted: timers run from now.
    Pending,
}

/// Whether this node may say anything of its own. What it said before stands, whatever it may say now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// It votes and proposes where the rules allow.
    Free,
    /// It only listens: no vote, no proposal, nothing of the kind again.
    Silent,
}

/// What validation said of a proposed block. There is no third value: an unknown verdict is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The block may extend its parent (or, proposed again, is the last of its epoch).
    Valid,
    /// It may not.
    Invalid,
}

/// The answer to [`crate::Output::Build`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltBlock {
    /// The header's hash.
    pub hash: Hash32,
    /// The header.
    pub header: Header,
    /// Whether it is the parent itself, because the parent is the last of its epoch.
    pub repropose: bool,
}

/// An epoch and the finalized block with which it begins for this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: Epoch,
    /// Who votes in it.
    pub set: Arc<ValidatorSet>,
    /// The newest finalized block: at the start of an epoch the last block of the one before.
    pub root: Hash32,
    /// The view in which it was finalized; 0 for the last block of the epoch before.
    pub root_view: View,
    /// No vote at or below this view; 0 for none.
    pub floor: View,
}

/// Some of the three kinds of certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct KindSet(u8);

impl KindSet {
    /// All three kinds.
    pub const ALL: Self = Self(0b111);

    /// A set of the kinds named.
    #[must_use]
    pub fn of(kinds: &[VoteKind]) -> Self {
        Self(kinds.iter().fold(0, |bits, kind| bits | Self::bit(*kind)))
    }

    /// Whether a kind is in the set.
    #[must_use]
    pub const fn contains(self, kind: VoteKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    const fn bit(kind: VoteKind) -> u8 {
        match kind {
            VoteKind::Notarize => 1,
            VoteKind::Nullify => 2,
            VoteKind::Finalize => 4,
        }
    }
}

impl BorshDeserialize for KindSet {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let bits = u8::deserialize_reader(reader)?;
        if bits == 0 || bits > Self::ALL.0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{bits} is no set of certificate kinds")));
        }
        Ok(Self(bits))
    }
}

/// Asks for the certificates of one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct CertificateRequest {
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// Any of these kinds.
    pub kinds: KindSet,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// A proposal came. `hash` is the hash of its header, computed by the caller.
    Proposal {
        /// The proposal.
        proposal: Proposal,
        /// The header's hash.
        hash: Hash32,
        /// Its way.
        route: Route,
    },
    /// A vote came, unverified.
    Vote {
        /// The vote.
        vote: Vote,
        /// Its way.
        route: Route,
    },
    /// A certificate came, unverified.
    Certificate {
        /// The certificate.
        certificate: Certificate,
        /// Its way.
        route: Route,
    },
    /// A verification job is done.
    Verified {
        /// Which.
        ticket: Ticket,
        /// What came out.
        answer: VerifyAnswer,
    },
    /// A block to propose is ready.
    Built {
        /// For which view.
        view: View,
        /// The block.
        block: BuiltBlock,
    },
    /// A proposed block is judged.
    Verdict {
        /// The view of the proposal.
        view: View,
        /// The block.
        block: Hash32,
        /// The judgement.
        verdict: Verdict,
    },
    /// The body of a block is durable here.
    Available {
        /// The block.
        block: Hash32,
    },
    /// A vote of this node is signed, for the first time or again.
    Signed {
        /// The vote.
        vote: Vote,
    },
    /// Whether there is something to propose.
    Work(WorkState),
    /// The log's floor moved: no vote of any kind at or below this view.
    Floor {
        /// The epoch.
        epoch: Epoch,
        /// The view.
        view: View,
    },
    /// This node may speak from now on, or has to be silent.
    Voice(Voice),
    /// The last block of the epoch is final: vote in the next one.
    EnterEpoch(EpochStart),
    /// Somebody asks for certificates.
    Asked {
        /// Who; it comes back in the answer.
        peer_token: PeerToken,
        /// For which.
        request: CertificateRequest,
    },
}

impl Input {
    /// The way of a message from outside.
    pub(crate) const fn route(&self) -> Option<Route> {
        match self {
            Self::Proposal { route, .. } | Self::Vote { route, .. } | Self::Certificate { route, .. } => Some(*route),
            _ => None,
        }
    }
}
