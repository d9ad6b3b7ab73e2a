//! What holds payouts back, and what becomes of them over crashes. It must not open a port nor ask a node.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use service::account::Past;
use service::chain::Later;
use service::outbox::DeedState;
use stratum::service::{FolderShares, Ports, ProofSink, Service};
use stratum::{Config, Entry, Payment, Port, Proof, Share, Verdict, Worker, WorkerName, ledger};
use types::{ByteString, Call, ModuleId, SystemCall};

use super::fitting::fitting;
use super::*;

/// An account that never sends: one call for each payee, and so many fit.
struct Still {
    past: Past,
    known: Nonce,
    fits: usize,
    /// Whom it cannot pay.
    poison: Vec<Address>,
    /// Whether others use its key.
    is_held: AtomicBool,
    /// Its nonce on the chain.
    seen: AtomicU64,
    /// The deed that it has.
    deed: Option<Hash32>,
    /// What comes to hold payouts while it is asked for what it knows.
    meanwhile: std::sync::Mutex<Option<(PayoutLog, &'static str)>>,
}

impl Still {
    fn new(past: Past) -> Self {
        let (is_held, seen, meanwhile) = Default::default();
        Self { past, known: Nonce(0), fits: 9, poison: Vec::new(), is_held, seen, deed: None, meanwhile }
    }
}

impl ServiceAccount for Still {
    fn address(&self) -> Address {
        Address([9; 20])
    }

    fn balance(&self) -> Option<Amount> {
        None
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn past(&self) -> Past {
        self.past
    }

    fn begin(&self) -> Later<'_, ()> {
        Box::pin(async {})
    }

    fn trust(&self, seen: Nonce) -> Later<'_, bool> {
        let is_right = self.seen.load(Ordering::Relaxed) == seen.0;
        if is_right {
            self.is_held.store(false, Ordering::Relaxed);
        }
        Box::pin(async move { is_right })
    }

    fn seen(&self) -> Later<'_, Option<Nonce>> {
        Box::pin(async { Some(Nonce(self.seen.load(Ordering::Relaxed))) })
    }

    fn abandon(&self, key: Hash32) -> Later<'_, Option<bool>> {
        Box::pin(async move { Some(self.deed != Some(key)) })
    }

    fn is_used_elsewhere(&self) -> Later<'_, Option<bool>> {
        Box::pin(async { Some(false) })
    }

    fn known(&self) -> Later<'_, Option<Nonce>> {
        if let Some((log, why)) = self.meanwhile.lock().expect("nobody panicked").take() {
            log.hold(why).expect("room");
        }
        Box::pin(async { Some(self.known) })
    }

    fn fits(&self, calls: Vec<Call>) -> Later<'_, Result<(), Unfit>> {
        let is_poisoned = self.poison.iter().any(|poison| calls.iter().any(|call| *call.body == poison.0));
        let fits = calls.len() <= self.fits && !is_poisoned;
        let said = match self.is_held.load(Ordering::Relaxed) {
            true => Err(Unfit::Held),
            false => fits.then_some(()).ok_or_else(|| Unfit::Now("too much".to_owned())),
        };
        Box::pin(async move { said })
    }

    fn payments(&self, to: &[(Address, Amount)]) -> Vec<Call> {
        let body = |address: &Address| ByteString::new(address.0.to_vec()).expect("short");
        let call = |(address, _): &(Address, Amount)| Call { module: ModuleId(1), body: body(address) };
        to.iter().map(call).collect()
    }

    fn send(&self, _: Hash32, _: Vec<Call>) -> Later<'_, Result<DeedEnd, DeedError>> {
        Box::pin(std::future::pending())
    }

    fn state_of(&self, key: Hash32) -> Later<'_, Option<DeedState>> {
        Box::pin(async move { self.deed.filter(|deed| *deed == key).map(|_| DeedState::Signed) })
    }

    fn forget(&self, _: Hash32) -> Later<'_, ()> {
        Box::pin(async {})
    }
}

fn payee(number: u8) -> (Address, Amount) {
    (Address([number; 20]), Amount(u128::from(number)))
}

fn payer(log: &PayoutLog, past: Past) -> Payer {
    payer_of(log, Still::new(past))
}

fn payer_of(log: &PayoutLog, account: Still) -> Payer {
    Payer::new(log.clone(), Arc::new(account), (Amount(1), true), [7; 32]).expect("room")
}

/// More than the file may hold, were it not written anew; of which nothing is left open.
fn write_much(log: &PayoutLog) {
    for _ in 0..80 {
        let payments = vec![payee(1); PAYEES_MAX];
        log.write(&Note::Begun { reference: Hash32([2; 32]), payments }).expect("room");
    }
    log.close(Hash32([2; 32])).expect("room");
}

/// The operator's word on every reason that was told, by a node that has compared everything.
async fn release(payouts: &Payouts) -> Wish {
    payouts.log.compared();
    let told = payouts.held().expect("held");
    let (_, word) = told.rsplit_once("--release ").expect("the word is told");
    payouts.pay(Some(word.trim_end_matches('`'))).await.expect("room")
}

const LIFTED: Wish = Wish::Taken { hold_lifted: true };

fn begun(number: u8) -> Note {
    Note::Begun { reference: Hash32([number; 32]), payments: vec![payee(number)] }
}

// FAULTS HV2
#[tokio::test]
async fn what_was_paid_and_may_be_owed_again_waits_for_the_operator_also_after_a_start() {
    let folder = tempfile::tempdir().expect("a directory");
    let open = || PayoutLog::open(folder.path()).expect("whole");
    let log = open();
    assert!(log.is_new() && payer(&log, Past::New).payouts().may_pay(), "nothing was ever paid");
    let log = open();
    assert!(!log.is_new());
    // It was under way when the node stopped: it goes on.
    log.write(&begun(1)).expect("room");
    let payouts = payer(&open(), Past::Used).payouts();
    assert!(payouts.may_pay() && payouts.open.borrow().is_some());
    // The account's log is gone, and with it what became of the payout.
    let payouts = payer(&open(), Past::New).payouts();
    assert!(payouts.open.borrow().is_none() && payouts.trouble().expect("held").contains("the account's log is new"));
    let payouts = payer(&open(), Past::Used).payouts();
    assert!(!payouts.may_pay(), "also after a start");
    assert_eq!(payouts.pay(None).await.expect("room"), Wish::Held, "the wish to pay is no word on what holds it back");
    assert_eq!(release(&payouts).await, LIFTED);
    assert_eq!(payouts.pay(None).await.expect("room"), Wish::Taken { hold_lifted: false });
    assert!(payouts.may_pay() && open().held().is_none());
    // The log is written anew with what still holds.
    log.hold("the book was damaged").expect("room");
    write_much(&log);
    assert!(std::fs::metadata(folder.path().join("payouts")).expect("a file").len() < 2 << 20);
    assert_eq!(open().held().as_deref(), Some("the book was damaged"));
    // The log of payouts is gone, and the account has paid before.
    std::fs::remove_file(folder.path().join("payouts")).expect("own file");
    let payouts = payer(&open(), Past::Used).payouts();
    assert!(payouts.trouble().expect("held").contains("the log of payouts is new"));
}

// FAULTS HV2
#[tokio::test]
async fn a_payment_that_is_under_way_is_not_marked_by_hand() {
    let folder = tempfile::tempdir().expect("a directory");
    drop(PayoutLog::open(folder.path()).expect("new"));
    let log = PayoutLog::open(folder.path()).expect("whole");
    log.write(&begun(1)).expect("room");
    let payouts = payer(&log, Past::Used).payouts();
    assert!(payouts.turn_to_mark(&payee(1).0).await.is_none());
    let turn = payouts.turn_to_mark(&payee(2).0).await.expect("nobody pays it now");
    assert!(payouts.turn.try_lock().is_err(), "no payout begins before it is noted");
    drop(turn);
}

// FAULTS HV2
#[tokio::test]
async fn as_many_are_paid_as_fit_and_those_who_cannot_be_hold_up_nobody() {
    let due: Vec<_> = (1..=8).map(payee).collect();
    let poisoned = |range: std::ops::Range<u8>| range.map(|number| payee(number).0).collect::<Vec<_>>();
    for (fits, poison, expected) in
        [(8, 0..0, 1..9), (3, 0..0, 1..4), (1, 0..0, 1..2), (8, 1..2, 2..9), (8, 1..8, 8..9), (2, 1..4, 4..6)]
    {
        let account = Still { fits, poison: poisoned(poison.clone()), ..Still::new(Past::Unused) };
        let found = fitting(&account, &due).await.payments.expect("some fit");
        assert_eq!(found, expected.map(payee).collect::<Vec<_>>(), "{fits} {poison:?}");
    }
    let nothing = fitting(&Still { fits: 0, ..Still::new(Past::Unused) }, &due).await;
    assert_eq!(nothing.payments, Err(Unfit::Now("too much".to_owned())));
    // A thousand who are due, of whom the first seven cannot be paid.
    let payee = |number: u16| {
        let mut bytes = [0; 20];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        (Address(bytes), Amount(5))
    };
    let due: Vec<_> = (1..=1_000).map(payee).collect();
    let unpaid = |count: usize| due[..count].iter().map(|(address, _)| *address).collect::<Vec<_>>();
    let account = Still { fits: 1_000, poison: unpaid(7), ..Still::new(Past::Unused) };
    assert_eq!(fitting(&account, &due).await.payments.expect("some fit"), due[7..]);
    // More than one attempt gets past: the next begins behind them, and comes round.
    let account = Still { fits: 1_000, poison: unpaid(200), ..Still::new(Past::Unused) };
    let (mut first, mut paid) = (Address([0; 20]), Vec::new());
    for _ in 0..20 {
        let place = due.partition_point(|(address, _)| *address < first);
        let found = fitting(&account, &[&due[place..], &due[..place]].concat()).await;
        first = found.next;
        paid.extend(found.payments.unwrap_or_default());
    }
    paid.sort_unstable();
    paid.dedup();
    assert_eq!(paid, due[200..]);
}

// FAULTS HV2
#[tokio::test]
async fn only_whoever_was_told_that_others_use_the_account_can_have_it_go_on() {
    let folder = tempfile::tempdir().expect("a directory");
    drop(PayoutLog::open(folder.path()).expect("new"));
    let log = PayoutLog::open(folder.path()).expect("whole");
    let payer = payer_of(&log, Still { is_held: AtomicBool::new(true), ..Still::new(Past::Used) });
    let payouts = payer.payouts();
    // Nobody has been told: the operator's word is about something else.
    assert_eq!(payouts.pay(None).await.expect("room"), Wish::Held);
    let told = payouts.would_pay(&[payee(1)]).await.expect_err("held");
    assert!(told.contains("another program") && told.contains("thronosd mining owed"), "{told}");
    assert_eq!(payouts.would_pay(&[payee(1)]).await, Err(told));
    assert!(PayoutLog::open(folder.path()).expect("whole").held().is_some(), "also after a start");
    assert_eq!(release(&payouts).await, LIFTED);
    assert_eq!(payouts.would_pay(&[payee(1)]).await, Ok(vec![payee(1)]));
}

// FAULTS HV2
#[tokio::test]
async fn logs_a_book_and_an_account_that_do_not_go_together_hold_payouts() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("payouts");
    let start = |past| {
        let log = PayoutLog::open(folder.path()).expect("whole");
        (log.clone(), payer(&log, past))
    };
    let why = |log: &PayoutLog| log.held().expect("held");
    // A new pool.
    let (log, first) = start(Past::New);
    log.compare_book(0).expect("room");
    first.compare(false, Nonce(0), false, 0).expect("room");
    assert_eq!(log.held(), None);
    // The book grows, and is seen with a payout. Whoever comes later with an earlier number has seen nothing that is older.
    log.see_book(7).expect("room");
    log.see_book(6).expect("room");
    let (log, again) = start(Past::Used);
    log.compare_book(9).expect("room");
    again.compare(false, Nonce(0), false, 2).expect("room");
    assert_eq!(log.held(), None);
    // An older copy of the book alone; it is said once, and holds until the operator says so.
    let (log, _) = start(Past::Used);
    log.compare_book(8).expect("room");
    assert!(why(&log).contains("older copy"));
    let (log, later) = start(Past::Used);
    log.compare_book(8).expect("room");
    assert_eq!(release(&later.payouts()).await, LIFTED);
    let (log, released) = start(Past::Used);
    log.compare_book(8).expect("room");
    assert_eq!(log.held(), None);
    // The account was used by others.
    released.compare(true, Nonce(0), false, 2).expect("room");
    assert!(why(&log).contains("another program"));
    // The book alone, on a new machine.
    std::fs::remove_file(&path).expect("own file");
    let (log, moved) = start(Past::New);
    log.compare_book(8).expect("room");
    moved.compare(false, Nonce(0), false, 2).expect("room");
    assert!(why(&log).contains("the book of shares is not"));
}

// FAULTS HV2
#[tokio::test]
async fn a_log_of_payouts_that_knows_less_than_the_accounts_holds_payouts() {
    let folder = tempfile::tempdir().expect("a directory");
    drop(PayoutLog::open(folder.path()).expect("new"));
    let log = PayoutLog::open(folder.path()).expect("whole");
    let knows = |log: &PayoutLog, known| payer_of(log, Still { known: Nonce(known), ..Still::new(Past::Used) });
    let compare = |log: &PayoutLog, known| knows(log, known).compare(false, Nonce(known), false, 2).expect("room");
    log.see_account(Nonce(4)).expect("room");
    compare(&log, 4);
    // The payout that is open may have used one nonce since.
    log.write(&begun(1)).expect("room");
    knows(&log, 5).compare(false, Nonce(5), true, 2).expect("room");
    assert_eq!(log.held(), None);
    knows(&log, 5).close(Hash32([1; 32])).await.expect("room").expect("it runs");
    assert_eq!((log.noted().known, log.open_payout(), log.held()), (Some(Nonce(5)), None, None));
    // The book and the log of payouts from before a payment that the account's log has.
    compare(&log, 6);
    assert!(log.held().expect("held").contains("older copy than that of the account"));
    // The operator's word is about all that the account knows then, and is kept when the log is written anew.
    let mut account = Still::new(Past::Used);
    account.known = Nonce(9);
    assert_eq!(release(&payer_of(&log, account).payouts()).await, LIFTED);
    write_much(&log);
    let log = PayoutLog::open(folder.path()).expect("whole");
    compare(&log, 9);
    assert_eq!((log.noted().known, log.held()), (Some(Nonce(9)), None));
    // An account is named for the first time in a pool that had shares and a log without one; or the log is from before the first payment.
    let is_new = "the book of shares is not";
    for (past, why) in [(Past::New, is_new), (Past::Unused, is_new), (Past::Used, "older copy")] {
        let other = tempfile::tempdir().expect("a directory");
        drop(PayoutLog::open(other.path()).expect("new"));
        let log = PayoutLog::open(other.path()).expect("whole");
        payer(&log, past).compare(false, Nonce(0), false, 2).expect("room");
        assert!(log.held().expect("held").contains(why));
    }
}

// FAULTS HV2
#[tokio::test]
async fn a_payout_of_which_nothing_can_be_included_is_given_up_and_owed_still() {
    let folder = tempfile::tempdir().expect("a directory");
    drop(PayoutLog::open(folder.path()).expect("new"));
    let log = PayoutLog::open(folder.path()).expect("whole");
    log.write(&begun(1)).expect("room");
    let mut payer = payer(&log, Past::Used);
    let open = log.open_payout().expect("it was begun");
    assert_eq!(payer.give_up(&open).await.expect("room"), Some(true));
    assert!(log.open_payout().is_none() && payer.payouts().open.borrow().is_none());
}

// FAULTS HV2: the log of payouts and the book were copied while a payout was under way, and the account has closed and forgotten it since.
#[tokio::test]
async fn a_payout_that_is_open_and_that_the_account_has_forgotten_holds_payouts() {
    // What was noted before the payout was begun and after that, what the account knows now, whether it has the payout.
    for (later, known, has_open, is_held) in [
        (4, 4, false, false),
        (4, 4, true, false),
        (4, 5, true, false),
        (4, 5, false, true),
        (4, 6, true, true),
        // A start in between has noted what the payout used, and then the copy was made.
        (5, 5, true, false),
        (5, 5, false, true),
        // And since that start the account has paid something else.
        (5, 6, true, true),
    ] {
        let folder = tempfile::tempdir().expect("a directory");
        let log = PayoutLog::open(folder.path()).expect("new");
        log.see_account(Nonce(4)).expect("room");
        log.write(&begun(1)).expect("room");
        log.see_account(Nonce(later)).expect("room");
        let log = PayoutLog::open(folder.path()).expect("whole");
        let deed = has_open.then_some(Hash32([1; 32]));
        let mut payer = payer_of(&log, Still { known: Nonce(known), deed, ..Still::new(Past::Used) });
        payer.look_at_what_was_left(2, false).await.expect("room").expect("it runs");
        assert_eq!(log.held().is_some(), is_held, "{later} {known} {has_open}");
        // Nothing of one that is forgotten can be included any more: what it paid is owed still until the operator has compared.
        assert_eq!(log.open_payout().is_some(), !is_held || has_open, "{later} {known} {has_open}");
        assert_eq!(payer.payouts().may_pay(), !is_held, "{later} {known} {has_open}");
    }
}

// FAULTS HV2
#[tokio::test]
async fn every_reason_to_hold_payouts_is_told_and_a_word_on_another_trusts_no_account() {
    let folder = tempfile::tempdir().expect("a directory");
    drop(PayoutLog::open(folder.path()).expect("new"));
    let log = PayoutLog::open(folder.path()).expect("whole");
    let account = Arc::new(Still::new(Past::Used));
    let payer = Payer::new(log.clone(), account.clone(), (Amount(1), true), [7; 32]).expect("room");
    let payouts = payer.payouts();
    let mut shown = log.watch_held();
    log.hold("the book was damaged").expect("room");
    assert_eq!(shown.borrow_and_update().len(), 1);
    // A copy of this home pays while payouts are held for something else, and nobody has looked yet.
    account.is_held.store(true, Ordering::Relaxed);
    assert_eq!(release(&payouts).await, Wish::Held, "there is a reason that was not told");
    assert!(account.is_held.load(Ordering::Relaxed), "nobody has told that others use the key");
    assert!(payouts.would_pay(&[payee(1)]).await.expect_err("held").contains("another program"));
    assert_eq!(release(&payouts).await, LIFTED);
    // Held for two reasons, the second of which came later: both are told, here and by whoever watches.
    account.is_held.store(true, Ordering::Relaxed);
    log.hold("a mark did not fit").expect("room");
    let _ = shown.borrow_and_update();
    payouts.look_at_account().await.expect("room");
    assert!(shown.has_changed().expect("it is there") && shown.borrow_and_update().len() == 2);
    for log in [log.clone(), PayoutLog::open(folder.path()).expect("whole")] {
        let told = log.held().expect("held");
        assert!(told.contains("a mark did not fit") && told.contains("another program"), "{told}");
    }
    payouts.look_at_account().await.expect("room");
    assert_eq!(log.reasons().len(), 2, "each is said once");
    assert_eq!(release(&payouts).await, LIFTED);
    assert!(!account.is_held.load(Ordering::Relaxed) && log.held().is_none());
    // One that is found between what was told and the word, or while that is carried out, is not dropped.
    for is_late in [false, true] {
        log.hold("the book was damaged").expect("room");
        let word = log.held_and_word().expect("held").1.expect("all is compared");
        let why = "a payment was made that the book of shares does not take";
        if is_late {
            *account.meanwhile.lock().expect("nobody panicked") = Some((log.clone(), why));
        } else {
            log.hold(why).expect("room");
        }
        assert_eq!(payouts.pay(Some(&word)).await.expect("room"), Wish::Held);
        let told = payouts.trouble().expect("held");
        assert!(told.contains("damaged; besides, a payment was made"), "{told}");
        assert_eq!(release(&payouts).await, LIFTED);
        assert_eq!(payouts.pay(Some(&word)).await.expect("room"), Wish::Taken { hold_lifted: false });
    }
    // The same reason again: the word from before is none.
    log.hold("the book was damaged").expect("room");
    let word = || log.held_and_word().expect("held").1;
    let before = word();
    // While it is held, and after it was lifted.
    log.hold("the book was damaged").expect("room");
    assert_eq!(payouts.pay(before.as_deref()).await.expect("room"), Wish::Held);
    assert_eq!(release(&payouts).await, LIFTED);
    log.hold("the book was damaged").expect("room");
    assert_eq!(payouts.pay(before.as_deref()).await.expect("room"), Wish::Held);
    assert_eq!(release(&payouts).await, LIFTED);
    // Others have sent more since that was told: the word is about what they had sent then.
    account.is_held.store(true, Ordering::Relaxed);
    account.seen.store(5, Ordering::Relaxed);
    payouts.look_at_account().await.expect("room");
    let told = word();
    payouts.look_at_account().await.expect("room");
    assert_eq!(word(), told, "nothing has changed");
    account.seen.store(6, Ordering::Relaxed);
    assert_eq!(payouts.pay(told.as_deref()).await.expect("room"), Wish::Held);
    assert!(account.is_held.load(Ordering::Relaxed));
    assert_eq!(release(&payouts).await, LIFTED);
}

// FAULTS HV2
#[tokio::test]
async fn that_others_used_an_account_which_is_no_longer_held_is_lifted_by_its_word_too() {
    let folder = tempfile::tempdir().expect("a directory");
    drop(PayoutLog::open(folder.path()).expect("new"));
    let used = Arc::new(Still { is_held: AtomicBool::new(true), ..Still::new(Past::Used) });
    let log = PayoutLog::open(folder.path()).expect("whole");
    let payer = Payer::new(log, used, (Amount(1), true), [7; 32]).expect("room");
    payer.payouts().look_at_account().await.expect("room");
    // The operator names another key, or the process ended between the account's word and that of the payouts.
    let log = PayoutLog::open(folder.path()).expect("whole");
    let payer = Payer::new(log.clone(), Arc::new(Still::new(Past::Used)), (Amount(1), true), [8; 32]).expect("room");
    assert!(log.held().expect("held still").contains("another program"));
    assert_eq!(release(&payer.payouts()).await, LIFTED);
    assert!(PayoutLog::open(folder.path()).expect("whole").held().is_none(), "also after a start");
}

// FAULTS HV2
#[tokio::test]
async fn there_is_no_word_before_everything_is_compared_and_a_word_of_another_run_is_none() {
    let folder = tempfile::tempdir().expect("a directory");
    drop(PayoutLog::open(folder.path()).expect("new"));
    let mut words = Vec::new();
    for secret in [[1; 32], [2; 32]] {
        let log = PayoutLog::open(folder.path()).expect("whole");
        log.hold("the book was damaged").expect("room");
        let account = Arc::new(Still::new(Past::Used));
        let mut payer = Payer::new(log.clone(), account, (Amount(1), true), secret).expect("room");
        let payouts = payer.payouts();
        let held = payouts.held().expect("held");
        assert!(held.contains("then ask again") && !held.contains("--release"), "{held}");
        assert_eq!(payouts.pay(Some("00000000")).await.expect("room"), Wish::Held);
        payer.look_at_what_was_left(0, false).await.expect("room").expect("it runs");
        words.push(payouts.held_and_word().1.expect("all is compared"));
        assert!(words.iter().skip(1).all(|word| *word != words[0]), "{words:?}");
    }
}

// FAULTS HV2: a pool that pays by hand never closes a payout, and each of its commands writes down how long the book is.
#[test]
fn the_log_of_payouts_stays_short_whatever_is_written_and_keeps_what_holds() {
    let folder = tempfile::tempdir().expect("a directory");
    let bytes = || std::fs::metadata(folder.path().join("payouts")).expect("a file").len();
    let log = PayoutLog::open(folder.path()).expect("new");
    log.see_account(Nonce(3)).expect("room");
    log.hold("the book was damaged").expect("room");
    log.write(&begun(1)).expect("room");
    // One from before, which grew as long as it could.
    log.fill();
    log.see_book(1).expect("a log that is full is written anew");
    assert!(bytes() < 1 << 20, "{}", bytes());
    let notes: Vec<_> = (2..60_000).map(|sequence| Note::Book { sequence }.to_bytes()).collect();
    log.append_all(&notes);
    assert!(bytes() > 1 << 20, "{}", bytes());
    for sequence in 60_000..60_003 {
        log.see_book(sequence).expect("room");
        assert!(bytes() < 1_000, "{}", bytes());
    }
    let again = PayoutLog::open(folder.path()).expect("whole");
    assert!(!again.is_new());
    assert_eq!((again.held(), again.noted().known), (Some("the book was damaged".to_owned()), Some(Nonce(3))));
    again.compare_book(60_001).expect("room");
    assert_eq!(again.reasons().len(), 2, "how long the book was is known still");
}

/// Nobody's proofs.
struct NoChain;

impl ProofSink for NoChain {
    fn call(&self, _: &Proof) -> Option<SystemCall> {
        None
    }

    fn submit(&self, _: &Proof, _: SystemCall) -> stratum::service::Later<Verdict> {
        unreachable!("nobody mines")
    }
}

/// The book of a port without miners that owes this much to one address.
fn port_that_owes(folder: &Path, address: Address, owed: u128) -> Service {
    let worker = Worker { address, name: WorkerName::from_untrusted("a") };
    let share = Share { time_ms: 1, work_height: 1, worker, hash: [1; 32], billionths: 1_000_000_000, is_pooled: true };
    let income = Entry::Income { reference: Hash32([1; 32]), amount: owed, fee: 0 };
    let work = Entry::Work { work_height: 1, window_billionths: 1_000_000_000_000 };
    let entries = [work, Entry::Share(share), income];
    let journal: Vec<u8> = (1..).zip(&entries).flat_map(|(sequence, entry)| ledger::encode(sequence, entry)).collect();
    std::fs::write(folder.join("shares.journal"), journal).expect("room");
    let ports = Ports {
        work: watch::channel(None).1,
        proofs: Arc::new(NoChain),
        shares: Box::new(FolderShares::open(folder).expect("a folder")),
        receipts: None,
        events: Box::new(|_| {}),
        admission: None,
    };
    let port = Port::new(Payment::Pplns { operator: Address([9; 20]) });
    Service::start(Config::new(types::Network::Test, vec![port]), [1; 32], Vec::new(), ports, || 2).expect("a service")
}

// FAULTS HV2: the book is an older copy, and a payout that it has as too much had to be waited for.
#[tokio::test]
async fn a_payment_of_more_than_the_book_owes_takes_off_what_it_owes_and_holds_payouts() {
    let folder = tempfile::tempdir().expect("a directory");
    let address = Address([1; 20]);
    let service = port_that_owes(folder.path(), address, 3);
    let handle = service.handle();
    let owed = || handle.ask(move |server| server.book().owed_from(address).next());
    assert_eq!(owed().await.expect("it runs"), Some((address, 3)));
    drop(PayoutLog::open(folder.path()).expect("new"));
    let log = PayoutLog::open(folder.path()).expect("whole");
    let payer = payer(&log, Past::Used);
    let payout = Payout { reference: Hash32([7; 32]), payments: vec![(address, Amount(5))] };
    // Also when the node stopped between the mark and the end, and it is marked again.
    for _ in 0..2 {
        payer.mark(&handle, &payout).await.expect("room").expect("it runs");
        assert_eq!(owed().await.expect("it runs"), None, "it has been paid that and more");
        assert_eq!(log.reasons(), ["a payment was made that the book of shares does not take"]);
    }
    service.stop().await.expect("a clean stop");
}
