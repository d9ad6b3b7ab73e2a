//! All nodes of a local network together: made or found again, started, asked, stopped.

use std::time::{Duration, Instant};

use types::{Address, Amount, ChainId, Genesis, Hash32, Height};
use wallet::Chain;
use wallet::client::types::StatusResponse;

use super::layout::Marker;
use super::{Failure, NodeProcess, Outcome, Plan, Programs, Relay, Stop, Wallets, until};

/// A node opens its key, its log and its database, and finds its peers.
pub const READY_PATIENCE: Duration = Duration::from_secs(60);

/// What a network is made of, before it runs.
#[derive(Debug)]
pub struct LocalNetwork {
    /// Where everything lies and listens.
    pub plan: Plan,
    /// The programs.
    pub programs: Programs,
    /// What lies between the nodes, if anything does.
    pub relay: Option<Relay>,
    /// The nodes: validators first, then those that joined.
    pub nodes: Vec<NodeProcess>,
    /// The chain, as a wallet trusts it.
    pub chain: Chain,
    /// The funded accounts.
    pub wallets: Wallets,
    /// The wish to stop.
    pub stop: Stop,
}

/// Where a node stands, for the table and for programs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// Its name.
    pub node: String,
    /// Newest final height.
    pub height: Height,
    /// Hash of that block.
    pub hash: Hash32,
    /// Connected peers.
    pub peers: u32,
    /// `validator`, `full` or `read_only`.
    pub role: String,
    /// Whether it votes.
    pub voting: bool,
    /// The address of its API.
    pub api: String,
}

impl LocalNetwork {
    /// Makes a new network in an empty directory; nothing runs yet.
    ///
    /// # Errors
    /// When the file system, or the genesis with these parameters and accounts, refuses.
    pub fn create(mut plan: Plan, programs: Programs, stop: Stop, rules: impl FnOnce(&mut Genesis)) -> Outcome<Self> {
        plan.layout.create()?;
        let wallets = Wallets::create(&plan.layout)?;
        plan.accounts.extend(wallets.balances());
        let (genesis, _) = plan.make(rules)?;
        Self::assemble(plan, programs, stop, genesis, wallets)
    }

    /// Takes up the network that lies in a directory.
    ///
    /// # Errors
    /// When it has another number of validators, or cannot be read.
    pub fn reopen(plan: Plan, programs: Programs, stop: Stop, marker: &Marker) -> Outcome<Self> {
        if marker.validators != plan.validators {
            return Err(Failure::new(format!(
                "the network in {} has {} validators, not {}: continue it with --validators {}, or begin anew with --wipe",
                plan.layout.root().display(),
                marker.validators,
                plan.validators,
                marker.validators
            )));
        }
        if !plan.layout.genesis().exists() {
            return Err(Failure::new(format!(
                "{} is missing, so the network there cannot go on: put it back, or begin anew with --wipe",
                plan.layout.genesis().display()
            )));
        }
        let genesis = node::home::read_genesis(&plan.layout.genesis())?;
        let wallets = Wallets::open(&plan.layout)?;
        Self::assemble(plan, programs, stop, genesis, wallets)
    }

    fn assemble(plan: Plan, programs: Programs, stop: Stop, genesis: Genesis, wallets: Wallets) -> Outcome<Self> {
        plan.write_settings()?;
        let chain = Chain::new(genesis)?;
        let mut nodes = Vec::new();
        for index in 0..plan.validators {
            let (home, log) = (plan.layout.node(index), plan.layout.log(index));
            let settings = plan.settings.clone();
            nodes.push(NodeProcess::new(index, &home, &log, plan.ports.api(index), &programs.daemon, settings)?);
        }
        Ok(Self { plan, programs, relay: None, nodes, chain, wallets, stop })
    }

    /// The chain's id.
    #[must_use]
    pub const fn chain_id(&self) -> ChainId {
        self.chain.id()
    }

    /// Starts all nodes and waits until each says that it is ready, and votes if it is a validator; tells `progress` how many are.
    ///
    /// # Errors
    /// A port in use, a node that ends, or one that is not ready in time.
    pub fn start(&mut self, mut progress: impl FnMut(usize, usize)) -> Outcome<()> {
        for index in 0..self.nodes.len() {
            self.plan.check_ports(index)?;
        }
        for node in &mut self.nodes {
            node.start()?;
        }
        let begun = Instant::now();
        let count = self.nodes.len();
        let patience = self.plan.patience(READY_PATIENCE);
        for ready in 0..count {
            progress(ready, count);
            let (stop, log) = (self.stop.clone(), self.plan.layout.log(ready));
            let left = patience.saturating_sub(begun.elapsed());
            // Whichever has ended is told at once, and not in its turn.
            let ask = || {
                self.nodes.iter_mut().try_for_each(NodeProcess::check_running)?;
                self.node(ready)?.ask_ready()
            };
            until(&format!("node {ready} to be ready"), left, &stop, ask).map_err(|failure| failure.with_log(log))?;
        }
        for index in 0..self.plan.validators {
            self.wait_voting(index, patience.saturating_sub(begun.elapsed()))?;
        }
        progress(count, count);
        Ok(())
    }

    /// Waits until a validator votes: after a restart it listens first.
    ///
    /// # Errors
    /// When the node ends or the time is over.
    pub fn wait_voting(&mut self, index: usize, patience: Duration) -> Outcome<()> {
        let (stop, log) = (self.stop.clone(), self.plan.layout.log(index));
        let node = self.node(index)?;
        let ask = || {
            node.check_running()?;
            let voting = node.client().status()?.voting;
            Ok(if voting.voting { Ok(()) } else { Err(voting.sentence) })
        };
        until(&format!("node {index} to vote"), patience, &stop, ask).map_err(|failure| failure.with_log(log))
    }

    /// Asks every running node to stop, then waits for all.
    ///
    /// # Errors
    /// The first node that did not stop by itself with code 0; all are gone in any case.
    pub fn stop_all(&mut self) -> Outcome<()> {
        for node in &self.nodes {
            node.ask_to_stop();
        }
        let outcomes: Vec<Outcome<()>> = self.nodes.iter_mut().map(NodeProcess::finish).collect();
        outcomes.into_iter().collect()
    }

    /// A node by its place.
    ///
    /// # Errors
    /// When there is none.
    pub fn node(&mut self, index: usize) -> Outcome<&mut NodeProcess> {
        let count = self.nodes.len();
        self.nodes.get_mut(index).ok_or_else(|| Failure::new(format!("there is no node {index}, only {count}")))
    }

    /// Where every running node stands.
    ///
    /// # Errors
    /// When one does not answer.
    pub fn standings(&self) -> Outcome<Vec<Standing>> {
        self.nodes
            .iter()
            .filter(|node| node.pid().is_some())
            .map(|node| Ok(Standing::of(node, node.client().status()?)))
            .collect()
    }

    /// Waits until a running node has this height.
    ///
    /// # Errors
    /// When the node ends or the time is over.
    pub fn wait_height(&mut self, index: usize, height: Height, patience: Duration) -> Outcome<StatusResponse> {
        let (stop, log) = (self.stop.clone(), self.plan.layout.log(index));
        let node = self.node(index)?;
        let what = format!("node {index} to reach height {height}");
        let ask = || {
            node.check_running()?;
            Ok(match node.client().status() {
                Ok(status) if status.height >= height => Ok(status),
                Ok(status) => Err(format!("it stands at {} of {}", status.height, status.final_height)),
                Err(error) => Err(error.to_string()),
            })
        };
        until(&what, patience, &stop, ask).map_err(|failure| failure.with_log(log))
    }

    /// What an account has, in µTHR, as a node tells.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn balance(&self, index: usize, address: Address) -> Outcome<Amount> {
        let node = self.nodes.get(index).ok_or_else(|| Failure::new(format!("there is no node {index}")))?;
        let account = node.client().account(&address.to_text(self.chain.network()))?;
        let thr = account.balances.iter().find(|balance| balance.asset == types::THR);
        Ok(thr.map_or(Amount::ZERO, |thr| thr.amount))
    }

    /// What all accounts of the genesis, of the validators and of the ecosystem have together, and what has been issued and not
    /// burned, in µTHR, as a node tells. They are equal while nothing moves.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn supply(&self, index: usize) -> Outcome<(Amount, Amount)> {
        let node = self.nodes.get(index).ok_or_else(|| Failure::new(format!("there is no node {index}")))?;
        let asset = node.client().asset(types::THR)?;
        let there =
            asset.issued.checked_sub(asset.burned).ok_or_else(|| Failure::new("more is burned than was issued"))?;
        let accounts = self.plan.accounts.iter().map(|(address, _)| *address);
        let own =
            (0..self.plan.validators).map(super::homes::validator_account).chain([super::homes::ecosystem_account()]);
        let mut sum = Amount::ZERO;
        for address in accounts.chain(own) {
            let has = self.balance(index, address)?;
            sum = sum.checked_add(has).ok_or_else(|| Failure::new("the balances together do not fit 128 bits"))?;
        }
        Ok((sum, there))
    }
}

impl Standing {
    fn of(node: &NodeProcess, status: StatusResponse) -> Self {
        Self {
            node: format!("node-{}", node.index),
            height: status.final_height,
            hash: status.final_hash,
            peers: status.peers,
            role: status.role,
            voting: status.voting.voting,
            api: node.api().to_owned(),
        }
    }

    /// A table for people.
    #[must_use]
    pub fn table(all: &[Self]) -> String {
        let mut text =
            format!("{:<8} {:>8}  {:>5}  {:<10} {:<7} {}\n", "node", "height", "peers", "role", "voting", "API");
        for one in all {
            let voting = if one.voting { "yes" } else { "no" };
            let Self { node, height, peers, role, api, .. } = one;
            text.push_str(&format!("{node:<8} {:>8}  {peers:>5}  {role:<10} {voting:<7} {api}\n", height.0));
        }
        text
    }
}

/// Makes a network with these parameters, or takes up the one that lies there.
///
/// # Errors
/// As [`LocalNetwork::create`] and [`LocalNetwork::reopen`].
pub fn open_or_create(
    plan: Plan,
    programs: Programs,
    stop: Stop,
    rules: impl FnOnce(&mut Genesis),
) -> Outcome<(LocalNetwork, bool)> {
    match plan.layout.found()? {
        Some(marker) if marker.validators > 0 => {
            return Ok((LocalNetwork::reopen(plan, programs, stop, &marker)?, false));
        }
        // A network that was never finished has nothing to keep.
        Some(_) => plan.layout.wipe()?,
        None => {}
    }
    Ok((LocalNetwork::create(plan, programs, stop, rules)?, true))
}
