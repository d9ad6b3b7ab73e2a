//! A chain of four validators whose keys the test holds: it makes headers and the certificates that a real network would.

#![allow(dead_code, reason = "the tests of the program use a part too")]

use crypto::bls::{SecretKey, aggregate_signatures};
use types::{
    Address, Amount, BlsSignature, Certificate, ChainId, Epoch, Genesis, GenesisBalance, GenesisValidator, Hash32,
    Header, Height, List, Network, PeerKey, Power, ProtocolVersion, SignerBitmap, THR, TimeMs, ValidatorIndex, View,
    VoteKind, VoteStatement,
};
use wallet::{AccountKey, Chain};

/// A chain under the test's control.
pub struct ChainMaker {
    pub genesis: Genesis,
    pub id: ChainId,
    /// In the order of the set.
    pub keys: Vec<SecretKey>,
}

/// A key of an account.
pub fn key(seed: u8) -> AccountKey {
    AccountKey::from_secret(&[seed; 32]).expect("in range")
}

pub fn validators(seeds: std::ops::Range<u8>) -> (Vec<GenesisValidator>, Vec<SecretKey>) {
    let mut both: Vec<_> = seeds
        .map(|seed| {
            let key = SecretKey::from_ikm(&[seed; 32]);
            let validator = GenesisValidator {
                key: key.public_key().to_bytes(),
                possession: key.prove_possession().to_bytes(),
                power: Power(1),
                account: Address([seed; 20]),
                peer: PeerKey([seed; 32]),
            };
            (validator, key)
        })
        .collect();
    both.sort_by_key(|(validator, _)| validator.key);
    both.into_iter().unzip()
}

impl ChainMaker {
    pub fn new(funded: &[(Address, Amount)]) -> Self {
        let (validators, keys) = validators(1..5);
        let mut balances: Vec<_> = funded
            .iter()
            .map(|(address, amount)| GenesisBalance { address: *address, asset: THR, amount: *amount })
            .collect();
        balances.sort_by_key(|balance| balance.address);
        let ecosystem = Address([0xec; 20]);
        let modules = runtime::registry().default_sections(Network::Test, ecosystem);
        let genesis = Genesis {
            name: types::ByteString::new(b"wallet-test".to_vec()).expect("short"),
            balances: List::new(balances).expect("few"),
            validators: List::new(validators).expect("four"),
            ..genesis::empty(Network::Test, TimeMs(1_767_225_600_000), ecosystem, modules)
        };
        Self { id: crypto::ids::chain_id(&genesis), genesis, keys }
    }

    /// The genesis as a node gives it.
    pub fn genesis_json(&self) -> String {
        genesis::to_json(&self.genesis, &runtime::registry())
    }

    pub fn chain(&self) -> Chain {
        Chain::new(self.genesis.clone()).expect("a sound genesis")
    }

    pub fn set_hash(&self) -> Hash32 {
        set_hash(&self.genesis.validators)
    }

    pub fn header(&self, height: u64, parent: Hash32) -> Header {
        Header {
            version: ProtocolVersion(1),
            chain_id: self.id,
            epoch: Epoch(0),
            view: View(height),
            height: Height(height),
            parent,
            time: TimeMs(self.genesis.time.0 + height),
            proposer: ValidatorIndex(0),
            body_root: crypto::ids::body_root(&[], &[]),
            state_root: Hash32([7; 32]),
            receipts_root: Hash32([8; 32]),
            price: 1 << 32,
            validators_hash: self.set_hash(),
            next_validators_hash: None,
        }
    }

    /// The statement that this header is final.
    pub fn finalize(header: &Header) -> VoteStatement {
        VoteStatement {
            kind: VoteKind::Finalize,
            epoch: header.epoch,
            view: header.view,
            parent_view: View(0),
            block: crypto::ids::header_hash(header),
        }
    }

    /// What these validators sign together.
    pub fn certify(&self, statement: VoteStatement, signers: &[u16]) -> Certificate {
        certify(self.id, &self.keys, statement, signers)
    }

    /// The certificate that three of four make of a header.
    pub fn finality(&self, header: &Header) -> Certificate {
        self.certify(Self::finalize(header), &[0, 2, 3])
    }
}

pub fn certify(chain: ChainId, keys: &[SecretKey], statement: VoteStatement, signers: &[u16]) -> Certificate {
    let preimage = crypto::ids::vote_preimage(chain, &statement);
    let signatures: Vec<_> = signers.iter().map(|place| keys[usize::from(*place)].sign(&preimage)).collect();
    let signature = aggregate_signatures(&signatures).map_or(BlsSignature::ZERO, |signature| signature.to_bytes());
    let signers = SignerBitmap::new(keys.len(), signers.iter().copied().map(ValidatorIndex));
    Certificate { statement, signers, signature }
}

pub fn to_set(members: &[GenesisValidator]) -> types::ValidatorSet {
    let member = |validator: &GenesisValidator| types::Validator {
        key: validator.key,
        power: validator.power,
        account: validator.account,
        peer: validator.peer,
    };
    types::ValidatorSet::new(members.iter().map(member).collect()).expect("a set")
}

pub fn set_hash(members: &[GenesisValidator]) -> Hash32 {
    crypto::ids::validator_set_hash(&to_set(members))
}
