//! New keys: at once by both, announced and delayed where the old one is lost, and against thieves.

use types::TimeMs;
use verifyid::{CancelRotation, DeviceId, Offer, Rotate, SignatureBytes, Status, VerifyIdCall, VerifyIdReject};

use crate::harness::{ALICE, BOB, Chain, DAY_MS, Key, take};

fn started() -> (Chain, DeviceId) {
    let mut chain = Chain::new();
    let call = chain.register(ALICE, ALICE, Key(0), 1);
    chain.done(ALICE, VerifyIdCall::Register(call));
    (chain, DeviceId(Key(0).id()))
}

#[test]
fn a_key_signed_for_by_both_is_in_force_at_once_and_the_old_one_never_returns() {
    let (mut chain, device) = started();
    let rotate = chain.rotate(device, 1, (Key(1), Some(Key(0))));
    chain.refused(BOB, VerifyIdCall::Rotate(rotate.clone()), VerifyIdReject::NotOwner);
    chain.done(ALICE, VerifyIdCall::Rotate(rotate.clone()));
    let rotated = chain.device(Key(0));
    assert_eq!((rotated.rotation, rotated.key_id, rotated.status), (1, Key(1).id(), Status::Pending));
    // The same again, the key from before, and a statement of another turn.
    chain.refused(ALICE, VerifyIdCall::Rotate(rotate), VerifyIdReject::KeyInUse);
    let back = chain.rotate(device, 2, (Key(0), Some(Key(1))));
    chain.refused(ALICE, VerifyIdCall::Rotate(back), VerifyIdReject::KeyInUse);
    let as_new = chain.register(BOB, BOB, Key(0), 1);
    chain.refused(BOB, VerifyIdCall::Register(as_new), VerifyIdReject::DeviceExists);
    let as_new = chain.register(BOB, BOB, Key(1), 1);
    chain.refused(BOB, VerifyIdCall::Register(as_new), VerifyIdReject::KeyInUse);
    let old_turn = chain.rotate(device, 1, (Key(2), Some(Key(1))));
    chain.refused(ALICE, VerifyIdCall::Rotate(old_turn), VerifyIdReject::WrongPossession);
    // The old key signs for nothing any more.
    let by_old = chain.rotate(device, 2, (Key(2), Some(Key(0))));
    chain.refused(ALICE, VerifyIdCall::Rotate(by_old), VerifyIdReject::WrongDeviceSignature);
    let digest = [5; 32];
    let signed = |key: Key| {
        let signature: [u8; 64] = key.sign(&digest)[..].try_into().expect("64 bytes");
        verifyid::signed(&chain.view(), &device, &crypto::hash::sha256(&digest), &signature)
    };
    assert!(signed(Key(1)) && !signed(Key(0)));
}

#[test]
fn a_new_key_without_the_old_ones_word_waits_for_a_week_and_can_be_dropped_by_owner_or_old_key() {
    let (mut chain, device) = started();
    let announce = chain.rotate(device, 1, (Key(1), None));
    chain.done(ALICE, VerifyIdCall::Rotate(announce.clone()));
    let waiting = chain.device(Key(0));
    assert_eq!((waiting.key_id, waiting.announced_key), (Key(0).id(), Some(Key(1).id())));
    chain.refused(ALICE, VerifyIdCall::Rotate(announce), VerifyIdReject::RotationEarly);
    let other = chain.rotate(device, 1, (Key(2), None));
    chain.refused(ALICE, VerifyIdCall::Rotate(other), VerifyIdReject::RotationEarly);
    // Nobody else gets the announced key.
    let taken = chain.register(BOB, BOB, Key(1), 1);
    chain.refused(BOB, VerifyIdCall::Register(taken), VerifyIdReject::KeyInUse);
    // A thief of the account has announced it: the device itself says no, whoever carries its word.
    let cancel = chain.cancel(device, 1, Key(1), Key(0));
    let none = CancelRotation { signature: Some(SignatureBytes::default()), ..cancel.clone() };
    chain.refused(BOB, VerifyIdCall::CancelRotation(none), VerifyIdReject::WrongDeviceSignature);
    let unsigned = CancelRotation { signature: None, ..cancel.clone() };
    chain.refused(BOB, VerifyIdCall::CancelRotation(unsigned.clone()), VerifyIdReject::NotOwner);
    let late = CancelRotation { valid_until: TimeMs(1), ..cancel.clone() };
    chain.refused(BOB, VerifyIdCall::CancelRotation(late), VerifyIdReject::StatementExpired);
    let kept = cancel.clone();
    chain.done(BOB, VerifyIdCall::CancelRotation(cancel));
    chain.refused(ALICE, VerifyIdCall::CancelRotation(unsigned.clone()), VerifyIdReject::NoRotation);
    // Announced again, and dropped by the owner: the device's word is not there for whoever kept it.
    let announce = chain.rotate(device, 1, (Key(1), None));
    chain.done(ALICE, VerifyIdCall::Rotate(announce));
    chain.refused(BOB, VerifyIdCall::CancelRotation(kept), VerifyIdReject::StatementUsed);
    chain.done(ALICE, VerifyIdCall::CancelRotation(unsigned));
    // And at last completed, with a signature of that day.
    let announce = chain.rotate(device, 1, (Key(1), None));
    chain.done(ALICE, VerifyIdCall::Rotate(announce.clone()));
    chain.pass(7 * DAY_MS - 2_000);
    let early = chain.rotate(device, 1, (Key(1), None));
    chain.refused(ALICE, VerifyIdCall::Rotate(early), VerifyIdReject::RotationEarly);
    chain.pass(2_000);
    chain.refused(ALICE, VerifyIdCall::Rotate(announce), VerifyIdReject::StatementExpired);
    let complete = chain.rotate(device, 1, (Key(1), None));
    chain.done(ALICE, VerifyIdCall::Rotate(complete));
    assert_eq!((chain.device(Key(0)).rotation, chain.device(Key(0)).key_id), (1, Key(1).id()));
}

#[test]
fn the_old_key_settles_it_at_once_whatever_is_announced() {
    let (mut chain, device) = started();
    for new in [Key(1), Key(2)] {
        let announce = chain.rotate(device, 1, (Key(1), None));
        let mut trial = Chain::new();
        std::mem::swap(&mut trial, &mut chain);
        trial.done(ALICE, VerifyIdCall::Rotate(announce));
        let at_once = trial.rotate(device, 1, (new, Some(Key(0))));
        trial.done(ALICE, VerifyIdCall::Rotate(at_once));
        let rotated = trial.device(Key(0));
        assert_eq!((rotated.key_id, rotated.announced_key), (new.id(), None));
        // What was announced and not taken is free.
        let free = trial.register(BOB, BOB, Key(1), 1);
        let expected = if new == Key(1) { Err(VerifyIdReject::KeyInUse.code()) } else { Ok(()) };
        assert_eq!(trial.run(BOB, VerifyIdCall::Register(free)), expected);
        (chain, _) = started();
    }
}

#[test]
fn no_key_that_is_none_gets_in() {
    let (mut chain, device) = started();
    let good = chain.rotate(device, 1, (Key(1), Some(Key(0))));
    let short = Rotate { key: types::ByteString::new(vec![2; 32]).expect("short"), ..good.clone() };
    chain.refused(ALICE, VerifyIdCall::Rotate(short), VerifyIdReject::MalformedKey);
    let zero = Rotate { algorithm: 1, key: types::ByteString::new(vec![0; 32]).expect("short"), ..good.clone() };
    chain.refused(ALICE, VerifyIdCall::Rotate(zero), VerifyIdReject::MalformedKey);
    let unsigned = Rotate { new_signature: SignatureBytes::default(), ..good };
    chain.refused(ALICE, VerifyIdCall::Rotate(unsigned), VerifyIdReject::WrongPossession);
}

#[test]
fn a_device_that_gets_another_key_is_no_longer_offered() {
    let (mut chain, device) = started();
    let until = TimeMs(chain.time().0 + DAY_MS);
    let offer = Offer { device, to: chain.address(BOB), until };
    chain.done(ALICE, VerifyIdCall::Offer(offer));
    let rotate = chain.rotate(device, 1, (Key(1), Some(Key(0))));
    chain.done(ALICE, VerifyIdCall::Rotate(rotate));
    chain.refused(BOB, take(device, 0), VerifyIdReject::NoOffer);
    // Offered again with that key: what the buyer signed for the first one does not take it.
    chain.done(ALICE, VerifyIdCall::Offer(offer));
    chain.refused(BOB, take(device, 0), VerifyIdReject::DeviceChanged);
    chain.done(BOB, take(device, 1));
}
