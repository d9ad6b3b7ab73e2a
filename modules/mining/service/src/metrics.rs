//! The port's counts for Prometheus: a snapshot that is taken every second, so that whoever reads the metrics asks nobody.
//!
//! Labels are the crate's own words, never a miner's.

use std::fmt::Error;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use stratum::Metrics;
use stratum::service::Handle;
use tokio::sync::watch;

/// Between two snapshots.
const PAUSE: Duration = Duration::from_secs(1);

/// What is told of the port.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    connections: usize,
    workers: usize,
    works_found: u64,
    rest: Metrics,
}

/// Takes a snapshot every second until the port stops.
pub(crate) async fn keep(handle: Handle, counts: watch::Sender<Counts>) {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = handle.ask(|server| Counts {
            connections: server.connections(),
            workers: server.clients().count(),
            works_found: server.book().found(),
            rest: server.metrics().clone(),
        });
        let Some(now) = now.await else { return };
        counts.send_replace(now);
    }
}

/// Has them read with the node's own.
pub(crate) fn register(registry: &mut Registry, counts: watch::Receiver<Counts>) {
    registry.register_collector(Box::new(Told(counts)));
}

#[derive(Debug)]
struct Told(watch::Receiver<Counts>);

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let told = self.0.borrow().clone();
        let gauges = [
            ("connections", "Connected miners.", told.connections),
            ("workers", "Miners that are logged in.", told.workers),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let counts = &told.rest;
        let singles = [
            ("works_found", "Works of the chain that were found here, of all times.", told.works_found),
            ("connections_opened", "Connections since the start.", counts.connections_opened),
            ("requests", "Requests of any kind.", counts.requests),
            ("shares_accepted", "Accepted shares.", counts.shares_accepted),
            ("shares_refused", "Refused shares.", counts.shares_refused),
            ("logins", "Logins that succeeded.", counts.logins),
            ("sessions_resumed", "Sessions that were resumed.", counts.resumed),
            ("bans", "Bans.", counts.bans),
            ("jobs", "Jobs sent.", counts.jobs),
            ("difficulty_changes", "Changes of difficulty.", counts.difficulty_changes),
            ("proofs", "Proofs handed to the chain.", counts.proofs),
            ("proofs_shares", "Proofs that the chain took as shares.", counts.proofs_shares),
            ("proofs_works", "Proofs that were good for a work.", counts.proofs_works),
            ("proofs_refused", "Proofs that the chain refused.", counts.proofs_refused),
        ];
        for (name, help, value) in singles {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let refused = counts.refused.iter().map(|(refusal, count)| (refusal.name(), *count));
        by_reason(&mut encoder, "refused", "Refused requests by reason.", refused)?;
        let closed = counts.connections_closed.iter().map(|(reason, count)| (reason.name(), *count));
        by_reason(&mut encoder, "connections_closed", "Connections closed by reason.", closed)
    }
}

fn by_reason(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    counts: impl Iterator<Item = (&'static str, u64)>,
) -> Result<(), Error> {
    // The family is told before its first case, so that whoever looks for it finds it.
    let mut family = encoder.encode_descriptor(name, help, None, ConstCounter::new(0_u64).metric_type())?;
    for (reason, count) in counts {
        ConstCounter::new(count).encode(family.encode_family(&[("reason", reason)])?)?;
    }
    Ok(())
}
