//! Older devices, which answer by a secret that they share with this service: who is enrolled, by which salt and serial.
//!
//! A record is `version 1 | device 32 | serial u32 | salt 32 | owner 20 | rotation u32`, integers little-endian; the last of a device counts. It must
//! not know who may enrol one, nor how a challenge is judged. Invariants: a secret is kept nowhere and made again from the service's own whenever it is needed; an
//! enrolment is on the disk before its secret leaves; with the next serial the former secret is good for nothing; the list never has more than its
//! bound, and a device that is in it can always be enrolled anew; whoever answers waits for no disk; for a device that is not enrolled as much is
//! computed as for one that is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hmac::Mac;
use service::log::{Log, LogBounds, LogError, OnDamage, OpenedLog, RECORD_HEAD_BYTES};
use service::{Ground, Refusal};
use tokio::sync::Semaphore;
use types::{Address, ChainId, Hash32};
use verifyid::DeviceId;

use crate::examiner::keys::{Key, derive, hmac, is_same};
use crate::examiner::token::part;
use crate::secret;

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "hmac.enrolled";
/// Bytes of a MAC, and of a device's salt.
pub(crate) const MAC_BYTES: usize = 32;
const RECORD_BYTES: usize = 93;
/// Devices that are enrolled: some 8 MB of memory. Each was registered, which costs its payer the fee of a registration.
const DEVICES_MAX: usize = 50_000;
/// How much the file takes.
pub(crate) const BOUNDS: LogBounds = LogBounds { record_bytes_max: RECORD_BYTES, file_bytes_max: 16 << 20 };
/// It is written anew when it is longer.
const BYTES_MAX: u64 = 12 << 20;
const _: () =
    assert!(((DEVICES_MAX * (RECORD_BYTES + RECORD_HEAD_BYTES)) as u64) < BYTES_MAX / 2, "what is kept fits twice");
const VERSION: u8 = 1;

/// How a device is enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Enrolment {
    /// How often it was enrolled before.
    serial: u32,
    salt: [u8; MAC_BYTES],
    /// For whom: with another owner it ends.
    owner: Address,
    /// How often its key had changed: with the next key it ends.
    rotation: u32,
}

/// Of it a secret is made where there is no device.
const NOBODY: Enrolment = Enrolment { serial: 0, salt: [0; MAC_BYTES], owner: Address([0; 20]), rotation: 0 };

/// A secret as its device is given it, once.
pub(crate) struct GivenSecret {
    pub(crate) secret: Key,
    pub(crate) serial: u32,
}

/// Why a device is not enrolled; a secret that it has is as good as before.
#[derive(Debug)]
pub(crate) enum NotEnrolled {
    /// There is no room for another device.
    Full,
    /// It could not be written down.
    NotWritten(LogError),
}

/// What a MAC is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByMac {
    /// The device's secret did not make it, or it has none.
    Wrong,
    /// Its secret made it, and it was enrolled for this owner and this rotation.
    Right { owner: Address, rotation: u32 },
}

/// The list with its file, and of what secrets are made.
pub(crate) struct Enrolled {
    folder: PathBuf,
    master: RwLock<Arc<Key>>,
    chain_id: ChainId,
    entropy: Key,
    made: AtomicU64,
    /// Never held while something is written.
    list: RwLock<BTreeMap<DeviceId, Enrolment>>,
    file: Mutex<ListFile>,
    /// The turn of who is enrolled: the disk is waited for by one request and not by all.
    turn: Arc<Semaphore>,
}

struct ListFile {
    log: Log,
    /// The last write failed: what stands in the file is not known before it is written anew.
    is_failing: bool,
}

impl Enrolled {
    /// Reads it, or begins one. The secret of which others are made never outlives the list: an older list knows former secrets as good.
    ///
    /// # Errors
    /// `hmac_secret`, `hmac_log`.
    pub(crate) fn open(ground: &Ground) -> Result<Self, Refusal> {
        let path = ground.folder.join(FILE);
        let is_there =
            path.try_exists().map_err(|error| Refusal::new("hmac_log", format!("{}: {error}", path.display())))?;
        let master = match secret::OLDER_DEVICES.read(&ground.folder)? {
            Some(master) if is_there => master,
            _ => secret::OLDER_DEVICES.make(&ground.folder, &ground.entropy)?,
        };
        let (log, list) = read_list(&path)?;
        Ok(Self {
            folder: ground.folder.clone(),
            master: RwLock::new(Arc::new(master)),
            chain_id: ground.chain.id(),
            entropy: derive(&ground.entropy, None, "thr/v1/verifyid-hmac-salts"),
            made: AtomicU64::new(0),
            list: RwLock::new(list),
            file: Mutex::new(ListFile { log, is_failing: false }),
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    /// How many devices are in it.
    pub(crate) fn len(&self) -> usize {
        self.list.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether a device can be enrolled.
    pub(crate) fn has_room(&self, device: &DeviceId) -> bool {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.len() < DEVICES_MAX || list.contains_key(device)
    }

    /// The turn to enrol one.
    pub(crate) fn turn(&self) -> Arc<Semaphore> {
        self.turn.clone()
    }

    /// Enrols a device of an owner, durably, by the next serial. The caller has seen the word of its key.
    ///
    /// # Errors
    /// [`NotEnrolled`].
    pub(crate) fn enrol(&self, device: DeviceId, owner: Address, rotation: u32) -> Result<GivenSecret, NotEnrolled> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let salt = self.salt();
        let (enrolment, records) = {
            let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
            let serial = match list.get(&device) {
                Some(former) => former.serial.checked_add(1).ok_or(NotEnrolled::Full)?,
                None if list.len() >= DEVICES_MAX => return Err(NotEnrolled::Full),
                None => 0,
            };
            let is_anew = file.is_failing || file.log.bytes() > BYTES_MAX;
            let records: Vec<_> =
                list.iter().filter(|_| is_anew).map(|(device, kept)| to_bytes(device, kept)).collect();
            (Enrolment { serial, salt, owner, rotation }, is_anew.then_some(records))
        };
        let record = to_bytes(&device, &enrolment);
        let written = match records {
            Some(kept) => file.log.rewrite(kept.iter().chain([&record]).map(Vec::as_slice)),
            None => file.log.append([record.as_slice()]),
        };
        file.is_failing = written.is_err();
        written.map_err(NotEnrolled::NotWritten)?;
        self.list.write().unwrap_or_else(PoisonError::into_inner).insert(device, enrolment);
        Ok(GivenSecret { secret: self.secret(&device, &enrolment), serial: enrolment.serial })
    }

    /// Judges the MAC of a device over a message, in the same time whatever it is worth.
    pub(crate) fn judge(&self, device: &DeviceId, message: &[u8], mac: &[u8; MAC_BYTES]) -> ByMac {
        let found = self.list.read().unwrap_or_else(PoisonError::into_inner).get(device).copied();
        let secret = self.secret(device, &found.unwrap_or(NOBODY));
        let own = hmac(secret.as_slice(), message).finalize().into_bytes();
        let is_right = is_same(own.as_slice(), mac);
        match found {
            Some(Enrolment { owner, rotation, .. }) if is_right => ByMac::Right { owner, rotation },
            _ => ByMac::Wrong,
        }
    }

    fn secret(&self, device: &DeviceId, enrolment: &Enrolment) -> Key {
        let master = self.master.read().unwrap_or_else(PoisonError::into_inner).clone();
        secret_of(&master, &enrolment.salt, (self.chain_id, device), enrolment.serial)
    }

    /// Has other secrets made from now on, and forgets who was enrolled; how many that were.
    ///
    /// # Errors
    /// `hmac_secret`: it cannot be written, and nothing has changed.
    pub(crate) fn rotate(&self) -> Result<usize, Refusal> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let master = self.fresh("master");
        secret::OLDER_DEVICES.put(&self.folder, &master)?;
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(master);
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let forgotten = std::mem::take(&mut *list).len();
        drop(list);
        // What may still stand in the file is of no use without the former secret.
        file.is_failing = file.log.rewrite([]).is_err();
        tracing::warn!(forgotten, "the operator has put another secret for older devices in the place of the former");
        Ok(forgotten)
    }

    fn salt(&self) -> [u8; MAC_BYTES] {
        *self.fresh("salt")
    }

    /// Another each time: of no other start, and of this one no other number.
    fn fresh(&self, purpose: &str) -> Key {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        derive(self.entropy.as_slice(), None, &format!("thr/v1/verifyid-hmac-{purpose}/{number}"))
    }
}

/// The secret of an older device (HKDF-SHA-256, RFC 5869): 32 bytes.
fn secret_of(master: &Key, salt: &[u8; MAC_BYTES], (chain, device): (ChainId, &DeviceId), serial: u32) -> Key {
    let purpose = format!("thr/v1/verifyid-hmac/{}/{}/{serial}", chain.0, device.0);
    derive(master.as_slice(), Some(salt), &purpose)
}

fn read_list(path: &Path) -> Result<(Log, BTreeMap<DeviceId, Enrolment>), Refusal> {
    let hint = "move it away: another secret is then made too, so that no former secret of a device is good again, and devices are enrolled anew";
    let opened = Log::open(path, BOUNDS, OnDamage::Refuse);
    let OpenedLog { log, records, torn_bytes, .. } =
        opened.map_err(|error| Refusal::new("hmac_log", format!("{error}; {hint}")))?;
    if torn_bytes > 0 {
        tracing::warn!(bytes = torn_bytes, "an incomplete last record of enrolled devices was cut off");
    }
    let mut list = BTreeMap::new();
    for record in &records {
        let (device, enrolment) = read(record).ok_or_else(|| {
            let what = format!("{} holds a record that this version does not know", path.display());
            Refusal::new("hmac_log", format!("{what}; start the version that wrote it, or {hint}"))
        })?;
        list.insert(device, enrolment);
    }
    Ok((log, list))
}

/// Whether these are records of this version.
pub(crate) fn knows(records: &[Vec<u8>]) -> bool {
    records.iter().all(|record| read(record).is_some())
}

fn to_bytes(device: &DeviceId, enrolment: &Enrolment) -> Vec<u8> {
    let Enrolment { serial, salt, owner, rotation } = enrolment;
    let (serial, rotation) = (serial.to_le_bytes(), rotation.to_le_bytes());
    [&[VERSION], device.0.as_bytes().as_slice(), &serial, salt, &owner.0, &rotation].concat()
}

fn read(record: &[u8]) -> Option<(DeviceId, Enrolment)> {
    let mut rest = record;
    let [version] = *part(&mut rest)?;
    let device = DeviceId(Hash32(*part(&mut rest)?));
    let serial = u32::from_le_bytes(*part(&mut rest)?);
    let (salt, owner) = (*part(&mut rest)?, Address(*part(&mut rest)?));
    let rotation = u32::from_le_bytes(*part(&mut rest)?);
    (version == VERSION && rest.is_empty()).then_some((device, Enrolment { serial, salt, owner, rotation }))
}

#[cfg(test)]
mod tests;
