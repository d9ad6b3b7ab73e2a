//! The ledger: balances, mint, burn and escrow of every asset, and the proof that a block conserved each of them.
//!
//! It must not know who may mint or why something moves; modules decide that. Invariants: no balance goes below zero or wraps;
//! what was ever issued of an asset never exceeds its cap; for each asset and block, the gain of balances and escrow is what was
//! minted less what was burned. The last is checked from the old and new values alone, so a mistake here cannot hide itself.

use std::collections::BTreeMap;

use types::canary::{Canary, planted};
use types::{Address, Amount, AssetId, ModuleId, THR};

use crate::fault::Fault;
use crate::keys::{self, Holding};
use crate::overlay::Overlay;
use crate::records::{self, AccountRecord, Supply};
use crate::reject::{KernelReject, Reject};

/// A move between two accounts. To itself it changes nothing, but the balance must cover it.
pub(crate) fn transfer(
    overlay: &mut Overlay<'_>,
    asset: AssetId,
    from: &Address,
    to: &Address,
    amount: Amount,
) -> Result<(), Reject> {
    debit(overlay, asset, from, amount)?;
    credit(overlay, asset, to, amount)
}

/// Issues new units to an account, up to the asset's cap.
pub(crate) fn mint(
    overlay: &mut Overlay<'_>,
    by: ModuleId,
    asset: AssetId,
    to: &Address,
    amount: Amount,
) -> Result<(), Reject> {
    count_issued(overlay, by, asset, amount)?;
    credit(overlay, asset, to, amount)
}

/// Issues new units into a module's escrow, up to the asset's cap.
pub(crate) fn mint_into(
    overlay: &mut Overlay<'_>,
    by: ModuleId,
    asset: AssetId,
    pot: &[u8],
    amount: Amount,
) -> Result<(), Reject> {
    count_issued(overlay, by, asset, amount)?;
    put(overlay, pot, amount)
}

/// Destroys units of a module's escrow.
pub(crate) fn burn_from(
    overlay: &mut Overlay<'_>,
    by: ModuleId,
    asset: AssetId,
    pot: &[u8],
    amount: Amount,
) -> Result<(), Reject> {
    take(overlay, pot, amount)?;
    count_burned(overlay, by, asset, amount)
}

/// Moves units between two pots of a module. To itself it changes nothing, but the pot must cover it.
pub(crate) fn move_between(overlay: &mut Overlay<'_>, from: &[u8], to: &[u8], amount: Amount) -> Result<(), Reject> {
    take(overlay, from, amount)?;
    put(overlay, to, amount)
}

/// Notes units as issued, up to the asset's cap.
fn count_issued(overlay: &mut Overlay<'_>, by: ModuleId, asset: AssetId, amount: Amount) -> Result<(), Reject> {
    let mut supply = supply_for(overlay, by, asset)?;
    supply.issued = supply.issued.checked_add(amount).ok_or(KernelReject::CapExceeded)?;
    if supply.issued > supply.cap && !planted(Canary::SupplyUnchecked) {
        return Err(KernelReject::CapExceeded.into());
    }
    set_supply(overlay, asset, &supply);
    Ok(())
}

/// Destroys units of an account.
pub(crate) fn burn(
    overlay: &mut Overlay<'_>,
    by: ModuleId,
    asset: AssetId,
    from: &Address,
    amount: Amount,
) -> Result<(), Reject> {
    debit(overlay, asset, from, amount)?;
    count_burned(overlay, by, asset, amount)
}

/// Notes units as burned that were already taken from an account.
pub(crate) fn count_burned(
    overlay: &mut Overlay<'_>,
    by: ModuleId,
    asset: AssetId,
    amount: Amount,
) -> Result<(), Reject> {
    let mut supply = supply_for(overlay, by, asset)?;
    supply.burned = supply.burned.checked_add(amount).ok_or(KernelReject::AmountOverflow)?;
    set_supply(overlay, asset, &supply);
    Ok(())
}

/// The supply of an asset that this module may issue and burn.
fn supply_for(overlay: &mut Overlay<'_>, by: ModuleId, asset: AssetId) -> Result<Supply, Reject> {
    let supply = supply(overlay, asset).ok_or(KernelReject::UnknownAsset)?;
    let may = supply.backer.is_none_or(|backer| backer == by) || planted(Canary::SupplyUnchecked);
    if may { Ok(supply) } else { Err(KernelReject::NotBacker.into()) }
}

/// Binds an asset to the one module that issues and burns it from now on; whether it was there and free.
pub(crate) fn bind(overlay: &mut Overlay<'_>, asset: AssetId, backer: ModuleId) -> bool {
    match supply(overlay, asset) {
        Some(supply) if supply.backer.is_none_or(|bound| bound == backer) => {
            set_supply(overlay, asset, &Supply { backer: Some(backer), ..supply });
            true
        }
        _ => false,
    }
}

/// Moves units from an account into a module's escrow.
pub(crate) fn lock(
    overlay: &mut Overlay<'_>,
    asset: AssetId,
    from: &Address,
    pot: &[u8],
    amount: Amount,
) -> Result<(), Reject> {
    debit(overlay, asset, from, amount)?;
    put(overlay, pot, amount)
}

/// Moves units from a module's escrow to an account.
pub(crate) fn release(
    overlay: &mut Overlay<'_>,
    asset: AssetId,
    pot: &[u8],
    to: &Address,
    amount: Amount,
) -> Result<(), Reject> {
    take(overlay, pot, amount)?;
    credit(overlay, asset, to, amount)
}

fn put(overlay: &mut Overlay<'_>, pot: &[u8], amount: Amount) -> Result<(), Reject> {
    change_amount(overlay, pot, |held| held.checked_add(amount).ok_or(KernelReject::AmountOverflow))
}

fn take(overlay: &mut Overlay<'_>, pot: &[u8], amount: Amount) -> Result<(), Reject> {
    change_amount(overlay, pot, |held| held.checked_sub(amount).ok_or(KernelReject::InsufficientEscrow))
}

/// Begins an asset of which nothing is issued yet.
pub(crate) fn open(overlay: &mut Overlay<'_>, asset: AssetId, cap: Amount) -> Result<(), Reject> {
    if supply(overlay, asset).is_some() {
        return Err(KernelReject::AssetExists.into());
    }
    set_supply(overlay, asset, &Supply::empty(cap));
    Ok(())
}

/// What an account owns of an asset.
pub(crate) fn balance(overlay: &mut Overlay<'_>, asset: AssetId, address: &Address) -> Amount {
    if asset == THR { account(overlay, address).thr } else { amount_at(overlay, &keys::balance(asset, address)) }
}

/// An account's nonce and THR; of an account never used, zeros.
pub(crate) fn account(overlay: &mut Overlay<'_>, address: &Address) -> AccountRecord {
    overlay.read(&keys::account(address), |bytes| bytes.map(records::decode).unwrap_or_default())
}

/// Changes an account's nonce and THR, unless `change` refuses.
pub(crate) fn change_account<E>(
    overlay: &mut Overlay<'_>,
    address: &Address,
    change: impl FnOnce(&mut AccountRecord) -> Result<(), E>,
) -> Result<(), E> {
    overlay.update(&keys::account(address), |bytes| {
        let mut record: AccountRecord = bytes.map(records::decode).unwrap_or_default();
        change(&mut record)?;
        Ok((record != AccountRecord::default()).then(|| records::encode(&record)))
    })
}

/// What was issued and burned of an asset.
pub(crate) fn supply(overlay: &mut Overlay<'_>, asset: AssetId) -> Option<Supply> {
    overlay.read(&keys::supply(asset), |bytes| bytes.map(records::decode))
}

/// What a key of a single amount holds.
pub(crate) fn amount_at(overlay: &mut Overlay<'_>, key: &[u8]) -> Amount {
    overlay.read(key, |bytes| bytes.map(records::decode).unwrap_or_default())
}

/// Gives units to an account.
pub(crate) fn credit(overlay: &mut Overlay<'_>, asset: AssetId, to: &Address, amount: Amount) -> Result<(), Reject> {
    let add = |held: Amount| held.checked_add(amount).ok_or(KernelReject::AmountOverflow);
    change_balance(overlay, asset, to, add)
}

fn debit(overlay: &mut Overlay<'_>, asset: AssetId, from: &Address, amount: Amount) -> Result<(), Reject> {
    let take = |held: Amount| held.checked_sub(amount).ok_or(KernelReject::InsufficientBalance);
    change_balance(overlay, asset, from, take)
}

fn change_balance(
    overlay: &mut Overlay<'_>,
    asset: AssetId,
    address: &Address,
    change: impl FnOnce(Amount) -> Result<Amount, KernelReject>,
) -> Result<(), Reject> {
    if asset != THR {
        return change_amount(overlay, &keys::balance(asset, address), change);
    }
    change_account(overlay, address, |record| {
        record.thr = change(record.thr)?;
        Ok(())
    })
}

fn change_amount(
    overlay: &mut Overlay<'_>,
    key: &[u8],
    change: impl FnOnce(Amount) -> Result<Amount, KernelReject>,
) -> Result<(), Reject> {
    overlay.update(key, |bytes| {
        let amount = change(bytes.map(records::decode).unwrap_or_default())?;
        Ok((!amount.is_zero()).then(|| records::encode(&amount)))
    })
}

fn set_supply(overlay: &mut Overlay<'_>, asset: AssetId, supply: &Supply) {
    overlay.write(&keys::supply(asset), Some(records::encode(supply)));
}

/// The escrow key of a module's pot.
pub(crate) fn pot(asset: AssetId, module: ModuleId, key: &[u8]) -> Vec<u8> {
    keys::escrow(asset, module, key)
}

/// One asset's sums over everything that differs.
#[derive(Default)]
struct Sums {
    held_before: u128,
    held_after: u128,
    issued: u128,
    burned: u128,
}

/// Checks that every asset was conserved by what the overlay holds.
pub(crate) fn check_conservation(overlay: &Overlay<'_>) -> Result<(), Fault> {
    let mut assets: BTreeMap<AssetId, Sums> = BTreeMap::new();
    for (key, before, after) in overlay.differences() {
        let Some(holding) = keys::holding(key) else { continue };
        let (asset, kept) = match holding {
            Holding::Account => {
                let thr = |bytes: Option<&[u8]>| bytes.map_or(0, |bytes| records::decode::<AccountRecord>(bytes).thr.0);
                (THR, add_held(assets.entry(THR).or_default(), thr(before), thr(after)))
            }
            Holding::Balance(asset) | Holding::Escrow(asset) => {
                let amount = |bytes: Option<&[u8]>| bytes.map_or(0, |bytes| records::decode::<Amount>(bytes).0);
                (asset, add_held(assets.entry(asset).or_default(), amount(before), amount(after)))
            }
            Holding::Supply(asset) => (asset, set_supplied(assets.entry(asset).or_default(), before, after)),
        };
        kept.ok_or(Fault::Conservation { asset })?;
    }
    for (asset, sums) in assets {
        let gained = sums.held_before.checked_add(sums.issued);
        let expected = sums.held_after.checked_add(sums.burned);
        if gained.is_none() || gained != expected {
            return Err(Fault::Conservation { asset });
        }
    }
    Ok(())
}

fn add_held(sums: &mut Sums, before: u128, after: u128) -> Option<()> {
    sums.held_before = sums.held_before.checked_add(before)?;
    sums.held_after = sums.held_after.checked_add(after)?;
    Some(())
}

/// Issued and burned only grow, a cap never changes, and an asset that is backed stays so.
fn set_supplied(sums: &mut Sums, before: Option<&[u8]>, after: Option<&[u8]>) -> Option<()> {
    let after: Supply = records::decode(after?);
    let before = before.map_or(Supply::empty(after.cap), records::decode);
    let keeps_backer = before.backer.is_none() || before.backer == after.backer;
    if before.cap != after.cap || !keeps_backer {
        return None;
    }
    sums.issued = after.issued.checked_sub(before.issued)?.0;
    sums.burned = after.burned.checked_sub(before.burned)?.0;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::KERNEL;
    use crate::view::MemoryState;

    const ALICE: Address = Address([1; 20]);
    const BOB: Address = Address([2; 20]);
    const GOLD: AssetId = AssetId(1_000);

    fn funded(view: &MemoryState) -> Overlay<'_> {
        let mut overlay = Overlay::new(view);
        open(&mut overlay, THR, Amount(1_000)).expect("new");
        open(&mut overlay, GOLD, Amount(50)).expect("new");
        mint(&mut overlay, KERNEL, THR, &ALICE, Amount(600)).expect("below the cap");
        mint(&mut overlay, KERNEL, GOLD, &ALICE, Amount(50)).expect("at the cap");
        overlay
    }

    // FAULTS E6
    #[test]
    fn a_transfer_to_oneself_is_neutral_but_must_be_covered() {
        let view = MemoryState::default();
        let mut overlay = funded(&view);
        for asset in [THR, GOLD] {
            let before = balance(&mut overlay, asset, &ALICE);
            assert_eq!(transfer(&mut overlay, asset, &ALICE, &ALICE, before), Ok(()));
            assert_eq!(balance(&mut overlay, asset, &ALICE), before);
            let above = Amount(before.0 + 1);
            let part = overlay.begin();
            let result = transfer(&mut overlay, asset, &ALICE, &ALICE, above);
            assert_eq!(result, Err(KernelReject::InsufficientBalance.into()));
            overlay.discard(part);
        }
        assert_eq!(check_conservation(&overlay), Ok(()));
    }

    #[test]
    fn the_cap_holds_for_everything_ever_issued_burned_or_not() {
        let view = MemoryState::default();
        let mut overlay = funded(&view);
        burn(&mut overlay, KERNEL, THR, &ALICE, Amount(600)).expect("owned");
        assert_eq!(mint(&mut overlay, KERNEL, THR, &BOB, Amount(401)), Err(KernelReject::CapExceeded.into()));
        assert_eq!(mint(&mut overlay, KERNEL, THR, &BOB, Amount::MAX), Err(KernelReject::CapExceeded.into()));
        assert_eq!(mint(&mut overlay, KERNEL, THR, &BOB, Amount(400)), Ok(()));
        assert_eq!(mint(&mut overlay, KERNEL, AssetId(9), &BOB, Amount(1)), Err(KernelReject::UnknownAsset.into()));
        assert_eq!(open(&mut overlay, GOLD, Amount(1)), Err(KernelReject::AssetExists.into()));
        assert_eq!(check_conservation(&overlay), Ok(()));
    }

    #[test]
    fn escrow_counts_as_held() {
        let view = MemoryState::default();
        let mut overlay = funded(&view);
        let pot = pot(GOLD, ModuleId(6), b"contract");
        lock(&mut overlay, GOLD, &ALICE, &pot, Amount(30)).expect("owned");
        assert_eq!(check_conservation(&overlay), Ok(()));
        let too_much = release(&mut overlay, GOLD, &pot, &BOB, Amount(31));
        assert_eq!(too_much, Err(KernelReject::InsufficientEscrow.into()));
        release(&mut overlay, GOLD, &pot, &BOB, Amount(30)).expect("held");
        assert_eq!(balance(&mut overlay, GOLD, &BOB), Amount(30));
        assert_eq!(check_conservation(&overlay), Ok(()));
    }

    #[test]
    fn pots_are_filled_emptied_and_moved_between_and_count_as_held() {
        let view = MemoryState::default();
        let mut overlay = funded(&view);
        let [one, two] = [b"one", b"two"].map(|name| pot(THR, ModuleId(6), name));
        assert_eq!(mint_into(&mut overlay, ModuleId(6), THR, &one, Amount(401)), Err(KernelReject::CapExceeded.into()));
        mint_into(&mut overlay, ModuleId(6), THR, &one, Amount(400)).expect("up to the cap");
        move_between(&mut overlay, &one, &two, Amount(150)).expect("held");
        assert_eq!((amount_at(&mut overlay, &one), amount_at(&mut overlay, &two)), (Amount(250), Amount(150)));
        for (from, to) in [(&two, &one), (&two, &two)] {
            let part = overlay.begin();
            let too_much = move_between(&mut overlay, from, to, Amount(151));
            assert_eq!(too_much, Err(KernelReject::InsufficientEscrow.into()));
            overlay.discard(part);
        }
        move_between(&mut overlay, &two, &two, Amount(150)).expect("to itself");
        assert_eq!(amount_at(&mut overlay, &two), Amount(150));
        burn_from(&mut overlay, ModuleId(6), THR, &two, Amount(150)).expect("held");
        let too_much = burn_from(&mut overlay, ModuleId(6), THR, &two, Amount(1));
        assert_eq!(too_much, Err(KernelReject::InsufficientEscrow.into()));
        assert_eq!(supply(&mut overlay, THR).map(|supply| supply.circulating()), Some(Amount(850)));
        assert_eq!(check_conservation(&overlay), Ok(()));
    }

    #[test]
    fn an_asset_that_is_bound_is_issued_and_burned_by_its_backer_alone_and_stays_bound() {
        let view = MemoryState::default();
        let mut overlay = funded(&view);
        burn(&mut overlay, ModuleId(1), GOLD, &ALICE, Amount(10)).expect("nobody's yet");
        assert!(bind(&mut overlay, GOLD, ModuleId(5)) && bind(&mut overlay, GOLD, ModuleId(5)));
        assert!(!bind(&mut overlay, GOLD, ModuleId(6)) && !bind(&mut overlay, AssetId(9), ModuleId(5)));
        let refused = Err(KernelReject::NotBacker.into());
        let part = overlay.begin();
        assert_eq!(mint(&mut overlay, ModuleId(1), GOLD, &BOB, Amount(1)), refused);
        assert_eq!(burn(&mut overlay, ModuleId(1), GOLD, &ALICE, Amount(1)), refused);
        overlay.discard(part);
        transfer(&mut overlay, GOLD, &ALICE, &BOB, Amount(7)).expect("owners still move it");
        burn(&mut overlay, ModuleId(5), GOLD, &BOB, Amount(7)).expect("its backer");
        assert_eq!(check_conservation(&overlay), Ok(()));
        let mut bound = MemoryState::default();
        bound.apply(&overlay.into_changes());
        let mut overlay = Overlay::new(&bound);
        let supply = supply(&mut overlay, GOLD).expect("known");
        set_supply(&mut overlay, GOLD, &Supply { backer: None, ..supply });
        assert_eq!(check_conservation(&overlay), Err(Fault::Conservation { asset: GOLD }));
    }

    #[test]
    fn a_unit_from_nowhere_is_a_fault() {
        let view = MemoryState::default();
        for asset in [THR, GOLD] {
            let mut overlay = funded(&view);
            credit(&mut overlay, asset, &BOB, Amount(1)).expect("fits");
            assert_eq!(check_conservation(&overlay), Err(Fault::Conservation { asset }));
            let mut overlay = funded(&view);
            count_burned(&mut overlay, KERNEL, asset, Amount(1)).expect("known");
            assert_eq!(check_conservation(&overlay), Err(Fault::Conservation { asset }));
        }
    }
}
