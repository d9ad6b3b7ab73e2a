//! Honest nodes hold nothing against honest nodes, whatever the network did to their messages (FAULTS L16): no wrong
//! signature, no bad block, no proof of a contradiction.

use std::sync::Arc;

use replica::Offence;
use types::PeerKey;

use super::super::ground::Ground;
use super::{Checker, Sighting};

pub(super) struct Innocence {
    faulty: Vec<PeerKey>,
    validators: Vec<PeerKey>,
}

impl Innocence {
    pub(super) fn new(ground: &Arc<Ground>, faulty: Vec<PeerKey>) -> Self {
        Self { faulty, validators: ground.set.validators().iter().map(|member| member.peer).collect() }
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
                let who = self.validators.iter().position(|validator| validator == peer);
                Err(format!("node {node} punishes honest node {who:?} for {offence:?}"))
            }
            Sighting::Evidence { signer } => match self.validators.get(usize::from(signer.0)) {
                Some(peer) if self.faulty.contains(peer) => Ok(()),
                _ => Err(format!("there is evidence against honest validator {signer}")),
            },
            _ => Ok(()),
        }
    }
}
