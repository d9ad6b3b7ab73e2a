//! What a decoder owes to hostile bytes: an answer within its bounds, never a panic, and one encoding per value.
//!
//! Each fuzz target is one function here and one line in `fuzz_targets/`. A target whose decoder accepts the bytes
//! also checks that encoding the value gives the same bytes again.

mod bodies;
mod devices;
mod features;
mod logs;
mod miners;
mod mining;
mod rules;
mod signatures;
mod state;
mod texts;
mod tpm;
mod wire;

pub use bodies::{service_token, verifyid_body};
pub use devices::{
    anchors_section, device_key_file, device_line, stratum_login, verification_file, verifyid_batch, verifyid_kept,
    verifyid_section,
};
pub use features::{
    anchors_call, anchors_event, anchors_payload, anchors_put, verifyid_call, verifyid_device, verifyid_event,
    verifyid_key, verifyid_text,
};
pub use logs::{journal_segment, peer_frame};
pub use miners::{stratum_line, stratum_session};
pub use mining::{coinbase, work_proof};
pub use rules::transaction_check;
pub use signatures::{bls_public_key, bls_signature, ecdsa_signature};
pub use state::{jellyfish_page, jellyfish_path, jellyfish_proof};
pub use texts::{address_text, amount_text, genesis_json};
pub use tpm::{tpm_certificate, tpm_public_area, tpm_quote};
pub use wire::{
    block, body, certificate, consensus_record, evidence, genesis, header, kernel_system_call, message, peer_request,
    peer_response, proposal, receipt, tokens_call, transaction, validator_set, vote, wire_block,
};
