//! Updating the state tree on a database of many accounts: reading pages, hashing, and one write for the block.

use std::sync::Arc;
use std::time::{Duration, Instant};

use execution::{BlockOutcome, ChangeSet};
use store::{Store, StoreOptions};
use testnet::devnet::{Failure, Outcome};
use types::{Hash32, Header};

use crate::figures::{Figures, percentile, sorted};
use crate::fixture::Fixture;
use crate::ground::Ground;

/// Keys that one block changes.
const CHANGED: u64 = 2_000;

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Vec<Figures>> {
    let size: u64 = ground.options.size(1_000_000, 100_000);
    let directory = ground.options.home.with_extension("state");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(Failure::file("delete", &directory))?;
    }
    let outcome = on_store(ground, &directory, size);
    std::fs::remove_dir_all(&directory).map_err(Failure::file("delete", &directory))?;
    outcome
}

fn on_store(ground: &Ground<'_>, directory: &std::path::Path, size: u64) -> Outcome<Vec<Figures>> {
    let refused = |error: store::StoreError| Failure::new(format!("the store refuses: {error}"));
    let fixture = Fixture::new(2);
    let store = Store::open(directory, fixture.chain.id(), StoreOptions::default()).map_err(refused)?;
    let (header, outcome) = full_of(size, &fixture);
    store.initialize(&header, &outcome).map_err(refused)?;
    let root = outcome.state_root;
    drop(outcome);
    let mut runs = Vec::new();
    let mut salt = 0;
    for _ in 0..ground.options.runs() {
        let mut times = Vec::new();
        for _ in 0..ground.options.size(20, 10) {
            salt += 1;
            let changes = scattered(size, salt);
            let view = store.view().map_err(refused)?;
            let begun = Instant::now();
            let update = crypto::jellyfish::update(&view, root.0, &changes.tree_changes());
            times.push(begun.elapsed());
            assert_ne!(update.root, root.0, "the values are new");
        }
        let times = sorted(
            times.into_iter().map(|time| time / u32::try_from(CHANGED).unwrap_or(1)).collect::<Vec<Duration>>(),
            1_000_000.0,
        );
        runs.push(Figures::from([("update_us_per_key", percentile(&times, 0.5)), ("accounts", size as f64)]));
    }
    Ok(runs)
}

/// The key of account `place`, in the namespace that no module has.
fn key(place: u64) -> Vec<u8> {
    let mut key = vec![0xff, 0xfe];
    key.extend_from_slice(&place.to_be_bytes());
    key.extend_from_slice(&[3; 12]);
    key
}

/// A block 0 after which there are so many values.
fn full_of(size: u64, fixture: &Fixture) -> (Header, BlockOutcome) {
    let header = fixture.genesis.header.clone();
    let writes = (0..size).map(|place| (key(place), Some(vec![1; 40]))).collect();
    let changes = ChangeSet { writes };
    let empty = execution::MemoryState::default();
    let update = crypto::jellyfish::update(&empty, crypto::jellyfish::EMPTY_ROOT, &changes.tree_changes());
    let outcome = BlockOutcome {
        changes,
        pages: update.pages,
        state_root: Hash32(update.root),
        ..BlockOutcome::clone(&Arc::new(fixture.genesis.outcome.clone()))
    };
    (header, outcome)
}

/// New values for keys all over the state.
fn scattered(size: u64, salt: u64) -> ChangeSet {
    let place = |turn: u64| {
        (turn.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt.wrapping_mul(0xD1B5_4A32_D192_ED03))) % size
    };
    let value = |turn: u64| [salt.to_be_bytes(), turn.to_be_bytes()].concat();
    ChangeSet { writes: (0..CHANGED).map(|turn| (key(place(turn)), Some(value(turn)))).collect() }
}
