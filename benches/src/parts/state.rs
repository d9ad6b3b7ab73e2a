//! What a block costs in the tree and in the store, as accounts become many: CPU time of the thread that does it, on RocksDB.
//!
//! Blocks are real ones, of transfers between uniformly chosen accounts, so that each changes about a thousand keys all over the
//! state.

use std::path::Path;
use std::time::Duration;

use execution::CheckedTransaction;
use testnet::devnet::{Failure, Outcome};

use crate::chain_maker::ChainMaker;
use crate::figures::{Figures, Findings, per};
use crate::fixture::Fixture;
use crate::ground::{Ground, calm, pids};
use crate::meter::{cpu_time_of_process, cpu_time_of_thread, resident_mib_most};
use crate::presigned::{Crowd, Treasury, checked};

/// Transfers of one block: each changes two accounts.
const TRANSFERS: usize = 500;
/// Transfers of a block while accounts are made.
const BATCHES: usize = 64;
/// Until a network has nothing more to do for its start.
const SETTLE: Duration = Duration::from_secs(5);

/// A number of accounts with the names of its figures.
struct Size {
    accounts: usize,
    update: &'static str,
    commit: &'static str,
}

const SIZES: [Size; 3] = [
    Size { accounts: 10_000, update: "update_us_per_key_10k", commit: "commit_us_per_key_10k" },
    Size { accounts: 100_000, update: "update_us_per_key_100k", commit: "commit_us_per_key_100k" },
    Size { accounts: 1_000_000, update: "update_us_per_key_1m", commit: "commit_us_per_key_1m" },
];

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let sizes = SIZES.get(..ground.options.size(3, 2)).unwrap_or(&SIZES);
    let runs = usize::try_from(ground.options.runs()).unwrap_or(1);
    let mut figures = vec![Figures::new(); runs];
    for size in sizes {
        let directory = ground.beside("state");
        remove(&directory)?;
        let outcome = on_store(ground, &directory, size, &mut figures);
        remove(&directory)?;
        outcome?;
    }
    for run in &mut figures {
        let growth = |kind: fn(&Size) -> &'static str| {
            let value = |size: Option<&Size>| size.and_then(|size| run.get(kind(size)).copied()).unwrap_or_default();
            (value(sizes.last()), per(value(sizes.last()), value(sizes.first())))
        };
        let ((update, growth_update), (commit, growth_commit)) =
            (growth(|size| size.update), growth(|size| size.commit));
        run.extend([("update_us_per_key", update), ("growth_update", growth_update)]);
        run.extend([("commit_us_per_key", commit), ("growth_commit", growth_commit)]);
        run.insert("accounts", sizes.last().map_or(0, |size| size.accounts) as f64);
    }
    idle(ground, &mut figures)?;
    Ok(Findings::Whole(figures))
}

/// Deletes a directory, such as an ended run left behind.
pub(super) fn remove(directory: &Path) -> Outcome<()> {
    if directory.exists() {
        std::fs::remove_dir_all(directory).map_err(Failure::file("delete", directory))?;
    }
    Ok(())
}

/// A store with so many accounts, and blocks on it.
fn on_store(ground: &Ground<'_>, directory: &Path, size: &Size, runs: &mut [Figures]) -> Outcome<()> {
    eprintln!("bench:   filling a store with {} accounts", size.accounts);
    let (mut crowd, treasury) = (Crowd::new(size.accounts), Treasury::default());
    let (mut genesis, secrets) = Fixture::genesis(vec![(treasury.address(), Treasury::needs(size.accounts))]);
    calm(&mut genesis.parameters);
    let chain = genesis::chain_id(&genesis);
    let mut maker = ChainMaker::begin(directory, &genesis, secrets)?;
    let paid = checked(&maker.registry, chain, treasury.pay(&crowd, chain, maker.time())?)?;
    maker.add_all(&paid, BATCHES)?;
    for figures in runs {
        let blocks = ground.options.size(40, 10);
        let signed = crowd.sign(chain, TRANSFERS * blocks, maker.time())?;
        let signed = checked(&maker.registry, chain, signed.into_iter().map(|ready| ready.transaction).collect())?;
        let mut spent = Spent::default();
        let (process, thread) = (cpu_time_of_process(), cpu_time_of_thread());
        for transfers in signed.chunks(TRANSFERS) {
            block(&mut maker, transfers, &mut spent)?;
            if ground.stop.is_wished() {
                return Err(Failure::Stopped);
            }
        }
        let own = cpu_time_of_thread().saturating_sub(thread);
        let background = cpu_time_of_process().saturating_sub(process).saturating_sub(own);
        let us_per_key = |time: Duration| per(time.as_secs_f64() * 1_000_000.0, spent.keys as f64);
        figures.extend([(size.update, us_per_key(spent.update)), (size.commit, us_per_key(spent.commit))]);
        // Of the largest size, which comes last.
        figures.extend([("background_us_per_key", us_per_key(background))]);
        figures.insert("keys_per_block", per(spent.keys as f64, blocks as f64));
    }
    maker.finish()?;
    Ok(())
}

/// CPU time by what it was spent on.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    keys: usize,
    update: Duration,
    commit: Duration,
}

fn block(maker: &mut ChainMaker, transfers: &[CheckedTransaction], spent: &mut Spent) -> Outcome<()> {
    let (view, root) = (maker.view()?, maker.root());
    let built = maker.build(&view, &[], transfers)?;
    let execution = maker.execute(&view, &built)?;
    let before = cpu_time_of_thread();
    let changes = execution.changes.tree_changes();
    let update = crypto::jellyfish::update(&view, root.0, &changes);
    spent.update += cpu_time_of_thread().saturating_sub(before);
    spent.keys += changes.len();
    drop(view);
    let outcome = execution.into_outcome(built.header.height, update);
    let finalized = maker.certify(built, outcome);
    let before = cpu_time_of_thread();
    maker.commit(&finalized)?;
    spent.commit += cpu_time_of_thread().saturating_sub(before);
    Ok(())
}

/// Memory of nodes that have the largest state and nothing to do.
fn idle(ground: &Ground<'_>, runs: &mut [Figures]) -> Outcome<()> {
    let name = if ground.options.quick { "rss_mb_idle" } else { "rss_mb_idle_1m" };
    for figures in runs {
        let mut network = ground.resume(ground.million()?)?;
        ground.stop.pause(SETTLE)?;
        figures.insert(name, resident_mib_most(&pids(&network)));
        network.stop_all()?;
    }
    Ok(())
}
