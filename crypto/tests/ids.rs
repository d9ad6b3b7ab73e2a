//! Ids, preimages and addresses: their layouts, what they depend on, and recorded values that freeze them.

use crypto::ecdsa_pure::SigningKey;
use crypto::hash::{hash160, sha256};
use crypto::ids;
use types::{
    Address, Amount, Auth, AuthKind, BlsPublicKey, Call, ChainId, Epoch, FeeParameters, Genesis, Hash32, Header,
    Height, Limits, List, ModuleId, MultisigPolicy, Network, Nonce, Parameters, PeerKey, Power, ProtocolVersion,
    Receipt, Secp256k1Key, Secp256k1Signature, SystemCall, TRANSACTION_VERSION, TimeMs, Timing, TransactionBody,
    Validator, ValidatorIndex, ValidatorSet, View, VoteKind, VoteStatement, Weight, Witness,
};

fn list<T: std::fmt::Debug, const MAX: usize>(values: Vec<T>) -> List<T, MAX> {
    List::new(values).expect("within the bound")
}

fn genesis() -> Genesis {
    Genesis {
        version: ProtocolVersion(1),
        name: types::ByteString::new(b"thronos-test".to_vec()).expect("short"),
        network: Network::Test,
        time: TimeMs(1_700_000_000_000),
        parameters: parameters(),
        modules: list(vec![]),
        balances: list(vec![]),
        grants: list(vec![]),
        allowances: list(vec![]),
        validators: list(vec![]),
    }
}

/// Written out: the recorded chain id must not follow the defaults.
fn parameters() -> Parameters {
    let timing = Timing {
        delta_ms: 1,
        delta_max_ms: 2,
        block_interval_min_ms: 3,
        block_interval_empty_ms: 4,
        epoch_length_ms: 5,
        seed_interval_ms: 6,
        block_ahead_max_ms: 7,
        block_behind_max_ms: 8,
        validity_max_ms: 9,
    };
    let fees =
        FeeParameters { price_floor: 10, weight_target_per_s: 11, excess_per_e: 12, ecosystem: Address([13; 20]) };
    let limits = Limits { body_bytes_max: 14, block_weight_max: 15, system_bytes_max: 16 };
    Parameters { timing, fees, limits, thr_cap: Amount(17) }
}

fn chain() -> ChainId {
    ChainId(Hash32([0xcc; 32]))
}

fn body() -> TransactionBody {
    TransactionBody {
        version: TRANSACTION_VERSION,
        sender: Address([1; 20]),
        auth: AuthKind::Single,
        nonce: Nonce(7),
        valid_until: TimeMs(1_000),
        fee_max: Amount(5_000),
        tip: Amount(3),
        payer: None,
        calls: list(vec![Call { module: ModuleId(1), body: types::ByteString::new(vec![1, 2, 3]).expect("short") }]),
    }
}

fn witness(key: u8) -> Witness {
    let auth = Auth::Single { key: Secp256k1Key([key; 33]), signature: Secp256k1Signature([4; 64]) };
    Witness { auths: list(vec![auth]) }
}

fn header() -> Header {
    Header {
        version: ProtocolVersion(1),
        chain_id: chain(),
        epoch: Epoch(2),
        view: View(3),
        height: Height(4),
        parent: Hash32([5; 32]),
        time: TimeMs(6),
        proposer: ValidatorIndex(7),
        body_root: Hash32([8; 32]),
        state_root: Hash32([9; 32]),
        receipts_root: Hash32([10; 32]),
        price: 1 << 32,
        validators_hash: Hash32([11; 32]),
        next_validators_hash: None,
    }
}

fn receipt(code: u32) -> Receipt {
    Receipt { id: Hash32([1; 32]), code, call: 0, weight: Weight(1_000), fee: Amount(1_000), events: list(vec![]) }
}

fn validators(power: u64) -> ValidatorSet {
    let validator = |place: u8| Validator {
        key: BlsPublicKey([place; 96]),
        power: Power(power),
        account: Address([place; 20]),
        peer: PeerKey([place; 32]),
    };
    ValidatorSet::new((1..=4).map(validator).collect()).expect("a set")
}

fn statement() -> VoteStatement {
    VoteStatement {
        kind: VoteKind::Notarize,
        epoch: Epoch(0x0102),
        view: View(0x0304),
        parent_view: View(0x0203),
        block: Hash32([0xbb; 32]),
    }
}

fn system_call(byte: u8) -> SystemCall {
    SystemCall { module: ModuleId(0), body: types::ByteString::new(vec![byte]).expect("short") }
}

fn policy(threshold: u8) -> MultisigPolicy {
    let key = |secret: u8| SigningKey::from_bytes(&[secret; 32]).expect("a key").public_key();
    MultisigPolicy::new(threshold, vec![key(1), key(2), key(3)]).expect("a policy")
}

#[test]
fn a_vote_preimage_has_the_fields_of_the_protocol_in_their_order() {
    let mut expected = b"thronos/vote\0\0\0\0".to_vec();
    expected.extend([0xcc; 32]);
    expected.extend([2, 1, 0, 0, 0, 0, 0, 0]);
    expected.extend([4, 3, 0, 0, 0, 0, 0, 0]);
    expected.push(0);
    expected.extend([3, 2, 0, 0, 0, 0, 0, 0]);
    expected.extend([0xbb; 32]);
    assert_eq!(ids::vote_preimage(chain(), &statement()).to_vec(), expected);
    assert_eq!(expected.len(), ids::VOTE_PREIMAGE_BYTES);
    for (kind, number) in [(VoteKind::Nullify, 1), (VoteKind::Finalize, 2)] {
        assert_eq!(ids::vote_preimage(chain(), &VoteStatement { kind, ..statement() })[64], number);
    }
}

#[test]
fn a_seed_preimage_is_no_vote() {
    let preimage = ids::seed_preimage(chain(), Epoch(1), View(2));
    let mut expected = b"thronos/seed\0\0\0\0".to_vec();
    expected.extend([0xcc; 32]);
    expected.extend([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(preimage.to_vec(), expected);
}

// FAULTS M2
#[test]
fn a_transaction_id_names_its_chain_and_every_field_of_the_body() {
    let id = ids::transaction_id(chain(), &body());
    let mut preimage = b"thronos/tx\0\0\0\0\0\0".to_vec();
    preimage.extend([0xcc; 32]);
    preimage.extend(borsh::to_vec(&body()).expect("memory"));
    assert_eq!(id.0, sha256(&preimage));
    let others = [
        TransactionBody { sender: Address([2; 20]), ..body() },
        TransactionBody { auth: AuthKind::Multisig, ..body() },
        TransactionBody { nonce: Nonce(8), ..body() },
        TransactionBody { valid_until: TimeMs(1_001), ..body() },
        TransactionBody { fee_max: Amount(5_001), ..body() },
        TransactionBody { tip: Amount(4), ..body() },
        TransactionBody { calls: list(vec![]), ..body() },
    ];
    for other in &others {
        assert_ne!(ids::transaction_id(chain(), other), id);
    }
    assert_ne!(ids::transaction_id(ChainId(Hash32([0xcd; 32])), &body()), id);
}

// FAULTS M1
#[test]
fn another_witness_changes_the_witness_id_and_the_body_root_but_not_the_id() {
    let id = ids::transaction_id(chain(), &body());
    let [one, other] = [1, 2].map(|key| ids::witness_id(id, &witness(key)));
    assert_ne!(one, other);
    assert_ne!(ids::witness_id(Hash32([1; 32]), &witness(1)), one);
    assert_ne!(ids::body_root(&[], &[one]), ids::body_root(&[], &[other]));
}

#[test]
fn a_body_root_tells_system_calls_from_transactions_and_keeps_their_order() {
    let (one, two) = (Hash32([1; 32]), Hash32([2; 32]));
    let bodies = [
        ids::body_root(&[], &[]),
        ids::body_root(&[], &[one]),
        ids::body_root(&[], &[one, two]),
        ids::body_root(&[], &[two, one]),
        ids::body_root(&[], &[one, two, two]),
        ids::body_root(&[system_call(1)], &[]),
        ids::body_root(&[system_call(1)], &[one]),
        ids::body_root(&[system_call(2)], &[one]),
        ids::body_root(&[system_call(1), system_call(2)], &[one]),
        ids::body_root(&[system_call(2), system_call(1)], &[one]),
    ];
    let distinct: std::collections::BTreeSet<_> = bodies.iter().collect();
    assert_eq!(distinct.len(), bodies.len());
}

// FAULTS E3
#[test]
fn a_receipt_is_proven_at_its_place_only() {
    let receipts: Vec<_> = (0..7).map(receipt).collect();
    let root = ids::receipts_root(&receipts);
    for (place, receipt) in receipts.iter().enumerate() {
        let proof = ids::receipt_proof(&receipts, place).expect("there is one");
        assert!(ids::verify_receipt(&root, receipt, &proof));
        assert!(!ids::verify_receipt(&root, &receipts[(place + 1) % 7], &proof));
        assert!(!ids::verify_receipt(&Hash32([0; 32]), receipt, &proof));
    }
    assert_eq!(ids::receipt_proof(&receipts, 7), None);
}

#[test]
fn the_address_of_key_g_is_the_known_one() {
    let mut one = [0; 32];
    one[31] = 1;
    let generator = SigningKey::from_bytes(&one).expect("one is a key").public_key();
    assert_eq!(ids::address_of_key(&generator).to_legacy_text(), "THR751E76E8199196D454941C45D1B3A323F1433BD6");
}

#[test]
fn a_policy_has_an_address_that_no_untagged_bytes_give() {
    let bytes = borsh::to_vec(&policy(2)).expect("memory");
    let address = ids::address_of_policy(&policy(2));
    assert_ne!(address.0, hash160(&bytes));
    assert_eq!(address.0, hash160(&[&b"thronos/policy\0\0"[..], &bytes].concat()));
    assert_ne!(address, ids::address_of_policy(&policy(3)));
    for key in policy(2).keys() {
        assert_ne!(address, ids::address_of_key(key));
    }
}

#[test]
fn hashes_change_with_what_they_stand_for() {
    let mut other = genesis();
    other.time = TimeMs(0);
    assert_ne!(ids::chain_id(&genesis()), ids::chain_id(&other));
    let last = Header { next_validators_hash: Some(Hash32::ZERO), ..header() };
    assert_ne!(ids::header_hash(&header()), ids::header_hash(&last));
    assert_ne!(ids::validator_set_hash(&validators(1)), ids::validator_set_hash(&validators(2)));
}

/// Recorded once: a change here forks every chain that exists.
#[test]
fn recorded_hashes_hold() {
    let id = ids::transaction_id(chain(), &body());
    let receipts: Vec<_> = (0..3).map(receipt).collect();
    let recorded = [
        (
            "chain id",
            ids::chain_id(&genesis()).to_string(),
            "74c78fe335531576ce0bb007848ab56efe4834613f57f279f050d989af3dad0c",
        ),
        ("transaction id", id.to_string(), "7bbafbc6da4a75f60dc4d4f6712db0b9e02eabdfc4830c296ab8b2c51ef14cf7"),
        (
            "witness id",
            ids::witness_id(id, &witness(1)).to_string(),
            "76036476083cec5dad1cffec21b731383e6a6acfbbd6befc820f97f69416b6f8",
        ),
        (
            "header",
            ids::header_hash(&header()).to_string(),
            "be671af65d3ba8ec82ef96c43c1572adbda721a0b42e82d248c1a95428091020",
        ),
        (
            "body root",
            ids::body_root(&[system_call(1)], &[id, id, id]).to_string(),
            "b5193e5e865760a1154c0e318a7812ecbf25b3019ef8f44920e79b8a1d5f5b61",
        ),
        (
            "receipts root",
            ids::receipts_root(&receipts).to_string(),
            "d89b80253da78ad52b24fe4539fb76cf57eda7e91901b5dbe45c556c92b9e04c",
        ),
        (
            "validator set",
            ids::validator_set_hash(&validators(1)).to_string(),
            "cb547a2a7761d45f686fbe78d91c7f8bd824047401be9ec33253b49c540d3bc3",
        ),
        ("policy", ids::address_of_policy(&policy(2)).to_legacy_text(), "THRA8167D1C3EFD0DF9C1C5637109B7211B67CAFF8A"),
    ];
    let changed: Vec<_> = recorded.iter().filter(|(_, found, expected)| found != expected).collect();
    assert!(changed.is_empty(), "{changed:#?}");
}
