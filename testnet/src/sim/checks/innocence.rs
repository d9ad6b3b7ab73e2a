//! Honest nodes hold nothing against honest nodes, whatever the network did to their messages (FAULTS L16): no wrong
//! signature, no bad block, no proof of a contradiction, and no gossip that others refuse.

use std::sync::Arc;

use replica::Offence;
use types::PeerKey;

use super::super::ground::Ground;
use super::super::keys::peer_key;
use super::{Checker, Sighting};

pub(super) struct Innocence {
    ground: Arc<Ground>,
    faulty: Vec<PeerKey>,
}

impl Innocence {
    pub(super) fn new(ground: &Arc<Ground>, faulty: Vec<PeerKey>) -> Self {
        Self { ground: ground.clone(), faulty }
    }
}

impl Innocence {
    fn number_of(&self, peer: &PeerKey) -> Option<usize> {
        (0..self.ground.keys.len()).find(|number| peer_key(*number) == *peer)
    }
}

impl Checker for Innocence {
    fn property(&self) -> &'static str {
        "innocence"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        match sighting {
            // A peer whose answers are lost on the way is useless, and no criminal.
            Sighting::Punished { offence: Offence::UselessAnswer, .. } => Ok(()),
            Sighting::Punished { node, peer, offence } if !self.faulty.contains(peer) => {
                let who = self.number_of(peer);
                Err(format!("node {node} punishes honest node {who:?} for {offence:?}"))
            }
            Sighting::Rejected { node, peer } if !self.faulty.contains(peer) => {
                let who = self.number_of(peer);
                Err(format!("node {node} refuses what honest node {who:?} passed on"))
            }
            Sighting::Evidence { epoch, signer } => match self.ground.set(*epoch).get(*signer) {
                Some(member) if self.faulty.contains(&member.peer) => Ok(()),
                _ => Err(format!("there is evidence against honest validator {signer}")),
            },
            _ => Ok(()),
        }
    }
}
