//! Module name off the chain: a node keeps the newest notes at hand, and answers with them over HTTP.
//!
//! `follow.rs` reads the final blocks, `newest.rs` keeps what it finds, `api.rs` answers, `settings.rs` is the section of
//! `config.toml`. It must not know how a note is written, which is the client's, nor what it costs, which is the rules'.

#![allow(unused_qualifications, reason = "the expansion of utoipa's attributes qualifies names")]

mod api;
mod follow;
mod newest;
mod settings;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry as Metrics;
use service::http::Routes;
use service::{Bound, Ground, Life, NoVerbs, Refusal, ServiceFault};

pub use settings::ModuleNameSettings;

use newest::Newest;

/// Module name, as the node hosts it.
pub struct ModuleNameService {
    ground: Ground,
    newest: Newest,
    /// Notes in the blocks that were read since the start.
    seen: Counter,
}

impl service::Service for ModuleNameService {
    const NAME: &'static str = "module_name";
    type Settings = ModuleNameSettings;
    type Verbs = NoVerbs;
    const ABOUT: &'static str = "Nothing to be done by hand";

    fn open(settings: &ModuleNameSettings, ground: Ground, _: Vec<Bound>) -> Result<Option<Self>, Refusal> {
        let newest = Newest::new(usize::try_from(settings.newest_max).unwrap_or(usize::MAX));
        Ok(Some(Self { ground, newest, seen: Counter::default() }))
    }

    fn routes(&self) -> Routes {
        api::routes(&self.newest)
    }

    fn measure(&self, metrics: &mut Metrics) {
        metrics.register("notes", "Notes in the blocks that were read since the start", self.seen.clone());
    }

    async fn run(self, life: Life) -> Result<(), ServiceFault> {
        let Self { ground, newest, seen } = self;
        follow::follow(&ground, &newest, &seen, life).await
    }
}
