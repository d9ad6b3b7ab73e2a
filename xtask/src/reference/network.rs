//! A network of one node that runs for a moment and is asked what it serves.

use crate::Failure;
use crate::local_network::{Running, free_base, get};
use crate::workspace::Workspace;

/// What the node said.
pub(super) struct Told {
    pub(super) description: String,
    pub(super) metrics: String,
}

/// Starts the network, asks, and stops it.
pub(super) fn ask(workspace: &Workspace) -> Result<Told, Failure> {
    let home = workspace.target.join("reference-network");
    let base = free_base().ok_or_else(|| Failure::new("no ports are free for a network of one node"))?;
    let mut started = super::asked(workspace, "devnet");
    let programs = ["thronosd", "thronos"].map(|name| workspace.target.join("release").join(name));
    started.env("THRONOSD", &programs[0]).env("THRONOS", &programs[1]);
    started
        .args(["--validators", "1", "--no-transfer", "--wipe", "--base-port", &base.to_string()])
        .arg("--home")
        .arg(&home);
    let mut running = Running::start(&mut started)?;
    let told = running.address().and_then(|address| {
        // In this order: the first request is counted, so that the second one's answer shows how requests are.
        let description = get(&address, "/api/v1/openapi.json")?;
        Ok(Told { description, metrics: get(&address, "/metrics")? })
    });
    running.stop()?;
    // The next one begins anew anyway.
    let _ = std::fs::remove_dir_all(&home);
    told
}
