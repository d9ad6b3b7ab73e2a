//! I2: every node's final chain is connected; no view is both finalized and nullified by a quorum.

use std::collections::{BTreeMap, BTreeSet};

use types::{Epoch, Hash32, Height, View, VoteKind};

use super::{Checker, Sighting};

#[derive(Default)]
pub(super) struct Connected {
    tips: BTreeMap<usize, (Height, Hash32)>,
    finalized: BTreeSet<(Epoch, View)>,
    nullified: BTreeSet<(Epoch, View)>,
}

impl Checker for Connected {
    fn property(&self) -> &'static str {
        "connected chain"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        match sighting {
            Sighting::Commit { node, block } => {
                let (height, hash) = (block.header.height, block.hash);
                let before = self.tips.insert(*node, (height, hash));
                match before {
                    Some((tip, parent)) if tip.next() != height || parent != block.header.parent => {
                        Err(format!("node {node} put block {height} on top of block {tip}"))
                    }
                    _ => Ok(()),
                }
            }
            Sighting::Risen { node, store, .. } => {
                let tip = store.tip();
                self.tips.insert(*node, (tip.header.height, tip.hash));
                Ok(())
            }
            Sighting::Certificate { certificate, .. } => {
                let statement = certificate.statement;
                let place = (statement.epoch, statement.view);
                match statement.kind {
                    VoteKind::Finalize => self.finalized.insert(place),
                    VoteKind::Nullify => self.nullified.insert(place),
                    VoteKind::Notarize => false,
                };
                if self.finalized.contains(&place) && self.nullified.contains(&place) {
                    return Err(format!("view {} of epoch {} is finalized and nullified", place.1, place.0));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
