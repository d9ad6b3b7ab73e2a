//! Certificates that honest nodes send or log are genuine: of exact shape, of a quorum, with the sum of the signers'
//! signatures (FAULTS C9). And a block that an honest node stores has one that proves it.

use std::collections::BTreeSet;
use std::sync::Arc;

use consensus::{Aggregated, Scheme};
use crypto::hash::sha256;
use types::{Canonical, Certificate, ValidatorIndex, VoteKind};

use super::super::ground::Ground;
use super::{Checker, Quorum, Sighting};

pub(super) struct Certified {
    ground: Arc<Ground>,
    quorum: Quorum,
    /// Hashes of those that were checked.
    genuine: BTreeSet<[u8; 32]>,
}

impl Certified {
    pub(super) const fn new(ground: Arc<Ground>, quorum: Quorum) -> Self {
        Self { ground, quorum, genuine: BTreeSet::new() }
    }

    fn check(&mut self, node: usize, certificate: &Certificate) -> Result<(), String> {
        let hash = sha256(&certificate.to_canonical());
        if self.genuine.contains(&hash) {
            return Ok(());
        }
        let statement = &certificate.statement;
        let what = format!("node {node} has a {:?} certificate of view {}", statement.kind, statement.view);
        let signers = self.signers(certificate).ok_or_else(|| format!("{what} whose bitmap is malformed"))?;
        if !self.quorum.is_met(statement.epoch, signers.iter().copied()) {
            return Err(format!("{what} without a quorum"));
        }
        let aggregated = Aggregated { statement, signers: &signers, signature: &certificate.signature };
        if !self.ground.signatures.verify_aggregated(self.ground.set(statement.epoch), aggregated) {
            return Err(format!("{what} whose signature is wrong"));
        }
        self.genuine.insert(hash);
        Ok(())
    }

    /// Who signed, if the bitmap is exact for the set.
    fn signers(&self, certificate: &Certificate) -> Option<Vec<ValidatorIndex>> {
        let members = self.ground.set(certificate.statement.epoch).len();
        let bytes = certificate.signers.as_bytes();
        let bit = |place: usize| bytes[place / 8] >> (place % 8) & 1 == 1;
        if bytes.len() != members.div_ceil(8) || (members..bytes.len() * 8).any(bit) {
            return None;
        }
        let index = |place| ValidatorIndex(u16::try_from(place).expect("a place in a set"));
        Some((0..members).filter(|place| bit(*place)).map(index).collect())
    }
}

impl Checker for Certified {
    fn property(&self) -> &'static str {
        "genuine certificates"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        match sighting {
            Sighting::Certificate { node, certificate } => self.check(*node, certificate),
            Sighting::Commit { node, block } => {
                let statement = block.certificate.statement;
                if statement.kind != VoteKind::Finalize || statement.epoch != block.header.epoch {
                    return Err(format!("node {node} stored block {} with {statement:?}", block.header.height));
                }
                self.check(*node, &block.certificate)
            }
            _ => Ok(()),
        }
    }
}
