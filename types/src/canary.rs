//! Planted bugs: mistakes that the simulator must find, or it counts for nothing.
//!
//! The faulty line asks [`planted`]. Without the feature `canary` the answer is a constant `false` and the
//! compiler drops the branch; with it, the simulator plants one bug by name at run time.

/// A mistake that some node software really made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Canary {
    /// A vote leaves before its record is synced.
    VoteBeforeSync = 1,
    /// A finalize vote is cast although nullify was voted in the view.
    NoNullifyCheck,
    /// Two thirds are enough, instead of more than two thirds.
    QuorumTwoF,
    /// A signer bitmap of another length is accepted.
    BitmapLengthUnchecked,
    /// Validators need no proof of possession.
    PossessionSkipped,
    /// A nonce above the account's is accepted as the next.
    NonceNotStrict,
    /// Issued supply is not held to the cap.
    SupplyUnchecked,
    /// A damaged record inside the log ends the log silently.
    TornLogIgnored,
    /// A failed sync is tried again and then believed.
    SyncErrorRetried,
    /// A certificate that a vote rests on is not logged.
    CertificateNotLogged,
    /// A transaction's verdict is remembered by id, so that a swapped witness inherits it.
    VerdictCachedById,
    /// A re-proposal is accepted whatever lies between its parent's view and its own.
    ReproposalWithoutViewRule,
    /// A proof's coinbase need not be what its header was mined for.
    MerkleRootUnchecked,
    /// A header that was counted is counted again.
    ProofCountedAgain,
    /// A view that is notarized after it was given up does not lengthen the next one.
    NoBackOffAfterLateNotarization,
    /// A place in one epoch's set is taken for the same member in the next.
    IndicesAcrossEpochs,
    /// Gossiped transactions are passed on before the pool has decided on them.
    AcceptBeforePool,
    /// A verifier's batch that was counted is counted again.
    BatchCountedAgain,
    /// A good verification counts twice on its customer's plan.
    QuotaCountedTwice,
    /// A device's old key is still accepted when another is in force.
    OldKeyAfterRotation,
    /// A device keeps its level when it is revoked.
    LevelAfterRevocation,
    /// An attestation may bind a beacon that is none yet.
    BeaconOfTheFuture,
    /// The shares of an attestation need not bind the device that it is for.
    AttestationOfAnother,
    /// A second digest under a name takes the place of the first.
    AnchorOverwritten,
}

impl Canary {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::VoteBeforeSync,
        Self::NoNullifyCheck,
        Self::QuorumTwoF,
        Self::BitmapLengthUnchecked,
        Self::PossessionSkipped,
        Self::NonceNotStrict,
        Self::SupplyUnchecked,
        Self::TornLogIgnored,
        Self::SyncErrorRetried,
        Self::CertificateNotLogged,
        Self::VerdictCachedById,
        Self::ReproposalWithoutViewRule,
        Self::MerkleRootUnchecked,
        Self::ProofCountedAgain,
        Self::NoBackOffAfterLateNotarization,
        Self::IndicesAcrossEpochs,
        Self::AcceptBeforePool,
        Self::BatchCountedAgain,
        Self::QuotaCountedTwice,
        Self::OldKeyAfterRotation,
        Self::LevelAfterRevocation,
        Self::BeaconOfTheFuture,
        Self::AttestationOfAnother,
        Self::AnchorOverwritten,
    ];

    /// The name by which it is planted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VoteBeforeSync => "vote-before-sync",
            Self::NoNullifyCheck => "no-nullify-check",
            Self::QuorumTwoF => "quorum-two-f",
            Self::BitmapLengthUnchecked => "bitmap-length-unchecked",
            Self::PossessionSkipped => "possession-skipped",
            Self::NonceNotStrict => "nonce-not-strict",
            Self::SupplyUnchecked => "supply-unchecked",
            Self::TornLogIgnored => "torn-log-ignored",
            Self::SyncErrorRetried => "sync-error-retried",
            Self::CertificateNotLogged => "certificate-not-logged",
            Self::VerdictCachedById => "verdict-cached-by-id",
            Self::ReproposalWithoutViewRule => "reproposal-without-view-rule",
            Self::MerkleRootUnchecked => "merkle-root-unchecked",
            Self::ProofCountedAgain => "proof-counted-again",
            Self::NoBackOffAfterLateNotarization => "no-back-off-after-late-notarization",
            Self::IndicesAcrossEpochs => "indices-across-epochs",
            Self::AcceptBeforePool => "accept-before-pool",
            Self::BatchCountedAgain => "batch-counted-again",
            Self::QuotaCountedTwice => "quota-counted-twice",
            Self::OldKeyAfterRotation => "old-key-after-rotation",
            Self::LevelAfterRevocation => "level-after-revocation",
            Self::BeaconOfTheFuture => "beacon-of-the-future",
            Self::AttestationOfAnother => "attestation-of-another",
            Self::AnchorOverwritten => "anchor-overwritten",
        }
    }
}

pub use switch::*;

#[cfg(feature = "canary")]
mod switch {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Canary;

    static PLANTED: AtomicU8 = AtomicU8::new(0);

    /// Plants one bug, or none, in this process.
    pub fn plant(canary: Option<Canary>) {
        PLANTED.store(canary.map_or(0, |canary| canary as u8), Ordering::SeqCst);
    }

    /// Whether this bug is planted.
    #[must_use]
    pub fn planted(canary: Canary) -> bool {
        PLANTED.load(Ordering::Relaxed) == canary as u8
    }
}

#[cfg(not(feature = "canary"))]
mod switch {
    use super::Canary;

    /// Whether this bug is planted: never, in a build without the feature.
    #[must_use]
    pub const fn planted(_: Canary) -> bool {
        false
    }
}
