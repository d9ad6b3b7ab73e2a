//! What is expected of a network that strangers ask for everything: that it does its work, and nothing else.

use types::Height;

use super::world::World;

/// Most bytes of bodies above the tip that an honest node holds when nobody sends anything large.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Blocks beyond the idle pace that an idle network may make: the ends of what was under way, of epochs and of views.
const BLOCKS_SPARE: u64 = 6;

impl World {
    /// Clients stop, and everything that they sent becomes final.
    pub(crate) fn expect_all_final(&mut self, within_ms: u64) {
        self.client.is_done = true;
        if !self.run_until(within_ms, |world| world.client.waiting() == 0) && !self.is_violated() {
            let waiting = self.client.waiting();
            let message = format!("{waiting} transfers of honest clients are not final after {within_ms} ms");
            self.auditor.violated("honest transfers become final", message);
        }
    }

    /// Nobody asks for anything that a block could do: blocks come at the idle pace.
    pub(crate) fn expect_idle(&mut self, for_ms: u64) {
        self.client.is_done = true;
        let Height(before) = self.highest();
        self.run_for(for_ms);
        let blocks = self.highest().0 - before;
        let most = for_ms / self.ground.genesis.parameters.timing.block_interval_empty_ms + BLOCKS_SPARE;
        if blocks > most && !self.is_violated() {
            let message =
                format!("{blocks} blocks in {for_ms} ms in which nobody asked for any; {most} at most are due");
            self.auditor.violated("an idle chain stays idle", message);
        }
    }

    /// What honest nodes keep for others stays small, also what goes only with a view.
    pub(crate) fn expect_little_kept(&mut self) {
        for place in 0..self.nodes.len() {
            let node = &self.nodes[place];
            let Some(up) = node.up.as_ref().filter(|_| !node.is_faulty) else { continue };
            let kept = up.replica.kept();
            if kept.body_bytes > BODY_BYTES_MAX || kept.short_ids > kept.transactions {
                let message = format!("node {place} keeps {kept:?}");
                self.auditor.violated("little is kept", message);
            }
        }
    }
}
