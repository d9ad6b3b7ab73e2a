//! The modules of a chain, and with them everything the kernel does.
//!
//! It must not name a module; the crate `runtime` does. The methods stand beside what they are about: `genesis`, `check`,
//! `signatures`, `validity`, `build`, `execute`, `apply`, `simulate` and `query`.

use std::sync::Arc;

use types::{ModuleId, THR, limits};

use crate::context::ModuleView;
use crate::genesis::PROTOCOL_VERSION;
use crate::invariant;
use crate::keys;
use crate::module::AnyModule;
use crate::query::KERNEL_NAME;
use crate::records::{self, RunningRecord};
use crate::reject::{KernelReject, Reject, RejectDescription};
use crate::system::{KERNEL, KERNEL_BYTES_MAX, KERNEL_CALLS_MAX, system_bytes};
use crate::verifier::{Blst, ValidatorSignatures};
use crate::view::StateView;

/// The modules of a chain in order of their numbers. Cloning is cheap.
#[derive(Clone)]
pub struct Registry {
    modules: Arc<[Box<dyn AnyModule>]>,
    signatures: Arc<dyn ValidatorSignatures>,
}

/// A reject with the module that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescribedReject {
    /// The module's name.
    pub module: &'static str,
    /// The reject's stable name, in snake_case.
    pub name: &'static str,
    /// What is wrong and what to do.
    pub sentence: &'static str,
}

impl Registry {
    /// Takes the modules in rising order of their numbers. Validators' signatures are checked by [`Blst`].
    ///
    /// # Panics
    /// Numbers, names, domain tags or backed assets are taken twice, out of order, or the kernel's; a module's rejects are another's, or
    /// these or its kinds of events do not come in rising order under names of their own; two modules decide about validators
    /// or versions; or all shares of system calls together do not fit a block: the list of modules is code, not input.
    #[must_use]
    pub fn new(modules: Vec<Box<dyn AnyModule>>) -> Self {
        assert!(modules.iter().all(|module| module.id() > KERNEL && module.name() != KERNEL_NAME), "0 is the kernel's");
        assert!(modules.is_sorted_by(|left, right| left.id() < right.id()), "modules come in rising order");
        let names: std::collections::BTreeSet<_> = modules.iter().map(|module| module.name()).collect();
        assert!(names.len() == modules.len(), "a module's name is its own");
        modules.iter().for_each(|module| check_lists(&**module));
        check_system_shares(&modules);
        check_backed(&modules);
        check_tags(&modules);
        let starting = modules.iter().filter(|module| module.starts_versions()).count();
        assert!(starting <= 1, "one module starts protocol versions");
        let late = |module: &dyn AnyModule| module.starts_with().is_none_or(|version| version > PROTOCOL_VERSION);
        assert!(
            modules.iter().all(|module| late(&**module)),
            "chains begin with version 1: no module is started by it"
        );
        let choosing = modules.iter().filter(|module| module.chooses_validators()).count();
        assert!(choosing <= 1, "one module decides about validator sets");
        Self { modules: modules.into(), signatures: Arc::new(Blst) }
    }

    /// The same modules with another way to check validators' signatures.
    #[must_use]
    pub fn with_signatures(mut self, signatures: Arc<dyn ValidatorSignatures>) -> Self {
        self.signatures = signatures;
        self
    }

    /// The modules in order of their numbers.
    pub fn modules(&self) -> impl Iterator<Item = &dyn AnyModule> {
        self.modules.iter().map(|module| &**module)
    }

    /// The module with this number.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> Option<&dyn AnyModule> {
        let place = self.modules.binary_search_by_key(&id, |module| module.id()).ok()?;
        self.modules.get(place).map(|module| &**module)
    }

    /// Most system calls of a module in one block, and most bytes of them; zeros for a module that is not there.
    #[must_use]
    pub fn system_share(&self, module: ModuleId) -> (usize, usize) {
        self.module(module).map_or((0, 0), AnyModule::system_limits)
    }

    /// Most bytes of a body that system calls of the kernel and of these modules take.
    #[must_use]
    pub fn system_bytes(&self, modules: impl Iterator<Item = ModuleId>) -> u64 {
        let kernel = (KERNEL_CALLS_MAX, KERNEL_BYTES_MAX);
        let shares = modules.map(|module| self.system_share(module)).chain([kernel]);
        shares.map(|(calls, bytes)| system_bytes(bytes, calls)).fold(0, u64::saturating_add)
    }

    /// The modules that run, in order of their numbers.
    pub(crate) fn running(&self, running: &RunningRecord) -> impl Iterator<Item = &dyn AnyModule> {
        self.modules().filter(|module| running.has(module.id()))
    }

    /// Name and sentence of a code as receipts and errors carry it.
    #[must_use]
    pub fn describe_reject(&self, code: u32) -> Option<DescribedReject> {
        let module = ModuleId(u16::try_from(code >> 16).expect("the upper half of 32 bits has 16"));
        let number = code & 0xffff;
        let (module, rejects): (_, &[RejectDescription]) = match self.module(module) {
            Some(found) => (found.name(), found.rejects()),
            None if module == KERNEL => (KERNEL_NAME, KernelReject::ALL),
            None => return None,
        };
        let reject = rejects.iter().find(|reject| u32::from(reject.number) == number)?;
        Some(DescribedReject { module, name: reject.name, sentence: reject.sentence })
    }

    /// [`Registry::describe_reject`] of a reject at hand.
    #[must_use]
    pub fn describe(&self, reject: Reject) -> Option<DescribedReject> {
        self.describe_reject(reject.code())
    }

    /// Checks what must hold after every block over the whole state; slow, for tests and simulation.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check_invariants(&self, view: &dyn StateView) -> Result<(), String> {
        invariant::check_ledger(view)?;
        let running: RunningRecord = records::read_present(view, &keys::running());
        self.running(&running).try_for_each(|module| module.invariant(&ModuleView::new(view, module.id())))
    }

    pub(crate) fn signatures(&self) -> &dyn ValidatorSignatures {
        &*self.signatures
    }
}

/// A module's rejects are its own, and they and its kinds of events have numbers from 1 and names of their own: what a receipt carries is
/// that number.
fn check_lists(module: &dyn AnyModule) {
    let name = module.name();
    let own = module.rejects().iter().all(|reject| reject.module == module.id());
    assert!(own, "the rejects of `{name}` are those of module {}", module.id());
    let rejects = module.rejects().iter().map(|reject| (reject.number, reject.name)).collect::<Vec<_>>();
    let kinds = module.events().iter().map(|kind| (kind.kind, kind.name)).collect::<Vec<_>>();
    for (what, list) in [("rejects", rejects), ("kinds of events", kinds)] {
        let numbers: Vec<u16> = list.iter().map(|(number, _)| *number).collect();
        let is_rising = numbers.is_sorted_by(|one, next| one < next);
        assert!(is_rising && !numbers.contains(&0), "the {what} of `{name}` have numbers from 1 in rising order");
        let names: std::collections::BTreeSet<&str> = list.iter().map(|(_, name)| *name).collect();
        assert!(names.len() == list.len(), "each of the {what} of `{name}` has a name of its own");
    }
}

/// All modules together, and the kernel, leave room in a block for one another.
fn check_system_shares(modules: &[Box<dyn AnyModule>]) {
    let sum = |part: fn((usize, usize)) -> usize| {
        modules.iter().map(|module| part(module.system_limits())).fold(0_usize, usize::saturating_add)
    };
    let calls = sum(|(calls, _)| calls).saturating_add(KERNEL_CALLS_MAX);
    assert!(calls <= limits::SYSTEM_CALLS_PER_BLOCK_MAX, "{calls} system calls of all modules do not fit a block");
    let bytes = system_bytes(sum(|(_, bytes)| bytes).saturating_add(KERNEL_BYTES_MAX), calls);
    let room = u64::from(types::Limits::default().system_bytes_max);
    assert!(bytes <= room, "{bytes} bytes of system calls of all modules do not fit the {room} of a block");
}

/// An asset is backed by one module, and THR, which is money for fees, by none.
fn check_backed(modules: &[Box<dyn AnyModule>]) {
    let mut assets = std::collections::BTreeSet::from([THR]);
    let mut backed = modules.iter().flat_map(|module| module.backed());
    assert!(backed.all(|backed| assets.insert(backed.asset)), "an asset has one backer, and THR has none");
}

/// A domain tag is one module's, or the house's.
fn check_tags(modules: &[Box<dyn AnyModule>]) {
    let mut tags: std::collections::BTreeSet<_> = crypto::tags::ALL.iter().map(|(_, tag)| tag.as_bytes()).collect();
    let mut own = modules.iter().flat_map(|module| module.tags());
    assert!(own.all(|tag| tags.insert(tag.as_bytes())), "a domain tag is used for one thing");
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.modules().map(AnyModule::name)).finish()
    }
}
