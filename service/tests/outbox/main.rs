//! The outbox of an account against a world that loses, delays, repeats and interrupts everything, one seed a world.

mod world;

use service::outbox::{
    DEEDS_MAX, DeedEnd, DeedInput, DeedOutbox, DeedOutput, DeedRecord, DeedState, ENDED_MAX, Flaw, IN_FLIGHT_MAX,
    NotSent, OUTBOX_LOG,
};
use types::{ByteString, Call, Hash32, Height, ModuleId, Nonce, TimeMs, limits};

use world::run;

/// Worlds of the one test; each planted bug must be found in fewer.
const SEEDS: u64 = 10_000;

// FAULTS HV1
#[test]
fn every_deed_is_carried_out_once_over_crashes_losses_expiry_prices_and_strangers_with_the_key() {
    let mut sums = world::Counts::default();
    for seed in 0..SEEDS {
        let counts = run(seed, None).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
        sums.add(&counts);
    }
    // What the worlds are for has happened in them, often.
    let least = [
        ("crashes", sums.crashes, 20_000),
        ("lost submissions", sums.lost, 20_000),
        ("lost answers", sums.unheard, 10_000),
        ("signed again", sums.signed_again, 10_000),
        ("overtaken", sums.overtaken, 5_000),
        ("deeds that a copy of the home did", sums.twins, 2_000),
        ("words of the operator", sums.words, 5_000),
        ("too cheap", sums.too_cheap, 5_000),
        ("states behind", sums.behind, 5_000),
        ("earlier ones included", sums.earlier, 100),
        ("rejected", sums.rejected, 1_000),
    ];
    for (what, count, least) in least {
        assert!(count >= least, "{what}: {count} in {SEEDS} worlds, {sums:?}");
    }
}

// FAULTS HV1
#[test]
fn each_planted_bug_is_found() {
    use Flaw::{AsksTooEarly, CountsNonces, ForgetsEarlier, NeverAgain, NewNonce, SubmitsFirst};
    use Flaw::{ComparesTheHighest, LooksOnce, NeverHolds};
    let former = [SubmitsFirst, CountsNonces, NeverAgain, NewNonce, ForgetsEarlier, AsksTooEarly];
    for flaw in former.into_iter().chain([LooksOnce, ComparesTheHighest, NeverHolds]) {
        let found = (0..SEEDS).find_map(|seed| run(seed, Some(flaw)).err().map(|wrong| (seed, wrong)));
        assert!(found.is_some(), "{flaw:?} is found by no seed");
    }
}

fn call(byte: u8, bytes: usize) -> Vec<Call> {
    vec![Call { module: ModuleId(1), body: ByteString::new(vec![byte; bytes]).expect("short") }]
}

fn seen(nonce: u64) -> DeedInput {
    DeedInput::Seen { nonce: Nonce(nonce), time: TimeMs(1), now: TimeMs(1) }
}

fn signed(key: Hash32, nonce: u64) -> DeedInput {
    let transaction = vec![7; limits::TRANSACTION_BYTES_MAX];
    DeedInput::Signed { key, nonce: Nonce(nonce), id: key, valid_until: TimeMs(100), transaction }
}

fn key(number: usize) -> Hash32 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Hash32(bytes)
}

// FAULTS HB7
#[test]
fn deeds_under_way_and_ends_that_are_remembered_are_bounded() {
    let mut outbox = DeedOutbox::open([]);
    outbox.step(seen(0));
    for number in 0..DEEDS_MAX {
        outbox.send(key(number), call(1, limits::CALL_BYTES_MAX)).expect("room");
    }
    assert_eq!(outbox.send(key(DEEDS_MAX), call(1, 1)), Err(NotSent::Full));
    // Encoded otherwise by a newer version, it is the same deed.
    assert_eq!(outbox.send(key(0), call(2, 1)), Ok(Vec::new()));
    assert_eq!(outbox.send(key(0), call(1, limits::CALL_BYTES_MAX)), Ok(Vec::new()));
    let asked: Vec<DeedOutput> = outbox.step(seen(0));
    assert_eq!(asked.len(), IN_FLIGHT_MAX, "no more have a nonce at once");
    (0..IN_FLIGHT_MAX).for_each(|number| drop(outbox.step(signed(key(number), number as u64))));
    let records: Vec<usize> = outbox.records().iter().map(|record| record.to_bytes().len()).collect();
    assert!(records.iter().all(|bytes| *bytes <= OUTBOX_LOG.record_bytes_max), "{records:?}");
    assert!((records.iter().sum::<usize>() as u64) < OUTBOX_LOG.file_bytes_max / 4);

    let mut outbox = DeedOutbox::open([]);
    for number in 0..ENDED_MAX + 5 {
        outbox.step(seen(number as u64));
        outbox.send(key(number), call(1, 1)).expect("room");
        outbox.step(signed(key(number), number as u64));
        let end = DeedEnd { id: key(number), height: Height(1), code: 0 };
        outbox.step(DeedInput::Told { key: key(number), nonce: Nonce(number as u64), end: Some(end) });
    }
    assert_eq!(outbox.open_deeds(), 0);
    assert_eq!((outbox.state_of(&key(4)), outbox.records().len()), (None, 1 + 2 * ENDED_MAX));
    assert!(matches!(outbox.state_of(&key(5)), Some(DeedState::Ended(_))));
    outbox.step(DeedInput::Forget { key: key(5) });
    assert_eq!(outbox.state_of(&key(5)), None);
}

#[test]
fn records_have_one_form_and_strange_bytes_are_none() {
    let record =
        DeedRecord::Ended { key: key(1), nonce: Nonce(2), end: DeedEnd { id: key(3), height: Height(4), code: 5 } };
    assert_eq!(DeedRecord::from_bytes(&record.to_bytes()), Some(record.clone()));
    let mut longer = record.to_bytes();
    longer.push(0);
    assert_eq!(DeedRecord::from_bytes(&longer), None);
    assert_eq!(DeedRecord::from_bytes(&[9; 40]), None);
}

// FAULTS HV1
#[test]
fn what_can_no_longer_be_included_is_given_up_and_nothing_else() {
    let key = Hash32([1; 32]);
    let mut outbox = DeedOutbox::open([]);
    assert_eq!(outbox.abandon(&key), Some(Vec::new()), "nobody asked for it");
    outbox.send(key, call(1, 10)).expect("room");
    outbox.step(seen(0));
    assert_eq!(outbox.abandon(&key), Some(vec![DeedOutput::Keep(DeedRecord::Forgotten { key })]), "nothing is signed");
    assert_eq!((outbox.open_deeds(), outbox.state_of(&key)), (0, None));
    outbox.send(key, call(1, 10)).expect("room");
    outbox.step(seen(0));
    outbox.step(signed(key, 0));
    assert_eq!(outbox.abandon(&key), None, "it may be included");
    // Others have used its nonce.
    outbox.step(seen(1));
    let told = outbox.step(DeedInput::Told { key, nonce: Nonce(0), end: None });
    assert_eq!(told, [DeedOutput::Overtaken { nonce: Nonce(0) }, DeedOutput::Held { key }]);
    assert!(outbox.abandon(&key).is_some() && outbox.open_deeds() == 0);
    assert!(outbox.known() < Nonce(1));
    assert_eq!(outbox.pass(), [DeedOutput::Keep(DeedRecord::Passed { nonce: Nonce(1) })]);
    assert_eq!((outbox.known(), outbox.pass()), (Nonce(1), Vec::new()));
}

// FAULTS HV1
#[test]
fn whoever_else_uses_the_key_is_noticed_at_every_look_and_nothing_leaves_until_the_operators_word() {
    let [first, second] = [key(1), key(2)];
    let overtaken = |nonce| DeedOutput::Overtaken { nonce: Nonce(nonce) };
    // With nothing under way, after a first look at which all was well.
    let mut outbox = DeedOutbox::open([]);
    assert_eq!(outbox.step(seen(0)), []);
    assert_eq!((outbox.step(seen(1)), outbox.step(seen(2))), (vec![overtaken(0)], Vec::new()));
    let sent = outbox.send(first, call(1, 10)).expect("room");
    assert!(matches!(sent[..], [DeedOutput::Keep(_), DeedOutput::Held { key }] if key == first), "{sent:?}");
    assert_eq!(outbox.step(seen(2)), [DeedOutput::Held { key: first }]);
    assert_eq!(outbox.pass(), [DeedOutput::Keep(DeedRecord::Passed { nonce: Nonce(2) })]);
    let signs = outbox.step(seen(2));
    assert!(matches!(signs[..], [DeedOutput::Sign { nonce: Nonce(2), .. }]), "{signs:?}");
    // Planned and not signed.
    assert_eq!(outbox.step(seen(3)), [overtaken(2), DeedOutput::Held { key: first }]);
    // What was asked for before is signed too late.
    assert_eq!(outbox.step(signed(first, 2)), [DeedOutput::Held { key: first }]);
    outbox.pass();
    outbox.step(seen(3));
    // Signed and expired; a later one of its own hides nothing.
    outbox.step(signed(first, 3));
    outbox.send(second, call(2, 10)).expect("room");
    outbox.step(DeedInput::Seen { nonce: Nonce(3), time: TimeMs(101), now: TimeMs(101) });
    let until =
        DeedInput::Signed { key: second, nonce: Nonce(4), id: second, valid_until: TimeMs(200), transaction: vec![7] };
    outbox.step(until);
    let told = outbox.step(DeedInput::Seen { nonce: Nonce(5), time: TimeMs(102), now: TimeMs(102) });
    assert!(told.contains(&overtaken(3)) && told.contains(&DeedOutput::Held { key: first }), "{told:?}");
    let end = DeedEnd { id: second, height: Height(9), code: 0 };
    outbox.step(DeedInput::Told { key: second, nonce: Nonce(4), end: Some(end) });
    assert!(outbox.is_held() && outbox.known() == Nonce(5));
    // So it is after a start, also of a log that was written anew.
    let mut again = DeedOutbox::open(outbox.records());
    assert!(again.step(seen(5)).contains(&overtaken(3)) && again.is_held());
    again.pass();
    assert!(!again.is_held() && again.known() == Nonce(5));
    assert!(!DeedOutbox::open(again.records()).step(seen(5)).contains(&overtaken(3)));
}
