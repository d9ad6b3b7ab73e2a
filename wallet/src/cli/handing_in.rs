//! A signed transaction on its way to a node: kept before it leaves, waited for, and forgotten once it is known what became of it.
//!
//! It must not know what the transaction does, nor sign anything.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use types::{Auth, Hash32, TimeMs, Transaction};

use super::context::Context;
use super::report::{Report, when};
use super::submit::final_report;
use crate::finality::{hand_in, submit_and_wait};
use crate::keystore::file::{Existing, write_private};
use crate::patience::{Slow, Waiter};
use crate::{Chain, NodeClient, Result, TransactionFile};

/// Hands a signed transaction to a node, and waits when there is patience for it. The account's lock is held until the node has it.
pub fn send(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    patience: Option<Duration>,
    lock: Option<File>,
) -> Result<Report> {
    let until = if patience.is_some() { "until it is final" } else { "until the node has it" };
    let kept = keep(context, chain, transaction, until)?;
    let done = deliver(context, client, chain, transaction, patience, lock);
    // What may still be needed stays: the same bytes can be handed in again without paying twice.
    let is_settled = match &done {
        Ok(_) => true,
        Err(error) => !["outcome_unknown", "not_final_yet"].contains(&&*error.code),
    };
    if let Some(path) = kept.filter(|_| is_settled) {
        let _ = std::fs::remove_file(path);
    }
    done
}

/// Keeps a signed transaction before it leaves, and says its id: whatever happens then, the person knows what was sent. What several
/// keys signed lies in a file already.
fn keep(context: &Context, chain: &Chain, transaction: &Transaction, until: &str) -> Result<Option<PathBuf>> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let [Auth::Single { key, signature }] = &*transaction.witness.auths else {
        context.note(&format!("handing in {id}"));
        return Ok(None);
    };
    let mut file = TransactionFile::unsigned(chain.id(), chain.network(), transaction.body.clone(), None);
    file.add(*key, *signature)?;
    let path = context.home.sent_path(&id)?;
    write_private(&path, file.to_json().as_bytes(), Existing::Replace)?;
    context.note(&format!("handing in {id}, kept in {} {until}", path.display()));
    Ok(Some(path))
}

fn deliver(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    patience: Option<Duration>,
    lock: Option<File>,
) -> Result<Report> {
    let Some(patience) = patience else {
        let id = hand_in(client, chain, transaction)?;
        let text = format!("sent: {id}\nfollow it with `thronos tx {id}`");
        return Ok(Report::new(text, json!({"id": id, "status": "pending"})));
    };
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let mut person = Person { context, id, valid_until: transaction.body.valid_until, lock };
    let done = submit_and_wait(client, chain, transaction, patience, &mut person)?;
    context.remember(chain, &done.block)?;
    final_report(&done)
}

/// Whoever waits at the command. A program is told at the end, with all the rest.
struct Person<'a> {
    context: &'a Context,
    id: Hash32,
    valid_until: TimeMs,
    lock: Option<File>,
}

impl Waiter for Person<'_> {
    fn taken(&mut self) {
        self.lock = None;
    }

    fn slow(&mut self, why: &Slow) {
        if !self.context.json {
            self.context.note(&still_waiting(&self.id, self.valid_until, why));
        }
    }
}

/// What a person is told who waits for long: why, and what they can do.
fn still_waiting(id: &Hash32, valid_until: TimeMs, why: &Slow) -> String {
    let advice = match why {
        Slow::Standing(_) => "`thronos status` says how the chain is",
        Slow::PassedOver(_) => "a higher `--tip` is served first",
        Slow::Silent(_) => "look at another node with `--node`",
    };
    let until = when(valid_until);
    format!(
        "still waiting: {why} (as the node says); {advice}. Wait, or leave with Ctrl-C: blocks may include it until {until}, and \
         `thronos tx {id}` shows what became of it"
    )
}
