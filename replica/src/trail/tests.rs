//! Walking down headers: what is kept, and what is refused. FAULTS HA6.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use crypto::ids::header_hash;
use types::{
    BlsSignature, Certificate, Epoch, Hash32, Header, Height, ProtocolVersion, SignerBitmap, TimeMs, View, VoteKind,
    VoteStatement,
};

use super::{Trail, Walk};

const BELOW: Hash32 = Hash32([7; 32]);

/// Headers of heights 1 and up, lowest first.
fn headers(count: u64) -> Vec<Header> {
    let mut parent = BELOW;
    let header = |height: u64| {
        let header = Header {
            version: ProtocolVersion(1),
            view: View(height),
            height: Height(height),
            parent,
            time: TimeMs(height),
            ..Header::default()
        };
        parent = header_hash(&header);
        header
    };
    (1..=count).map(header).collect()
}

fn certificate(block: Hash32) -> Certificate {
    let (kind, epoch, view) = (VoteKind::Finalize, Epoch(0), View(9));
    let statement = VoteStatement { kind, epoch, view, parent_view: View(0), block };
    Certificate { statement, signers: SignerBitmap::default(), signature: BlsSignature::ZERO }
}

fn down(headers: &[Header]) -> Vec<Header> {
    headers.iter().rev().cloned().collect()
}

// FAULTS HA6
#[test]
fn a_run_longer_than_what_is_kept_leaves_its_lowest_part_and_is_walked_again() {
    let all = headers(100);
    let top = header_hash(&all[99]);
    let mut tip = (BELOW, Height(0));
    let mut walks = 0;
    while tip.1 < Height(100) {
        let mut trail = Trail::bounded(certificate(top), 30);
        let missing = &all[usize::try_from(tip.1.0).expect("small")..];
        for (piece, is_last) in down(missing).chunks(7).zip(1..).map(|(piece, turn)| (piece, turn * 7 >= missing.len()))
        {
            assert_eq!(trail.walk(piece, tip), if is_last { Walk::Done } else { Walk::On });
        }
        let path = trail.path(tip.1.next(), 1_000).expect("the way is known");
        let expected: Vec<Hash32> = missing.iter().take(30).map(header_hash).collect();
        assert_eq!(path.hashes, expected, "the lowest of them");
        assert_eq!(path.certificate.statement.block, top);
        assert_eq!(trail.path(trail.highest().next(), 9), None, "nothing beyond");
        tip = (expected[expected.len() - 1], trail.highest());
        walks += 1;
    }
    assert_eq!(walks, 4);
}

#[test]
fn nothing_is_known_before_the_walk_has_come_down() {
    let all = headers(9);
    let mut trail = Trail::new(certificate(header_hash(&all[8])));
    assert_eq!(trail.walk(&down(&all[3..]), (BELOW, Height(0))), Walk::On);
    assert_eq!(trail.path(Height(4), 9), None);
    assert_eq!(trail.wanted(), Some(header_hash(&all[2])));
}

#[test]
fn a_header_that_is_not_the_one_asked_for_is_astray_and_one_at_the_tip_is_of_no_use() {
    let all = headers(9);
    let mut trail = Trail::new(certificate(header_hash(&all[8])));
    assert_eq!(trail.walk(&all[7..8], (BELOW, Height(0))), Walk::Astray);
    assert_eq!(trail.walk(&down(&all), (header_hash(&all[8]), Height(9))), Walk::Idle);
    // The newest final block has come up past what is missing.
    let mut trail = Trail::new(certificate(header_hash(&all[8])));
    assert_eq!(trail.walk(&down(&all[5..]), (BELOW, Height(0))), Walk::On);
    assert_eq!(trail.walk(&down(&all[..5]), (header_hash(&all[6]), Height(7))), Walk::Idle);
}
