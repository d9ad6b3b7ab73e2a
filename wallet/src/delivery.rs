//! Handing in a transaction and waiting until it is final.
//!
//! It must not trust the node: an event only says where to look, and [`finality`](crate::finality) checks what is found there. A node
//! that refuses a transaction, or says nothing, may have handed it on all the same.
//!
//! Invariant: whoever hears that a transaction came to nothing hears it from [`Whereabouts`], never from a code, which the node can
//! choose. Who believes it too early pays twice.

use std::time::{Duration, Instant};

use types::{Hash32, TimeMs, Transaction};

use crate::chain::Chain;
use crate::client::types::{TransactionResponse, TransactionStatus};
use crate::client::{EventStream, NodeClient, StreamEvent};
use crate::finality::{FinalTransaction, check_block, check_transaction};
use crate::patience::{Patience, Slow, Waiter};
use crate::{Error, Result};

/// How long one question may wait at the node.
const LONG_POLL: Duration = Duration::from_secs(5);
/// Between two questions about a transaction that the node does not know.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause that a node is given when it asks for one.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How long the proof of a result is waited for, once the transaction itself is proven.
const RESULT_PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks for it.
const RESULT_PAUSE: Duration = Duration::from_millis(20);

/// How long the proof is waited for that another transaction took a nonce.
const TAKEN_PATIENCE: Duration = Duration::from_secs(10);
/// So far back it is looked for among an account's transactions.
const TAKEN_ENTRIES: u32 = 100;

/// The pauses after which the same bytes are handed in again, when no answer came.
const AGAIN: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(2)];

/// The codes by which a node says that a nonce is taken.
const NONCE_TAKEN: [&str; 3] = ["nonce_too_low", "nonce_used", "replacement_underpriced"];

/// The code by which a node says that it takes no transactions.
const READ_ONLY: &str = "read_only_replica";
/// The code of what was final before it was handed in.
pub(crate) const ALREADY_FINAL: &str = "already_final";
/// The command that hands in a file, as long as nobody has said which.
pub(crate) const BROADCAST_FILE: &str = "thronos broadcast FILE";

/// What is known of a transaction whose delivery has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// The node's first answer refuses these bytes, which never left before. It may have handed them on all the same.
    Refused,
    /// As before, and because its nonce is taken, as the node says. [`taken_by_another`] proves it or not.
    NonceTaken,
    /// It is proven what became of it.
    Settled,
    /// It may be included still, or be final.
    Open,
}

/// Whether the very bytes that are handed in may have left before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// They were signed a moment ago.
    New,
    /// They come from a file: no answer to them is the first.
    Known,
}

/// Why the delivery of a transaction has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// What to tell.
    pub error: Error,
    /// What is known of the transaction.
    pub outcome: Whereabouts,
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        stopped.error
    }
}

fn open(error: Error) -> Stopped {
    Stopped { error, outcome: Whereabouts::Open }
}

/// Hands in a transaction. When the answer is lost nobody knows whether it arrived, so the same bytes are handed in again: they
/// cannot be paid twice.
///
/// # Errors
/// What the node refuses it for; `already_final` when it was final before; `superseded` when another with its nonce is; `outcome_unknown` when no answer comes, or a refusal after
/// one that was lost, or of bytes that may have left before.
pub fn hand_in(
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    bytes: Bytes,
) -> std::result::Result<Hash32, Stopped> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let mut pauses = AGAIN.iter();
    loop {
        let error = match client.submit(chain.id(), transaction) {
            Ok(accepted) if accepted.id == id => return Ok(id),
            Ok(accepted) => {
                let message = format!("the node took the transaction as {}, its id is {id}", accepted.id);
                return Err(open(Error::new("bad_answer", message, "the node may be of another version")));
            }
            Err(error) => error,
        };
        if !is_lost(&error) {
            let is_lost = pauses.len() < AGAIN.len();
            return refused(client, chain, transaction, error, (bytes, is_lost));
        }
        match pauses.next() {
            Some(pause) => std::thread::park_timeout(pause_before(&error, *pause)),
            None => return Err(open(outcome_unknown(&id, &error))),
        }
    }
}

/// Whether nobody knows what the node has done: no answer came, or one that asks to come again later.
fn is_lost(error: &Error) -> bool {
    error.retry_after.is_some() || ["node_unreachable", "bad_answer", "timeout"].contains(&&*error.code)
}

/// The pause that the node asks for, within bounds.
fn pause_before(error: &Error, least: Duration) -> Duration {
    error.retry_after.map_or(least, |asked| asked.clamp(least, PAUSE_MAX.max(least)))
}

/// What a refusal means: the node may have the transaction all the same, because it was handed in before. `is_lost` says whether an
/// answer was.
fn refused(
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    error: Error,
    (bytes, is_lost): (Bytes, bool),
) -> std::result::Result<Hash32, Stopped> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let seen = client.transaction(&id, Duration::ZERO).ok();
    if let Some(response) = seen.filter(|response| response.status != TransactionStatus::Unknown) {
        let height = response.height.filter(|_| response.status == TransactionStatus::Final && !is_lost);
        let Some(height) = height else { return Ok(id) };
        let is_proven = check_transaction(client, chain, &response, Some(transaction), None).is_ok();
        let whose_word = if is_proven { "" } else { ", as the node says" };
        let message = format!("the transaction {id} is final already, in block {height}{whose_word}");
        let hint = format!("do not sign it anew; see it with `thronos tx {id}`");
        let outcome = if is_proven { Whereabouts::Settled } else { Whereabouts::Open };
        return Err(Stopped { error: Error::new(ALREADY_FINAL, message, hint), outcome });
    }
    if let Some(error) = what_is_over(client, chain, transaction).unwrap_or_default() {
        return Err(Stopped { error, outcome: Whereabouts::Settled });
    }
    let is_taken = NONCE_TAKEN.contains(&&*error.code);
    if is_lost || bytes == Bytes::Known {
        if is_taken && let Some(other) = superseded(client, chain, transaction) {
            return Err(Stopped { error: superseded_error(chain, transaction, &other), outcome: Whereabouts::Settled });
        }
        // One that arrived without an answer may be final where this node does not see it, or does not want to.
        return Err(open(outcome_unknown(&id, &error)));
    }
    let error = refused_by_node(&id, error);
    Err(Stopped { error, outcome: if is_taken { Whereabouts::NonceTaken } else { Whereabouts::Refused } })
}

/// A node's refusal with what to do about it, which is never the node's to say: who signs anew on its word may pay twice.
fn refused_by_node(id: &Hash32, error: Error) -> Error {
    let message = format!("the transaction {id} was handed in, and {}", error.message);
    let again = how_to_hand_in_again(&error);
    let hint = format!(
        "it may have been handed on all the same: before you sign anything in its place look at another node with \
         `thronos tx {id} --node URL`, or wait until it has expired; {again}"
    );
    Error { message, hint, ..error }
}

/// The way on with the same bytes. A node that takes no transactions takes them the next time neither.
fn how_to_hand_in_again(error: &Error) -> String {
    if error.code == READ_ONLY {
        return format!(
            "this node is read-only, as it says: hand the same bytes in at another one with `{BROADCAST_FILE} --node URL`"
        );
    }
    format!("the same bytes can be handed in again with `{BROADCAST_FILE}`")
}

/// Waits for the proof that another transaction of the same account with the same nonce is final, so that this one can never be.
///
/// # Errors
/// `outcome_unknown` without the proof: the node may have handed this one on and call its own nonce taken.
pub fn taken_by_another(client: &NodeClient, chain: &mut Chain, transaction: &Transaction) -> Result<()> {
    let begun = Instant::now();
    loop {
        if superseded(client, chain, transaction).is_some() {
            return Ok(());
        }
        if begun.elapsed() > TAKEN_PATIENCE {
            let (id, nonce) = (crypto::ids::transaction_id(chain.id(), &transaction.body), transaction.body.nonce);
            let why = Error::new(
                "nonce_taken",
                format!("its nonce {nonce} is taken, as the node says, and no final transaction proves that"),
                "ask another node with `--node`",
            );
            return Err(outcome_unknown(&id, &why));
        }
        std::thread::park_timeout(PAUSE);
    }
}

/// The other transaction of which it is proven, now, that it has taken the nonce. None is no answer: ask again, or another node.
#[must_use]
pub fn superseded(client: &NodeClient, chain: &mut Chain, transaction: &Transaction) -> Option<Transaction> {
    user_of_nonce(client, chain, transaction).unwrap_or_default()
}

/// What is told of a transaction that [`superseded`] proves to be over. Whoever replaced it on purpose has done by the other one what
/// this one was to do, so nobody is told to sign it anew.
#[must_use]
pub fn superseded_error(chain: &Chain, transaction: &Transaction, other: &Transaction) -> Error {
    let id_of = |one: &Transaction| crypto::ids::transaction_id(chain.id(), &one.body);
    let (id, other_id, nonce) = (id_of(transaction), id_of(other), transaction.body.nonce);
    let message = format!(
        "the transaction {id} can never be included: the transaction {other_id} of its account, with its nonce {nonce}, is final instead"
    );
    let hint = if transaction.body.calls == other.body.calls {
        format!("that one does the same, so do not sign it anew: see what became of it with `thronos tx {other_id}`")
    } else {
        format!(
            "if that one was sent in its place, it has done it: see `thronos tx {other_id}`, and sign anew only what that one did not do"
        )
    };
    Error::new("superseded", message, hint)
}

/// What is told of a transaction that no block can hold any more: which other one took its nonce, or that it has expired. Nothing while
/// it may be included.
///
/// # Errors
/// As [`is_gone`].
pub fn what_is_over(client: &NodeClient, chain: &mut Chain, transaction: &Transaction) -> Result<Option<Error>> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    if !is_gone(client, chain, &id, transaction.body.valid_until)? {
        return Ok(None);
    }
    let other = superseded(client, chain, transaction);
    Ok(Some(other.map_or_else(|| expired(&id), |other| superseded_error(chain, transaction, &other))))
}

/// The node only says where to look; the other transaction is checked to be final, and by its bytes to be another one.
fn user_of_nonce(client: &NodeClient, chain: &mut Chain, transaction: &Transaction) -> Result<Option<Transaction>> {
    let body = &transaction.body;
    let own = crypto::ids::transaction_id(chain.id(), body);
    let history = client.history(&body.sender.to_text(chain.network()), None, TAKEN_ENTRIES)?;
    let other = history.transactions.into_iter().find_map(|entry| {
        entry.transaction.filter(|other| other.body.sender == body.sender && other.body.nonce == body.nonce)
    });
    let Some(other) = other else { return Ok(None) };
    let id = crypto::ids::transaction_id(chain.id(), &other.body);
    if id == own {
        return Ok(None);
    }
    let response = client.transaction(&id, Duration::ZERO)?;
    let is_proven = response.id == id && check_transaction(client, chain, &response, Some(&other), None).is_ok();
    Ok(is_proven.then_some(other))
}

fn outcome_unknown(id: &Hash32, error: &Error) -> Error {
    let message = format!("nobody knows whether the transaction {id} arrived, or what became of it: {}", error.message);
    let again = how_to_hand_in_again(error);
    let hint = format!(
        "do not sign it anew, it could be paid twice; look with `thronos tx {id}`, at another node too with `--node`; {again}"
    );
    Error::new("outcome_unknown", message, hint)
}

/// As [`deliver`], for whoever needs the error alone.
///
/// # Errors
/// As [`deliver`].
pub fn submit_and_wait(
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    limit: Duration,
    waiter: &mut dyn Waiter,
) -> Result<FinalTransaction> {
    Ok(deliver(client, chain, transaction, (Bytes::New, limit), waiter)?)
}

/// Hands in a transaction and waits for it to become final, at most for `limit`. The waiter hears when the node has it, and why it
/// takes long.
///
/// # Errors
/// As [`hand_in`]; `not_final_yet` or `outcome_unknown` when the time is over; `expired`; what [`Chain`] finds wrong with the node's
/// proof.
pub fn deliver(
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    (bytes, limit): (Bytes, Duration),
    waiter: &mut dyn Waiter,
) -> std::result::Result<FinalTransaction, Stopped> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    // The stream is open before the transaction leaves, so its news cannot be missed.
    let stream = client.follow_transaction(&id).ok();
    let mut patience = Patience::new(limit);
    hand_in(client, chain, transaction, bytes)?;
    waiter.taken();
    patience.heard(&Ok(()));
    let streamed = stream.is_some_and(|stream| await_event(stream, &id, &patience));
    let latency = patience.waited();
    if streamed {
        let response = client.transaction(&id, Duration::ZERO);
        if let Some(response) = response.ok().filter(is_certified) {
            match check_with_result(client, chain, &response, transaction, latency) {
                Err(error) if is_passing(&error) => {}
                done => return done.map_err(open),
            }
        }
    }
    let done = poll(client, chain, transaction, &mut patience, waiter)?;
    Ok(FinalTransaction { stood: patience.stood(), ..done })
}

/// As [`check_transaction`], and waits for the next block, which proves the result and comes in a moment. Without it the result is
/// the node's word.
fn check_with_result(
    client: &NodeClient,
    chain: &mut Chain,
    response: &TransactionResponse,
    transaction: &Transaction,
    latency: Duration,
) -> Result<FinalTransaction> {
    let begun = Instant::now();
    loop {
        let done = check_transaction(client, chain, response, Some(transaction), Some(latency))?;
        if done.receipt_checked || begun.elapsed() > RESULT_PATIENCE {
            return Ok(done);
        }
        std::thread::park_timeout(RESULT_PAUSE);
    }
}

/// Whether the node can prove what it says.
fn is_certified(response: &TransactionResponse) -> bool {
    response.status == TransactionStatus::Final && response.certificate_hex.is_some()
}

/// Waits for the event that says the transaction is final and proven. The stream yields after every read, so the clock is looked at
/// whatever the node sends. False when the stream ends, says something else, or it takes
/// long: whoever asks instead can tell meanwhile how the chain stands.
fn await_event(stream: EventStream, id: &Hash32, patience: &Patience) -> bool {
    for event in stream {
        match event {
            Ok(StreamEvent::Transaction(news)) if news.id == *id && is_certified(&news) => return true,
            Ok(_) if !patience.is_over() && !patience.is_long() => {}
            Ok(_) | Err(_) => return false,
        }
    }
    false
}

/// Whether a proof could not be asked for now, which says nothing about it.
fn is_passing(error: &Error) -> bool {
    error.retry_after.is_some() || ["node_unreachable", "timeout"].contains(&&*error.code)
}

/// Asks until it is known what became of a transaction that the node has taken. No refusal of a question says anything about it.
fn poll(
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    patience: &mut Patience,
    waiter: &mut dyn Waiter,
) -> std::result::Result<FinalTransaction, Stopped> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    loop {
        patience.look(client, waiter);
        let answer = client.transaction(&id, LONG_POLL);
        patience.heard(&answer);
        let lost = match answer {
            Ok(response) if response.status == TransactionStatus::Final => {
                match check_transaction(client, chain, &response, Some(transaction), Some(patience.waited())) {
                    Err(error) if is_passing(&error) => Some(error),
                    done => return done.map_err(open),
                }
            }
            Ok(response) if response.status == TransactionStatus::Unknown => {
                if let Some(error) = what_is_over(client, chain, transaction).map_err(open)? {
                    return Err(Stopped { error, outcome: Whereabouts::Settled });
                }
                // A node that does not know it answers at once; parking is a pause that needs no other thread.
                std::thread::park_timeout(PAUSE);
                None
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        if let Some(error) = &lost {
            std::thread::park_timeout(pause_before(error, PAUSE).min(patience.left()));
        }
        if patience.is_over() {
            return Err(open(match lost {
                Some(error) => outcome_unknown(&id, &error),
                None => not_final_yet(&id, transaction, patience.waited(), &patience.see(client)),
            }));
        }
    }
}

fn not_final_yet(id: &Hash32, transaction: &Transaction, waited: Duration, why: &Slow) -> Error {
    let message = format!("the transaction {id} is not final after {} s: {why}", waited.as_secs());
    let (look, sooner) = match why {
        Slow::Standing(..) => (
            "when the chain goes on; `thronos status` says how the chain is,",
            "do not sign it anew: that would pay a second time".to_owned(),
        ),
        Slow::PassedOver(_) | Slow::Unclear(_) | Slow::Silent(_) => ("still:", how_to_replace(transaction.body.nonce)),
    };
    let hint = format!("it may be included {look} `thronos tx {id}` says what became of it; {sooner}");
    Error::new("not_final_yet", message, hint)
}

/// How to be served sooner without paying twice.
pub(crate) fn how_to_replace(nonce: types::Nonce) -> String {
    format!("replace it with `--nonce {nonce}` and a higher `--tip`: a plain `send` would pay a second time")
}

/// Whether no block can hold a transaction any more: the chain's time has passed its validity, and the node does not know it.
///
/// # Errors
/// What the check of the block whose time is looked at fails with.
pub fn is_gone(client: &NodeClient, chain: &mut Chain, id: &Hash32, valid_until: TimeMs) -> Result<bool> {
    Ok(has_expired(client, chain, valid_until)? && is_unknown(client, id))
}

/// Whether the chain's time has passed a transaction's validity: by a final header, not by the node's word, because who believes
/// too early that nothing was paid pays twice.
fn has_expired(client: &NodeClient, chain: &mut Chain, valid_until: TimeMs) -> Result<bool> {
    let Ok(status) = client.status() else { return Ok(false) };
    if status.time <= valid_until {
        return Ok(false);
    }
    let Ok(block) = client.block(&status.certified_height.to_string()) else { return Ok(false) };
    match check_block(client, chain, &block) {
        Err(error) if is_passing(&error) => Ok(false),
        checked => Ok(checked?.header.time > valid_until),
    }
}

/// A second look, after the time is known: the last block that could hold the transaction is final by now.
fn is_unknown(client: &NodeClient, id: &Hash32) -> bool {
    client.transaction(id, Duration::ZERO).is_ok_and(|response| response.status == TransactionStatus::Unknown)
}

/// What is told of a transaction that no block can hold any more.
#[must_use]
pub fn expired(id: &Hash32) -> Error {
    let message = format!(
        "the time of a final block, which this wallet has checked, is past the validity of the transaction {id}; that no block \
         holds it is what the node says"
    );
    let hint = format!(
        "look at another node with `thronos tx {id} --node URL`; then send anew, with a higher `--tip` or `--fee-max`, unless you have \
         sent another one in its place. Its bytes lie in `sent/{id}.json` of the wallet that signed it, until you delete that file"
    );
    Error::new("expired", message, hint)
}
