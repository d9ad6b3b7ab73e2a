//! Proofs of work and coinbases, as anybody sends them.

use std::sync::OnceLock;

use ::mining::WorkProof;
use crypto::bls::SecretKey;
use execution::{MemoryState, Registry};
use pow::{Coinbase, WorkHeader, coinbase, merkle};
use types::{
    Address, ByteString, Canonical, Genesis, GenesisValidator, List, ModuleId, Network, Parameters, PeerKey, Power,
    ProtocolVersion, SystemCall, TimeMs,
};

/// A coinbase: an answer, and no height, payee or digest that is not in its bytes.
pub fn coinbase(data: &[u8]) {
    let Ok(read) = Coinbase::parse(data) else { return };
    assert!(data.len() <= coinbase::BYTES_MAX && data.len() > 64, "{} bytes", data.len());
    let holds = |part: &[u8]| data.windows(part.len()).any(|window| window == part);
    assert!(holds(&read.payee.0) && holds(read.digest.as_bytes()), "what was read stands in the bytes");
    let commitment = pow::Commitment {
        chain_id: types::ChainId::default(),
        work_height: read.work_height,
        payee: read.payee,
        anchor: types::Hash32::ZERO,
    };
    assert_eq!(read.binds(&commitment), read.digest == commitment.digest());
}

/// A proof: one encoding, and a verdict of the rules on the state of a new chain.
pub fn work_proof(data: &[u8]) {
    if let Ok(proof) = WorkProof::from_canonical(data) {
        assert_eq!(proof.to_canonical(), data, "a second encoding of the same proof");
        assert_eq!(WorkHeader::from_bytes(&proof.header).to_bytes(), proof.header);
        let _ = merkle::fold([0; 32], &proof.branch);
    }
    let Ok(body) = ByteString::new(data.to_vec()) else { return };
    let (registry, state) = chain();
    let call = SystemCall { module: ModuleId(3), body };
    // Nobody has solved anything on this chain, whose launch asks for sixteen thousand hashes a share.
    let _ = registry.admit(state, TimeMs(2_000), &call);
}

/// A chain before its first block.
fn chain() -> &'static (Registry, MemoryState) {
    static CHAIN: OnceLock<(Registry, MemoryState)> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let key = SecretKey::from_ikm(&[1; 32]);
        let validator = GenesisValidator {
            key: key.public_key().to_bytes(),
            possession: key.prove_possession().to_bytes(),
            power: Power(1),
            account: Address([1; 20]),
            peer: PeerKey([1; 32]),
        };
        let genesis = Genesis {
            version: ProtocolVersion(1),
            name: ByteString::new(b"fuzz".to_vec()).expect("short"),
            network: Network::Test,
            time: TimeMs(1_000),
            parameters: Parameters::with_ecosystem(Address([2; 20])),
            assets: List::default(),
            balances: List::default(),
            validators: List::new(vec![validator]).expect("one"),
        };
        let registry = runtime::registry();
        let first = registry.genesis(&genesis, crypto::ids::chain_id(&genesis)).expect("a good genesis");
        let mut state = MemoryState::default();
        state.apply(&first.outcome.changes);
        (registry, state)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_take_what_is_built_and_what_is_not() {
        let commitment = pow::Commitment {
            chain_id: types::ChainId::default(),
            work_height: 1,
            payee: Address([3; 20]),
            anchor: types::Hash32::ZERO,
        };
        let bytes = commitment.coinbase_parts(b"fuzz").expect("short").assemble([1; 4], [2; 8]);
        coinbase(&bytes);
        coinbase(&[]);
        work_proof(&[0; 96]);
        work_proof(&[]);
    }
}
