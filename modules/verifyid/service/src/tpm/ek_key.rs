//! The key under which TPMs are remembered: the authority's, made once and never changed.
//!
//! It must not know devices. Under another key a TPM would be unknown, and could be enrolled for a second device: so there is one key for all nodes that enrol for an
//! authority, and a table without its key is refused and not begun anew. Beside its HMAC each TPM's digest is sealed, so that a table can be written anew
//! under another key if this one leaks. The seal is XOR with HMAC of the HMAC: for one digest always the same, and what was changed does not open.

use std::io;
use std::path::Path;

use hmac::Mac;
use service::{Refusal, private_file};
use zeroize::Zeroizing;

use crate::examiner::keys::{KEY_BYTES, Key, derive, hmac};

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "authority.ek_key";
const TEXT_BYTES: usize = 2 * KEY_BYTES + 1;

/// What a TPM is remembered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EkMac(pub(crate) [u8; 32]);

/// A TPM's digest, to be opened with the key alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealedEk(pub(crate) [u8; 32]);

/// The key.
pub(crate) struct EkKey {
    mac: Key,
    seal: Key,
}

impl EkKey {
    /// Reads it, or makes it where nothing was remembered yet.
    ///
    /// # Errors
    /// `ek_key`, with what to do.
    pub(crate) fn open(folder: &Path, has_table: bool, entropy: &[u8; 32]) -> Result<Self, Refusal> {
        let path = folder.join(FILE);
        match read_file(&path) {
            Ok(secret) => Ok(Self::of(&secret)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !has_table => {
                let secret = derive(entropy, None, "thr/v1/verifyid-ek-secret");
                let text =
                    Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::encode(secret.as_slice()))).into_bytes());
                private_file::replace(&path, |_| Ok(text)).map_err(|error| refusal(&path, &error))?;
                Ok(Self::of(&secret))
            }
            Err(error) => Err(refusal(&path, &error)),
        }
    }

    fn of(secret: &Key) -> Self {
        let of = |purpose| derive(secret.as_slice(), None, purpose);
        Self { mac: of("thr/v1/verifyid-ek-mac"), seal: of("thr/v1/verifyid-ek-seal") }
    }

    /// What a TPM with this digest is remembered by.
    pub(crate) fn mac(&self, digest: &[u8; 32]) -> EkMac {
        EkMac(hmac(self.mac.as_slice(), digest).finalize().into_bytes().into())
    }

    /// Its digest, sealed.
    pub(crate) fn seal(&self, digest: &[u8; 32]) -> SealedEk {
        SealedEk(self.crossed(&self.mac(digest), digest))
    }

    /// Opens a seal; nothing if it was changed, or is of another key.
    pub(crate) fn open_seal(&self, mac: &EkMac, sealed: &SealedEk) -> Option<Zeroizing<[u8; 32]>> {
        let digest = Zeroizing::new(self.crossed(mac, &sealed.0));
        hmac(self.mac.as_slice(), digest.as_slice()).verify_slice(&mac.0).is_ok().then_some(digest)
    }

    fn crossed(&self, mac: &EkMac, bytes: &[u8; 32]) -> [u8; 32] {
        let stream: [u8; 32] = hmac(self.seal.as_slice(), &mac.0).finalize().into_bytes().into();
        let mut crossed = *bytes;
        crossed.iter_mut().zip(stream).for_each(|(byte, other)| *byte ^= other);
        crossed
    }
}

/// What is wrong with it, if it is there and anything is.
pub(crate) fn fault(folder: &Path) -> Option<String> {
    match read_file(&folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Some(error.to_string()),
        _ => None,
    }
}

fn read_file(path: &Path) -> io::Result<Key> {
    let (_, text) = private_file::read(path, TEXT_BYTES)?;
    let mut key = Key::default();
    let digits = text.strip_suffix(b"\n").filter(|digits| digits.len() == 2 * KEY_BYTES);
    match digits.map(|digits| hex::decode_to_slice(digits, key.as_mut())) {
        Some(Ok(())) => Ok(key),
        _ => Err(io::Error::other("it does not hold a line of 64 hexadecimal digits")),
    }
}

fn refusal(path: &Path, error: &io::Error) -> Refusal {
    let hint = "TPMs are remembered under this key: put it back from a copy, for its owner only; without it each TPM could be enrolled for a second device";
    Refusal::new("ek_key", format!("{}: {error}; {hint}", path.display()))
}
