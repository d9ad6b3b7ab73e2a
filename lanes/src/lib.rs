//! Arithmetic that is done for several inputs at a time, one in each lane of a processor's widest registers.
//!
//! [`ecdsa`] proves eight signatures at a time; [`sha256`] hashes two messages at a time; [`sha256d`] searches for proofs of
//! work, sixteen nonces at a time. Each looks at run time for what the processor offers. This is the one crate that may
//! hold unsafe code: code for an instruction that not every processor has can be entered in no other way. It must not know
//! what a signature, a node of a tree or a header means. What is proven or found here is checked again by whoever relies on it,
//! or, for hashes, is the standard's to the bit.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

pub mod ecdsa;
pub mod sha256;
pub mod sha256d;
