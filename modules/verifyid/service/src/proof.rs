//! What the chain says of a device, and whether an answer proves its key.
//!
//! It must not know challenges' lives. Invariant: for a device that is not registered as much is done as for one whose answer is wrong.

use execution::{Module, ModuleView};
use service::chain::{Chain, Unavailable};
use types::{Address, Hash32};
use verifyid::{CustomerAnswer, DeviceAnswer, DeviceId, DeviceKey, Purpose, SIGNATURE_BYTES, Status, VerifyId};

use crate::enrolled::{ByMac, MAC_BYTES};
use crate::examiner::Shown;
use crate::examiner::token::Sealed;
use crate::ledger::Ledger;
use crate::ledger::record::Method;
use crate::ledger::tab::TabPoint;
use crate::quota::{Billed, PlanStanding};

/// A key that is nobody's word for anything: of it a signature is checked where there is no device.
const DECOY: &str = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";

/// Most that a device is worth which answers by a secret.
const LEVEL_BY_MAC_MAX: u8 = 1;

/// A device as the chain has it.
///
/// # Errors
/// [`Unavailable`].
pub(crate) fn device(chain: &dyn Chain, id: &DeviceId) -> Result<Option<DeviceAnswer>, Unavailable> {
    let state = chain.state()?;
    Ok(verifyid::device(&ModuleView::new(&*state.view, VerifyId::ID), id))
}

/// For what device a challenge is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenged {
    /// The key that is asked: the present one, and of a device that is not registered what it would be.
    pub(crate) key_id: Hash32,
    /// Whose plan it is on; nobody's where it is not registered.
    pub(crate) customer: Option<Address>,
    /// On whose plan an answer would count.
    pub(crate) billed: Option<Billed>,
}

/// For what device a challenge would be.
///
/// # Errors
/// [`Unavailable`].
pub(crate) fn challenged(chain: &dyn Chain, id: &DeviceId, ledger: Option<&Ledger>) -> Result<Challenged, Unavailable> {
    let (found, billed) = device_and_billed(chain, id, ledger)?;
    let key_id = found.as_ref().map_or(id.0, |device| device.key_id);
    Ok(Challenged { key_id, customer: found.map(|device| device.customer), billed })
}

fn device_and_billed(
    chain: &dyn Chain,
    id: &DeviceId,
    ledger: Option<&Ledger>,
) -> Result<(Option<DeviceAnswer>, Option<Billed>), Unavailable> {
    // Before the state is read: what comes to the chain meanwhile is counted here still.
    let kept = ledger.map(|ledger| (ledger.verifier(), ledger.tab().point()));
    let state = chain.state()?;
    let view = ModuleView::new(&*state.view, VerifyId::ID);
    let found = verifyid::device(&view, id);
    let customer = found.as_ref().map_or(Address([0; 20]), |device| device.customer);
    let billed = kept.and_then(|(verifier, since)| billed(&view, customer, &verifier, since));
    let billed = billed.filter(|_| found.is_some());
    Ok((found, billed))
}

/// Nothing where this node's batches would not count: then it keeps none.
fn billed(view: &ModuleView<'_>, customer: Address, verifier: &Address, since: TabPoint) -> Option<Billed> {
    let is_verifier = verifyid::verifier(view, verifier).is_some_and(|verifier| verifier.listed);
    if !is_verifier || !verifyid::allowed(view, &customer, verifier) {
        return None;
    }
    let answer = verifyid::customer(view, &customer)?;
    let plan = match (answer.plan, answer.until > view.time()) {
        (0, _) => PlanStanding::Free,
        (_, true) => PlanStanding::Runs,
        (_, false) => PlanStanding::Over,
    };
    let CustomerAnswer { month, used, verifications_max: limit, resets_at, .. } = answer;
    let time = view.time();
    Some(Billed { customer, plan, time, month, used, since, limit, resets_at })
}

/// What the chain and the answer say of a device.
///
/// # Errors
/// [`Unavailable`].
pub(crate) fn shown(
    chain: &dyn Chain,
    sealed: &Sealed,
    preimage: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
    ledger: Option<&Ledger>,
) -> Result<Shown, Unavailable> {
    let proves =
        |key: Option<DeviceKey>| key.or_else(|| read_key(1, DECOY)).is_some_and(|key| key.signed(preimage, signature));
    let answer = Hash32(crypto::hash::sha256(signature));
    shown_by(chain, sealed, ledger, (Method::Signature, answer), proves)
}

/// The same of an answer that the device's key has not signed, or not alone. What proves it is asked whether the device is known or not.
///
/// # Errors
/// [`Unavailable`].
pub(crate) fn shown_by(
    chain: &dyn Chain,
    sealed: &Sealed,
    ledger: Option<&Ledger>,
    (method, answer): (Method, Hash32),
    proves: impl FnOnce(Option<DeviceKey>) -> bool,
) -> Result<Shown, Unavailable> {
    let (found, billed) = device_and_billed(chain, &sealed.device, ledger)?;
    let key = found.as_ref().and_then(|device| read_key(device.algorithm as u8, &device.key));
    let is_known = key.is_some();
    let is_right = proves(key);
    let is_present = found.as_ref().is_some_and(|device| device.key_id == sealed.key_id);
    Ok(Shown {
        is_signed: is_right & is_known & is_present,
        is_of_another_key: is_known & !is_present,
        status: found.as_ref().map_or(Status::Pending, |device| device.status),
        level: found.as_ref().and_then(|device| device.level),
        work_class: found.as_ref().and_then(|device| device.work_class),
        lacks_owner: needs_owner(sealed.purpose) && !found.as_ref().is_some_and(|device| device.accepted),
        owner: found.as_ref().filter(|device| device.accepted).map(|device| device.owner),
        rotation: found.as_ref().map_or(0, |device| device.rotation),
        method,
        answer,
        billed,
    })
}

/// Whether what is given for an answer is the owner's: a token, a secret, a TPM's place.
const fn needs_owner(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Login | Purpose::Enrol | Purpose::Tpm)
}

/// What the chain says of a device that answered by its secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownByMac {
    pub(crate) shown: Shown,
    /// Whether the secret is right, and was given to a former owner or for a former key: nobody's fault, so it is not counted as a wrong answer.
    pub(crate) is_over: bool,
}

/// The same of one that answered by a secret: it proves nothing to others, so its level is 1 at most, and it counts on nobody's plan.
///
/// # Errors
/// [`Unavailable`].
pub(crate) fn shown_by_mac(
    chain: &dyn Chain,
    sealed: &Sealed,
    mac: &[u8; MAC_BYTES],
    by_mac: ByMac,
) -> Result<ShownByMac, Unavailable> {
    let found = device(chain, &sealed.device)?;
    let is_known = found.is_some();
    let is_present = found.as_ref().is_some_and(|device| device.key_id == sealed.key_id);
    let now = found.as_ref().map(|device| ByMac::Right { owner: device.owner, rotation: device.rotation });
    let is_right = by_mac != ByMac::Wrong;
    let is_over = is_right & is_known & (now != Some(by_mac));
    let shown = Shown {
        is_signed: is_right & is_known & is_present & !is_over,
        is_of_another_key: is_known & (!is_present | is_over),
        status: found.as_ref().map_or(Status::Pending, |device| device.status),
        level: found.as_ref().and_then(|device| device.level).map(|level| level.min(LEVEL_BY_MAC_MAX)),
        work_class: None,
        lacks_owner: needs_owner(sealed.purpose),
        owner: None,
        rotation: found.as_ref().map_or(0, |device| device.rotation),
        method: Method::Mac,
        answer: Hash32(crypto::hash::sha256(mac)),
        billed: None,
    };
    Ok(ShownByMac { shown, is_over })
}

/// Whether an account is a customer now: it has a plan that is not over, or a device that is not revoked counts on it. Either was paid for.
///
/// # Errors
/// [`Unavailable`].
pub(crate) fn is_customer(chain: &dyn Chain, account: &Address) -> Result<bool, Unavailable> {
    let state = chain.state()?;
    let view = ModuleView::new(&*state.view, VerifyId::ID);
    let customer = verifyid::customer(&view, account);
    Ok(customer.is_some_and(|customer| customer.devices > 0 || (customer.plan > 0 && customer.until > view.time())))
}

pub(crate) fn read_key(algorithm: u8, digits: &str) -> Option<DeviceKey> {
    DeviceKey::read(algorithm, &hex::decode(digits).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoy_is_a_key() {
        assert!(read_key(1, DECOY).is_some());
    }
}
