//! Executing a block: `(state, block) -> (changes, receipts)` and nothing else.
//!
//! Order: all fees and tips, `begin_block` of every module, the wake queue, system calls, transactions, `end_block` of every
//! module, at an epoch's end the choice of validators, the kernel's own records. It must not judge validity, nor know threads or the tree. Invariants: a reject discards what
//! its transaction wrote but not its fee; each part runs alone on what those before it left; every asset is conserved, or the
//! machine stops.

use crypto::ids;
use types::{
    Address, Amount, AssetId, Event, Hash32, Header, List, ModuleId, Receipt, THR, Transaction, ValidatorSet, Weight,
};

use crate::budget::Budget;
use crate::checked::{CheckedBody, TransactionFacts};
use crate::context::{BlockInfo, Context, Report};
use crate::event::KernelEvent;
use crate::fault::Fault;
use crate::module::{AnyModule, Backed};
use crate::next_block::NextBlock;
use crate::outcome::AccountTouch;
use crate::overlay::Overlay;
use crate::records::{self, Tip};
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::system::{KERNEL, KernelSystemCall};
use crate::view::StateView;
use crate::{attendance, epoch, fee, keys, ledger, seed, wake};

/// What one module's `begin_block` or `end_block` may spend per block.
const HOOK_WEIGHT_MAX: Weight = Weight(1_000_000);

/// What a block did to the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The block's hash.
    pub hash: Hash32,
    /// Its writes.
    pub changes: crate::ChangeSet,
    /// The block's own receipt, then one per transaction.
    pub receipts: Vec<Receipt>,
    /// Commits to them.
    pub receipts_root: Hash32,
    /// Which account has to do with which receipt.
    pub accounts_touched: Vec<AccountTouch>,
}

impl Registry {
    /// Executes a valid block on the state after its parent.
    ///
    /// # Errors
    /// A [`Fault`], on which the node has to stop.
    pub fn execute(&self, view: &dyn StateView, header: &Header, body: &CheckedBody) -> Result<Execution, Fault> {
        let next = NextBlock::read(view);
        if header.parent != next.tip.hash || header.height != next.height() {
            return Err(Fault::OtherParent);
        }
        let block = next.info(header.time, header.proposer).ok_or(Fault::OtherParent)?;
        self.knows_version(view, block.version)?;
        let mut run = Run::new(self, &next, &block, view);
        let fees = run.take_fees(body)?;
        run.start_modules(self, &next);
        run.begin(body);
        let mut receipts = vec![own_receipt()];
        let mut touches = Vec::new();
        for (number, ((transaction, facts), fee)) in (1..).zip(body.transactions().zip(fees)) {
            let mut report = Report::default();
            receipts.push(run.transaction(transaction, facts, fee, &mut report));
            note_touches(&mut touches, number, report.touched);
        }
        let is_last = next.is_last(header.time);
        run.end(is_last, &next);
        run.audit()?;
        ledger::check_conservation(&run.overlay)?;
        let Run { mut overlay, report, .. } = run;
        if let Some(own) = receipts.first_mut() {
            own.events = event_list(report.events);
        }
        note_touches(&mut touches, 0, report.touched);
        touches.sort_unstable_by_key(|touch| (touch.receipt, touch.address));
        let receipts_root = ids::receipts_root(&receipts);
        let hash = ids::header_hash(header);
        let weight = body.facts().iter().fold(Weight::ZERO, |sum, facts| sum.saturating_add(facts.weight.0));
        let elapsed = header.time.saturating_sub(next.tip.time.0);
        let excess = fee::next_excess(&block.parameters.fees, next.tip.excess, weight, elapsed);
        let tip = Tip { height: header.height, hash, time: header.time, is_last, receipts_root, excess };
        overlay.write(&keys::tip(), Some(records::encode(&tip)));
        epoch::remember(&mut overlay, &block, hash);
        let changes = overlay.into_changes();
        Ok(Execution { hash, changes, receipts, receipts_root, accounts_touched: touches })
    }
}

/// A block or a transaction being executed.
pub(crate) struct Run<'r, 'v> {
    /// The modules that run, in order of their numbers.
    running: Vec<&'r dyn AnyModule>,
    pub(crate) block: &'r BlockInfo,
    pub(crate) overlay: Overlay<'v>,
    /// The block's own report.
    pub(crate) report: Report,
}

impl<'r, 'v> Run<'r, 'v> {
    /// Begins on the state after the parent.
    pub(crate) fn new(registry: &'r Registry, next: &NextBlock, block: &'r BlockInfo, view: &'v dyn StateView) -> Self {
        let running = registry.running(&next.running).collect();
        Self { running, block, overlay: Overlay::new(view), report: Report::default() }
    }

    /// The module with this number, if it runs.
    pub(crate) fn module(&self, id: ModuleId) -> Option<&'r dyn AnyModule> {
        let place = self.running.binary_search_by_key(&id, |module| module.id()).ok()?;
        self.running.get(place).copied()
    }

    /// Takes every fee and tip before anything else happens, and shares them. Returns each transaction's fee.
    fn take_fees(&mut self, body: &CheckedBody) -> Result<Vec<Amount>, Fault> {
        let (mut burned, mut ecosystem, mut tips) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
        let mut fees = Vec::with_capacity(body.facts().len());
        for (transaction, facts) in body.transactions() {
            let fee = self.take_fee(transaction, facts)?;
            let (burn, share) = fee::split(fee);
            burned = burned.checked_add(burn).ok_or(Fault::Ledger)?;
            ecosystem = ecosystem.checked_add(share).ok_or(Fault::Ledger)?;
            tips = tips.checked_add(transaction.body.tip).ok_or(Fault::Ledger)?;
            fees.push(fee);
        }
        if fees.is_empty() {
            return Ok(fees);
        }
        let to_ecosystem = self.block.parameters.fees.ecosystem;
        let to_proposer = self.block.proposer_account;
        ledger::count_burned(&mut self.overlay, KERNEL, THR, burned).map_err(|_| Fault::Ledger)?;
        ledger::credit(&mut self.overlay, THR, &to_ecosystem, ecosystem).map_err(|_| Fault::Ledger)?;
        ledger::credit(&mut self.overlay, THR, &to_proposer, tips).map_err(|_| Fault::Ledger)?;
        self.report.touched.extend([to_ecosystem, to_proposer]);
        self.report_own(&KernelEvent::FeesShared { burned, ecosystem, tips });
        Ok(fees)
    }

    /// Takes one transaction's fee and tip, and counts its nonce.
    pub(crate) fn take_fee(&mut self, transaction: &Transaction, facts: &TransactionFacts) -> Result<Amount, Fault> {
        let body = &transaction.body;
        let not_taken = Fault::FeeNotTaken { sender: body.sender };
        let fee = fee::fee(self.block.price, facts.weight);
        let charge = fee.checked_add(body.tip).ok_or(not_taken)?;
        ledger::change_account(&mut self.overlay, &body.sender, |account| {
            account.thr = account.thr.checked_sub(charge).ok_or(not_taken)?;
            account.nonce = body.nonce.checked_add(1).ok_or(not_taken)?;
            Ok(())
        })?;
        Ok(fee)
    }

    fn begin(&mut self, body: &CheckedBody) {
        for module in self.running() {
            let mut budget = Budget::new(HOOK_WEIGHT_MAX);
            self.hook(module.id(), |context| module.begin_block(context, &mut budget));
        }
        wake::drain(self);
        for call in &body.body().system_calls {
            if call.module == KERNEL {
                self.kernel_call(&call.body);
            } else if let Some(module) = self.module(call.module) {
                self.hook(call.module, |context| module.execute_system(context, &call.body));
            }
        }
    }

    /// Runs all calls of one transaction, all or nothing.
    pub(crate) fn transaction(
        &mut self,
        transaction: &Transaction,
        facts: &TransactionFacts,
        fee: Amount,
        report: &mut Report,
    ) -> Receipt {
        let sender = transaction.body.sender;
        let mut receipt =
            Receipt { id: facts.id, code: Receipt::OK, call: 0, weight: facts.weight, fee, events: List::default() };
        let part = self.overlay.begin();
        for (place, call) in (0_u8..).zip(&transaction.body.calls) {
            let result = match self.module(call.module) {
                Some(module) => {
                    let mut context = Context::new(self.block, call.module, Some(sender), &mut self.overlay, report);
                    module.execute(&mut context, sender, &call.body)
                }
                None => Err(KernelReject::UnknownModule.into()),
            };
            if let Err(reject) = result {
                self.overlay.discard(part);
                *report = Report { events: Vec::new(), touched: vec![sender] };
                receipt.code = reject.code();
                receipt.call = place;
                return receipt;
            }
        }
        self.overlay.keep(part);
        report.touched.push(sender);
        receipt.events = event_list(std::mem::take(&mut report.events));
        receipt
    }

    fn end(&mut self, is_last: bool, next: &NextBlock) {
        for module in self.running() {
            let mut budget = Budget::new(HOOK_WEIGHT_MAX);
            self.hook(module.id(), |context| module.end_block(context, &mut budget));
        }
        if is_last {
            let chosen = self.chosen_validators();
            self.fix_version(&next.epoch);
            epoch::turn(&mut self.overlay, &next.epoch, self.block, chosen.as_ref());
            self.report_own(&KernelEvent::EpochEnded { epoch: next.epoch.number });
        }
    }

    /// What the module that decides about sets says of the epoch after the next.
    fn chosen_validators(&mut self) -> Option<ValidatorSet> {
        let module = self.running.iter().copied().find(|module| module.chooses_validators())?;
        let mut budget = Budget::new(HOOK_WEIGHT_MAX);
        self.hook(module.id(), |context| module.next_validators(context, &mut budget))
    }

    fn kernel_call(&mut self, body: &[u8]) {
        match KernelSystemCall::read(body) {
            Ok(KernelSystemCall::Seed(signature)) => {
                let mix = seed::mix(&mut self.overlay, &signature, self.block.time);
                self.report_own(&KernelEvent::SeedMixed { mix });
            }
            Ok(KernelSystemCall::Attendance(attendance)) => {
                let signers = attendance::count(&mut self.overlay, &attendance);
                self.report_own(&KernelEvent::AttendanceCounted { height: attendance.height, signers });
            }
            Err(reject) => self.report_reject(KERNEL, reject),
        }
    }

    /// Runs a part of the block that belongs to a module. Its reject discards what it wrote and reported.
    pub(crate) fn hook<T: Default>(
        &mut self,
        module: ModuleId,
        work: impl FnOnce(&mut Context<'_, '_>) -> Result<T, Reject>,
    ) -> T {
        let part = self.overlay.begin();
        let (events, touched) = (self.report.events.len(), self.report.touched.len());
        match work(&mut Context::new(self.block, module, None, &mut self.overlay, &mut self.report)) {
            Ok(done) => {
                self.overlay.keep(part);
                done
            }
            Err(reject) => {
                self.overlay.discard(part);
                self.report.events.truncate(events);
                self.report.touched.truncate(touched);
                self.report_reject(module, reject);
                T::default()
            }
        }
    }

    /// What must hold after the block: what is backed exists exactly, and every module's own check.
    fn audit(&mut self) -> Result<(), Fault> {
        for module in self.running.clone() {
            let id = module.id();
            if let Some(asset) = self.unbacked(module) {
                return Err(Fault::Unbacked { asset, module: id });
            }
            let part = self.overlay.begin();
            let (events, touched) = (self.report.events.len(), self.report.touched.len());
            let audited = self.in_context(id, |context| module.audit(context));
            self.overlay.discard(part);
            self.report.events.truncate(events);
            self.report.touched.truncate(touched);
            audited.map_err(|breach| Fault::Audit { module: id, breach })?;
        }
        Ok(())
    }

    /// An asset of which there is not what the module keeps as its backing.
    pub(crate) fn unbacked(&mut self, module: &dyn AnyModule) -> Option<AssetId> {
        let backed = module.backed().iter().find(|Backed { asset, figure }| {
            let backing = self.in_context(module.id(), |context| context.get(figure));
            let backing = backing.map_or(Amount::ZERO, |bytes| records::decode(&bytes));
            ledger::supply(&mut self.overlay, *asset).map(|supply| supply.circulating()) != Some(backing)
        });
        backed.map(|backed| backed.asset)
    }

    /// The modules that run, in order of their numbers.
    pub(crate) fn running(&self) -> impl Iterator<Item = &'r dyn AnyModule> + use<'r> {
        self.running.clone().into_iter()
    }

    /// Something of a module that nobody signed and that cannot be rejected.
    pub(crate) fn in_context<T>(&mut self, module: ModuleId, work: impl FnOnce(&mut Context<'_, '_>) -> T) -> T {
        work(&mut Context::new(self.block, module, None, &mut self.overlay, &mut self.report))
    }

    pub(crate) fn report_reject(&mut self, module: ModuleId, reject: Reject) {
        self.report_own(&KernelEvent::Rejected { module, code: reject.code() });
    }

    /// The kernel's own events are few; where the receipt is full nevertheless, the report is dropped, never the work.
    pub(crate) fn report_own(&mut self, event: &KernelEvent) {
        let mut context = Context::new(self.block, KERNEL, None, &mut self.overlay, &mut self.report);
        let _dropped_when_full = context.emit(event.kind(), event);
    }
}

fn event_list(events: Vec<Event>) -> List<Event, { types::limits::EVENTS_PER_RECEIPT_MAX }> {
    List::new(events).expect("a context refuses events above the limit")
}

fn note_touches(touches: &mut Vec<AccountTouch>, receipt: u32, mut accounts: Vec<Address>) {
    accounts.sort_unstable();
    accounts.dedup();
    touches.extend(accounts.into_iter().map(|address| AccountTouch { address, receipt }));
}

/// The block's own receipt, before anything is reported.
fn own_receipt() -> Receipt {
    Receipt {
        id: Hash32::ZERO,
        code: Receipt::OK,
        call: 0,
        weight: Weight::ZERO,
        fee: Amount::ZERO,
        events: List::default(),
    }
}
