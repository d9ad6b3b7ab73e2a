//! A node that joins: a fresh home, made by the daemon itself, that knows the genesis and one peer's address.

use std::process::Stdio;

use super::network::{LocalNetwork, READY_PATIENCE};
use super::{Failure, NodeProcess, Outcome, launch};

impl LocalNetwork {
    /// Makes a home with `thronosd init --genesis --bootstrap`, starts the node and waits until it is ready; returns its place.
    ///
    /// # Errors
    /// A port in use, a refusal of the daemon, or a node that is not ready in time.
    pub fn join(&mut self) -> Outcome<usize> {
        let mut node = self.newcomer()?;
        let index = node.index;
        node.start()?;
        node.wait_ready(self.plan.patience(READY_PATIENCE), &self.stop)?;
        self.nodes.push(node);
        Ok(index)
    }

    /// A node with a fresh home, which is not started and not among this network's nodes.
    ///
    /// # Errors
    /// A port in use, or a refusal of the daemon.
    pub fn newcomer(&self) -> Outcome<NodeProcess> {
        let index = self.nodes.len();
        self.plan.ports.check_free(index)?;
        let home = self.plan.layout.node(index);
        if home.exists() {
            // It joined in an earlier run; here the way in is what is tried.
            std::fs::remove_dir_all(&home).map_err(Failure::file("delete", &home))?;
        }
        let mut command = launch::below_this_process(&self.programs.daemon)?;
        command.arg("init").arg("--home").arg(&home).arg("--genesis").arg(self.plan.layout.genesis());
        command.arg("--bootstrap").arg(self.plan.multiaddress(index, 0)?);
        for address in self.plan.listen(index) {
            command.arg("--listen").arg(address);
        }
        command.arg("--api").arg(format!("127.0.0.1:{}", self.plan.ports.api(index)));
        command.arg("--set").arg(format!("metrics.listen=127.0.0.1:{}", self.plan.ports.metrics(index)));
        command.arg("--set").arg(format!("network.private_addresses={}", self.plan.weather.is_none()));
        for address in self.plan.external(index) {
            command.arg("--set").arg(format!("network.external={address}"));
        }
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|error| Failure::new(format!("cannot start `thronosd init`: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!("`thronosd init` refused: {}", said.trim())));
        }
        let log = self.plan.layout.log(index);
        let settings = self.plan.settings.clone();
        NodeProcess::new(index, &home, &log, self.plan.ports.api(index), &self.programs.daemon, settings)
    }
}
