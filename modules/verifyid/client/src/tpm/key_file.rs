//! What is kept of an attestation key between two commands: beside the device's key, as `NAME.tpm`.
//!
//! JSON, one form, version 1: `format`, `version`, `device` (hex), `key_id` (hex: the device's key that enrolled it), `public` and `private` (hex). The private part is sealed by
//! the TPM, which alone can use it; the file is its owner's all the same, as it tells which TPM it is. It must not know how it is used.

use std::path::{Path, PathBuf};

use crate::say::say;
use serde::{Deserialize, Serialize};
use types::Hash32;
use verifyid::DeviceId;
use wallet::home::is_there;
use wallet::keystore::file::{Existing, read_private, write_private};
use wallet::{Error, Result};

const FORMAT: &str = "thronos-device-tpm";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    version: u32,
    device: DeviceId,
    key_id: Hash32,
    public: String,
    private: String,
}

/// An attestation key of a device's TPM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TpmKeyFile {
    pub(crate) device: DeviceId,
    /// The device's key by which it was enrolled.
    pub(crate) key_id: Hash32,
    /// `TPM2B_PUBLIC`.
    pub(crate) public: Vec<u8>,
    /// `TPM2B_PRIVATE`.
    pub(crate) private: Vec<u8>,
}

impl TpmKeyFile {
    /// Where it lies: beside the file of the device's key.
    pub(crate) fn path(device_key: &Path) -> PathBuf {
        device_key.with_extension("tpm")
    }

    /// Reads it.
    ///
    /// # Errors
    /// `no_tpm_key`, `file`, `file_readable_by_others`, `damaged_tpm_key`.
    pub(crate) fn read(path: &Path, device_key: &str) -> Result<Self> {
        let again = say!("enrol_tpm", device_key);
        if !is_there(path) {
            let message = say!("there_no_key_tpm", value = path.display());
            return Err(Error::new("no_tpm_key", message, again));
        }
        let text = read_private(path)?;
        Self::parse(&text).ok_or_else(|| {
            let message = say!("no_key_tpm_damaged", value = path.display());
            Error::new("damaged_tpm_key", message, again)
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let Written { format, version, device, key_id, public, private } = serde_json::from_str(text).ok()?;
        let (public, private) = (hex::decode(public).ok()?, hex::decode(private).ok()?);
        ((format.as_str(), version) == (FORMAT, VERSION)).then_some(Self { device, key_id, public, private })
    }

    /// Writes it in the place of a former one.
    ///
    /// # Errors
    /// `file`.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let written = Written {
            format: FORMAT.to_owned(),
            version: VERSION,
            device: self.device,
            key_id: self.key_id,
            public: hex::encode(&self.public),
            private: hex::encode(&self.private),
        };
        let text = serde_json::to_string_pretty(&written).expect("texts and numbers have a JSON form");
        write_private(path, format!("{text}\n").as_bytes(), Existing::Replace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_tpm_comes_back_as_it_was_and_a_changed_file_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = TpmKeyFile::path(&directory.path().join("rig.json"));
        assert!(path.ends_with("rig.tpm"));
        assert_eq!(TpmKeyFile::read(&path, "rig").expect_err("none").code, "no_tpm_key");
        let (device, key_id) = (DeviceId(Hash32([7; 32])), Hash32([8; 32]));
        let key = TpmKeyFile { device, key_id, public: vec![1; 90], private: vec![2; 126] };
        for _ in 0..2 {
            key.write(&path).expect("own directory");
            assert_eq!(TpmKeyFile::read(&path, "rig"), Ok(key.clone()));
        }
        let text = std::fs::read_to_string(&path).expect("written");
        for (from, to) in [
            ("thronos-device-tpm", "x"),
            ("\"version\": 1", "\"version\": 2"),
            ("0101", "zz"),
            ("{", "{\"more\": 1,"),
            ("}", ""),
        ] {
            assert!(TpmKeyFile::parse(&text.replacen(from, to, 1)).is_none(), "{from}");
            std::fs::write(&path, text.replacen(from, to, 1)).expect("own file");
            assert_eq!(TpmKeyFile::read(&path, "rig").expect_err("damaged").code, "damaged_tpm_key");
        }
    }
}
