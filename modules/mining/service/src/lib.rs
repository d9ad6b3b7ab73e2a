//! The node's side of mining: a port for machines that speak Stratum, and what miners without it ask of the API.
//!
//! It joins the crate `stratum`, which knows what miners say, with the chain, whose module `mining` knows what a proof is worth:
//! `work.rs` makes templates of the newest state, `proofs.rs` submits what was found, `payouts` pays what the pool owes, `settings.rs` reads the operator's wishes, `devices.rs` is what it asks of whoever knows devices, `api` answers over HTTP, `operator.rs` over
//! the socket in the home. It must not know the protocol nor the rules.

#![allow(unused_qualifications, reason = "the expansion of utoipa's attributes qualifies names")]

mod api;
mod devices;
mod look;
mod metrics;
mod operator;
mod patience;
mod pay;
mod payouts;
mod proofs;
mod settings;
mod shares;
mod tell;
mod verbs;
mod work;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use service::http::Routes;
use service::{AccountNeed, Bound, FolderFindings, Ground, Life, Operator, Refusal, ServiceFault, WantedSocket};
use stratum::service::{Admission, FolderShares, Handle, Ports, ReceiptsFolder, Service as StratumPort};
use tokio::sync::watch;
use types::{Amount, Network};

pub use devices::{AttestWish, DeviceUse, Devices, FoundDevice, NoDevices, RateTerms};
pub use operator::{OwedLine, OwedList, PayList, PoolAnswer, PoolQuestion};
pub use settings::MiningSettings;
pub use verbs::MiningVerb;

use devices::DeviceDoor;
use metrics::Counts;
use payouts::{Payer, PayoutLog};
use proofs::ToChain;
use shares::WatchedShares;

/// Mining, as the node hosts it, with whoever knows the devices that mine.
pub struct MiningService<D = NoDevices> {
    ground: Ground,
    devices: Arc<D>,
    /// The port for miners, if the settings ask for one.
    port: Option<OpenPort>,
}

/// A port that is open and whose miners wait for work.
struct OpenPort {
    stratum: StratumPort,
    offers: watch::Sender<Option<Arc<stratum::Template>>>,
    counts: watch::Sender<Counts>,
    log: PayoutLog,
    /// Pays what the pool owes, where there is an account to pay from.
    payer: Option<Payer>,
    has_pool: bool,
}

impl<D: Devices + Default> service::Service for MiningService<D> {
    const NAME: &'static str = "mining";
    type Settings = MiningSettings;
    type Verbs = MiningVerb;
    const ABOUT: &'static str = "Show what the port for miners owes, share out an income, mark a payment";
    const ALIASES: &'static [&'static str] = &["pool"];
    const FORMER_FOLDER: Option<&'static str> = Some("mining");
    const ACCOUNT: Option<AccountNeed> = Some(AccountNeed {
        about: "pays what the pool owes",
        password_key: "mining_password_file",
        when_held: "`thronosd mining owed` says what to do",
    });

    fn check(settings: &MiningSettings, network: Option<Network>) -> Result<(), Refusal> {
        if settings.enabled { settings::check(settings, network) } else { Ok(()) }
    }

    fn check_without_account(settings: &MiningSettings) -> Result<(), Refusal> {
        if settings.enabled && settings.payouts { Err(no_account()) } else { Ok(()) }
    }

    fn sockets(settings: &MiningSettings) -> Vec<WantedSocket> {
        if settings.enabled { settings::sockets(settings) } else { Vec::new() }
    }

    fn files_max(settings: &MiningSettings) -> u64 {
        if settings.enabled { settings::files_max(settings) } else { 0 }
    }

    fn open(settings: &MiningSettings, ground: Ground, sockets: Vec<Bound>) -> Result<Option<Self>, Refusal> {
        let devices = Arc::new(D::default());
        let doorkeeper = Arc::new(DeviceDoor::new(devices.clone(), &ground));
        let open = || OpenPort::open(settings, &ground, sockets, doorkeeper);
        let port = settings.enabled.then(open).transpose()?;
        Ok(Some(Self { ground, devices, port }))
    }

    fn routes(&self) -> Routes {
        api::routes(&self.ground, self.handle(), self.devices.clone())
    }

    fn measure(&self, metrics: &mut prometheus_client::registry::Registry) {
        if let Some(port) = &self.port {
            metrics::register(metrics, port.counts.subscribe());
        }
    }

    fn operator(&self) -> Option<Arc<dyn Operator>> {
        let genesis = self.ground.chain.genesis();
        let (network, cap) = (genesis.network, genesis.parameters.thr_cap);
        let pool = |port: &OpenPort| operator::Port {
            handle: port.stratum.handle(),
            log: port.log.clone(),
            payouts: port.payer.as_ref().map(Payer::payouts),
            has_pool: port.has_pool,
        };
        let is_read_only = self.ground.chain.standing().is_read_only;
        Some(Arc::new(operator::Pool { port: self.port.as_ref().map(pool), is_read_only, network, cap }))
    }

    async fn run(self, mut life: Life) -> Result<(), ServiceFault> {
        let Self { ground, port, .. } = self;
        life.ready();
        match port {
            Some(port) => port.run(ground, life).await,
            None => {
                life.draining().await;
                Ok(())
            }
        }
    }

    fn look(folder: &Path, has_account: bool) -> FolderFindings {
        look::look(folder, has_account)
    }
}

impl<D> MiningService<D> {
    fn handle(&self) -> Option<Handle> {
        self.port.as_ref().map(|port| port.stratum.handle())
    }
}

impl OpenPort {
    fn open(
        settings: &MiningSettings,
        ground: &Ground,
        bound: Vec<Bound>,
        admission: Arc<dyn Admission>,
    ) -> Result<Self, Refusal> {
        let in_folder = |error| {
            let message = format!("`{}` cannot be used for shares: {error}", ground.folder.display());
            Refusal::new("mining", message)
        };
        let shares = FolderShares::open(&ground.folder).map_err(in_folder)?;
        let receipts = ReceiptsFolder::open(ground.folder.join("receipts")).map_err(in_folder)?;
        let log = PayoutLog::open(&ground.folder)?;
        let payer = payer(settings, ground, log.clone())?;
        let (offers, work) = watch::channel(None);
        let ports = Ports {
            work,
            proofs: Arc::new(ToChain::new(ground.chain.clone())),
            shares: Box::new(WatchedShares::new(shares, log.clone())),
            receipts: Some(receipts),
            events: Box::new(tell::teller()),
            admission: Some(admission),
        };
        let config = settings::port_config(settings, ground.chain.genesis().network, ground.chain.own_peer())?;
        let sockets = settings::into_sockets(settings, bound)?;
        let addresses: Vec<_> = sockets.iter().filter_map(|socket| socket.listener.local_addr().ok()).collect();
        let stratum = StratumPort::start(config, ground.entropy, sockets, ports, unix_ms)
            .map_err(|error| Refusal::new("mining", format!("the port for miners cannot open: {error}")))?;
        log.compare_book(stratum.at_start().sequence).map_err(|fault| unwritten(&fault))?;
        for address in addresses {
            tracing::info!(%address, "miners may connect");
        }
        let counts = watch::Sender::new(Counts::default());
        let has_pool = !settings.pool_listen.is_empty();
        Ok(Self { stratum, offers, counts, log, payer, has_pool })
    }

    async fn run(self, ground: Ground, life: Life) -> Result<(), ServiceFault> {
        let Self { mut stratum, offers, counts, payer, .. } = self;
        let waiting = proofs::of_use(stratum.take_waiting());
        if !waiting.is_empty() {
            tracing::info!(proofs = waiting.len(), "proofs from before the stop are offered to the chain again");
        }
        let (begin, may_begin) = watch::channel(waiting.is_empty());
        let tasks = [
            tokio::spawn(work::follow(ground.chain.clone(), offers, may_begin, life.stopping())),
            tokio::spawn(proofs::submit_again(ground.chain, stratum.handle(), waiting, begin)),
            tokio::spawn(metrics::keep(stratum.handle(), counts)),
        ];
        let (shown, mut stopping) = (payer.as_ref().map(Payer::payouts), life.stopping());
        let showing = async {
            match shown {
                Some(payouts) => payouts.show(&life).await,
                None => std::future::pending().await,
            }
        };
        let (handle, incomes) = (stratum.handle(), stratum.at_start().incomes);
        let paying = async move {
            match payer {
                Some(payer) => payer.run(handle, incomes).await,
                None => std::future::pending().await,
            }
        };
        let failed = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => None,
            () = showing => None,
            failed = stratum.failed() => Some(failed),
            Err(fault) = paying => return Err(fault),
        };
        let ended = match failed {
            Some(failed) => failed,
            None => stratum.stop().await,
        };
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        ended.map_err(|error| ServiceFault(format!("the port for miners: {error}")))
    }
}

/// Who pays what the pool owes; nothing without an account.
fn payer(settings: &MiningSettings, ground: &Ground, log: PayoutLog) -> Result<Option<Payer>, Refusal> {
    let terms = (Amount(settings.payout_least.into()), settings.payouts);
    match (&ground.account, log.open_payout()) {
        (Some(account), _) => {
            let payer = Payer::new(log, account.clone(), terms, ground.entropy);
            payer.map(Some).map_err(|fault| unwritten(&fault))
        }
        (None, Some(payout)) if !ground.chain.standing().is_read_only => {
            let (total, addresses) = (payout.total(), payout.payments.len());
            let what = format!(
                "a payout of {total} µTHR to {addresses} addresses is under way, and there is no account to pay it from"
            );
            Err(Refusal::new(
                "mining_settings",
                format!("{what}: name the file of its key by `accounts.mining`, as before"),
            ))
        }
        (None, _) if settings.payouts && !ground.chain.standing().is_read_only => Err(no_account()),
        (None, _) => Ok(None),
    }
}

fn no_account() -> Refusal {
    let hint = "name the file of its key by `accounts.mining` in this node's `config.toml`, and that of its password beside it, and start again";
    Refusal::new("mining_settings", format!("`mining.payouts` is true, and there is no account to pay from: {hint}"))
}

fn unwritten(fault: &ServiceFault) -> Refusal {
    Refusal::new("payouts_log", fault.to_string())
}

pub(crate) fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
