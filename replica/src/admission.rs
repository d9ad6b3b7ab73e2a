//! Checked transactions on their way into the pool: a slice at a turn of the clock, so that no vote waits for many of them.
//!
//! It must not know consensus. Transactions of one submission or message stay in order and are answered together, when the pool has
//! decided on all of them: a gossiped message is passed on only if everything in it was taken now. Invariant: what waits is
//! bounded, that of peers by their shares (`shares.rs`), that of this node's clients here.

use std::collections::VecDeque;
use std::sync::Arc;

use execution::{ChainState, CheckedTransaction, Layered, Reject};
use mempool::{Inserted, PoolReject, PoolTransaction, Source};
use types::Hash32;
use types::canary::{Canary, planted};

use crate::effect::{Effect, GossipVerdict, Notice, Offence};
use crate::event::{SubmissionToken, Via};
use crate::jobs::Origin;
use crate::pool::FinalLedger;
use crate::replica::Replica;
use crate::shares::Load;

/// Most that is offered to the pool between two turns of the clock: about a millisecond's work.
const SLICE_MAX: Load = Load { count: 256, bytes: 1024 * 1024 };
/// Most of this node's clients that may wait.
const OWN_MAX: Load = Load { count: 32_768, bytes: 32 * 1024 * 1024 };

/// Who gets the answer.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Client(SubmissionToken),
    Peer {
        origin: Origin,
        /// A bad one was among them: the verdict is given.
        is_judged: bool,
    },
}

/// Transactions that came together, and what became of them so far.
#[derive(Debug)]
struct Arrival {
    whose: Whose,
    transactions: VecDeque<Arc<CheckedTransaction>>,
    results: Vec<Result<Hash32, PoolReject>>,
    /// Those that the pool took.
    taken: Vec<Arc<CheckedTransaction>>,
    /// Those of them that a block could include now.
    fresh: Vec<Arc<CheckedTransaction>>,
}

/// What waits to be offered to the pool.
#[derive(Debug)]
pub(crate) struct Arrivals {
    own: VecDeque<Arrival>,
    peers: VecDeque<Arrival>,
    own_load: Load,
    /// What may be offered before the clock turns.
    left: Load,
    is_peers_turn: bool,
}

impl Default for Arrivals {
    fn default() -> Self {
        let (own, peers) = (VecDeque::new(), VecDeque::new());
        Self { own, peers, own_load: Load::default(), left: SLICE_MAX, is_peers_turn: false }
    }
}

impl Arrivals {
    /// Time has passed: there may be another slice.
    pub(crate) const fn turn(&mut self) {
        self.left = SLICE_MAX;
    }

    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.peers.is_empty()
    }

    /// When the clock has to turn: soon where something waits, or where little could be offered to what comes next.
    pub(crate) fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        let is_low = self.left.count < SLICE_MAX.count / 2 || self.left.bytes < SLICE_MAX.bytes / 2;
        (is_low || !self.is_empty()).then_some(now_ms)
    }

    fn push(&mut self, whose: Whose, transactions: Vec<Arc<CheckedTransaction>>) {
        let results = Vec::with_capacity(transactions.len());
        let transactions = VecDeque::from(transactions);
        let arrival = Arrival { whose, transactions, results, taken: Vec::new(), fresh: Vec::new() };
        match whose {
            Whose::Client(_) => self.own.push_back(arrival),
            Whose::Peer { .. } => self.peers.push_back(arrival),
        }
    }

    /// The next arrival, of clients and peers in turn.
    fn pop(&mut self) -> Option<Arrival> {
        self.is_peers_turn = !self.is_peers_turn;
        let (first, second) =
            if self.is_peers_turn { (&mut self.peers, &mut self.own) } else { (&mut self.own, &mut self.peers) };
        first.pop_front().or_else(|| second.pop_front())
    }

    fn put_back(&mut self, arrival: Arrival) {
        match arrival.whose {
            Whose::Client(_) => self.own.push_front(arrival),
            Whose::Peer { .. } => self.peers.push_front(arrival),
        }
    }

    /// Takes the next one of an arrival, while the slice lasts. The first always fits.
    fn next_of(&mut self, arrival: &mut Arrival) -> Option<Arc<CheckedTransaction>> {
        if self.left.count == 0 || self.left.bytes == 0 {
            return None;
        }
        let checked = arrival.transactions.pop_front()?;
        let load = load_of(&checked);
        self.left = self.left.minus(load);
        if matches!(arrival.whose, Whose::Client(_)) {
            self.own_load = self.own_load.minus(load);
        }
        Some(checked)
    }
}

fn load_of(checked: &CheckedTransaction) -> Load {
    Load { count: 1, bytes: checked.length as usize }
}

impl Replica {
    /// Transactions from this node's own API, their signatures checked: each gets an answer, the good ones are
    /// passed on.
    pub(crate) fn submit(&mut self, token: SubmissionToken, transactions: Vec<Arc<CheckedTransaction>>) {
        let load = transactions.iter().fold(Load::default(), |sum, checked| sum.plus(load_of(checked)));
        let waiting = self.arrivals.own_load.plus(load);
        if !waiting.fits(OWN_MAX) {
            let results = transactions.iter().map(|_| Err(PoolReject::Busy)).collect();
            self.effects.push(Effect::Submission { token, results });
            return;
        }
        self.arrivals.own_load = waiting;
        let facts: Vec<_> = transactions.iter().map(|transaction| transaction.facts()).collect();
        self.verified.insert(&facts);
        self.arrivals.push(Whose::Client(token), transactions);
    }

    /// Transactions from a peer, checked on their own.
    pub(crate) fn heard_transactions(&mut self, origin: Origin, results: Vec<Result<Arc<CheckedTransaction>, Reject>>) {
        let all_good = results.iter().all(Result::is_ok);
        if !all_good {
            // Nobody who checks passes such a thing on.
            self.verdict(origin.via, GossipVerdict::Reject);
            self.effects.push(Effect::Punish { peer: origin.peer, offence: Offence::InvalidTransaction });
        }
        let mut is_judged = !all_good;
        if all_good && planted(Canary::AcceptBeforePool) {
            self.verdict(origin.via, GossipVerdict::Accept);
            is_judged = true;
        }
        self.arrivals.push(Whose::Peer { origin, is_judged }, results.into_iter().flatten().collect());
    }

    /// Offers to the pool what waits, as far as the slice goes.
    pub(crate) fn admit(&mut self, state: &dyn ChainState) {
        if self.arrivals.is_empty() {
            return;
        }
        let layers = self.chain.final_layers();
        let ledger =
            FinalLedger::new(Layered::new(state, &layers), self.terms(state)).after(self.chain.tip().header.time);
        let mut pooled = Vec::new();
        while let Some(mut arrival) = self.arrivals.pop() {
            while let Some(checked) = self.arrivals.next_of(&mut arrival) {
                let result = self.offer(&mut arrival, &checked, &ledger);
                pooled.extend(result.ok());
                arrival.results.push(result);
            }
            if !arrival.transactions.is_empty() {
                self.arrivals.put_back(arrival);
                break;
            }
            self.conclude(arrival);
        }
        if !pooled.is_empty() {
            self.effects.push(Effect::Notify(Notice::Pooled { ids: pooled }));
        }
    }

    /// Offers one transaction to the pool.
    fn offer(
        &mut self,
        arrival: &mut Arrival,
        checked: &Arc<CheckedTransaction>,
        ledger: &FinalLedger<'_>,
    ) -> Result<Hash32, PoolReject> {
        let CheckedTransaction { transaction, id, wid, weight, length } = checked.as_ref();
        let source = match arrival.whose {
            Whose::Client(_) => Source::Own,
            Whose::Peer { origin, .. } => Source::Peer(origin.peer),
        };
        let offered = PoolTransaction::new(transaction.clone(), *id, *wid, *weight, *length);
        let inserted = self.pool.insert(offered, source, ledger);
        let Inserted { waits_for, released, replaced, evicted } = match inserted {
            Ok(inserted) => inserted,
            Err(PoolReject::AlreadyKnown) => return Err(PoolReject::AlreadyKnown),
            Err(reject) => {
                // Whoever pays for nothing must not crowd out the verdicts on what waits.
                self.verified.demote(&checked.facts());
                return Err(reject);
            }
        };
        self.known.insert(checked.clone(), self.now.monotonic_ms);
        replaced.iter().for_each(|gone| self.dropped(gone, "replaced"));
        evicted.iter().for_each(|gone| self.dropped(gone, "evicted"));
        arrival.taken.push(checked.clone());
        if waits_for.is_none() {
            arrival.fresh.push(checked.clone());
        }
        for (waited, source) in released {
            // Gossip was not passed on while it waited; what a validator pushed it told everybody.
            let is_told = matches!(source, Source::Peer(peer) if self.set.index_of_peer(&peer).is_none());
            if is_told && let Some(waited) = self.known.get(crate::wire::ShortId::of(&waited.wid)).cloned() {
                self.outgoing.push(waited);
            }
        }
        Ok(*id)
    }

    /// The pool has decided on all of an arrival.
    fn conclude(&mut self, arrival: Arrival) {
        let Arrival { whose, results, taken, fresh, .. } = arrival;
        let (origin, is_judged) = match whose {
            Whose::Client(token) => {
                taken.into_iter().for_each(|checked| self.outgoing.push(checked));
                self.effects.push(Effect::Submission { token, results });
                return;
            }
            Whose::Peer { origin, is_judged } => (origin, is_judged),
        };
        self.shares.give_back(&origin.peer, origin.is_validator, origin.load);
        match origin.via {
            // A validator tells all others itself; what came from elsewhere over a stream may have come here only.
            Via::Stream if origin.is_validator => {}
            Via::Stream => taken.into_iter().for_each(|checked| self.outgoing.push(checked)),
            Via::Gossip(_) if is_judged => {}
            Via::Gossip(token) if fresh.len() == results.len() => self.give_verdict(token, GossipVerdict::Accept),
            // A message is passed on whole or not at all: what was fresh in it goes on in one of this node's own.
            Via::Gossip(token) => {
                self.give_verdict(token, GossipVerdict::Ignore);
                fresh.into_iter().for_each(|checked| self.outgoing.push(checked));
            }
        }
    }
}
