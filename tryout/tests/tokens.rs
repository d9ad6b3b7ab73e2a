//! The made-up chain with a module of the house: calls are carried out or rejected, as a node would, and a service sees the blocks.

use std::sync::Arc;

use service::chain::{Chain, Follower};
use tokens::{Tokens, TokensCall, TokensReject};
use tryout::TryoutChain;
use types::{Amount, Height, THR};

#[test]
fn a_call_is_carried_out_or_rejected_with_its_code_and_seen_by_queries() {
    let chain = TryoutChain::new(vec![Box::new(Tokens)]);
    let (alice, bob) = (TryoutChain::user(0), TryoutChain::user(1));
    let before = chain.thr(&bob);
    assert_eq!(chain.send(0, TokensCall::transfer(THR, bob, Amount(5)).to_call()), 0);
    assert_eq!(chain.thr(&bob).0, before.0 + 5);
    assert_eq!(chain.events().len(), 1);
    let nothing = TokensCall::transfer(THR, bob, Amount::ZERO).to_call();
    assert_eq!(chain.send(0, nothing), TryoutChain::code(TokensReject::ZeroAmount));
    let too_much = TokensCall::transfer(THR, bob, Amount(u128::MAX / 2)).to_call();
    assert_eq!(chain.send(0, too_much), TryoutChain::code(execution::KernelReject::InsufficientBalance));
    let arguments = [("asset", "0".to_owned()), ("address", types::to_hex(&alice.0))];
    assert_eq!(chain.ask("tokens", "balance", &arguments).expect("it is a question")["asset"], 0);
}

#[test]
fn a_genesis_that_breaks_a_rule_is_refused_with_the_rule() {
    let refused = TryoutChain::with(vec![Box::new(Tokens)], |genesis| genesis.parameters.thr_cap = Amount(1));
    assert!(refused.err().expect("less than the balances").to_string().contains("thr_cap"));
}

#[tokio::test]
async fn whoever_follows_gets_every_block() {
    let chain = Arc::new(TryoutChain::new(vec![Box::new(Tokens)]));
    let mut follower = Follower::new(Arc::<TryoutChain>::clone(&chain), Height(1));
    chain.pass();
    chain.pass();
    for height in 1..=2 {
        assert_eq!(follower.next().await.expect("a block").header.height, Height(height));
    }
    assert_eq!(*chain.heads().borrow(), Height(2));
}
