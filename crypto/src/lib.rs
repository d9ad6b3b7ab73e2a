//! Hashes, signatures and commitments over the chain's values.
//!
//! Everything here is a pure function: randomness comes from the caller as bytes, there is no clock and no I/O. This
//! crate must not know key files, nor the rules by which a chain accepts what is signed or hashed.
//!
//! Each signature scheme exists twice, from libraries that share no code: [`bls`] (blst) and [`bls_pure`] (bls12_381),
//! [`ecdsa`] (libsecp256k1) and [`ecdsa_pure`] (k256). The node runs the fast one, wallets check with the other; a
//! disagreement is a failing test, not a chain split.
//!
//! Invariants: every hash and signed preimage begins with a tag of [`tags`], the one table of them; the exceptions are
//! the address of a single key, proofs of possession (which have a ciphersuite of their own) and the state tree, whose
//! hashing rule is public.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

pub mod bls;
pub mod bls_pure;
pub mod ecdsa;
pub mod ecdsa_pure;
pub mod hash;
pub mod ids;
pub mod jellyfish;
pub mod merkle;
pub mod tags;
