//! Metrics of how the node is: of its readiness, the chain's age, whom it reaches, its clock and its disk.
//!
//! They say what `/readyz` says, as numbers: both come from [`Condition`]. It must not know how that is reckoned.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::metrics::number;
use crate::shell::{Condition, Room, Snapshot, trouble_names};

type Decimal = Gauge<f64, AtomicU64>;

/// How the node is, as gauges.
#[derive(Default)]
pub(crate) struct Vitals {
    ready: Gauge,
    troubles: Family<Vec<(String, String)>, Gauge>,
    block_age: Decimal,
    answering_power: Gauge,
    heard_power: Gauge,
    executable: Gauge,
    calls: Gauge,
    clock_offset: Decimal,
    clock_measured_power: Gauge,
    clock_far_power: Gauge,
    disk_free: Gauge,
    disk_size: Gauge,
    disk_reserve: Gauge,
}

impl Vitals {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut gauge = |name: &str, help: &str, metric: &Gauge| registry.register(name, help, metric.clone());
        gauge("thronos_ready", "1 while the node is ready, as /readyz says", &self.ready);
        gauge(
            "thronos_consensus_answering_validators_power",
            "Power of the validators that have answered within ten seconds, this node's included",
            &self.answering_power,
        );
        gauge(
            "thronos_consensus_heard_validators_power",
            "Power of the validators that were heard within ten seconds, this node's included",
            &self.heard_power,
        );
        gauge("thronos_mempool_executable", "Transactions that a block could include", &self.executable);
        gauge("thronos_mempool_system_calls", "System calls that wait for a block", &self.calls);
        gauge(
            "thronos_clock_measured_validators_power",
            "Power of the validators whose clocks are known, this node's included",
            &self.clock_measured_power,
        );
        gauge(
            "thronos_clock_far_validators_power",
            "Power of the validators whose clocks differ from this machine's by more than the bound",
            &self.clock_far_power,
        );
        gauge("thronos_disk_free_bytes", "Free on the file system of the data", &self.disk_free);
        gauge("thronos_disk_size_bytes", "Size of the file system of the data", &self.disk_size);
        gauge("thronos_disk_reserve_bytes", "With less the node takes nothing in", &self.disk_reserve);
        let troubles = self.troubles.clone();
        registry.register("thronos_trouble", "1 while the node has the trouble of this name", troubles);
        let mut decimal = |name: &str, help: &str, metric: &Decimal| registry.register(name, help, metric.clone());
        decimal(
            "thronos_consensus_newest_block_age_seconds",
            "Since the newest final block became so here, or since the start",
            &self.block_age,
        );
        decimal(
            "thronos_clock_offset_seconds",
            "How far this machine's clock is ahead of the validators' median; 0 while that is unknown",
            &self.clock_offset,
        );
    }

    pub(crate) fn set(&self, snapshot: &Snapshot, condition: &Condition, room: &Room) {
        let status = &snapshot.status;
        self.ready.set(i64::from(condition.is_ready()));
        for name in trouble_names() {
            let has_it = condition.troubles.iter().any(|told| told.name == name);
            self.troubles.get_or_create(&vec![("name".to_owned(), name.to_owned())]).set(i64::from(has_it));
        }
        self.block_age.set(condition.final_age_ms as f64 / 1_000.0);
        self.answering_power.set(number(status.reach.power_answering));
        self.heard_power.set(number(status.reach.power_heard));
        self.executable.set(number(status.executable as u64));
        self.calls.set(number(status.calls as u64));
        let clock = &status.reach.clock;
        self.clock_offset.set(clock.ahead_ms.unwrap_or_default() as f64 / 1_000.0);
        self.clock_measured_power.set(number(clock.power_measured));
        self.clock_far_power.set(number(clock.power_far));
        let space = room.space();
        self.disk_free.set(number(space.free_bytes));
        self.disk_size.set(number(space.total_bytes));
        self.disk_reserve.set(number(room.reserve_bytes()));
    }
}
