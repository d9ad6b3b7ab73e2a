//! The examiner by itself, on clocks that a test sets.

use types::TimeMs;

use super::moment::BootId;
use super::*;

const NOW: Moment = Moment { wall_ms: 1_771_111_111_000, boot_ms: 5_000_000, boot: BootId([9; 16]) };
const CHAIN: ChainId = ChainId(Hash32([0x11; 32]));
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const HOUR_MS: i64 = 3_600_000;

fn examiner_with(used: UsedSet, entropy: u8) -> Examiner {
    Examiner::new(
        CHAIN,
        ExaminerKeys::new(&[1; 32], &[entropy; 32], CHAIN),
        used,
        AsksMax { network: 60, customer: 600 },
    )
}

fn examiner() -> Examiner {
    examiner_with(UsedSet::default(), 2)
}

fn wanted() -> Wanted {
    let hash = |byte| Hash32([byte; 32]);
    let (device, key_id, audience) = (DeviceId(hash(1)), hash(2), hash(3));
    Wanted { device, key_id, audience, purpose: Purpose::Presence, by: AskedBy::Anybody(CLIENT) }
}

fn later(wall_ms: i64, boot_ms: u64) -> Moment {
    let wall_ms = NOW.wall_ms.checked_add_signed(wall_ms).expect("after 1970");
    Moment { wall_ms, boot_ms: NOW.boot_ms + boot_ms, ..NOW }
}

const GOOD: Shown = Shown {
    is_signed: true,
    is_of_another_key: false,
    status: Status::Verified,
    level: Some(2),
    work_class: Some(1),
    lacks_owner: false,
    owner: None,
    rotation: 0,
    method: crate::ledger::record::Method::Signature,
    answer: types::Hash32([0; 32]),
    billed: None,
};

fn answer(examiner: &mut Examiner, token: &[u8], now: &Moment) -> Result<u8, Refused> {
    let sealed = examiner.open(token)?;
    examiner.look(&sealed, now)?;
    let taken = examiner.take(&sealed, now)?;
    verdict(&taken, &GOOD)
}

// FAULTS VS3
#[test]
fn a_challenge_is_good_by_both_clocks_of_one_start_and_no_setting_of_the_wall_extends_it() {
    let (good, expired) = (Ok(2), Err(Refused::Expired));
    let other = Moment { boot: BootId([8; 16]), ..NOW };
    for (case, now, expected) in [
        ("at once", NOW, good),
        ("a ms before the end", later(299_999, 299_999), good),
        ("at the end", later(300_000, 300_000), expired),
        ("the wall's clock set forward an hour", later(HOUR_MS, 1), expired),
        ("the wall's clock set back an hour", later(-HOUR_MS, 1), expired),
        ("the wall's clock set back two seconds", later(-2_000, 1), good),
        ("the wall's clock set back a little more", later(-2_001, 1), expired),
        ("the wall's clock held, the machine's at its end", later(0, 300_000), expired),
        ("the wall's clock held, the machine's before its end", later(0, 299_999), good),
        ("an hour of sleep", later(HOUR_MS, 3_600_000), expired),
        ("another start of the machine", other, expired),
        ("a machine's clock before the issue", Moment { boot_ms: NOW.boot_ms - 1, ..NOW }, expired),
    ] {
        let mut examiner = examiner();
        let given = examiner.give(&wanted(), &NOW);
        assert_eq!(answer(&mut examiner, &given.token, &now), expected, "{case}");
        let again = answer(&mut examiner, &given.token, &now);
        let is_dead = examiner.open(&given.token).map(|sealed| sealed.timing(&now)) == Ok(Timing::Dead);
        assert_eq!(again, Err(if is_dead { Refused::Expired } else { Refused::Used }), "{case}, again");
        // Whatever the clocks say later, none is good twice.
        assert!(!(expected.is_ok() && answer(&mut examiner, &given.token, &NOW).is_ok()), "{case}");
    }
}

// FAULTS VS3
#[test]
fn a_wall_clock_that_goes_forward_and_back_brings_no_answered_challenge_back() {
    let mut examiner = examiner();
    let given = examiner.give(&wanted(), &NOW);
    assert_eq!(answer(&mut examiner, &given.token, &later(1, 1)), Ok(2));
    let other = examiner.give(&wanted(), &NOW);
    assert_eq!(answer(&mut examiner, &other.token, &later(HOUR_MS, 2)), Err(Refused::Expired));
    for token in [&given.token, &other.token] {
        assert_eq!(answer(&mut examiner, token, &later(3, 3)), Err(Refused::Used));
        assert_eq!(answer(&mut examiner, token, &later(3, 299_999)), Err(Refused::Used));
        assert_eq!(answer(&mut examiner, token, &later(3, 400_000)), Err(Refused::Expired));
    }
}

// FAULTS VS3
#[test]
fn a_restart_of_the_service_forgets_no_answer_and_ends_no_challenge() {
    let mut before = examiner();
    let [answered, open] = [before.give(&wanted(), &NOW), before.give(&wanted(), &NOW)];
    assert_eq!(answer(&mut before, &answered.token, &later(1, 1)), Ok(2));
    let mut used = UsedSet::default();
    before.used(&NOW).all().for_each(|one| used.restore(one));
    let mut after = examiner_with(used, 3);
    assert_eq!(answer(&mut after, &answered.token, &later(2, 2)), Err(Refused::Used));
    assert_eq!(answer(&mut after, &open.token, &later(2, 2)), Ok(2));
    assert_ne!(after.give(&wanted(), &NOW).challenge.id, answered.challenge.id, "ids are of one start");
}

#[test]
fn an_answer_that_waited_until_its_id_was_forgotten_is_not_taken() {
    let mut examiner = examiner();
    let given = examiner.give(&wanted(), &NOW);
    let sealed = examiner.open(&given.token).expect("whole");
    assert_eq!(examiner.look(&sealed, &later(1, 1)), Ok(()), "it begins to wait");
    assert_eq!(answer(&mut examiner, &given.token, &later(2, 2)), Ok(2));
    assert_eq!(examiner.used(&later(400_000, 400_000)).len(), 0, "forgotten");
    assert_eq!(examiner.take(&sealed, &later(3, 400_000)).err(), Some(Refused::Expired));
}

// FAULTS VS4
#[test]
fn the_order_of_what_is_said_is_fixed_and_only_who_has_the_key_hears_how_the_device_stands() {
    let mut examiner = examiner();
    let given = examiner.give(&wanted(), &NOW);
    let sealed = examiner.open(&given.token).expect("whole");
    let taken = examiner.take(&sealed, &NOW).expect("the first");
    let late = Taken { is_in_time: false, ..taken };
    let out = |status| Shown { status, level: None, ..GOOD };
    let wrong = |shown| Shown { is_signed: false, ..shown };
    for (taken, shown, expected) in [
        (taken, GOOD, Ok(2)),
        (taken, Shown { level: Some(0), ..GOOD }, Ok(0)),
        (taken, Shown { lacks_owner: true, ..GOOD }, Err(Refused::NotAccepted)),
        (taken, Shown { lacks_owner: true, ..out(Status::Verified) }, Err(Refused::Held)),
        (taken, wrong(Shown { lacks_owner: true, ..GOOD }), Err(Refused::BadAnswer)),
        (late, wrong(out(Status::Revoked)), Err(Refused::Expired)),
        (late, GOOD, Err(Refused::Expired)),
        (taken, wrong(GOOD), Err(Refused::BadAnswer)),
        (taken, wrong(out(Status::Revoked)), Err(Refused::BadAnswer)),
        (taken, wrong(out(Status::Suspended)), Err(Refused::BadAnswer)),
        (taken, out(Status::Revoked), Err(Refused::Revoked)),
        (taken, out(Status::Suspended), Err(Refused::Suspended)),
        (taken, out(Status::Verified), Err(Refused::Held)),
        (taken, out(Status::Pending), Err(Refused::Held)),
    ] {
        assert_eq!(verdict(&taken, &shown), expected, "{shown:?}");
    }
}

#[test]
fn what_is_given_says_what_was_asked_and_ends_after_five_minutes() {
    let mut examiner = examiner();
    let mut seen = std::collections::BTreeSet::new();
    for purpose in Purpose::ALL {
        let Wanted { device, key_id, audience, by, .. } = wanted();
        let given = examiner.give(&Wanted { purpose, ..wanted() }, &NOW);
        let Challenge { id, nonce, .. } = given.challenge;
        assert!(seen.insert(id.to_vec()) && seen.insert(nonce.to_vec()), "each is new");
        let (issued, expires) = (TimeMs(NOW.wall_ms), TimeMs(NOW.wall_ms + 300_000));
        let expected = Challenge { chain_id: CHAIN, id, nonce, device, key_id, audience, purpose, issued, expires };
        assert_eq!(given.challenge, expected);
        let sealed = examiner.open(&given.token).expect("whole");
        assert_eq!((sealed.origin, examiner.preimage(&sealed)), (by.origin(), expected.to_bytes(tags::CHALLENGE)));
    }
}

#[test]
fn asking_and_wrong_answers_are_counted_by_the_machines_clock() {
    let mut examiner = examiner();
    let by = wanted().by;
    for _ in 0..60 {
        assert_eq!(examiner.may_ask(wanted().device, by, &NOW), Ok(()));
        examiner.give(&wanted(), &NOW);
    }
    assert_eq!(examiner.may_ask(wanted().device, by, &later(HOUR_MS, 1)), Err(Refused::TooOften(60)));
    for _ in 0..60 {
        assert_eq!(examiner.ask_for_token(CLIENT, &NOW), Ok(()), "challenges use up nothing of it");
    }
    assert_eq!(examiner.ask_for_token(CLIENT, &later(HOUR_MS, 1)), Err(Refused::TooManyTokens(60)));
    assert_eq!(examiner.may_ask(wanted().device, by, &later(0, 60_000)), Ok(()));
    assert_eq!(examiner.ask_for_token(CLIENT, &later(0, 60_000)), Ok(()));
}
