//! Sends without end what no block can take: of accounts that own nothing, without a fee, valid for ever, with tips that nobody
//! can pay, with nonces that are missing; by gossip and over its stream, alone and among good ones (FAULTS HT1, HB1, HB2).
//!
//! Every signature is right and every form too, so nothing can be held against who passes it on but that it did.

use std::sync::Arc;

use crypto::ecdsa_pure::SigningKey;
use replica::wire::{Message, Shared};
use types::{
    Address, Amount, Auth, AuthKind, Epoch, List, Nonce, TRANSACTION_VERSION, TimeMs, Transaction, TransactionBody,
    View, Witness,
};

use super::super::clock::UNIX_MS_AT_START;
use super::{Crime, Hand, Utterance};

/// How many messages it sends for each view.
const MESSAGES: usize = 3;
/// How many transactions are in one.
const PER_MESSAGE: usize = 8;
/// A day and an hour.
const TOO_LONG_MS: u64 = 90_000_000;

/// Pays for nothing.
#[derive(Default)]
pub(crate) struct Spammer {
    newest: (Epoch, View),
    /// Good ones that it heard, which are known wherever it sends them.
    heard: Option<Shared<Transaction>>,
    count: u64,
}

impl Spammer {
    /// One that no block can take.
    fn worthless(&mut self, hand: &mut Hand<'_>) -> Shared<Transaction> {
        self.count += 1;
        let hour = TimeMs(UNIX_MS_AT_START + 3_600_000);
        let (nonce, fee_max, tip, valid_until, is_poor) = match hand.lots.below(6) {
            0 => (0, 10_000_000, 0, hour, true),
            1 => (0, 0, 0, hour, false),
            2 => (0, 0, 0, TimeMs(u64::MAX), hand.lots.chance(500)),
            3 => (0, 10_000_000, 0, TimeMs(UNIX_MS_AT_START + TOO_LONG_MS), false),
            4 => (0, 10_000_000, u128::MAX / 2, hour, false),
            _ => (1 + hand.lots.below(1_000), 10_000_000, 1_000, hour, false),
        };
        let key = if is_poor { poor(hand.own, self.count) } else { hand.ground.spammer.key.clone() };
        // Each is another one, though its nonce is not.
        let amount = Amount(u128::from(self.count) + 1_000 * (hand.own as u128 + 1));
        let body = Body { nonce: Nonce(nonce), fee_max: Amount(fee_max), tip: Amount(tip), valid_until, amount };
        Shared(Arc::new(body.sign(hand, &key)))
    }
}

/// A key whose account owns nothing.
fn poor(own: usize, number: u64) -> SigningKey {
    let secret = crypto::hash::sha256(format!("pauper {own} {}", number % 64).as_bytes());
    SigningKey::from_bytes(&secret).expect("a hash is a secret key, but for one in 2^127")
}

struct Body {
    nonce: Nonce,
    fee_max: Amount,
    tip: Amount,
    valid_until: TimeMs,
    amount: Amount,
}

impl Body {
    fn sign(self, hand: &Hand<'_>, key: &SigningKey) -> Transaction {
        let Self { nonce, fee_max, tip, valid_until, amount } = self;
        let call = (hand.ground.transfers.call)(Address([8; 20]), amount);
        let body = TransactionBody {
            version: TRANSACTION_VERSION,
            sender: crypto::ids::address_of_key(&key.public_key()),
            auth: AuthKind::Single,
            nonce,
            valid_until,
            fee_max,
            tip,
            payer: None,
            calls: List::new(vec![call]).expect("one call"),
        };
        let id = crypto::ids::transaction_id(hand.ground.chain_id, &body);
        let auth = Auth::Single { key: key.public_key(), signature: key.sign(id.as_bytes()) };
        Transaction { body, witness: Witness { auths: List::new(vec![auth]).expect("one auth") } }
    }
}

impl Crime for Spammer {
    fn hear(&mut self, hand: &mut Hand<'_>, heard: &Message) -> Vec<(usize, Utterance)> {
        if let Message::Transactions(transactions) = heard {
            self.heard = transactions.first().cloned().filter(|first| hand.ground.is_client(&first.body.sender));
        }
        let Message::Proposal(proposal) = heard else { return Vec::new() };
        let about = (proposal.vote.statement.epoch, proposal.vote.statement.view);
        if about <= self.newest {
            return Vec::new();
        }
        self.newest = about;
        let mut said = Vec::new();
        for _ in 0..MESSAGES {
            let mut all: Vec<_> = (0..PER_MESSAGE).map(|_| self.worthless(hand)).collect();
            all.extend(self.heard.clone());
            hand.faults.add("worthless transactions");
            let to = hand.somebody();
            let message = Message::Transactions(List::new(all).expect("fewer than a message may have"));
            let by_gossip = hand.lots.chance(700);
            said.push((to, if by_gossip { Utterance::Gossip(message) } else { Utterance::Stream(message) }));
        }
        said
    }
}
