//! What the engine asks for.
//!
//! The order of one step's outputs is a promise: everything a vote or certificate rests on is persisted by an
//! earlier [`Output::Persist`] of the same or an earlier step. The caller appends all records of a step, syncs once,
//! and only then signs and sends. Whoever is meant is named by the key of its stream, so that an output means the same
//! when it is carried out in a later epoch.

use types::{Certificate, Epoch, Hash32, Header, PeerKey, TimeMs, ValidatorIndex, View, VoteStatement};

use crate::evidence::Evidence;
use crate::input::{CertificateRequest, PeerToken, Ticket};
use crate::record::Record;
use crate::verify::VerifyJob;

/// Something sent before, to be sent again.
#[allow(clippy::large_enum_variant, reason = "a handful of short-lived values")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Sign this own vote again, send it to all validators and give it back as `Signed`.
    Vote(VoteStatement),
    /// The same for an own proposal.
    Proposal {
        /// The notarize vote in it.
        statement: VoteStatement,
        /// The header in it.
        header: Header,
    },
    /// Send this certificate to all validators.
    Certificate(Certificate),
}

/// Why a validator is to be punished on the wire: always for what came over its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misconduct {
    /// A vote over its own stream had a wrong signature.
    BadSignature,
    /// A certificate over its stream was forged or malformed.
    BadCertificate,
    /// A proposal that cannot be one.
    BadProposal,
    /// It said two contradicting things.
    Equivocation,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Append to the consensus log; synced before anything after it is sent.
    Persist(Record),
    /// Sign, send to all validators (with a header: as a proposal), and give back as `Signed`.
    Sign {
        /// The vote.
        statement: VoteStatement,
        /// Makes the vote a proposal.
        header: Option<Header>,
    },
    /// Send again what was sent before.
    Resend(Vec<Resend>),
    /// Send to these validators.
    Send {
        /// What they may not know.
        certificate: Certificate,
        /// Who, never this node itself.
        to: Vec<PeerKey>,
    },
    /// Run [`crate::verify::run`] and give back its answer as `Verified`.
    Verify {
        /// Comes back with the answer.
        ticket: Ticket,
        /// The work.
        job: VerifyJob,
    },
    /// Make a block on this parent and give it back as `Built`. If the parent is the last of its epoch, give back the
    /// parent itself.
    Build {
        /// For this view.
        view: View,
        /// The view in which the parent was notarized.
        parent_view: View,
        /// The parent.
        parent: Hash32,
    },
    /// Judge a block and say so by `Verdict`; say nothing while something is missing. When `block == parent`, the
    /// only question is whether the block is the last of its epoch.
    Validate {
        /// The view of the proposal.
        view: View,
        /// The block's hash.
        block: Hash32,
        /// The block's header.
        header: Header,
        /// The view in which the parent was notarized.
        parent_view: View,
        /// The parent.
        parent: Hash32,
    },
    /// Ask peers for a missing certificate, this one first.
    FetchCertificate {
        /// Which.
        request: CertificateRequest,
        /// Who must have it.
        first_from: Option<PeerKey>,
    },
    /// Ask peers for a missing body, this one first; say `Available` when it is durable.
    FetchBlock {
        /// Which.
        block: Hash32,
        /// Who must have it.
        first_from: Option<PeerKey>,
    },
    /// Send these certificates to whoever asked. Empty means: not kept here; look in the store.
    Answer {
        /// Who asked.
        peer_token: PeerToken,
        /// What was asked.
        request: CertificateRequest,
        /// What there is.
        certificates: Vec<Certificate>,
    },
    /// A block is notarized.
    Notarized(Certificate),
    /// A view is nullified.
    Nullified(Certificate),
    /// A block and all its ancestors are final for this node, which has heard a quorum of finalize votes, each over its
    /// signer's own stream or verified. `Finalized`, with what proves it to others, follows when their sum is checked.
    Decided {
        /// The view.
        view: View,
        /// The block.
        block: Hash32,
    },
    /// A block and all its ancestors are final. Sent once per view, in rising order of views.
    Finalized(Certificate),
    /// Two contradicting statements of one validator, each verified.
    Evidence(Evidence),
    /// A vote by this node's own key, verified, of this epoch and above the floor, that this node never cast.
    Twin(VoteStatement),
    /// Lower the standing of a validator's connection.
    Punish {
        /// Whose.
        peer: PeerKey,
        /// For what.
        why: Misconduct,
    },
    /// Give a `Tick` at this time at the latest; replaces the wish before.
    WakeAt(TimeMs),
    /// A view was entered.
    Entered {
        /// The epoch.
        epoch: Epoch,
        /// The view.
        view: View,
        /// Its leader.
        leader: ValidatorIndex,
    },
}
