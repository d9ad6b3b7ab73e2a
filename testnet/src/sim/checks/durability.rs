//! I4, and what never-twice rests on: what a node told its clients is there after any restart, and so is every vote
//! that left it and every certificate its votes rest on (FAULTS C3, C16, S1, S4).
//!
//! Looked for in what the node finds on its disks when it comes back, before anybody can help it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use consensus::Record;
use replica::LogRecord;
use types::{Epoch, Hash32, Height, View, VoteKind, VoteStatement};

use super::super::ground::Ground;
use super::super::store::Store;
use super::{Checker, Sighting};

pub(super) struct Durability {
    ground: Arc<Ground>,
    /// Blocks that were told to clients, by node.
    told: BTreeMap<usize, BTreeMap<Height, Hash32>>,
    /// Votes that left, by member and place.
    left: BTreeMap<usize, BTreeMap<(Epoch, View), BTreeSet<VoteStatement>>>,
}

/// A log as sets.
#[derive(Default)]
struct Kept {
    blocks: BTreeSet<Hash32>,
    votes: BTreeSet<VoteStatement>,
    notarized: BTreeSet<(Epoch, View)>,
}

impl Kept {
    fn of(log: &[LogRecord]) -> Self {
        let mut kept = Self::default();
        for record in log {
            match record {
                LogRecord::Block(block) => drop(kept.blocks.insert(crypto::ids::header_hash(&block.header))),
                LogRecord::Engine(record) => match record.as_ref() {
                    Record::Vote(statement) => drop(kept.votes.insert(*statement)),
                    Record::Certificate(certificate) if certificate.statement.kind == VoteKind::Notarize => {
                        kept.notarized.insert((certificate.statement.epoch, certificate.statement.view));
                    }
                    _ => {}
                },
            }
        }
        kept
    }
}

impl Durability {
    pub(super) const fn new(ground: Arc<Ground>) -> Self {
        Self { ground, told: BTreeMap::new(), left: BTreeMap::new() }
    }

    fn check_told(&self, node: usize, store: &Store, kept: &Kept) -> Result<(), String> {
        let Some(told) = self.told.get(&node) else { return Ok(()) };
        let tip = store.height();
        for (height, hash) in told.range(tip.next()..) {
            if !kept.blocks.contains(hash) {
                return Err(format!("node {node} told clients of block {height} and lost it; its store ends at {tip}"));
            }
        }
        Ok(())
    }

    fn check_votes(&self, member: usize, kept: &Kept, floor: (Epoch, View)) -> Result<(), String> {
        let above = (floor.0, floor.1.next());
        let left = self.left.get(&member).into_iter().flat_map(|left| left.range(above..));
        for ((epoch, view), votes) in left {
            for vote in votes {
                if !kept.votes.contains(vote) {
                    return Err(format!("validator {member} forgot a vote that had left it: {vote:?}"));
                }
                if vote.kind == VoteKind::Finalize && !kept.notarized.contains(&(*epoch, *view)) {
                    return Err(format!(
                        "validator {member} voted to finalize view {view} of epoch {epoch} and forgot its notarization"
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Checker for Durability {
    fn property(&self) -> &'static str {
        "durability"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        match sighting {
            Sighting::Told { node, height, outcome, .. } => {
                self.told.entry(*node).or_default().insert(*height, outcome.hash);
                Ok(())
            }
            Sighting::Vote { vote, honest: true } => {
                let statement = vote.statement;
                let Some(member) = self.ground.member_at(statement.epoch, vote.signer) else {
                    return Err(format!("an honest node votes at place {} of epoch {}", vote.signer, statement.epoch));
                };
                let places = self.left.entry(member).or_default();
                places.entry((statement.epoch, statement.view)).or_default().insert(statement);
                Ok(())
            }
            Sighting::Forgotten { node, member } => {
                self.told.remove(node);
                self.left.remove(member);
                Ok(())
            }
            Sighting::Risen { node, member, store, log, floor } => {
                let kept = Kept::of(log);
                self.check_told(*node, store, &kept)?;
                member.map_or(Ok(()), |member| self.check_votes(member, &kept, *floor))
            }
            _ => Ok(()),
        }
    }
}
