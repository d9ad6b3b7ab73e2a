//! VerifyID off the chain: a node gives out challenges and judges what devices answer.
//!
//! `examiner` is the pure core: sealed challenges, one answer each, limits. `office.rs` joins it with the machine: `clocks.rs` reads its clocks,
//! `book.rs` keeps on the disk what was answered, `ledger` what of it comes into batches, which `anchoring` puts on the chain, `quota.rs` tells
//! whether a plan has room, `secret.rs` the secrets, `enrolled.rs` which older devices answer by one, `tpm` the TPMs of devices. `proof.rs` asks the chain about a
//! device, `api.rs` answers over HTTP, `token_office.rs` gives tokens and takes them, `taken_back.rs` keeps which are no longer good, `asked.rs` is what other features
//! are told of devices, `verbs.rs` what an operator does, `settings.rs` is the section of `config.toml`. It must not know how a device is registered or gets its level, which are the
//! rules', nor people.

#![allow(unused_qualifications, reason = "the expansion of utoipa's attributes qualifies names")]

mod anchoring;
mod api;
mod asked;
mod book;
mod clocks;
mod enrolled;
mod examiner;
mod ledger;
mod look;
mod metrics;
mod office;
mod proof;
mod quota;
mod secret;
mod settings;
mod taken_back;
mod token_office;
mod tpm;
mod verbs;

use std::path::Path;
use std::sync::Arc;

use prometheus_client::registry::Registry as Metrics;
use service::http::Routes;
use service::{AccountNeed, Bound, FolderFindings, Ground, Life, Operator, Refusal, ServiceFault};

pub use asked::{AskedDevice, AttestAsk, AttestRate, DeviceCounts, attest_rate, find_device};
pub use look::KeptFile;
pub use settings::VerifyIdSettings;
pub use verbs::VerifyIdVerb;

use anchoring::Anchoring;
use api::Opened;
use clocks::{Clocks, MachineClocks};
use enrolled::Enrolled;
use examiner::limits::AsksMax;
use office::{Office, Writing};
use token_office::TokenOffice;
use tpm::TpmOffice;
use verbs::KeyKeeper;

/// VerifyID, as the node hosts it.
pub struct VerifyIdService {
    ground: Ground,
    /// A batch is open for so long at most, in milliseconds.
    batch_ms: u64,
    /// The office, if the settings ask for one.
    open: Option<(Arc<Office>, Writing)>,
    /// Its tokens, if the settings ask for them too.
    tokens: Option<Arc<TokenOffice>>,
    /// TPMs, if the settings name their makers.
    tpms: Option<Arc<TpmOffice>>,
    /// Older devices, if the settings ask for them too.
    enrolled: Option<Arc<Enrolled>>,
}

impl service::Service for VerifyIdService {
    const NAME: &'static str = "verifyid";
    type Settings = VerifyIdSettings;
    type Verbs = VerifyIdVerb;
    const ABOUT: &'static str =
        "Put other keys in the place of those that sign tokens and make secrets of older devices";
    const ACCOUNT: Option<AccountNeed> = Some(AccountNeed {
        about: "puts batches of the verifications of this node on the chain",
        password_key: "verifyid_password_file",
        when_held: "it goes on by itself unless others put batches on the chain from this account: then give each node its own",
    });

    fn files_max(settings: &VerifyIdSettings) -> u64 {
        // The book, the ledger and the lists of tokens that were taken back and of older devices, and another of each while it is written anew; batches' files that
        // are written, marked and read.
        // The table of TPMs, and another while it is written anew.
        let tpms = if settings.tpm_roots.is_empty() { 0 } else { 2 };
        match settings.enabled {
            true => 10 + 2 * u64::from(settings.give_tokens) + 2 * u64::from(settings.hmac_devices) + tpms,
            false => 0,
        }
    }

    fn open(settings: &VerifyIdSettings, ground: Ground, _: Vec<Bound>) -> Result<Option<Self>, Refusal> {
        if !settings.enabled {
            // What the chain knows of a device is answered all the same.
            return Ok(Some(Self { ground, batch_ms: 0, open: None, tokens: None, tpms: None, enrolled: None }));
        }
        let clocks = MachineClocks::new(ground.chain.clone())?;
        Self::on_clocks(settings, ground, Box::new(clocks)).map(Some)
    }

    fn routes(&self) -> Routes {
        let office = self.open.as_ref().map(|(office, _)| office.clone());
        let (tokens, tpms, enrolled) = (self.tokens.clone(), self.tpms.clone(), self.enrolled.clone());
        api::routes(&self.ground, Opened { office, tokens, tpms, enrolled })
    }

    fn measure(&self, metrics: &mut Metrics) {
        if let Some((office, _)) = &self.open {
            office.counts().register(metrics);
        }
    }

    fn operator(&self) -> Option<Arc<dyn Operator>> {
        let (office, _) = self.open.as_ref()?;
        let (tokens, enrolled) = (self.tokens.clone(), self.enrolled.clone());
        Some(Arc::new(KeyKeeper { office: office.clone(), tokens, enrolled }))
    }

    async fn run(self, mut life: Life) -> Result<(), ServiceFault> {
        life.ready();
        match self.open {
            Some((office, writing)) => {
                let (anchoring, stopping) = (Anchoring::new(&self.ground, &office, self.batch_ms), life.stopping());
                let anchoring = async {
                    match anchoring {
                        Some(anchoring) => anchoring.run(stopping).await,
                        None => Ok(()),
                    }
                };
                tokio::try_join!(writing.run(&office, life), anchoring).map(|_| ())
            }
            None => {
                life.draining().await;
                Ok(())
            }
        }
    }

    fn look(folder: &Path, _has_account: bool) -> FolderFindings {
        look::look(folder)
    }
}

impl VerifyIdService {
    fn on_clocks(settings: &VerifyIdSettings, ground: Ground, clocks: Box<dyn Clocks>) -> Result<Self, Refusal> {
        let bound = |most| u32::try_from(most).unwrap_or(u32::MAX);
        let network = bound(settings.challenges_per_minute_max);
        let customer = bound(settings.customer_challenges_per_minute_max);
        if ground.account.is_none() {
            tracing::info!(
                "no account is named by `accounts.verifyid`: verifications are neither counted nor put on the chain"
            );
        }
        let (office, writing) = Office::open(&ground, clocks, AsksMax { network, customer })?;
        let open_tokens =
            || TokenOffice::open(&ground, &settings.token_algorithm, office.counts().clone(), &office.now());
        let tokens = settings.give_tokens.then(open_tokens).transpose()?.map(Arc::new);
        let tpms = TpmOffice::open(settings, &ground, office.counts().clone())?.map(Arc::new);
        let enrolled = settings.hmac_devices.then(|| Enrolled::open(&ground)).transpose()?.map(Arc::new);
        office.counts().enrolled(enrolled.as_ref().map_or(0, |enrolled| enrolled.len()));
        let batch_ms = settings.batch_seconds.saturating_mul(1_000);
        Ok(Self { ground, batch_ms, open: Some((office, writing)), tokens, tpms, enrolled })
    }
}

#[cfg(test)]
mod tests;
