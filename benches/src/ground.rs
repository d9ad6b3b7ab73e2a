//! Networks to measure: the devnet's, with a fee market that does not get in the way, new or with a chain made in advance.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use testnet::devnet::{Layout, LocalNetwork, NodeProcess, Outcome, Plan, Ports, Programs, Stop};
use testnet::trial::Trial;
use types::{Address, Amount, Genesis, Height};

use crate::made::{Made, Recipe};
use crate::options::Options;

/// What measured networks have of features: transfers, a port for miners, and challenges for devices.
pub const TRIALS: &[Trial] = &[tokens_trial::TRIAL, mining_trial::TRIAL, verifyid_trial::TRIAL];
/// Validators of a measured network, unless it is measured how cost grows with them.
pub const VALIDATORS: usize = 4;

/// What every part may use.
#[derive(Debug)]
pub struct Ground<'a> {
    /// What was typed.
    pub options: &'a Options,
    programs: Programs,
    /// The wish to stop.
    pub stop: Stop,
    million: OnceCell<Made>,
    long: OnceCell<Made>,
}

impl<'a> Ground<'a> {
    /// The ground for what was typed.
    #[must_use]
    pub const fn new(options: &'a Options, programs: Programs, stop: Stop) -> Self {
        Self { options, programs, stop, million: OnceCell::new(), long: OnceCell::new() }
    }

    /// Makes and starts a network of its own for a part; whatever lay there from an earlier part is deleted.
    ///
    /// # Errors
    /// As starting any local network.
    pub fn network(
        &self,
        accounts: Vec<(Address, Amount)>,
        change: impl FnOnce(&mut Genesis),
    ) -> Outcome<LocalNetwork> {
        self.network_of(VALIDATORS, accounts, change)
    }

    /// As [`Ground::network`], with so many validators.
    ///
    /// # Errors
    /// As starting any local network.
    pub fn network_of(
        &self,
        validators: usize,
        accounts: Vec<(Address, Amount)>,
        change: impl FnOnce(&mut Genesis),
    ) -> Outcome<LocalNetwork> {
        let plan = Plan { accounts, ..self.plan(&self.options.home, validators)? };
        let mut network = self.create(plan, change)?;
        network.start(|_, _| {})?;
        Ok(network)
    }

    /// Makes a network's files in an empty directory; whatever lay there from an earlier part is deleted.
    ///
    /// # Errors
    /// As making any local network.
    pub fn create(&self, plan: Plan, change: impl FnOnce(&mut Genesis)) -> Outcome<LocalNetwork> {
        plan.layout.claim()?;
        plan.layout.wipe()?;
        LocalNetwork::create(plan, self.programs.clone(), self.stop.clone(), |genesis| {
            calm(&mut genesis.parameters);
            change(genesis);
        })
    }

    /// A plan for so many validators in a directory.
    ///
    /// # Errors
    /// When the ports have no room.
    pub fn plan(&self, home: &Path, validators: usize) -> Outcome<Plan> {
        // Room for one more node: one that joins.
        let ports = Ports::free_from(self.options.base_port, validators + 1)?;
        let mut plan = Plan::new(Layout::new(home)?, ports, validators, TRIALS);
        plan.settings = vec!["log.filter=warn".to_owned()];
        Ok(plan)
    }

    /// Starts the network of a chain made in advance, which goes on where it was left.
    ///
    /// # Errors
    /// As starting any local network.
    pub fn resume(&self, made: &Made) -> Outcome<LocalNetwork> {
        let plan = self.plan(made.layout.root(), VALIDATORS)?;
        let mut network = LocalNetwork::reopen(plan, self.programs.clone(), self.stop.clone(), &made.marker)?;
        network.start(|_, _| {})?;
        Ok(network)
    }

    /// The chain with a million accounts and 100,000 blocks; made when it is first asked for.
    ///
    /// # Errors
    /// As making it.
    pub fn million(&self) -> Outcome<&Made> {
        self.made(&self.million, "million", &Recipe::million(self.options))
    }

    /// The chain that a node is to catch up with; made when it is first asked for.
    ///
    /// # Errors
    /// As making it.
    pub fn long(&self) -> Outcome<&Made> {
        self.made(&self.long, "long", &Recipe::long(self.options))
    }

    fn made<'s>(&self, cell: &'s OnceCell<Made>, name: &str, recipe: &Recipe) -> Outcome<&'s Made> {
        if let Some(made) = cell.get() {
            return Ok(made);
        }
        let made = Made::new(self, &self.beside(name), recipe)?;
        Ok(cell.get_or_init(|| made))
    }

    /// A directory beside that of the networks.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        let mut home = self.options.home.clone().into_os_string();
        home.push(format!("-{name}"));
        home.into()
    }

    /// Deletes all networks.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn clear(&self) -> Outcome<()> {
        let made = [&self.million, &self.long].into_iter().filter_map(OnceCell::get);
        made.map(|made| &made.layout).try_for_each(Layout::wipe)?;
        Layout::new(&self.options.home)?.wipe()
    }
}

/// The processes of a network.
#[must_use]
pub fn pids(network: &LocalNetwork) -> Vec<u32> {
    network.nodes.iter().filter_map(NodeProcess::pid).collect()
}

/// A price that rises under load would stop the load. Blocks at twice the target would double it in 30 s, as by default. The seed
/// is as seldom new as on networks that are not for trying: its block costs each validator two checks more.
pub fn calm(parameters: &mut types::Parameters) {
    parameters.fees.weight_target_per_s = 1_000_000_000;
    parameters.fees.excess_per_e = 43_280_851_226;
    parameters.timing.seed_interval_ms = types::Timing::default().seed_interval_ms;
}

/// The highest final height of all nodes.
///
/// # Errors
/// When a node does not answer.
pub fn highest(network: &LocalNetwork) -> Outcome<Height> {
    let standings = network.standings()?;
    Ok(standings.iter().map(|standing| standing.height).max().unwrap_or_default())
}
