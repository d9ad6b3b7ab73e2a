//! HA1, I12: once the network has calmed, every honest node that is up hears of a new final block within a bound, and
//! then again and again.

use std::collections::BTreeMap;

use types::Height;

use super::super::calm::Calm;
use super::{Checker, Sighting};

#[derive(Default)]
pub(super) struct Finality {
    calm: Option<Calm>,
    /// Of each node that is to make progress.
    nodes: BTreeMap<usize, Progress>,
    /// The newest height of every node.
    heights: BTreeMap<usize, Height>,
}

/// The newest final block of a node since the network calmed.
struct Progress {
    /// When it was told; before the first, when the network calmed.
    since_us: u64,
    blocks: u64,
}

impl Finality {
    fn on_time(&self, node: usize, at_us: u64) -> Result<(), String> {
        let Some((calm, progress)) = self.calm.as_ref().zip(self.nodes.get(&node)) else { return Ok(()) };
        let (bound_us, of) = match progress.blocks {
            0 => (calm.first_us, "the network calmed".to_owned()),
            blocks => (calm.pause_us, format!("its {blocks}. block since the network calmed")),
        };
        let waited_us = at_us - progress.since_us;
        if waited_us <= bound_us {
            return Ok(());
        }
        let (waited, bound) = (waited_us / 1_000, bound_us / 1_000);
        Err(format!("node {node} heard of no final block for {waited} ms after {of}; {bound} ms are allowed"))
    }
}

impl Checker for Finality {
    fn property(&self) -> &'static str {
        "finality"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        match sighting {
            Sighting::Told { node, height, at_us, .. } => {
                if self.heights.get(node).is_some_and(|known| known >= height) {
                    return Ok(());
                }
                self.heights.insert(*node, *height);
                let checked = self.on_time(*node, *at_us);
                if let Some(progress) = self.nodes.get_mut(node) {
                    *progress = Progress { since_us: *at_us, blocks: progress.blocks + 1 };
                }
                checked
            }
            Sighting::Calmed { nodes, calm, at_us } => {
                self.calm = Some(*calm);
                self.nodes = nodes.iter().map(|node| (*node, Progress { since_us: *at_us, blocks: 0 })).collect();
                Ok(())
            }
            Sighting::StillCalm { at_us } => self.nodes.keys().try_for_each(|node| self.on_time(*node, *at_us)),
            Sighting::CalmEnds => {
                self.calm = None;
                self.nodes.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
