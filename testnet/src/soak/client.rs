//! The client that never rests: it sends transfers to changing nodes, and writes down what was acknowledged as final.
//!
//! A refused or lost request is no violation: the client asks what its nonce is and goes on. Only the word *final* is a promise.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use types::{Call, Transaction};
use wallet::client::types::TransactionStatus;
use wallet::{AccountKey, Chain, NodeClient};

use super::oracle::Oracle;
use crate::devnet::{Failure, Outcome, Stop, prepare};

/// How long a node is asked for the fate of a transfer before another one is asked.
const LONG_POLL: Duration = Duration::from_millis(1_500);
/// Between two tries with nodes that do not answer.
const PAUSE: Duration = Duration::from_millis(50);

/// One sender's stream of transfers.
#[derive(Debug)]
pub struct Sender {
    /// Signs.
    pub from: AccountKey,
    /// What is sent again and again: a transfer.
    pub call: Call,
    /// The chain.
    pub chain: Chain,
    /// All nodes.
    pub nodes: Vec<NodeClient>,
    /// Where it is written down.
    pub oracle: Arc<Mutex<Oracle>>,
    /// When to rest.
    pub stop: Stop,
}

impl Sender {
    /// Sends until it is told to stop; returns how many transfers were acknowledged as final.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(self) -> Outcome<JoinHandle<Outcome<u64>>> {
        let thread = std::thread::Builder::new().name("sender".to_owned());
        thread.spawn(move || self.send_all()).map_err(|error| Failure::new(format!("cannot start a thread: {error}")))
    }

    fn send_all(self) -> Outcome<u64> {
        let mut count = 0;
        let mut place = 0_usize;
        while !self.stop.is_wished() {
            place = place.wrapping_add(1);
            let sent = self.node(place).and_then(|node| {
                let transaction = prepare(node, &self.chain, &self.from, self.call.clone()).ok()?;
                node.submit(self.chain.id(), &transaction).ok()?;
                Some(transaction)
            });
            match sent {
                Some(transaction) => count += u64::from(self.follow(place, &transaction)?),
                None if self.stop.pause(PAUSE).is_err() => break,
                None => {}
            }
        }
        Ok(count)
    }

    fn node(&self, place: usize) -> Option<&NodeClient> {
        self.nodes.get(place.checked_rem(self.nodes.len())?)
    }

    /// Asks one node after the other until one says final, or all have forgotten the transfer (a pool does not survive a kill).
    fn follow(&self, place: usize, transaction: &Transaction) -> Outcome<bool> {
        let id = crypto::ids::transaction_id(self.chain.id(), &transaction.body);
        let mut forgotten = 0;
        for turn in 0..self.nodes.len().saturating_mul(4) {
            let Some(node) = self.node(place.wrapping_add(turn)) else { break };
            let Ok(answer) = node.transaction(&id, LONG_POLL) else {
                if self.stop.pause(PAUSE).is_err() {
                    break;
                }
                continue;
            };
            if let (TransactionStatus::Final, Some(height), Some(block)) = (answer.status, answer.height, answer.block)
            {
                self.oracle.lock().unwrap_or_else(PoisonError::into_inner).acknowledged(id, height, block)?;
                return Ok(true);
            }
            forgotten += usize::from(answer.status == TransactionStatus::Unknown);
            if forgotten >= self.nodes.len() || self.stop.is_wished() {
                break;
            }
        }
        Ok(false)
    }
}
