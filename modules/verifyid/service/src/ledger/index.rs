//! In which batch a challenge is: for each 32 days 256 files of places, by the challenge's first byte.
//!
//! An entry is `challenge 16 | day u32 | number u64 | root 4`. It must not know what a batch says. Nothing here is believed: whoever finds a place
//! looks into the batch. Invariant: a challenge of a batch that is closed has its place here.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::files::day_of;
use super::record::ClosedBatch;

const FOLDER: &str = "index";
const ENTRY_BYTES: usize = 32;
/// Most places of one challenge: one for each time that its batch was written.
const PLACES_MAX: usize = 16;
/// Days of one folder. What is too old goes by whole folders, so nothing is ever written anew.
const PERIOD_DAYS: u32 = 32;

/// Where a batch lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) day: u32,
    pub(super) number: u64,
    /// The first bytes of its root: numbers begin anew with a new ledger.
    pub(super) root: [u8; 4],
}

impl Place {
    /// That of a batch.
    pub(super) fn of(closed: &ClosedBatch) -> Self {
        let [a, b, c, d, ..] = closed.root.0;
        Self { day: day_of(closed.last.0), number: closed.number, root: [a, b, c, d] }
    }

    fn read(entry: &[u8; ENTRY_BYTES]) -> ([u8; 16], Self) {
        let mut rest = entry.as_slice();
        let (mut challenge, mut day, mut number, mut root) = ([0; 16], [0; 4], [0; 8], [0; 4]);
        for part in [challenge.as_mut_slice(), &mut day, &mut number, &mut root] {
            let (here, later) = rest.split_at(part.len());
            part.copy_from_slice(here);
            rest = later;
        }
        (challenge, Self { day: u32::from_le_bytes(day), number: u64::from_le_bytes(number), root })
    }

    fn entry(&self, challenge: &[u8; 16]) -> Vec<u8> {
        [challenge.as_slice(), &self.day.to_le_bytes(), &self.number.to_le_bytes(), &self.root].concat()
    }
}

/// The index.
#[derive(Clone, Debug)]
pub(super) struct PlaceIndex {
    folder: PathBuf,
}

impl PlaceIndex {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.join(FOLDER) }
    }

    /// Writes down where these challenges are, and syncs it.
    pub(super) fn add(&self, challenges: impl Iterator<Item = [u8; 16]>, place: &Place) -> io::Result<()> {
        let mut by_file: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        for challenge in challenges {
            let [first, ..] = challenge;
            by_file.entry(first).or_default().extend(place.entry(&challenge));
        }
        let period = place.day / PERIOD_DAYS;
        let folder = self.period_folder(period);
        fs::create_dir_all(&folder)?;
        for (first, entries) in by_file {
            let mut file = OpenOptions::new().create(true).append(true).open(self.path(period, first))?;
            // A part of an entry is what a crash left.
            let length = file.metadata()?.len();
            file.set_len(length.saturating_sub(length % ENTRY_BYTES as u64))?;
            file.write_all(&entries)?;
            file.sync_data()?;
        }
        File::open(&folder)?.sync_all()?;
        File::open(&self.folder)?.sync_all()
    }

    /// The newest places of a period that stand here for a challenge, the newest last. Reads a file of 32 bytes for each 256th verification of the period.
    pub(super) fn places(&self, period: u32, challenge: &[u8; 16]) -> io::Result<Vec<Place>> {
        let [first, ..] = *challenge;
        let mut places = Vec::new();
        self.each(period, first, |entry| {
            if !entry.starts_with(challenge) {
                return;
            }
            let (_, place) = Place::read(entry);
            if !places.contains(&place) {
                if places.len() == PLACES_MAX {
                    places.remove(0);
                }
                places.push(place);
            }
        })?;
        Ok(places)
    }

    /// Removes what is of days before this one alone.
    pub(super) fn remove_before(&self, day: u32) -> io::Result<()> {
        for period in self.periods()?.into_iter().filter(|period| *period < day / PERIOD_DAYS) {
            fs::remove_dir_all(self.period_folder(period))?;
        }
        Ok(())
    }

    /// All of which something stands here, the oldest first.
    pub(super) fn periods(&self) -> io::Result<Vec<u32>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut periods = Vec::new();
        for entry in entries {
            periods.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        periods.sort_unstable();
        Ok(periods)
    }

    /// Every whole entry of a file, if there is one.
    fn each(&self, period: u32, first: u8, mut tell: impl FnMut(&[u8; ENTRY_BYTES])) -> io::Result<()> {
        let file = match File::open(self.path(period, first)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let (mut reader, mut entry) = (BufReader::with_capacity(1 << 16, file), [0; ENTRY_BYTES]);
        loop {
            match reader.read_exact(&mut entry) {
                Ok(()) => tell(&entry),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn period_folder(&self, period: u32) -> PathBuf {
        self.folder.join(period.to_string())
    }

    fn path(&self, period: u32, first: u8) -> PathBuf {
        self.period_folder(period).join(format!("{first:02x}"))
    }
}
