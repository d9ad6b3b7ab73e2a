//! Clients of the network: transfers (by the call that a trial names) between funded accounts, sent to any node, sent again when they do not become
//! final. What was told as final is known here, outside of all nodes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use execution::{CheckedTransaction, FinalizedBlock};
use replica::{Event, SubmissionToken};
use types::{
    Amount, Auth, AuthKind, Body, Call, Hash32, List, Nonce, TRANSACTION_VERSION, TimeMs, Transaction, TransactionBody,
    Witness,
};

use super::clock::UNIX_MS_AT_START;
use super::ground::Ground;
use super::lots::Lots;
use super::world::{Happening, World};

/// Transactions of one account that may wait at once.
const WAITING_MAX: usize = 6;
/// After this time without finality a transaction is sent again.
const PATIENCE_US: u64 = 1_500_000;

/// One account's business.
#[derive(Default)]
struct Business {
    nonce: Nonce,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    transaction: Arc<CheckedTransaction>,
    sent_us: u64,
}

/// All clients.
pub(crate) struct Client {
    ground: Arc<Ground>,
    businesses: Vec<Business>,
    lots: Lots,
    /// Time between two transactions, in microseconds; 0 for none.
    pub(crate) pace_us: u64,
    /// Whether proposers get nothing for it.
    pub(crate) is_tipless: bool,
    /// Whether there is nothing new to send.
    pub(crate) is_done: bool,
    /// Calls to be made before the usual ones, each by the account of this place.
    pub(crate) special: VecDeque<(usize, Call)>,
    /// Which nodes have said of a transaction that it is final, whether or not its block was certified by then.
    pub(crate) finals: BTreeMap<Hash32, BTreeSet<usize>>,
    pub(crate) refused: u64,
    tokens: u64,
}

impl Client {
    pub(crate) fn new(ground: &Arc<Ground>, lots: Lots) -> Self {
        Self {
            businesses: ground.accounts.iter().map(|_| Business::default()).collect(),
            ground: ground.clone(),
            lots,
            pace_us: 40_000,
            is_tipless: false,
            is_done: false,
            special: VecDeque::new(),
            finals: BTreeMap::new(),
            refused: 0,
            tokens: 0,
        }
    }

    /// A node told its clients that a block with this body is final.
    pub(crate) fn heard(&mut self, node: usize, body: &Body) {
        for transaction in &body.transactions {
            let id = crypto::ids::transaction_id(self.ground.chain_id, &transaction.body);
            self.finals.entry(id).or_default().insert(node);
        }
    }

    /// A node told its clients that a block is final and certified.
    pub(crate) fn told(&mut self, block: &FinalizedBlock) {
        let chain = self.ground.chain_id;
        for transaction in &block.body.transactions {
            let id = crypto::ids::transaction_id(chain, &transaction.body);
            for business in &mut self.businesses {
                business.waiting.retain(|waiting| waiting.transaction.id != id);
            }
        }
    }

    /// How many transactions are not final.
    pub(crate) fn waiting(&self) -> usize {
        self.businesses.iter().map(|business| business.waiting.len()).sum()
    }

    /// What to send now: what waits too long, or something new.
    fn next(&mut self, now_us: u64) -> Vec<Arc<CheckedTransaction>> {
        let special = self.special.front().map(|(account, _)| *account);
        let account = special.unwrap_or_else(|| self.lots.place(self.businesses.len()));
        let business = &mut self.businesses[account];
        let overdue = business.waiting.front().is_some_and(|first| first.sent_us + PATIENCE_US < now_us);
        if overdue {
            business.waiting.iter_mut().for_each(|waiting| waiting.sent_us = now_us);
            return business.waiting.iter().map(|waiting| waiting.transaction.clone()).collect();
        }
        if self.is_done || business.waiting.len() >= WAITING_MAX {
            return Vec::new();
        }
        let nonce = business.nonce;
        business.nonce = nonce.next();
        let call = self.special.pop_front().map_or_else(|| self.transfer(), |(_, call)| call);
        let transaction = self.sign(account, nonce, call);
        self.businesses[account].waiting.push_back(Waiting { transaction: transaction.clone(), sent_us: now_us });
        vec![transaction]
    }

    fn transfer(&mut self) -> Call {
        let to = self.ground.accounts[self.lots.place(self.ground.accounts.len())].address;
        (self.ground.transfers.call)(to, Amount(u128::from(self.lots.between(1..=1_000))))
    }

    fn sign(&self, account: usize, nonce: Nonce, call: Call) -> Arc<CheckedTransaction> {
        let from = &self.ground.accounts[account];
        let body = TransactionBody {
            version: TRANSACTION_VERSION,
            sender: from.address,
            auth: AuthKind::Single,
            nonce,
            valid_until: TimeMs(UNIX_MS_AT_START + 6 * 3_600_000),
            fee_max: Amount(10_000_000),
            tip: if self.is_tipless { Amount::ZERO } else { Amount(u128::from(nonce.0 % 7)) },
            payer: None,
            calls: List::new(vec![call]).expect("one call"),
        };
        let id = crypto::ids::transaction_id(self.ground.chain_id, &body);
        let auth = Auth::Single { key: from.key.public_key(), signature: from.key.sign(id.as_bytes()) };
        let witness = Witness { auths: List::new(vec![auth]).expect("one auth") };
        let transaction = Arc::new(Transaction { body, witness });
        let checked = self.ground.registry.check(self.ground.chain_id, transaction);
        Arc::new(checked.expect("the client makes transactions of the right form"))
    }
}

impl World {
    /// A client sends something to some honest node that is up.
    pub(crate) fn load(&mut self) {
        let pace_us = self.client.pace_us;
        if pace_us == 0 {
            self.later(100_000, Happening::Load);
            return;
        }
        let in_us = self.lots.between(pace_us / 2..=pace_us * 3 / 2);
        self.later(in_us, Happening::Load);
        let up: Vec<usize> = (0..self.nodes.len()).filter(|place| self.nodes[*place].is_honest_and_up()).collect();
        if up.is_empty() {
            return;
        }
        let place = self.lots.pick(&up);
        self.hand_in(place);
    }

    /// A client sends something to this node, or has nothing to send; gives the ids.
    pub(crate) fn hand_in(&mut self, place: usize) -> Vec<Hash32> {
        let transactions = self.client.next(self.at_us);
        let ids = transactions.iter().map(|transaction| transaction.id).collect();
        if !transactions.is_empty() {
            self.client.tokens += 1;
            let token = SubmissionToken(self.client.tokens);
            self.give(place, Event::Submitted { token, transactions });
        }
        ids
    }
}
