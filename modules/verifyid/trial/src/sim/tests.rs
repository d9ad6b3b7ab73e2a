//! The trial on itself: networks in which nothing is planted violate nothing, and what is wrong on purpose happens in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use testnet::sim::{Options, Simulated, Troupe, run};
use testnet::trial::Trial;

use super::book::Book;
use super::look::Look;
use super::people::People;

/// The books of all networks, to see what happened in them.
static BOOKS: Mutex<Vec<Book>> = Mutex::new(Vec::new());

const WATCHED: Trial = Trial { simulated: Simulated { troupe: watched, ..super::SIMULATED }, ..crate::TRIAL };
const TRIALS: &[Trial] = &[tokens_trial::TRIAL, WATCHED];

fn watched(seed: u64) -> Troupe {
    let book = Book::default();
    BOOKS.lock().expect("nobody panics while holding it").push(book.clone());
    Troupe { actor: Some(Box::new(People::new(seed, book.clone()))), checkers: vec![Box::new(Look::new(book))] }
}

#[test]
fn whatever_people_do_with_devices_the_chain_does_what_the_model_says() {
    let options = Options { seeds: 10, from: 1, scenario: Some("devices".to_owned()), ..Options::default() };
    let report = run(&options, TRIALS, |_, _| {}).expect("the scenario is in the list");
    assert_eq!(report.failures, []);
    let wrong =
        ["beacon that is none yet", "shares for another device", "batch again", "another key signs for a rotation"];
    for fault in wrong.into_iter().chain(["crash"]) {
        assert!(report.faults.contains_key(fault), "`{fault}` did not happen: {:?}", report.faults);
    }
    let mut verdicts: BTreeMap<(u8, Option<u32>), u64> = BTreeMap::new();
    let mut months = BTreeSet::new();
    for book in BOOKS.lock().expect("nobody panics while holding it").iter() {
        let pages = book.pages();
        months.extend(pages.model.months.keys().map(|(_, month)| *month));
        for (verdict, count) in &pages.verdicts {
            *verdicts.entry(*verdict).or_default() += count;
        }
    }
    let done: BTreeSet<u8> = verdicts.keys().filter(|(_, code)| code.is_none()).map(|(call, _)| *call).collect();
    let refused: BTreeSet<u32> = verdicts.keys().filter_map(|(_, code)| *code).collect();
    println!("carried out: {done:?}");
    println!(
        "{} calls, refused with {} codes, in {} months",
        verdicts.values().sum::<u64>(),
        refused.len(),
        months.len()
    );
    assert_eq!(done, (0..18).collect(), "every call is carried out somewhere");
    assert!(refused.len() >= 30 && months.len() >= 2, "{refused:x?} {months:?}");
}
