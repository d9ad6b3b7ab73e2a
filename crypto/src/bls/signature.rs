//! Signatures and their sums.
//!
//! It must not know who signed. Invariant: a signature was checked for subgroup and identity when it was parsed, so
//! nothing below checks again.

use blst::BLST_ERROR;
use blst::min_sig as library;
use types::BlsSignature;

use super::BlsError;

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
        // The library refuses a key that is the identity, which a sum can be.
        self.0.fast_aggregate_verify_pre_aggregated(false, message, dst, key) == BLST_ERROR::BLST_SUCCESS
    }

    /// A sum of signatures, unless it is the identity.
    pub(super) fn from_sum(sum: &library::AggregateSignature) -> Option<Self> {
        let point = sum.to_signature();
        point.validate(true).is_ok().then_some(Self(point))
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
    let mut signatures = signatures.into_iter();
    let mut sum = library::AggregateSignature::from_signature(&signatures.next()?.0);
    for signature in signatures {
        sum.add_signature(&signature.0, false).expect("adding fails only when it checks the group, as parsing did");
    }
    Signature::from_sum(&sum)
}
