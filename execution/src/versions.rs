//! Protocol versions: how one is fixed, how it begins, and which modules it starts.
//!
//! A version is fixed two epochs ahead, in an epoch's last block, by the one module that may; so everybody who runs a node has an epoch
//! of warning, and what is fixed stays. A module that the version starts begins in the first block under it, with the defaults of its
//! section, and is there for calls from the next block on. Old blocks replay under old rules: what does not run yet is not there,
//! whatever this program could do. A program that does not know the version stops before its first block and says what to install.

use types::{Epoch, Hash32, ProtocolVersion};

use crate::event::KernelEvent;
use crate::execute::Run;
use crate::fault::Fault;
use crate::genesis::{PROTOCOL_VERSION, bind_backed};
use crate::keys;
use crate::next_block::NextBlock;
use crate::records::{self, EpochRecord, VersionStart};
use crate::registry::Registry;
use crate::reject::KernelReject;
use crate::view::StateView;

/// A version begins so many epochs after the one in whose last block it is fixed, or later.
const EPOCHS_AHEAD_MIN: u64 = 2;

impl Registry {
    /// The newest protocol version that this program knows.
    #[must_use]
    pub fn version_max(&self) -> ProtocolVersion {
        let modules = self.modules().filter_map(|module| module.starts_with());
        modules.max().map_or(PROTOCOL_VERSION, |version| version.max(PROTOCOL_VERSION))
    }

    /// The protocol version that was fixed last on this chain, if any was: its number, its first epoch and its releases.
    #[must_use]
    pub fn version_start(&self, view: &dyn StateView) -> Option<VersionStart> {
        records::read(view, &keys::version())
    }

    /// The version that is fixed and has not begun.
    #[must_use]
    pub fn coming_version(&self, view: &dyn StateView) -> Option<VersionStart> {
        let epoch: EpochRecord = records::read_present(view, &keys::epoch());
        self.version_start(view).filter(|start| start.version > epoch.version)
    }

    /// Whether this program can go on from this state; a node asks it before it votes, proposes or executes.
    ///
    /// # Errors
    /// [`Fault::TooOld`], with what to install.
    pub fn can_go_on(&self, view: &dyn StateView) -> Result<(), Fault> {
        let epoch: EpochRecord = records::read_present(view, &keys::epoch());
        self.knows_version(view, epoch.version)
    }

    pub(crate) fn knows_version(&self, view: &dyn StateView, version: ProtocolVersion) -> Result<(), Fault> {
        let known = self.version_max();
        if version <= known {
            return Ok(());
        }
        let start = self.version_start(view).filter(|start| start.version == version);
        let release = start.and_then(|start| start.releases.first().copied()).unwrap_or(Hash32::ZERO);
        Err(Fault::TooOld { version, known, release })
    }
}

impl Run<'_, '_> {
    /// In a version's first block, begins the modules that it starts. One that cannot begin does not run, and the block says so: a
    /// release that is wrong about its own module stops no chain. A module that a release brings too late begins never, so that
    /// releases of one version agree.
    pub(crate) fn start_modules(&mut self, registry: &Registry, next: &NextBlock) {
        let version = self.block.version;
        let fixed: Option<VersionStart> = self.overlay.read(&keys::version(), |bytes| bytes.map(records::decode));
        let is_first = fixed.is_some_and(|fixed| fixed.version == version && fixed.epoch == next.epoch.number);
        if !next.tip.is_last || !is_first {
            return;
        }
        let mut running = next.running.clone();
        for module in registry.modules() {
            if module.starts_with() != Some(version) || running.has(module.id()) {
                continue;
            }
            let section = module.section().default_bytes(next.chain.network, self.block.parameters.fees.ecosystem);
            let part = self.overlay.begin();
            let (events, touched) = (self.report.events.len(), self.report.touched.len());
            let begun = self.in_context(module.id(), |context| module.genesis(&section, context)).is_ok();
            if begun && bind_backed(&mut self.overlay, module).is_ok() && self.unbacked(module).is_none() {
                self.overlay.keep(part);
            } else {
                self.overlay.discard(part);
                self.report.events.truncate(events);
                self.report.touched.truncate(touched);
                self.report_reject(module.id(), KernelReject::CannotStart.into());
                continue;
            }
            running.modules.push(module.id());
            running.modules.sort_unstable();
            self.overlay.write(&keys::running(), Some(records::encode(&running)));
            self.report_own(&KernelEvent::ModuleStarted { module: module.id() });
        }
    }

    /// Takes what the module that may says of the next version, if it is well formed and nothing is fixed already.
    pub(crate) fn fix_version(&mut self, ended: &EpochRecord) {
        let Some(module) = self.running().find(|module| module.starts_versions()) else { return };
        let asked = self.hook(module.id(), |context| {
            let Some(start) = module.start_version(context)? else { return Ok(None) };
            let earliest = Epoch(ended.number.0.saturating_add(EPOCHS_AHEAD_MIN));
            let is_next = ended.version.0.checked_add(1) == Some(start.version.0);
            if is_next && start.epoch >= earliest { Ok(Some(start)) } else { Err(KernelReject::WrongStart.into()) }
        });
        let Some(start) = asked else { return };
        let fixed: Option<VersionStart> = self.overlay.read(&keys::version(), |bytes| bytes.map(records::decode));
        if fixed.is_some_and(|fixed| fixed.version > ended.version) {
            return self.report_reject(module.id(), KernelReject::WrongStart.into());
        }
        self.overlay.write(&keys::version(), Some(records::encode(&start)));
        self.report_own(&KernelEvent::VersionFixed { version: start.version, epoch: start.epoch });
    }
}
