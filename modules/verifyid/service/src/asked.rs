//! What other features are told of devices: how one stands, and by what its work rate is measured.
//!
//! It must not know who asks. Invariants: all is read of the newest final state; the terms of a measurement are given for the word of the
//! device's present key alone, and for a beacon that is young.

use axum::http::StatusCode;
use execution::{Module, ModuleView};
use pow::Difficulty;
use service::chain::{Chain, StateAt, Unavailable};
use service::http::{ApiError, shown};
use types::{Address, Hash32, TimeMs};
use verifyid::{DeviceAnswer, DeviceId, Status, VerifyId, WorkBinding};

use crate::proof::read_key;

/// A measurement begins with a beacon that is younger: what comes before its shares is lost of the window.
const BEACON_AGE_MS_MAX: u64 = 60_000;

/// Whether a device counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCounts {
    /// It does, at this level.
    At(u8),
    /// A verifier holds it.
    Held,
    /// The authority has suspended it.
    Suspended,
    /// It is revoked.
    Revoked,
}

/// A device that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedDevice {
    /// Its id.
    pub id: Hash32,
    /// Whose it is.
    pub owner: Address,
    /// Whether it counts.
    pub counts: DeviceCounts,
}

/// A device asks for its work rate to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttestAsk<'a> {
    /// The device, as it was named.
    pub device: &'a str,
    /// The class of rates.
    pub class: u8,
    /// The number of the beacon.
    pub beacon: u64,
    /// Until when its word holds.
    pub valid_until: TimeMs,
    /// Its word: over the same as in the attestation itself.
    pub signature: &'a [u8; 64],
}

/// By what it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttestRate {
    /// The device.
    pub device: AskedDevice,
    /// What coinbases have to bind.
    pub binding: Hash32,
    /// The difficulty of a share.
    pub difficulty: Difficulty,
    /// How many shares.
    pub shares: u16,
    /// The beacon's time.
    pub beacon_time: TimeMs,
    /// A block takes the shares at most so long after it, in milliseconds.
    pub window_ms: u64,
}

/// The device that a text names; nothing if none is registered by it.
///
/// # Errors
/// [`Unavailable`].
pub fn find_device(chain: &dyn Chain, text: &str) -> Result<Option<AskedDevice>, Unavailable> {
    let Ok(id) = DeviceId::parse(text, chain.genesis().network) else { return Ok(None) };
    let StateAt { view, .. } = chain.state()?;
    Ok(verifyid::device(&ModuleView::new(&*view, VerifyId::ID), &id).map(|device| told(&device)))
}

fn told(device: &DeviceAnswer) -> AskedDevice {
    let counts = match (device.status, device.level) {
        (Status::Revoked, _) => DeviceCounts::Revoked,
        (Status::Suspended, _) => DeviceCounts::Suspended,
        (_, None) => DeviceCounts::Held,
        (_, Some(level)) => DeviceCounts::At(level),
    };
    AskedDevice { id: device.device.0, owner: device.owner, counts }
}

/// By what the work rate of a device is measured, if its own key asks for it.
///
/// # Errors
/// Why not, for whoever asks.
pub fn attest_rate(chain: &dyn Chain, ask: &AttestAsk<'_>) -> Result<AttestRate, ApiError> {
    let id = DeviceId::parse(ask.device, chain.genesis().network).map_err(|error| {
        let hint = "copy the id again: its text, or 64 hexadecimal digits";
        ApiError::bad("malformed", format!("`{}`: {error}", shown(ask.device)), hint)
    })?;
    let StateAt { view, .. } = chain.state()?;
    let view = ModuleView::new(&*view, VerifyId::ID);
    let missing = || ApiError::not_found("no device of this id is registered", "register it, or compare the id");
    let (rules, device) = verifyid::rules(&view).zip(verifyid::device(&view, &id)).ok_or_else(missing)?;
    may_be_measured(&device)?;
    let class = rules.work_classes.iter().find(|class| class.class == ask.class);
    let (class, difficulty) = class.and_then(|class| Some((class, class.difficulty()?))).ok_or_else(|| {
        let message = format!("this chain has no class {} of work rates", ask.class);
        ApiError::new(StatusCode::NOT_FOUND, "unknown_class", message, "`thronos ask verifyid rules` names them")
    })?;
    let now = TimeMs(chain.now_ms());
    let beacon = verifyid::beacon(&view, Some(ask.beacon));
    let beacon = beacon.filter(|beacon| now < beacon.time.saturating_add(BEACON_AGE_MS_MAX)).ok_or_else(|| {
        let message = format!("the beacon {} is not one of the last minute here", ask.beacon);
        conflict("beacon_too_old", message, "begin with the newest: `thronos ask verifyid beacon`")
    })?;
    if ask.valid_until <= now || ask.valid_until > now.saturating_add(rules.statement_max_ms) {
        let message = "the device's word is over, or holds longer than a word may";
        return Err(conflict("statement_expired", message, "have the device sign anew, for an hour"));
    }
    let binding = WorkBinding {
        chain_id: chain.id(),
        device: id,
        class: class.class,
        beacon: beacon.number,
        value: beacon.value,
    };
    let key = read_key(device.algorithm as u8, &device.key);
    if !key.is_some_and(|key| key.signed(&binding.statement(ask.valid_until), ask.signature)) {
        let message = "the device's present key did not sign this";
        let hint = "sign with the device's present key for this chain, device, class and beacon";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "bad_answer", message, hint));
    }
    Ok(AttestRate {
        device: told(&device),
        binding: binding.digest(),
        difficulty,
        shares: class.shares,
        beacon_time: beacon.time,
        window_ms: class.window_ms,
    })
}

/// What the chain would refuse later is refused before anybody hashes for it.
fn may_be_measured(device: &DeviceAnswer) -> Result<(), ApiError> {
    let refused =
        |code: &str, message: &str, hint: &str| Err(ApiError::new(StatusCode::FORBIDDEN, code, message, hint));
    match told(device).counts {
        DeviceCounts::Revoked => refused("revoked", "the device is revoked, for good", "register another key"),
        DeviceCounts::Suspended => refused("suspended", "the device is suspended", "ask the authority of the chain"),
        DeviceCounts::Held => refused("held", "a verifier holds the device", "wait until the hold is over"),
        DeviceCounts::At(_) if !device.kind.mines() => refused(
            "wrong_kind",
            "a device of this kind does not mine",
            "register a miner as an asic, gpu_miner or cpu_miner",
        ),
        // Anybody may register a device for anybody: it takes none of an owner's places before the owner has accepted it.
        DeviceCounts::At(0) => refused(
            "not_accepted",
            "the owner whom the registration names has not accepted the device",
            "accept it with the owner's account: `thronos device accept DEVICE --from OWNER`",
        ),
        DeviceCounts::At(_) => Ok(()),
    }
}

fn conflict(code: &str, message: impl Into<String>, hint: &str) -> ApiError {
    let message: String = message.into();
    ApiError::new(StatusCode::CONFLICT, code, message, hint)
}
