//! Mining without Stratum, what the chain knows of mining, and the statistics of this node's port for miners.
//!
//! The chain is asked through the module's own functions; rules are the module's. Statistics come in the two shapes that dashboards of miners
//! read: ckpool's and public-pool's. It must not know either shape: the crate `stratum` does.

mod attest;
mod payouts;
mod pool;
mod work;

use std::sync::Arc;

use service::chain::{Chain, Unavailable};
use service::http::{ApiError, Class, Reads, Routes};
use service::{Ground, routes};
use stratum::Server;
use stratum::service::Handle;
use types::Network;

use crate::devices::Devices;
use crate::patience::Patience;

/// What every handler has.
#[derive(Clone)]
pub(crate) struct Api {
    chain: Arc<dyn Chain>,
    reads: Reads,
    port: Option<Handle>,
    /// Patience with miners who submit proofs without Stratum.
    miners: Arc<Patience>,
    devices: Arc<dyn Devices>,
}

/// All of them.
pub(crate) fn routes(ground: &Ground, port: Option<Handle>, devices: Arc<dyn Devices>) -> Routes {
    use Class::{Look, Read, Write};
    let (chain, reads) = (ground.chain.clone(), ground.reads.clone());
    let api = &Api { chain, reads, port, miners: Arc::default(), devices };
    let routes = Routes { former_prefix: Some("/api/mining"), ..Routes::default() };
    routes
        .own(Look, api, routes!(work::work))
        .own(Write, api, routes!(work::submit))
        .own(Read, api, routes!(work::account))
        // It changes nothing on the chain, so a read-only node has it too.
        .own(Read, api, routes!(attest::begin))
        .own(Read, api, routes!(attest::attestation))
        .own(Look, api, routes!(pool::pool))
        .own(Look, api, routes!(pool::pool_status))
        .own(Look, api, routes!(pool::user))
        .own(Look, api, routes!(payouts::payouts))
        .own(Look, api, routes!(payouts::payout))
        .own(Look, api, routes!(payouts::receipts))
        .own(Read, api, routes!(payouts::receipt))
        .foreign(Look, api, routes!(pool::public_info))
        .foreign(Look, api, routes!(pool::public_pool))
        .foreign(Look, api, routes!(pool::public_network))
        .foreign(Look, api, routes!(pool::public_client))
        .foreign(Look, api, routes!(pool::public_chart))
        .foreign(Look, api, routes!(pool::public_worker))
        // What the port for devices says has words in several.
        .in_languages()
}

impl Api {
    fn network(&self) -> Network {
        self.chain.genesis().network
    }

    /// The port, or the sentence that says how to open one.
    fn port(&self) -> Result<&Handle, ApiError> {
        self.port.as_ref().ok_or_else(|| {
            let hint = "its operator opens one with `mining.enabled = true`";
            ApiError::not_found("this node has no port for miners", hint)
        })
    }

    /// Asks the port between two of its batches.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Server) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.port()?.ask(question).await.ok_or_else(|| Unavailable::Stopping.into())
    }
}
