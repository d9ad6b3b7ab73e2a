//! What a device needs to answer challenges, for boards without an operating system too: no heap, no standard library.
//!
//! `challenge` reads the 210 bytes that a device is asked to sign and compares them with what it expects, `keys` names keys as the chain
//! does, `mac` answers by a shared secret where a board cannot sign, `signature` brings what a secure element or a TPM signs into the one form that counts, `hex` is how all of it is written. A
//! device that signs whatever it is given can be used by anybody to pass for it, so [`answer`] is the one way to a signature here, and
//! it compares first. It must not know how challenges get to the device, nor hold a secret: that is the [`Signer`]'s.

#![no_std]

mod challenge;
pub mod hex;
mod keys;
mod mac;
mod signature;

pub use challenge::{ChallengePurpose, DeviceChallenge, Expected, PREIMAGE_BYTES, Refused};
pub use keys::{KeyAlgorithm, audience_digest, key_id};
pub use mac::{MAC_BYTES, answer_by_secret};
pub use signature::{Curve, from_der, low_s};

/// Length of every signature, in bytes: R and S, or r and s.
pub const SIGNATURE_BYTES: usize = 64;

/// Whatever holds a device's key: a file, a secure element, a TPM.
pub trait Signer {
    /// Why there is no signature.
    type Error;

    /// Signs. Ed25519 signs the statement, ECDSA its SHA-256 with s in the lower half (see [`low_s`]).
    ///
    /// # Errors
    /// What it is of this signer.
    fn sign(&mut self, statement: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Self::Error>;
}

/// Why a challenge is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnswered<E> {
    /// It is not for this device, or not what the device expects.
    Refused(Refused),
    /// The key could not be used.
    Signer(E),
}

/// Answers a challenge: compares it with what is expected, and only then signs.
///
/// # Errors
/// [`NotAnswered`]; nothing is signed then.
pub fn answer<S: Signer>(
    preimage: &[u8],
    expected: &Expected,
    signer: &mut S,
) -> Result<[u8; SIGNATURE_BYTES], NotAnswered<S::Error>> {
    DeviceChallenge::read(preimage).and_then(|challenge| challenge.check(expected)).map_err(NotAnswered::Refused)?;
    signer.sign(preimage).map_err(NotAnswered::Signer)
}
