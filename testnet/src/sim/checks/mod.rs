//! What must hold in every simulated network, one property per file (FAULTS 1.1).
//!
//! Checkers see what leaves honest nodes and what is in them; they share no code with what they check, above all no
//! arithmetic of quorums. A checker that is not satisfied says why in a sentence.

mod agreement;
mod certified;
mod chain;
mod connected;
mod durability;
mod finality;
mod innocence;
mod justified;
mod never_twice;
mod replay;
mod worth;

use std::collections::BTreeMap;
use std::sync::Arc;

use execution::{BlockOutcome, FinalizedBlock};
use replica::wire::Shared;
use replica::{LogRecord, Offence};
use types::{Certificate, Epoch, Hash32, Height, ModuleId, PeerKey, Transaction, ValidatorIndex, View, Vote};

use super::calm::Calm;
use super::ground::Ground;
use super::simulated::ChainChecker;
use super::store::Store;

/// Something that happened and is worth a look.
pub(crate) enum Sighting<'a> {
    /// A vote leaves a node; `honest` when the node follows the rules.
    Vote { vote: &'a Vote, honest: bool },
    /// An honest node sends a certificate, or takes it into its log: it believes it.
    Certificate { node: usize, certificate: &'a Certificate },
    /// An honest node writes a final block to its store.
    Commit { node: usize, block: &'a Arc<FinalizedBlock> },
    /// An honest node tells its clients that a block is final, whether or not it is certified yet.
    Told { node: usize, height: Height, outcome: &'a Arc<BlockOutcome>, at_us: u64 },
    /// From now on nothing happens to the network, and these nodes are to make progress.
    Calmed { nodes: Vec<usize>, calm: Calm, at_us: u64 },
    /// Nothing has happened to it until now.
    StillCalm { at_us: u64 },
    /// From now on something may.
    CalmEnds,
    /// A member's disks were lost or exchanged: it need not have what it kept.
    Forgotten { node: usize, member: usize },
    /// An honest node came back: this is what it kept, and above this place its log is complete.
    Risen { node: usize, member: Option<usize>, store: &'a Store, log: &'a [LogRecord], floor: (Epoch, View) },
    /// An honest node holds something against a peer.
    Punished { node: usize, peer: PeerKey, offence: Offence },
    /// An honest node passes transactions on that others sent.
    PassedOn { node: usize, transactions: &'a [Shared<Transaction>] },
    /// An honest node says that it has proof of a contradiction.
    Evidence { epoch: Epoch, signer: ValidatorIndex },
    /// An honest node refuses gossip, which is held against the peer that passed it on.
    Rejected { node: usize, peer: PeerKey },
}

/// One property.
pub(crate) trait Checker: Send {
    /// Its name in reports.
    fn property(&self) -> &'static str;

    /// Looks at what happened.
    ///
    /// # Errors
    /// How the property is violated.
    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String>;
}

/// A property that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) property: &'static str,
    pub(crate) message: String,
}

/// All checkers of one network.
pub(crate) struct Auditor {
    checkers: Vec<Box<dyn Checker>>,
    pub(crate) violations: Vec<Violation>,
    /// The final chain as first seen: hashes by height.
    pub(crate) chain: BTreeMap<Height, Hash32>,
    pub(crate) transactions: u64,
    /// Calls without a sender in it, by module.
    pub(crate) system_calls: BTreeMap<ModuleId, u64>,
}

impl Auditor {
    /// `faulty` are the peers of whom nothing is expected; `more` are the checkers that trials bring.
    pub(crate) fn new(ground: &Arc<Ground>, faulty: Vec<PeerKey>, more: Vec<Box<dyn ChainChecker>>) -> Self {
        let mut checkers: Vec<Box<dyn Checker>> = vec![
            Box::new(never_twice::NeverTwice::default()),
            Box::new(justified::Justified::new(Quorum { ground: ground.clone() })),
            Box::new(certified::Certified::new(ground.clone(), Quorum { ground: ground.clone() })),
            Box::new(agreement::Agreement::default()),
            Box::new(connected::Connected::default()),
            Box::new(durability::Durability::new(ground.clone())),
            Box::new(replay::Replay::new(ground.clone())),
            Box::new(innocence::Innocence::new(ground, faulty)),
            Box::new(finality::Finality::default()),
            Box::new(worth::Worth::new(ground)),
        ];
        checkers.extend(more.into_iter().map(|checker| Box::new(chain::Chain::new(checker)) as Box<dyn Checker>));
        let (violations, chain, system_calls) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { checkers, violations, chain, transactions: 0, system_calls }
    }

    pub(crate) fn see(&mut self, sighting: &Sighting<'_>) {
        for checker in &mut self.checkers {
            if let Err(message) = checker.see(sighting) {
                self.violations.push(Violation { property: checker.property(), message });
            }
        }
        if let Sighting::Commit { block, .. } = sighting
            && self.chain.insert(block.header.height, block.hash).is_none()
        {
            self.transactions += block.body.transactions.len() as u64;
            for call in &block.body.system_calls {
                *self.system_calls.entry(call.module).or_default() += 1;
            }
        }
    }

    /// Nobody looks any more. The chain is still written down.
    pub(crate) fn dismiss(&mut self) {
        self.checkers.clear();
    }

    pub(crate) fn violated(&mut self, property: &'static str, message: String) {
        self.violations.push(Violation { property, message });
    }
}

/// What is a quorum, reckoned here anew.
#[derive(Clone)]
pub(crate) struct Quorum {
    ground: Arc<Ground>,
}

impl Quorum {
    /// Whether these members of an epoch's set, each named once, are more than two thirds of its power.
    fn is_met(&self, epoch: Epoch, members: impl IntoIterator<Item = ValidatorIndex>) -> bool {
        let powers: Vec<u64> = self.ground.set(epoch).validators().iter().map(|member| member.power.0).collect();
        let signed: u64 = members.into_iter().filter_map(|member| powers.get(usize::from(member.0))).sum();
        let total: u64 = powers.iter().sum();
        u128::from(signed) * 3 > u128::from(total) * 2
    }
}
