//! What the operator asks and tells of the port for miners: what is owed to whom, what came in, what was paid.
//!
//! Amounts travel as decimal texts in µTHR. It must not know files: the service writes down what it is told before it answers.

use serde::{Deserialize, Serialize};
use stratum::service::Handle;
use stratum::{Book, BookError, Settlement};
use types::{Address, Amount, Hash32, Network};

use super::Answer;

/// Most addresses in one answer: some 120 bytes each.
const PAGE_MAX: usize = 10_000;

/// What the operator wants of the port for miners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pool", rename_all = "snake_case", deny_unknown_fields)]
pub enum PoolQuestion {
    /// What is owed to whom.
    Owed {
        /// Where the page begins; at the first address when absent.
        cursor: Option<String>,
    },
    /// Share out what came in over the window.
    Income {
        /// 64 hexadecimal digits that no other income has.
        reference: Hash32,
        /// In µTHR.
        amount: Amount,
        /// What the operator keeps of it.
        fee: Amount,
    },
    /// Note a payment.
    Paid {
        /// 64 hexadecimal digits that no other payment to this address has.
        reference: Hash32,
        /// To whom.
        address: String,
        /// In µTHR.
        amount: Amount,
    },
}

/// What is owed, or a page of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedList {
    /// Fees and what divisions left over, in µTHR.
    pub kept: Amount,
    /// What is owed to all addresses together.
    pub owed: Amount,
    /// How many addresses something is owed to.
    pub addresses: u64,
    /// How many incomes were shared out.
    pub incomes: u64,
    /// By rising address.
    pub payouts: Vec<OwedLine>,
    /// Where the next page begins; absent at the end.
    pub cursor: Option<String>,
}

/// What one address is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedLine {
    /// To whom.
    pub address: String,
    /// In µTHR.
    pub owed: Amount,
}

/// The port for miners, if there is one, and the network of its addresses.
pub(crate) struct Pool {
    pub(crate) handle: Option<Handle>,
    pub(crate) network: Network,
}

impl Pool {
    pub(super) async fn answer(&self, question: PoolQuestion) -> Answer {
        let Some(handle) = &self.handle else {
            let message = "this node has no port for miners; `stratum.enabled = true` opens one";
            return Answer::refused("no_pool", message);
        };
        let answer = match question {
            PoolQuestion::Owed { cursor } => self.owed(handle, cursor).await,
            PoolQuestion::Income { reference, amount, fee } => income(handle, reference, amount, fee).await,
            PoolQuestion::Paid { reference, address, amount } => self.paid(handle, reference, &address, amount).await,
        };
        answer.unwrap_or_else(|| Answer::refused("stopping", "the port for miners stops; ask again when it runs"))
    }

    async fn owed(&self, handle: &Handle, cursor: Option<String>) -> Option<Answer> {
        let network = self.network;
        let first = match cursor.map(|cursor| Address::parse(&cursor, network)).transpose() {
            Ok(first) => first.unwrap_or(Address([0; 20])),
            Err(error) => return Some(Answer::refused("bad_cursor", format!("the cursor is no address: {error}"))),
        };
        handle.ask(move |server| page(server.book(), first, network)).await.map(Answer::Owed)
    }

    async fn paid(&self, handle: &Handle, reference: Hash32, text: &str, amount: Amount) -> Option<Answer> {
        let address = match Address::parse(text, self.network) {
            Ok(address) => address,
            Err(error) => {
                let shown: String = text.chars().filter(|letter| !letter.is_control()).take(80).collect();
                return Some(Answer::refused("bad_address", format!("`{shown}`: {error}")));
            }
        };
        if amount.is_zero() {
            return Some(nothing());
        }
        let name = address.to_text(self.network);
        let payment = Settlement { reference, address, amount: amount.0 };
        Some(match handle.paid(payment).await? {
            Ok(left) => done(format!("{amount} µTHR to {name} are noted as paid; {left} µTHR are still owed")),
            // Whoever did not hear the answer asks again.
            Err(BookError::KnownPayment(known)) if known == payment => done(format!(
                "{amount} µTHR to {name} were noted as paid before, with this reference; nothing has changed"
            )),
            Err(error) => refused(&error),
        })
    }
}

fn page(book: &Book, first: Address, network: Network) -> OwedList {
    let mut found: Vec<_> = book.owed_from(first, PAGE_MAX.saturating_add(1)).collect();
    let cursor = found.get(PAGE_MAX).map(|(next, _)| next.to_text(network));
    found.truncate(PAGE_MAX);
    let line = |(address, owed): (Address, u128)| OwedLine { address: address.to_text(network), owed: Amount(owed) };
    OwedList {
        kept: Amount(book.kept()),
        owed: Amount(book.owed_total()),
        addresses: book.owed().len() as u64,
        incomes: book.incomes() as u64,
        payouts: found.into_iter().map(line).collect(),
        cursor,
    }
}

async fn income(handle: &Handle, reference: Hash32, amount: Amount, fee: Amount) -> Option<Answer> {
    if amount.is_zero() {
        return Some(nothing());
    }
    let kept = match handle.income(reference, amount.0, fee.0).await? {
        Ok(kept) => kept,
        Err(error) => return Some(refused(&error)),
    };
    let shared = amount.0.saturating_sub(kept);
    Some(done(format!(
        "of {amount} µTHR {shared} are owed to those in the window, {kept} are kept; `thronosd pool owed` shows to whom"
    )))
}

fn done(sentence: String) -> Answer {
    Answer::Done { sentence }
}

fn nothing() -> Answer {
    Answer::refused("bad_amount", "the amount is 0: give the µTHR that moved")
}

/// What to do about an entry that does not fit the book.
fn refused(error: &BookError) -> Answer {
    match error {
        BookError::KnownIncome(reference) => {
            let what = "an income with this reference was shared out before; every income needs a reference of its own";
            Answer::refused("known_income", format!("{reference}: {what}"))
        }
        BookError::KnownPayment(known) => {
            let Settlement { reference, amount, .. } = known;
            let what = format!("a payment of {amount} µTHR to this address was marked with this reference");
            Answer::refused("known_payment", format!("{reference}: {what}; another payment needs one of its own"))
        }
        BookError::Overpaid { amount, owed } => {
            let what = format!("{amount} µTHR are to be marked as paid, and {owed} µTHR are owed");
            Answer::refused("overpaid", format!("{what}; `thronosd pool owed` shows what is owed to whom"))
        }
        BookError::EmptyWindow => {
            let what = "no share is in the window, so nobody would get any of it";
            Answer::refused("empty_window", format!("{what}; mark it when miners have handed in shares"))
        }
        BookError::TooMuch(amount) => {
            let what = format!("an income of {amount} µTHR is more than can be counted with what is owed and kept");
            Answer::refused("too_much", format!("{what}; is the amount right?"))
        }
        BookError::Fee { fee, amount } => {
            let what = format!("the fee is {fee} µTHR, and the income {amount} µTHR");
            Answer::refused("fee_above_income", format!("{what}; the fee may be all of it at most"))
        }
        BookError::Duplicate { .. } | BookError::Closed(_) => Answer::refused("refused", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ANSWER_BYTES_MAX, Question};
    use super::*;

    #[test]
    fn questions_are_one_object_each_and_unknown_fields_are_refused() {
        let income = PoolQuestion::Income { reference: Hash32([7; 32]), amount: Amount(u128::MAX), fee: Amount(0) };
        let address = "thrt1".to_owned();
        let paid = PoolQuestion::Paid { reference: Hash32([8; 32]), address, amount: Amount(5) };
        for question in [PoolQuestion::Owed { cursor: None }, income, paid].map(Question::Pool) {
            let line = serde_json::to_string(&question).expect("JSON");
            assert_eq!(serde_json::from_str::<Question>(&line).expect("the same"), question, "{line}");
        }
        assert!(serde_json::from_str::<Question>(r#"{"do":"pool","pool":"owed","cursor":null,"more":1}"#).is_err());
        assert!(serde_json::from_str::<Question>(r#"{"do":"pool"}"#).is_err());
    }

    #[test]
    fn a_full_page_fits_an_answer() {
        let mut book = Book::default();
        book.apply(&stratum::Entry::Work { work_height: 1, window_billionths: u128::MAX }).expect("the first");
        for number in 0..=u32::try_from(PAGE_MAX).expect("few") {
            let mut bytes = [0xff; 20];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            let worker = stratum::Worker { address: Address(bytes), name: stratum::WorkerName::from_untrusted("x") };
            let hash = crypto::hash::sha256(&number.to_be_bytes());
            let share = stratum::Share { time_ms: 1, work_height: 1, worker, hash, billionths: 1, is_pooled: true };
            book.apply(&stratum::Entry::Share(share)).expect("a new share");
        }
        let income = stratum::Entry::Income { reference: Hash32([1; 32]), amount: u128::MAX / 2, fee: 0 };
        book.apply(&income).expect("a new income");
        let first = page(&book, Address([0; 20]), Network::Test);
        assert_eq!((first.payouts.len(), first.addresses), (PAGE_MAX, PAGE_MAX as u64 + 1));
        let line = serde_json::to_vec(&Answer::Owed(first.clone())).expect("JSON");
        assert!((line.len() as u64) < ANSWER_BYTES_MAX / 2, "{}", line.len());
        let next = Address::parse(&first.cursor.expect("more"), Network::Test).expect("an address");
        let last = page(&book, next, Network::Test);
        assert_eq!((last.payouts.len(), last.cursor), (1, None));
    }
}
