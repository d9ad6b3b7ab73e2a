//! The numbers of a chain and the rules between them, and what is asked before there are any.

use execution::{Breach, Module, QueryArguments, QueryError, Registry, Section};
use types::{Address, Genesis, Network};
use verifyid::{VerifyId, VerifyIdCall, VerifyIdParameters};

use crate::harness::{ALICE, Chain, DAY_MS, genesis};

fn judged(change: impl FnOnce(&mut VerifyIdParameters)) -> Result<(), Breach> {
    let house: Genesis = genesis(&Registry::new(vec![Box::new(VerifyId)]), |_| {});
    let mut numbers = VerifyIdParameters::new(Network::Main, Address([1; 20]));
    change(&mut numbers);
    numbers.check(&house)
}

fn breach(change: impl FnOnce(&mut VerifyIdParameters)) -> String {
    format!("{:?}", judged(change).expect_err("it breaks a rule"))
}

#[test]
fn the_numbers_of_a_new_chain_keep_their_rules() {
    judged(|_| {}).expect("what new chains begin with");
    let house = genesis(&Registry::new(vec![Box::new(VerifyId)]), |_| {});
    VerifyIdParameters::local(Address([1; 20])).check(&house).expect("what local chains begin with");
}

#[test]
fn numbers_that_defeat_one_another_are_named() {
    let held = breach(|numbers| numbers.hold_pause_ms = numbers.hold_ms * 2 - 1);
    assert!(held.contains("hold_pause_ms"), "{held}");
    let hasty = breach(|numbers| numbers.rotation_delay_ms = DAY_MS - 1);
    assert!(hasty.contains("rotation_delay_ms"), "{hasty}");
    let of_class = |change: fn(&mut verifyid::WorkClass)| {
        breach(|numbers| {
            let mut classes = numbers.work_classes.to_vec();
            change(&mut classes[0]);
            numbers.work_classes = types::List::new(classes).expect("as many");
        })
    };
    // 75 MH/s find 16.8 shares in 960 s.
    assert!(of_class(|class| class.shares = 16).contains("more shares than its floor"));
    assert!(of_class(|class| class.floor = 200_000_000).contains("more shares than its floor"));
    assert!(of_class(|class| class.window_ms = 59_999).contains("twice `beacon_interval_ms`"));
    assert!(of_class(|class| class.window_ms = 126 * 30_000).contains("126 newest beacons"));
    for never in [0, u64::MAX] {
        assert!(breach(|numbers| numbers.work_ttl_ms = never).contains("work_ttl_ms"));
    }
}

#[test]
fn who_asks_before_the_module_runs_is_told_so() {
    let nothing = execution::MemoryState::default();
    let view = execution::ModuleView::new(&nothing, VerifyId::ID);
    let ask = |name: &str, arguments: &[(&str, String)]| {
        let arguments: QueryArguments =
            arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        VerifyId.query(&view, name, &arguments)
    };
    let address = "00".repeat(20);
    assert!(matches!(ask("rules", &[]), Err(QueryError::NotFound(_))));
    assert!(ask("customer", &[("address", address)]).is_err());
    assert!(verifyid::customer(&view, &Address([0; 20])).is_none() && verifyid::rules(&view).is_none());
    assert!(matches!(ask("beacon", &[]), Err(QueryError::NotFound(_))));
    assert!(ask("waiting", &[]).is_err());
}

struct Plain;

impl execution::Words for Plain {
    fn address(&self, address: Address) -> String {
        format!("<{}>", address.0[0])
    }
    fn amount(&self, _: types::AssetId, amount: types::Amount) -> String {
        format!("{amount} THR")
    }
    fn time(&self, time: types::TimeMs) -> String {
        format!("@{time}")
    }
}

#[test]
fn who_signs_is_told_what_it_costs_and_marks() {
    let chain = Chain::new();
    let say = |call: &VerifyIdCall| VerifyId.say(call, &Plain);
    let register = VerifyIdCall::Register(chain.register(ALICE, ALICE, crate::harness::Key(0), 1));
    assert!(say(&register).ends_with("; the chain's registration fee is burned"));
    let price_max = types::Amount(7);
    let buy = |replaces| say(&VerifyIdCall::BuyPlan(verifyid::BuyPlan { plan: 2, months: 3, price_max, replaces }));
    assert_eq!(buy(0), "buy plan 2 for 3 months of 30 days, for 7 THR at most");
    assert_eq!(buy(1), "buy plan 2 for 3 months of 30 days, for 7 THR at most; plan 1 ends with it");
    let device = verifyid::DeviceId(types::Hash32([0xab; 32]));
    let batch = verifyid::Batch {
        customer: Address([9; 20]),
        sequence: 4,
        leaves: 3,
        ok: 2,
        root: types::Hash32([0xcd; 32]),
        first: types::TimeMs(1),
        last: types::TimeMs(2),
        first_verified: types::List::new(vec![device]).expect("one"),
    };
    let root = "cd".repeat(32);
    let said = format!(
        "put 3 verifications from @1 to @2, 2 of them good, on the chain as batch 4 for <9>, root {root}, and mark as verified {}",
        "ab".repeat(32)
    );
    assert_eq!(say(&VerifyIdCall::Batch(batch)), said);
}
