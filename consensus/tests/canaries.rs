//! The networks find the bugs that are planted in this crate; otherwise their silence would mean nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::panic::catch_unwind;

use consensus::{EpochStart, Input, Output};
use harness::network::{Crime, Network};
use harness::{ROOT, SCHEME, Stage, certify, nullify, set_of};
use types::canary::{Canary, plant};
use types::{ByteString, Epoch, SignerBitmap, ValidatorIndex, VoteStatement};

fn is_found(canary: Canary, crime: Crime, seeds: std::ops::Range<u64>) -> bool {
    plant(Some(canary));
    let found = seeds.into_iter().any(|seed| catch_unwind(|| Network::new(seed, crime).run()).is_err());
    plant(None);
    found
}

/// A bitmap that is too long, and a re-proposal whose parent nothing justifies, need somebody who makes them.
fn accepts_a_long_bitmap(planted: Option<Canary>) -> bool {
    plant(planted);
    let set = set_of(&[1; 4]);
    let mut forged = certify(&set, &[0, 1, 2], nullify(3));
    forged.signers = SignerBitmap::from_bytes(ByteString::new(vec![0b111, 0]).unwrap());
    let accepted = consensus::verify::certificates_hold(&set, &[forged], &SCHEME) == [true];
    plant(None);
    accepted
}

fn accepts_an_unjustified_reproposal(planted: Option<Canary>) -> bool {
    plant(planted);
    let (mut stage, _) = Stage::new(3);
    let (last, _) = stage.block(1, ROOT);
    let _ = stage.certificate(&[0, 1, 2], nullify(2));
    let outputs = stage.propose(3, 1, last);
    plant(None);
    outputs.iter().any(|output| matches!(output, Output::Validate { .. }))
}

/// Whether three members of one set, each by its own stream, decide in the names of those who have their places in the next.
fn lets_places_vote_in_the_next_epoch(planted: Option<Canary>) -> bool {
    plant(planted);
    let nodes = |first| harness::set_of_nodes(&[first, first + 1, first + 2, first + 3].map(|node| (node, 1)));
    let (mut stage, _) = Stage::recovered(3, Vec::new(), &harness::start(&nodes(0)));
    for place in 0..3 {
        let statement = VoteStatement { epoch: Epoch(1), ..harness::finalize(1, ROOT) };
        let mut forged = harness::sign(&nodes(1), ValidatorIndex(place), statement);
        forged.signature.0[3] ^= 1;
        let _ = stage.give(Input::Vote { vote: forged, route: harness::direct(place) });
    }
    (stage.set, stage.own) = (nodes(1), 2);
    let next = EpochStart { epoch: Epoch(1), ..harness::start(&nodes(1)) };
    let outputs = stage.give(Input::EnterEpoch(next));
    plant(None);
    !harness::decided(&outputs).is_empty()
}

// One test, because a bug is planted in the whole process.
#[test]
fn every_bug_planted_in_this_crate_is_found() {
    assert!(is_found(Canary::NoNullifyCheck, Crime::None, 0..50));
    assert!(is_found(Canary::QuorumTwoF, Crime::None, 0..150));
    assert!(is_found(Canary::CertificateNotLogged, Crime::None, 0..50));
    assert!(accepts_a_long_bitmap(Some(Canary::BitmapLengthUnchecked)) && !accepts_a_long_bitmap(None));
    let rule = Canary::ReproposalWithoutViewRule;
    assert!(accepts_an_unjustified_reproposal(Some(rule)) && !accepts_an_unjustified_reproposal(None));
    let places = Canary::IndicesAcrossEpochs;
    assert!(lets_places_vote_in_the_next_epoch(Some(places)) && !lets_places_vote_in_the_next_epoch(None));
    assert!(!is_found(Canary::NonceNotStrict, Crime::None, 0..20), "a bug of another crate is none here");
}
