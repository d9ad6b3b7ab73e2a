//! Writes a chain of real blocks into a node's store, as fast as one thread can, without a network.
//!
//! Blocks are built, executed and certified by the code that validators run, with the keys of all of them at hand: whoever gets the
//! chain cannot tell it from one that a network made. It must not skip anything that a reader of the chain checks.

use std::path::Path;
use std::sync::Arc;

use crypto::bls::SecretKey;
use crypto::ids::{seed_preimage, vote_preimage};
use execution::{
    BlockOutcome, BuildRequest, Built, CheckedTransaction, Execution, FinalizedBlock, NextBlock, Registry,
};
use store::{Store, StoreError, StoreOptions, StoreView};
use testnet::devnet::{Failure, Outcome};
use types::{
    Certificate, ChainId, Genesis, Hash32, Height, SignerBitmap, SystemCall, TimeMs, ValidatorIndex, View, VoteKind,
    VoteStatement,
};

/// Time between blocks in advance: an hour holds more than 100,000 of them.
pub const STEP_MS: u64 = 20;

/// A chain that grows.
pub struct ChainMaker {
    /// The rules.
    pub registry: Registry,
    /// Where the blocks go.
    pub store: Store,
    chain_id: ChainId,
    secrets: Vec<SecretKey>,
    /// For each validator the sum of the others' keys: what the sum signs is the aggregate of what they sign.
    quorums: Vec<SecretKey>,
    root: Hash32,
    time: TimeMs,
}

impl ChainMaker {
    /// Opens the store in `path`, which is empty or new, and begins the chain.
    ///
    /// # Errors
    /// When the store or the genesis refuses, or the keys are not those of its validators.
    pub fn begin(path: &Path, genesis: &Genesis, secrets: Vec<SecretKey>) -> Outcome<Self> {
        let chain_id = genesis::chain_id(genesis);
        let registry = runtime::registry();
        let store = Store::open(path, chain_id, StoreOptions::default()).map_err(refused)?;
        let first = registry.genesis(genesis, chain_id);
        let first = first.map_err(|error| Failure::new(format!("the genesis is refused: {error}")))?;
        store.initialize(&first.header, &first.outcome).map_err(refused)?;
        let set = genesis::validator_set(genesis)?;
        let mut secrets = secrets;
        secrets.sort_by_key(|secret| secret.public_key().to_bytes());
        let own = secrets.iter().map(|secret| secret.public_key().to_bytes());
        if !own.eq(set.validators().iter().map(|validator| validator.key)) {
            return Err(Failure::new("these are not the keys of the genesis's validators"));
        }
        let quorums = (0..secrets.len()).map(|absent| sum_without(&secrets, absent)).collect::<Outcome<_>>()?;
        Ok(Self { registry, store, chain_id, secrets, quorums, root: first.outcome.state_root, time: genesis.time })
    }

    /// The state after the newest block.
    ///
    /// # Errors
    /// Those of the store.
    pub fn view(&self) -> Outcome<StoreView> {
        self.store.view().map_err(refused)
    }

    /// Root of that state.
    #[must_use]
    pub const fn root(&self) -> Hash32 {
        self.root
    }

    /// The newest block's number.
    #[must_use]
    pub fn height(&self) -> Height {
        self.store.tip().map(|tip| tip.height).unwrap_or_default()
    }

    /// The newest block's time.
    #[must_use]
    pub const fn time(&self) -> TimeMs {
        self.time
    }

    /// Builds the next block of these system calls and transactions, as many as fit.
    ///
    /// # Errors
    /// Never with the validators' keys.
    pub fn build(
        &self,
        view: &StoreView,
        system_calls: &[SystemCall],
        candidates: &[CheckedTransaction],
    ) -> Outcome<Built> {
        let next = NextBlock::read(view);
        let (place, time) = (View(next.height().0), self.time.saturating_add(STEP_MS));
        let turn = usize::try_from(place.0).unwrap_or_default() % self.secrets.len().max(1);
        let secret = self.secrets.get(turn).ok_or_else(|| Failure::new("there are no validators"))?;
        let sign_seed = || secret.sign(&seed_preimage(self.chain_id, next.epoch.number, place)).to_bytes();
        let request = BuildRequest {
            view: place,
            time,
            proposer: ValidatorIndex(u16::try_from(turn).unwrap_or_default()),
            seed: next.seed_is_due(time).then(sign_seed),
            attendance: None,
            system_calls,
            candidates,
        };
        let failed = |error| Failure::new(format!("no block can be built: {error}"));
        self.registry.build(view, self.root, &request).map_err(failed)
    }

    /// Executes a block without touching the tree.
    ///
    /// # Errors
    /// Never for a block that was built here.
    pub fn execute(&self, view: &StoreView, built: &Built) -> Outcome<Execution> {
        let failed = |fault| Failure::new(format!("a block cannot be executed: {fault}"));
        self.registry.execute(view, &built.header, &built.body).map_err(failed)
    }

    /// Certifies an executed block.
    #[must_use]
    pub fn certify(&self, built: Built, outcome: BlockOutcome) -> FinalizedBlock {
        let Built { hash, header, body, left_out: _ } = built;
        let statement = VoteStatement {
            kind: VoteKind::Finalize,
            epoch: header.epoch,
            view: header.view,
            parent_view: View::ZERO,
            block: hash,
        };
        // Another one is absent each time, as on a network.
        let absent = usize::try_from(header.view.0).unwrap_or_default() % self.quorums.len().max(1);
        let quorum = self.quorums.get(absent).expect("there is a quorum without each validator");
        let signature = quorum.sign(&vote_preimage(self.chain_id, &statement)).to_bytes();
        let present = (0..self.secrets.len()).filter(|place| *place != absent);
        let present = present.filter_map(|place| u16::try_from(place).ok()).map(ValidatorIndex);
        let signers = SignerBitmap::new(self.secrets.len(), present);
        let certificate = Certificate { statement, signers, signature };
        FinalizedBlock { hash, header, body: body.body().clone(), certificate, outcome: Arc::new(outcome) }
    }

    /// Puts a certified block into the store.
    ///
    /// # Errors
    /// Those of the store.
    pub fn commit(&mut self, block: &FinalizedBlock) -> Outcome<()> {
        self.store.commit(block).map_err(refused)?;
        (self.root, self.time) = (block.outcome.state_root, block.header.time);
        Ok(())
    }

    /// The whole way of a block; gives how many of the transactions fitted in, the first of them.
    ///
    /// # Errors
    /// As its steps.
    pub fn add(&mut self, candidates: &[CheckedTransaction]) -> Outcome<usize> {
        self.add_with(&[], candidates)
    }

    /// As [`ChainMaker::add`], with system calls of modules, as many as fit.
    ///
    /// # Errors
    /// As there.
    pub fn add_with(&mut self, system_calls: &[SystemCall], candidates: &[CheckedTransaction]) -> Outcome<usize> {
        let view = self.view()?;
        let built = self.build(&view, system_calls, candidates)?;
        let count = built.body.facts().len();
        let execution = self.execute(&view, &built)?;
        let update = crypto::jellyfish::update(&view, self.root.0, &execution.changes.tree_changes());
        drop(view);
        let outcome = execution.into_outcome(built.header.height, update);
        if outcome.receipts.iter().any(|receipt| receipt.code != 0) {
            return Err(Failure::new(format!("a transaction of block {} is rejected", outcome.height)));
        }
        let block = self.certify(built, outcome);
        self.commit(&block)?;
        Ok(count)
    }

    /// Adds blocks until all transactions are in; each block takes as many as fit.
    ///
    /// # Errors
    /// As [`ChainMaker::add`]; a transaction that fits nowhere.
    pub fn add_all(&mut self, transactions: &[CheckedTransaction], most: usize) -> Outcome<()> {
        let mut rest = transactions;
        while !rest.is_empty() {
            let offered = rest.get(..most.min(rest.len())).unwrap_or(rest);
            let count = self.add(offered)?;
            if count == 0 {
                return Err(Failure::new("a transaction does not fit into a block"));
            }
            rest = rest.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Syncs and closes the store.
    ///
    /// # Errors
    /// Those of the store.
    pub fn finish(self) -> Outcome<Height> {
        let tip = self.store.sync().map_err(refused)?;
        Ok(tip.height)
    }
}

/// A refusal of the store, as a sentence.
pub(crate) fn refused(error: StoreError) -> Failure {
    Failure::new(format!("the store refuses: {error}"))
}

/// r, the order of BLS12-381's groups, big-endian.
const ORDER: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4,
    0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
];

/// The sum of all keys but one.
fn sum_without(secrets: &[SecretKey], absent: usize) -> Outcome<SecretKey> {
    let present = secrets.iter().enumerate().filter(|(place, _)| *place != absent);
    let sum = present.fold([0; 32], |sum, (_, secret)| add_in_order(&sum, &secret.to_bytes()));
    SecretKey::from_bytes(&sum).map_err(|error| Failure::new(format!("the keys have no sum: {error}")))
}

/// a + b modulo r, for a and b below r.
fn add_in_order(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    // Both are below 2^255, so the sum fits.
    let mut sum = [0; 32];
    let mut carry = 0;
    for ((digit, a), b) in sum.iter_mut().zip(a).zip(b).rev() {
        let total = u16::from(*a) + u16::from(*b) + carry;
        (*digit, carry) = (total.to_le_bytes()[0], total >> 8);
    }
    if sum < ORDER {
        return sum;
    }
    let mut borrow = 0;
    for (digit, order) in sum.iter_mut().zip(&ORDER).rev() {
        let left = 256 + u16::from(*digit) - u16::from(*order) - borrow;
        (*digit, borrow) = (left.to_le_bytes()[0], 1 - (left >> 8));
    }
    sum
}

#[cfg(test)]
mod tests {
    use consensus::{Aggregated, Scheme};
    use crypto::bls::aggregate_signatures;
    use replica::BlsScheme;
    use types::Epoch;

    use super::*;
    use crate::fixture::Fixture;
    use crate::presigned::{Crowd, checked};

    #[test]
    fn the_sum_of_keys_signs_the_aggregate_of_their_signatures() {
        let secrets: Vec<SecretKey> = (1..=4).map(|seed| SecretKey::from_ikm(&[seed; 32])).collect();
        for absent in 0..secrets.len() {
            let present = secrets.iter().enumerate().filter(|(place, _)| *place != absent);
            let signatures: Vec<_> = present.map(|(_, secret)| secret.sign(b"message")).collect();
            let aggregate = aggregate_signatures(&signatures).expect("three signatures");
            let sum = sum_without(&secrets, absent).expect("they have a sum");
            assert_eq!(sum.sign(b"message").to_bytes(), aggregate.to_bytes());
        }
    }

    #[test]
    fn a_made_chain_is_valid_and_its_certificates_hold() {
        let mut crowd = Crowd::new(10);
        let (genesis, secrets) = Fixture::genesis(crowd.balances());
        let directory = tempfile::tempdir().expect("a directory");
        let mut maker = ChainMaker::begin(directory.path(), &genesis, secrets).expect("it begins");
        let chain = genesis::chain_id(&genesis);
        let set = genesis::validator_set(&genesis).expect("a set");
        let scheme = BlsScheme::new(chain, [1; 32]);
        for _ in 0..6 {
            let ready = crowd.sign(chain, 3, maker.time()).expect("they are signed");
            let all = ready.into_iter().map(|ready| ready.transaction).collect();
            let all = checked(&maker.registry, chain, all).expect("they have the right form");
            let (view, root) = (maker.view().expect("there is a state"), maker.root());
            assert_eq!(maker.add(&all).expect("a block"), 3);
            let stored = maker.store.block(maker.height()).expect("it can be read").expect("it is there");
            let body = Arc::new(maker.store.body(maker.height()).expect("it can be read").expect("it is there"));
            let body = maker.registry.check_body(&stored.header, body).expect("it is the header's");
            maker.registry.validate(&view, root, &stored.header, &body).expect("it is valid");
            let certificate = stored.certificate.expect("it has one");
            assert_eq!((certificate.statement.block, certificate.statement.epoch), (stored.hash, Epoch::ZERO));
            let signers = certificate.signers.signers(set.len()).expect("it fits the set");
            assert!(set.is_quorum(set.power_of(signers.iter().copied())));
            let aggregated =
                Aggregated { statement: &certificate.statement, signers: &signers, signature: &certificate.signature };
            assert!(scheme.verify_aggregated(&set, aggregated));
        }
        assert_eq!(maker.finish().expect("it is synced"), Height(6));
    }
}
