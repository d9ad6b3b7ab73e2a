//! A service's own account: the outbox of `service` with a log, a key, and the chain of this node.
//!
//! One task owns the nonce. It must not know what a call says. Invariants: what it submits is in its log, synced; of a transaction
//! it believes only what stands in a final block of this node's store; and it takes a nonce for used by somebody else only when it
//! has seen that transaction. A log that is damaged, or cannot be written, stops the node: whoever goes on without it pays twice.

mod keeper;

use std::path::Path;
use std::sync::Arc;

use service::account::{AccountNeed, DeedError, Past, ServiceAccount, Unfit};
use service::chain::{Chain, Later};
use service::kept::{ACCOUNT_LOG, look_at_account, past_of};
use service::log::{Log, LogError, OnDamage, OpenedLog};
use service::outbox::{DeedEnd, DeedOutbox, DeedRecord, DeedState, OUTBOX_LOG};
use service::{FolderFindings, Refusal, State};
use signing::AccountKey;
use tokio::sync::{mpsc, oneshot, watch};
use types::{Address, Amount, Call, Hash32, Network, Nonce};

pub(crate) use keeper::Keeper;

use crate::config::AccountSettings;

/// Questions that wait for the task.
const QUESTIONS_MAX: usize = 64;

/// What the account's task is asked.
enum Question {
    Send {
        key: Hash32,
        calls: Vec<Call>,
        answer: oneshot::Sender<Result<DeedEnd, DeedError>>,
    },
    State {
        key: Hash32,
        answer: oneshot::Sender<Option<DeedState>>,
    },
    Forget {
        key: Hash32,
    },
    Abandon {
        key: Hash32,
        answer: oneshot::Sender<bool>,
    },
    Begin,
    Trust {
        seen: Nonce,
        answer: oneshot::Sender<bool>,
    },
    Known {
        answer: oneshot::Sender<Nonce>,
    },
    /// See [`ServiceAccount::seen`].
    Seen {
        answer: oneshot::Sender<Option<Nonce>>,
    },
    Fits {
        calls: Vec<Call>,
        answer: oneshot::Sender<Result<(), Unfit>>,
    },
}

/// What is seen of the account from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    balance: Option<Amount>,
    /// Whether others were seen to use the key when the chain's newest state was first looked at.
    is_used_elsewhere: Option<bool>,
    /// Why nothing is sent.
    pub(crate) trouble: Option<String>,
}

/// The way to an account's task.
pub(crate) struct NodeAccount {
    address: Address,
    past: Past,
    questions: mpsc::Sender<Question>,
    shown: watch::Receiver<Shown>,
}

/// Opens the account of a service: nothing runs yet.
///
/// # Errors
/// `account_log`: the log is damaged or cannot be used.
pub(crate) fn open(
    (service, need): (&'static str, AccountNeed),
    folder: &Path,
    key: AccountKey,
    settings: &AccountSettings,
    chain: Arc<dyn Chain>,
) -> Result<(Arc<dyn ServiceAccount>, Keeper), Refusal> {
    let opened =
        Log::open(&folder.join(ACCOUNT_LOG), OUTBOX_LOG, OnDamage::Refuse).map_err(|error| refusal(service, &error))?;
    let OpenedLog { log, records, torn_bytes, .. } = opened;
    if torn_bytes > 0 {
        tracing::warn!(service, bytes = torn_bytes, "an incomplete last record of the account's log was cut off");
    }
    let read = records.iter().map(|bytes| DeedRecord::from_bytes(bytes)).collect::<Option<Vec<_>>>();
    let records = read.ok_or_else(|| {
        let message = format!("the account of `{service}`: its log holds a record that this version does not know");
        Refusal::new("account_log", format!("{message}; start the version that wrote it, or a newer one"))
    })?;
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let (show, shown) = watch::channel(Shown::default());
    let address = key.address();
    let before = DeedOutbox::open(records);
    let is_own = before.account() == Some(address);
    let past = if is_own { past_of(&before) } else { Past::New };
    if !is_own && before.open_deeds() > 0 {
        return Err(of_another(service, &before, chain.genesis().network));
    }
    let (mut log, mut outbox) = (log, before);
    if !is_own {
        let first = DeedRecord::Account { address };
        log.rewrite([first.to_bytes().as_slice()]).map_err(|error| refusal(service, &error))?;
        outbox = DeedOutbox::open([first]);
    }
    let keeper = Keeper::new((service, need), key, settings, chain, (log, outbox), asked, show);
    Ok((Arc::new(NodeAccount { address, past, questions, shown }), keeper))
}

/// Looks at the log of a stopped node's account, in the folder of its service.
pub(crate) fn look(folder: &Path) -> FolderFindings {
    look_at_account(folder).0
}

/// What the former key sent may still be included, so it is followed by that key alone.
fn of_another(service: &str, outbox: &DeedOutbox, network: Network) -> Refusal {
    let account = outbox.account().map_or_else(|| "another account".to_owned(), |address| address.to_text(network));
    let open = outbox.open_deeds();
    Refusal::new(
        "account_log",
        format!(
            "the account of `{service}`: {open} transactions of {account} have not ended; name its key again in `accounts.{service}` until \
             they have, then change it"
        ),
    )
}

fn refusal(service: &str, error: &LogError) -> Refusal {
    let hint = match error {
        LogError::Damaged { .. } | LogError::TooLong { .. } => {
            "what was sent may be missing in it: move the file away (and the service's own log of what it paid beside it, if there is one), \
             start, and nothing is sent before you have compared what the account has sent with what it was to send and said so"
        }
        _ => "check the disk and who owns the file",
    };
    Refusal::new("account_log", format!("the account of `{service}`: {error}; {hint}"))
}

impl ServiceAccount for NodeAccount {
    fn address(&self) -> Address {
        self.address
    }

    fn balance(&self) -> Option<Amount> {
        self.shown.borrow().balance
    }

    fn trouble(&self) -> Option<String> {
        self.shown.borrow().trouble.clone()
    }

    fn past(&self) -> Past {
        self.past
    }

    fn begin(&self) -> Later<'_, ()> {
        self.say(Question::Begin)
    }

    fn trust(&self, seen: Nonce) -> Later<'_, bool> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let asked = self.questions.send(Question::Trust { seen, answer }).await;
            asked.is_ok() && answered.await.unwrap_or(false)
        })
    }

    fn seen(&self) -> Later<'_, Option<Nonce>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            self.questions.send(Question::Seen { answer }).await.ok()?;
            answered.await.ok()?
        })
    }

    fn abandon(&self, key: Hash32) -> Later<'_, Option<bool>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            self.questions.send(Question::Abandon { key, answer }).await.ok()?;
            answered.await.ok()
        })
    }

    fn is_used_elsewhere(&self) -> Later<'_, Option<bool>> {
        let mut shown = self.shown.clone();
        Box::pin(async move {
            let known = shown.wait_for(|shown| shown.is_used_elsewhere.is_some()).await.ok()?;
            known.is_used_elsewhere
        })
    }

    fn known(&self) -> Later<'_, Option<Nonce>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            self.questions.send(Question::Known { answer }).await.ok()?;
            answered.await.ok()
        })
    }

    fn fits(&self, calls: Vec<Call>) -> Later<'_, Result<(), Unfit>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let stopping = || Unfit::Now(DeedError::Stopping.to_string());
            self.questions.send(Question::Fits { calls, answer }).await.map_err(|_| stopping())?;
            answered.await.unwrap_or_else(|_| Err(stopping()))
        })
    }

    fn payments(&self, to: &[(Address, Amount)]) -> Vec<Call> {
        runtime::payments(to)
    }

    fn send(&self, key: Hash32, calls: Vec<Call>) -> Later<'_, Result<DeedEnd, DeedError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let asked = self.questions.send(Question::Send { key, calls, answer }).await;
            asked.map_err(|_| DeedError::Stopping)?;
            answered.await.unwrap_or(Err(DeedError::Stopping))
        })
    }

    fn state_of(&self, key: Hash32) -> Later<'_, Option<DeedState>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            self.questions.send(Question::State { key, answer }).await.ok()?;
            answered.await.ok().flatten()
        })
    }

    fn forget(&self, key: Hash32) -> Later<'_, ()> {
        self.say(Question::Forget { key })
    }
}

impl NodeAccount {
    /// Says something that has no answer. A task that has ended keeps what it knows for the next start, where it is asked again.
    fn say(&self, question: Question) -> Later<'_, ()> {
        Box::pin(async move {
            let _ = self.questions.send(question).await;
        })
    }
}

/// Shows a service whose account sends nothing as waiting, until both work.
pub(crate) async fn overlay(
    mut own: watch::Receiver<State>,
    mut account: watch::Receiver<Shown>,
    shown: watch::Sender<State>,
) {
    loop {
        let state = own.borrow_and_update().clone();
        let trouble = account.borrow_and_update().trouble.clone();
        let is_last = state == State::Ended;
        shown.send_replace(match (state, trouble) {
            (State::Ready, Some(why)) => State::Waiting(why),
            (state, _) => state,
        });
        if is_last {
            return;
        }
        let changed = tokio::select! {
            changed = own.changed() => changed.is_ok(),
            Ok(()) = account.changed() => true,
        };
        if !changed {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
