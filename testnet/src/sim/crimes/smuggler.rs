//! Leads honestly but for what it puts into its blocks: a transaction with a swapped witness that everybody has seen
//! with the right one, a transaction from the future, the same transaction twice, a mint above the cap.
//!
//! Bodies are easily changed: a header commits to the state after its parent, so only the body's root follows.

use std::collections::BTreeMap;

use replica::wire::{Message, WireBlock};
use types::{Auth, Body, Hash32, Header, List, Proposal, Transaction, VoteStatement, Witness};

use super::{Crime, Hand};

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

/// Changes its own blocks.
pub(crate) struct Smuggler {
    contraband: Contraband,
    /// Changed headers by the hash of the header they stand for.
    changed: BTreeMap<Hash32, Header>,
}

impl Smuggler {
    pub(crate) const fn new(contraband: Contraband) -> Self {
        Self { contraband, changed: BTreeMap::new() }
    }

    /// The body with something in it that does not belong there, if it has what that takes.
    fn smuggle(&self, body: &Body) -> Option<Body> {
        let mut transactions = body.transactions.to_vec();
        match self.contraband {
            Contraband::SwappedWitness => {
                let changed = transactions.first()?.clone();
                transactions[0] = swap_witness(changed)?;
            }
            Contraband::NonceGap => {
                let place = transactions.windows(2).position(|pair| pair[0].body.sender == pair[1].body.sender)?;
                transactions.remove(place);
            }
            Contraband::Repeated => transactions.push(transactions.last()?.clone()),
        }
        let transactions = List::new(transactions).ok()?;
        Some(Body { system_calls: body.system_calls.clone(), transactions })
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

fn body_root(header: &Header, body: &Body) -> Hash32 {
    let wids: Vec<Hash32> = body
        .transactions
        .iter()
        .map(|transaction| {
            let id = crypto::ids::transaction_id(header.chain_id, &transaction.body);
            crypto::ids::witness_id(id, &transaction.witness)
        })
        .collect();
    crypto::ids::body_root(&body.system_calls, &wids)
}

impl Crime for Smuggler {
    fn send(&mut self, hand: &mut Hand<'_>, _to: usize, message: Message) -> Vec<Message> {
        match message {
            Message::Block(block) if block.header.proposer == hand.index() => {
                let Some(body) = self.smuggle(&block.body) else { return vec![Message::Block(block)] };
                let header = Header { body_root: body_root(&block.header, &body), ..block.header.clone() };
                if self.changed.insert(crypto::ids::header_hash(&block.header), header.clone()).is_none() {
                    hand.faults.add(match self.contraband {
                        Contraband::SwappedWitness => "swapped witness",
                        Contraband::NonceGap => "nonce gap",
                        Contraband::Repeated => "repeated transaction",
                    });
                }
                vec![Message::Block(Box::new(WireBlock { header, body }))]
            }
            Message::Proposal(proposal) if hand.is_own(&proposal) => {
                let Some(header) = self.changed.get(&proposal.vote.statement.block) else {
                    return vec![Message::Proposal(proposal)];
                };
                let block = crypto::ids::header_hash(header);
                let vote = hand.sign(VoteStatement { block, ..proposal.vote.statement });
                vec![Message::Proposal(Proposal { vote, header: header.clone() })]
            }
            message => vec![message],
        }
    }
}
