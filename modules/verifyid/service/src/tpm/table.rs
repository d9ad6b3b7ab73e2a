//! What is kept of TPMs: which device each is of, its attestation key, and its last quote; on the disk before it is told.
//!
//! A record, integers little-endian: `1 | 1 | what the TPM is remembered by 32 | its digest, sealed 32 | device 32`; `1 | 2 | device 32 | key id 32 | enrolled ms u64 | what the
//! TPM is remembered by 32 | public area of its attestation key`; `1 | 3 | device 32 | quoted ms u64 | signer 34 | TPM's clock u64 | resets u32 | restarts u32 | firmware u64 | digest of the
//! PCRs 32 | evidence 32`. It must not know the chain, nor judge. Invariants: a TPM is of one device; whoever changes something says what it saw, and
//! nothing is changed if that is no longer so; a record that is not known is a refusal.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

use service::Refusal;
use service::log::{Log, LogBounds, LogError, OnDamage, OpenedLog};
use types::{Hash32, TimeMs};
use verifyid::DeviceId;
use verifyid_tpm::{LastQuote, PUBLIC_AREA_BYTES_MAX, TpmClock, TpmName};

use super::ek_key::{EkKey, EkMac, SealedEk};
use crate::examiner::token::part;

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "tpms";
/// Most TPMs: some 20 MB, here and on the disk.
const TPMS_MAX: usize = 20_000;
/// How much the file takes.
pub(crate) const BOUNDS: LogBounds =
    LogBounds { record_bytes_max: 2 + 32 + 32 + 8 + 32 + PUBLIC_AREA_BYTES_MAX, file_bytes_max: 64 << 20 };
/// It is written anew when it is longer: what must be kept takes 20 MB at most.
const BYTES_MAX: u64 = 48 << 20;
const VERSION: u8 = 1;
const BOUND: u8 = 1;
const ENROLLED: u8 = 2;
const QUOTED: u8 = 3;

/// A device's TPM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Enrolment {
    /// The key by which the device said that it is its own.
    pub(crate) key_id: Hash32,
    pub(crate) at: TimeMs,
    pub(crate) ek: EkMac,
    /// The public area of its attestation key.
    pub(crate) attestation_key: Vec<u8>,
    pub(crate) quoted: Option<Quoted>,
}

/// A device's last quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quoted {
    pub(crate) at: TimeMs,
    /// Who signed, with all above it.
    pub(crate) signer: TpmName,
    pub(crate) last: LastQuote,
    /// SHA-256 of the PCRs' values.
    pub(crate) pcrs: Hash32,
    pub(crate) evidence: Hash32,
}

/// Whose a TPM was seen to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EkHolder {
    Nobody,
    /// This device's: the very one, or one that is revoked.
    Device(DeviceId),
}

/// Why something is not kept.
#[derive(Debug)]
pub(crate) enum NotKept {
    /// It is no longer as it was seen.
    Meanwhile,
    /// It could not be written down, and does not count.
    NotWritten(LogError),
}

#[derive(Clone, Debug, Default)]
struct Kept {
    holders: HashMap<EkMac, (DeviceId, SealedEk)>,
    devices: BTreeMap<DeviceId, Enrolment>,
}

/// The table with its file.
pub(crate) struct TpmTable {
    /// Never held while something is written.
    kept: RwLock<Kept>,
    file: Mutex<TableFile>,
}

struct TableFile {
    log: Log,
    /// The last write failed: what stands in the file is not known before it is written anew.
    is_failing: bool,
}

/// One record.
enum Record {
    Bound(EkMac, SealedEk, DeviceId),
    Enrolled(DeviceId, Enrolment),
    Quoted(DeviceId, Quoted),
}

impl TpmTable {
    /// Whether there is one in this folder.
    ///
    /// # Errors
    /// `tpm_log`: the system does not say.
    pub(crate) fn exists(folder: &Path) -> Result<bool, Refusal> {
        let path = folder.join(FILE);
        path.try_exists().map_err(|error| Refusal::new("tpm_log", format!("{}: {error}", path.display())))
    }

    /// Reads it, or begins one.
    ///
    /// # Errors
    /// `tpm_log`: it is damaged, holds what this version does not know, or cannot be used. `ek_key`: it was written under another key.
    pub(crate) fn open(folder: &Path, key: &EkKey) -> Result<Self, Refusal> {
        let path = folder.join(FILE);
        let hint = "put it back from a copy; without it each TPM could be enrolled for a second device, and devices enrol anew";
        let opened = Log::open(&path, BOUNDS, OnDamage::Refuse);
        let OpenedLog { log, records, .. } =
            opened.map_err(|error| Refusal::new("tpm_log", format!("{error}; {hint}")))?;
        let mut kept = Kept::default();
        for record in &records {
            let record = read(record).ok_or_else(|| {
                let what = format!("{} holds a record that this version does not know", path.display());
                Refusal::new("tpm_log", format!("{what}; start the version that wrote it, or {hint}"))
            })?;
            if let Record::Bound(mac, sealed, _) = &record
                && key.open_seal(mac, sealed).is_none()
            {
                let what = format!("{} was written under another key than {}", path.display(), super::ek_key::FILE);
                return Err(Refusal::new("ek_key", format!("{what}: put the right one back; {hint}")));
            }
            kept.take(record);
        }
        Ok(Self { kept: RwLock::new(kept), file: Mutex::new(TableFile { log, is_failing: false }) })
    }

    /// How many devices have a TPM.
    pub(crate) fn devices(&self) -> usize {
        self.with(|kept| kept.devices.len())
    }

    /// Whether another TPM has a place.
    pub(crate) fn has_room(&self) -> bool {
        self.with(|kept| kept.holders.len() < TPMS_MAX)
    }

    /// Whose a TPM is.
    pub(crate) fn holder(&self, ek: &EkMac) -> Option<DeviceId> {
        self.with(|kept| kept.holders.get(ek).map(|(device, _)| *device))
    }

    /// What is kept of a device's TPM.
    pub(crate) fn of_device(&self, device: &DeviceId) -> Option<Enrolment> {
        self.with(|kept| kept.devices.get(device).cloned())
    }

    /// Keeps a TPM as a device's, in the place of its former one, and of whoever had it.
    ///
    /// # Errors
    /// [`NotKept`].
    pub(crate) fn enrol(
        &self,
        device: DeviceId,
        enrolment: Enrolment,
        (sealed, seen): (SealedEk, EkHolder),
    ) -> Result<(), NotKept> {
        let ek = enrolment.ek;
        let is_as_seen = move |kept: &Kept| match (kept.holders.get(&ek), seen) {
            (None, EkHolder::Nobody) => kept.holders.len() < TPMS_MAX,
            (Some((holder, _)), EkHolder::Device(seen)) => *holder == seen,
            _ => false,
        };
        self.write(is_as_seen, vec![Record::Bound(ek, sealed, device), Record::Enrolled(device, enrolment)])
    }

    /// Keeps a quote of a device's TPM.
    ///
    /// # Errors
    /// [`NotKept`].
    pub(crate) fn quoted(&self, device: DeviceId, seen: &Enrolment, quoted: Quoted) -> Result<(), NotKept> {
        self.write(|kept| kept.devices.get(&device) == Some(seen), vec![Record::Quoted(device, quoted)])
    }

    fn with<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whoever writes has the file until it is in the table too, so nothing changes between the look and that.
    fn write(&self, is_as_seen: impl FnOnce(&Kept) -> bool, records: Vec<Record>) -> Result<(), NotKept> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let former = self.with(|kept| {
            let is_anew = file.is_failing || file.log.bytes() > BYTES_MAX;
            is_as_seen(kept).then(|| is_anew.then(|| kept.records().iter().map(to_bytes).collect::<Vec<_>>()))
        });
        let Some(former) = former else { return Err(NotKept::Meanwhile) };
        let new: Vec<Vec<u8>> = records.iter().map(to_bytes).collect();
        let written = match former {
            Some(former) => file.log.rewrite(former.iter().chain(&new).map(Vec::as_slice)),
            None => file.log.append(new.iter().map(Vec::as_slice)),
        };
        file.is_failing = written.is_err();
        written.map_err(NotKept::NotWritten)?;
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        records.into_iter().for_each(|record| kept.take(record));
        Ok(())
    }
}

impl Kept {
    fn take(&mut self, record: Record) {
        match record {
            Record::Bound(ek, sealed, device) => {
                let former = self.holders.insert(ek, (device, sealed)).map(|(former, _)| former);
                let is_gone = |former: &DeviceId| self.devices.get(former).is_some_and(|enrolment| enrolment.ek == ek);
                if let Some(former) = former.filter(|former| *former != device && is_gone(former)) {
                    self.devices.remove(&former);
                }
            }
            Record::Enrolled(device, enrolment) => drop(self.devices.insert(device, enrolment)),
            Record::Quoted(device, quoted) => {
                if let Some(enrolment) = self.devices.get_mut(&device) {
                    enrolment.quoted = Some(quoted);
                }
            }
        }
    }

    fn records(&self) -> Vec<Record> {
        let bound = self.holders.iter().map(|(ek, (device, sealed))| Record::Bound(*ek, *sealed, *device));
        let enrolled = self.devices.iter().flat_map(|(device, enrolment)| {
            let quoted = enrolment.quoted.map(|quoted| Record::Quoted(*device, quoted));
            [Some(Record::Enrolled(*device, enrolment.clone())), quoted].into_iter().flatten()
        });
        bound.chain(enrolled).collect()
    }
}

/// Whether these are records of this version.
pub(crate) fn knows(records: &[Vec<u8>]) -> bool {
    records.iter().all(|record| read(record).is_some())
}

fn to_bytes(record: &Record) -> Vec<u8> {
    match record {
        Record::Bound(ek, sealed, device) => {
            [&[VERSION, BOUND], ek.0.as_slice(), &sealed.0, device.0.as_bytes()].concat()
        }
        Record::Enrolled(device, enrolment) => [
            &[VERSION, ENROLLED],
            device.0.as_bytes().as_slice(),
            enrolment.key_id.as_bytes(),
            &enrolment.at.0.to_le_bytes(),
            &enrolment.ek.0,
            &enrolment.attestation_key,
        ]
        .concat(),
        Record::Quoted(device, Quoted { at, signer, last: LastQuote { clock, firmware }, pcrs, evidence }) => [
            &[VERSION, QUOTED],
            device.0.as_bytes().as_slice(),
            &at.0.to_le_bytes(),
            signer.as_bytes(),
            &clock.clock_ms.to_le_bytes(),
            &clock.resets.to_le_bytes(),
            &clock.restarts.to_le_bytes(),
            &firmware.to_le_bytes(),
            pcrs.as_bytes(),
            evidence.as_bytes(),
        ]
        .concat(),
    }
}

fn read(record: &[u8]) -> Option<Record> {
    let rest = &mut &*record;
    let [version, kind] = *part(rest)?;
    let read = match kind {
        BOUND => Record::Bound(EkMac(*part(rest)?), SealedEk(*part(rest)?), DeviceId(Hash32(*part(rest)?))),
        ENROLLED => {
            let (device, key_id) = (DeviceId(Hash32(*part(rest)?)), Hash32(*part(rest)?));
            let (at, ek) = (TimeMs(u64::from_le_bytes(*part(rest)?)), EkMac(*part(rest)?));
            let attestation_key = std::mem::take(rest).to_vec();
            Record::Enrolled(device, Enrolment { key_id, at, ek, attestation_key, quoted: None })
        }
        QUOTED => {
            let (device, at) = (DeviceId(Hash32(*part(rest)?)), TimeMs(u64::from_le_bytes(*part(rest)?)));
            let signer = TpmName(*part(rest)?);
            let clock_ms = u64::from_le_bytes(*part(rest)?);
            let (resets, restarts) = (u32::from_le_bytes(*part(rest)?), u32::from_le_bytes(*part(rest)?));
            // No other is ever kept.
            let clock = TpmClock { clock_ms, resets, restarts, is_safe: true };
            let last = LastQuote { clock, firmware: u64::from_le_bytes(*part(rest)?) };
            let (pcrs, evidence) = (Hash32(*part(rest)?), Hash32(*part(rest)?));
            Record::Quoted(device, Quoted { at, signer, last, pcrs, evidence })
        }
        _ => return None,
    };
    (version == VERSION && rest.is_empty()).then_some(read)
}

#[cfg(test)]
impl TpmTable {
    /// Leaves no room for another record, unless the file is written anew.
    pub(crate) fn fill(&self) {
        let mut file = self.file.lock().expect("nobody panics");
        let record = to_bytes(&Record::Bound(EkMac([0; 32]), SealedEk([0; 32]), DeviceId(Hash32([0; 32]))));
        while file.log.append(vec![record.as_slice(); 10_000]).is_ok() {}
        while file.log.append([record.as_slice(); 100]).is_ok() {}
        while file.log.append([record.as_slice()]).is_ok() {}
    }
}
