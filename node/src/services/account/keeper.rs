//! The task that owns an account's nonce, log and key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use execution::{CheckedTransaction, KernelReject, Reject, StateView};
use service::account::{AccountNeed, DeedError, Unfit};
use service::chain::{Chain, Reason, Refused, StateAt, Unavailable};
use service::log::{Log, LogError};
use service::outbox::{DeedEnd, DeedInput, DeedOutbox, DeedOutput, DeedRecord, PoolWord};
use signing::{AccountKey, Envelope};
use tokio::sync::{mpsc, oneshot, watch};
use types::{Amount, Call, Canonical, Hash32, Nonce, THR_DECIMALS, TimeMs, Transaction};

use super::{Question, Shown};
use crate::config::AccountSettings;

/// How long a transaction is valid. One that is not in a block by then is signed again.
const VALID_MS: u64 = 120_000;
/// A state whose newest block is older is not the chain's: what others sent since may be missing in it.
const RECENT_MS: u64 = VALID_MS;
/// Why nothing is sent while others may have sent what is not seen here.
const NOT_CURRENT: &str = "this node does not have the newest blocks";
/// Between two looks at a chain that makes no blocks.
const LOOK: Duration = Duration::from_secs(1);
/// The log is written anew when it is longer than this and than twice what it needs.
const LOG_BYTES_MIN: u64 = 4 << 20;
/// A transaction allows so many times the fee of now, so that a price that rises a little does not stop it.
const FEE_FACTOR: u128 = 4;

/// Who waits for the end of a deed.
type Waiting = BTreeMap<Hash32, Vec<oneshot::Sender<Result<DeedEnd, DeedError>>>>;

/// The task.
pub(crate) struct Keeper {
    service: &'static str,
    /// What the operator does when others are seen to use the key.
    when_held: &'static str,
    key: AccountKey,
    fee_max: Amount,
    balance_min: Amount,
    balance_max: Option<Amount>,
    chain: Arc<dyn Chain>,
    log: Log,
    outbox: DeedOutbox,
    questions: mpsc::Receiver<Question>,
    waiting: Waiting,
    shown: watch::Sender<Shown>,
    has_warned: bool,
    /// Why something could not be signed or submitted since the last look.
    hindrance: Option<String>,
    /// Whether others were seen to use the key at the first look at the chain's newest state.
    is_used_elsewhere: Option<bool>,
    /// When this task was made.
    made: TimeMs,
    /// Whether this node had the newest blocks at the last look.
    is_current: bool,
    /// The service has looked at what it left under way.
    has_begun: bool,
    /// The length of the log at which it is next written anew.
    tidy_at: u64,
}

impl Keeper {
    pub(super) fn new(
        (service, need): (&'static str, AccountNeed),
        key: AccountKey,
        settings: &AccountSettings,
        chain: Arc<dyn Chain>,
        (log, outbox): (Log, DeedOutbox),
        questions: mpsc::Receiver<Question>,
        shown: watch::Sender<Shown>,
    ) -> Self {
        let made = TimeMs(chain.now_ms());
        Self {
            service,
            when_held: need.when_held,
            key,
            fee_max: settings.fee_max(),
            balance_min: settings.balance_min(),
            balance_max: settings.balance_max(),
            chain,
            log,
            outbox,
            questions,
            waiting: Waiting::new(),
            shown,
            has_warned: false,
            hindrance: None,
            is_used_elsewhere: None,
            made,
            is_current: false,
            has_begun: false,
            tidy_at: LOG_BYTES_MIN,
        }
    }

    /// What is seen of the account.
    pub(crate) fn shown(&self) -> watch::Receiver<Shown> {
        self.shown.subscribe()
    }

    /// Works until nobody can ask any more.
    ///
    /// # Errors
    /// When the log cannot be written: what is under way then stands in it, and nothing else was submitted.
    pub(crate) async fn run(mut self) -> Result<(), String> {
        let mut heads = self.chain.heads();
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let done = tokio::select! {
                question = self.questions.recv() => match question {
                    Some(question) => self.hear(question).await,
                    None => return Ok(()),
                },
                Ok(()) = heads.changed() => self.look().await,
                _ = looks.tick() => self.look().await,
            };
            done.map_err(|error| format!("the account of `{}`: {error}", self.service))?;
        }
    }

    async fn hear(&mut self, question: Question) -> Result<(), LogError> {
        match question {
            Question::State { key, answer } => {
                // Nobody waits for it any more, perhaps.
                let _ = answer.send(self.outbox.state_of(&key));
                Ok(())
            }
            Question::Forget { key } => {
                let outputs = self.outbox.step(DeedInput::Forget { key });
                self.perform(outputs).await
            }
            Question::Abandon { key, answer } => {
                let outputs = self.outbox.abandon(&key);
                let is_gone = outputs.is_some();
                self.perform(outputs.unwrap_or_default()).await?;
                let _ = answer.send(is_gone);
                Ok(())
            }
            Question::Begin => {
                self.has_begun = true;
                Ok(())
            }
            Question::Seen { answer } => {
                let _ = answer.send(self.outbox.seen());
                Ok(())
            }
            Question::Trust { seen, answer } => {
                let is_right = self.outbox.seen() == Some(seen);
                let _ = answer.send(is_right);
                if !is_right {
                    return Ok(());
                }
                self.is_used_elsewhere = self.is_used_elsewhere.map(|_| false);
                let outputs = self.outbox.pass();
                self.perform(outputs).await?;
                if let Some((_, account)) = self.state() {
                    self.show(account.thr);
                }
                Ok(())
            }
            Question::Known { answer } => {
                let _ = answer.send(self.outbox.known());
                Ok(())
            }
            Question::Fits { calls, answer } => {
                let _ = answer.send(self.fits(&calls));
                Ok(())
            }
            Question::Send { key, calls, answer } => {
                let begun = match self.outbox.state_of(&key) {
                    // What is under way was possible once.
                    None => self.possible(&calls),
                    Some(_) => Ok(()),
                };
                match begun.and_then(|()| Ok(self.outbox.send(key, calls)?)) {
                    Err(error) => {
                        let _ = answer.send(Err(error));
                        Ok(())
                    }
                    Ok(outputs) => {
                        self.waiting.entry(key).or_default().push(answer);
                        self.perform(outputs).await
                    }
                }
            }
        }
    }

    /// Looks at the state after the newest block, and does what is due.
    async fn look(&mut self) -> Result<(), LogError> {
        let Some((StateAt { head, view }, account)) = self.state() else { return Ok(()) };
        drop(view);
        let now = TimeMs(self.chain.now_ms());
        let is_old = now.0.saturating_sub(head.header.time.0) > RECENT_MS;
        // What another life of this home sent, before it was copied back, stands below a block that was made since, or comes within
        // the time for which it is valid: the outbox looks at every block.
        let is_since = self.is_used_elsewhere.is_some() || head.header.time >= self.made;
        self.is_current = is_since && !is_old && !self.chain.standing().is_behind;
        if !self.is_current {
            // What others sent from this account may stand in blocks that are not here.
            self.hindrance = Some(NOT_CURRENT.to_owned());
            self.show(account.thr);
            return Ok(());
        }
        self.hindrance = None;
        let seen = DeedInput::Seen { nonce: account.nonce, time: head.header.time, now };
        let outputs = self.outbox.step(seen);
        self.perform(outputs).await?;
        self.is_used_elsewhere.get_or_insert(self.outbox.is_held());
        self.show(account.thr);
        self.tidy();
        Ok(())
    }

    /// The newest state, and the account in it. A store that cannot be read is asked again later.
    fn state(&self) -> Option<(StateAt, execution::Account)> {
        let state = tokio::task::block_in_place(|| self.chain.state()).ok()?;
        let account = self.chain.registry().account(&*state.view, &self.key.address());
        Some((state, account))
    }

    /// Carries outputs out in order, each with what follows from it.
    async fn perform(&mut self, outputs: Vec<DeedOutput>) -> Result<(), LogError> {
        let mut due: std::collections::VecDeque<DeedOutput> = outputs.into();
        while let Some(output) = due.pop_front() {
            let Some(input) = self.carry_out(output).await? else { continue };
            let more = self.outbox.step(input);
            // What follows from an output comes before the next, as its record must.
            more.into_iter().rev().for_each(|output| due.push_front(output));
        }
        Ok(())
    }

    async fn carry_out(&mut self, output: DeedOutput) -> Result<Option<DeedInput>, LogError> {
        match output {
            DeedOutput::Keep(record) => {
                let bytes = record.to_bytes();
                tokio::task::block_in_place(|| self.log.append([bytes.as_slice()]))?;
                Ok(None)
            }
            DeedOutput::Sign { key, nonce, calls } => Ok(self.sign(key, nonce, calls)),
            DeedOutput::Submit { key, id, transaction } => Ok(self.submit(key, id, &transaction).await),
            DeedOutput::Ask { key, nonce, ids } => Ok(self.ask(key, nonce, &ids)),
            DeedOutput::Ended { key, end } => {
                tracing::info!(service = self.service, id = %end.id, height = %end.height, ok = end.is_ok(), "sent and final");
                let waiting = self.waiting.remove(&key).unwrap_or_default();
                waiting.into_iter().for_each(|answer| drop(answer.send(Ok(end))));
                Ok(None)
            }
            DeedOutput::Overtaken { nonce } => {
                tracing::error!(
                    service = self.service, address = %self.address(), %nonce, next = self.when_held,
                    "another program sends from this account, or this home is an older copy: nothing more is sent"
                );
                Ok(None)
            }
            DeedOutput::Held { key } => {
                let waiting = self.waiting.remove(&key).unwrap_or_default();
                waiting.into_iter().for_each(|answer| drop(answer.send(Err(DeedError::Held))));
                Ok(None)
            }
        }
    }

    /// Signs calls, if they would be executed now and cost no more than they may.
    fn sign(&mut self, key: Hash32, nonce: Nonce, calls: Vec<Call>) -> Option<DeedInput> {
        if !self.has_begun || !self.is_current {
            return None;
        }
        let (state, account) = self.state()?;
        if account.thr < self.balance_min {
            // `show` says so.
            return None;
        }
        let now = TimeMs(self.chain.now_ms());
        let terms = execution::Terms::next(&*state.view, now);
        let valid_until = now.saturating_add(VALID_MS).min(terms.latest());
        match self.try_out(&*state.view, account.nonce, valid_until, &calls) {
            Ok(fee) => {
                let fee_max = Amount(fee.0.saturating_mul(FEE_FACTOR)).min(self.fee_max);
                let transaction = self.make(nonce, valid_until, fee_max, calls).ok()?;
                let id = crypto::ids::transaction_id(self.chain.id(), &transaction.body);
                Some(DeedInput::Signed { key, nonce, id, valid_until, transaction: transaction.to_canonical() })
            }
            Err(why) => {
                self.hindrance = Some(why);
                None
            }
        }
    }

    /// Whether a transaction of these calls would be signed now, and also if the price were twice as high.
    fn fits(&self, calls: &[Call]) -> Result<(), Unfit> {
        if self.outbox.is_held() {
            return Err(Unfit::Held);
        }
        if !self.is_current {
            return Err(Unfit::Now(NOT_CURRENT.to_owned()));
        }
        if !self.has_begun {
            return Err(Unfit::Now("what was under way at the last stop is looked at first".to_owned()));
        }
        self.would_be_signed(calls).map_err(Unfit::Now)
    }

    fn would_be_signed(&self, calls: &[Call]) -> Result<(), String> {
        let (state, account) = self.state().ok_or_else(|| "the chain's state cannot be read now".to_owned())?;
        if account.thr < self.balance_min {
            return Err(self.too_little());
        }
        let now = TimeMs(self.chain.now_ms());
        let terms = execution::Terms::next(&*state.view, now);
        let valid_until = now.saturating_add(VALID_MS).min(terms.latest());
        let fee = self.try_out(&*state.view, account.nonce, valid_until, calls)?;
        let fee_max = self.fee_max;
        (fee.0.saturating_mul(2) <= fee_max.0)
            .then_some(())
            .ok_or_else(|| format!("its fee of {fee} µTHR is more than half of `accounts.fee_max`, {fee_max} µTHR"))
    }

    /// The fee of these calls, if they were the account's next.
    fn try_out(
        &self,
        view: &dyn StateView,
        nonce: Nonce,
        valid_until: TimeMs,
        calls: &[Call],
    ) -> Result<Amount, String> {
        let registry = self.chain.registry();
        let said = |reject: Reject| match registry.describe(reject) {
            Some(found) => found.sentence.to_owned(),
            None => reject.to_string(),
        };
        let transaction = self.make(nonce, valid_until, self.fee_max, calls.to_vec()).map_err(|error| error.message)?;
        let checked = registry.check(self.chain.id(), Arc::new(transaction)).map_err(said)?;
        let now = TimeMs(self.chain.now_ms());
        match registry.simulate(view, now, &checked) {
            Ok(receipt) if receipt.is_ok() => Ok(receipt.fee),
            Ok(receipt) => {
                let why = registry.describe_reject(receipt.code);
                let why = why.map_or_else(|| receipt.code.to_string(), |found| found.sentence.to_owned());
                Err(format!("what it is to send would be rejected now: {why}"))
            }
            Err(reject) if reject == KernelReject::FeeMaxTooLow.into() => {
                Err(format!("the price is above `accounts.fee_max`, {} µTHR", self.fee_max))
            }
            Err(reject) => Err(said(reject)),
        }
    }

    fn make(
        &self,
        nonce: Nonce,
        valid_until: TimeMs,
        fee_max: Amount,
        calls: Vec<Call>,
    ) -> signing::Result<Transaction> {
        let envelope = Envelope::single(self.key.address(), nonce, valid_until, fee_max);
        let body = signing::transaction::build(&envelope, calls)?;
        signing::sign_transaction(&self.key, self.chain.id(), body)
    }

    /// Whether some block could hold these calls: their form, and what modules say of it.
    fn possible(&self, calls: &[Call]) -> Result<(), DeedError> {
        let refused = |code, sentence| {
            let reason = Reason::Rule(KernelReject::TooLong.into());
            DeedError::Impossible(Refused { code, sentence, reason })
        };
        let made = self.make(Nonce(0), TimeMs(0), self.fee_max, calls.to_vec());
        let transaction = made.map_err(|error| refused("impossible", error.message))?;
        let registry = self.chain.registry();
        let checked: Result<CheckedTransaction, Reject> = registry.check(self.chain.id(), Arc::new(transaction));
        checked.map(drop).map_err(|reject| match registry.describe(reject) {
            Some(found) => refused(found.name, found.sentence.to_owned()),
            None => refused("rejected", reject.to_string()),
        })
    }

    async fn submit(&mut self, key: Hash32, id: Hash32, bytes: &[u8]) -> Option<DeedInput> {
        let transaction = Transaction::from_canonical(bytes).ok()?;
        if !self.is_current {
            // Nobody hears it now, perhaps.
            return Some(DeedInput::Answered { key, id, answer: PoolWord::Refused });
        }
        let answer = match self.chain.submit(transaction).await {
            Ok(_) => PoolWord::Taken,
            Err(Refused { reason: Reason::Known, .. }) => PoolWord::Taken,
            Err(refused) if refused.code == "fee_max_too_low" => PoolWord::TooCheap,
            Err(Refused { reason: Reason::Unavailable(Unavailable::Stopping), .. }) => return None,
            Err(refused) => {
                tracing::debug!(service = self.service, %id, %refused, "the pool does not take a transaction now");
                PoolWord::Refused
            }
        };
        Some(DeedInput::Answered { key, id, answer })
    }

    /// What became of transactions whose nonce the chain has passed. Nothing is said as long as that is not proven.
    fn ask(&mut self, key: Hash32, nonce: Nonce, ids: &[Hash32]) -> Option<DeedInput> {
        let asked = tokio::task::block_in_place(|| {
            for id in ids {
                if let Some(found) = self.chain.transaction(id)? {
                    return Ok(Some(found));
                }
            }
            self.chain.user_of_nonce(&self.key.address(), nonce)
        });
        let found = match asked {
            Ok(Some(found)) => found,
            Ok(None) => {
                self.hindrance = Some(format!("it is not known what used nonce {nonce} of its account"));
                return None;
            }
            Err(Unavailable::Busy | Unavailable::Stopping | Unavailable::DiskFull | Unavailable::Unreadable) => {
                return None;
            }
        };
        let end = DeedEnd { id: found.id, height: found.height, code: found.code };
        Some(DeedInput::Told { key, nonce, end: ids.contains(&found.id).then_some(end) })
    }

    /// Tells how the account is.
    fn show(&mut self, balance: Amount) {
        let thr = |amount: Amount| amount.to_decimal(THR_DECIMALS);
        let address = self.address();
        if let Some(max) = self.balance_max.filter(|max| balance > *max) {
            if !self.has_warned {
                let (service, balance, max) = (self.service, thr(balance), thr(max));
                tracing::warn!(service, %address, balance, max, "an account whose key lies on this machine has much THR");
            }
            self.has_warned = true;
        } else {
            self.has_warned = false;
        }
        let trouble = if self.outbox.is_held() {
            Some(format!("the account {address}: {}; {}", DeedError::Held, self.when_held))
        } else if self.is_current && balance < self.balance_min {
            // In older blocks the account had something else, perhaps.
            Some(self.too_little())
        } else {
            let said = self.hindrance.as_ref().filter(|_| self.outbox.open_deeds() > 0);
            said.map(|why| format!("the account {address} cannot send: {why}"))
        };
        self.shown.send_if_modified(|shown| {
            let now = Shown { balance: Some(balance), is_used_elsewhere: self.is_used_elsewhere, trouble };
            let is_new = *shown != now;
            *shown = now;
            is_new
        });
    }

    fn too_little(&self) -> String {
        let (address, least) = (self.address(), self.balance_min.to_decimal(THR_DECIMALS));
        format!("the account {address} has less than {least} THR (`accounts.balance_min`): send it some")
    }

    /// Writes the log anew when most of it is no longer needed. One that cannot be is only long.
    fn tidy(&mut self) {
        if self.log.bytes() < self.tidy_at {
            return;
        }
        self.tidy_at = self.log.bytes().saturating_add(LOG_BYTES_MIN);
        let records: Vec<Vec<u8>> = self.outbox.records().iter().map(DeedRecord::to_bytes).collect();
        let needed = records.iter().fold(0_u64, |sum, record| sum.saturating_add(record.len() as u64));
        if self.log.bytes() / 2 < needed {
            return;
        }
        if let Err(error) = tokio::task::block_in_place(|| self.log.rewrite(records.iter().map(Vec::as_slice))) {
            // One that is broken says so to what is written next.
            tracing::warn!(service = self.service, %error, "the account's log could not be made shorter");
            return;
        }
        self.tidy_at = LOG_BYTES_MIN.max(self.log.bytes().saturating_mul(2));
    }

    fn address(&self) -> String {
        self.key.address().to_text(self.chain.genesis().network)
    }
}
