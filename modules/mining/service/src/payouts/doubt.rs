//! Whether the log of payouts, the account's log and the book of shares go together: for a start, and for whoever looks at a stopped
//! node.
//!
//! It must not know files, nor ask. Invariant: where what was paid may be owed again there is a reason.

use service::account::Past;
use types::Nonce;

/// Why nothing is paid after the account was seen to send what its log does not know.
pub(super) const USED_ELSEWHERE: &str = "the account was used by another program, or this home is an older copy";

/// Why nothing is paid by an account that has never paid here: what was paid before by hand nobody has written down. Nothing is damaged then.
pub(super) const NEW_ACCOUNT: &str = "the account is new to this pool, and the book of shares is not";

/// What the account's log says beside the log of payouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// What it knew at the start.
    pub(super) past: Past,
    /// The nonce after the last that it knows of.
    pub(super) known: Nonce,
    /// Whether it has the payout that the log of payouts has open, or the book has that as paid. One that the account has forgotten was
    /// written down as closed.
    pub(super) has_open: bool,
}

/// What the log of payouts has noted of the account's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// The nonce after the last that it knew of; nothing while there was no account.
    pub(super) known: Option<Nonce>,
    /// The same when the payout that is open was begun.
    pub(super) at_begin: Option<Nonce>,
}

/// What a log of payouts that was opened leaves in doubt about an account.
pub(super) const fn of_opening(is_new: bool, has_open: bool, past: Past) -> Option<&'static str> {
    match past {
        // What this account paid before nobody has written down.
        Past::Used if is_new => Some("the log of payouts is new, and the account's is not"),
        // The account knows nothing of what was paid with its former log or by its former key.
        Past::New if has_open => Some("a payout was under way, and the account's log is new"),
        _ => None,
    }
}

/// What is in doubt about an account, of which this was noted.
pub(super) const fn of_account(noted: Noted, account: &Account, incomes: usize) -> Option<&'static str> {
    const OLDER: &str = "the log of payouts is an older copy than that of the account";
    match (noted.known, account.past) {
        // It is noted before the first payment, and a start that named the account may have ended before that.
        (None, Past::New | Past::Unused) if incomes > 0 => Some(NEW_ACCOUNT),
        (None, Past::Used) => Some("the log of payouts is an older copy than that of the account, or new"),
        (Some(known), _) => {
            // Since the payout that is open was begun nothing but that can have used a nonce, whatever was noted later: one that was
            // closed, and others after it, may be in a newer log.
            let base = match noted.at_begin {
                Some(before) => before,
                None => known,
            };
            let own = if account.has_open { 1 } else { 0 };
            if account.known.0 > base.0.saturating_add(own) { Some(OLDER) } else { None }
        }
        (None, _) => None,
    }
}

/// What is in doubt about a book of so many entries, of which so many were noted.
pub(super) const fn of_book(noted: u64, found: u64) -> Option<&'static str> {
    if found < noted {
        return Some("the book of shares is an older copy, or was begun anew, so it may owe what was paid");
    }
    None
}
