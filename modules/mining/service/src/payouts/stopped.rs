//! Looking at what a stopped node keeps of payouts: its log, and whether that, the account's log and the book go together.
//!
//! What a start would hold payouts for is found by the same functions. It must not change a file.

use std::path::Path;

use service::kept::{ACCOUNT_LOG, look_at_account, past_of};
use service::log::look_at;
use service::outbox::DeedOutbox;
use service::{Finding, FolderFindings, Past};
use stratum::Book;
use types::Nonce;

use super::doubt;
use super::log::FILE;
use super::note::{LOG, Left, left_by};

/// Looks at the log of payouts, and at whether it goes together with the account's and with the book, where that is whole.
pub(crate) fn look(folder: &Path, book: Option<&Book>, has_account: bool) -> FolderFindings {
    let mut left = None;
    let knows = |records: &[Vec<u8>]| {
        left = left_by(records);
        left.is_some()
    };
    let mut findings = look_at(&folder.join(FILE), LOG, knows);
    let (of_account, account) = look_at_account(folder);
    // What is damaged is told by itself, and a start that needs it is refused.
    if findings.wrong.is_empty() && of_account.wrong.is_empty() {
        let told = doubts(left.as_ref(), account.as_ref(), book, has_account);
        // A start goes on with these as they are, and waits for the operator's word before it pays: nothing is to be mended.
        findings.held.extend(told.into_iter().map(|(file, what)| Finding::new(folder.join(file), what)));
        let is_missing = left.is_none() && book.is_some_and(|book| book.incomes() > 0);
        if is_missing && account.is_none() && !has_account {
            findings.wrong.push(Finding::new(folder.join(FILE), MISSING_BY_HAND));
        }
    }
    findings
}

/// What is said of a pool that pays by hand: no payout of it is held.
const MISSING_BY_HAND: &str =
    "it is missing: a start begins it anew, and cannot tell whether the shares are an older copy";

/// What of these files does not go together, so that a start holds payouts, by file. What is not there is nothing; a book that is damaged is told by itself.
fn doubts(
    left: Option<&Left>,
    account: Option<&DeedOutbox>,
    book: Option<&Book>,
    has_account: bool,
) -> Vec<(&'static str, String)> {
    let would_hold = |why: &str| {
        format!(
            "{why}; a start that pays holds payouts until the operator lets them go on, and `thronosd mining owed` says then how"
        )
    };
    let is_new = left.is_none();
    let nothing = Left::default();
    let left = left.unwrap_or(&nothing);
    let held =
        left.held.iter().map(|why| (FILE, format!("payouts are held until the operator lets them go on: {why}")));
    let mut told: Vec<_> = held.collect();
    let of_book = book.and_then(|book| doubt::of_book(left.sequence, book.sequence()));
    told.extend(of_book.map(|why| ("shares.journal", would_hold(why))));
    let incomes = book.map_or(0, Book::incomes);
    let past = account.map_or(Past::New, past_of);
    let has_open = left.open.as_ref().is_some_and(|open| {
        let is_known = account.is_some_and(|account| account.state_of(&open.reference).is_some());
        is_known || book.is_some_and(|book| open.is_marked_in(book))
    });
    let known = account.map_or(Nonce(0), DeedOutbox::known);
    let beside = doubt::Account { past, known, has_open };
    // A pool that pays by hand has no account.
    let is_paying = has_account || account.is_some() || left.noted.known.is_some() || left.open.is_some();
    let of_opening = doubt::of_opening(is_new, left.open.is_some(), past);
    if of_opening.is_some() && is_paying {
        // A start begins the one that is not there, and calls it new.
        let (file, why) = match is_new {
            true => (FILE, "it is missing, and the account's log knows of payments"),
            false => (ACCOUNT_LOG, "it is missing, and a payout was under way"),
        };
        told.push((file, would_hold(why)));
    } else if let Some(why) = doubt::of_account(left.noted, &beside, incomes).filter(|_| is_paying) {
        let missing = if is_new { "it is missing, and " } else { "" };
        told.push((FILE, would_hold(&format!("{missing}{why}"))));
    } else if left.open.is_none() && left.noted.known.is_some_and(|noted| noted > known) {
        // Where it is so, a start sees it on the chain.
        let what = match account {
            Some(_) => "it knows less than the log of payouts: it is an older copy, or another account's",
            None => "it is missing, and the log of payouts knows of payments that it had",
        };
        told.push((ACCOUNT_LOG, would_hold(what)));
    }
    told
}

#[cfg(test)]
mod tests {
    use service::outbox::{DeedEnd, DeedRecord};
    use stratum::{Entry, Share, Worker, WorkerName};
    use types::{Address, Amount, Hash32, Height};

    use super::*;
    use crate::payouts::Payout;

    fn book(entries: u64) -> Book {
        let mut book = Book::default();
        for below in 0..u32::try_from(entries).expect("few") {
            book.apply(&Entry::Extranonces { below }).expect("it fits");
        }
        book
    }

    /// An account that has used so many nonces, and has this deed.
    fn account(used: u64, deed: Option<u8>) -> DeedOutbox {
        let address = Address([9; 20]);
        let deed = deed.map(|deed| DeedRecord::Planned { key: Hash32([deed; 32]), calls: Vec::new() });
        let first = [DeedRecord::Account { address }, DeedRecord::Passed { nonce: Nonce(used) }];
        DeedOutbox::open(first.into_iter().chain(deed))
    }

    fn left(sequence: u64, known: Option<u64>, open: Option<u8>) -> Left {
        let payout = |number| Payout { reference: Hash32([number; 32]), payments: vec![(Address([1; 20]), Amount(5))] };
        let known = known.map(Nonce);
        let noted = doubt::Noted { known, at_begin: known.filter(|_| open.is_some()) };
        Left { sequence, noted, open: open.map(payout), ..Left::default() }
    }

    // FAULTS HV2
    #[test]
    fn files_of_a_pool_that_do_not_go_together_are_named_with_what_a_start_would_hold() {
        let seven = book(7);
        let none = (None, None, None);
        let whole = (Some(left(7, Some(3), None)), Some(account(3, None)), Some(&seven));
        let by_hand = (Some(left(7, None, None)), None, Some(&seven));
        let under_way = (Some(left(7, Some(3), Some(1))), Some(account(4, Some(1))), Some(&seven));
        for (left, account, book) in [none, whole, by_hand, under_way] {
            assert_eq!(doubts(left.as_ref(), account.as_ref(), book, false), [], "{left:?}");
        }
        let of = |left, account: Option<DeedOutbox>, book| doubts(Some(left).as_ref(), account.as_ref(), book, false);
        let three = || Some(account(3, None));
        for (told, file, what) in [
            (of(left(8, Some(3), None), three(), Some(&seven)), "shares.journal", "an older copy, or was begun anew"),
            (
                of(left(8, Some(3), None), three(), Some(&Book::default())),
                "shares.journal",
                "an older copy, or was begun anew",
            ),
            (of(left(7, Some(2), None), three(), Some(&seven)), FILE, "an older copy than that of the account"),
            (of(left(7, Some(2), Some(1)), three(), Some(&seven)), FILE, "an older copy than that of the account"),
            (of(left(7, Some(4), None), three(), Some(&seven)), ACCOUNT_LOG, "it knows less than the log of payouts"),
            (of(left(7, Some(4), None), None, Some(&seven)), ACCOUNT_LOG, "it is missing"),
            (of(left(7, Some(0), Some(1)), None, Some(&seven)), ACCOUNT_LOG, "a payout was under way"),
            (of(left(7, None, None), three(), Some(&seven)), FILE, "or new"),
            (doubts(None, three().as_ref(), Some(&seven), false), FILE, "it is missing"),
            (
                of(Left { held: vec!["the tide is out".to_owned()], ..left(7, Some(3), None) }, three(), Some(&seven)),
                FILE,
                "the tide is out",
            ),
        ] {
            let [(found, said)] = told.as_slice() else { panic!("one of {what}: {told:?}") };
            assert!(
                *found == file && said.contains(what) && said.contains("until the operator lets them go on"),
                "{what}: {told:?}"
            );
        }
        // A pool that shared out an income had a log of payouts.
        let mut shared = book(1);
        let worker = Worker { address: Address([1; 20]), name: WorkerName::from_untrusted("x") };
        let share = Share { time_ms: 1, work_height: 0, worker, hash: [1; 32], billionths: 1, is_pooled: true };
        shared.apply(&Entry::Work { work_height: 0, window_billionths: u128::MAX }).expect("it fits");
        shared.apply(&Entry::Share(share)).expect("it fits");
        shared.apply(&Entry::Income { reference: Hash32([1; 32]), amount: 5, fee: 0 }).expect("it fits");
        assert_eq!(doubts(None, None, Some(&shared), false), [], "nothing is held where nothing pays by itself");
        let unused = account(0, None);
        assert!(
            matches!(doubts(None, Some(&unused), Some(&shared), false).as_slice(), [(FILE, what)] if what.contains("new to this pool"))
        );
        // The settings name an account for the first time; and one in a pool that has shared out nothing is no doubt.
        let by_hand = left(shared.sequence(), None, None);
        let named = |book| doubts(Some(&by_hand), None, Some(book), true);
        assert!(matches!(named(&shared).as_slice(), [(FILE, what)] if what.contains("new to this pool")));
        assert_eq!(doubts(Some(&by_hand), None, Some(&shared), false), []);
        assert_eq!(doubts(None, None, Some(&seven), true), []);
    }

    // FAULTS HV2
    #[test]
    fn a_look_reads_the_files_and_changes_none() {
        let folder = tempfile::tempdir().expect("a directory");
        assert_eq!(look(folder.path(), Some(&Book::default()), false), FolderFindings::default());
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0, "nothing is made");
        let log = super::super::PayoutLog::open(folder.path()).expect("new");
        log.see_book(7).expect("room");
        log.see_account(Nonce(1)).expect("room");
        let end = DeedEnd { id: Hash32([1; 32]), height: Height(1), code: 0 };
        let key = Hash32([1; 32]);
        let records = [
            DeedRecord::Account { address: Address([9; 20]) },
            DeedRecord::Planned { key, calls: Vec::new() },
            DeedRecord::Ended { key, nonce: Nonce(0), end },
            DeedRecord::Forgotten { key },
        ];
        let path = folder.path().join(ACCOUNT_LOG);
        let opened = service::log::Log::open(&path, service::outbox::OUTBOX_LOG, service::log::OnDamage::Refuse);
        let bytes: Vec<_> = records.iter().map(DeedRecord::to_bytes).collect();
        opened.expect("new").log.append(bytes.iter().map(Vec::as_slice)).expect("room");
        assert_eq!(look(folder.path(), Some(&book(7)), false), FolderFindings::default());
        let held = |book| {
            let found = look(folder.path(), Some(&book), false);
            assert!(found.wrong.is_empty(), "a start only waits: {found:?}");
            let [finding] = &found.held[..] else { panic!("one: {found:?}") };
            finding.clone()
        };
        assert!(held(book(6)).file.ends_with("shares.journal"));
        std::fs::remove_file(folder.path().join(FILE)).expect("own file");
        let finding = held(book(7));
        assert!(finding.file.ends_with(FILE) && !finding.file.exists());
        assert!(finding.what.contains("missing") && !finding.what.contains("is new"), "{finding}");
        // An account that has never paid here is nothing damaged.
        let path = folder.path().join(ACCOUNT_LOG);
        std::fs::remove_file(&path).expect("own file");
        let mut shared = book(6);
        shared.apply(&Entry::Income { reference: Hash32([5; 32]), amount: 10, fee: 0 }).expect("it is an income");
        let found = look(folder.path(), Some(&shared), true);
        assert!(found.wrong.is_empty() && found.held.len() == 1, "{found:?}");
        assert!(found.held[0].what.contains("`thronosd mining owed`"), "{found:?}");
        let [finding] = &look(folder.path(), Some(&shared), false).wrong[..] else { panic!("one") };
        assert!(finding.file.ends_with(FILE) && finding.what == MISSING_BY_HAND, "a pool that pays by hand: {finding}");
        // What is damaged is told by itself.
        std::fs::write(folder.path().join(FILE), [0xa5; 300]).expect("room");
        let [finding] = &look(folder.path(), Some(&book(6)), false).wrong[..] else { panic!("one") };
        assert!(finding.what.contains("damaged at byte 0"), "{finding}");
    }
}
