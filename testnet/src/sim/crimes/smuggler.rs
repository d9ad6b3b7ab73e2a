//! Leads honestly but for what it puts into its blocks: a transaction with a swapped witness that everybody has seen
//! with the right one, a transaction without the one before it, the same transaction twice; or a call without a sender that a
//! trial makes of what it heard.
//!
//! Bodies are easily changed: a header commits to the state after its parent, so only the body's root follows. How the
//! changed body reaches the others is drawn for each: with what is new in full, by short ids that nobody knows so that it
//! is asked for, or by the short ids of what was there before, which lead to another body than the header's.

use std::collections::BTreeMap;

use replica::wire::{Given, Message, Request, Response, Shared, ShortId, Sketch, WireBlock};
use types::{Auth, Body, ChainId, Hash32, Header, List, Proposal, SystemCall, Transaction, VoteStatement, Witness};

use super::{Crime, Hand, Utterance};

/// Transactions that it remembers.
const SEEN_MAX: usize = 4_096;

/// What is smuggled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contraband {
    /// The signature of another transaction.
    SwappedWitness,
    /// A transaction without the one before it.
    NonceGap,
    /// The same transaction twice.
    Repeated,
}

/// What a criminal makes of the calls that it hears.
pub trait Loot: Send {
    /// Remembers what is worth it.
    fn hear(&mut self, message: &Message);

    /// A call that belongs into no block, and what it is called in reports.
    fn stolen(&self, chain_id: ChainId) -> Option<(SystemCall, &'static str)>;
}

/// What it has to smuggle.
enum Goods {
    Made(Contraband),
    Stolen(Box<dyn Loot>),
}

/// Changes its own blocks.
pub struct Smuggler {
    goods: Goods,
    /// What it heard and said, by short id.
    seen: BTreeMap<ShortId, Transaction>,
    /// Changed blocks by the hash of the header they stand for.
    changed: BTreeMap<Hash32, WireBlock>,
}

impl Smuggler {
    pub(crate) fn new(contraband: Contraband) -> Self {
        Self::with(Goods::Made(contraband))
    }

    /// One that puts what it has stolen into its blocks.
    #[must_use]
    pub fn of(loot: Box<dyn Loot>) -> Self {
        Self::with(Goods::Stolen(loot))
    }

    const fn with(goods: Goods) -> Self {
        Self { goods, seen: BTreeMap::new(), changed: BTreeMap::new() }
    }

    fn remember(&mut self, chain: ChainId, message: &Message) {
        if let Goods::Stolen(loot) = &mut self.goods {
            loot.hear(message);
        }
        let Message::Transactions(transactions) = message else { return };
        for transaction in transactions {
            if self.seen.len() >= SEEN_MAX {
                self.seen.pop_first();
            }
            self.seen.insert(ShortId::of(&wid(chain, transaction)), Transaction::clone(transaction));
        }
    }

    /// The transactions of its own sketch, as far as it knows them all.
    fn resolve(&self, sketch: &Sketch) -> Option<Vec<Transaction>> {
        let given = |place: usize| sketch.given.iter().find(|given| usize::from(given.place) == place);
        let find = |(place, id): (usize, &ShortId)| match given(place) {
            Some(given) => Some(Transaction::clone(&given.transaction)),
            None => self.seen.get(id).cloned(),
        };
        sketch.transactions.iter().enumerate().map(find).collect()
    }

    /// The body with something in it that does not belong there, and what that is, if it has what that takes.
    fn smuggle(
        &self,
        chain_id: ChainId,
        mut transactions: Vec<Transaction>,
        sketch: &Sketch,
    ) -> Option<(Body, &'static str)> {
        let mut calls = sketch.system_calls.to_vec();
        let kind = match &self.goods {
            Goods::Made(Contraband::SwappedWitness) => {
                let changed = transactions.first()?.clone();
                transactions[0] = swap_witness(changed)?;
                "swapped witness"
            }
            Goods::Made(Contraband::NonceGap) => {
                let place = transactions.windows(2).position(|pair| pair[0].body.sender == pair[1].body.sender)?;
                transactions.remove(place);
                "nonce gap"
            }
            Goods::Made(Contraband::Repeated) => {
                transactions.push(transactions.last()?.clone());
                "repeated transaction"
            }
            Goods::Stolen(loot) => {
                let (call, kind) = loot.stolen(chain_id)?;
                calls.push(call);
                kind
            }
        };
        let body = Body { system_calls: List::new(calls).ok()?, transactions: List::new(transactions).ok()? };
        Some((body, kind))
    }

    /// The block to be told in place of an honest one.
    fn change(&mut self, hand: &mut Hand<'_>, sketch: &Sketch) -> Option<WireBlock> {
        let honest = crypto::ids::header_hash(&sketch.header);
        if let Some(changed) = self.changed.get(&honest) {
            return Some(changed.clone());
        }
        let (body, kind) = self.smuggle(hand.ground.chain_id, self.resolve(sketch)?, sketch)?;
        let header = Header { body_root: body_root(&sketch.header, &body), ..sketch.header.clone() };
        hand.faults.add(kind);
        let changed = WireBlock { header, body: body.into() };
        self.changed.insert(honest, changed.clone());
        Some(changed)
    }

    fn block(&self, hash: &Hash32) -> Option<&WireBlock> {
        self.changed.values().find(|block| crypto::ids::header_hash(&block.header) == *hash)
    }
}

/// One way of sketching the changed block.
fn sketch_of(hand: &mut Hand<'_>, changed: &WireBlock, honest: &Sketch) -> Sketch {
    let WireBlock { header, body } = changed;
    let ids = body.transactions.iter().map(|transaction| ShortId::of(&wid(header.chain_id, transaction)));
    let ids: Vec<ShortId> = ids.collect();
    let fresh = (0_u16..).zip(ids.iter().zip(&body.transactions));
    let fresh = fresh.filter(|(_, (id, _))| !honest.transactions.contains(id));
    let fresh: Vec<Given> =
        fresh.map(|(place, (_, transaction))| Given { place, transaction: transaction.clone().into() }).collect();
    let (transactions, given) = match hand.lots.below(3) {
        0 => (List::new(ids), fresh),
        1 => (List::new(ids), Vec::new()),
        _ => (Ok(honest.transactions.clone()), Vec::new()),
    };
    Sketch {
        header: header.clone(),
        system_calls: body.system_calls.clone(),
        transactions: transactions.expect("as many as a body may have"),
        given: List::new(given).expect("one at most is new"),
    }
}

/// Bends the signature and leaves everything else, so that the id stays the same.
fn swap_witness(mut transaction: Transaction) -> Option<Transaction> {
    let [Auth::Single { key, signature }] = &*transaction.witness.auths else { return None };
    let (key, mut signature) = (*key, *signature);
    signature.0[40] ^= 1;
    let auths = List::new(vec![Auth::Single { key, signature }]).ok()?;
    transaction.witness = Witness { auths };
    Some(transaction)
}

fn wid(chain: ChainId, transaction: &Transaction) -> Hash32 {
    let id = crypto::ids::transaction_id(chain, &transaction.body);
    crypto::ids::witness_id(id, &transaction.witness)
}

fn body_root(header: &Header, body: &Body) -> Hash32 {
    let wids: Vec<Hash32> = body.transactions.iter().map(|transaction| wid(header.chain_id, transaction)).collect();
    crypto::ids::body_root(&body.system_calls, &wids)
}

impl Crime for Smuggler {
    fn send(&mut self, hand: &mut Hand<'_>, _to: usize, message: Message) -> Vec<Message> {
        self.remember(hand.ground.chain_id, &message);
        match message {
            Message::Sketch(sketch) if sketch.header.proposer == hand.index(sketch.header.epoch) => {
                let Some(changed) = self.change(hand, &sketch) else { return vec![Message::Sketch(sketch)] };
                vec![Message::Sketch(Box::new(sketch_of(hand, &changed, &sketch)))]
            }
            Message::Proposal(proposal) if hand.is_own(&proposal) => {
                let Some(WireBlock { header, .. }) = self.changed.get(&proposal.vote.statement.block) else {
                    return vec![Message::Proposal(proposal)];
                };
                let block = crypto::ids::header_hash(header);
                let vote = hand.sign(VoteStatement { block, ..proposal.vote.statement });
                vec![Message::Proposal(Proposal { vote, header: header.clone() })]
            }
            message => vec![message],
        }
    }

    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        self.remember(hand.ground.chain_id, heard);
        Vec::new()
    }

    /// It stands by its contraband.
    fn answer(&mut self, _hand: &mut Hand<'_>, request: &Request, honest: Response) -> Option<Response> {
        let smuggled = match request {
            Request::Block { hash } => self.block(hash).map(|block| Response::Block(Some(Box::new(block.clone())))),
            Request::Transactions { block, places } => self.block(block).map(|block| {
                let found = places.iter().filter_map(|place| block.body.transactions.get(usize::from(*place)));
                let found: Vec<Shared<Transaction>> = found.cloned().map(Shared::from).collect();
                Response::Transactions(List::new(found).expect("no more than were asked for"))
            }),
            _ => None,
        };
        Some(smuggled.unwrap_or(honest))
    }
}
