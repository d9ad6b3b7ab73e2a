//! What a transfer costs the store: CPU time of tree update, commit and reads, at several sizes of the state.
//!
//! `cargo run --release --workspace --example cost`; sizes, transfers per block and blocks may follow as arguments.
//! It measures the CPU time of its own thread and, for RocksDB's threads, that of the process.
#![allow(clippy::unwrap_used, reason = "a measurement stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::jellyfish::{EMPTY_ROOT, update};
use execution::{AccountTouch, BlockOutcome, Change, ChangeSet, FinalizedBlock, MemoryState, StateView};
use store::{Store, StoreOptions, StoreView};
use types::{
    Address, Amount, BlsSignature, Body, ByteString, Certificate, ChainId, Epoch, Event, Hash32, Header, Height, List,
    ModuleId, ProtocolVersion, Receipt, SignerBitmap, TimeMs, ValidatorIndex, View, VoteKind, VoteStatement, Weight,
};

const CHAIN: ChainId = ChainId(Hash32([7; 32]));
/// Accounts whose histories grow.
const HOT: u64 = 10_000;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let sizes = numbers.next().map_or(vec![10_000, 100_000, 1_000_000], |size| vec![size]);
    let transfers = numbers.next().unwrap_or(1_000);
    let blocks = numbers.next().unwrap_or(200);
    println!("accounts | update µs/key | commit µs/transfer | others' µs/transfer | read µs | RSS MB | open ms");
    for size in sizes {
        measure(size, transfers, blocks);
    }
}

fn measure(size: u64, transfers: u64, blocks: u64) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path(), CHAIN, StoreOptions::default()).unwrap();
    let (header, outcome) = genesis(size);
    store.initialize(&header, &outcome).unwrap();
    let mut parent = (header, outcome);
    parent.1.changes = ChangeSet::default();
    parent.1.pages.clear();
    let (mut updating, mut committing, mut reading, mut keys) = (Duration::ZERO, Duration::ZERO, Duration::ZERO, 0);
    let process = cpu_of_process();
    let thread = cpu_of_thread();
    for height in 1..=blocks {
        let view = store.view().unwrap();
        let changes = changes(&view, size, transfers, height);
        let begun = cpu_of_thread();
        for key in changes.keys() {
            std::hint::black_box(view.get(key));
        }
        let read = cpu_of_thread();
        let update = update(&view, parent.1.state_root.0, &changes.tree_changes());
        let updated = cpu_of_thread();
        keys += changes.len();
        let block = block(&parent, changes, update, height, transfers);
        let ready = cpu_of_thread();
        store.commit(&block).unwrap();
        committing += cpu_of_thread() - ready;
        updating += updated - read;
        reading += read - begun;
        parent = (block.header, Arc::unwrap_or_clone(block.outcome));
    }
    let own = cpu_of_thread() - thread;
    let others = (cpu_of_process() - process).saturating_sub(own);
    let resident = resident_mb();
    drop(store);
    let begun = Instant::now();
    drop(Store::open(home.path(), CHAIN, StoreOptions::default()).unwrap());
    let opened = begun.elapsed();
    let per = |time: Duration, count: u64| time.as_secs_f64() * 1e6 / count as f64;
    println!(
        "{size:8} | {:13.2} | {:18.2} | {:19.2} | {:7.2} | {resident:6} | {:7.1}",
        per(updating, keys as u64),
        per(committing, blocks * transfers),
        per(others, blocks * transfers),
        per(reading, keys as u64),
        opened.as_secs_f64() * 1e3,
    );
}

fn address(number: u64) -> Address {
    let mut bytes = [0; 20];
    bytes[..16].copy_from_slice(&crypto::hash::sha256(&number.to_le_bytes())[..16]);
    Address(bytes)
}

fn key(number: u64) -> Vec<u8> {
    [&[0, 0, 6][..], &address(number).0].concat()
}

fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (number ^ number >> 27).wrapping_mul(0xD1B5_4A32_D192_ED03) >> 20
}

fn parties(size: u64, transfers: u64, height: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..transfers).map(move |index| {
        let turn = (height * transfers + index) * 2;
        (mixed(turn) % size, mixed(turn + 1) % size)
    })
}

fn changes(view: &StoreView, size: u64, transfers: u64, height: u64) -> ChangeSet {
    let mut writes = BTreeMap::new();
    for (from, to) in parties(size, transfers, height) {
        for number in [from, to] {
            writes.insert(key(number), [height, number, 0].map(u64::to_le_bytes).concat());
        }
    }
    let change = |(key, after): (Vec<u8>, Vec<u8>)| {
        let before = view.get(&key);
        (key, Change { before, after: Some(after.into()) })
    };
    writes.into_iter().map(change).collect()
}

fn genesis(size: u64) -> (Header, BlockOutcome) {
    let change = |number| (key(number), Change { before: None, after: Some(vec![1; 24].into()) });
    let changes: ChangeSet = (0..size).map(change).collect();
    let update = update(&MemoryState::default(), EMPTY_ROOT, &changes.tree_changes());
    let header = header(0, None);
    let outcome = BlockOutcome {
        hash: crypto::ids::header_hash(&header),
        height: Height(0),
        changes,
        pages: update.pages,
        state_root: Hash32(update.root),
        receipts_root: Hash32::ZERO,
        receipts: Vec::new(),
        accounts_touched: Vec::new(),
    };
    (header, outcome)
}

fn block(
    parent: &(Header, BlockOutcome),
    changes: ChangeSet,
    update: crypto::jellyfish::TreeUpdate,
    height: u64,
    transfers: u64,
) -> FinalizedBlock {
    let header = header(height, Some(&parent.1));
    let hash = crypto::ids::header_hash(&header);
    let event = || Event { module: ModuleId(1), kind: 1, body: ByteString::new(vec![3; 64]).unwrap() };
    let receipt = |index: u64| Receipt {
        id: Hash32(crypto::hash::sha256(&(height * transfers + index).to_le_bytes())),
        code: 0,
        call: 0,
        weight: Weight(1),
        fee: Amount(3),
        events: List::new(vec![event()]).unwrap(),
    };
    let touches = (1..).zip(parties(HOT, transfers, height));
    let touches = touches
        .flat_map(|(receipt, (from, to))| [from, to].map(|number| AccountTouch { address: address(number), receipt }));
    let outcome = BlockOutcome {
        hash,
        height: Height(height),
        accounts_touched: touches.collect(),
        changes,
        pages: update.pages,
        state_root: Hash32(update.root),
        receipts_root: Hash32::ZERO,
        receipts: (0..=transfers).map(receipt).collect(),
    };
    let statement = VoteStatement {
        kind: VoteKind::Finalize,
        epoch: Epoch(0),
        view: View(height),
        parent_view: View(0),
        block: hash,
    };
    let certificate =
        Certificate { statement, signers: SignerBitmap::new(4, [ValidatorIndex(1)]), signature: BlsSignature::ZERO };
    FinalizedBlock { hash, header, body: Arc::new(Body::default()), certificate, outcome: Arc::new(outcome) }
}

fn header(height: u64, parent: Option<&BlockOutcome>) -> Header {
    Header {
        version: ProtocolVersion(1),
        chain_id: CHAIN,
        epoch: Epoch(0),
        view: View(height),
        height: Height(height),
        parent: parent.map_or(Hash32::ZERO, |parent| parent.hash),
        time: TimeMs(1_000 + height),
        proposer: ValidatorIndex(0),
        body_root: Hash32([1; 32]),
        state_root: parent.map_or(Hash32::ZERO, |parent| parent.state_root),
        receipts_root: parent.map_or(Hash32::ZERO, |parent| parent.receipts_root),
        price: 1 << 32,
        validators_hash: Hash32([2; 32]),
        next_validators_hash: None,
    }
}

fn cpu_of_thread() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn cpu_of_process() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let times = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    times.map(|text| Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())).sum()
}

fn resident_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
