//! Signatures and their sums.
//!
//! It must not know who signed. Invariant: a signature was checked for subgroup and identity when it was made, so
//! nothing below checks again.

use blst::{blst_p1_affine, min_sig as library};
use types::BlsSignature;

use super::{BlsError, equation};

/// A signature, of one key or of many, as a checked point.
#[derive(Clone, Copy)]
pub struct Signature(pub(super) library::Signature);

impl Signature {
    /// Reads the compressed form.
    ///
    /// # Errors
    /// [`BlsError`] if it is not canonical, not in the subgroup, or the identity.
    pub fn parse(bytes: &BlsSignature) -> Result<Self, BlsError> {
        let point = library::Signature::uncompress(bytes.as_bytes()).map_err(BlsError::from_blst)?;
        point.validate(true).map_err(BlsError::from_blst)?;
        Ok(Self(point))
    }

    /// The compressed form.
    #[must_use]
    pub fn to_bytes(&self) -> BlsSignature {
        BlsSignature(self.0.compress())
    }

    pub(super) fn matches(&self, message: &[u8], dst: &[u8], key: &library::PublicKey) -> bool {
        equation::holds(message, dst, key, &self.0)
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Signature {}

impl std::fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_bytes().fmt(formatter)
    }
}

/// The sum of signatures. Nothing for none, and for those that cancel out to the identity, which is no signature.
#[must_use]
pub fn aggregate_signatures<'a>(signatures: impl IntoIterator<Item = &'a Signature>) -> Option<Signature> {
    // A sum of points of the subgroup lies in it.
    sum(signatures.into_iter().map(|signature| signature.0)).filter(|sum| !is_identity(sum)).map(Signature)
}

/// The sum of signatures in compressed form, each read with a single check of the subgroup for all: that of their sum.
/// Nothing for none, if one is not the canonical form of a point of the curve or is the identity, and if the sum is not
/// in the subgroup or is the identity.
///
/// The sum is a signature like any other, and [verifying](super::AggregatePublicKey::verify) it proves no less. Of its
/// parts a good sum proves as little as it always does: parts that are no signatures may hide in it if what is wrong
/// with them cancels out, whether that is a point outside of the subgroup or a point of it. Whoever needs a single
/// part, to accuse or to keep it, [parses](Signature::parse) and verifies it alone. The check of the sum cannot be
/// spared: a pairing does not see what a point has outside of the subgroup, so that a sum that verifies here could be
/// refused by who reads its bytes.
#[must_use]
pub fn aggregate_bytes<'a>(signatures: impl IntoIterator<Item = &'a BlsSignature>) -> Option<Signature> {
    let read = |bytes: &BlsSignature| {
        let point = library::Signature::uncompress(bytes.as_bytes()).ok()?;
        (!is_identity(&point)).then_some(point)
    };
    let points: Option<Vec<_>> = signatures.into_iter().map(read).collect();
    let sum = sum(points?.into_iter())?;
    sum.validate(true).is_ok().then_some(Signature(sum))
}

/// A sum of points of the curve; nothing for none.
pub(super) fn sum(mut points: impl Iterator<Item = library::Signature>) -> Option<library::Signature> {
    let mut sum = library::AggregateSignature::from_signature(&points.next()?);
    for point in points {
        sum.add_signature(&point, false).expect("adding fails only when it checks the group, which it is told not to");
    }
    Some(sum.to_signature())
}

/// Whether a point is the identity, which the library writes as zeros.
pub(super) fn is_identity(point: &library::Signature) -> bool {
    *<&blst_p1_affine>::from(point) == blst_p1_affine::default()
}
