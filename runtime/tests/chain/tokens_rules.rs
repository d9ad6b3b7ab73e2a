//! Tokens, seen from outside: what each call does and reports.

use tokens::{
    BATCH_RECIPIENTS_MAX, BatchTransfer, Burn, Create, MEMO_BYTES_MAX, Mint, Payment, TokensCall, TokensEvent, Transfer,
};
use types::{Address, Amount, Asset, AssetId, ByteString, List, Receipt, THR};

use crate::harness::{Chain, ONE};

fn events(receipt: &Receipt) -> Vec<TokensEvent> {
    receipt.events.iter().map(|event| borsh::from_slice(&event.body).expect("an event of tokens")).collect()
}

fn balance(chain: &Chain, asset: AssetId, address: &Address) -> u128 {
    let account = chain.registry.account(&chain.state, address);
    account.balances.iter().find(|balance| balance.asset == asset).map_or(0, |balance| balance.amount.0)
}

#[test]
fn an_asset_lives_from_its_creation_to_its_last_unit() {
    let mut chain = Chain::new();
    let [alice, bob] = [0, 1].map(|user: usize| chain.users[user].address);
    let symbol = ByteString::new(b"GOLD2".to_vec()).expect("short");
    let description = Asset { symbol, decimals: 18, minter: Some(bob), cap: Amount::MAX };
    let create = TokensCall::Create(Create { asset: description.clone(), initial: Amount(70) }).to_call();
    let transaction = chain.transaction(0, 0, vec![create.clone(), create]);
    let outcome = chain.block(&[transaction]);
    let (first, second) = (AssetId(1_000), AssetId(1_001));
    let created = |asset| TokensEvent::Created { asset, description: description.clone(), creator: alice };
    let minted = |asset| TokensEvent::Minted { asset, to: alice, amount: Amount(70) };
    assert_eq!(events(&outcome.receipts[1]), [created(first), minted(first), created(second), minted(second)]);
    let rest = Amount(u128::MAX - 70);
    let calls = vec![TokensCall::Mint(Mint { asset: first, to: alice, amount: rest }).to_call()];
    assert_eq!(chain.run(1, calls), 0, "up to the last of 2^128 - 1 units");
    assert_eq!(balance(&chain, first, &alice), u128::MAX);
    assert_eq!(chain.run(0, vec![TokensCall::Burn(Burn { asset: first, amount: Amount::MAX }).to_call()]), 0);
    assert_eq!(balance(&chain, first, &alice), 0);
    let again = TokensCall::Mint(Mint { asset: first, to: alice, amount: Amount(1) }).to_call();
    assert_eq!(
        chain.run(1, vec![again]),
        execution::KernelReject::CapExceeded.code(),
        "burning makes no room under the cap"
    );
}

#[test]
fn a_batch_pays_up_to_256_recipients_or_none() {
    let mut chain = Chain::new();
    let recipient = |place: usize| Address([u8::try_from(place).expect("at most 256"); 20]);
    let batch = |last: u128| {
        let amount = |place| Amount(if place == BATCH_RECIPIENTS_MAX - 1 { last } else { ONE });
        let payments = (0..BATCH_RECIPIENTS_MAX).map(|place| Payment { to: recipient(place), amount: amount(place) });
        TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments: List::new(payments.collect()).expect("256") })
    };
    assert_eq!(chain.run(0, vec![batch(u128::MAX).to_call()]), execution::KernelReject::InsufficientBalance.code());
    assert_eq!(chain.thr(&recipient(3)), Amount::ZERO);
    let transaction = chain.transaction(0, 1, vec![batch(7).to_call()]);
    let outcome = chain.block(&[transaction]);
    assert_eq!(events(&outcome.receipts[1]).len(), BATCH_RECIPIENTS_MAX);
    assert_eq!((chain.thr(&recipient(3)), chain.thr(&recipient(255))), (Amount(ONE), Amount(7)));
    let touched = outcome.accounts_touched.iter().filter(|touch| touch.receipt == 1).count();
    assert_eq!(touched, BATCH_RECIPIENTS_MAX + 1);
    let bytes = borsh::to_vec(&vec![Payment { to: recipient(0), amount: Amount(1) }; BATCH_RECIPIENTS_MAX + 1])
        .expect("memory");
    assert!(borsh::from_slice::<List<Payment, BATCH_RECIPIENTS_MAX>>(&bytes).is_err(), "257 do not decode");
}

// FAULTS M5
#[test]
fn a_memo_has_at_most_256_bytes_and_stands_in_the_event() {
    let mut chain = Chain::new();
    let [alice, bob] = [0, 1].map(|user: usize| chain.users[user].address);
    let memo = ByteString::<MEMO_BYTES_MAX>::new(vec![b'm'; MEMO_BYTES_MAX]).expect("256 bytes");
    let transfer = Transfer { asset: THR, to: bob, amount: Amount(1), memo: memo.clone() };
    let transaction = chain.transaction(0, 0, vec![TokensCall::Transfer(transfer).to_call()]);
    let outcome = chain.block(std::slice::from_ref(&transaction));
    let expected = TokensEvent::Transferred { asset: THR, from: alice, to: bob, amount: Amount(1), memo };
    assert_eq!(events(&outcome.receipts[1]), [expected]);
    let mut longer = transaction.transaction.body.calls[0].clone();
    let mut bytes = longer.body.into_vec();
    let length = bytes.len() - MEMO_BYTES_MAX - 4;
    bytes[length..length + 4].copy_from_slice(&257_u32.to_le_bytes());
    bytes.push(b'm');
    longer.body = ByteString::new(bytes).expect("short");
    let refused = chain.signed(0, chain.body(0, types::Nonce(1), vec![longer]));
    assert_eq!(refused, Err(execution::KernelReject::MalformedCall.into()));
}

#[test]
fn calls_of_one_transaction_see_what_those_before_them_did() {
    let mut chain = Chain::new();
    let fresh = crate::harness::User::new(99).address;
    let symbol = ByteString::new(b"AB".to_vec()).expect("short");
    let asset = Asset { symbol, decimals: 0, minter: None, cap: Amount(9) };
    let create = TokensCall::Create(Create { asset, initial: Amount(9) }).to_call();
    let pay = TokensCall::transfer(AssetId::FIRST_CUSTOM, fresh, Amount(9)).to_call();
    assert_eq!(chain.run(0, vec![create, pay]), 0);
    assert_eq!(balance(&chain, AssetId::FIRST_CUSTOM, &fresh), 9);
}
