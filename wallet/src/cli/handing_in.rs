//! A signed transaction on its way to a node: kept before it leaves, waited for, and forgotten once it is known what became of it.
//!
//! It must not know what the transaction does, nor sign anything.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use types::{Address, Auth, Call, Hash32, Nonce, TimeMs, Transaction};

use super::context::Context;
use super::output::is_done;
use super::report::{Report, when};
use super::submit::final_report;
use super::typed::quoted_path;
use crate::delivery::{ALREADY_FINAL, BROADCAST_FILE, Bytes, Stopped, Whereabouts, deliver, hand_in, how_to_replace};
use crate::keystore::file::{Existing, write_private};
use crate::patience::{Slow, Waiter};
use crate::{Chain, Error, NodeClient, Result, TransactionFile};

/// Kept transactions that are looked at before another one is signed.
const UNFINISHED_MAX: usize = 256;

/// Hands a signed transaction to a node, and waits when there is patience for it. The account's lock is held until the node has it.
/// `file` is the one that the transaction was read from.
pub fn send(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    (bytes, patience): (Bytes, Option<Duration>),
    lock: Option<File>,
    file: Option<&Path>,
) -> std::result::Result<Report, Stopped> {
    let refused = |error| Stopped { error, outcome: Whereabouts::Refused };
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let until = if patience.is_some() {
        "until it is final".to_owned()
    } else {
        format!("until `thronos tx {id}` finds it final")
    };
    let kept = keep(context, chain, transaction, &until, file).map_err(refused)?;
    let named = |stopped: Stopped| match &kept {
        Some(kept) => Stopped { error: with_file(stopped.error, kept), ..stopped },
        None => stopped,
    };
    let Some(patience) = patience else {
        let done = hand_in(client, chain, transaction, bytes);
        if done.as_ref().is_err_and(is_final) {
            forget(context, chain, transaction);
        }
        let id = done.map_err(named)?;
        let text = format!("sent: {id}\nfollow it with `thronos tx {id}`");
        return Ok(Report::new(text, json!({"id": id, "status": "pending"})));
    };
    let (valid_until, nonce) = (transaction.body.valid_until, transaction.body.nonce);
    let sender = transaction.body.sender.to_text(chain.network());
    let mut person = Person { context, id, valid_until, sender, nonce, lock };
    let done = deliver(client, chain, transaction, (bytes, patience), &mut person);
    // What may still be needed stays: the same bytes can be handed in again without paying twice, and by them it can be told later that
    // nothing came of them.
    if done.as_ref().map_or_else(is_final, |_| true) {
        forget(context, chain, transaction);
    }
    let settled = |error| Stopped { error, outcome: Whereabouts::Settled };
    let done = done.map_err(named)?;
    context.remember(chain, &done.block).map_err(settled)?;
    final_report(&done).map_err(settled)
}

/// Says when something with the same content was signed before and nobody knows yet what became of it: whoever types an interrupted
/// command again means one payment.
pub fn tell_unfinished(context: &Context, chain: &Chain, sender: &Address, calls: &[Call]) {
    let is_same = |file: &TransactionFile| {
        file.chain_id == chain.id() && file.body.sender == *sender && file.body.calls.iter().eq(calls)
    };
    for (path, file) in context.home.all_sent(UNFINISHED_MAX).into_iter().filter(|(_, file)| is_same(file)) {
        let id = crypto::ids::transaction_id(chain.id(), &file.body);
        context.note(&format!(
            "warning: {id} does the same and may still be included; this one comes on top of it. What became of it `thronos tx {id}` tells, \
             and `thronos broadcast {}` hands it in again without paying twice",
            quoted_path(&path)
        ));
    }
}

/// Whether a transaction is proven to be final. A node that refuses it may have handed it on, so its word is not enough.
fn is_final(stopped: &Stopped) -> bool {
    stopped.outcome == Whereabouts::Settled && stopped.error.own_code() == ALREADY_FINAL
}

/// Deletes the bytes that were kept of a transaction.
pub fn forget(context: &Context, chain: &Chain, transaction: &Transaction) {
    context.home.forget_sent(&crypto::ids::transaction_id(chain.id(), &transaction.body));
}

/// Keeps a signed transaction before it leaves, and says its id: whatever happens then, the person knows what was sent and where the
/// bytes are. What several keys signed lies in a file already, which stays.
fn keep(
    context: &Context,
    chain: &Chain,
    transaction: &Transaction,
    until: &str,
    file: Option<&Path>,
) -> Result<Option<PathBuf>> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    is_done(format!("it was handed in, so do not give this command again: `thronos tx {id}` tells how it ended"));
    let [Auth::Single { key, signature }] = &*transaction.witness.auths else {
        let place = file.map_or_else(String::new, |file| format!(", which stays in {}", file.display()));
        context.note(&format!("handing in {id}{place}"));
        return Ok(file.map(Path::to_owned));
    };
    let mut kept = TransactionFile::unsigned(chain.id(), chain.network(), transaction.body.clone(), None);
    kept.add(*key, *signature)?;
    let path = context.home.sent_path(&id)?;
    write_private(&path, kept.to_json().as_bytes(), Existing::Replace)?;
    context.note(&format!("handing in {id}, kept in {} {until}", path.display()));
    Ok(Some(path))
}

/// An error whose hint names the file with the bytes.
#[must_use]
pub fn with_file(error: Error, file: &Path) -> Error {
    let command = format!("thronos broadcast {}", quoted_path(file));
    Error { hint: error.hint.replace(BROADCAST_FILE, &command), ..error }
}

/// Whoever waits at the command.
struct Person<'a> {
    context: &'a Context,
    id: Hash32,
    valid_until: TimeMs,
    sender: String,
    nonce: Nonce,
    lock: Option<File>,
}

impl Waiter for Person<'_> {
    fn taken(&mut self) {
        self.lock = None;
    }

    fn slow(&mut self, why: &Slow) {
        self.context.note(&still_waiting(&self.id, self.valid_until, self.nonce, (why, self.missing(why))));
    }
}

impl Person<'_> {
    /// The account's next nonce, as the node says, where another transaction has to come before.
    fn missing(&self, why: &Slow) -> Option<Nonce> {
        if !matches!(why, Slow::PassedOver(_)) {
            return None;
        }
        let account = self.context.client().and_then(|client| client.account(&self.sender)).ok()?;
        (account.pending_nonce < self.nonce).then_some(account.pending_nonce)
    }
}

/// What a person is told who waits for long: why, and what they can do.
fn still_waiting(id: &Hash32, valid_until: TimeMs, nonce: Nonce, (why, missing): (&Slow, Option<Nonce>)) -> String {
    if let Some(missing) = missing {
        return format!(
            "still waiting: it has the nonce {nonce}, and the account's next one is {missing}, as the node says: no block can hold it before \
             what comes in between. Hand that in, or leave with Ctrl-C and sign it again with `--nonce {missing}`: both would pay once they can; \
             `thronos tx {id}` shows what became of it until {}",
            when(valid_until)
        );
    }
    let advice = match why {
        Slow::Standing(..) => "`thronos status` says how the chain is",
        Slow::PassedOver(_) => "a higher tip is served first",
        Slow::Unclear(_) | Slow::Silent(_) => "look at another node with `--node`",
    };
    // Where no block comes, or nobody knows, a higher tip helps no one.
    let sooner = match why {
        Slow::PassedOver(_) => format!(". To be served sooner, {}", how_to_replace(nonce)),
        Slow::Standing(..) | Slow::Unclear(_) | Slow::Silent(_) => {
            ". Do not sign it anew: that would pay a second time".to_owned()
        }
    };
    let until = when(valid_until);
    format!(
        "still waiting: {why}; {advice}. Wait, or leave with Ctrl-C: blocks may include it until {until}, and `thronos tx {id}` \
         shows what became of it{sooner}"
    )
}
