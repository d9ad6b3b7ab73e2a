//! Proofs of work and coinbases, as anybody sends them.

use std::sync::OnceLock;

use ::mining::WorkProof;
use crypto::bls::SecretKey;
use execution::{MemoryState, Registry};
use genesis::GenesisBuilder;
use pow::{Coinbase, CompactBits, WorkHeader, coinbase, merkle};
use types::{Address, ByteString, Canonical, GenesisValidator, ModuleId, Network, PeerKey, Power, SystemCall, TimeMs};

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

/// A proof: one encoding, and a verdict of the rules on the state of a new chain, where a share takes eight hashes. What they
/// admit is what its header was solved for.
pub fn work_proof(data: &[u8]) {
    if let Ok(proof) = WorkProof::from_canonical(data) {
        assert_eq!(proof.to_canonical(), data, "a second encoding of the same proof");
        assert_eq!(WorkHeader::from_bytes(&proof.header).to_bytes(), proof.header);
        let _ = merkle::fold([0; 32], &proof.branch);
    }
    let Ok(body) = ByteString::new(data.to_vec()) else { return };
    let (registry, state) = chain();
    let call = SystemCall { module: ModuleId(3), body };
    if let Some(Ok(_)) = registry.admit(state, NOW, &[&call]).pop() {
        let proof = WorkProof::from_canonical(data).expect("what is admitted is a proof");
        let coinbase = Coinbase::parse(&proof.coinbase).expect("what is admitted has a coinbase");
        let header = WorkHeader::from_bytes(&proof.header);
        assert_eq!(merkle::fold(coinbase.txid, &proof.branch), header.merkle_root);
        assert_eq!(header.bits, EASY);
    }
}

/// The time of the block that a proof is judged for.
const NOW: TimeMs = TimeMs(2_000);
/// The easiest target there is.
const EASY: CompactBits = CompactBits(0x1f7f_ffff);

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
        let registry = runtime::registry();
        let genesis = GenesisBuilder::new(&registry, "fuzz", Network::Test, TimeMs(1_000), Address([2; 20]))
            .module::<::mining::Mining>(|mining| mining.launch_bits = EASY.0)
            .validator(validator);
        let genesis = genesis.build().expect("a sound genesis");
        let first = registry.genesis(&genesis, crypto::ids::chain_id(&genesis)).expect("a good genesis");
        let mut state = MemoryState::default();
        state.apply(&first.outcome.changes);
        (registry, state)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ::mining::{AnchorBlock, WorkTerms, template};

    use super::*;

    /// A share that the rules admit.
    fn share() -> Vec<u8> {
        let (registry, state) = chain();
        let terms = registry.query(state, "mining", "terms", &BTreeMap::new()).expect("a known question");
        let terms: WorkTerms = serde_json::from_value(terms).expect("the terms of the first work");
        let next = execution::NextBlock::read(state);
        let anchor = AnchorBlock { height: next.tip.height, hash: next.tip.hash };
        let task = template(&terms, next.chain_id(), Address([3; 20]), anchor).expect("an easy target");
        let coinbase = task.coinbase_parts(b"fuzz").expect("short").assemble([1; 4], [2; 8]);
        let merkle_root = merkle::fold(pow::sha256d(&coinbase), &[]);
        let (previous, bits) = (task.previous, task.bits);
        let mut header = WorkHeader { version: 1, previous, merkle_root, time: 2, bits, nonce: 0 };
        while !task.share_target.is_met_by(&header.hash()) {
            header.nonce += 1;
        }
        task.proof(&header, coinbase).expect("a short coinbase").to_canonical()
    }

    fn assert_admitted(share: &[u8]) {
        let (registry, state) = chain();
        let body = ByteString::new(share.to_vec()).expect("short");
        let verdict = registry.admit(state, NOW, &[&SystemCall { module: ModuleId(3), body }]).pop();
        assert!(matches!(verdict, Some(Ok(_))), "{verdict:?}");
    }

    #[test]
    fn the_seeds_are_a_share_that_is_admitted_and_a_coinbase_that_is_read() {
        assert_admitted(include_bytes!("../seeds/work_proof/share"));
        assert!(Coinbase::parse(include_bytes!("../seeds/coinbase/built")).is_ok());
    }

    #[test]
    fn a_share_passes_the_target_cut_anywhere_and_with_every_bit_flipped() {
        let share = share();
        assert_admitted(&share);
        work_proof(&share);
        let length = WorkProof::from_canonical(&share).expect("a proof").coinbase.len();
        coinbase(&share[92..92 + length]);
        for place in 0..share.len() {
            work_proof(&share[..place]);
            for bit in 0..8 {
                let mut bent = share.clone();
                bent[place] ^= 1 << bit;
                work_proof(&bent);
                coinbase(&bent[92..92 + length]);
            }
        }
    }

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
