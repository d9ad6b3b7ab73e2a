//! Jobs that pay somebody else: none is searched, and no share is handed in after one.

use mining_client::mine::payee::Diverted;
use mining_client::mine::session::{Event, Session};
use mining_client::mine::{Payee, Pays};
use pow::CoinbaseError;
use pow::coinbase::CoinbaseParts;
use proptest::prelude::*;
use serde_json::{Value, json};
use types::{Address, Network};

use crate::pool::{PAYEE, coinbase_for};
use crate::session::{hear, notify, ready_to_pay, share, work};

const THIEF: Address = Address([0xbb; 20]);

const fn payee(address: Address) -> Payee {
    Payee { address, network: Some(Network::Main) }
}

/// A session whose jobs have to pay [`PAYEE`]; it has an extranonce of four bytes and one of eight.
fn ready() -> Session {
    ready_to_pay(Pays::Only(payee(PAYEE)))
}

fn job(parts: &CoinbaseParts, clean: bool) -> Value {
    let mut line = notify("a", clean);
    line["params"][2] = json!(hex::encode(&parts.coinbase1));
    line["params"][3] = json!(hex::encode(&parts.coinbase2));
    line
}

/// What the session says against a job.
fn against(parts: &CoinbaseParts) -> Diverted {
    match &hear(&mut ready(), &job(parts, true))[..] {
        [Event::Diverted(diverted)] => *diverted,
        other => panic!("{other:?}"),
    }
}

#[test]
fn w9_a_job_for_the_right_account_is_searched_and_one_for_another_is_not() {
    let mut session = ready();
    let job_here = work(&hear(&mut session, &job(&coinbase_for(PAYEE), true)));
    assert!(session.submit(share(&job_here)).is_some());
    let diverted = against(&coinbase_for(THIEF));
    assert_eq!(diverted, Diverted::Other { paid: payee(THIEF), expected: payee(PAYEE) });
    let (thief, own) = (THIEF.to_text(Network::Main), PAYEE.to_text(Network::Main));
    assert_eq!(diverted.to_string(), format!("the pool's job pays {thief}, and should pay {own}"));
}

#[test]
fn w9_after_a_job_for_somebody_else_not_even_shares_of_earlier_jobs_are_handed_in() {
    let mut session = ready();
    let first = work(&hear(&mut session, &job(&coinbase_for(PAYEE), true)));
    assert!(session.submit(share(&first)).is_some());
    let events = hear(&mut session, &job(&coinbase_for(THIEF), false));
    assert!(matches!(events[..], [Event::Diverted(_)]), "{events:?}");
    assert!(session.submit(share(&first)).is_none());
    let mask = json!({"id": null, "method": "mining.set_version_mask", "params": ["00ffe000"]});
    assert!(hear(&mut session, &mask).is_empty(), "there is no job that could be searched anew");
}

#[test]
fn w9_a_job_that_came_before_the_worker_was_let_in_is_checked_then() {
    let login = mining_client::mine::Login {
        user: format!("{}.desk", payee(PAYEE)),
        password: "x".to_owned(),
        pays: Pays::Only(payee(PAYEE)),
    };
    let mut session = Session::new(login, "pool.example", 1);
    assert_eq!(session.open().len(), 2);
    assert!(hear(&mut session, &job(&coinbase_for(THIEF), true)).is_empty());
    hear(&mut session, &json!({"id": 2, "result": [[], "0a0b0c0d", 8], "error": null}));
    let events = hear(&mut session, &json!({"id": 3, "result": true, "error": null}));
    assert!(matches!(events[..], [Event::Authorized, Event::Diverted(Diverted::Other { .. })]), "{events:?}");
}

#[test]
fn w9_no_extranonce_may_stand_where_it_could_change_who_is_paid() {
    let CoinbaseParts { coinbase1, coinbase2 } = coinbase_for(PAYEE);
    let whole = [&coinbase1[..], &[0; 12], &coinbase2].concat();
    // Behind the script's length and the height, which takes two bytes; four of the extranonce are the pool's.
    let inside = |place: usize| place + 4 >= 44 && place + 12 <= coinbase1.len() + 12;
    let mut open = 0;
    for place in 0..whole.len() - 12 {
        let is_unchanged = whole[place..place + 12].iter().all(|byte| *byte == 0);
        let parts = CoinbaseParts { coinbase1: whole[..place].to_vec(), coinbase2: whole[place + 12..].to_vec() };
        let mut session = ready();
        hear(&mut session, &json!({"id": null, "method": "mining.set_extranonce", "params": ["00000000", 8]}));
        match &hear(&mut session, &job(&parts, true))[..] {
            [Event::Work(_)] => assert!(inside(place), "{place}"),
            [Event::Diverted(Diverted::Open)] => {
                assert!(!inside(place), "{place}");
                open += usize::from(is_unchanged);
            }
            [Event::Diverted(diverted)] => assert!(!is_unchanged, "{place}: {diverted}"),
            other => panic!("{other:?}"),
        }
    }
    // In the null outpoint it reads well with zeros, 21 times.
    assert_eq!(open, 21);
}

#[test]
fn w9_an_output_whose_length_the_extranonce_counts_is_seen_through() {
    // The extranonce's last byte is the length of the first output's script. With 0 that is empty, the second output pays the right
    // account, and the third has a script of 76 bytes that nobody reads. With 76 the first swallows all up to that script, which
    // then reads as two outputs, an empty one and one that pays the thief.
    let output = |address| coinbase_for(address).coinbase2[5..72].to_vec();
    let head = coinbase_for(PAYEE).coinbase1[..41].to_vec();
    let parts = CoinbaseParts {
        coinbase1: [&head[..], &[2, 1, 5], &[0xff; 4], &[3, 0]].concat(),
        coinbase2: [&output(PAYEE)[..], &[0; 8], &[76], &[0; 9], &output(THIEF), &[0; 4]].concat(),
    };
    let pays = |length: u8| {
        let bytes = [&parts.coinbase1[..], &[0; 7], &[length], &parts.coinbase2].concat();
        pow::Coinbase::parse(&bytes).map(|coinbase| coinbase.payee)
    };
    assert_eq!((pays(0), pays(76)), (Ok(PAYEE), Ok(THIEF)), "the chain would take both");
    let mut session = ready();
    hear(&mut session, &json!({"id": null, "method": "mining.set_extranonce", "params": ["", 8]}));
    let events = hear(&mut session, &job(&parts, true));
    assert!(matches!(events[..], [Event::Diverted(Diverted::Open)]), "{events:?}");
}

#[test]
fn w9_a_job_that_also_pays_on_another_chain_is_refused() {
    let CoinbaseParts { coinbase1, mut coinbase2 } = coinbase_for(PAYEE);
    coinbase2[4] = 2;
    let pay = [&312_500_000_u64.to_le_bytes()[..], &[1, 0x51]].concat();
    coinbase2.splice(5..5, pay);
    let diverted = against(&CoinbaseParts { coinbase1, coinbase2 });
    assert_eq!(diverted, Diverted::Value(312_500_000));
    assert!(diverted.to_string().contains("another chain"));
}

#[test]
fn w9_a_job_of_bitcoin_is_named_as_one_of_another_chain() {
    // The coinbase of Bitcoin's block 1, cut where a pool would put its extranonces.
    let coinbase1 =
        "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0e04ffff001d0104";
    let coinbase2 = "ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000";
    let decode = |text: &str| hex::decode(text).expect("hexadecimal");
    let mut parts = CoinbaseParts { coinbase1: decode(coinbase1), coinbase2: decode(coinbase2) };
    let length = parts.coinbase1.len();
    parts.coinbase1[41] = u8::try_from(length - 42 + 12).expect("short");
    let diverted = against(&parts);
    assert!(matches!(diverted, Diverted::Foreign(_)), "{diverted}");
    assert!(diverted.to_string().contains("none of Thronos"), "{diverted}");
    // With a height as BIP 34 wants it, only the commitment is missing.
    parts.coinbase1.splice(42..42, [1, 1]);
    parts.coinbase1[41] += 2;
    assert_eq!(against(&parts), Diverted::Foreign(CoinbaseError::NoCommitment));
}

#[test]
fn who_says_any_mines_for_anybody() {
    let mut session = ready_to_pay(Pays::Anybody);
    let anything = CoinbaseParts { coinbase1: vec![1], coinbase2: vec![] };
    for parts in [&coinbase_for(PAYEE), &coinbase_for(THIEF), &anything] {
        let events = hear(&mut session, &job(parts, true));
        assert!(matches!(events[..], [Event::Work(_)]), "{events:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn w9_whatever_is_searched_pays_the_right_account_with_every_extranonce(
        place in any::<prop::sample::Index>(),
        changed in any::<prop::sample::Index>(),
        by in prop_oneof![Just(0), any::<u8>()],
        second in prop::collection::vec(any::<u8>(), 1..=8),
    ) {
        // A good coinbase, now and then with one other byte, and the extranonce stands anywhere in it. Where there are zeros, it
        // reads as if it stood where it should.
        let CoinbaseParts { coinbase1, coinbase2 } = coinbase_for(PAYEE);
        let mut whole = [&coinbase1[..], &[0; 12], &coinbase2].concat();
        let (changed, place) = (changed.index(whole.len()), place.index(whole.len() - second.len()));
        whole[changed] ^= by;
        let parts = CoinbaseParts {
            coinbase1: whole[..place].to_vec(),
            coinbase2: whole[place + second.len()..].to_vec(),
        };
        let mut session = ready();
        let params = json!(["", second.len()]);
        hear(&mut session, &json!({"id": null, "method": "mining.set_extranonce", "params": params}));
        if let [Event::Work(job)] = &hear(&mut session, &job(&parts, true))[..] {
            let coinbase = pow::Coinbase::parse(&job.coinbase(&second)).expect("as with zeros");
            prop_assert_eq!((coinbase.payee, coinbase.value), (PAYEE, 0));
        }
    }
}
