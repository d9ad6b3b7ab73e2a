//! What faulty members do, one crime per file.
//!
//! A criminal runs a real replica; its crime changes what leaves it, adds to what it says, and answers questions as it
//! likes. It signs with its own key only: the keyed hash of the simulator keeps no secrets, so this is a promise.

mod boaster;
mod equivocator;
mod flooder;
mod forger;
mod framer;
mod hoarder;
mod liar;
mod nuller;
mod replayer;
mod reproposer;
mod smuggler;
mod spammer;
mod withholder;

use std::sync::Arc;

use replica::wire::{Message, Request, Response};
use types::{ChainId, Epoch, Proposal, ValidatorIndex, Vote, VoteStatement};

pub(crate) use boaster::{Boaster, Manner};
pub(crate) use equivocator::Equivocator;
pub(crate) use flooder::Flooder;
pub(crate) use forger::Forger;
pub(crate) use framer::Framer;
pub(crate) use hoarder::Hoarder;
pub(crate) use liar::{Liar, WAYS};
pub(crate) use nuller::Nuller;
pub(crate) use replayer::Replayer;
pub(crate) use reproposer::Reproposer;
pub(crate) use smuggler::Contraband;
pub use smuggler::{Loot, Smuggler};
pub(crate) use spammer::Spammer;
pub(crate) use withholder::Withholder;

use super::faults::Faults;
use super::ground::Ground;
use super::lots::Lots;

/// What a criminal has at hand.
pub struct Hand<'a> {
    pub(crate) ground: &'a Arc<Ground>,
    /// Its number among the members.
    pub(crate) own: usize,
    /// Lots of the whole network.
    pub lots: &'a mut Lots,
    pub(crate) faults: &'a mut Faults,
}

impl Hand<'_> {
    /// The chain.
    #[must_use]
    pub fn chain_id(&self) -> ChainId {
        self.ground.chain_id
    }

    /// Counts a deed.
    pub fn fault(&mut self, kind: &'static str) {
        self.faults.add(kind);
    }

    /// Its place in an epoch's set; outside of it, one that nobody has.
    pub(crate) fn index(&self, epoch: Epoch) -> ValidatorIndex {
        self.ground.index_in(epoch, self.own).unwrap_or(ValidatorIndex(u16::MAX))
    }

    /// Signs anything, with its own key.
    pub(crate) fn sign(&self, statement: VoteStatement) -> Vote {
        self.ground.signatures.vote(&self.ground.keys[self.own], self.index(statement.epoch), statement)
    }

    /// Whether a proposal is its own.
    pub(crate) fn is_own(&self, proposal: &Proposal) -> bool {
        proposal.vote.signer == self.index(proposal.vote.statement.epoch)
    }

    /// All other members.
    pub(crate) fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let own = self.own;
        (0..self.ground.keys.len()).filter(move |member| *member != own)
    }

    /// Any other member.
    pub fn somebody(&mut self) -> usize {
        let members = self.ground.keys.len();
        (self.own + 1 + self.lots.place(members - 1)) % members
    }
}

/// Something said out of turn.
pub enum Utterance {
    /// Over the own stream.
    Stream(Message),
    /// As gossip.
    Gossip(Message),
    /// No message at all.
    Junk(Vec<u8>),
}

/// What a faulty member does differently.
pub trait Crime: Send {
    /// What really leaves for a node in place of a message.
    fn send(&mut self, _hand: &mut Hand<'_>, _to: usize, message: Message) -> Vec<Message> {
        vec![message]
    }

    /// What it says to whom on hearing something.
    fn hear(&mut self, _hand: &mut Hand<'_>, _heard: &Message) -> Vec<(usize, Utterance)> {
        Vec::new()
    }

    /// What it answers; nothing is an answer too.
    fn answer(&mut self, _hand: &mut Hand<'_>, _request: &Request, honest: Response) -> Option<Response> {
        Some(honest)
    }
}
