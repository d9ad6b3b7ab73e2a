//! Carrying out proofs and calls. The kernel discards what a rejected part wrote.
//!
//! A block's work is noted when it comes and takes effect at the block's end, so that every proof of a block is judged by the same
//! work chain, whatever their order, at admission and here.

use execution::{Context, Reject};
use pow::{Coinbase, WorkHeader, sha256d};
use types::canary::{Canary, planted};
use types::{Address, Amount, Hash32, THR};

use crate::admit::Place;
use crate::call::{MiningCall, ProofBytes};
use crate::emission::{Split, scheduled};
use crate::event::MiningEvent;
use crate::genesis::MiningParameters;
use crate::keys;
use crate::records::{Pending, Share, Terms, Tip, read, write};
use crate::reject::MiningReject;
use crate::retarget::{retarget, share_target, weight};
use crate::seen::Seen;
use crate::window;

/// Who has less on the account, a few times the fee of a claim, is paid with its next share and need not claim. Otherwise a small
/// miner could never get its first THR, because a claim costs a fee.
pub const PAID_UNASKED_BELOW: Amount = Amount(10_000);

/// Carries out a checked call for `sender`.
pub(crate) fn execute(context: &mut Context<'_, '_>, sender: Address, call: MiningCall) -> Result<(), Reject> {
    match call {
        MiningCall::Claim => claim(context, sender),
    }
}

fn claim(context: &mut Context<'_, '_>, payee: Address) -> Result<(), Reject> {
    let amount = pay_owed(context, payee)?;
    if amount.is_zero() { Err(MiningReject::NothingToClaim.into()) } else { Ok(()) }
}

/// Moves what the window owes to the account. Returns how much that is.
fn pay_owed(context: &mut Context<'_, '_>, payee: Address) -> Result<Amount, Reject> {
    let amount = window::take_owed(context, &payee);
    if !amount.is_zero() {
        context.release(THR, keys::POT, &payee, amount)?;
        MiningEvent::Claimed { payee, amount }.emit(context)?;
    }
    Ok(amount)
}

/// Carries out an admitted proof: a share enters the window now, a work waits for the block's end.
pub(crate) fn execute_proof(context: &mut Context<'_, '_>, call: &[u8]) -> Result<(), Reject> {
    let proof = ProofBytes::read(call).ok_or(MiningReject::MalformedProof)?;
    let header = WorkHeader::from_bytes(proof.header);
    let mut tip = tip(context);
    let place = Place::of(&tip, &header)?;
    let digest = sha256d(proof.header);
    let hash = Hash32(digest);
    let coinbase = Coinbase::parse(proof.coinbase).map_err(MiningReject::from)?;
    let key = keys::seen(place.work_height);
    let mut seen = Seen::from_value(context.get(&key));
    if !seen.insert(&digest) && !planted(Canary::ProofCountedAgain) {
        return Err(MiningReject::Duplicate.into());
    }
    context.put(&key, seen.into_value());
    if place.is_work(&digest) {
        if context.get(&keys::pending()).is_some() {
            return Err(MiningReject::AnotherWork.into());
        }
        write(context, &keys::pending(), &Pending { hash, finder: coinbase.payee });
        return Ok(());
    }
    let parameters = MiningParameters::read(context);
    count_share(&mut tip, &place, parameters.shares_per_work_max)?;
    write(context, &keys::tip(), &tip);
    take_share(context, &parameters, &tip, &place, hash, coinbase.payee)
}

/// Counts a share at its work height. Several in one block may pass admission together; here each is counted.
fn count_share(tip: &mut Tip, place: &Place, shares_max: u32) -> Result<(), MiningReject> {
    let terms = match (&mut tip.grace, place.is_next) {
        (Some((_, terms)), false) => terms,
        _ => &mut tip.next,
    };
    if terms.shares >= shares_max {
        return Err(MiningReject::SharesFull);
    }
    terms.shares = terms.shares.saturating_add(1);
    Ok(())
}

/// Lets a proof into the window, and pays who could not pay for a claim.
fn take_share(
    context: &mut Context<'_, '_>,
    parameters: &MiningParameters,
    tip: &Tip,
    place: &Place,
    hash: Hash32,
    payee: Address,
) -> Result<(), Reject> {
    let share = Share { payee, weight: weight(share_target(parameters, place.terms.bits)) };
    let weight_max = window_weight_max(parameters, tip);
    window::enter(context, share, weight_max);
    let weight = share.weight;
    MiningEvent::ShareAccepted { work_height: place.work_height, hash, payee, weight }.emit(context)?;
    if context.balance(THR, &payee) < PAID_UNASKED_BELOW {
        pay_owed(context, payee)?;
    }
    Ok(())
}

/// So many works' worth of weight at the newest target.
fn window_weight_max(parameters: &MiningParameters, tip: &Tip) -> u128 {
    let per_share = weight(share_target(parameters, tip.next.bits));
    let shares = u128::from(parameters.window_works).saturating_mul(parameters.share_factor.into());
    per_share.saturating_mul(shares)
}

/// Lets the block's work take effect.
pub(crate) fn end_block(context: &mut Context<'_, '_>) -> Result<(), Reject> {
    let Some(pending) = read::<Pending>(context, &keys::pending()) else { return Ok(()) };
    context.delete(&keys::pending());
    accept_work(context, pending)
}

fn accept_work(context: &mut Context<'_, '_>, work: Pending) -> Result<(), Reject> {
    let mut tip = tip(context);
    let place = Place { work_height: tip.work_height.saturating_add(1), terms: tip.next, is_next: true };
    let parameters = MiningParameters::read(context);
    take_share(context, &parameters, &tip, &place, work.hash, work.finder)?;
    let issuable = context.supply(THR).map(|supply| supply.issuable()).unwrap_or_default();
    let reward = scheduled(&parameters, place.work_height).min(issuable);
    let split = Split::of(reward);
    pay(context, &parameters, &work.finder, &split)?;
    window::divide(context, split.window);
    // Nothing may build on what the work before the last one built on, so its headers need not be remembered.
    context.delete(&keys::seen(tip.work_height));
    let time = context.block().time;
    let (anchor, bits) = retarget(&parameters, tip.anchor, place.work_height, time);
    tip = Tip {
        work_height: place.work_height,
        hash: work.hash,
        time,
        next: Terms { bits, shares: 0 },
        grace: Some((tip.hash, tip.next)),
        anchor: Some(anchor),
        issued: tip.issued.checked_add(reward).expect("the cap on THR fits 128 bits"),
    };
    write(context, &keys::tip(), &tip);
    let work_height = place.work_height;
    MiningEvent::WorkAccepted { work_height, hash: work.hash, finder: work.finder, split, next_bits: bits }
        .emit(context)
}

/// Issues the reward: parts to accounts, and the window's part into its pot.
fn pay(
    context: &mut Context<'_, '_>,
    parameters: &MiningParameters,
    finder: &Address,
    split: &Split,
) -> Result<(), Reject> {
    let parts = [
        (*finder, split.finder),
        (parameters.ai_pool, split.ai_pool),
        (parameters.validators, split.validators),
        (parameters.ecosystem, split.ecosystem),
    ];
    for (account, amount) in parts.iter().filter(|(_, amount)| !amount.is_zero()) {
        context.mint(THR, account, *amount)?;
    }
    if split.window.is_zero() {
        return Ok(());
    }
    context.mint_into(THR, keys::POT, split.window)
}

fn tip(context: &mut Context<'_, '_>) -> Tip {
    read(context, &keys::tip()).expect("the genesis wrote this record, and no block removes it")
}
