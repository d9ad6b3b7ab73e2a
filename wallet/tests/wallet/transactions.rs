//! Signing, files, and accounts of several keys.

use tokens_client::{TransferRequest, build_transfer};
use types::{
    Address, Amount, AssetId, Auth, AuthKind, ChainId, Hash32, MultisigPolicy, Network, Nonce, Secp256k1Signature,
    TimeMs, TransactionBody,
};
use wallet::transaction::{assemble, build, signature_by, to_hex, verify_transaction};
use wallet::{AccountKey, Envelope, TransactionFile, sign_transaction};

use crate::chain_maker::key;

const CHAIN: ChainId = ChainId(Hash32([0xc4; 32]));
const OTHER_CHAIN: ChainId = ChainId(Hash32([0xc5; 32]));

fn body(sender: Address, auth: AuthKind) -> TransactionBody {
    let envelope = Envelope { auth, ..Envelope::single(sender, Nonce(7), TimeMs(1_800_000_000_000), Amount(5_000)) };
    let transfer =
        TransferRequest { to: Address([2; 20]), asset: AssetId(0), amount: Amount(1_500_000), memo: b"rent".to_vec() };
    build_transfer(&envelope, &transfer).expect("a short memo")
}

#[test]
fn a_signed_transfer_has_the_same_bytes_for_ever() {
    let transaction =
        sign_transaction(&key(1), CHAIN, body(key(1).address(), AuthKind::Single)).expect("the sender's key");
    let id = verify_transaction(CHAIN, &transaction).expect("right");
    assert_eq!(id.to_string(), "5df2d425b973b640f0fdcf800fe52884ccb96a15ddace183f069f94bb1346aca");
    let Some(Auth::Single { key: signer, signature }) = transaction.witness.auths.first() else {
        panic!("a single key")
    };
    assert_eq!(*signer, key(1).public_key());
    assert_eq!(
        signature.to_string(),
        "d8d7c8f9545614a92686d13f9e4fac2630211afd34e854d9902aa5da4fc552076fa6cfae2d575d9f8e99c512c09673e53fe590e1b9dfefb32033720b5981263c"
    );
    // The node's library agrees with the wallet's.
    assert_eq!(crypto::ecdsa::verify(id.as_bytes(), signer, signature), Ok(()));
    assert_eq!(to_hex(&transaction).len(), 2 * transaction.encoded_length());
}

// FAULTS M2
#[test]
fn a_signature_for_one_chain_is_none_on_another() {
    let transaction =
        sign_transaction(&key(1), CHAIN, body(key(1).address(), AuthKind::Single)).expect("the sender's key");
    assert_eq!(verify_transaction(OTHER_CHAIN, &transaction).expect_err("another chain").code, "wrong_signature");
}

// FAULTS M1
#[test]
fn a_malformed_or_foreign_signature_is_refused() {
    let body = body(key(1).address(), AuthKind::Single);
    let right = signature_by(&key(1), CHAIN, &body);
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").expect("hex");
    let mut high = right;
    let mut borrow = 0_i32;
    for place in (0..32).rev() {
        let difference = i32::from(order[place]) - i32::from(right.0[32 + place]) - borrow;
        borrow = i32::from(difference < 0);
        high.0[32 + place] = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    for (signature, what) in
        [(high, "high s"), (Secp256k1Signature::ZERO, "zero"), (Secp256k1Signature([0xff; 64]), "out of range")]
    {
        let refused = assemble(CHAIN, body.clone(), None, &[(key(1).public_key(), signature)]);
        assert_eq!(refused.expect_err(what).code, "wrong_signature");
    }
    let foreign = sign_transaction(&key(2), CHAIN, body.clone());
    assert_eq!(foreign.expect_err("another account's key").code, "wrong_key");
    assert_eq!(assemble(CHAIN, body, None, &[]).expect_err("nobody").code, "missing_signatures");
}

#[test]
fn calls_are_between_one_and_sixteen_and_never_empty_handed() {
    let envelope = Envelope::single(Address([1; 20]), Nonce(0), TimeMs(1), Amount(1));
    let call = TransferRequest::thr(Address([2; 20]), Amount(1)).to_call().expect("one µTHR");
    assert_eq!(build(&envelope, vec![]).expect_err("none").code, "too_many_calls");
    assert!(build(&envelope, vec![call.clone(); 16]).is_ok());
    assert_eq!(build(&envelope, vec![call; 17]).expect_err("17").code, "too_many_calls");
    let nothing = TransferRequest::thr(Address([2; 20]), Amount::ZERO).to_call();
    assert_eq!(nothing.expect_err("nothing").code, "zero_amount");
    let memo = TransferRequest { memo: vec![b'm'; 257], ..TransferRequest::thr(Address([2; 20]), Amount(1)) }.to_call();
    assert_eq!(memo.expect_err("257 bytes").code, "memo_too_long");
}

/// A 2-of-3 policy, a body of its account, and its three keys.
fn treasury() -> (MultisigPolicy, TransactionBody, [AccountKey; 3]) {
    let keys = [key(11), key(12), key(13)];
    let policy = MultisigPolicy::new(2, keys.iter().map(AccountKey::public_key).collect()).expect("2 of 3");
    let body = body(crypto::ids::address_of_policy(&policy), AuthKind::Multisig);
    (policy, body, keys)
}

fn signed_by(key: &AccountKey) -> TransactionFile {
    let (policy, body, _) = treasury();
    let mut file = TransactionFile::unsigned(CHAIN, Network::Test, body, Some(policy));
    let signature = signature_by(key, CHAIN, &file.body);
    file.add(key.public_key(), signature).expect("a key of the policy");
    file
}

#[test]
fn any_two_of_three_signers_spend_by_merging_their_files() {
    let (_, body, keys) = treasury();
    for (first, second) in [(0, 1), (1, 0), (0, 2), (2, 1)] {
        let mut merged = TransactionFile::parse(&signed_by(&keys[first]).to_json()).expect("reads back");
        assert!(!merged.is_complete());
        assert_eq!(merged.to_transaction().expect_err("one of two").code, "missing_signatures");
        merged
            .merge(TransactionFile::parse(&signed_by(&keys[second]).to_json()).expect("reads back"))
            .expect("the same proposal");
        let transaction = merged.to_transaction().expect("two of two");
        assert_eq!(verify_transaction(CHAIN, &transaction), Ok(crypto::ids::transaction_id(CHAIN, &body)));
    }
    let mut all = signed_by(&keys[0]);
    all.merge(signed_by(&keys[1])).expect("the same");
    all.merge(signed_by(&keys[2])).expect("the same");
    all.merge(signed_by(&keys[0])).expect("a repeat changes nothing");
    assert_eq!(all.signers().count(), 3);
    let Some(Auth::Multisig { signatures, .. }) =
        all.to_transaction().expect("complete").witness.auths.first().cloned()
    else {
        panic!("a policy")
    };
    assert_eq!(signatures.iter().map(|part| part.key).collect::<Vec<_>>(), [0, 1], "exactly two, rising");
}

#[test]
fn a_file_takes_no_signature_of_a_stranger_nor_of_another_proposal() {
    let (policy, mut body, keys) = treasury();
    let mut file = signed_by(&keys[0]);
    let stranger = signature_by(&key(99), CHAIN, &file.body);
    assert_eq!(file.add(key(99).public_key(), stranger).expect_err("a stranger").code, "wrong_key");
    let elsewhere = signature_by(&keys[1], OTHER_CHAIN, &file.body);
    assert_eq!(file.add(keys[1].public_key(), elsewhere).expect_err("another chain").code, "wrong_signature");
    body.nonce = Nonce(8);
    let other = TransactionFile::unsigned(CHAIN, Network::Test, body, Some(policy));
    assert_eq!(file.merge(other).expect_err("another proposal").code, "other_transaction");
}

#[test]
fn a_hostile_transaction_file_is_refused() {
    let (_, _, keys) = treasury();
    let good = signed_by(&keys[0]).to_json();
    let value: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = value.clone();
        change(&mut value);
        TransactionFile::parse(&value.to_string()).expect_err("hostile").code
    };
    assert!(TransactionFile::parse(&good).is_ok());
    let body = value["body"].as_str().expect("text").to_owned();
    assert_eq!(changed(&|v| v["x"] = 1.into()), "bad_transaction_file");
    assert_eq!(changed(&|v| v["version"] = 2.into()), "bad_transaction_file");
    assert_eq!(changed(&|v| v["format"] = "other".into()), "bad_transaction_file");
    assert_eq!(changed(&|v| v["body"] = format!("{body}00").into()), "bad_transaction_file");
    assert_eq!(changed(&|v| v["body"] = "zz".into()), "bad_transaction_file");
    assert_eq!(changed(&|v| v["policy"] = serde_json::Value::Null), "bad_transaction_file");
    assert_eq!(changed(&|v| v["policy"]["threshold"] = 1.into()), "bad_transaction_file");
    assert_eq!(changed(&|v| v["policy"]["threshold"] = 4.into()), "bad_transaction_file");
    assert_eq!(changed(&|v| v["chain_id"] = "00".repeat(32).into()), "wrong_signature");
    assert_eq!(changed(&|v| v["signatures"][0]["signature"] = "00".repeat(64).into()), "wrong_signature");
    assert_eq!(changed(&|v| v["signatures"][0]["key"] = key(1).public_key().to_string().into()), "wrong_key");
    for text in ["", "{", "null", &"[".repeat(100_000), &" ".repeat(400 * 1024)] {
        assert_eq!(TransactionFile::parse(text).expect_err("no file").code, "bad_transaction_file");
    }
}

#[test]
fn the_weight_is_the_bytes_of_the_envelope_and_what_the_calls_declare() {
    let single = sign_transaction(&key(1), CHAIN, body(key(1).address(), AuthKind::Single)).expect("signed");
    let expected = u64::try_from(single.encoded_length()).expect("small") + tokens::TRANSFER_WEIGHT.0;
    assert_eq!(wallet::calls::weigh(&single.body, None).expect("known calls").0, expected);
    let (policy, body, keys) = treasury();
    let mut file = signed_by(&keys[0]);
    file.merge(signed_by(&keys[1])).expect("the same");
    let length = u64::try_from(file.to_transaction().expect("complete").encoded_length()).expect("small");
    assert_eq!(wallet::calls::weigh(&body, Some(&policy)).expect("known calls").0, length + tokens::TRANSFER_WEIGHT.0);
}
