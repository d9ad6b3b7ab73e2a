//! Small files that are written as a whole: magic, format version, chain, payload, checksum.
//!
//! It must not know what the payload means. Invariant: no byte of a sealed file can change without an error.
//!
//! Layout, integers little-endian: `magic [8] | version u32 | chain id [32] | payload | crc32c u32 of all before`.

use types::{ChainId, Hash32};

use crate::error::JournalError;

const MAGIC_BYTES: usize = 8;
/// No software will ever have so many versions: a file that says so is damaged.
const VERSION_MAX: u32 = 0xffff;
const HEAD_BYTES: usize = MAGIC_BYTES + 4 + 32;
const CRC_BYTES: usize = 4;

/// What kind of file it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// Its first bytes.
    pub(crate) magic: [u8; MAGIC_BYTES],
    /// The newest version that this software writes and reads.
    pub(crate) version: u32,
    /// Length of the payload in bytes.
    pub(crate) payload_bytes: usize,
}

impl Format {
    /// Length of the whole file in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        HEAD_BYTES.saturating_add(self.payload_bytes).saturating_add(CRC_BYTES)
    }

    /// The file's content.
    pub(crate) fn seal(&self, chain: ChainId, payload: &[u8]) -> Vec<u8> {
        assert!(payload.len() == self.payload_bytes, "a payload has the length of its format");
        let mut bytes = Vec::with_capacity(self.bytes());
        bytes.extend_from_slice(&self.magic);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(chain.0.as_bytes());
        bytes.extend_from_slice(payload);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The chain that a file names; nothing where it is too short to name one. Nothing of it is checked.
    pub(crate) fn chain_of(bytes: &[u8]) -> Option<ChainId> {
        let mut rest = bytes.get(MAGIC_BYTES.saturating_add(4)..)?;
        take(&mut rest).map(|chain| ChainId(Hash32(chain)))
    }

    /// The payload of a file of exactly this format and chain.
    ///
    /// # Errors
    /// [`JournalError`] that names `file` for damage, a newer format or another chain.
    pub(crate) fn unseal<'a>(&self, file: &str, chain: ChainId, bytes: &'a [u8]) -> Result<&'a [u8], JournalError> {
        let damaged =
            |offset: usize, what| JournalError::Damaged { file: file.to_owned(), offset: offset as u64, what };
        let mut rest = bytes;
        let magic = take::<MAGIC_BYTES>(&mut rest).ok_or_else(|| damaged(bytes.len(), "the file ends too early"))?;
        if magic != self.magic {
            return Err(damaged(0, "the file does not begin as such a file does"));
        }
        let version = take(&mut rest).map(u32::from_le_bytes).unwrap_or_default();
        if version > VERSION_MAX {
            return Err(damaged(MAGIC_BYTES, "there is no such format version"));
        }
        if version > self.version {
            return Err(JournalError::NewerFormat { file: file.to_owned(), found: version, known: self.version });
        }
        if bytes.len() != self.bytes() {
            return Err(damaged(bytes.len().min(self.bytes()), "the file has another length than such a file has"));
        }
        let (sealed, crc) = bytes.split_at_checked(bytes.len().saturating_sub(CRC_BYTES)).unwrap_or_default();
        if crc != crc32c::crc32c(sealed).to_le_bytes() {
            return Err(damaged(0, "the checksum does not match"));
        }
        let found = ChainId(Hash32(take(&mut rest).unwrap_or_default()));
        if found != chain {
            return Err(JournalError::OtherChain { file: file.to_owned(), found, expected: chain });
        }
        Ok(rest.split_at_checked(self.payload_bytes).map_or(&[], |(payload, _)| payload))
    }
}

/// Takes the next `N` bytes if they are there.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

/// Takes the next number if it is there.
pub(crate) fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(u64::from_le_bytes)
}
