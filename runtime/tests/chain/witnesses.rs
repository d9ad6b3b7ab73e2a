//! Who may sign: keys, policies and the forms of their signatures.

use std::sync::Arc;

use crypto::ids;
use execution::{KernelReject, Reject};
use types::{
    Amount, Auth, AuthKind, Hash32, List, MultisigPolicy, Nonce, Payer, PolicySignature, Secp256k1Key,
    Secp256k1Signature, Transaction, TransactionBody, Witness,
};

use crate::harness::{Chain, ONE, User};

/// The group's order, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc,
    0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

fn verdict(chain: &Chain, transaction: Transaction) -> Result<(), Reject> {
    let checked = chain.registry.check(chain.chain_id, Arc::new(transaction))?;
    chain.registry.check_signatures(&checked)
}

/// The same transaction with another signature.
fn with_signature(chain: &Chain, change: impl FnOnce(&mut Secp256k1Signature)) -> Transaction {
    let mut transaction = chain.transfer(0, 0, 1, ONE).transaction.as_ref().clone();
    let Auth::Single { key, mut signature } = transaction.witness.auths[0].clone() else {
        unreachable!("a single key")
    };
    change(&mut signature);
    transaction.witness.auths = List::new(vec![Auth::Single { key, signature }]).expect("one");
    transaction
}

/// n - s: the other s that satisfies the equation.
fn negated(s: &[u8]) -> [u8; 32] {
    let mut result = [0; 32];
    let mut borrow = 0;
    for place in (0..32).rev() {
        let digit = i16::from(ORDER[place]) - i16::from(s[place]) - borrow;
        borrow = i16::from(digit < 0);
        result[place] = u8::try_from(digit.rem_euclid(256)).expect("a byte");
    }
    result
}

// FAULTS M1
#[test]
fn a_signature_has_one_form_and_the_id_does_not_depend_on_it() {
    let chain = Chain::new();
    let good = with_signature(&chain, |_| {});
    let id = |transaction: &Transaction| ids::transaction_id(chain.chain_id, &transaction.body);
    assert_eq!(verdict(&chain, good.clone()), Ok(()));
    let high = with_signature(&chain, |signature| {
        let twin = negated(&signature.0[32..]);
        signature.0[32..].copy_from_slice(&twin);
    });
    assert_eq!(verdict(&chain, high.clone()), Err(KernelReject::HighS.into()));
    assert_eq!(id(&high), id(&good));
    assert_ne!(ids::witness_id(id(&high), &high.witness), ids::witness_id(id(&good), &good.witness));
    let malformed: [fn(&mut Secp256k1Signature); 4] = [
        |signature| signature.0[..32].fill(0),
        |signature| signature.0[32..].fill(0),
        |signature| signature.0[..32].copy_from_slice(&ORDER),
        |signature| signature.0[32..].copy_from_slice(&ORDER),
    ];
    for change in malformed {
        assert_eq!(verdict(&chain, with_signature(&chain, change)), Err(KernelReject::MalformedSignature.into()));
    }
    let other = with_signature(&chain, |signature| signature.0[0] ^= 1);
    assert_eq!(verdict(&chain, other), Err(KernelReject::WrongSignature.into()));
}

#[test]
fn a_key_that_is_no_point_signs_nothing() {
    let chain = Chain::new();
    let key = Secp256k1Key([0xff; 33]);
    let mut body = chain.body(0, Nonce(0), chain.transfer(0, 0, 1, 1).transaction.body.calls.to_vec());
    body.sender = ids::address_of_key(&key);
    let auths = List::new(vec![Auth::Single { key, signature: Secp256k1Signature::ZERO }]).expect("one");
    let transaction = Transaction { body, witness: Witness { auths } };
    assert_eq!(verdict(&chain, transaction), Err(KernelReject::MalformedKey.into()));
}

#[test]
fn the_witness_is_the_senders_and_of_the_kind_the_body_names() {
    let chain = Chain::new();
    let good = chain.transfer(0, 0, 1, ONE).transaction.as_ref().clone();
    let mut none = good.clone();
    none.witness.auths = List::default();
    assert_eq!(verdict(&chain, none), Err(KernelReject::WitnessCount.into()));
    let mut two = good.clone();
    two.witness.auths = List::new(vec![good.witness.auths[0].clone(); 2]).expect("two");
    assert_eq!(verdict(&chain, two), Err(KernelReject::WitnessCount.into()));
    let mut kind = good.body.clone();
    kind.auth = AuthKind::Multisig;
    assert_eq!(chain.signed(0, kind), Err(KernelReject::WitnessKind.into()));
    assert_eq!(chain.signed(1, good.body.clone()), Err(KernelReject::WitnessAddress.into()));
    let mut paid = good.body;
    paid.payer = Some(Payer { address: chain.users[1].address, auth: AuthKind::Single });
    assert_eq!(chain.signed(0, paid), Err(KernelReject::PayerReserved.into()));
}

/// A 2-of-3 account and its owners in order of their keys.
fn treasury() -> (MultisigPolicy, Vec<User>) {
    let mut owners: Vec<_> = (20..23).map(User::new).collect();
    owners.sort_by_key(|owner| owner.public);
    let policy = MultisigPolicy::new(2, owners.iter().map(|owner| owner.public).collect()).expect("2 of 3");
    (policy, owners)
}

fn signed_by(chain: &Chain, body: &TransactionBody, signers: &[(u8, usize)]) -> Transaction {
    let (policy, owners) = treasury();
    let id: Hash32 = ids::transaction_id(chain.chain_id, body);
    let sign = |&(key, owner): &(u8, usize)| PolicySignature { key, signature: owners[owner].key.sign(id.as_bytes()) };
    let signatures = List::new(signers.iter().map(sign).collect()).expect("few");
    let auths = List::new(vec![Auth::Multisig { policy, signatures }]).expect("one");
    Transaction { body: body.clone(), witness: Witness { auths } }
}

#[test]
fn a_multisig_account_spends_with_exactly_its_threshold_in_rising_order() {
    let mut chain = Chain::new();
    let (policy, _) = treasury();
    let address = ids::address_of_policy(&policy);
    let fund = tokens::TokensCall::transfer(types::THR, address, Amount(10 * ONE)).to_call();
    assert_eq!(chain.run(0, vec![fund]), 0);
    let mut body = chain.body(0, Nonce(0), chain.transfer(0, 0, 1, ONE).transaction.body.calls.to_vec());
    body.sender = address;
    body.auth = AuthKind::Multisig;
    for (signers, expected) in [
        (vec![(0, 0), (1, 1)], Ok(())),
        (vec![(0, 0), (2, 2)], Ok(())),
        (vec![(0, 0)], Err(KernelReject::SignatureCount)),
        (vec![(0, 0), (1, 1), (2, 2)], Err(KernelReject::SignatureCount)),
        (vec![(1, 1), (0, 0)], Err(KernelReject::SignatureOrder)),
        (vec![(0, 0), (0, 0)], Err(KernelReject::SignatureOrder)),
        (vec![(0, 0), (3, 2)], Err(KernelReject::SignatureOrder)),
        (vec![(0, 0), (1, 2)], Err(KernelReject::WrongSignature)),
    ] {
        let transaction = signed_by(&chain, &body, &signers);
        assert_eq!(verdict(&chain, transaction), expected.map_err(Reject::from), "{signers:?}");
    }
    let spend = signed_by(&chain, &body, &[(0, 0), (2, 2)]);
    let spend = chain.registry.check(chain.chain_id, Arc::new(spend)).expect("good");
    let before = chain.thr(&chain.users[1].address);
    let outcome = chain.block(&[spend]);
    assert_eq!(outcome.receipts[1].code, 0);
    assert_eq!(chain.thr(&chain.users[1].address), Amount(before.0 + ONE));
}

#[test]
fn the_form_of_a_transaction_is_checked_before_anything_else() {
    let chain = Chain::new();
    let calls = chain.transfer(0, 0, 1, ONE).transaction.body.calls.to_vec();
    let body = chain.body(0, Nonce(0), calls.clone());
    let mut version = body.clone();
    version.version = 2;
    assert_eq!(chain.signed(0, version), Err(KernelReject::TransactionVersion.into()));
    assert_eq!(chain.signed(0, chain.body(0, Nonce(0), vec![])), Err(KernelReject::NoCalls.into()));
    for module in [0, 4, u16::MAX] {
        let mut call = calls[0].clone();
        call.module = types::ModuleId(module);
        assert_eq!(chain.signed(0, chain.body(0, Nonce(0), vec![call])), Err(KernelReject::UnknownModule.into()));
    }
    let mut call = calls[0].clone();
    call.body = types::ByteString::new(vec![99]).expect("short");
    assert_eq!(chain.signed(0, chain.body(0, Nonce(0), vec![call.clone()])), Err(KernelReject::MalformedCall.into()));
    let long = types::Call {
        module: types::ModuleId(1),
        body: types::ByteString::new(vec![0; 60 * 1024]).expect("at the limit"),
    };
    assert_eq!(chain.signed(0, chain.body(0, Nonce(0), vec![long.clone(), long])), Err(KernelReject::TooLong.into()));
    assert!(chain.signed(0, chain.body(0, Nonce(0), vec![calls[0].clone(); 16])).is_ok());
}
