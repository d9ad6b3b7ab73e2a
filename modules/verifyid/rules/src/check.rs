//! What can be said of a call without state: whether it can ever succeed, and its weight.

use execution::Reject;
use types::Weight;

use crate::call::{AttestWork, BATCH_LEAVES_MAX, Batch, Rotate, VerifyIdCall};
use crate::device::{Algorithm, Kind};
use crate::reject::VerifyIdReject;

/// Weight of a call beside the bytes of its envelope; as that of a transfer.
pub const CALL_WEIGHT: Weight = Weight(1_000);
/// Weight of a signature of Ed25519 or secp256k1.
pub const SIGNATURE_WEIGHT: Weight = Weight(2_000);
/// Weight of a signature of P-256, for which there is no fast library here.
pub const P256_WEIGHT: Weight = Weight(4_000);
/// Weight of a batch, and of each device that it lists.
pub const BATCH_WEIGHT: Weight = Weight(1_500);
/// Weight of each device that a batch lists.
pub const LISTED_WEIGHT: Weight = Weight(500);
/// Weight of a work attestation beside its groups and shares.
pub const ATTEST_WEIGHT: Weight = Weight(3_000);
/// Weight of each group.
pub const GROUP_WEIGHT: Weight = Weight(250);
/// Weight of each share.
pub const SHARE_WEIGHT: Weight = Weight(100);

/// Weight of each step of a share's branch to the root: two hashes.
pub const STEP_WEIGHT: Weight = Weight(25);

/// Judges a call and declares its weight. A signature is checked with state, which has the key; where the key is the device's, the
/// dearest is declared.
pub(crate) fn check(call: &VerifyIdCall) -> Result<Weight, Reject> {
    match call {
        VerifyIdCall::Register(register) => {
            let algorithm = known(register.algorithm)?;
            Kind::of(register.kind).ok_or(VerifyIdReject::WrongKind)?;
            Ok(sum(&[CALL_WEIGHT, signature(algorithm)]))
        }
        VerifyIdCall::Rotate(rotate) => rotation(rotate),
        VerifyIdCall::CancelRotation(cancel) => {
            Ok(cancel.signature.as_ref().map_or(CALL_WEIGHT, |_| sum(&[CALL_WEIGHT, P256_WEIGHT])))
        }
        VerifyIdCall::AttestWork(attest) => attestation(attest),
        VerifyIdCall::Batch(batch) => batched(batch),
        VerifyIdCall::SetLevel(set) if !matches!(set.level, 3 | 4) => Err(VerifyIdReject::LevelNotSettable.into()),
        VerifyIdCall::BuyPlan(buy) if buy.months == 0 => Err(VerifyIdReject::UntilTooFar.into()),
        VerifyIdCall::Accept(_)
        | VerifyIdCall::Offer(_)
        | VerifyIdCall::Take(_)
        | VerifyIdCall::Withdraw(_)
        | VerifyIdCall::Revoke(_)
        | VerifyIdCall::Suspend(_)
        | VerifyIdCall::Reinstate(_)
        | VerifyIdCall::Hold(_)
        | VerifyIdCall::SetLevel(_)
        | VerifyIdCall::SetVerifier { .. }
        | VerifyIdCall::SetPlan(_)
        | VerifyIdCall::BuyPlan(_)
        | VerifyIdCall::AllowVerifier { .. } => Ok(CALL_WEIGHT),
    }
}

fn known(algorithm: u8) -> Result<Algorithm, VerifyIdReject> {
    Algorithm::of(algorithm).ok_or(VerifyIdReject::UnknownAlgorithm)
}

fn sum(parts: &[Weight]) -> Weight {
    Weight(parts.iter().fold(0, |sum, part| sum.saturating_add(part.0)))
}

const fn signature(algorithm: Algorithm) -> Weight {
    match algorithm {
        Algorithm::Ed25519 | Algorithm::Secp256k1 => SIGNATURE_WEIGHT,
        Algorithm::P256 => P256_WEIGHT,
    }
}

fn rotation(rotate: &Rotate) -> Result<Weight, Reject> {
    let new = signature(known(rotate.algorithm)?);
    let old = rotate.old_signature.as_ref().map_or(Weight::ZERO, |_| P256_WEIGHT);
    Ok(sum(&[CALL_WEIGHT, new, old]))
}

fn attestation(attest: &AttestWork) -> Result<Weight, Reject> {
    let shares: usize = attest.groups.iter().map(|group| group.shares.len()).sum();
    if shares == 0 {
        return Err(VerifyIdReject::ShareCount.into());
    }
    let of = |weight: Weight, count: usize| Weight(weight.0.saturating_mul(count as u64));
    // Each share is hashed up its branch.
    let steps: usize = attest.groups.iter().map(|group| group.shares.len().saturating_mul(group.branch.len())).sum();
    let parts = [of(GROUP_WEIGHT, attest.groups.len()), of(SHARE_WEIGHT, shares), of(STEP_WEIGHT, steps)];
    Ok(sum(&[ATTEST_WEIGHT, P256_WEIGHT, sum(&parts)]))
}

fn batched(batch: &Batch) -> Result<Weight, Reject> {
    if batch.leaves == 0 || batch.leaves > BATCH_LEAVES_MAX || batch.ok > batch.leaves {
        return Err(VerifyIdReject::BatchCount.into());
    }
    // Each listed device has a good verification.
    if batch.first_verified.len() as u64 > u64::from(batch.ok) {
        return Err(VerifyIdReject::BatchCount.into());
    }
    if batch.first > batch.last {
        return Err(VerifyIdReject::BatchTime.into());
    }
    let listed = LISTED_WEIGHT.0.saturating_mul(batch.first_verified.len() as u64);
    Ok(sum(&[BATCH_WEIGHT, Weight(listed)]))
}
