//! A miner reaches the local class through node 0's port, and whoever nobody mines for does not.

use serde_json::json;
use testnet::devnet::{Failure, Outcome};

use super::cast::{Troupe, equal};

/// The class of local chains.
const CLASS: &str = "0";

impl Troupe<'_> {
    /// Two devices of the owner's: machines mine for the first alone.
    pub(super) fn work(&mut self, port: u16) -> Outcome<()> {
        let owner = self.owner.name;
        let address = self.owner.text();
        let mut devices = Vec::new();
        for name in ["rig", "idle-rig"] {
            self.good(&["device", "new", name])?;
            self.good(&["device", "register", name, "--kind", "cpu_miner", "--from", owner])?;
            let shown = self.good(&["device", "show", name])?;
            let id = shown["device"].as_str().map(str::to_owned);
            devices.push(id.ok_or_else(|| Failure::new(format!("a device without an id: {shown}")))?);
        }
        let [rig, _] = devices.as_slice() else { return Err(Failure::new("two devices were made")) };
        let miner = self.mine(port, &address, &format!("v={rig}"))?;
        self.good(&["device", "attest", "rig", "--class", CLASS, "--from", owner])?;
        let shown = self.good(&["device", "show", "rig"])?;
        equal("its level and class", &[shown["level"].clone(), shown["work_class"].clone()], &[json!(2), json!(0)])?;
        // The same machine mines for another's device: that shows nothing of this one.
        let lapsed = self.thronos(&["device", "attest", "idle-rig", "--class", CLASS, "--from", owner])?.map(|_| ());
        drop(miner);
        self.refused += 1;
        equal("an attestation that nobody mined for", &lapsed, &Err("attestation_lapsed".to_owned()))?;
        let shown = self.good(&["device", "show", "idle-rig"])?;
        equal("its level", &shown["level"], &json!(1))
    }
}
