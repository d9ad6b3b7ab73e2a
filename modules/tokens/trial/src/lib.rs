//! Tokens on trial: the transfers by which every network is under load, an asset whose cap is tried, and a proof on a local network
//! that what is paid arrives.
//!
//! It must not use the chain's own rules to judge the chain.

#[cfg(feature = "network")]
mod proof;
mod scarce;

use testnet::sim::{Scenario, Simulated};
use testnet::trial::{Transfers, Trial};
use tokens::{BATCH_RECIPIENTS_MAX, BatchTransfer, Payment, TokensCall};
use types::canary::Canary;
use types::{Address, Amount, Call, List, THR};

/// The trial, for the list.
pub const TRIAL: Trial = Trial {
    name: "tokens",
    transfers: Some(Transfers { call: transfer, largest: giant }),
    simulated: Simulated {
        genesis: scarce::genesis,
        scenarios: &[Scenario { name: "oversupply", share: 1, behind: Some("damaged-log"), run: scarce::oversupply }],
        canaries: &[(Canary::SupplyUnchecked, "oversupply")],
        ..Simulated::PLAIN
    },
    #[cfg(feature = "network")]
    local: proof::LOCAL,
    ..Trial::PLAIN
};

fn transfer(to: Address, amount: Amount) -> Call {
    TokensCall::transfer(THR, to, amount).to_call()
}

/// To as many recipients as may be, each of whom gets next to nothing.
fn giant() -> Call {
    let payment = Payment { to: Address([7; 20]), amount: Amount(1) };
    let payments = List::new(vec![payment; BATCH_RECIPIENTS_MAX]).expect("as many as there may be");
    TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments }).to_call()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_call_is_larger_than_any_transfer() {
        let [small, large] = [transfer(Address([1; 20]), Amount(1)), giant()].map(|call| call.body.len());
        assert!(large > 9_000 && small < 100, "{small} and {large} bytes");
    }
}
