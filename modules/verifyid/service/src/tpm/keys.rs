//! The keys of a TPM as a device hands them in.
//!
//! It must not know devices. Invariant: nothing longer than a public area is read.

use types::Hash32;
use verifyid_tpm::{AttestationKey, EndorsementKey};

use super::refused::TpmRefused;

/// Public areas (`TPM2B_PUBLIC`) of an endorsement and an attestation key, of 512 bytes at most each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TpmKeys {
    pub(crate) endorsement: Vec<u8>,
    pub(crate) attestation: Vec<u8>,
}

impl TpmKeys {
    /// SHA-256 of the two, the endorsement key's first. Each begins with its length, so one pair alone has it.
    pub(crate) fn digest(&self) -> Hash32 {
        Hash32(crypto::hash::sha256(&[self.endorsement.as_slice(), &self.attestation].concat()))
    }

    /// Reads them as keys of their roles.
    ///
    /// # Errors
    /// [`TpmRefused`].
    pub(crate) fn judge(&self) -> Result<(EndorsementKey, AttestationKey), TpmRefused> {
        let endorsement = EndorsementKey::read(&self.endorsement).map_err(TpmRefused::EndorsementKey)?;
        Ok((endorsement, attestation_key(&self.attestation)?))
    }
}

/// Reads an attestation key.
///
/// # Errors
/// [`TpmRefused`].
pub(crate) fn attestation_key(area: &[u8]) -> Result<AttestationKey, TpmRefused> {
    AttestationKey::read(area).map_err(TpmRefused::AttestationKey)
}
