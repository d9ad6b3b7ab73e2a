//! What the operator asks and tells of the port for miners: what is owed to whom, what came in, what was paid.
//!
//! Amounts travel as decimal texts in µTHR. It must not know files: the service writes down what it is told before it answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::chain::Later;
use service::{Operator, Refusal, ServiceFault};
use stratum::service::Handle;
use stratum::{Book, BookError, Settlement};
use types::{Address, Amount, Hash32, Network};

use crate::payouts::{Payout, PayoutLog, Payouts, Wish, due, total};

/// Most addresses in one answer: some 120 bytes each.
const PAGE_MAX: usize = 10_000;

/// What the operator wants of the port for miners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
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
    /// Pay what is due, or only say who would get what.
    Pay {
        /// Whether nothing is to be paid.
        is_rehearsal: bool,
        /// The word that was told with what holds payouts.
        #[serde(default)]
        release: Option<String>,
    },
}

/// What the port answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum PoolAnswer {
    /// An income was shared out.
    Shared {
        /// To whom, in a sentence.
        sentence: String,
        /// What those in the window are owed of it, in µTHR.
        shared: Amount,
        /// What is kept of it: the fee and what the division left over, in µTHR.
        kept: Amount,
        /// Why it is not paid by itself until the operator says so, if that is so.
        #[serde(default)]
        held: Option<String>,
    },
    /// A payment was noted.
    Noted {
        /// What, in a sentence.
        sentence: String,
        /// What the address is still owed, in µTHR; absent where the payment was noted before.
        left: Option<Amount>,
    },
    /// What is owed.
    Owed(OwedList),
    /// Who is paid what.
    Pay(PayList),
}

/// Who is paid what by the next transaction, or by the one that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayList {
    /// The account that pays.
    pub account: String,
    /// What it has, in µTHR; absent until the node has looked.
    pub balance: Option<Amount>,
    /// Why it sends nothing now, if it does not.
    pub trouble: Option<String>,
    /// Whether payouts waited for the operator, and this command lets them go on.
    #[serde(default)]
    pub hold_lifted: bool,
    /// Who is owed less than this waits.
    pub least: Amount,
    /// The reference of the payout that is under way, if one is: the payments are then its own.
    pub under_way: Option<Hash32>,
    /// What all of them get.
    pub total: Amount,
    /// By rising address.
    pub payments: Vec<OwedLine>,
    /// How many more are due, whom this transaction does not pay.
    #[serde(default)]
    pub later: u64,
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
    /// Why nothing is paid by itself until the operator says so, if that is so.
    #[serde(default)]
    pub held: Option<String>,
    /// Why nothing is sent now, for another reason, if that is so.
    #[serde(default)]
    pub trouble: Option<String>,
    /// The word that lets it go on, where something pays.
    #[serde(default)]
    pub release: Option<String>,
    /// The reference of the payout that is under way, if one is: what it pays is owed until it is final, and must not be paid by hand.
    #[serde(default)]
    pub under_way: Option<Hash32>,
    /// What that payout pays in all.
    #[serde(default)]
    pub paying: Amount,
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
    pub(crate) port: Option<Port>,
    /// Whether the node follows the chain only, and so reads no key.
    pub(crate) is_read_only: bool,
    pub(crate) network: Network,
    /// What the chain can ever issue.
    pub(crate) cap: Amount,
}

/// An open port and its payments.
pub(crate) struct Port {
    pub(crate) handle: Handle,
    pub(crate) log: PayoutLog,
    /// Where there is an account to pay from.
    pub(crate) payouts: Option<Payouts>,
    /// Whether miners can join a pool that owes here.
    pub(crate) has_pool: bool,
}

impl Operator for Pool {
    fn answer(&self, question: Value) -> Later<'_, Result<Value, Refusal>> {
        Box::pin(async move {
            let question = serde_json::from_value(question)
                .map_err(|error| Refusal::new("bad_question", format!("this is no question: {error}")))?;
            let answer = self.answer_to(question).await?;
            serde_json::to_value(answer).map_err(|error| Refusal::new("bad_answer", error.to_string()))
        })
    }
}

fn no_pool(what: &str) -> Refusal {
    let hint = "set `mining.enabled = true`, and `mining.pool_listen` with `mining.pool_operator` for a pool that owes";
    Refusal::new("no_pool", format!("{what}; {hint}"))
}

impl Pool {
    async fn answer_to(&self, question: PoolQuestion) -> Result<PoolAnswer, Refusal> {
        let Some(port) = &self.port else {
            return Err(no_pool("this node has no port for miners"));
        };
        match question {
            PoolQuestion::Owed { cursor } => self.owed(port, cursor).await,
            PoolQuestion::Income { reference, amount, fee } => {
                let shared = self.income(port, reference, amount, fee).await?;
                port.payouts.iter().for_each(Payouts::pay_after_income);
                Ok(shared)
            }
            PoolQuestion::Paid { reference, address, amount } => self.paid(port, reference, &address, amount).await,
            PoolQuestion::Pay { is_rehearsal, release } => self.pay(port, is_rehearsal, release.as_deref()).await,
        }
    }

    async fn pay(&self, port: &Port, is_rehearsal: bool, word: Option<&str>) -> Result<PoolAnswer, Refusal> {
        let Some(payouts) = &port.payouts else {
            if self.is_read_only {
                let message = "this node is read-only, and such a node pays nothing, whatever `accounts.mining` names: give this \
                               command to the node that serves the miners";
                return Err(Refusal::new("read_only", message));
            }
            let message = "the pool has no account to pay from: name the file of its key by `accounts.mining` in this node's `config.toml`, \
                           and that of its password beside it, and start the node again";
            return Err(Refusal::new("no_account", message));
        };
        let (open, least, first) = (payouts.open.borrow().clone(), payouts.least, *payouts.first.borrow());
        let under_way = open.as_ref().map(|payout| payout.reference);
        let mut payments = match open {
            Some(payout) => payout.payments,
            None => port.handle.ask(move |server| due(server.book(), least, first)).await.ok_or_else(stopping)?,
        };
        let mut hold_lifted = false;
        let unwritten = |fault: ServiceFault| Refusal::new("payouts_log", fault.to_string());
        if is_rehearsal {
            payouts.look_at_account().await.map_err(unwritten)?;
        } else {
            match payouts.pay(word).await.map_err(unwritten)? {
                Wish::Taken { hold_lifted: lifted } => hold_lifted = lifted,
                Wish::Held => return Err(held_still(word, payouts.held().unwrap_or_default())),
            }
        }
        let (mut trouble, mut later) = (payouts.trouble(), 0);
        if under_way.is_none() {
            // What cannot be paid now is told with the reason, and what can be without those who have to wait.
            trouble = match payouts.would_pay(&payments).await {
                Ok(some) => {
                    later = payments.len().saturating_sub(some.len()) as u64;
                    payments = some;
                    None
                }
                Err(why) => Some(why),
            };
            payments.sort_unstable();
        }
        let line =
            |(address, owed): &(Address, Amount)| OwedLine { address: address.to_text(self.network), owed: *owed };
        Ok(PoolAnswer::Pay(PayList {
            account: payouts.account.address().to_text(self.network),
            balance: payouts.account.balance(),
            trouble,
            hold_lifted,
            least,
            under_way,
            total: total(&payments),
            payments: payments.iter().map(line).collect(),
            later,
        }))
    }

    async fn owed(&self, port: &Port, cursor: Option<String>) -> Result<PoolAnswer, Refusal> {
        let network = self.network;
        let first = cursor.map(|cursor| Address::parse(&cursor, network)).transpose();
        let first = first.map_err(|error| Refusal::new("bad_cursor", format!("the cursor is no address: {error}")))?;
        let first = first.unwrap_or(Address([0; 20]));
        let page = port.handle.ask(move |server| page(server.book(), first, network)).await.ok_or_else(stopping)?;
        let (held, release) = port.held_and_word().await?;
        let trouble = port.payouts.as_ref().filter(|_| held.is_none()).and_then(Payouts::trouble);
        let open = port.payouts.as_ref().and_then(|payouts| payouts.open.borrow().clone());
        let paying = open.as_ref().map_or(Amount::ZERO, Payout::total);
        let under_way = open.map(|payout| payout.reference);
        Ok(PoolAnswer::Owed(OwedList { held, trouble, release, under_way, paying, ..page }))
    }

    async fn income(&self, port: &Port, reference: Hash32, amount: Amount, fee: Amount) -> Result<PoolAnswer, Refusal> {
        is_possible(amount, self.cap)?;
        let kept = port.handle.income(reference, amount.0, fee.0).await.ok_or_else(stopping)?;
        let kept = kept.map_err(|error| match error {
            BookError::EmptyWindow if !port.has_pool => no_pool("this node has no pool"),
            error => refused(&error),
        })?;
        port.note_book().await?;
        let (shared, kept) = (Amount(amount.0.saturating_sub(kept)), Amount(kept));
        let sentence = format!(
            "of {amount} µTHR {shared} are owed to those in the window, {kept} are kept; `thronosd mining owed` shows to whom"
        );
        Ok(PoolAnswer::Shared { sentence, shared, kept, held: port.held().await? })
    }

    async fn paid(&self, port: &Port, reference: Hash32, text: &str, amount: Amount) -> Result<PoolAnswer, Refusal> {
        let address = Address::parse(text, self.network).map_err(|error| {
            let shown: String = text.chars().filter(|letter| !letter.is_control()).take(80).collect();
            Refusal::new("bad_address", format!("`{shown}`: {error}"))
        })?;
        if amount.is_zero() {
            return Err(nothing());
        }
        let name = address.to_text(self.network);
        // Held until the payment is noted.
        let turn = match &port.payouts {
            Some(payouts) => Some(payouts.turn_to_mark(&address).await.ok_or_else(|| under_way(&name))?),
            None if port.log.open_payout().is_some_and(|payout| payout.pays(&address)) => {
                return Err(left_open(&name));
            }
            None => None,
        };
        let payment = Settlement { reference, address, amount: amount.0 };
        let (sentence, left) = match port.handle.paid(payment).await.ok_or_else(stopping)? {
            Ok(left) => (format!("noted as paid: {amount} µTHR to {name}; {left} µTHR still owed"), Some(Amount(left))),
            // Whoever did not hear the answer asks again.
            Err(BookError::KnownPayment(known)) if known == payment => (
                format!("noted as paid before, with this reference: {amount} µTHR to {name}; nothing has changed"),
                None,
            ),
            Err(error) => return Err(refused(&error)),
        };
        port.note_book().await?;
        drop(turn);
        Ok(PoolAnswer::Noted { sentence, left })
    }
}

impl Port {
    /// Why payouts wait for the operator's word, if they do, also where nothing pays; and the word.
    async fn held_and_word(&self) -> Result<(Option<String>, Option<String>), Refusal> {
        let Some(payouts) = &self.payouts else {
            let of = |why| format!("{why}: compare what is owed with what was paid before you pay any of it");
            return Ok((self.log.held().map(of), None));
        };
        payouts.look_at_account().await.map_err(|fault| Refusal::new("payouts_log", fault.to_string()))?;
        Ok(payouts.held_and_word())
    }

    async fn held(&self) -> Result<Option<String>, Refusal> {
        Ok(self.held_and_word().await?.0)
    }

    /// So that a copy of the book from before what was told just now is found to be older.
    async fn note_book(&self) -> Result<(), Refusal> {
        let sequence = self.handle.ask(|server| server.book().sequence()).await.ok_or_else(stopping)?;
        self.log.see_book(sequence).map_err(|fault| unwritten(&fault))
    }
}

fn unwritten(fault: &ServiceFault) -> Refusal {
    let what =
        "it is done, and the log of payouts cannot be written, so an older copy of the book would not be noticed";
    Refusal::new("payouts_log", format!("{what}: {fault}"))
}

/// The word that was given is that of a hold which was lifted, or another reason has come.
fn held_still(word: Option<&str>, why: String) -> Refusal {
    let what = match word {
        Some(_) => "nothing is paid: this is not the word for what holds payouts now",
        None => "nothing is paid: payouts are held",
    };
    Refusal::new("payouts_held", format!("{what}: {why}"))
}

fn under_way(name: &str) -> Refusal {
    let what = format!("a payout that is under way pays {name}; it is marked by itself when it is final");
    Refusal::new(
        "under_way",
        format!("{what}: see `thronosd mining pay --dry-run`, and mark nothing that was not paid beside it"),
    )
}

/// Where nothing pays, the payout is made when something does again.
fn left_open(name: &str) -> Refusal {
    let what = format!(
        "a payout that was under way when the node stopped pays {name}, and is made when the node can pay again"
    );
    Refusal::new(
        "under_way",
        format!("{what}: start it without `node.read_only` and let it end, and pay nothing beside it"),
    )
}

fn stopping() -> Refusal {
    Refusal::new("stopping", "the port for miners stops; ask again when it runs")
}

/// So many of these, and where the next page begins, if there is one.
pub(crate) fn page_of<T>(mut all: impl Iterator<Item = T>, limit: usize) -> (Vec<T>, Option<T>) {
    let page = all.by_ref().take(limit).collect();
    (page, all.next())
}

fn page(book: &Book, first: Address, network: Network) -> OwedList {
    let (found, next) = page_of(book.owed_from(first), PAGE_MAX);
    let cursor = next.map(|(next, _)| next.to_text(network));
    let line = |(address, owed): (Address, u128)| OwedLine { address: address.to_text(network), owed: Amount(owed) };
    OwedList {
        kept: Amount(book.kept()),
        owed: Amount(book.owed_total()),
        addresses: book.owed().len() as u64,
        incomes: book.incomes() as u64,
        held: None,
        trouble: None,
        release: None,
        under_way: None,
        paying: Amount::ZERO,
        payouts: found.into_iter().map(line).collect(),
        cursor,
    }
}

/// Refuses what cannot have come in: nothing, and more than there can ever be.
fn is_possible(amount: Amount, cap: Amount) -> Result<(), Refusal> {
    if amount.is_zero() {
        return Err(nothing());
    }
    if amount > cap {
        let what = format!("an income of {amount} µTHR is more than the {cap} µTHR that this chain can ever issue");
        return Err(Refusal::new("too_much", format!("{what}; is the amount right? 1 THR is 1000000 µTHR")));
    }
    Ok(())
}

fn nothing() -> Refusal {
    Refusal::new("bad_amount", "the amount is 0: give the µTHR that moved")
}

/// What to do about an entry that does not fit the book.
fn refused(error: &BookError) -> Refusal {
    match error {
        BookError::KnownIncome(reference) => {
            let what = "an income with this reference was shared out before; every income needs a reference of its own";
            Refusal::new("known_income", format!("{reference}: {what}"))
        }
        BookError::KnownPayment(known) => {
            let Settlement { reference, amount, .. } = known;
            let what = format!("a payment of {amount} µTHR to this address was marked with this reference");
            Refusal::new("known_payment", format!("{reference}: {what}; another payment needs one of its own"))
        }
        BookError::Overpaid { amount, owed } => {
            let what = format!("{amount} µTHR are to be marked as paid, and {owed} µTHR are owed");
            Refusal::new("overpaid", format!("{what}; `thronosd mining owed` shows what is owed to whom"))
        }
        BookError::EmptyWindow => {
            let what = "no share is in the window, so nobody would get any of it";
            Refusal::new("empty_window", format!("{what}; mark it when miners have submitted shares"))
        }
        BookError::TooMuch(amount) => {
            let what = format!("an income of {amount} µTHR is more than can be counted with what is owed and kept");
            Refusal::new("too_much", format!("{what}; is the amount right?"))
        }
        BookError::Fee { fee, amount } => {
            let what = format!("the fee is {fee} µTHR, and the income {amount} µTHR");
            Refusal::new("fee_above_income", format!("{what}; the fee may be all of it at most"))
        }
        BookError::Duplicate { .. } | BookError::Closed(_) => Refusal::new("refused", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use service::ANSWER_BYTES_MAX;

    use super::*;

    #[test]
    fn questions_are_one_object_each_and_unknown_fields_are_refused() {
        let income = PoolQuestion::Income { reference: Hash32([7; 32]), amount: Amount(u128::MAX), fee: Amount(0) };
        let address = "thrt1".to_owned();
        let paid = PoolQuestion::Paid { reference: Hash32([8; 32]), address, amount: Amount(5) };
        let pay = PoolQuestion::Pay { is_rehearsal: true, release: Some("0a1b2c3d".to_owned()) };
        for question in [PoolQuestion::Owed { cursor: None }, income, paid, pay] {
            let line = serde_json::to_string(&question).expect("JSON");
            assert_eq!(serde_json::from_str::<PoolQuestion>(&line).expect("the same"), question, "{line}");
        }
        assert!(serde_json::from_str::<PoolQuestion>(r#"{"ask":"owed","cursor":null,"more":1}"#).is_err());
        assert!(serde_json::from_str::<PoolQuestion>("{}").is_err());
    }

    // FAULTS RM5
    #[test]
    fn an_income_is_at_most_what_the_chain_can_ever_issue() {
        let cap = Amount(21_000_001_000_000);
        assert_eq!(is_possible(cap, cap), Ok(()));
        for amount in [cap.0 + 1, u128::MAX] {
            let refused = is_possible(Amount(amount), cap).expect_err("more than there is");
            assert_eq!(refused.code, "too_much");
            assert!(refused.message.contains("more than the 21000001000000 µTHR that this chain can ever issue"));
        }
        assert_eq!(is_possible(Amount(0), cap).expect_err("nothing").code, "bad_amount");
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
        let line = serde_json::to_vec(&PoolAnswer::Owed(first.clone())).expect("JSON");
        assert!((line.len() as u64) < ANSWER_BYTES_MAX / 2, "{}", line.len());
        let next = Address::parse(&first.cursor.expect("more"), Network::Test).expect("an address");
        let last = page(&book, next, Network::Test);
        assert_eq!((last.payouts.len(), last.cursor), (1, None));
    }
}
