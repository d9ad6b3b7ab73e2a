//! What is first under a key stays: the same again has no effect and reports nothing, another is refused, and a log's numbers rise.

use std::collections::{BTreeMap, BTreeSet};

use anchors::{
    ATTEST_SCOPE, AnchorContract, Anchors, AnchorsCall, AnchorsReject, AttestAi, AttestationPayload, LogCheckpoint,
    RegisterService, ServicePayload,
};
use execution::{FinalizedBlock, Module, keys};
use testnet::sim::ChainChecker;
use types::{Address, Canonical, Hash32, Secp256k1Key, TimeMs};

/// Whether something new is written, or why nothing may be.
type Verdict = Result<bool, AnchorsReject>;

/// All that was anchored.
#[derive(Default)]
pub(super) struct First {
    puts: BTreeMap<(Address, Vec<u8>, Vec<u8>), Hash32>,
    hashes: BTreeSet<(Address, u8, Hash32)>,
    contracts: BTreeMap<(Address, Hash32), AnchorContract>,
    logs: BTreeMap<(Address, Hash32), Option<(u64, Hash32)>>,
    services: BTreeMap<(Address, Vec<u8>), Service>,
    attested: BTreeSet<(Address, Vec<u8>, Hash32)>,
}

/// A service as it was registered first.
struct Service {
    key: Secp256k1Key,
    may_attest: bool,
    txid: Hash32,
    is_revoked: bool,
}

/// How far a payload's time may be from its block's.
const DRIFT_MS_MAX: u64 = 600_000;

fn is_near(created_at: u64, time: TimeMs) -> Result<(), AnchorsReject> {
    if (created_at * 1_000).abs_diff(time.0) <= DRIFT_MS_MAX { Ok(()) } else { Err(AnchorsReject::TimeDrift) }
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
    fn judge(&mut self, (sender, time): (Address, TimeMs), call: AnchorsCall) -> Verdict {
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
            AnchorsCall::RegisterService(call) => self.register((sender, time), &call),
            AnchorsCall::RevokeService(name) => {
                let service = self.services.get_mut(&(sender, name.to_vec()));
                let service = service.ok_or(AnchorsReject::UnregisteredService)?;
                Ok(!std::mem::replace(&mut service.is_revoked, true))
            }
            AnchorsCall::AttestAi(call) => self.attest((sender, time), &call),
        }
    }

    /// The first registration of a name stays, also where it is revoked.
    fn register(&mut self, (sender, time): (Address, TimeMs), call: &RegisterService) -> Verdict {
        let ServicePayload { created_at, key, scopes, service } = ServicePayload::read(&call.payload)?;
        let place = (sender, service.into_bytes());
        match self.services.get(&place) {
            Some(before) if before.is_revoked => return Err(AnchorsReject::ServiceRevoked),
            Some(before) if before.txid == call.txid => return Ok(false),
            Some(_) => return Err(AnchorsReject::ServiceConflict),
            None => {}
        }
        is_near(created_at, time)?;
        let may_attest = scopes.split(' ').any(|scope| scope == ATTEST_SCOPE);
        Ok(self.services.insert(place, Service { key, may_attest, txid: call.txid, is_revoked: false }).is_none())
    }

    /// What a service attests it attests once, from its own account, with the key that it was registered with.
    fn attest(&mut self, (sender, time): (Address, TimeMs), call: &AttestAi) -> Verdict {
        if call.account != sender {
            return Err(AnchorsReject::NotServiceAccount);
        }
        let AttestationPayload { created_at, service, .. } = AttestationPayload::read(&call.payload)?;
        let place = (sender, service.into_bytes());
        let entry = (sender, place.1.clone(), call.txid);
        if self.attested.contains(&entry) {
            return Ok(false);
        }
        let service = self.services.get(&place).filter(|service| !service.is_revoked);
        let service = service.ok_or(AnchorsReject::UnregisteredService)?;
        if !service.may_attest {
            return Err(AnchorsReject::MissingScope);
        }
        if service.key != call.public_key {
            return Err(AnchorsReject::PubkeyNotAllowlisted);
        }
        is_near(created_at, time)?;
        Ok(self.attested.insert(entry))
    }

    fn read(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        let receipts = block.outcome.receipts.iter().skip(1);
        for (transaction, receipt) in block.body.transactions.iter().zip(receipts) {
            for call in transaction.body.calls.iter().filter(|call| call.module == Anchors::ID) {
                let call = AnchorsCall::from_canonical(&call.body).map_err(|error| error.to_string())?;
                let told = format!("{call:?} of {:?}", transaction.body.sender);
                let expected =
                    self.judge((transaction.body.sender, block.header.time), call).map_err(AnchorsReject::code);
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
