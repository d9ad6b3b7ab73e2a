//! What a verifier needs of TPM 2.0: keys and quotes are read and judged, and a key is tied to a TPM by a credential. It needs no TPM.
//!
//! Layouts are those of the TPM 2.0 Library, part 2 (structures); integers are big-endian. `public_area` reads keys, `key_roles` says
//! which of them may attest and which stands for a TPM, `attest` and `signature` read what a TPM says, `quote` judges it, `credential`
//! makes what only the right TPM can open, `certificate` walks from a TPM to its maker. It must not know devices, challenges, files or
//! the time: the caller gives all of it, the random numbers too.
//!
//! Invariants: everything that is read is bounded and consumed to its last byte; what is not known by name is refused; a key that has not
//! every attribute of its role has no value of that role's type; integers of signatures have fixed widths, and s may be high.

#![no_std]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

extern crate alloc;

mod attest;
mod certificate;
mod credential;
mod form;
mod issuer;
mod key_roles;
mod public_area;
mod quote;
mod reader;
mod signature;

pub use attest::{ATTEST_BYTES_MAX, PcrSelection, Quote, TpmClock};
pub use certificate::{CERTIFICATE_BYTES_MAX, CHAIN_LENGTH_MAX, EkChainRefused, check_ek_certificate, check_ek_root};
pub use credential::{CREDENTIAL_SECRET_BYTES_MAX, CredentialError, TpmCredential, make_credential};
pub use form::TpmFormError;
pub use key_roles::{AttestationKey, EndorsementKey, TpmKeyRefused};
pub use public_area::{NAME_BYTES, PUBLIC_AREA_BYTES_MAX, PublicArea, TpmKeyKind, TpmName};
pub use quote::{ExpectedQuote, LastQuote, PcrState, ProvenQuote, QuoteRefused, verify_quote};
pub use signature::TpmSignature;
