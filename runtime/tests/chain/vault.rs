//! A module that exists only in tests: it holds pots, backs an asset, is given an allowance, tries to take what it may not, and reads
//! another module through a port of its own.

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::tags::Tag;
use execution::{
    Backed, Budget, Context, Elsewhere, GenesisError, Module, NoNumbers, Reject, RejectDescription, VersionStart, Words,
};
use serde::Serialize;
use types::{
    Address, Amount, AssetId, ByteString, Call, Canonical, Epoch, Hash32, List, ModuleId, ProtocolVersion, WBTC, Weight,
};

pub const VAULT: ModuleId = ModuleId(20);
/// What it keeps of its backing.
pub const FIGURE: &[u8] = b"figure";

/// What the vault wants to know of another module. It owns the port; who knows both sides implements it.
pub trait Symbols: Send + Sync {
    /// What an asset is called.
    fn symbol(&self, there: &mut Elsewhere<'_>, asset: AssetId) -> Option<Vec<u8>>;
}

execution::rejects! {
    /// What this module rejects.
    pub enum VaultReject of VAULT;
    1 NoSymbol "no_symbol" "the other module knows no such asset, or does not run"
}

pub struct Vault {
    pub symbols: &'static dyn Symbols,
}

/// What is tried without anybody's signature, at the end of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub enum Deed {
    Transfer { from: Address, to: Address, amount: Amount },
    Burn { from: Address, amount: Amount },
    Lock { from: Address, amount: Amount },
    Draw { from: Address, amount: Amount },
}

#[derive(Clone, Debug, BorshSerialize, BorshDeserialize, Serialize)]
pub enum VaultCall {
    Fill { asset: AssetId, pot: u8, amount: Amount },
    Empty { asset: AssetId, pot: u8, amount: Amount },
    Move { asset: AssetId, from: u8, to: u8, amount: Amount },
    Release { asset: AssetId, pot: u8, to: Address, amount: Amount },
    AtEnd(Deed),
    Steal { from: Address, amount: Amount },
    Issue { to: Address, amount: Amount, noted: Amount },
    Redeem { amount: Amount },
    Spoil,
    Ask { asset: AssetId },
    FixVersion { version: ProtocolVersion, epoch: Epoch },
}

impl Canonical for VaultCall {
    const BYTES_MAX: usize = 128;
}

impl VaultCall {
    pub fn to_call(&self) -> Call {
        Call { module: VAULT, body: ByteString::new(self.to_canonical()).expect("short") }
    }
}

fn figure(context: &mut Context<'_, '_>) -> u128 {
    context.get(FIGURE).map_or(0, |bytes| Amount::try_from_slice(&bytes).expect("an amount").0)
}

fn note(context: &mut Context<'_, '_>, figure: u128) {
    context.put(FIGURE, borsh::to_vec(&Amount(figure)).expect("memory"));
}

impl Module for Vault {
    const ID: ModuleId = VAULT;
    const NAME: &'static str = "vault";
    const REJECTS: &'static [RejectDescription] = VaultReject::ALL;
    const BACKED: &'static [Backed] = &[Backed { asset: WBTC, figure: FIGURE }];
    const TAGS: &'static [Tag] = &[Tag::new("thronos/vault")];
    const STARTS_VERSIONS: bool = true;
    type Genesis = NoNumbers;
    type Call = VaultCall;

    fn genesis(&self, _: NoNumbers, _: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        Ok(())
    }

    fn check(&self, _: &VaultCall) -> Result<Weight, Reject> {
        Ok(Weight(100))
    }

    fn say(&self, call: &VaultCall, _: &dyn Words) -> String {
        format!("{call:?}")
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: VaultCall) -> Result<(), Reject> {
        match call {
            VaultCall::Fill { asset, pot, amount } => context.mint_into(asset, &[pot], amount),
            VaultCall::Empty { asset, pot, amount } => context.burn_from(asset, &[pot], amount),
            VaultCall::Move { asset, from, to, amount } => context.move_between(asset, &[from], &[to], amount),
            VaultCall::Release { asset, pot, to, amount } => context.release(asset, &[pot], &to, amount),
            VaultCall::AtEnd(deed) => {
                context.put(b"deed", borsh::to_vec(&deed).expect("memory"));
                Ok(())
            }
            VaultCall::Steal { from, amount } => context.transfer(types::THR, &from, &sender, amount),
            VaultCall::Issue { to, amount, noted } => {
                context.mint(WBTC, &to, amount)?;
                let sum = figure(context) + noted.0;
                note(context, sum);
                Ok(())
            }
            VaultCall::Redeem { amount } => {
                context.burn(WBTC, &sender, amount)?;
                let rest = figure(context) - amount.0;
                note(context, rest);
                Ok(())
            }
            VaultCall::Spoil => {
                context.put(b"spoiled", vec![1]);
                Ok(())
            }
            VaultCall::Ask { asset } => {
                let symbol = self.symbols.symbol(&mut context.elsewhere(), asset).ok_or(VaultReject::NoSymbol)?;
                context.emit(1, &symbol)
            }
            VaultCall::FixVersion { version, epoch } => {
                context.put(b"version", borsh::to_vec(&(version, epoch)).expect("memory"));
                Ok(())
            }
        }
    }

    fn end_block(&self, context: &mut Context<'_, '_>, _: &mut Budget) -> Result<(), Reject> {
        let Some(deed) = context.get(b"deed") else { return Ok(()) };
        match Deed::try_from_slice(&deed).expect("a deed") {
            Deed::Transfer { from, to, amount } => context.transfer(types::THR, &from, &to, amount),
            Deed::Burn { from, amount } => context.burn(types::THR, &from, amount),
            Deed::Lock { from, amount } => context.lock(types::THR, &from, b"loot", amount),
            Deed::Draw { from, amount } => context.draw(types::THR, &from, b"drawn", amount),
        }
    }

    fn audit(&self, context: &mut Context<'_, '_>) -> Result<(), &'static str> {
        context.put(b"never-seen", vec![1]);
        let is_spoiled = context.get(b"spoiled").is_some();
        if is_spoiled { Err("the vault is spoiled") } else { Ok(()) }
    }

    fn start_version(&self, context: &mut Context<'_, '_>) -> Result<Option<VersionStart>, Reject> {
        let Some(asked) = context.get(b"version") else { return Ok(None) };
        context.delete(b"version");
        let (version, epoch) = BorshDeserialize::try_from_slice(&asked).expect("as it was written");
        let releases = List::new(vec![Hash32([0xab; 32])]).expect("one");
        Ok(Some(VersionStart { version, epoch, releases }))
    }
}
