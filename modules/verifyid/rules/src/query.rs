//! Questions about devices, and the typed functions that answer them.

use execution::{Argument, ArgumentKind, ModuleQuery, ModuleView, QueryArguments, QueryError, SCAN_MAX, argument};
use serde_json::{Value, json};
use types::{Address, Hash32, Network, TimeMs};

use crate::answers::{BatchAnswer, BeaconAnswer, CustomerAnswer, DeviceAnswer, VerifierAnswer};
use crate::device::{Algorithm, DeviceId, DeviceIdError, DeviceKey, Kind, SIGNATURE_BYTES, key_id};
use crate::genesis::VerifyIdParameters;
use crate::keys;
use crate::month::{month_of, next_month};
use crate::records::{BatchRecord, Beacon, Customer, Device, Status, Verifier, view};

const LIMIT_DEFAULT: usize = 100;
const NOT_YET: &str = "this module does not run on the chain yet";
const DEVICE: Argument = Argument::required(
    "device",
    ArgumentKind::Form("device"),
    "the device's id, as a text or in 64 hexadecimal digits",
);
const DEVICE_FORMS: &str = "thrdev1…, thrtdev1…, or 64 hexadecimal digits";
const WITHOUT_TYPO: &str = "an id without a typo: take the whole of it again from whoever gave it";

/// What can be asked.
pub(crate) const QUERIES: &[ModuleQuery] = &[
    ModuleQuery { name: "rules", about: "The numbers of this module: plans, work classes, spans.", arguments: &[] },
    ModuleQuery { name: "device", about: "A device, with its level at the newest block.", arguments: &[DEVICE] },
    ModuleQuery {
        name: "devices",
        about: "The devices that an account has accepted and not revoked, by their ids.",
        arguments: &[
            Argument::required("owner", ArgumentKind::Address, "the account"),
            Argument::optional("from", ArgumentKind::Hash, "the first id"),
            Argument::optional("limit", ArgumentKind::Number, "how many at most; 100 unless given, never above 1024"),
        ],
    },
    ModuleQuery {
        name: "waiting",
        about: "The devices that wait for an account to accept them, by their ids.",
        arguments: &[
            Argument::required("owner", ArgumentKind::Address, "the account"),
            Argument::optional("from", ArgumentKind::Hash, "the first id"),
            Argument::optional("limit", ArgumentKind::Number, "how many at most; 100 unless given, never above 1024"),
        ],
    },
    ModuleQuery {
        name: "customer",
        about: "An account's plan and what it has used of it.",
        arguments: &[Argument::required("address", ArgumentKind::Address, "the account")],
    },
    ModuleQuery {
        name: "beacon",
        about: "A beacon that is still kept; the newest unless a number is given.",
        arguments: &[Argument::optional("number", ArgumentKind::Number, "its number")],
    },
    ModuleQuery {
        name: "verifier",
        about: "Whether an account verifies, and its last batch.",
        arguments: &[Argument::required("address", ArgumentKind::Address, "the account")],
    },
    ModuleQuery {
        name: "batch",
        about: "A batch of verifications.",
        arguments: &[
            Argument::required("verifier", ArgumentKind::Address, "the verifier"),
            Argument::required("sequence", ArgumentKind::Number, "its number"),
        ],
    },
    ModuleQuery {
        name: "allowed",
        about: "Whether a customer lets a verifier count on its plan.",
        arguments: &[
            Argument::required("customer", ArgumentKind::Address, "the customer"),
            Argument::required("verifier", ArgumentKind::Address, "the verifier"),
        ],
    },
];

/// Answers one question.
pub(crate) fn answer(state: &ModuleView<'_>, name: &str, arguments: &QueryArguments) -> Result<Value, QueryError> {
    let address = |name| needed::<Address>(arguments, name, ArgumentKind::Address);
    match name {
        "rules" => found(rules(state), NOT_YET),
        "device" => found(device(state, &device_id(arguments)?), "no device of this id is registered"),
        "devices" | "waiting" => {
            let from: Option<Hash32> = argument(arguments, "from", ArgumentKind::Hash)?;
            let limit: Option<u64> = argument(arguments, "limit", ArgumentKind::Number)?;
            let limit = limit.map_or(LIMIT_DEFAULT, |limit| usize::try_from(limit).unwrap_or(SCAN_MAX));
            let list = if name == "devices" { devices } else { waiting };
            Ok(json!(list(state, &address("owner")?, DeviceId(from.unwrap_or_default()), limit)))
        }
        "customer" => found(customer(state, &address("address")?), NOT_YET),
        "beacon" => {
            let number: Option<u64> = argument(arguments, "number", ArgumentKind::Number)?;
            found(beacon(state, number), "no beacon of this number is kept")
        }
        "verifier" => found(verifier(state, &address("address")?), "the account was never a verifier"),
        "batch" => {
            let sequence = needed(arguments, "sequence", ArgumentKind::Number)?;
            found(batch(state, &address("verifier")?, sequence), "the verifier has no batch of this number")
        }
        "allowed" => Ok(json!(allowed(state, &address("customer")?, &address("verifier")?))),
        _ => Err(QueryError::Unknown(name.to_owned())),
    }
}

/// The device, in any form of its id, as accounts are taken in any form of an address.
fn device_id(arguments: &QueryArguments) -> Result<DeviceId, QueryError> {
    let text: String = needed(arguments, "device", DEVICE.kind)?;
    let read = |network| DeviceId::parse(&text, network);
    let found = read(Network::Main).or_else(|error| match error {
        DeviceIdError::OtherNetwork { .. } => read(Network::Test),
        error => Err(error),
    });
    found.map_err(|error| {
        let expected = if error == DeviceIdError::Checksum { WITHOUT_TYPO } else { DEVICE_FORMS };
        QueryError::Argument { argument: "device", expected }
    })
}

fn needed<T: serde::de::DeserializeOwned>(
    arguments: &QueryArguments,
    name: &'static str,
    kind: ArgumentKind,
) -> Result<T, QueryError> {
    argument(arguments, name, kind)?.ok_or(QueryError::Argument { argument: name, expected: kind.expected() })
}

fn found(answer: Option<impl serde::Serialize>, missing: &str) -> Result<Value, QueryError> {
    answer.map(|answer| json!(answer)).ok_or_else(|| QueryError::NotFound(missing.to_owned()))
}

/// The time of the state: that of its newest block.
fn now(state: &ModuleView<'_>) -> TimeMs {
    state.time()
}

/// The numbers of this module; nothing where it does not run yet.
#[must_use]
pub fn rules(state: &ModuleView<'_>) -> Option<VerifyIdParameters> {
    VerifyIdParameters::view(state)
}

fn record(state: &ModuleView<'_>, id: &DeviceId) -> Option<Device> {
    view(state, &keys::device(id))
}

/// A device, with its level at the newest block.
#[must_use]
pub fn device(state: &ModuleView<'_>, id: &DeviceId) -> Option<DeviceAnswer> {
    answer_of(id, &record(state, id)?, now(state))
}

/// The key under which a device stands, without the module's number: it is proven by it.
#[must_use]
pub fn device_key(id: &DeviceId) -> Vec<u8> {
    keys::device(id)
}

/// A device by what stands under its key, with its level at this time; nothing if the bytes are no device.
#[must_use]
pub fn read_device(id: &DeviceId, bytes: &[u8], now: TimeMs) -> Option<DeviceAnswer> {
    answer_of(id, &borsh::from_slice(bytes).ok()?, now)
}

fn answer_of(id: &DeviceId, device: &Device, now: TimeMs) -> Option<DeviceAnswer> {
    let (level, work_class) = (device.level(now), device.work_class(now));
    let announced = device.announced.as_ref();
    Some(DeviceAnswer {
        device: *id,
        owner: device.owner,
        customer: device.customer,
        kind: Kind::of(device.kind)?,
        status: device.status,
        level,
        work_class,
        algorithm: Algorithm::of(device.key.algorithm)?,
        key: device.key.key.iter().map(|byte| format!("{byte:02x}")).collect(),
        key_id: key_id(device.key.algorithm, &device.key.key),
        rotation: device.rotation,
        accepted: device.accepted,
        work_until: device.work_until,
        work_beacon: device.work_beacon,
        tpm_until: device.tpm_until,
        vendor_until: device.vendor_until,
        registered_height: device.registered_height,
        registered: device.registered,
        since: device.since,
        verified: device.verified,
        reason: device.reason,
        hold_until: device.hold_until,
        offered_to: device.offer.map(|offer| offer.to),
        offered_until: device.offer.map(|offer| offer.until),
        announced_key: announced.map(|announced| key_id(announced.key.algorithm, &announced.key.key)),
        announced_from: announced.map(|announced| announced.from),
    })
}

/// At most `limit` (and [`SCAN_MAX`]) devices that an account has accepted and not revoked, by their ids, none below `from`.
#[must_use]
pub fn devices(state: &ModuleView<'_>, owner: &Address, from: DeviceId, limit: usize) -> Vec<DeviceId> {
    listed(state, &keys::owner_of(owner), &keys::owned(owner, &from), limit)
}

/// The same of devices that wait for the account to accept them: whoever pays may register some for anybody.
#[must_use]
pub fn waiting(state: &ModuleView<'_>, owner: &Address, from: DeviceId, limit: usize) -> Vec<DeviceId> {
    listed(state, &keys::waiting_for(owner), &keys::waiting(owner, &from), limit)
}

fn listed(state: &ModuleView<'_>, prefix: &[u8], from: &[u8], limit: usize) -> Vec<DeviceId> {
    let pairs = state.scan(prefix, from, limit.min(SCAN_MAX));
    let id = |key: &[u8]| key.strip_prefix(prefix).and_then(|id| <[u8; 32]>::try_from(id).ok());
    pairs.iter().filter_map(|(key, _)| id(key)).map(|id| DeviceId(Hash32(id))).collect()
}

/// An account's plan and what it has used of it; nothing where the module does not run yet.
#[must_use]
pub fn customer(state: &ModuleView<'_>, address: &Address) -> Option<CustomerAnswer> {
    let (rules, now) = (VerifyIdParameters::view(state)?, now(state));
    let record: Customer = view(state, &keys::customer(address)).unwrap_or_default();
    let (allowance, month) = (rules.allowance(&record, now), month_of(now));
    Some(CustomerAnswer {
        plan: record.plan,
        until: record.until,
        devices: record.devices,
        devices_max: allowance.devices,
        month,
        used: view(state, &keys::month(address, month)).unwrap_or_default(),
        verifications_max: allowance.verifications,
        resets_at: next_month(now),
    })
}

/// Verifications of a customer that are counted in a month.
#[must_use]
pub fn used(state: &ModuleView<'_>, customer: &Address, month: u32) -> u64 {
    view(state, &keys::month(customer, month)).unwrap_or_default()
}

/// A beacon that is still kept; the newest unless a number is given.
#[must_use]
pub fn beacon(state: &ModuleView<'_>, number: Option<u64>) -> Option<BeaconAnswer> {
    let number = number.or_else(|| view(state, &keys::newest_beacon()))?;
    let beacon: Beacon = view(state, &keys::beacon(number)).filter(|beacon: &Beacon| beacon.number == number)?;
    let Beacon { number, time, value } = beacon;
    Some(BeaconAnswer { number, time, value })
}

/// Whether an account verifies, and its last batch.
#[must_use]
pub fn verifier(state: &ModuleView<'_>, address: &Address) -> Option<VerifierAnswer> {
    let Verifier { listed, last } = view(state, &keys::verifier(address))?;
    Some(VerifierAnswer { listed, last })
}

/// A batch of verifications.
#[must_use]
pub fn batch(state: &ModuleView<'_>, verifier: &Address, sequence: u64) -> Option<BatchAnswer> {
    let BatchRecord { customer, leaves, ok, root, first, last, height } =
        view(state, &keys::batch(verifier, sequence))?;
    Some(BatchAnswer { customer, leaves, ok, root, first, last, height })
}

/// A batch by what stands under its key; nothing if the bytes are none.
#[must_use]
pub fn read_batch(bytes: &[u8]) -> Option<BatchAnswer> {
    let BatchRecord { customer, leaves, ok, root, first, last, height } = borsh::from_slice(bytes).ok()?;
    Some(BatchAnswer { customer, leaves, ok, root, first, last, height })
}

/// The key under which a batch stands, without the module's number: it is proven by it.
#[must_use]
pub fn batch_key(verifier: &Address, sequence: u64) -> Vec<u8> {
    keys::batch(verifier, sequence)
}

/// Whether a device is pending and a batch of this customer, whose first verification was then, may list it now.
#[must_use]
pub fn is_listable(state: &ModuleView<'_>, id: &DeviceId, customer: &Address, first: TimeMs) -> bool {
    let is_free = |device: &Device| device.status == Status::Pending && device.hold_until <= now(state);
    let is_theirs = |device: &Device| device.customer == *customer && device.since <= first;
    record(state, id).is_some_and(|device| is_free(&device) && is_theirs(&device))
}

/// Whether a customer lets a verifier count on its plan.
#[must_use]
pub fn allowed(state: &ModuleView<'_>, customer: &Address, verifier: &Address) -> bool {
    state.get(&keys::allowed(customer, verifier)).is_some()
}

/// What other modules may know of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceStanding {
    /// Whose it is.
    pub owner: Address,
    /// What it is good for; nothing while it is suspended, revoked or held.
    pub level: Option<u8>,
    /// Whether it counts.
    pub status: Status,
    /// What it is.
    pub kind: Kind,
}

/// What other modules may know of a device, at a block's time.
#[must_use]
pub fn standing(state: &ModuleView<'_>, id: &DeviceId, now: TimeMs) -> Option<DeviceStanding> {
    let device = record(state, id)?;
    let (owner, level, status) = (device.owner, device.level(now), device.status);
    Some(DeviceStanding { owner, level, status, kind: Kind::of(device.kind)? })
}

/// Whether the present key of a device signed a digest. It says nothing of the device's standing.
#[must_use]
pub fn signed(state: &ModuleView<'_>, id: &DeviceId, digest: &[u8; 32], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let key = record(state, id).and_then(|device| DeviceKey::read(device.key.algorithm, &device.key.key).ok());
    key.is_some_and(|key| key.signed_digest(digest, signature))
}
