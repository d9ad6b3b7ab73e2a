//! The networks find the bugs that are planted in this crate; otherwise their silence would mean nothing.

mod harness;

use std::panic::catch_unwind;

use harness::network::{Crime, Network};
use types::canary::{Canary, plant};

fn is_found(canary: Canary, crime: Crime, seeds: std::ops::Range<u64>) -> bool {
    plant(Some(canary));
    let found = seeds.into_iter().any(|seed| catch_unwind(|| Network::new(seed, crime).run()).is_err());
    plant(None);
    found
}

// One test, because a bug is planted in the whole process.
#[test]
fn every_planted_vote_bug_is_found_by_a_few_seeds() {
    assert!(is_found(Canary::NoNullifyCheck, Crime::None, 0..50));
    assert!(is_found(Canary::QuorumTwoF, Crime::None, 0..150));
    assert!(is_found(Canary::CertificateNotLogged, Crime::None, 0..50));
    assert!(!is_found(Canary::NonceNotStrict, Crime::None, 0..20), "a bug of another crate is none here");
}
