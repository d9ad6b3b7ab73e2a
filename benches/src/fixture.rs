//! A chain in memory with everything that the stages of a transaction's way need: genesis, keys, state, checked transfers.
//!
//! It must not know processes or disks. The same numbers come out at every start.

use std::sync::Arc;

use crypto::bls::SecretKey;
use crypto::ids::{seed_preimage, vote_preimage};
use execution::{BuildRequest, Built, CheckedTransaction, GenesisBlock, MemoryState, Registry};
use genesis::{LocalNetwork, local_network};
use tokens_client::{TransferRequest, build_transfer};
use types::{
    Address, Amount, BlsPublicKey, BlsSignature, Epoch, Genesis, GenesisValidator, Hash32, Nonce, PeerKey, Power,
    TimeMs, ValidatorIndex, ValidatorSet, View, VoteKind, VoteStatement,
};
use wallet::{AccountKey, Chain, Envelope, sign_transaction};

/// Block time of the genesis.
const TIME: TimeMs = TimeMs(1_700_000_000_000);
const VALIDATORS: u8 = 4;

/// The chain and its keys.
pub struct Fixture {
    /// All modules.
    pub registry: Registry,
    /// The chain as a wallet knows it.
    pub chain: Chain,
    /// Block 0 and the first state as changes.
    pub genesis: GenesisBlock,
    /// The first state.
    pub state: MemoryState,
    /// The validators.
    pub set: ValidatorSet,
    /// Their keys in the order of the set.
    pub secrets: Vec<SecretKey>,
    accounts: Vec<AccountKey>,
}

impl Fixture {
    /// A chain with so many funded accounts.
    #[must_use]
    pub fn new(accounts: usize) -> Self {
        let accounts: Vec<AccountKey> = (0..accounts).map(account).collect();
        let (genesis, secrets) =
            Self::genesis(accounts.iter().map(|key| (key.address(), Amount(100_000_000))).collect());
        let set = genesis::validator_set(&genesis).expect("four validators make a set");
        let chain = Chain::new(genesis.clone()).expect("the validators prove possession of their keys");
        let registry = runtime::registry();
        let first = registry.genesis(&genesis, chain.id()).expect("the genesis of the benches is right");
        let mut state = MemoryState::default();
        state.apply(&first.outcome.changes);
        state.apply_pages(&first.outcome.pages);
        Self { registry, chain, genesis: first, state, set, secrets, accounts }
    }

    /// The genesis of a chain with these accounts, and its validators' keys in the order of the set.
    #[must_use]
    pub fn genesis(accounts: Vec<(Address, Amount)>) -> (Genesis, Vec<SecretKey>) {
        let mut secrets: Vec<SecretKey> = (1..=VALIDATORS).map(|seed| SecretKey::from_ikm(&[seed; 32])).collect();
        secrets.sort_by_key(|secret| secret.public_key().to_bytes());
        let local = LocalNetwork {
            name: "bench".to_owned(),
            time: TIME,
            ecosystem: Address([0xee; 20]),
            validators: secrets.iter().zip(1..).map(|(secret, place)| validator(secret, place)).collect(),
            accounts,
        };
        (local_network(&runtime::registry(), local).expect("the genesis of the benches is right"), secrets)
    }

    /// One transfer of each of the first accounts to the next one, with everything checked but the signature.
    #[must_use]
    pub fn transfers(&self, count: usize) -> Vec<CheckedTransaction> {
        let receivers = self.accounts.iter().cycle().skip(1);
        let pairs = self.accounts.iter().zip(receivers).take(count);
        let one = |(from, to): (&AccountKey, &AccountKey)| {
            let envelope = Envelope::single(from.address(), Nonce(0), TIME.saturating_add(3_600_000), Amount(10_000));
            let body = build_transfer(&envelope, &TransferRequest::thr(to.address(), Amount(1)))
                .expect("one transfer is a transaction");
            let transaction = sign_transaction(from, self.chain.id(), body).expect("the key is the sender's");
            self.registry.check(self.chain.id(), Arc::new(transaction)).expect("a wallet makes what the chain takes")
        };
        pairs.map(one).collect()
    }

    /// Block 1 with these transactions.
    #[must_use]
    pub fn block(&self, candidates: &[CheckedTransaction]) -> Built {
        let (view, proposer) = (View(1), ValidatorIndex(0));
        let secret = self.secrets.first().expect("there are validators");
        let seed = secret.sign(&seed_preimage(self.chain.id(), Epoch::ZERO, view)).to_bytes();
        let request = BuildRequest {
            view,
            time: TIME.saturating_add(1_000),
            proposer,
            seed: Some(seed),
            attendance: None,
            system_calls: &[],
            candidates,
        };
        self.registry.build(&self.state, self.root(), &request).expect("the proposer is in the set and gives its seed")
    }

    /// The first state's root.
    #[must_use]
    pub const fn root(&self) -> Hash32 {
        self.genesis.outcome.state_root
    }

    /// A vote for a block, and the signatures of the first validators.
    #[must_use]
    pub fn votes(&self, count: usize) -> (VoteStatement, Vec<BlsSignature>) {
        let statement = VoteStatement {
            kind: VoteKind::Finalize,
            epoch: Epoch::ZERO,
            view: View(1),
            parent_view: View::ZERO,
            block: Hash32([8; 32]),
        };
        let preimage = vote_preimage(self.chain.id(), &statement);
        let votes = self.secrets.iter().take(count).map(|secret| secret.sign(&preimage).to_bytes()).collect();
        (statement, votes)
    }
}

fn account(place: usize) -> AccountKey {
    let mut secret = [0_u8; 32];
    secret[0] = 3;
    secret[24..].copy_from_slice(&(place as u64 + 1).to_be_bytes());
    AccountKey::from_secret(&secret).expect("a small number is a key of the curve")
}

fn validator(secret: &SecretKey, place: u8) -> GenesisValidator {
    let key: BlsPublicKey = secret.public_key().to_bytes();
    let possession = secret.prove_possession().to_bytes();
    GenesisValidator { key, possession, power: Power(1), account: Address([place; 20]), peer: PeerKey([place; 32]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixture_builds_a_block_that_is_valid_and_can_be_applied() {
        let fixture = Fixture::new(10);
        let built = fixture.block(&fixture.transfers(10));
        assert_eq!(built.body.body().transactions.len(), 10);
        fixture
            .registry
            .validate(&fixture.state, fixture.root(), &built.header, &built.body)
            .expect("what is built is valid");
        let outcome = fixture
            .registry
            .apply(&fixture.state, fixture.root(), &built.header, &built.body)
            .expect("it can be executed");
        assert!(outcome.receipts.iter().all(|receipt| receipt.code == 0));
    }
}
