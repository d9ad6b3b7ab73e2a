//! Values that are signed, hashed, stored or sent, in canonical bytes.

use types::Canonical;

/// Decodes, and if that succeeds, encodes to the same bytes.
fn round_trip<T: Canonical>(data: &[u8]) {
    if let Ok(value) = T::from_canonical(data) {
        assert!(data.len() <= T::BYTES_MAX, "accepted {} bytes, above the bound of the type", data.len());
        assert_eq!(value.to_canonical(), data, "a second encoding of the same value");
    }
}

macro_rules! targets {
    ($($name:ident: $type:ty,)+) => {
        $(
            #[doc = concat!("Bytes of a `", stringify!($type), "`.")]
            pub fn $name(data: &[u8]) {
                round_trip::<$type>(data);
            }
        )+
    };
}

targets! {
    block: types::Block,
    body: types::Body,
    certificate: types::Certificate,
    consensus_record: consensus::Record,
    evidence: consensus::Evidence,
    genesis: types::Genesis,
    header: types::Header,
    kernel_system_call: execution::KernelSystemCall,
    message: replica::wire::Message,
    peer_request: replica::wire::Request,
    peer_response: replica::wire::Response,
    tokens_call: tokens::TokensCall,
    wire_block: replica::wire::WireBlock,
    proposal: types::Proposal,
    receipt: types::Receipt,
    transaction: types::Transaction,
    validator_set: types::ValidatorSet,
    vote: types::Vote,
}
