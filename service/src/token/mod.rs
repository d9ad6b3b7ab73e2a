//! Tokens: who asks, for how long, and what for, in a JWT that this house signed itself.
//!
//! `wire` is the strict form of a token, `claims` what it says, `kind` which kinds there are and for how long, `key` one key, `keys` the two of
//! them that may live at once, `terms` what one verifier takes, `revoked` what was taken back, `file` where keys are kept, `bearer` how a
//! request shows one. All but the last two are pure: instants and random bytes are arguments. It must not know a feature: kind, audience
//! and roles are told to it.
//!
//! The way of a token: [`TokenTerms::issue`] signs it with the newest key; [`TokenTerms::verify`] reads its form, does one check of a signature
//! whatever key it names, and only then looks at what it says. Its two halves are [`TokenTerms::open`], which asks nobody, and [`TokenTerms::judge`].
//!
//! Invariants: the header never chooses an algorithm (RFC 8725, 3.1); each verifier takes one kind, one issuer, one audience, and a set of roles; each
//! claim is there and of its type; no more than two keys live; what is published is what is taken.

mod bearer;
mod claims;
mod file;
mod key;
mod keys;
mod kind;
mod refused;
mod revoked;
mod terms;
mod wire;

pub use bearer::Bearer;
pub use claims::{Claims, DeviceNote, Jti};
pub use file::TokenKeyFile;
pub use key::{Jwk, TokenAlgorithm, TokenKey};
pub use keys::{Jwks, KEY_LIFE_MS, RotationEarly, TokenKeys};
pub use kind::{ADMIN, API, DEVICE, LEEWAY_S, Role, TokenKind};
pub use refused::TokenRefused;
pub use revoked::{Revocation, RevocationBounds, Revocations, TwoClocks};
pub use terms::{Grant, Holders, SoundToken, TokenTerms};
pub use wire::TOKEN_BYTES_MAX;

#[cfg(test)]
mod tests;
