//! A network to measure: the devnet's, with a fee market that does not get in the way.

use testnet::devnet::{Layout, LocalNetwork, Outcome, Plan, Ports, Programs, Stop};
use types::{Address, Amount, Height, Parameters};

use crate::options::Options;

/// Validators of every measured network.
pub const VALIDATORS: usize = 4;

/// What every part may use.
#[derive(Debug)]
pub struct Ground<'a> {
    /// What was typed.
    pub options: &'a Options,
    /// The programs.
    pub programs: Programs,
    /// The wish to stop.
    pub stop: Stop,
}

impl Ground<'_> {
    /// Makes and starts a network of its own for a part; whatever lay there from an earlier part is deleted.
    ///
    /// # Errors
    /// As starting any local network.
    pub fn network(
        &self,
        accounts: Vec<(Address, Amount)>,
        change: impl FnOnce(&mut Parameters),
    ) -> Outcome<LocalNetwork> {
        let layout = Layout::new(&self.options.home)?;
        layout.wipe()?;
        let ports = Ports::new(self.options.base_port, VALIDATORS)?;
        let plan =
            Plan { layout, ports, validators: VALIDATORS, accounts, settings: vec!["log.filter=warn".to_owned()] };
        let mut network = LocalNetwork::create(plan, self.programs.clone(), self.stop.clone(), |parameters| {
            // A price that rises under load would stop the load. Blocks at twice the target would double it in 30 s, as by default.
            parameters.fees.weight_target_per_s = 1_000_000_000;
            parameters.fees.excess_per_e = 43_280_851_226;
            change(parameters);
        })?;
        network.start(|_, _| {})?;
        Ok(network)
    }
}

/// The processes of a network.
#[must_use]
pub fn pids(network: &LocalNetwork) -> Vec<u32> {
    network.nodes.iter().filter_map(testnet::devnet::NodeProcess::pid).collect()
}

/// The highest final height of all nodes.
///
/// # Errors
/// When a node does not answer.
pub fn highest(network: &LocalNetwork) -> Outcome<Height> {
    let standings = network.standings()?;
    Ok(standings.iter().map(|standing| standing.height).max().unwrap_or_default())
}
