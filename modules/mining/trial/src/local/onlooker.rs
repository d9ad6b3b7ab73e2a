//! What a person sees of mining while the network runs: one miner at node 0, and a line about it now and then.

use testnet::devnet::{LocalActor, LocalNetwork, Outcome, Person};
use types::THR_DECIMALS;
use wallet::NodeClient;

use super::miner::{Miner, Speed, Task};
use super::{asked, miners_port};

/// The account and the worker's name.
const NAME: &str = "miner";

/// A miner, and who is paid.
pub(super) struct Onlooker {
    miner: Miner,
    payee: Person,
}

impl Onlooker {
    /// Starts a miner at node 0 for the account `miner` of the network's wallet, which is made if there is none.
    ///
    /// # Errors
    /// When the account cannot be made, or the program not be started.
    pub(super) fn start(network: &LocalNetwork, say: &dyn Fn(&str)) -> Outcome<Self> {
        let layout = &network.plan.layout;
        let payee = network.wallets.somebody(layout, NAME)?;
        let (port, address, log) = (miners_port(network.plan.ports, 0), payee.text(), layout.log_of("miner"));
        let task = Task { port, address: &address, worker: NAME, speed: Speed::Full, log: &log };
        let miner = Miner::start(&network.programs, task)?;
        say(&format!(
            "{NAME}  {address}\n\nA miner with one thread works for this account. Others: stratum+tcp://127.0.0.1:{port}, user \
             ADDRESS.NAME, password x.\n  thronos mining {NAME}\n  thronos claim --from {NAME}\n"
        ));
        Ok(Self { miner, payee })
    }
}

impl LocalActor for Onlooker {
    fn line(&mut self, node: &NodeClient) -> Outcome<String> {
        self.miner.check_running()?;
        let (info, told) = (asked::info(node)?, self.miner.told());
        let claimable = asked::earned(node, &self.payee.text())?.claimable.to_decimal(THR_DECIMALS);
        let balances = node.account(&self.payee.text())?.balances;
        let thr = balances.iter().find(|balance| balance.asset == types::THR).map(|thr| thr.amount).unwrap_or_default();
        let rate = told.hashes_per_second / 100_000;
        let difficulty = info.difficulty.map(|difficulty| difficulty.to_string()).unwrap_or_default();
        Ok(format!(
            "{} works, {} shares in the window, difficulty {difficulty}; miner: {}.{} MH/s, {} shares accepted, {} refused, {claimable} \
             THR to claim, {} THR on the account",
            info.works,
            info.window_shares,
            rate / 10,
            rate % 10,
            told.accepted,
            told.rejected,
            thr.to_decimal(THR_DECIMALS),
        ))
    }
}
