//! What other features are told of devices: how one stands, and by what its work rate is measured.
//!
//! It must not know who asks. Invariants: all is read of the newest final state; the terms of a measurement are given for the word of the
//! device's present key alone, and for a beacon that is young.

use axum::http::StatusCode;
use execution::{Module, ModuleView};
use pow::Difficulty;
use service::chain::{Chain, StateAt, Unavailable};
use service::http::ApiError;
use types::{Address, Hash32, TimeMs};
use verifyid::{DeviceAnswer, DeviceId, Status, VerifyId, WorkBinding};

use crate::api::{TEXTS, device_id};
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
    let id = device_id(chain, ask.device)?;
    let StateAt { view, .. } = chain.state()?;
    let view = ModuleView::new(&*view, VerifyId::ID);
    let missing = || ApiError::said(StatusCode::NOT_FOUND, "not_found", TEXTS.said("no_device"));
    let (rules, device) = verifyid::rules(&view).zip(verifyid::device(&view, &id)).ok_or_else(missing)?;
    may_be_measured(&device)?;
    let class = rules.work_classes.iter().find(|class| class.class == ask.class);
    let (class, difficulty) = class.and_then(|class| Some((class, class.difficulty()?))).ok_or_else(|| {
        let said = TEXTS.said("unknown_class").with("class", u64::from(ask.class));
        ApiError::said(StatusCode::NOT_FOUND, "unknown_class", said)
    })?;
    let now = TimeMs(chain.now_ms());
    let beacon = verifyid::beacon(&view, Some(ask.beacon));
    let beacon = beacon.filter(|beacon| now < beacon.time.saturating_add(BEACON_AGE_MS_MAX)).ok_or_else(|| {
        let said = TEXTS.said("beacon_too_old").with("beacon", ask.beacon.to_string());
        ApiError::said(StatusCode::CONFLICT, "beacon_too_old", said)
    })?;
    if ask.valid_until <= now || ask.valid_until > now.saturating_add(rules.statement_max_ms) {
        return Err(ApiError::said(StatusCode::CONFLICT, "statement_expired", TEXTS.said("statement_expired")));
    }
    if device.work_class.is_some_and(|counts| counts > class.class) {
        return Err(ApiError::said(StatusCode::CONFLICT, "higher_class", TEXTS.said("attest_higher_class")));
    }
    if device.work_beacon.is_some_and(|last| beacon.number <= last) || beacon.time < device.since {
        return Err(ApiError::said(StatusCode::CONFLICT, "beacon_used", TEXTS.said("attest_beacon_used")));
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
        return Err(ApiError::said(StatusCode::UNAUTHORIZED, "bad_answer", TEXTS.said("attest_bad_answer")));
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
    let refused = |code: &str, key| Err(ApiError::said(StatusCode::FORBIDDEN, code, TEXTS.said(key)));
    match told(device).counts {
        DeviceCounts::Revoked => refused("revoked", "revoked"),
        DeviceCounts::Suspended => refused("suspended", "suspended"),
        DeviceCounts::Held => refused("held", "held"),
        DeviceCounts::At(_) if !device.kind.mines() => refused("wrong_kind", "attest_wrong_kind"),
        // Anybody may register a device for anybody: it takes none of an owner's places before the owner has accepted it.
        DeviceCounts::At(0) => refused("not_accepted", "attest_not_accepted"),
        DeviceCounts::At(_) => Ok(()),
    }
}
