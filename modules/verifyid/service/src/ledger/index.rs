//! In which batch a challenge is: 256 files of places, by the challenge's first byte.
//!
//! An entry is `challenge 16 | day u32 | number u64 | root 4`. It must not know what a batch says. Nothing here is believed: whoever finds a place
//! looks into the batch. Invariant: a challenge of a batch that is closed has its place here.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::files::day_of;
use super::record::ClosedBatch;

const FOLDER: &str = "index";
const ENTRY_BYTES: usize = 32;
/// Most places of one challenge: one for each time that its batch was written.
const PLACES_MAX: usize = 16;

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
        fs::create_dir_all(&self.folder)?;
        for (first, entries) in by_file {
            let mut file = OpenOptions::new().create(true).append(true).open(self.path(first))?;
            // A part of an entry is what a crash left.
            let length = file.metadata()?.len();
            file.set_len(length.saturating_sub(length % ENTRY_BYTES as u64))?;
            file.write_all(&entries)?;
            file.sync_data()?;
        }
        File::open(&self.folder)?.sync_all()
    }

    /// The newest places that stand here for a challenge, the newest last.
    pub(super) fn places(&self, challenge: &[u8; 16]) -> io::Result<Vec<Place>> {
        let [first, ..] = *challenge;
        let mut places = Vec::new();
        self.each(first, |entry| {
            let (of, place) = Place::read(entry);
            if of == *challenge && !places.contains(&place) {
                if places.len() == PLACES_MAX {
                    places.remove(0);
                }
                places.push(place);
            }
        })?;
        Ok(places)
    }

    /// Writes each file anew that begins with a day before this one, without such days.
    pub(super) fn remove_before(&self, day: u32) -> io::Result<()> {
        for first in 0..=u8::MAX {
            let is_old = self.first_day(first)?.is_some_and(|begin| begin < day);
            if is_old {
                self.rewrite(first, day)?;
            }
        }
        Ok(())
    }

    fn rewrite(&self, first: u8, day: u32) -> io::Result<()> {
        let (path, beside) = (self.path(first), self.folder.join(format!("{first:02x}.new")));
        let mut file = io::BufWriter::new(File::create(&beside)?);
        let mut written = Ok(());
        self.each(first, |entry| {
            if written.is_ok() && Place::read(entry).1.day >= day {
                written = file.write_all(entry);
            }
        })?;
        written?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// The day of a file's first entry, which is its oldest but for clocks that were set.
    fn first_day(&self, first: u8) -> io::Result<Option<u32>> {
        let mut entry = [0; ENTRY_BYTES];
        match File::open(self.path(first)).and_then(|mut file| file.read_exact(&mut entry)) {
            Ok(()) => Ok(Some(Place::read(&entry).1.day)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every whole entry of a file, if there is one.
    fn each(&self, first: u8, mut tell: impl FnMut(&[u8; ENTRY_BYTES])) -> io::Result<()> {
        let file = match File::open(self.path(first)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let (mut reader, mut entry) = (BufReader::with_capacity(1 << 16, file), [0; ENTRY_BYTES]);
        loop {
            match reader.read_exact(&mut entry) {
                Ok(()) => tell(&entry),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn path(&self, first: u8) -> PathBuf {
        self.folder.join(format!("{first:02x}"))
    }
}
