//! What a module sees: the block it is in, its own state, the ledger, and nothing else.
//!
//! It must not give a module another module's state, what is final, a clock or entropy. Invariants: state is namespaced by the
//! module's id; a scan is bounded; events are bounded in number and length.

use borsh::BorshSerialize;
use types::{
    Address, Amount, AssetId, ByteString, ChainId, Epoch, Event, Hash32, Height, ModuleId, Nonce, Parameters,
    ProtocolVersion, TimeMs, ValidatorIndex, limits,
};

use crate::elsewhere::Elsewhere;
use crate::keys;
use crate::ledger;
use crate::overlay::Overlay;
use crate::records::{self, AccountRecord, AllowanceRecord, Ancestor, RunningRecord, Supply, Tip};
use crate::reject::{KernelReject, Reject};
use crate::short_bytes::ShortBytes;
use crate::view::StateView;

/// Most pairs that a module may get from one scan.
pub const SCAN_MAX: usize = 1_024;

/// A transfer without a memo has so many bytes, so that reporting it takes one piece of memory of the right size.
const EVENT_BYTES_USUAL: usize = 69;

/// The block that is being executed or judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockInfo {
    /// The chain.
    pub chain_id: ChainId,
    /// Rules in numbers.
    pub parameters: Parameters,
    /// The rules that hold.
    pub version: ProtocolVersion,
    /// The block's number.
    pub height: Height,
    /// Its parent.
    pub parent: Hash32,
    /// Its time.
    pub time: TimeMs,
    /// Its epoch.
    pub epoch: Epoch,
    /// Who proposed it.
    pub proposer: ValidatorIndex,
    /// Where the proposer's tips go.
    pub proposer_account: Address,
    /// Fee per weight, in µTHR with 32 fractional bits.
    pub price: u128,
    /// The seed mix after the parent.
    pub seed_mix: Hash32,
}

/// What a part of a block reports.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) events: Vec<Event>,
    pub(crate) touched: Vec<Address>,
}

/// A module's hands while it executes.
pub struct Context<'a, 'v> {
    block: &'a BlockInfo,
    module: ModuleId,
    /// Whose signed call is carried out, if one is.
    signer: Option<Address>,
    overlay: &'a mut Overlay<'v>,
    report: &'a mut Report,
}

impl<'a, 'v> Context<'a, 'v> {
    pub(crate) const fn new(
        block: &'a BlockInfo,
        module: ModuleId,
        signer: Option<Address>,
        overlay: &'a mut Overlay<'v>,
        report: &'a mut Report,
    ) -> Self {
        Self { block, module, signer, overlay, report }
    }

    /// Nobody's money moves but by a call that its owner signed.
    fn signed_by(&self, account: &Address) -> Result<(), Reject> {
        if self.signer.as_ref() == Some(account) { Ok(()) } else { Err(KernelReject::NotSigned.into()) }
    }

    /// The block.
    #[must_use]
    pub const fn block(&self) -> &BlockInfo {
        self.block
    }

    /// The value under a key of this module.
    pub fn get(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.overlay.read(&namespaced(self.module, key), |value| value.map(<[u8]>::to_vec))
    }

    /// Writes under a key of this module.
    pub fn put(&mut self, key: &[u8], value: Vec<u8>) {
        self.overlay.write(&namespaced(self.module, key), Some(value.into()));
    }

    /// Deletes a key of this module.
    pub fn delete(&mut self, key: &[u8]) {
        self.overlay.write(&namespaced(self.module, key), None);
    }

    /// At most `limit` (and [`SCAN_MAX`]) pairs of this module with this prefix, not below `from`, in rising order of their keys.
    pub fn scan(&mut self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (prefix, from) = (namespaced(self.module, prefix), namespaced(self.module, from));
        without_namespace(self.overlay.scan(&prefix, &from, limit.min(SCAN_MAX)))
    }

    /// Reports an event; `kind` is a stable number of this module.
    ///
    /// # Errors
    /// The receipt is full, or the event is too long.
    pub fn emit(&mut self, kind: u16, event: &impl BorshSerialize) -> Result<(), Reject> {
        if self.report.events.len() >= limits::EVENTS_PER_RECEIPT_MAX {
            return Err(KernelReject::TooManyEvents.into());
        }
        let body = ByteString::new(event_bytes(event)).map_err(|_| KernelReject::EventTooLong)?;
        self.report.events.push(Event { module: self.module, kind, body });
        Ok(())
    }

    /// What an account owns of an asset.
    pub fn balance(&mut self, asset: AssetId, address: &Address) -> Amount {
        ledger::balance(self.overlay, asset, address)
    }

    /// What was issued and burned of an asset.
    pub fn supply(&mut self, asset: AssetId) -> Option<Supply> {
        ledger::supply(self.overlay, asset)
    }

    /// Moves units between accounts.
    ///
    /// # Errors
    /// `from` has not signed the call that is carried out, or its balance does not cover it.
    pub fn transfer(&mut self, asset: AssetId, from: &Address, to: &Address, amount: Amount) -> Result<(), Reject> {
        self.signed_by(from)?;
        ledger::transfer(self.overlay, asset, from, to, amount)?;
        self.report.touched.extend([*from, *to]);
        Ok(())
    }

    /// Issues new units to an account. Whether that is allowed is for the module to know.
    ///
    /// # Errors
    /// The asset is unknown or another module's, or the cap would be exceeded.
    pub fn mint(&mut self, asset: AssetId, to: &Address, amount: Amount) -> Result<(), Reject> {
        ledger::mint(self.overlay, self.module, asset, to, amount)?;
        self.report.touched.push(*to);
        Ok(())
    }

    /// Destroys units of an account.
    ///
    /// # Errors
    /// The account has not signed the call that is carried out, its balance does not cover it, or the asset is another module's.
    pub fn burn(&mut self, asset: AssetId, from: &Address, amount: Amount) -> Result<(), Reject> {
        self.signed_by(from)?;
        ledger::burn(self.overlay, self.module, asset, from, amount)?;
        self.report.touched.push(*from);
        Ok(())
    }

    /// Moves units of an account into this module's escrow under `pot`.
    ///
    /// # Errors
    /// The account has not signed the call that is carried out, or its balance does not cover it.
    pub fn lock(&mut self, asset: AssetId, from: &Address, pot: &[u8], amount: Amount) -> Result<(), Reject> {
        self.signed_by(from)?;
        ledger::lock(self.overlay, asset, from, &ledger::pot(asset, self.module, pot), amount)?;
        self.report.touched.push(*from);
        Ok(())
    }

    /// What this module may still take of an account in the present span, by an allowance of the genesis; without one, nothing.
    pub fn allowed(&mut self, asset: AssetId, from: &Address) -> Amount {
        self.allowance(asset, from).map_or(Amount::ZERO, |allowance| allowance.left)
    }

    /// Moves units of an account into this module's escrow under `pot`, by an allowance of the genesis.
    ///
    /// # Errors
    /// The allowance or the balance does not cover it.
    pub fn draw(&mut self, asset: AssetId, from: &Address, pot: &[u8], amount: Amount) -> Result<(), Reject> {
        let mut allowance = self.allowance(asset, from).ok_or(KernelReject::NotAllowed)?;
        allowance.left = allowance.left.checked_sub(amount).ok_or(KernelReject::NotAllowed)?;
        let key = keys::allowance(self.module, from, asset);
        ledger::lock(self.overlay, asset, from, &ledger::pot(asset, self.module, pot), amount)?;
        self.overlay.write(&key, Some(records::encode(&allowance)));
        self.report.touched.push(*from);
        Ok(())
    }

    /// This module's allowance of an account, as it stands in the present span.
    fn allowance(&mut self, asset: AssetId, from: &Address) -> Option<AllowanceRecord> {
        let key = keys::allowance(self.module, from, asset);
        let allowance: AllowanceRecord = self.overlay.read(&key, |bytes| bytes.map(records::decode))?;
        let span = self.block.time.saturating_sub(allowance.from.0).0.checked_div(allowance.span_ms)?;
        if span == allowance.span {
            return Some(allowance);
        }
        let left = allowance.share_of(ledger::balance(self.overlay, asset, from));
        Some(AllowanceRecord { span, left, ..allowance })
    }

    /// State of other modules, for the adapters that join a reader's port with another module.
    pub fn elsewhere(&mut self) -> Elsewhere<'_> {
        Elsewhere::of_overlay(self.overlay)
    }

    /// Moves units from this module's escrow under `pot` to an account.
    ///
    /// # Errors
    /// Less is held there.
    pub fn release(&mut self, asset: AssetId, pot: &[u8], to: &Address, amount: Amount) -> Result<(), Reject> {
        ledger::release(self.overlay, asset, &ledger::pot(asset, self.module, pot), to, amount)?;
        self.report.touched.push(*to);
        Ok(())
    }

    /// Issues new units into this module's escrow under `pot`. Whether that is allowed is for the module to know.
    ///
    /// # Errors
    /// The asset is unknown or another module's, or the cap would be exceeded.
    pub fn mint_into(&mut self, asset: AssetId, pot: &[u8], amount: Amount) -> Result<(), Reject> {
        ledger::mint_into(self.overlay, self.module, asset, &ledger::pot(asset, self.module, pot), amount)
    }

    /// Destroys units of this module's escrow under `pot`.
    ///
    /// # Errors
    /// Less is held there.
    pub fn burn_from(&mut self, asset: AssetId, pot: &[u8], amount: Amount) -> Result<(), Reject> {
        ledger::burn_from(self.overlay, self.module, asset, &ledger::pot(asset, self.module, pot), amount)
    }

    /// Moves units between two pots of this module.
    ///
    /// # Errors
    /// Less is held in the first.
    pub fn move_between(&mut self, asset: AssetId, from: &[u8], to: &[u8], amount: Amount) -> Result<(), Reject> {
        let (from, to) = (ledger::pot(asset, self.module, from), ledger::pot(asset, self.module, to));
        ledger::move_between(self.overlay, &from, &to, amount)
    }

    /// What this module's escrow holds under `pot`.
    pub fn escrowed(&mut self, asset: AssetId, pot: &[u8]) -> Amount {
        ledger::amount_at(self.overlay, &ledger::pot(asset, self.module, pot))
    }

    /// Begins an asset with a cap on everything ever issued.
    ///
    /// # Errors
    /// The number is taken.
    pub fn open_asset(&mut self, asset: AssetId, cap: Amount) -> Result<(), Reject> {
        ledger::open(self.overlay, asset, cap)
    }

    /// Asks for a call of the module's `wake` in the first block at or after `time` that has room for it.
    pub fn wake_at(&mut self, time: TimeMs, key: &[u8]) {
        self.overlay.write(&keys::wake(time, self.module, key), Some(ShortBytes::default()));
    }

    /// Hash, time and epoch of one of the last [`keys::ANCESTORS_MAX`] blocks.
    pub fn ancestor(&mut self, height: Height) -> Option<Ancestor> {
        let ancestor = self.overlay.read(&keys::ancestor(height), |bytes| bytes.map(records::decode));
        ancestor.filter(|ancestor: &Ancestor| ancestor.height == height)
    }
}

/// A module's eyes where nothing may be written: its own state and the ledger.
#[derive(Clone, Copy)]
pub struct ModuleView<'a> {
    view: &'a dyn StateView,
    module: ModuleId,
}

impl<'a> ModuleView<'a> {
    /// The state of one module.
    #[must_use]
    pub const fn new(view: &'a dyn StateView, module: ModuleId) -> Self {
        Self { view, module }
    }

    /// Whether the module runs on this chain; if not, its keys are empty.
    #[must_use]
    pub fn runs(&self) -> bool {
        let running: Option<RunningRecord> = records::read(self.view, &keys::running());
        running.is_some_and(|running| running.has(self.module))
    }

    /// The time of the newest block of this state.
    ///
    /// # Panics
    /// On a state that no chain has begun.
    #[must_use]
    pub fn time(&self) -> TimeMs {
        let tip: Tip = records::read_present(self.view, &keys::tip());
        tip.time
    }

    /// The value under a key of this module.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.view.get(&namespaced(self.module, key)).map(Vec::from)
    }

    /// As [`Context::scan`].
    #[must_use]
    pub fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (prefix, from) = (namespaced(self.module, prefix), namespaced(self.module, from));
        without_namespace(self.view.scan(&prefix, &from, limit.min(SCAN_MAX)))
    }

    /// State of other modules, for the adapters that join a reader's port with another module.
    #[must_use]
    pub const fn elsewhere(&self) -> Elsewhere<'a> {
        Elsewhere::of_view(self.view)
    }

    /// What an account owns of an asset.
    #[must_use]
    pub fn balance(&self, asset: AssetId, address: &Address) -> Amount {
        if asset == types::THR {
            return account_record(self.view, address).thr;
        }
        records::read(self.view, &keys::balance(asset, address)).unwrap_or_default()
    }

    /// An account's nonce.
    #[must_use]
    pub fn nonce(&self, address: &Address) -> Nonce {
        account_record(self.view, address).nonce
    }

    /// What was issued and burned of an asset.
    #[must_use]
    pub fn supply(&self, asset: AssetId) -> Option<Supply> {
        records::read(self.view, &keys::supply(asset))
    }

    /// What this module's escrow holds under `pot`.
    #[must_use]
    pub fn escrowed(&self, asset: AssetId, pot: &[u8]) -> Amount {
        records::read(self.view, &keys::escrow(asset, self.module, pot)).unwrap_or_default()
    }

    /// Hash, time and epoch of one of the last [`keys::ANCESTORS_MAX`] blocks.
    #[must_use]
    pub fn ancestor(&self, height: Height) -> Option<Ancestor> {
        records::ancestor(self.view, height)
    }
}

/// An account's nonce and THR; of an account never used, zeros.
#[must_use]
pub fn account_record(view: &dyn StateView, address: &Address) -> AccountRecord {
    records::read(view, &keys::account(address)).unwrap_or_default()
}

fn namespaced(module: ModuleId, key: &[u8]) -> ShortBytes {
    ShortBytes::joined(&module.0.to_be_bytes(), key)
}

/// Receipts are kept in memory for a while, so an event takes no more of it than it needs.
fn event_bytes(event: &impl BorshSerialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(EVENT_BYTES_USUAL);
    event.serialize(&mut bytes).expect("writing to memory cannot fail");
    bytes.shrink_to_fit();
    bytes
}

fn without_namespace(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let strip = |(key, value): (Vec<u8>, Vec<u8>)| (key.get(2..).unwrap_or_default().to_vec(), value);
    pairs.into_iter().map(strip).collect()
}
