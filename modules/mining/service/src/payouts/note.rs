//! What is written down of payouts.

use borsh::{BorshDeserialize, BorshSerialize};
use service::log::LogBounds;
use types::{Address, Amount, Hash32, Nonce};

use super::doubt::Noted;
use super::{PAYEES_MAX, Payout};

/// The bounds of the log: the longest record is a full payout.
pub(super) const LOG: LogBounds = LogBounds { record_bytes_max: 64 + PAYEES_MAX * (20 + 16), file_bytes_max: 16 << 20 };

/// Most reasons that are kept: more than there are.
const REASONS_MAX: usize = 16;

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Note {
    /// The log was made.
    Opened,
    /// A payout is to be made.
    Begun { reference: Hash32, payments: Vec<(Address, Amount)> },
    /// It was made and marked, or can never be made.
    Closed { reference: Hash32 },
    /// What was paid may be owed again: nothing is paid until the operator says so. Another reason may come to it.
    Held { why: String },
    /// The operator said so, of every reason until then.
    Released,
    /// The book of shares has so many entries; one with fewer is an older copy, or was begun anew.
    Book { sequence: u64 },
    /// The account's log knows of all its nonces below this one. Where it knows of more, and no payout is open, this log is an older copy.
    Account { known: Nonce },
}

impl Note {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory cannot fail")
    }
}

/// What some records leave open.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// The payout that is not closed.
    pub(super) open: Option<Payout>,
    /// Why payouts wait for the operator's word, if they do: every reason, in the order in which they were found.
    pub(super) held: Vec<String>,
    /// How many entries the book had when that was last noted.
    pub(super) sequence: u64,
    /// Which nonces the account's log knew of.
    pub(super) noted: Noted,
}

impl Left {
    /// Whether this reason to hold payouts is another than those that are known.
    pub(super) fn takes(&self, why: &str) -> bool {
        self.held.len() < REASONS_MAX && self.held.iter().all(|known| known != why)
    }

    /// What has to be written down of all this, to begin a file anew.
    pub(super) fn notes(&self) -> Vec<Note> {
        let book = Note::Book { sequence: self.sequence };
        let account = |known: Option<Nonce>| known.map(|known| Note::Account { known });
        let held = self.held.iter().map(|why| Note::Held { why: why.clone() });
        let open = self.open.clone().map(|Payout { reference, payments }| Note::Begun { reference, payments });
        // What was noted before it was begun stands before it.
        let begun = account(self.noted.at_begin).into_iter().chain(open);
        [Note::Opened, book].into_iter().chain(held).chain(begun).chain(account(self.noted.known)).collect()
    }

    pub(super) fn take(&mut self, note: Note) {
        match note {
            Note::Opened => {}
            Note::Begun { reference, payments } => {
                self.open = Some(Payout { reference, payments });
                self.noted.at_begin = self.noted.known;
            }
            Note::Closed { reference } => {
                self.open = self.open.take().filter(|payout| payout.reference != reference);
                self.noted.at_begin = self.noted.at_begin.filter(|_| self.open.is_some());
            }
            Note::Held { why } if self.takes(&why) => self.held.push(why),
            Note::Held { .. } => {}
            Note::Released => self.held.clear(),
            Note::Book { sequence } => self.sequence = sequence,
            Note::Account { known } => self.noted.known = Some(known),
        }
    }
}

/// What these records leave open; nothing if one of them is no record.
pub(super) fn left_by(records: &[Vec<u8>]) -> Option<Left> {
    let mut left = Left::default();
    for record in records {
        left.take(borsh::from_slice(record).ok()?);
    }
    Some(left)
}

/// A name that no other payout has: the secret is of the system, fresh at each start.
pub(super) fn reference(secret: &[u8; 32], count: u64, payments: &[(Address, Amount)]) -> Hash32 {
    let named = borsh::to_vec(&("thronos/payout", secret, count, payments)).expect("writing to memory cannot fail");
    Hash32(pow::sha256d(&named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payout_is_open_until_it_is_closed_and_its_name_is_its_own() {
        let payments = vec![(Address([1; 20]), Amount(5)); PAYEES_MAX];
        let [first, second] = [1, 2].map(|count| reference(&[7; 32], count, &payments));
        assert_ne!(first, second);
        let begun = |reference| Note::Begun { reference, payments: payments.clone() }.to_bytes();
        let closed = |reference| Note::Closed { reference }.to_bytes();
        assert!(begun(first).len() <= LOG.record_bytes_max);
        let left = |records: &[Vec<u8>]| left_by(records).expect("records");
        let open = |records: &[Vec<u8>]| left(records).open.map(|payout| payout.reference);
        assert_eq!(open(&[]), None);
        assert_eq!(open(&[begun(first)]), Some(first));
        assert_eq!(open(&[begun(first), closed(first)]), None);
        assert_eq!(open(&[begun(first), closed(first), begun(second)]), Some(second));
        assert_eq!(open(&[begun(first), closed(second)]), Some(first));
        let held = Note::Held { why: "the book was damaged".to_owned() }.to_bytes();
        assert_eq!(left(&[held.clone(), begun(first), closed(first)]).held, ["the book was damaged"]);
        assert!(left(&[held, Note::Released.to_bytes()]).held.is_empty());
        assert_eq!(left_by(&[vec![9; 30]]), None);
    }

    // FAULTS HV2
    #[test]
    fn every_reason_is_kept_once_and_what_a_file_begins_anew_with_leaves_the_same() {
        let mut left = Left::default();
        for number in 0..3 * REASONS_MAX {
            left.take(Note::Held { why: format!("reason {}", number / 2) });
        }
        let reasons: Vec<_> = (0..REASONS_MAX).map(|number| format!("reason {number}")).collect();
        assert_eq!(left.held, reasons, "as many as there are places");
        left.take(Note::Account { known: Nonce(2) });
        left.take(Note::Begun { reference: Hash32([1; 32]), payments: vec![(Address([1; 20]), Amount(5))] });
        for note in [Note::Book { sequence: 7 }, Note::Account { known: Nonce(3) }] {
            left.take(note);
        }
        assert_eq!(left.noted, Noted { known: Some(Nonce(3)), at_begin: Some(Nonce(2)) });
        let records: Vec<_> = left.notes().iter().map(Note::to_bytes).collect();
        assert_eq!(left_by(&records), Some(left));
        assert_eq!(
            left_by(&Left::default().notes().iter().map(Note::to_bytes).collect::<Vec<_>>()),
            Some(Left::default())
        );
    }
}
