//! Networks whose chain was made in advance: homes of validators that have agreed on much already.
//!
//! Only the stores are made here. Log and lease are made by the nodes when they start, as in a home that has caught up and never
//! voted.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use crypto::bls::SecretKey;
use node::home::Home;
use testnet::devnet::{Failure, Layout, LocalNetwork, Marker, Outcome, Plan};
use types::Height;

use crate::chain_maker::{ChainMaker, STEP_MS};
use crate::ground::{Ground, VALIDATORS};
use crate::options::Options;
use crate::presigned::{Crowd, Treasury, checked, transfer_weight};

/// Transfers that fit into a block of a made chain.
pub const BLOCK_LIMIT: u64 = 2_048;
/// An epoch of a made chain, longer than making and measuring it takes.
const EPOCH_MS: u64 = 3_600_000;
/// Accounts that a genesis file names without becoming long.
const ACCOUNTS_IN_GENESIS_MAX: usize = 20_000;
/// The chain is at least so much older than its newest block.
const SLACK_MS: u64 = 5_000;

/// What a chain is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Accounts with money.
    pub accounts: usize,
    /// Blocks with one transfer each.
    pub near_empty_blocks: u64,
    /// Then blocks that are full of transfers.
    pub full_blocks: u64,
}

impl Recipe {
    /// A long chain of a large state.
    #[must_use]
    pub const fn million(options: &Options) -> Self {
        let (accounts, near_empty_blocks) = options.size((1_000_000, 100_000), (30_000, 2_000));
        Self { accounts, near_empty_blocks, full_blocks: 0 }
    }

    /// What a node that was away has missed.
    #[must_use]
    pub const fn long(options: &Options) -> Self {
        let (near_empty_blocks, full_blocks) = options.size((20_000, 300), (2_000, 40));
        Self { accounts: 10_000, near_empty_blocks, full_blocks }
    }
}

/// A network that is ready to start.
#[derive(Debug)]
pub struct Made {
    /// Where it lies.
    pub layout: Layout,
    /// What its directory says of itself.
    pub marker: Marker,
    /// The accounts.
    pub crowd: RefCell<Crowd>,
    /// The last block with one transfer; full ones follow.
    pub near_empty_to: Height,
    /// The newest block.
    pub tip: Height,
    /// Transactions of the full blocks.
    pub full_transactions: u64,
}

impl Made {
    /// Makes keys, genesis and stores in a directory; what lay there is deleted.
    ///
    /// # Errors
    /// When the file system, a store or the genesis refuses.
    pub fn new(ground: &Ground<'_>, home: &Path, recipe: &Recipe) -> Outcome<Self> {
        let Recipe { accounts, near_empty_blocks, full_blocks } = *recipe;
        eprintln!(
            "bench:   making a chain of {accounts} accounts, {near_empty_blocks} near-empty and {full_blocks} full blocks"
        );
        let begun = std::time::Instant::now();
        let crowd = Crowd::new(accounts);
        let entropy: Vec<[u8; 32]> = (1..).map(|seed| [seed; 32]).take(VALIDATORS).collect();
        let secrets = entropy.iter().map(SecretKey::from_ikm).collect();
        let is_in_genesis = accounts <= ACCOUNTS_IN_GENESIS_MAX;
        let first = match is_in_genesis {
            true => crowd.balances(),
            false => vec![(Treasury::default().address(), Treasury::needs(accounts))],
        };
        // A block has room for at least ten batches of the treasury.
        let blocks = accounts as u64 / 2_560 + near_empty_blocks + full_blocks + 2;
        let age_ms = blocks * STEP_MS + SLACK_MS;
        let plan = Plan { accounts: first, age_ms, key_entropy: entropy, ..ground.plan(home, VALIDATORS)? };
        let weight = transfer_weight(&runtime::registry())?;
        let network = ground.create(plan, |genesis| {
            genesis.parameters.timing.epoch_length_ms = EPOCH_MS.max(age_ms * 2);
            genesis.parameters.limits.block_weight_max = weight * BLOCK_LIMIT;
        })?;
        let mut made = Self::write(&network, secrets, crowd, recipe, is_in_genesis)?;
        for index in 1..VALIDATORS {
            copy_store(&network, index)?;
        }
        made.marker = network.plan.layout.found()?.ok_or_else(|| Failure::new("the network has no marker"))?;
        eprintln!("bench:   made {} blocks in {} s", made.tip, begun.elapsed().as_secs());
        Ok(made)
    }

    /// Writes the chain into the first node's store.
    fn write(
        network: &LocalNetwork,
        secrets: Vec<SecretKey>,
        mut crowd: Crowd,
        recipe: &Recipe,
        is_in_genesis: bool,
    ) -> Outcome<Self> {
        let (chain, layout) = (network.chain_id(), network.plan.layout.clone());
        let store = Home::new(layout.node(0)).store();
        let genesis = node::home::read_genesis(&layout.genesis())?;
        let mut maker = ChainMaker::begin(&store, &genesis, secrets)?;
        if !is_in_genesis {
            let paid = checked(&maker.registry, chain, Treasury::default().pay(&crowd, chain, maker.time())?)?;
            maker.add_all(&paid, paid.len().min(64))?;
        }
        let transfers = |maker: &ChainMaker, crowd: &mut Crowd, count: u64| {
            let ready = crowd.sign(chain, usize::try_from(count).unwrap_or_default(), maker.time())?;
            checked(&maker.registry, chain, ready.into_iter().map(|ready| ready.transaction).collect())
        };
        let single = transfers(&maker, &mut crowd, recipe.near_empty_blocks)?;
        for (turn, transfer) in single.iter().enumerate() {
            if turn % 1_000 == 0 && network.stop.is_wished() {
                return Err(Failure::Stopped);
            }
            maker.add(std::slice::from_ref(transfer))?;
        }
        let near_empty_to = maker.height();
        let many = transfers(&maker, &mut crowd, recipe.full_blocks * BLOCK_LIMIT)?;
        maker.add_all(&many, usize::try_from(BLOCK_LIMIT).unwrap_or(usize::MAX))?;
        let (tip, full_transactions) = (maker.finish()?, many.len() as u64);
        let marker = Marker { format: String::new(), chain_id: chain, validators: VALIDATORS };
        Ok(Self { layout, marker, crowd: RefCell::new(crowd), near_empty_to, tip, full_transactions })
    }
}

/// Gives node `index` the store of node 0. Sorted files of a database never change, so both homes may hold the same one.
fn copy_store(network: &LocalNetwork, index: usize) -> Outcome<()> {
    let store = |index| Home::new(network.plan.layout.node(index)).store();
    copy_directory(&store(0), &store(index))
}

fn copy_directory(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to).map_err(Failure::file("make", to))?;
    for entry in fs::read_dir(from).map_err(Failure::file("list", from))? {
        let path = entry.map_err(Failure::file("list", from))?.path();
        let Some(name) = path.file_name() else { continue };
        let target = to.join(name);
        if path.is_dir() {
            copy_directory(&path, &target)?;
        } else if path.extension().is_some_and(|extension| extension == "sst") {
            fs::hard_link(&path, &target).map_err(Failure::file("link", &target))?;
        } else {
            fs::copy(&path, &target).map_err(Failure::file("write", &target))?;
        }
    }
    Ok(())
}
