//! What is first under a key stays: the same again has no effect and reports nothing, another is refused, and a log's numbers rise.

use std::collections::{BTreeMap, BTreeSet};

use anchors::{AnchorContract, Anchors, AnchorsCall, AnchorsReject, LogCheckpoint};
use execution::{FinalizedBlock, Module, keys};
use testnet::sim::ChainChecker;
use types::{Address, Canonical, Hash32};

/// Whether something new is written, or why nothing may be.
type Verdict = Result<bool, AnchorsReject>;

/// All that was anchored.
#[derive(Default)]
pub(super) struct First {
    puts: BTreeMap<(Address, Vec<u8>, Vec<u8>), Hash32>,
    hashes: BTreeSet<(Address, u8, Hash32)>,
    contracts: BTreeMap<(Address, Hash32), AnchorContract>,
    logs: BTreeMap<(Address, Hash32), Option<(u64, Hash32)>>,
}

/// The first stays.
fn first<K: Ord, V: PartialEq>(map: &mut BTreeMap<K, V>, key: K, value: V, reject: AnchorsReject) -> Verdict {
    match map.get(&key) {
        Some(before) if *before == value => Ok(false),
        Some(_) => Err(reject),
        None => Ok(map.insert(key, value).is_none()),
    }
}

impl First {
    fn judge(&mut self, sender: Address, call: AnchorsCall) -> Verdict {
        match call {
            AnchorsCall::Put(put) => {
                let key = (sender, put.namespace.to_vec(), put.key.to_vec());
                first(&mut self.puts, key, put.digest, AnchorsReject::AnchorConflict)
            }
            AnchorsCall::Anchor(anchor) => Ok(self.hashes.insert((sender, anchor.kind, anchor.hash))),
            AnchorsCall::Contract(contract) => {
                let key = (sender, contract.manifest_sha256);
                first(&mut self.contracts, key, contract, AnchorsReject::IdempotencyConflict)
            }
            AnchorsCall::OpenLog(log) => {
                let is_new = !self.logs.contains_key(&(sender, log));
                self.logs.entry((sender, log)).or_default();
                Ok(is_new)
            }
            AnchorsCall::Checkpoint(LogCheckpoint { log, sequence, head }) => {
                let newest = self.logs.get_mut(&(sender, log)).ok_or(AnchorsReject::UnknownLog)?;
                match *newest {
                    Some((last, _)) if sequence < last => return Err(AnchorsReject::CheckpointOrder),
                    Some((last, before)) if sequence == last && head == before => return Ok(false),
                    Some((last, _)) if sequence == last => return Err(AnchorsReject::CheckpointConflict),
                    _ => *newest = Some((sequence, head)),
                }
                Ok(true)
            }
            AnchorsCall::RegisterService(_) | AnchorsCall::RevokeService(_) | AnchorsCall::AttestAi(_) => Ok(true),
        }
    }

    fn read(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        let receipts = block.outcome.receipts.iter().skip(1);
        for (transaction, receipt) in block.body.transactions.iter().zip(receipts) {
            for call in transaction.body.calls.iter().filter(|call| call.module == Anchors::ID) {
                let call = AnchorsCall::from_canonical(&call.body).map_err(|error| error.to_string())?;
                let told = format!("{call:?} of {:?}", transaction.body.sender);
                let expected = self.judge(transaction.body.sender, call).map_err(AnchorsReject::code);
                let reports = receipt.events.iter().filter(|event| event.module == Anchors::ID).count();
                let found = if receipt.is_ok() { Ok(reports > 0) } else { Err(receipt.code) };
                if found != expected {
                    return Err(format!("{told} leads to {found:?}, and it must lead to {expected:?}"));
                }
            }
        }
        self.check_puts(block)
    }

    /// What stands under the key of a put is its digest, and the block that it is of.
    fn check_puts(&self, block: &FinalizedBlock) -> Result<(), String> {
        for ((account, namespace, key), digest) in &self.puts {
            let place = keys::of_module(Anchors::ID, &anchors::keys::put(account, namespace, key));
            let Some(change) = block.outcome.changes.get(&place) else { continue };
            let found = change.after.as_deref().and_then(|bytes| bytes.get(..32));
            if found != Some(digest.as_bytes().as_slice()) || change.before.is_some() {
                return Err(format!("under a name of {account:?} stands {found:?}, and {digest} was first"));
            }
        }
        Ok(())
    }
}

impl ChainChecker for First {
    fn property(&self) -> &'static str {
        "anchors"
    }

    fn block(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        self.read(block).map_err(|error| format!("block {}: {error}", block.header.height))
    }
}
