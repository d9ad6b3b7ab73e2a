//! A signed transaction on its way to a node: kept before it leaves, waited for, and forgotten once it is known what became of it.
//!
//! It must not know what the transaction does, nor sign anything.

use std::fs::File;
use std::time::Duration;

use serde_json::json;
use types::{Auth, Hash32, Nonce, TimeMs, Transaction};

use super::context::Context;
use super::report::{Report, when};
use super::submit::final_report;
use crate::delivery::{Bytes, Stopped, Whereabouts, deliver, hand_in, how_to_replace};
use crate::keystore::file::{Existing, write_private};
use crate::patience::{Slow, Waiter};
use crate::{Chain, NodeClient, Result, TransactionFile};

/// Hands a signed transaction to a node, and waits when there is patience for it. The account's lock is held until the node has it.
pub fn send(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    (bytes, patience): (Bytes, Option<Duration>),
    lock: Option<File>,
) -> std::result::Result<Report, Stopped> {
    let refused = |error| Stopped { error, outcome: Whereabouts::Refused };
    let until = if patience.is_some() { "until it is final" } else { "until `thronos tx` finds it final" };
    keep(context, chain, transaction, until).map_err(refused)?;
    let Some(patience) = patience else {
        let done = hand_in(client, chain, transaction, bytes);
        if done.as_ref().is_err_and(|stopped| is_over(stopped.outcome)) {
            forget(context, chain, transaction);
        }
        let id = done?;
        let text = format!("sent: {id}\nfollow it with `thronos tx {id}`");
        return Ok(Report::new(text, json!({"id": id, "status": "pending"})));
    };
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let (valid_until, nonce) = (transaction.body.valid_until, transaction.body.nonce);
    let mut person = Person { context, id, valid_until, nonce, lock };
    let done = deliver(client, chain, transaction, (bytes, patience), &mut person);
    // What may still be needed stays: the same bytes can be handed in again without paying twice.
    if done.as_ref().map_or_else(|stopped| is_over(stopped.outcome), |_| true) {
        forget(context, chain, transaction);
    }
    let settled = |error| Stopped { error, outcome: Whereabouts::Settled };
    let done = done?;
    context.remember(chain, &done.block).map_err(settled)?;
    final_report(&done).map_err(settled)
}

/// Whether it is proven what became of a transaction. A node that refuses it may have handed it on, so its word is not enough.
fn is_over(outcome: Whereabouts) -> bool {
    outcome == Whereabouts::Settled
}

/// Deletes the bytes that were kept of a transaction.
pub fn forget(context: &Context, chain: &Chain, transaction: &Transaction) {
    context.home.forget_sent(&crypto::ids::transaction_id(chain.id(), &transaction.body));
}

/// Keeps a signed transaction before it leaves, and says its id: whatever happens then, the person knows what was sent. What several
/// keys signed lies in a file already.
fn keep(context: &Context, chain: &Chain, transaction: &Transaction, until: &str) -> Result<()> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let [Auth::Single { key, signature }] = &*transaction.witness.auths else {
        context.note(&format!("handing in {id}"));
        return Ok(());
    };
    let mut file = TransactionFile::unsigned(chain.id(), chain.network(), transaction.body.clone(), None);
    file.add(*key, *signature)?;
    let path = context.home.sent_path(&id)?;
    write_private(&path, file.to_json().as_bytes(), Existing::Replace)?;
    context.note(&format!("handing in {id}, kept in {} {until}", path.display()));
    Ok(())
}

/// Whoever waits at the command. A program is told at the end, with all the rest.
struct Person<'a> {
    context: &'a Context,
    id: Hash32,
    valid_until: TimeMs,
    nonce: Nonce,
    lock: Option<File>,
}

impl Waiter for Person<'_> {
    fn taken(&mut self) {
        self.lock = None;
    }

    fn slow(&mut self, why: &Slow) {
        if !self.context.json {
            self.context.note(&still_waiting(&self.id, self.valid_until, self.nonce, why));
        }
    }
}

/// What a person is told who waits for long: why, and what they can do.
fn still_waiting(id: &Hash32, valid_until: TimeMs, nonce: Nonce, why: &Slow) -> String {
    let advice = match why {
        Slow::Standing(_) => "`thronos status` says how the chain is",
        Slow::PassedOver(_) => "a higher tip is served first",
        Slow::Unclear(_) | Slow::Silent(_) => "look at another node with `--node`",
    };
    // Where no block comes, or nobody knows, a higher tip helps no one.
    let sooner = match why {
        Slow::PassedOver(_) => format!(". To be served sooner, {}", how_to_replace(nonce)),
        Slow::Standing(_) | Slow::Unclear(_) | Slow::Silent(_) => {
            ". Do not sign it anew: that would pay a second time".to_owned()
        }
    };
    let until = when(valid_until);
    format!(
        "still waiting: {why}; {advice}. Wait, or leave with Ctrl-C: blocks may include it until {until}, and `thronos tx {id}` \
         shows what became of it{sooner}"
    )
}
