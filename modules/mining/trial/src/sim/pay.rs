//! W2, W9: over the whole chain every header counts once, for the payee for whom it was solved and for nobody else; works
//! follow each other one at a time and not too closely, and each pays what the schedule says.
//!
//! That the pot holds what is owed, and that balances add up, is asked of the module after every block by `replay`.

use std::collections::BTreeSet;

use execution::FinalizedBlock;
use mining::{MiningEvent, Split, WorkProof};
use testnet::sim::ChainChecker;
use types::{Address, Amount, Canonical, Hash32, TimeMs};

use super::book::Book;
use super::{MINING, SPACING_MIN_MS};

/// The parts of the 8 THR of every work before the first halving, in µTHR: a sixteenth of the miners' four fifths for the
/// finder, the rest of them for the window, a tenth and two twentieths.
const PARTS: Split = Split {
    finder: Amount(400_000),
    window: Amount(6_000_000),
    ai_pool: Amount(800_000),
    validators: Amount(400_000),
    ecosystem: Amount(400_000),
};

pub(super) struct Pay {
    /// What was solved, and for whom.
    book: Book,
    counted: BTreeSet<Hash32>,
    works: u64,
    work_time: TimeMs,
}

impl Pay {
    pub(super) fn new(book: Book) -> Self {
        Self { book, counted: BTreeSet::new(), works: 0, work_time: TimeMs::default() }
    }

    fn read(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        let height = block.header.height;
        let calls = block.body.system_calls.iter().filter(|call| call.module == MINING);
        let headers: BTreeSet<Hash32> = calls.filter_map(|call| header_hash(&call.body)).collect();
        let events = block.outcome.receipts.first().map(|receipt| &receipt.events).into_iter().flatten();
        for event in events.filter(|event| event.module == MINING) {
            let event: MiningEvent =
                borsh::from_slice(&event.body).map_err(|error| format!("an event of block {height}: {error}"))?;
            match event {
                MiningEvent::ShareAccepted { hash, payee, .. } => {
                    if !headers.contains(&hash) {
                        return Err(format!("header {hash} counts in block {height}, which does not hold it"));
                    }
                    self.count(hash, payee).map_err(|error| format!("block {height}: {error}"))?;
                }
                MiningEvent::WorkAccepted { work_height, finder, hash, split, .. } => {
                    let (finder_of, time) = (self.book.payee(&hash), block.header.time);
                    if finder_of != Some(finder) {
                        return Err(format!("work {hash} pays {finder:?}, it was solved for {finder_of:?}"));
                    }
                    self.work(work_height, time, split).map_err(|error| format!("block {height}: {error}"))?;
                }
                MiningEvent::Claimed { .. } => {}
            }
        }
        Ok(())
    }

    /// A work counts as a share too, and says so.
    fn count(&mut self, hash: Hash32, payee: Address) -> Result<(), String> {
        match self.book.payee(&hash) {
            None => return Err(format!("header {hash} counts for {payee:?}, and nobody solved it")),
            Some(miner) if miner != payee => {
                return Err(format!("header {hash} counts for {payee:?}, it was solved for {miner:?}"));
            }
            Some(_) => {}
        }
        if self.counted.insert(hash) { Ok(()) } else { Err(format!("header {hash} counts a second time")) }
    }

    fn work(&mut self, work_height: u64, time: TimeMs, split: Split) -> Result<(), String> {
        if work_height != self.works + 1 {
            return Err(format!("work {work_height} follows work {}", self.works));
        }
        if self.works > 0 && time.0 < self.work_time.0 + SPACING_MIN_MS {
            return Err(format!("work {work_height} comes {} ms after the one before", time.0 - self.work_time.0));
        }
        (self.works, self.work_time) = (work_height, time);
        if split == PARTS { Ok(()) } else { Err(format!("work {work_height} pays {split:?}")) }
    }
}

/// The hash of a proof's header: its first 80 bytes, hashed twice.
fn header_hash(proof: &[u8]) -> Option<Hash32> {
    let header = WorkProof::from_canonical(proof).ok()?.header;
    Some(Hash32(crypto::hash::sha256(&crypto::hash::sha256(&header))))
}

impl ChainChecker for Pay {
    fn property(&self) -> &'static str {
        "mining"
    }

    fn block(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        self.read(block)
    }
}
