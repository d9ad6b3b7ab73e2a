//! The kernel's own system calls, and the one way to any module's.
//!
//! It must not know what a proof means; `seed`, `attendance` and the modules do. Invariant: what is executed was admitted against
//! the state after the parent.

use borsh::{BorshDeserialize, BorshSerialize};
use types::{BlsSignature, ByteString, Canonical, Certificate, Height, ModuleId, SystemCall, View, limits};

use crate::check::SYSTEM_CALL_HEAD_BYTES;
use crate::context::{BlockInfo, ModuleView};
use crate::module::{Admission, AnyModule, Judge};
use crate::next_block::NextBlock;
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::view::StateView;
use crate::{attendance, seed};

/// The kernel's number.
pub const KERNEL: ModuleId = ModuleId(0);

/// Most system calls of the kernel in one block: a seed and an attendance.
pub(crate) const KERNEL_CALLS_MAX: usize = 2;
/// Most bytes of them.
pub(crate) const KERNEL_BYTES_MAX: usize = 1_024;

/// Bytes in a body of so many system calls with so many bytes together.
pub(crate) fn system_bytes(bytes: usize, calls: usize) -> u64 {
    let heads = SYSTEM_CALL_HEAD_BYTES.saturating_mul(calls as u64);
    heads.saturating_add(bytes as u64)
}

/// A finalization certificate of an ancestor, from which uptime is counted.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attendance {
    /// The ancestor's number.
    pub height: Height,
    /// A quorum's finalize votes for it.
    pub certificate: Certificate,
}

/// What the kernel admits.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum KernelSystemCall {
    /// The proposer's BLS signature over the seed preimage of the block's epoch and view.
    Seed(BlsSignature) = 0,
    /// Who finalized an ancestor.
    Attendance(Attendance) = 1,
}

impl Canonical for KernelSystemCall {
    const BYTES_MAX: usize = 1 + 8 + limits::CERTIFICATE_BYTES_MAX;
}

const _: () = assert!(KernelSystemCall::BYTES_MAX <= limits::SYSTEM_CALL_BYTES_MAX);

impl KernelSystemCall {
    /// The system call as it stands in a body.
    #[must_use]
    pub fn to_system_call(&self) -> SystemCall {
        let body = ByteString::new(self.to_canonical()).expect("the kernel's system calls are shorter than the limit");
        SystemCall { module: KERNEL, body }
    }

    /// Reads a system call of the kernel.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Reject> {
        Self::from_canonical(body).map_err(|_| KernelReject::MalformedSystemCall.into())
    }
}

/// What a system call is judged in.
pub(crate) struct Judgement<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) view: &'a dyn StateView,
    pub(crate) next: &'a NextBlock,
    pub(crate) block: &'a BlockInfo,
    /// The block's view, which a seed signs.
    pub(crate) block_view: View,
}

impl<'a> Judgement<'a> {
    /// The module with this number, if it runs.
    pub(crate) fn module(&self, id: ModuleId) -> Option<&'a dyn AnyModule> {
        self.registry.module(id).filter(|_| self.next.running.has(id))
    }

    /// Most calls and bytes that a module's system calls may take of a block.
    pub(crate) fn limits(&self, module: ModuleId) -> (usize, usize) {
        if module == KERNEL {
            return (KERNEL_CALLS_MAX, KERNEL_BYTES_MAX);
        }
        self.module(module).map_or((0, 0), AnyModule::system_limits)
    }
}

/// Who judges the system calls of one block: of each module somebody, from its first call on.
pub(crate) struct Judges<'a> {
    judgement: &'a Judgement<'a>,
    modules: Vec<(ModuleId, Box<dyn Judge + 'a>)>,
}

impl<'a> Judges<'a> {
    pub(crate) const fn new(judgement: &'a Judgement<'a>) -> Self {
        Self { judgement, modules: Vec::new() }
    }

    /// Asks the module that a system call names.
    pub(crate) fn admit(&mut self, call: &SystemCall) -> Result<Admission, Reject> {
        if call.module == KERNEL {
            return match KernelSystemCall::read(&call.body)? {
                KernelSystemCall::Seed(signature) => seed::admit(self.judgement, &signature),
                KernelSystemCall::Attendance(attendance) => attendance::admit(self.judgement, &attendance),
            };
        }
        if let Some((_, judge)) = self.modules.iter_mut().find(|(module, _)| *module == call.module) {
            return judge.admit(&call.body);
        }
        let Judgement { view, block, .. } = *self.judgement;
        let module = self.judgement.module(call.module).ok_or(KernelReject::UnknownModule)?;
        let mut judge = module.judge(ModuleView::new(view, call.module), block);
        let admitted = judge.admit(&call.body);
        self.modules.push((call.module, judge));
        admitted
    }
}
