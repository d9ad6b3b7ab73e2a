//! One append-only file of records, for whatever a service must not forget.
//!
//! It must not know what a record says. Layout of a record, integers little-endian: `length u32 | CRC-32C of the length | CRC-32C of
//! the body | body`. The length has a checksum of its own, because a damaged one must not make the rest of the file look torn.
//!
//! Invariants: a record is on the disk when [`Log::append`] returns. Only what nobody has heard of is cut off: an incomplete last
//! record, or zeros from a record's border to the end, which is how a file looks that grew before its content came. Anything else is
//! damage, and is named: the file is left as it is, or kept beside the new one ([`OnDamage`]). A rewrite is whole or has not
//! happened.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::plain_file::{self, Takes};
use crate::{Finding, FolderFindings};

/// Bytes before a record's body.
pub const RECORD_HEAD_BYTES: usize = 12;
/// Damaged files that are kept; the last place is used again.
const ASIDE_MAX: u32 = 4;

/// How much a log takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds {
    /// Longest body of a record.
    pub record_bytes_max: usize,
    /// Longest file. A longer one is not read.
    pub file_bytes_max: u64,
}

/// What is done about damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDamage {
    /// The file is kept under another name, and the records that are whole go on in a new one: where each stands for itself.
    SetAside,
    /// It is an error, and the file stays as it is: where a lost record would be worse than a stop.
    Refuse,
}

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system refused.
    #[error("{path}: {error}")]
    Disk {
        /// The file.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// Something stands in it that was never written.
    #[error("{path} is damaged at byte {offset} ({what})")]
    Damaged {
        /// The file.
        path: String,
        /// Where the record begins that is wrong.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The file is longer than its kind may be.
    #[error("{path} has {bytes} bytes, and at most {max} are read")]
    TooLong {
        /// The file.
        path: String,
        /// Its length.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// There is no room in the file.
    #[error("{path} is full: {bytes} bytes more would make it longer than {max}")]
    Full {
        /// The file.
        path: String,
        /// What was to be appended.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// A record is longer than one may be.
    #[error("{path} takes records of at most {max} bytes, and this one has {bytes}")]
    RecordTooLong {
        /// The file.
        path: String,
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// An earlier write failed in a way that leaves its end unknown.
    #[error("{path} took no write to its end before, so nothing more is written: start the node again")]
    Broken {
        /// The file.
        path: String,
    },
}

/// How a file ends or where it is wrong, if it is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// So many bytes at the end are what a crash left.
    Torn(u64),
    /// What stands at this byte was never written.
    Damaged(u64, &'static str),
}

/// A damaged file that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is wrong.
    pub offset: u64,
    /// What is wrong there.
    pub what: &'static str,
    /// Its name now.
    pub kept: PathBuf,
}

/// A log with what was in it.
#[derive(Debug)]
pub struct OpenedLog {
    /// The log.
    pub log: Log,
    /// The bodies of its records, in order.
    pub records: Vec<Vec<u8>>,
    /// Bytes that were cut off its end.
    pub torn_bytes: u64,
    /// The damaged file, if it was.
    pub set_aside: Option<SetAside>,
}

/// An open log.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    bounds: LogBounds,
    file: File,
    bytes: u64,
    is_broken: bool,
}

impl Log {
    /// Opens the file, or makes it, and reads what is in it. A rewrite that did not come to its end is removed.
    ///
    /// # Errors
    /// [`LogError`]; with [`OnDamage::Refuse`] also for damage and for a file that is too long.
    pub fn open(path: &Path, bounds: LogBounds, on_damage: OnDamage) -> Result<OpenedLog, LogError> {
        let failed = |error| disk(path, error);
        remove_if_there(&beside(path)).map_err(failed)?;
        let found = match read(path, bounds) {
            Err(LogError::TooLong { bytes, .. }) => return Self::without(path, bounds, on_damage, bytes),
            found => found?,
        };
        let (is_new, bytes) = (found.is_none(), found.unwrap_or_default());
        let Scanned { bodies, whole, fault } = scan(&bytes, bounds.record_bytes_max);
        let records: Vec<Vec<u8>> = bodies.into_iter().map(<[u8]>::to_vec).collect();
        if let Some(LogFault::Damaged(offset, what)) = fault {
            if on_damage == OnDamage::Refuse {
                return Err(LogError::Damaged { path: path.display().to_string(), offset, what });
            }
            let kept = keep_aside(path).map_err(failed)?;
            let mut log = Self::at_end(path, bounds, 0).map_err(failed)?;
            log.rewrite(records.iter().map(Vec::as_slice))?;
            return Ok(OpenedLog { log, records, torn_bytes: 0, set_aside: Some(SetAside { offset, what, kept }) });
        }
        let log = Self::at_end(path, bounds, whole).map_err(failed)?;
        let torn_bytes = (bytes.len() as u64).saturating_sub(whole);
        if torn_bytes > 0 {
            log.file.set_len(whole).and_then(|()| log.file.sync_all()).map_err(failed)?;
        }
        if is_new {
            sync_folder_of(path).map_err(failed)?;
        }
        Ok(OpenedLog { log, records, torn_bytes, set_aside: None })
    }

    /// A file that is too long to be read.
    fn without(path: &Path, bounds: LogBounds, on_damage: OnDamage, bytes: u64) -> Result<OpenedLog, LogError> {
        if on_damage == OnDamage::Refuse {
            let max = bounds.file_bytes_max;
            return Err(LogError::TooLong { path: path.display().to_string(), bytes, max });
        }
        let kept = keep_aside(path).map_err(|error| disk(path, error))?;
        let mut log = Self::at_end(path, bounds, 0).map_err(|error| disk(path, error))?;
        log.rewrite([])?;
        let what = "the file is longer than one of its kind may be";
        let set_aside = Some(SetAside { offset: bounds.file_bytes_max, what, kept });
        Ok(OpenedLog { log, records: Vec::new(), torn_bytes: 0, set_aside })
    }

    fn at_end(path: &Path, bounds: LogBounds, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { path: path.to_owned(), bounds, file, bytes, is_broken: false })
    }

    /// Bytes of the file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes records behind the others, all of them or none, and syncs them.
    ///
    /// # Errors
    /// [`LogError`]; none of them counts then. After one of the disk, the log may be [`LogError::Broken`].
    pub fn append<'a>(&mut self, records: impl IntoIterator<Item = &'a [u8]>) -> Result<(), LogError> {
        if self.is_broken {
            return Err(LogError::Broken { path: self.name() });
        }
        let bytes = self.encode(records)?;
        let length = bytes.len() as u64;
        let max = self.bounds.file_bytes_max;
        if self.bytes.saturating_add(length) > max {
            return Err(LogError::Full { path: self.name(), bytes: length, max });
        }
        if let Err(error) = self.file.write_all(&bytes) {
            // What is half written must not stand before what comes next.
            let undone = self.file.set_len(self.bytes).and_then(|()| self.file.sync_data());
            self.is_broken = undone.is_err();
            return Err(disk(&self.path, error));
        }
        if let Err(error) = self.file.sync_data() {
            // What the system did with it nobody knows, and asking again says nothing.
            self.is_broken = true;
            return Err(disk(&self.path, error));
        }
        self.bytes = self.bytes.saturating_add(length);
        Ok(())
    }

    /// Puts a file with these records alone in the place of this one.
    ///
    /// # Errors
    /// [`LogError`]; the file is the one before or the new one, and each is whole.
    pub fn rewrite<'a>(&mut self, records: impl IntoIterator<Item = &'a [u8]>) -> Result<(), LogError> {
        let bytes = self.encode(records)?;
        let (length, max) = (bytes.len() as u64, self.bounds.file_bytes_max);
        if length > max {
            return Err(LogError::Full { path: self.name(), bytes: length, max });
        }
        let write = || {
            let beside = beside(&self.path);
            // Whatever somebody has put there gives way: at a pipe the write would wait for ever.
            remove_if_there(&beside)?;
            let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            sync_folder_of(&self.path)?;
            OpenOptions::new().append(true).open(&self.path)
        };
        match write() {
            Ok(file) => {
                (self.file, self.bytes, self.is_broken) = (file, length, false);
                Ok(())
            }
            Err(error) => {
                // The rename may have come before the failure: then what is open is not what has the name.
                // One that was broken before is so still.
                self.is_broken |= !is_same(&self.file, &self.path);
                Err(disk(&self.path, error))
            }
        }
    }

    fn encode<'a>(&self, records: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, LogError> {
        let mut bytes = Vec::new();
        let max = self.bounds.record_bytes_max;
        for body in records {
            let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= max && !body.is_empty());
            let Some(length) = length else {
                return Err(LogError::RecordTooLong { path: self.name(), bytes: body.len(), max });
            };
            let length = length.to_le_bytes();
            bytes.extend_from_slice(&length);
            bytes.extend_from_slice(&crc32c::crc32c(&length).to_le_bytes());
            bytes.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
            bytes.extend_from_slice(body);
        }
        Ok(bytes)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// What is wrong with the bytes of a log, if anything: for whoever looks and changes nothing.
#[must_use]
pub fn fault_of(bytes: &[u8], record_bytes_max: usize) -> Option<LogFault> {
    scan(bytes, record_bytes_max).fault
}

/// Looks at a log that a start opens with [`OnDamage::Refuse`], and changes nothing: whatever would be refused is named. `knows` says
/// whether its records are of a kind that is known.
#[must_use]
pub fn look_at(path: &Path, bounds: LogBounds, knows: impl FnOnce(&[Vec<u8>]) -> bool) -> FolderFindings {
    let mut findings = FolderFindings::default();
    let wrong = match read(path, bounds) {
        Ok(None) => None,
        Ok(Some(bytes)) => {
            let Scanned { bodies, fault, .. } = scan(&bytes, bounds.record_bytes_max);
            let records: Vec<Vec<u8>> = bodies.into_iter().map(<[u8]>::to_vec).collect();
            if let Some(LogFault::Torn(_)) = fault {
                findings.torn.push(Finding::new(path, "an incomplete last record"));
            }
            match fault {
                Some(LogFault::Damaged(offset, what)) => Some(format!("damaged at byte {offset} ({what})")),
                _ if !knows(&records) => Some("it holds a record that this version does not know".to_owned()),
                _ => None,
            }
        }
        Err(LogError::TooLong { bytes, max, .. }) => Some(format!("it has {bytes} bytes, and at most {max} are read")),
        Err(LogError::Disk { error, .. }) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    let refused =
        |what| Finding::new(path, format!("{what}; a start that needs it is refused, and says what to do first"));
    findings.wrong.extend(wrong.map(refused));
    findings
}

/// The bytes of a file, if there is one.
fn read(path: &Path, bounds: LogBounds) -> Result<Option<Vec<u8>>, LogError> {
    let failed = |error| disk(path, error);
    if !path.try_exists().map_err(failed)? {
        return Ok(None);
    }
    let file = plain_file::open(path, Takes::File).map_err(failed)?;
    let (length, max) = (file.metadata().map_err(failed)?.len(), bounds.file_bytes_max);
    if length > max {
        return Err(LogError::TooLong { path: path.display().to_string(), bytes: length, max });
    }
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// What some bytes hold.
struct Scanned<'a> {
    bodies: Vec<&'a [u8]>,
    /// Bytes of these records with their heads, up to the first fault.
    whole: u64,
    fault: Option<LogFault>,
}

/// What stands at the beginning of some bytes.
enum Found<'a> {
    Record {
        body: &'a [u8],
        rest: &'a [u8],
    },
    /// A record that begins here and whose end is not there.
    Incomplete,
    /// Something that was never written. The next record begins this many bytes on, at the least.
    Wrong(&'static str, usize),
}

/// Reads whatever is whole; after something that is not, the next that is.
fn scan(bytes: &[u8], record_bytes_max: usize) -> Scanned<'_> {
    let mut scanned = Scanned { bodies: Vec::new(), whole: 0, fault: None };
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = (bytes.len() - rest.len()) as u64;
        match find(rest, record_bytes_max) {
            Found::Record { body, rest: behind } => {
                scanned.bodies.push(body);
                rest = behind;
                if scanned.fault.is_none() {
                    scanned.whole = (bytes.len() - rest.len()) as u64;
                }
            }
            Found::Incomplete if scanned.fault.is_none() => {
                scanned.fault = Some(LogFault::Torn(rest.len() as u64));
                return scanned;
            }
            Found::Wrong(..) if scanned.fault.is_none() && rest.iter().all(|byte| *byte == 0) => {
                scanned.fault = Some(LogFault::Torn(rest.len() as u64));
                return scanned;
            }
            Found::Incomplete => rest = rest.get(1..).unwrap_or_default(),
            Found::Wrong(what, step) => {
                scanned.fault = scanned.fault.or(Some(LogFault::Damaged(offset, what)));
                rest = rest.get(step..).unwrap_or_default();
            }
        }
    }
    scanned
}

fn find(bytes: &[u8], record_bytes_max: usize) -> Found<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<RECORD_HEAD_BYTES>() else { return Found::Incomplete };
    let [a, b, c, d, of_length @ .., e, f, g, h] = *head;
    let (length, of_body) = ([a, b, c, d], [e, f, g, h]);
    if crc32c::crc32c(&length).to_le_bytes() != of_length {
        return Found::Wrong("the checksum of a length does not match", 1);
    }
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length == 0 || length > record_bytes_max {
        return Found::Wrong("no record has this length", 1);
    }
    let Some((body, rest)) = rest.split_at_checked(length) else { return Found::Incomplete };
    if crc32c::crc32c(body).to_le_bytes() != of_body {
        // Its length is right, so what stands within it is not taken for records.
        return Found::Wrong("the checksum of a record does not match", RECORD_HEAD_BYTES + length);
    }
    Found::Record { body, rest }
}

/// Where a rewrite is prepared.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// Gives a damaged file a second name, which it keeps when a rewrite takes the first.
fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| path.with_extension(format!("damaged-{number}"));
    let free = (1..ASIDE_MAX).map(name).find(|aside| !aside.exists()).unwrap_or_else(|| name(ASIDE_MAX));
    remove_if_there(&free)?;
    fs::hard_link(path, &free)?;
    sync_folder_of(path)?;
    Ok(free)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Whether an open file is the one that has the name.
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata().map(place), fs::metadata(path).map(place)), (Ok(one), Ok(other)) if one == other)
}

fn disk(path: &Path, error: io::Error) -> LogError {
    LogError::Disk { path: path.display().to_string(), error }
}
