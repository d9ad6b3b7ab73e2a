//! A network on trial: its miners, and the books that follow its blocks.
//!
//! It must not know what is tried. Everything compared here was reckoned by the books alone.

use std::collections::BTreeSet;
use std::time::Duration;

use testnet::devnet::{Failure, LocalNetwork, Outcome, Person, until_it_stands};
use types::Address;
use wallet::NodeClient;

use super::books::Books;
use super::miner::{Hearsay, Miner, Speed, Task};
use super::{asked, miners_port};

/// Blocks without a proof after which nothing more is on its way.
const QUIET_BLOCKS: u32 = 2;
/// That many blocks must come within this.
const QUIET_PATIENCE: Duration = Duration::from_secs(30);

/// What a node says of a block that it does not have.
const NOT_STORED_YET: &str = "not_found";

/// The network, and what must be true of it.
pub(super) struct Watched<'a> {
    /// The network.
    pub(super) network: &'a mut LocalNetwork,
    /// Read through node 0.
    pub(super) books: Books,
    /// Tells the person.
    pub(super) say: &'a dyn Fn(&str),
    /// Everybody that was mined for.
    payees: BTreeSet<Address>,
    /// What the newest miner tells.
    told: Option<Hearsay>,
}

impl<'a> Watched<'a> {
    /// Begins with empty books.
    pub(super) fn new(network: &'a mut LocalNetwork, say: &'a dyn Fn(&str)) -> Self {
        let books = Books::new(network.chain.genesis(), network.chain_id().0);
        Self { network, books, say, payees: BTreeSet::new(), told: None }
    }

    /// Somebody new who is mined for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(super) fn payee(&mut self, name: &'static str) -> Outcome<Person> {
        let person = self.network.wallets.somebody(&self.network.plan.layout, name)?;
        self.payees.insert(person.address());
        Ok(person)
    }

    /// A miner at node 0.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(super) fn miner(&mut self, payee: &Person, worker: &str, speed: Speed) -> Outcome<Miner> {
        let log = self.network.plan.layout.log_of(&format!("miner-{worker}"));
        let address = payee.text();
        let port = miners_port(self.network.plan.ports, 0);
        let miner = Miner::start(&self.network.programs, Task { port, address: &address, worker, speed, log: &log })?;
        self.told = Some(miner.hearsay());
        Ok(miner)
    }

    /// A client of a node.
    ///
    /// # Errors
    /// When there is no such node.
    pub(super) fn client(&mut self, index: usize) -> Outcome<NodeClient> {
        Ok(self.network.node(index)?.client().clone())
    }

    /// Takes all new final blocks of a node into the books.
    ///
    /// # Errors
    /// The first block that is not as the books say.
    pub(super) fn follow(&mut self, index: usize) -> Outcome<()> {
        let client = self.client(index)?;
        let newest = client.status()?.final_height;
        while self.books.next <= newest {
            match client.block(&self.books.next.to_string()) {
                Ok(block) => self.books.take(&block)?,
                // A block is said to be final a moment before it is stored.
                Err(error) if error.code == NOT_STORED_YET => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Follows a node until the books have what is waited for. `seen` says what they have instead. On a busy machine it waits longer,
    /// as long as works and shares come.
    ///
    /// # Errors
    /// As [`until_it_stands`], and as [`Self::follow`].
    pub(super) fn follow_until<T>(
        &mut self,
        index: usize,
        what: &str,
        patience: Duration,
        mut seen: impl FnMut(&Books) -> Result<T, String>,
    ) -> Outcome<T> {
        let stop = self.network.stop.clone();
        let log = self.network.plan.layout.log(index);
        let told = self.told.clone();
        let waited = until_it_stands(what, patience, &stop, || {
            self.follow(index)?;
            let told = told.as_ref().map(Hearsay::read).unwrap_or_default();
            let progress = (self.books.works.len(), self.books.shares, told.accepted);
            Ok((
                progress,
                seen(&self.books).map_err(|seen| format!("{seen}; the miner, which gives way to all others, {told}")),
            ))
        });
        waited.map_err(|failure| failure.with_log(log))
    }

    /// Waits until nothing that was mined is on its way, and compares every node with the books: works, pot, what payees may
    /// claim and have, and that no µTHR was made or lost. Nobody mines meanwhile.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn compare_at_rest(&mut self) -> Outcome<()> {
        let quiet = |books: &Books| {
            let blocks = books.quiet_blocks;
            if blocks >= QUIET_BLOCKS { Ok(()) } else { Err(format!("the last {blocks} blocks are without")) }
        };
        self.follow_until(0, "blocks without proofs of work", QUIET_PATIENCE, quiet)?;
        let height = types::Height(self.books.next.0.saturating_sub(1));
        for index in 0..self.network.nodes.len() {
            self.network.wait_height(index, height, QUIET_PATIENCE)?;
            let log = self.network.plan.layout.log(index);
            self.compare(index).map_err(|failure| failure.while_doing(&format!("node {index}")).with_log(log))?;
        }
        Ok(())
    }

    fn compare(&mut self, index: usize) -> Outcome<()> {
        let client = self.client(index)?;
        let info = asked::info(&client)?;
        let works = self.books.works.len() as u64;
        same("works", u128::from(info.works), u128::from(works))?;
        same("µTHR paid for works", info.issued.0, self.books.issued)?;
        same("µTHR in the pot", info.unclaimed.0, self.books.pot())?;
        for payee in &self.payees {
            let text = payee.to_text(self.network.chain.network());
            let claimable = asked::earned(&client, &text)?.claimable.0;
            same(&format!("µTHR that {text} may claim"), claimable, self.books.claimable(payee))?;
            let has = self.network.balance(index, *payee)?.0;
            same(&format!("µTHR on the account {text}"), has, self.books.balance(payee))?;
        }
        self.compare_supply(index, info.unclaimed.0)
    }

    /// All accounts and the pot hold what was issued and not burned, and beyond the genesis only works were paid.
    fn compare_supply(&self, index: usize, pot: u128) -> Outcome<()> {
        let (in_known_accounts, there) = self.network.supply(index)?;
        let mut sum = in_known_accounts.0 + pot;
        for payee in &self.payees {
            sum += self.network.balance(index, *payee)?.0;
        }
        same("µTHR in all accounts and the pot, and issued and not burned,", sum, there.0)?;
        let genesis = self.network.chain.genesis();
        let thr = genesis.balances.iter().filter(|balance| balance.asset == types::THR);
        let first: u128 = thr.map(|balance| balance.amount.0).sum();
        let node = self.network.nodes.get(index).ok_or_else(|| Failure::new("the node is gone"))?;
        same("µTHR ever issued", node.client().asset(types::THR)?.issued.0, first + self.books.issued)
    }
}

fn same(what: &str, found: u128, expected: u128) -> Outcome<()> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{found} {what}, and by the blocks it ought to be {expected}")))
}
