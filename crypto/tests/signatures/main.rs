//! The signature schemes against public vectors, against their twins, and against forgers.

mod bls_aggregates;
mod bls_agreement;
mod bls_bytes;
mod ecdsa_agreement;
mod ef_bls;
mod rfc9380;
mod stream;
