//! What holds payouts back, and what becomes of them over crashes. It must not open a port nor ask a node.

use service::account::Past;
use service::chain::Later;
use service::outbox::DeedState;
use types::{ByteString, Call, ModuleId};

use super::*;

/// An account that never sends: one call for each payee, and so many fit.
struct Still {
    past: Past,
    fits: usize,
    /// Whom it cannot pay.
    poison: Option<Address>,
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

    fn trust(&self) -> Later<'_, ()> {
        Box::pin(async {})
    }

    fn abandon(&self, _: Hash32) -> Later<'_, Option<bool>> {
        Box::pin(async { Some(true) })
    }

    fn is_used_elsewhere(&self) -> Later<'_, Option<bool>> {
        Box::pin(async { Some(false) })
    }

    fn fits(&self, calls: Vec<Call>) -> Later<'_, Result<(), String>> {
        let is_poisoned = self.poison.is_some_and(|poison| calls.iter().any(|call| *call.body == poison.0));
        let fits = calls.len() <= self.fits && !is_poisoned;
        Box::pin(async move { fits.then_some(()).ok_or_else(|| "too much".to_owned()) })
    }

    fn payments(&self, to: &[(Address, Amount)]) -> Vec<Call> {
        let body = |address: &Address| ByteString::new(address.0.to_vec()).expect("short");
        let call = |(address, _): &(Address, Amount)| Call { module: ModuleId(1), body: body(address) };
        to.iter().map(call).collect()
    }

    fn send(&self, _: Hash32, _: Vec<Call>) -> Later<'_, Result<DeedEnd, DeedError>> {
        Box::pin(std::future::pending())
    }

    fn state_of(&self, _: Hash32) -> Later<'_, Option<DeedState>> {
        Box::pin(async { None })
    }

    fn forget(&self, _: Hash32) -> Later<'_, ()> {
        Box::pin(async {})
    }
}

fn payee(number: u8) -> (Address, Amount) {
    (Address([number; 20]), Amount(u128::from(number)))
}

fn payer(log: &PayoutLog, past: Past, fits: usize, poison: Option<Address>) -> Payer {
    let account = Arc::new(Still { past, fits, poison });
    Payer::new(log.clone(), account, (Amount(1), true), [7; 32]).expect("room")
}

fn begun(number: u8) -> Note {
    Note::Begun { reference: Hash32([number; 32]), payments: vec![payee(number)] }
}

// FAULTS HV2
#[tokio::test]
async fn what_was_paid_and_may_be_owed_again_waits_for_the_operator_also_after_a_start() {
    let folder = tempfile::tempdir().expect("a directory");
    let open = || PayoutLog::open(folder.path()).expect("whole");
    let log = open();
    assert!(log.is_new() && payer(&log, Past::New, 9, None).payouts().may_pay(), "nothing was ever paid");
    let log = open();
    assert!(!log.is_new());
    // It was under way when the node stopped: it goes on.
    log.write(&begun(1)).expect("room");
    let payouts = payer(&open(), Past::Used, 9, None).payouts();
    assert!(payouts.may_pay() && payouts.open.borrow().is_some());
    // The account's log is gone, and with it what became of the payout.
    let payouts = payer(&open(), Past::New, 9, None).payouts();
    assert!(payouts.open.borrow().is_none() && payouts.trouble().expect("held").contains("the account's log is new"));
    let payouts = payer(&open(), Past::Used, 9, None).payouts();
    assert!(!payouts.may_pay(), "also after a start");
    assert!(payouts.pay().await.expect("the operator's word"));
    assert!(payouts.may_pay() && open().held().is_none());
    // The log is written anew with what still holds.
    log.hold("the book was damaged").expect("room");
    for _ in 0..40 {
        let payments = vec![payee(1); PAYEES_MAX];
        log.write(&Note::Begun { reference: Hash32([2; 32]), payments }).expect("room");
    }
    log.close(Hash32([2; 32])).expect("room");
    assert!(std::fs::metadata(folder.path().join("payouts")).expect("a file").len() < 200);
    assert_eq!(open().held().as_deref(), Some("the book was damaged"));
    // The log of payouts is gone, and the account has paid before.
    std::fs::remove_file(folder.path().join("payouts")).expect("own file");
    let payouts = payer(&open(), Past::Used, 9, None).payouts();
    assert!(payouts.trouble().expect("held").contains("the log of payouts is new"));
}

// FAULTS HV2
#[tokio::test]
async fn a_payment_that_is_under_way_is_not_marked_by_hand() {
    let folder = tempfile::tempdir().expect("a directory");
    let log = PayoutLog::open(folder.path()).expect("new");
    log.write(&begun(1)).expect("room");
    let payouts = payer(&log, Past::Used, 9, None).payouts();
    assert!(payouts.turn_to_mark(&payee(1).0).await.is_none());
    let turn = payouts.turn_to_mark(&payee(2).0).await.expect("nobody pays it now");
    assert!(payouts.turn.try_lock().is_err(), "no payout begins before it is noted");
    drop(turn);
}

#[tokio::test]
async fn as_many_are_paid_as_fit_and_one_that_cannot_be_holds_up_no_other() {
    let folder = tempfile::tempdir().expect("a directory");
    let log = PayoutLog::open(folder.path()).expect("new");
    let due: Vec<_> = (1..=8).map(payee).collect();
    for (fits, poison, expected) in [(8, None, 1..9), (3, None, 1..3), (1, None, 1..2), (8, Some(1), 2..9)] {
        let payer = payer(&log, Past::Unused, fits, poison.map(|number| payee(number).0));
        let found = payer.fitting(due.clone()).await.expect("some fit");
        assert_eq!(found, expected.map(payee).collect::<Vec<_>>(), "{fits} {poison:?}");
    }
    let nothing = payer(&log, Past::Unused, 0, None).fitting(due).await;
    assert_eq!(nothing, Err("too much".to_owned()));
}

// FAULTS HV2
#[tokio::test]
async fn logs_a_book_and_an_account_that_do_not_go_together_hold_payouts() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("payouts");
    let start = |past| {
        let log = PayoutLog::open(folder.path()).expect("whole");
        (log.clone(), payer(&log, past, 9, None))
    };
    let why = |log: &PayoutLog| log.held().expect("held");
    // A new pool.
    let (log, first) = start(Past::New);
    first.compare(false, 0, 0).expect("room");
    assert_eq!(log.held(), None);
    // The book grows, and is seen with a payout.
    log.see_book(7).expect("room");
    let (log, again) = start(Past::Used);
    again.compare(false, 9, 2).expect("room");
    assert_eq!(log.held(), None);
    // An older copy of the book alone; it is said once, and holds until the operator says so.
    let (log, older) = start(Past::Used);
    older.compare(false, 8, 2).expect("room");
    assert!(why(&log).contains("older copy"));
    let (log, later) = start(Past::Used);
    later.compare(false, 8, 2).expect("room");
    assert!(log.held().is_some() && later.payouts().pay().await.expect("room"));
    let (log, released) = start(Past::Used);
    released.compare(false, 8, 2).expect("room");
    assert_eq!(log.held(), None);
    // The account was used by others.
    released.compare(true, 8, 2).expect("room");
    assert!(why(&log).contains("another program"));
    // The book alone, on a new machine.
    std::fs::remove_file(&path).expect("own file");
    let (log, moved) = start(Past::New);
    moved.compare(false, 8, 2).expect("room");
    assert!(why(&log).contains("the book of shares is not"));
}

// FAULTS HV2
#[tokio::test]
async fn a_payout_of_which_nothing_can_be_included_is_given_up_and_owed_still() {
    let folder = tempfile::tempdir().expect("a directory");
    let log = PayoutLog::open(folder.path()).expect("new");
    log.write(&begun(1)).expect("room");
    let mut payer = payer(&log, Past::Used, 9, None);
    let open = log.open_payout().expect("it was begun");
    assert_eq!(payer.give_up(&open).await.expect("room"), Some(true));
    assert!(log.open_payout().is_none() && payer.payouts().open.borrow().is_none());
}
