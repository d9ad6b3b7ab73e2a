//! System calls: the seed, attendance, and those of modules.

use crypto::{bls, hash, ids};
use execution::{Attendance, InvalidBlock, KERNEL, KernelEvent, KernelReject, KernelSystemCall, Reject};
use types::{
    BlsSignature, ByteString, Certificate, Hash32, Height, ModuleId, SignerBitmap, SystemCall, ValidatorIndex, View,
    VoteKind, VoteStatement,
};

use crate::harness::{Chain, START};
use crate::probe::{ProbeReject, SystemCase, system_call};

fn refused(index: u32, reject: impl Into<Reject>) -> Result<(), InvalidBlock> {
    Err(InvalidBlock::SystemCall { index, reject: reject.into() })
}

fn seed_call(chain: &Chain) -> SystemCall {
    KernelSystemCall::Seed(chain.request(&[]).seed.expect("always given")).to_system_call()
}

#[test]
fn the_seed_is_given_in_the_first_block_after_each_interval_and_in_no_other() {
    let mut chain = Chain::new();
    let interval = chain.genesis.parameters.timing.seed_interval_ms;
    chain.step_ms = interval - 1;
    assert_eq!(chain.judge(vec![], vec![]), Ok(()));
    assert_eq!(chain.judge(vec![seed_call(&chain)], vec![]), refused(0, KernelReject::SeedNotDue));
    chain.step_ms = interval;
    assert_eq!(chain.judge(vec![], vec![]), Err(InvalidBlock::SeedMissing));
    assert_eq!(chain.judge(vec![seed_call(&chain)], vec![]), Ok(()));
    let twice = vec![seed_call(&chain), seed_call(&chain)];
    assert_eq!(chain.judge(twice, vec![]), Err(InvalidBlock::SystemCallRepeated { index: 1 }));
    let before = chain.next().seed.mix;
    let signature = chain.request(&[]).seed.expect("always given");
    let outcome = chain.block(&[]);
    let mix = Hash32(hash::sha256(&[before.as_bytes().as_slice(), signature.as_bytes()].concat()));
    assert_eq!(chain.next().seed.mix, mix);
    assert_eq!(chain.next().seed.time.0, START.0 + interval);
    let event = borsh::from_slice::<KernelEvent>(&outcome.receipts[0].events[0].body).expect("an event");
    assert_eq!(event, KernelEvent::SeedMixed { mix });
    chain.step_ms = interval - 1;
    assert_eq!(chain.judge(vec![seed_call(&chain)], vec![]), refused(0, KernelReject::SeedNotDue));
}

#[test]
fn only_the_proposers_signature_over_this_epoch_and_view_is_a_seed() {
    let mut chain = Chain::new();
    chain.step_ms = chain.genesis.parameters.timing.seed_interval_ms;
    let proposer = usize::from(chain.request(&[]).proposer.0);
    let wrong =
        [chain.seed(chain.view, (proposer + 1) % 4), chain.seed(chain.view.next(), proposer), BlsSignature::ZERO];
    for signature in wrong {
        let call = KernelSystemCall::Seed(signature).to_system_call();
        assert_eq!(chain.judge(vec![call], vec![]), refused(0, KernelReject::WrongSeed));
    }
}

/// Finalize votes of some validators for the block at the tip.
pub fn attendance(chain: &Chain, signers: &[u16], change: impl FnOnce(&mut VoteStatement)) -> Attendance {
    let mut statement = VoteStatement {
        kind: VoteKind::Finalize,
        epoch: chain.header.epoch,
        view: chain.header.view,
        parent_view: View::ZERO,
        block: ids::header_hash(&chain.header),
    };
    change(&mut statement);
    let preimage = ids::vote_preimage(chain.chain_id, &statement);
    let votes: Vec<_> = signers.iter().map(|signer| chain.validators[usize::from(*signer)].sign(&preimage)).collect();
    let signature = bls::aggregate_signatures(&votes).map_or(BlsSignature::ZERO, |sum| sum.to_bytes());
    let signers = SignerBitmap::new(4, signers.iter().copied().map(ValidatorIndex));
    Attendance { height: chain.header.height, certificate: Certificate { statement, signers, signature } }
}

fn call_of(attendance: &Attendance) -> SystemCall {
    KernelSystemCall::Attendance(attendance.clone()).to_system_call()
}

#[test]
fn attendance_is_counted_once_per_certificate_of_a_recent_ancestor() {
    let mut chain = Chain::new();
    chain.block(&[]);
    let first = attendance(&chain, &[0, 1, 3], |_| {});
    let calls = vec![call_of(&first), call_of(&first)];
    assert_eq!(chain.judge(calls, vec![]), Err(InvalidBlock::SystemCallRepeated { index: 1 }));
    let mut request = chain.request(&[]);
    request.attendance = Some(first.clone());
    let built = chain.registry.build(&chain.state, chain.root, &request).expect("possible");
    let outcome = chain.apply(&built.header, &built.body);
    let event = borsh::from_slice::<KernelEvent>(&outcome.receipts[0].events[0].body).expect("an event");
    assert_eq!(event, KernelEvent::AttendanceCounted { height: Height(1), signers: 3 });
    let attended = chain.registry.attended(&chain.state, types::Epoch(0)).expect("counted");
    assert_eq!((attended.certificates, attended.signed), (1, vec![1, 1, 0, 1]));
    assert_eq!(chain.judge(vec![call_of(&first)], vec![]), refused(0, KernelReject::AttendanceNotNew));
    let mut request = chain.request(&[]);
    request.attendance = Some(first);
    let without = chain.registry.build(&chain.state, chain.root, &request).expect("possible");
    assert!(without.body.body().system_calls.is_empty(), "an old certificate is left out");
}

#[test]
fn a_certificate_that_is_not_a_quorums_finalization_of_an_ancestor_is_refused() {
    let mut chain = Chain::new();
    chain.block(&[]);
    assert_eq!(chain.judge(vec![call_of(&attendance(&chain, &[0, 1, 2, 3], |_| {}))], vec![]), Ok(()));
    let wrong: Vec<Attendance> = vec![
        attendance(&chain, &[0, 1], |_| {}),
        attendance(&chain, &[], |_| {}),
        attendance(&chain, &[0, 1, 2], |statement| statement.kind = VoteKind::Notarize),
        attendance(&chain, &[0, 1, 2], |statement| statement.epoch = types::Epoch(1)),
        attendance(&chain, &[0, 1, 2], |statement| statement.parent_view = View(1)),
        attendance(&chain, &[0, 1, 2], |statement| statement.block.0[0] ^= 1),
        {
            let mut forged = attendance(&chain, &[0, 1, 2], |_| {});
            forged.certificate.signers = SignerBitmap::new(4, [0, 1, 3].map(ValidatorIndex));
            forged
        },
        {
            let mut longer = attendance(&chain, &[0, 1, 2], |_| {});
            longer.certificate.signers = SignerBitmap::from_bytes(ByteString::new(vec![7, 0]).expect("short"));
            longer
        },
        {
            let mut beyond = attendance(&chain, &[0, 1, 2], |_| {});
            beyond.certificate.signers = SignerBitmap::from_bytes(ByteString::new(vec![0x17]).expect("short"));
            beyond
        },
    ];
    for (case, attendance) in wrong.iter().enumerate() {
        assert_eq!(
            chain.judge(vec![call_of(attendance)], vec![]),
            refused(0, KernelReject::WrongCertificate),
            "case {case}"
        );
    }
    for height in [2, 4_097, u64::MAX] {
        let mut unknown = attendance(&chain, &[0, 1, 2], |_| {});
        unknown.height = Height(height);
        assert_eq!(chain.judge(vec![call_of(&unknown)], vec![]), refused(0, KernelReject::UnknownAncestor), "{height}");
    }
}

#[test]
fn bytes_that_are_no_system_call_make_a_block_invalid() {
    let chain = Chain::new();
    let raw = |module, body: &[u8]| SystemCall { module, body: ByteString::new(body.to_vec()).expect("short") };
    let mut trailing = seed_call(&chain);
    trailing.body = ByteString::new([&trailing.body, [0].as_slice()].concat()).expect("short");
    for body in [raw(KERNEL, &[]), raw(KERNEL, &[9]), trailing] {
        assert_eq!(chain.judge(vec![body], vec![]), refused(0, KernelReject::MalformedSystemCall));
    }
    // Modules without system calls, and modules that do not exist, have a share of zero.
    for module in [1, 4, u16::MAX].map(ModuleId) {
        assert_eq!(chain.judge(vec![raw(module, &[0, 0])], vec![]), Err(InvalidBlock::SystemCallsTooMany { module }));
    }
    let tokens = chain.registry.module(ModuleId(1)).expect("tokens");
    assert_eq!(tokens.system_limits(), (0, 0), "a module without system calls has no share of a block");
}

#[test]
fn a_modules_system_calls_are_bounded_in_number_and_bytes_and_differ_in_their_keys() {
    let chain = Chain::new();
    let good = |key| system_call(key, SystemCase::Good, 0);
    let too_many = Err(InvalidBlock::SystemCallsTooMany { module: crate::probe::PROBE });
    assert_eq!(chain.judge(vec![good(1), good(2), good(3)], vec![]), Ok(()));
    assert_eq!(chain.judge(vec![good(1), good(2), good(3), good(4)], vec![]), too_many);
    assert_eq!(chain.judge(vec![system_call(1, SystemCase::Good, 98)], vec![]), Ok(()));
    assert_eq!(chain.judge(vec![system_call(1, SystemCase::Good, 99)], vec![]), too_many);
    assert_eq!(chain.judge(vec![good(1), good(1)], vec![]), Err(InvalidBlock::SystemCallRepeated { index: 1 }));
    assert_eq!(chain.judge(vec![system_call(1, SystemCase::NotAdmitted, 0)], vec![]), refused(0, ProbeReject::Failed));
    assert_eq!(chain.judge(vec![system_call(1, SystemCase::Expired, 0)], vec![]), refused(0, KernelReject::Expired));
    assert_eq!(chain.judge(vec![system_call(1, SystemCase::Heavy, 0)], vec![]), Err(InvalidBlock::TooHeavy));
}

#[test]
fn system_calls_have_a_share_of_the_bytes_of_a_body() {
    let mut genesis = crate::harness::genesis();
    genesis.parameters.limits.system_bytes_max = 2 * 8;
    let chain = Chain::of(genesis);
    let good = |key| system_call(key, SystemCase::Good, 0);
    assert_eq!(chain.judge(vec![good(1), good(2)], vec![]), Ok(()));
    assert_eq!(chain.judge(vec![good(1), good(2), good(3)], vec![]), Err(InvalidBlock::BodyTooLong));
}

#[test]
fn an_admitted_system_call_that_fails_later_leaves_only_a_report() {
    let mut chain = Chain::new();
    let calls = [system_call(1, SystemCase::Good, 0), system_call(2, SystemCase::FailsLater, 0)];
    let mut request = chain.request(&[]);
    request.system_calls = &calls;
    let built = chain.registry.build(&chain.state, chain.root, &request).expect("possible");
    assert_eq!(built.body.body().system_calls.len(), 2);
    let outcome = chain.apply(&built.header, &built.body);
    let written = outcome.changes.get(&[&[0, 2], &b"system"[..]].concat()).and_then(|change| change.after.as_deref());
    assert_eq!(written, Some(&[1, 0][..]), "the first call's write stays, the second's is gone");
    let events = &outcome.receipts[0].events;
    assert_eq!(events.len(), 2);
    let report = borsh::from_slice::<KernelEvent>(&events[1].body).expect("an event of the kernel");
    assert_eq!(report, KernelEvent::Rejected { module: crate::probe::PROBE, code: ProbeReject::Failed.code() });
}
