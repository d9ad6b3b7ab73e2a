//! Hashes, ids, preimages and addresses of the chain's values.
//!
//! It must not know the rules that the values obey. Invariants: every id is SHA-256 of a tag of its own and canonical
//! bytes, so equal ids mean equal values; whatever is signed names its chain.

use types::{
    Address, ChainId, Epoch, Genesis, Hash32, Header, MultisigPolicy, Receipt, Secp256k1Key, SystemCall,
    TransactionBody, ValidatorSet, View, VoteStatement, Witness,
};

use crate::hash::{Sha256Hasher, hash160, tagged, tagged_canonical};
use crate::merkle::{self, MerkleProof};
use crate::tags::{self, Tag};

/// Length of a vote's preimage: tag, chain id, epoch, view, kind, parent view, block hash.
pub const VOTE_PREIMAGE_BYTES: usize = Tag::LENGTH + 32 + 8 + 8 + 1 + 8 + 32;

/// Length of a seed contribution's preimage: tag, chain id, epoch, view.
pub const SEED_PREIMAGE_BYTES: usize = Tag::LENGTH + 32 + 8 + 8;

/// The hash of the canonical genesis.
#[must_use]
pub fn chain_id(genesis: &Genesis) -> ChainId {
    ChainId(Hash32(tagged_canonical(tags::CHAIN_ID, genesis)))
}

/// What the accounts of a transaction sign, and its name for people: it does not depend on the witness.
#[must_use]
pub fn transaction_id(chain: ChainId, body: &TransactionBody) -> Hash32 {
    let mut hasher = Sha256Hasher::new(tags::TRANSACTION);
    hasher.update(chain.0.as_bytes());
    hasher.update_canonical(body);
    Hash32(hasher.finish())
}

/// The name of a transaction's exact bytes: its id together with its witness.
#[must_use]
pub fn witness_id(id: Hash32, witness: &Witness) -> Hash32 {
    let mut hasher = Sha256Hasher::new(tags::WITNESS);
    hasher.update(id.as_bytes());
    hasher.update_canonical(witness);
    Hash32(hasher.finish())
}

/// The block's hash. Certificates and bodies do not enter it but by the body root.
#[must_use]
pub fn header_hash(header: &Header) -> Hash32 {
    Hash32(tagged_canonical(tags::HEADER, header))
}

/// The name of a system call's exact bytes.
#[must_use]
pub fn system_call_hash(call: &SystemCall) -> Hash32 {
    Hash32(tagged_canonical(tags::SYSTEM_CALL, call))
}

/// What a header commits to as its body: the system calls, and the transactions by their witness ids.
#[must_use]
pub fn body_root(system_calls: &[SystemCall], witness_ids: &[Hash32]) -> Hash32 {
    let calls: Vec<_> = system_calls.iter().map(system_call_hash).collect();
    let calls = merkle::root(tags::SYSTEM_CALLS_TREE, &calls);
    let transactions = merkle::root(tags::TRANSACTIONS_TREE, witness_ids);
    Hash32(tagged(tags::BODY, &[calls.as_bytes(), transactions.as_bytes()]))
}

/// What the next header commits to as a block's receipts.
#[must_use]
pub fn receipts_root(receipts: &[Receipt]) -> Hash32 {
    merkle::root(tags::RECEIPTS_TREE, &receipt_hashes(receipts))
}

/// The path of the receipt at `index` to the root of all, or nothing if there is none.
#[must_use]
pub fn receipt_proof(receipts: &[Receipt], index: usize) -> Option<MerkleProof> {
    merkle::prove(tags::RECEIPTS_TREE, &receipt_hashes(receipts), index)
}

/// Whether `receipt` is the one at the proof's index under a receipts root.
#[must_use]
pub fn verify_receipt(root: &Hash32, receipt: &Receipt, proof: &MerkleProof) -> bool {
    merkle::verify(tags::RECEIPTS_TREE, root, &receipt_hash(receipt), proof)
}

fn receipt_hashes(receipts: &[Receipt]) -> Vec<Hash32> {
    receipts.iter().map(receipt_hash).collect()
}

fn receipt_hash(receipt: &Receipt) -> Hash32 {
    Hash32(tagged_canonical(tags::RECEIPT, receipt))
}

/// The hash of a validator set: keys in order with power, account and network identity.
#[must_use]
pub fn validator_set_hash(set: &ValidatorSet) -> Hash32 {
    Hash32(tagged_canonical(tags::VALIDATOR_SET, set))
}

/// What a validator signs as its vote: fields of fixed length, integers little-endian.
#[must_use]
pub fn vote_preimage(chain: ChainId, statement: &VoteStatement) -> [u8; VOTE_PREIMAGE_BYTES] {
    let VoteStatement { kind, epoch, view, parent_view, block } = statement;
    fixed(&[
        tags::VOTE.as_bytes(),
        chain.0.as_bytes(),
        &epoch.0.to_le_bytes(),
        &view.0.to_le_bytes(),
        &[*kind as u8],
        &parent_view.0.to_le_bytes(),
        block.as_bytes(),
    ])
}

/// What a proposer signs as its contribution to the seed.
#[must_use]
pub fn seed_preimage(chain: ChainId, epoch: Epoch, view: View) -> [u8; SEED_PREIMAGE_BYTES] {
    fixed(&[tags::SEED.as_bytes(), chain.0.as_bytes(), &epoch.0.to_le_bytes(), &view.0.to_le_bytes()])
}

/// The parts one after the other; together they have exactly the length of the result.
fn fixed<const LENGTH: usize>(parts: &[&[u8]]) -> [u8; LENGTH] {
    let bytes = parts.concat();
    bytes.try_into().expect("the parts have fixed lengths whose sum is the declared one")
}

/// The account of a single key: HASH160 of its compressed form, as in Bitcoin.
#[must_use]
pub fn address_of_key(key: &Secp256k1Key) -> Address {
    Address(hash160(key.as_bytes()))
}

/// The account of a multisig policy: HASH160 of a tag and the policy. A key's preimage begins with 2 or 3 and has 33
/// bytes, so no policy has the address of a key.
#[must_use]
pub fn address_of_policy(policy: &MultisigPolicy) -> Address {
    let mut preimage = tags::POLICY.as_bytes().to_vec();
    borsh::to_writer(&mut preimage, policy).expect("writing to memory cannot fail");
    Address(hash160(&preimage))
}
