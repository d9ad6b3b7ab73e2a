//! What is measured, and under which names: those of CometBFT with the prefix `thronos_`, so that boards carry over.
//!
//! It must not know who reads. The list of names is the registration below; `docs/OPERATING.md` explains it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use execution::FinalizedBlock;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use types::{Epoch, TimeMs, ValidatorSet};

use crate::shell::{Condition, Room, Snapshot};
use crate::stages::{StageCollector, Stages};
use crate::vitals::Vitals;

/// Everything that is measured.
pub struct Metrics {
    registry: Registry,
    /// What services measure, once they are open.
    services: OnceLock<Registry>,
    height: Gauge,
    epoch: Gauge,
    pub(crate) view: Gauge,
    validators: Gauge,
    validators_power: Gauge,
    missing_validators: Gauge,
    missing_validators_power: Gauge,
    block_interval: Histogram,
    block_bytes: Gauge,
    block_transactions: Gauge,
    transactions_total: Counter,
    syncing: Gauge,
    voting: Gauge,
    mempool_size: Gauge,
    mempool_bytes: Gauge,
    peers: Gauge,
    resident_bytes: Gauge,
    pub(crate) votes_signed: Counter,
    pub(crate) invalid_proposals: Counter,
    pub(crate) evidence: Counter,
    pub(crate) offences: Counter,
    pub(crate) questions_refused: Counter,
    /// Where the time goes.
    pub(crate) stages: Arc<Stages>,
    /// Requests by route and status.
    requests: Family<Vec<(String, String)>, Counter>,
    last_block: Mutex<Option<TimeMs>>,
    vitals: Vitals,
}

impl Metrics {
    /// Registers everything.
    #[must_use]
    pub fn new() -> Self {
        let intervals = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
        let mut metrics = Self {
            registry: Registry::default(),
            services: OnceLock::new(),
            height: Gauge::default(),
            epoch: Gauge::default(),
            view: Gauge::default(),
            validators: Gauge::default(),
            validators_power: Gauge::default(),
            missing_validators: Gauge::default(),
            missing_validators_power: Gauge::default(),
            block_interval: Histogram::new(intervals),
            block_bytes: Gauge::default(),
            block_transactions: Gauge::default(),
            transactions_total: Counter::default(),
            syncing: Gauge::default(),
            voting: Gauge::default(),
            mempool_size: Gauge::default(),
            mempool_bytes: Gauge::default(),
            peers: Gauge::default(),
            resident_bytes: Gauge::default(),
            votes_signed: Counter::default(),
            invalid_proposals: Counter::default(),
            evidence: Counter::default(),
            offences: Counter::default(),
            questions_refused: Counter::default(),
            stages: Arc::default(),
            requests: Family::default(),
            last_block: Mutex::new(None),
            vitals: Vitals::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        self.vitals.register(&mut self.registry);
        let mut gauge = |name: &str, help: &str, metric: &Gauge| self.registry.register(name, help, metric.clone());
        gauge("thronos_consensus_height", "Newest final block", &self.height);
        gauge("thronos_consensus_epoch", "Present epoch", &self.epoch);
        gauge("thronos_consensus_view", "Present view", &self.view);
        gauge("thronos_consensus_validators", "Validators of the epoch", &self.validators);
        gauge("thronos_consensus_validators_power", "Their power", &self.validators_power);
        gauge("thronos_consensus_missing_validators", "Not in the newest certificate", &self.missing_validators);
        gauge("thronos_consensus_missing_validators_power", "Their power", &self.missing_validators_power);
        gauge("thronos_consensus_block_size_bytes", "Transactions of the newest block", &self.block_bytes);
        gauge("thronos_consensus_num_txs", "Transactions in the newest block", &self.block_transactions);
        gauge("thronos_consensus_block_syncing", "1 while blocks are fetched in ranges", &self.syncing);
        gauge("thronos_consensus_voting", "1 while this node votes", &self.voting);
        gauge("thronos_mempool_size", "Transactions that wait", &self.mempool_size);
        gauge("thronos_mempool_size_bytes", "Their bytes, as the pool counts them", &self.mempool_bytes);
        gauge("thronos_p2p_peers", "Connected peers", &self.peers);
        gauge("process_resident_memory_bytes", "Resident memory", &self.resident_bytes);
        let mut counter = |name: &str, help: &str, metric: &Counter| self.registry.register(name, help, metric.clone());
        counter("thronos_consensus_txs", "Final transactions since the start", &self.transactions_total);
        counter("thronos_consensus_votes_signed", "Votes signed since the start", &self.votes_signed);
        counter("thronos_consensus_invalid_proposals", "Proposals found invalid", &self.invalid_proposals);
        counter("thronos_consensus_byzantine_validators", "Contradictions seen", &self.evidence);
        counter("thronos_p2p_offences", "Misbehaviour of peers", &self.offences);
        counter(
            "thronos_p2p_questions_refused",
            "Questions of peers refused for lack of time",
            &self.questions_refused,
        );
        let interval = self.block_interval.clone();
        self.registry.register_with_unit(
            "thronos_consensus_block_interval",
            "Between block times",
            Unit::Seconds,
            interval,
        );
        self.registry.register("thronos_api_requests", "Requests by route and status", self.requests.clone());
        self.registry.register_collector(Box::new(StageCollector(self.stages.clone())));
    }

    /// `sets` are those of the epochs that this node knows: who is missing in a certificate is a question to its own epoch's.
    pub(crate) fn block_is_final(&self, block: &FinalizedBlock, sets: &BTreeMap<Epoch, Arc<ValidatorSet>>) {
        let previous = self.last_block.lock().unwrap_or_else(PoisonError::into_inner).replace(block.header.time);
        if let Some(previous) = previous {
            let seconds = block.header.time.0.saturating_sub(previous.0) as f64 / 1_000.0;
            self.block_interval.observe(seconds);
        }
        let transactions = &block.body.transactions;
        let bytes = transactions.iter().map(types::Transaction::encoded_length).sum::<usize>();
        self.height.set(number(block.header.height.0));
        self.block_bytes.set(number(bytes as u64));
        self.block_transactions.set(number(transactions.len() as u64));
        self.transactions_total.inc_by(transactions.len() as u64);
        let set = sets.get(&block.certificate.statement.epoch);
        if let Some((set, Ok(signers))) = set.map(|set| (set, block.certificate.signers.signers(set.len()))) {
            self.missing_validators.set(number(set.len().saturating_sub(signers.len()) as u64));
            let missing = set.power_total().saturating_sub(set.power_of(signers));
            self.missing_validators_power.set(number(missing));
        }
    }

    pub(crate) fn epoch_begins(&self, epoch: Epoch, set: &ValidatorSet) {
        self.epoch.set(number(epoch.0));
        self.validators.set(number(set.len() as u64));
        self.validators_power.set(number(set.power_total()));
    }

    pub(crate) fn request(&self, route: &str, status: u16) {
        let labels = vec![("route".to_owned(), route.to_owned()), ("status".to_owned(), status.to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// Everything, in the text form of OpenMetrics.
    #[must_use]
    pub fn text(
        &self,
        snapshot: &Snapshot,
        condition: &Condition,
        room: &Room,
        peers: usize,
        traffic: &p2p::NetworkCounts,
    ) -> String {
        let status = &snapshot.status;
        self.vitals.set(snapshot, condition, room);
        self.height.set(number(status.height.0));
        self.epoch.set(number(status.epoch.0));
        self.view.set(number(status.view.0));
        self.validators.set(number(snapshot.set.len() as u64));
        self.validators_power.set(number(snapshot.set.power_total()));
        self.syncing.set(i64::from(status.catching_up));
        self.voting.set(i64::from(condition.votes_as.is_some()));
        self.mempool_size.set(number(snapshot.pool.transactions as u64));
        self.mempool_bytes.set(number(snapshot.pool.bytes as u64));
        self.peers.set(number(peers as u64));
        self.resident_bytes.set(number(resident_bytes()));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode_registry(&mut text, &self.registry);
        if let Some(services) = self.services.get() {
            let _ = encode_registry(&mut text, services);
        }
        text.push_str(&crate::shell::traffic(traffic));
        let _ = encode_eof(&mut text);
        text
    }

    /// Takes in what services measure; the first time counts.
    pub(crate) fn of_services(&self, registry: Registry) {
        let _ = self.services.set(registry);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Resident memory of this process; 0 where the system does not tell.
#[must_use]
pub fn resident_bytes() -> u64 {
    p2p::resident_bytes()
}

pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use execution::{BlockOutcome, ChangeSet};
    use types::{
        Address, BlsPublicKey, BlsSignature, Body, Certificate, Hash32, Header, Height, PeerKey, Power,
        ProtocolVersion, SignerBitmap, Validator, ValidatorIndex, View, VoteKind, VoteStatement,
    };

    use super::*;

    fn set_of(members: u8) -> Arc<ValidatorSet> {
        let member = |place| Validator {
            key: BlsPublicKey([place; 96]),
            power: Power(1),
            account: Address([place; 20]),
            peer: PeerKey([place; 32]),
        };
        Arc::new(ValidatorSet::new((0..members).map(member).collect()).expect("distinct keys with power"))
    }

    /// A block of an epoch, signed by the first members of its set.
    fn block(epoch: u64, members: usize, signers: u16) -> FinalizedBlock {
        let (epoch, hash, height) = (Epoch(epoch), Hash32([7; 32]), Height(9));
        let header =
            Header { version: ProtocolVersion(1), epoch, view: View(3), height, time: TimeMs(1), ..Header::default() };
        let kind = VoteKind::Finalize;
        let statement = VoteStatement { kind, epoch, view: View(3), parent_view: View::ZERO, block: hash };
        let signers = SignerBitmap::new(members, (0..signers).map(ValidatorIndex));
        let certificate = Certificate { statement, signers, signature: BlsSignature::ZERO };
        let outcome = BlockOutcome {
            hash,
            height,
            changes: ChangeSet::default(),
            pages: Default::default(),
            pages_replaced: Vec::new(),
            state_root: Hash32::ZERO,
            receipts: Vec::new(),
            receipts_root: Hash32::ZERO,
            accounts_touched: Vec::new(),
        };
        FinalizedBlock { hash, header, body: Body::default().into(), certificate, outcome: Arc::new(outcome) }
    }

    // FAULTS HA2
    #[test]
    fn who_is_missing_in_a_certificate_is_reckoned_by_the_set_of_its_epoch() {
        let metrics = Metrics::new();
        // The last blocks of an epoch are told when the next has begun: both sets fit one byte of a bitmap.
        let sets = BTreeMap::from([(Epoch(4), set_of(4)), (Epoch(5), set_of(7))]);
        let missing = |block: &FinalizedBlock| {
            metrics.block_is_final(block, &sets);
            (metrics.missing_validators.get(), metrics.missing_validators_power.get())
        };
        assert_eq!(missing(&block(4, 4, 3)), (1, 1));
        assert_eq!(missing(&block(5, 7, 5)), (2, 2));
        assert_eq!(missing(&block(4, 4, 4)), (0, 0));
        assert_eq!(missing(&block(3, 9, 7)), (0, 0), "nothing is said of a set that is not known any more");
    }
}
