//! A release with a new rule: a module that announces a protocol version, and one that the version starts. Both exist only here.
//!
//! They go by the same doors of the kernel as modules that come later. They must not know nodes: who runs the older release
//! is the scenario's to say.

use execution::{
    AnyModule, Budget, Context, GenesisError, KernelReject, Module, NoNumbers, Reject, RejectDescription, VersionStart,
    Words,
};
use types::{Address, Epoch, Hash32, List, ModuleId, ProtocolVersion, Weight};

use super::roster::NoCall;

/// The version that begins while the network runs.
pub(crate) const VERSION: ProtocolVersion = ProtocolVersion(2);
/// Its first epoch; it is fixed two epochs earlier.
pub(crate) const BEGINS: Epoch = Epoch(3);
/// Where the module keeps how many blocks it has seen.
const BLOCKS: &[u8] = b"blocks";

/// Announces the version.
#[derive(Clone, Copy, Debug)]
struct Herald;

/// What the version starts: it counts blocks.
#[derive(Clone, Copy, Debug)]
struct Counter;

/// What the older release runs besides the product's modules.
pub(crate) fn older() -> Vec<Box<dyn AnyModule>> {
    vec![Box::new(Herald)]
}

/// What the newer release runs besides the product's modules.
pub(crate) fn newer() -> Vec<Box<dyn AnyModule>> {
    vec![Box::new(Herald), Box::new(Counter)]
}

impl Module for Herald {
    const ID: ModuleId = ModuleId(u16::MAX - 2);
    const NAME: &'static str = "herald";
    const REJECTS: &'static [RejectDescription] = &[];
    const STARTS_VERSIONS: bool = true;
    type Genesis = NoNumbers;
    type Call = NoCall;

    fn genesis(&self, _section: NoNumbers, _context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        Ok(())
    }

    fn check(&self, _call: &NoCall) -> Result<Weight, Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn say(&self, _call: &NoCall, _words: &dyn Words) -> String {
        "nothing".to_owned()
    }

    fn execute(&self, _context: &mut Context<'_, '_>, _sender: Address, _call: NoCall) -> Result<(), Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn start_version(&self, context: &mut Context<'_, '_>) -> Result<Option<VersionStart>, Reject> {
        let releases = List::new(vec![Hash32([0x5a; 32])]).expect("one");
        let start = VersionStart { version: VERSION, epoch: BEGINS, releases };
        Ok((context.block().epoch == Epoch(BEGINS.0 - 2)).then_some(start))
    }
}

impl Module for Counter {
    const ID: ModuleId = ModuleId(u16::MAX - 1);
    const NAME: &'static str = "counter";
    const REJECTS: &'static [RejectDescription] = &[];
    const STARTS_WITH: Option<ProtocolVersion> = Some(VERSION);
    type Genesis = NoNumbers;
    type Call = NoCall;

    fn genesis(&self, _section: NoNumbers, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        context.put(BLOCKS, 0_u64.to_be_bytes().to_vec());
        Ok(())
    }

    fn check(&self, _call: &NoCall) -> Result<Weight, Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn say(&self, _call: &NoCall, _words: &dyn Words) -> String {
        "nothing".to_owned()
    }

    fn execute(&self, _context: &mut Context<'_, '_>, _sender: Address, _call: NoCall) -> Result<(), Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn end_block(&self, context: &mut Context<'_, '_>, _budget: &mut Budget) -> Result<(), Reject> {
        let counted = context.get(BLOCKS).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
        context.put(BLOCKS, (counted + 1).to_be_bytes().to_vec());
        Ok(())
    }
}

/// How many blocks the module has seen, if it runs.
pub(crate) fn counted(registry: &execution::Registry, state: &dyn execution::StateView) -> Option<u64> {
    let bytes = registry.view(state, Counter::ID)?.get(BLOCKS)?;
    Some(u64::from_be_bytes(bytes.to_vec().try_into().ok()?))
}
