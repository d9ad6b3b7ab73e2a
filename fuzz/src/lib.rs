//! What a decoder owes to hostile bytes: an answer within its bounds, never a panic, and one encoding per value.
//!
//! Each fuzz target is one function here and one line in `fuzz_targets/`. A target whose decoder accepts the bytes
//! also checks that encoding the value gives the same bytes again.

mod signatures;
mod state;
mod texts;
mod wire;

pub use signatures::{bls_public_key, bls_signature, ecdsa_signature};
pub use state::{jellyfish_page, jellyfish_path, jellyfish_proof};
pub use texts::{address_text, amount_text, genesis_json};
pub use wire::{
    block, body, certificate, consensus_record, evidence, genesis, header, proposal, receipt, transaction,
    validator_set, vote,
};
