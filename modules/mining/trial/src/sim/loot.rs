//! Proofs of work that a criminal heard, and what it makes of them without solving anything itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mining::WorkProof;
use pow::{Coinbase, Commitment};
use replica::wire::Message;
use testnet::sim;
use types::{Address, ByteString, Canonical, ChainId, Hash32, Height, SystemCall};

use super::MINING;

/// Proofs that it remembers, and blocks.
const REMEMBERED_MAX: usize = 256;
/// Who is to be paid.
const THIEF: Address = Address([0x66; 20]);

/// What is to be made of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// A proof of somebody else, with a coinbase that pays the thief.
    Redirect,
    /// A proof that counted already, once more.
    Repeat,
}

/// What is smuggled into blocks.
pub(super) struct Sack {
    plan: Plan,
    loot: Loot,
}

impl Sack {
    pub(super) fn new(plan: Plan) -> Self {
        Self { plan, loot: Loot::default() }
    }
}

impl sim::Loot for Sack {
    fn hear(&mut self, message: &Message) {
        self.loot.hear(message);
    }

    fn stolen(&self, chain_id: ChainId) -> Option<(SystemCall, &'static str)> {
        Some(match self.plan {
            Plan::Redirect => (self.loot.redirected(chain_id)?, "block with a redirected proof"),
            Plan::Repeat => (self.loot.oldest()?, "block with a repeated proof"),
        })
    }
}

/// What was heard.
#[derive(Default)]
pub(super) struct Loot {
    proofs: VecDeque<SystemCall>,
    known: BTreeSet<Hash32>,
    /// Blocks as they were proposed, of which proofs name some.
    blocks: BTreeMap<Height, Hash32>,
}

impl Loot {
    /// Remembers what is worth it; gives the proofs that are new.
    pub(super) fn hear(&mut self, message: &Message) -> Vec<SystemCall> {
        match message {
            Message::Proposal(proposal) => {
                self.blocks.insert(proposal.header.height, crypto::ids::header_hash(&proposal.header));
                if self.blocks.len() > REMEMBERED_MAX {
                    self.blocks.pop_first();
                }
                Vec::new()
            }
            Message::SystemCalls(calls) => {
                let calls = calls.iter().filter(|call| call.module == MINING).cloned();
                let fresh: Vec<_> =
                    calls.filter(|call| self.known.insert(crypto::ids::system_call_hash(call))).collect();
                self.proofs.extend(fresh.iter().cloned());
                while self.proofs.len() > REMEMBERED_MAX {
                    self.proofs.pop_front();
                }
                fresh
            }
            _ => Vec::new(),
        }
    }

    /// The newest proof with another payee.
    fn redirected(&self, chain_id: ChainId) -> Option<SystemCall> {
        self.redirect(chain_id, self.proofs.back()?)
    }

    /// A proof so old that it may well have counted.
    pub(super) fn oldest(&self) -> Option<SystemCall> {
        self.proofs.front().cloned()
    }

    /// The same header with a coinbase that pays the thief: a sound one where the block that it names is known, else the
    /// solver's with the payee overwritten.
    pub(super) fn redirect(&self, chain_id: ChainId, call: &SystemCall) -> Option<SystemCall> {
        let mut proof = WorkProof::from_canonical(&call.body).ok()?;
        let Coinbase { work_height, payee, .. } = Coinbase::parse(&proof.coinbase).ok()?;
        let coinbase = match self.blocks.get(&proof.anchor) {
            Some(anchor) => {
                let commitment = Commitment { chain_id, work_height, payee: THIEF, anchor: *anchor };
                commitment.coinbase_parts(b"/thief/").ok()?.assemble([0; 4], [0; 8])
            }
            None => overwrite(&proof.coinbase, &payee.0, &THIEF.0)?,
        };
        proof.coinbase = ByteString::new(coinbase).ok()?;
        Some(proof.to_system_call())
    }
}

fn overwrite(bytes: &[u8], old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let place = bytes.windows(old.len()).position(|window| window == old)?;
    let mut bytes = bytes.to_vec();
    bytes[place..place + old.len()].copy_from_slice(new);
    Some(bytes)
}
