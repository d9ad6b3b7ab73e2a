//! The pool against a plain list that computes everything anew.

use mempool::{CandidateLimits, Mempool, PoolLimits, PoolTransaction, Priority, Source};
use proptest::prelude::*;
use types::{Address, Amount, Hash32, Nonce, PeerKey, TimeMs};

use crate::world::{Draft, World, address, draft};

const LIMITS: PoolLimits = PoolLimits {
    count_max: 12,
    bytes_max: 12_500,
    per_sender_max: 5,
    per_peer_bytes_max: 7_000,
    nonce_gap_max: 3,
    aside_ms_max: 6,
};
const OVERHEAD: usize = mempool::ENTRY_OVERHEAD_BYTES;

#[derive(Clone, Debug)]
struct Held {
    transaction: PoolTransaction,
    source: Source,
    arrival: usize,
    is_aside: bool,
    strikes: usize,
    /// Since when it is the next of its sender and cannot pay.
    stopped_since: Option<u64>,
}

impl Held {
    fn pays(&self, world: &World) -> bool {
        self.transaction.fee_max.0 / u128::from(self.transaction.weight.0) >= world.price
    }
}

#[derive(Clone, Debug, Default)]
struct Model {
    held: Vec<Held>,
    arrivals: usize,
}

impl Model {
    fn queue(&self, sender: Address) -> Vec<&Held> {
        let mut queue: Vec<_> = self.held.iter().filter(|held| held.transaction.sender == sender).collect();
        queue.sort_by_key(|held| held.transaction.nonce);
        queue
    }

    /// Executable, and lowest priority on the way.
    fn worth(&self, transaction: &PoolTransaction, world: &World) -> (bool, Priority) {
        let queue = self.queue(transaction.sender);
        let before: Vec<_> = queue.iter().filter(|held| held.transaction.nonce < transaction.nonce).collect();
        let distance = transaction.nonce.0 - mempool::Ledger::nonce(world, &transaction.sender).0;
        let lowest = before.iter().map(|held| held.transaction.priority()).chain([transaction.priority()]).min();
        let can = before.iter().all(|held| held.pays(world) && !held.is_aside);
        let own = queue.iter().find(|held| held.transaction.id == transaction.id);
        let can = can && own.is_none_or(|held| held.pays(world) && !held.is_aside);
        (before.len() as u64 == distance && can, lowest.unwrap())
    }

    fn size(&self) -> (usize, usize) {
        (self.held.len(), self.held.iter().map(|held| OVERHEAD + held.transaction.length as usize).sum())
    }

    fn insert(&mut self, new: PoolTransaction, source: Source, world: &World) -> Result<(), &'static str> {
        let account_nonce = mempool::Ledger::nonce(world, &new.sender);
        self.held.retain(|held| held.transaction.sender != new.sender || held.transaction.nonce >= account_nonce);
        let mut next = self.clone();
        if self.held.iter().any(|held| held.transaction.id == new.id) {
            return Err("already_known");
        }
        if let Err(reject) = mempool::Ledger::price_max(world, &new) {
            return Err(reject.name());
        }
        if new.nonce < account_nonce {
            return Err("nonce_too_low");
        }
        let queue = self.queue(new.sender);
        let old = queue.iter().find(|held| held.transaction.nonce == new.nonce);
        if let Some(old) = old {
            let (new_tip, old_tip) = (
                new.tip.0 * u128::from(old.transaction.weight.0) * 10,
                old.transaction.tip.0 * u128::from(new.weight.0) * 11,
            );
            if old.pays(world) && (new.tip.0 == 0 || new_tip < old_tip) {
                return Err("replacement_underpriced");
            }
            next.held.retain(|held| held.transaction.id != old.transaction.id);
            // Whom the price stops behind it waits from now on: for a moment there was a gap before it.
            let is_behind =
                |held: &&mut Held| held.transaction.sender == new.sender && held.transaction.nonce > new.nonce;
            next.held.iter_mut().filter(is_behind).for_each(|held| held.stopped_since = None);
        } else {
            let missing =
                (account_nonce.0..).find(|n| queue.iter().all(|held| held.transaction.nonce.0 != *n)).unwrap();
            if new.nonce.0 > missing + LIMITS.nonce_gap_max {
                return Err("nonce_gap");
            }
        }
        let cost = |held: &PoolTransaction| held.fee_max.0 + held.tip.0;
        let promised: u128 =
            next.held.iter().map(|held| &held.transaction).filter(|held| held.sender == new.sender).map(cost).sum();
        if promised + cost(&new) > mempool::Ledger::spendable(world, &new.sender).0 {
            return Err("insufficient_funds");
        }
        let footprint = |held: &Held| OVERHEAD + held.transaction.length as usize;
        let of_peer: usize = next.held.iter().filter(|held| held.source == source).map(footprint).sum();
        if source != Source::Own && of_peer + OVERHEAD + new.length as usize > LIMITS.per_peer_bytes_max {
            return Err("peer_limit");
        }
        if old.is_none() && queue.len() >= LIMITS.per_sender_max {
            let tail = queue.last().unwrap();
            if tail.transaction.nonce < new.nonce {
                return Err("sender_limit");
            }
            next.held.retain(|held| held.transaction.id != tail.transaction.id);
        }
        let worth = self.worth(&new, world);
        next.make_room(&new, worth, world)?;
        next.arrivals += 1;
        let arrival = next.arrivals;
        next.held.push(Held { transaction: new, source, arrival, is_aside: false, strikes: 0, stopped_since: None });
        *self = next;
        Ok(())
    }

    /// Removes the worst tails of others until the newcomer fits, as long as they are worth less than it.
    fn make_room(&mut self, new: &PoolTransaction, worth: (bool, Priority), world: &World) -> Result<(), &'static str> {
        loop {
            let (count, bytes) = self.size();
            if count < LIMITS.count_max && bytes + OVERHEAD + new.length as usize <= LIMITS.bytes_max {
                break;
            }
            let tails = self.held.iter().filter(|held| {
                held.transaction.sender != new.sender
                    && self.queue(held.transaction.sender).last().unwrap().transaction.id == held.transaction.id
            });
            let worst =
                tails.min_by_key(|held| (self.worth(&held.transaction, world), std::cmp::Reverse(held.arrival)));
            match worst.filter(|worst| self.worth(&worst.transaction, world) < worth).map(|worst| worst.transaction.id)
            {
                Some(id) => self.held.retain(|held| held.transaction.id != id),
                None => return Err("pool_full"),
            }
        }
        Ok(())
    }

    fn on_block(&mut self, senders: &[Address], world: &World) {
        let now = world.time;
        self.held.retain(|held| {
            let is_stale = held.transaction.nonce < mempool::Ledger::nonce(world, &held.transaction.sender);
            !(senders.contains(&held.transaction.sender) && is_stale) && held.transaction.valid_until >= now
        });
        for sender in senders {
            loop {
                let queue = self.queue(*sender);
                let sum: u128 = queue.iter().map(|held| held.transaction.fee_max.0 + held.transaction.tip.0).sum();
                if sum <= mempool::Ledger::spendable(world, sender).0 {
                    break;
                }
                let last = queue.last().unwrap().transaction.id;
                self.held.retain(|held| held.transaction.id != last);
            }
        }
    }

    fn set_aside(&mut self, id: Hash32) {
        let Some(held) = self.held.iter_mut().find(|held| held.transaction.id == id && !held.is_aside) else { return };
        (held.is_aside, held.strikes) = (true, held.strikes + 1);
        self.held.retain(|held| held.strikes < 3);
    }

    /// Notes whom the price stops now.
    fn watch_stopped(&mut self, world: &World) {
        let is_stopped = |held: &Held| {
            let rank = self.queue(held.transaction.sender);
            let before = rank.iter().filter(|other| other.transaction.nonce < held.transaction.nonce);
            let distance = held.transaction.nonce.0 - mempool::Ledger::nonce(world, &held.transaction.sender).0;
            let reached = before.clone().count() as u64 == distance;
            reached
                && before.clone().all(|other| other.pays(world) && !other.is_aside)
                && !held.is_aside
                && !held.pays(world)
        };
        let stopped: Vec<bool> = self.held.iter().map(is_stopped).collect();
        for (held, is_stopped) in self.held.iter_mut().zip(stopped) {
            held.stopped_since = is_stopped.then(|| held.stopped_since.unwrap_or(world.time.0));
        }
    }

    /// Drops whom the price has stopped for too long.
    fn drop_stopped(&mut self, world: &World) {
        let is_late = |held: &Held| held.stopped_since.is_some_and(|since| since + LIMITS.aside_ms_max < world.time.0);
        self.held.retain(|held| !is_late(held));
    }

    /// Again and again the best of what may come next.
    fn candidates(&self, world: &World) -> Vec<Hash32> {
        let mut next = world.clone();
        let mut found = Vec::new();
        loop {
            let possible = self
                .held
                .iter()
                .filter(|held| held.transaction.nonce == mempool::Ledger::nonce(&next, &held.transaction.sender))
                .filter(|held| held.pays(world) && !held.is_aside);
            let best = possible.min_by_key(|held| (std::cmp::Reverse(held.transaction.priority()), held.arrival));
            let Some(best) = best else { return found };
            found.push(best.transaction.id);
            next.nonces.insert(best.transaction.sender, best.transaction.nonce.next());
        }
    }

    fn ids(&self) -> Vec<Hash32> {
        let mut ids: Vec<_> = self.held.iter().map(|held| held.transaction.id).collect();
        ids.sort_unstable();
        ids
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Draft, u8),
    Block { count: usize, time: u64, poorer: u8, price: u128 },
    Unusable { place: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let insert = (0_u8..6, 0_u64..9, 0_u128..30, 1_u64..4, prop::bool::weighted(0.1), 1_u64..60, (0_u8..4, 0_u128..8))
        .prop_map(|(sender, nonce, tip, weight, is_long, valid_until, (from, per_weight))| {
            let (length, fee_max) = (if is_long { 3_000 } else { 200 }, per_weight * u128::from(weight));
            Step::Insert(Draft { length, weight, fee_max, valid_until, ..draft(sender, nonce, tip) }, from)
        });
    let block = (0_usize..6, 0_u64..4, 0_u8..6, 0_u128..8);
    let block = block.prop_map(|(count, time, poorer, price)| Step::Block { count, time, poorer, price });
    prop_oneof![12 => insert, 2 => block, 1 => (0_usize..6).prop_map(|place| Step::Unusable { place })]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    // FAULTS M3, M6, HB1
    #[test]
    fn the_pool_does_what_a_plain_list_does(steps in prop::collection::vec(step(), 1..120)) {
        let (mut pool, mut model, mut world) = (Mempool::new(LIMITS), Model::default(), World::default().at(0));
        for sender in 0..6 {
            world.funds.insert(address(sender), Amount(60 + u128::from(sender) * 30));
        }
        for step in steps {
            match step {
                Step::Insert(draft, from) => {
                    let source = if from == 0 { Source::Own } else { Source::Peer(PeerKey([from; 32])) };
                    let got = pool.insert(draft.make(), source, &world);
                    let expected = model.insert(draft.make(), source, &world);
                    prop_assert_eq!(got.map(|_| ()).map_err(|reject| reject.name()), expected);
                }
                Step::Unusable { place } => {
                    let all = CandidateLimits { count: usize::MAX, bytes: usize::MAX, weight: u64::MAX };
                    let id = pool.candidates(all, &|_| false).get(place).map(|unusable| unusable.id);
                    pool.set_aside(&id);
                    id.into_iter().for_each(|id| model.set_aside(id));
                }
                Step::Block { count, time, poorer, price } => {
                    world.time.0 += time;
                    let limits = CandidateLimits { count, bytes: usize::MAX, weight: u64::MAX };
                    let mut included = Vec::new();
                    for taken in pool.candidates(limits, &|_| false) {
                        world.nonces.insert(taken.sender, taken.nonce.next());
                        included.push((taken.sender, taken.nonce, taken.id));
                    }
                    included.push((address(poorer), Nonce(0), Hash32([0xee; 32])));
                    let funds = world.funds.get_mut(&address(poorer)).unwrap();
                    funds.0 = if funds.0 < 30 { 200 } else { funds.0 - 25 };
                    let senders: Vec<_> = included.iter().map(|(sender, _, _)| *sender).collect();
                    world.price = price;
                    pool.on_block(&included, &world);
                    model.on_block(&senders, &world);
                    model.held.iter_mut().for_each(|held| held.is_aside = false);
                    model.watch_stopped(&world);
                    model.drop_stopped(&world);
                }
            }
            model.watch_stopped(&world);
            let mut ids: Vec<_> = pool.iter().map(|transaction| transaction.id).collect();
            ids.sort_unstable();
            prop_assert_eq!(&ids, &model.ids());
            let all = CandidateLimits { count: usize::MAX, bytes: usize::MAX, weight: u64::MAX };
            let candidates: Vec<_> = pool.candidates(all, &|_| false).iter().map(|transaction| transaction.id).collect();
            prop_assert_eq!(&candidates, &model.candidates(&world));
            let (status, (count, bytes)) = (pool.status(), model.size());
            prop_assert_eq!((status.transactions, status.bytes, status.executable), (count, bytes, candidates.len()));
            prop_assert!(status.transactions <= LIMITS.count_max && status.bytes <= LIMITS.bytes_max);
        }
        world.time = TimeMs::MAX;
        pool.on_block(&[], &world);
        prop_assert_eq!(pool.status(), mempool::MempoolStatus::default());
        let few = CandidateLimits { count: 9, bytes: 9, weight: 9 };
        prop_assert!(pool.candidates(few, &|_| false).is_empty());
    }
}
