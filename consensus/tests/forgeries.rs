//! Forged certificates, case by case, against a set of ten equal validators; and votes told apart by bisection.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::sync::Arc;

use consensus::{EqualVotes, Scheme, verify};
use harness::{KeyedHash, SCHEME, certify, finalize, notarize, nullify, set_of, set_with, sign};
use types::{BlsSignature, ByteString, Certificate, Epoch, Hash32, SignerBitmap, ValidatorIndex, ValidatorSet, View};

const BLOCK: Hash32 = Hash32([5; 32]);
const SEVEN: [u16; 7] = [0, 1, 2, 3, 4, 5, 6];

fn bitmap(bytes: &[u8]) -> SignerBitmap {
    SignerBitmap::from_bytes(ByteString::new(bytes.to_vec()).unwrap())
}

fn holds(set: &Arc<ValidatorSet>, certificate: &Certificate) -> bool {
    let job = verify::VerifyJob::Certificates { set: Arc::clone(set), certificates: vec![certificate.clone()] };
    verify::run(&job, &SCHEME) == verify::VerifyAnswer::Certificates(vec![true])
}

fn changed(change: impl FnOnce(&mut Certificate)) -> Certificate {
    let mut certificate = certify(&set_of(&[1; 10]), &SEVEN, notarize(3, 2, BLOCK));
    change(&mut certificate);
    certificate
}

/// Wrong in its bitmap or its number of signers.
fn wrong_shapes() -> Vec<(&'static str, Certificate)> {
    let set = set_of(&[1; 10]);
    let with = |bytes: &[u8]| changed(|forged| forged.signers = bitmap(bytes));
    vec![
        ("no bitmap", with(&[])),
        ("a bitmap one byte short", with(&[0x7f])),
        ("a bitmap one byte long", with(&[0x7f, 0, 0])),
        ("a bitmap of the largest length", with(&[0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("all bits of the largest bitmap", with(&[0xff; 13])),
        ("all bits of an exact bitmap", with(&[0xff, 0xff])),
        ("first padding bit", with(&[0x7f, 0x04])),
        ("second padding bit", with(&[0x7f, 0x08])),
        ("third padding bit", with(&[0x7f, 0x10])),
        ("fourth padding bit", with(&[0x7f, 0x20])),
        ("fifth padding bit", with(&[0x7f, 0x40])),
        ("last padding bit", with(&[0x7f, 0x80])),
        ("padding in place of signers", with(&[0x0f, 0xfc])),
        ("nobody signed", with(&[0, 0])),
        ("one less than a quorum", certify(&set, &SEVEN[..6], notarize(3, 2, BLOCK))),
        ("one signer", certify(&set, &[4], notarize(3, 2, BLOCK))),
        ("a signer named who did not sign", with(&[0xff, 0])),
        ("a signer left out who signed", {
            let mut forged = certify(&set, &[0, 1, 2, 3, 4, 5, 6, 7], notarize(3, 2, BLOCK));
            forged.signers = bitmap(&[0x7f, 0]);
            forged
        }),
        ("another signer named in one's place", with(&[0xbf, 0])),
        ("one signer's signature counted twice", {
            let mut signatures: Vec<_> = SEVEN[..6]
                .iter()
                .map(|signer| sign(&set, ValidatorIndex(*signer), notarize(3, 2, BLOCK)).signature)
                .collect();
            signatures.push(signatures[5]);
            changed(|forged| forged.signature = SCHEME.aggregate(&signatures).unwrap())
        }),
    ]
}

/// Wrong in what they say or how it is signed.
fn wrong_contents() -> Vec<(&'static str, Certificate)> {
    let set = set_of(&[1; 10]);
    let malformed = |statement| certify(&set, &SEVEN, statement);
    vec![
        ("another epoch", changed(|forged| forged.statement.epoch = Epoch(1))),
        ("another view", changed(|forged| forged.statement.view = View(4))),
        ("another parent view", changed(|forged| forged.statement.parent_view = View(1))),
        ("another block", changed(|forged| forged.statement.block = Hash32([6; 32]))),
        ("notarizations sold as finalization", changed(|forged| forged.statement = finalize(3, BLOCK))),
        ("notarizations sold as nullification", changed(|forged| forged.statement = nullify(3))),
        ("a finalization with a parent view", {
            let mut statement = finalize(3, BLOCK);
            statement.parent_view = View(2);
            malformed(statement)
        }),
        ("a finalization of no block", malformed(finalize(3, Hash32::ZERO))),
        ("a notarization of no block", malformed(notarize(3, 2, Hash32::ZERO))),
        ("its own parent", malformed(notarize(3, 3, BLOCK))),
        ("a parent in the future", malformed(notarize(3, 4, BLOCK))),
        ("a nullification with a block", {
            let mut statement = nullify(3);
            statement.block = BLOCK;
            malformed(statement)
        }),
        ("a nullification with a parent view", {
            let mut statement = nullify(3);
            statement.parent_view = View(1);
            malformed(statement)
        }),
        ("a finalization of view 0", malformed(finalize(0, BLOCK))),
        ("a zero signature", changed(|forged| forged.signature = BlsSignature::ZERO)),
        ("a flipped bit", changed(|forged| forged.signature.0[20] ^= 1)),
        ("no point at all", changed(|forged| forged.signature = BlsSignature([0xff; 48]))),
        ("one member's signature for all", {
            changed(|forged| forged.signature = sign(&set, ValidatorIndex(0), notarize(3, 2, BLOCK)).signature)
        }),
        ("keys of another set", certify(&set_with(&[1; 10], 9), &SEVEN, notarize(3, 2, BLOCK))),
        ("a larger set", certify(&set_of(&[1; 20]), &SEVEN, notarize(3, 2, BLOCK))),
        ("a smaller set", certify(&set_of(&[1; 8]), &SEVEN, notarize(3, 2, BLOCK))),
        ("another chain", {
            let other = KeyedHash { chain: 8 };
            let one = |signer: &u16| other.sign(&set.get(ValidatorIndex(*signer)).unwrap().key, &notarize(3, 2, BLOCK));
            let signatures: Vec<_> = SEVEN.iter().map(one).collect();
            changed(|forged| forged.signature = SCHEME.aggregate(&signatures).unwrap())
        }),
    ]
}

// FAULTS C9
#[test]
fn every_forged_certificate_is_refused() {
    let set = set_of(&[1; 10]);
    assert!(holds(&set, &changed(|_| {})), "the certificate that the forgeries start from is good");
    let forgeries: Vec<_> = wrong_shapes().into_iter().chain(wrong_contents()).collect();
    assert!(forgeries.len() >= 30);
    for (name, forged) in &forgeries {
        assert!(!holds(&set, forged), "{name}");
    }
}

#[test]
fn a_forged_certificate_in_a_batch_spoils_only_itself() {
    let set = set_of(&[1; 10]);
    let good = changed(|_| {});
    for (name, forged) in wrong_shapes().into_iter().chain(wrong_contents()) {
        let batch = [good.clone(), forged, certify(&set, &[3, 4, 5, 6, 7, 8, 9], nullify(8))];
        assert_eq!(verify::certificates_hold(&set, &batch, &SCHEME), [true, false, true], "{name}");
    }
}

#[test]
fn certificates_that_swapped_their_signatures_are_both_refused() {
    let set = set_of(&[1; 10]);
    let mut first = certify(&set, &SEVEN, nullify(8));
    let mut second = certify(&set, &SEVEN, nullify(9));
    std::mem::swap(&mut first.signature, &mut second.signature);
    assert_eq!(verify::certificates_hold(&set, &[first, second], &SCHEME), [false, false]);
}

#[test]
fn many_signers_of_little_power_are_no_quorum() {
    let set = set_of(&[1, 1, 1, 1, 100]);
    assert!(!holds(&set, &certify(&set, &[0, 1, 2, 3], nullify(8))));
    assert!(holds(&set, &certify(&set, &[4], nullify(8))));
}

/// What a job of one quorum answers.
fn checked(
    set: &Arc<ValidatorSet>,
    statement: types::VoteStatement,
    votes: Vec<(ValidatorIndex, BlsSignature)>,
) -> (Option<Certificate>, Vec<ValidatorIndex>) {
    let quorums = vec![verify::HeardQuorum { statement, votes }];
    match verify::run(&verify::VerifyJob::Quorums { set: Arc::clone(set), quorums }, &SCHEME) {
        verify::VerifyAnswer::Quorums(mut sifted) if sifted.len() == 1 => {
            let verify::Sifted { certificate, bad } = sifted.remove(0);
            (certificate, bad)
        }
        other => panic!("the answer is not of the job's kind: {other:?}"),
    }
}

// FAULTS C13
#[test]
fn bisection_finds_exactly_the_bad_votes_and_saves_the_quorum_of_the_others() {
    let set = set_of(&[1; 10]);
    let statement = nullify(8);
    for bad_bits in 0..1_u32 << 10 {
        let bad: Vec<u16> = (0..10).filter(|place| bad_bits & (1 << place) != 0).collect();
        let votes = (0..10_u16).map(|signer| {
            let mut signature = sign(&set, ValidatorIndex(signer), statement).signature;
            if bad.contains(&signer) {
                // A third of them are not even points, and no two wrong ones cancel out.
                signature.0[0] = if signer % 3 == 0 { 0xff } else { 1 };
            }
            (ValidatorIndex(signer), signature)
        });
        let (certificate, found) = checked(&set, statement, votes.collect());
        assert_eq!(found.iter().map(|signer| signer.0).collect::<Vec<_>>(), bad);
        assert_eq!(certificate.is_some(), bad.len() <= 3, "{bad:?}");
        assert!(certificate.is_none_or(|certificate| holds(&set, &certificate)));
    }
}

#[test]
fn several_quorums_checked_together_come_out_as_each_alone() {
    let set = set_of(&[1; 4]);
    let statements: Vec<_> = (8..11).map(nullify).collect();
    for bad_bits in 0..1_u32 << 12 {
        let votes: Vec<Vec<_>> = (0..3_u32)
            .map(|number| {
                let vote = |signer: u16| {
                    let mut signature = sign(&set, ValidatorIndex(signer), statements[number as usize]).signature;
                    if bad_bits >> (4 * number + u32::from(signer)) & 1 == 1 {
                        signature.0[0] = if signer == 3 { 0xff } else { 1 };
                    }
                    (ValidatorIndex(signer), signature)
                };
                (0..4).map(vote).collect()
            })
            .collect();
        let parts = statements.iter().zip(&votes).map(|(statement, votes)| EqualVotes { statement, votes });
        let parts: Vec<_> = parts.collect();
        let alone = parts.iter().map(|part| {
            let (certificate, bad) = checked(&set, *part.statement, part.votes.to_vec());
            verify::Sifted { certificate, bad }
        });
        assert_eq!(verify::quorums(&set, &parts, &SCHEME), alone.collect::<Vec<_>>(), "{bad_bits:b}");
    }
    assert_eq!(verify::quorums(&set, &[], &SCHEME), []);
}
