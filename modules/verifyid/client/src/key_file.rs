//! The key of a device in a file.
//!
//! JSON, one form, version 1: `format`, `version`, `algorithm`, `key` (public, hex), `device` (hex; null when the key is a device's first
//! one, whose id follows from it) and `secret` (32 bytes, hex). It is not sealed with a password, as devices answer when nobody is
//! there to type one: whoever has a copy of the file is the device. So it is written with mode 0600, and refused when others may
//! read it. It must not know where files lie, nor what is signed.
//!
//! Invariant: the public key that a file names is that of its secret.

use std::path::Path;

use crate::say::say;
use ed25519_dalek::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use serde::{Deserialize, Serialize};
use types::Hash32;
use verifyid::{Algorithm, DeviceId, DeviceKey, KeyBytes, SignatureBytes};
use wallet::keystore::file::{Existing, read_private, write_private};
use wallet::{Error, Result};
use zeroize::Zeroizing;

const FORMAT: &str = "thronos-device-key";
const VERSION: u32 = 1;

/// As it is written; it holds no secret of its own that would have to be wiped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    format: &'a str,
    version: u32,
    algorithm: Algorithm,
    key: &'a str,
    device: Option<DeviceId>,
    secret: &'a str,
}

/// A key of a device.
#[derive(Clone)]
pub struct DeviceKeyFile {
    algorithm: Algorithm,
    secret: Zeroizing<[u8; 32]>,
    public: DeviceKey,
    device: Option<DeviceId>,
}

impl std::fmt::Debug for DeviceKeyFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DeviceKeyFile({:?} {}, secret)", self.algorithm, self.key_id())
    }
}

impl DeviceKeyFile {
    /// A new key; `device` is the device that it is to be the next key of, nothing for the first key of a new one.
    ///
    /// # Errors
    /// `no_entropy`.
    pub fn generate(algorithm: Algorithm, device: Option<DeviceId>) -> Result<Self> {
        let mut secret = Zeroizing::new([0_u8; 32]);
        loop {
            getrandom::fill(secret.as_mut_slice()).map_err(|error| {
                let message = say!("machine_gives_no_random_bytes", error);
                Error::new("no_entropy", message, say!("try_again_when_has_started_up"))
            })?;
            // One in 2^32 at most is no scalar of its curve.
            if let Some(key) = Self::of(algorithm, &secret, device) {
                return Ok(key);
            }
        }
    }

    /// The key of a secret; nothing if there is none of it.
    fn of(algorithm: Algorithm, secret: &Zeroizing<[u8; 32]>, device: Option<DeviceId>) -> Option<Self> {
        let public = match algorithm {
            Algorithm::Ed25519 => ed25519_dalek::SigningKey::from_bytes(secret).verifying_key().to_bytes().to_vec(),
            Algorithm::Secp256k1 => crypto::ecdsa_pure::SigningKey::from_bytes(secret).ok()?.public_key().0.to_vec(),
            Algorithm::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(secret.as_slice()).ok()?;
                key.verifying_key().to_sec1_point(true).as_bytes().to_vec()
            }
        };
        let public = DeviceKey::read(algorithm as u8, &public).ok()?;
        Some(Self { algorithm, secret: secret.clone(), public, device })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `file_readable_by_others`, `file`, `damaged_device_key`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_private(path)?;
        Self::parse(&text).ok_or_else(|| {
            let message = say!("no_key_device_damaged", value = path.display());
            Error::new("damaged_device_key", message, say!("put_back_from_copy_make_another"))
        })
    }

    /// Reads what stands in a file; nothing if that is no key, or not whole.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written: Written<'_> = serde_json::from_str(text).ok()?;
        let mut secret = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(written.secret, secret.as_mut_slice()).ok()?;
        let key = Self::of(written.algorithm, &secret, written.device)?;
        let is_whole = (written.format, written.version) == (FORMAT, VERSION);
        (is_whole && written.key == hex::encode(&*key.key_bytes())).then_some(key)
    }

    /// Writes a file that is not there yet.
    ///
    /// # Errors
    /// `file`; also when it is there.
    pub fn write_new(&self, path: &Path) -> Result<()> {
        let (key, secret) = (hex::encode(&*self.key_bytes()), Zeroizing::new(hex::encode(self.secret.as_slice())));
        let written = Written {
            format: FORMAT,
            version: VERSION,
            algorithm: self.algorithm,
            key: &key,
            device: self.device,
            secret: &secret,
        };
        let text = Zeroizing::new(serde_json::to_string_pretty(&written).expect("texts and numbers have a JSON form"));
        write_private(path, &Zeroizing::new([text.as_bytes(), b"\n"].concat()), Existing::Keep)
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key as it stands in a call.
    #[must_use]
    pub fn key_bytes(&self) -> KeyBytes {
        self.public.to_bytes()
    }

    /// The key's id.
    #[must_use]
    pub fn key_id(&self) -> Hash32 {
        self.public.id()
    }

    /// The device that it is a later key of; nothing for the first key of its own.
    #[must_use]
    pub const fn later_of(&self) -> Option<DeviceId> {
        self.device
    }

    /// The device that it is a key of.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device.unwrap_or_else(|| DeviceId(self.key_id()))
    }

    /// Signs a statement of VerifyID: Ed25519 its bytes, the others their SHA-256, with s in the lower half.
    #[must_use]
    pub fn sign(&self, statement: &[u8]) -> SignatureBytes {
        let digest = crypto::hash::sha256(statement);
        let bytes = match self.algorithm {
            Algorithm::Ed25519 => {
                ed25519_dalek::SigningKey::from_bytes(&self.secret).sign(statement).to_bytes().to_vec()
            }
            Algorithm::Secp256k1 => {
                let key = crypto::ecdsa_pure::SigningKey::from_bytes(&self.secret);
                key.expect("it was a scalar when the key was made").sign(&digest).0.to_vec()
            }
            Algorithm::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(self.secret.as_slice());
                let key = key.expect("it was a scalar when the key was made");
                let signature: p256::ecdsa::Signature = key.sign_prehash(&digest).expect("32 bytes can be signed");
                signature.normalize_s().to_bytes().to_vec()
            }
        };
        SignatureBytes::new(bytes).expect("64 bytes")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_a_key_signs_is_good_for_the_rules_in_every_algorithm() {
        for algorithm in Algorithm::ALL {
            let key = DeviceKeyFile::generate(algorithm, None).expect("random bytes");
            let read = DeviceKey::read(algorithm as u8, &key.key_bytes()).expect("a point in its one form");
            for statement in [&b"one"[..], &[7; 129], b""] {
                let signature: [u8; 64] = key.sign(statement).to_vec().try_into().expect("64 bytes");
                assert!(read.signed(statement, &signature), "{algorithm:?}");
                assert!(!read.signed(b"another", &signature), "{algorithm:?}");
            }
        }
    }

    #[test]
    fn a_key_file_is_its_owners_alone_and_comes_back_as_it_was() {
        let directory = tempfile::tempdir().expect("a directory");
        for (algorithm, device) in Algorithm::ALL.into_iter().zip([None, Some(DeviceId(Hash32([7; 32]))), None]) {
            let path = directory.path().join(format!("{algorithm:?}.json"));
            let key = DeviceKeyFile::generate(algorithm, device).expect("random bytes");
            key.write_new(&path).expect("own directory");
            assert_eq!(std::fs::metadata(&path).expect("written").permissions().mode() & 0o7777, 0o600);
            let read = DeviceKeyFile::read(&path).expect("whole");
            assert_eq!((read.key_id(), read.device(), read.later_of()), (key.key_id(), key.device(), device));
            assert!(!format!("{read:?}").contains(&hex::encode(key.secret.as_slice())), "no secret is shown");
            assert_eq!(key.write_new(&path).expect_err("it is there").code, "file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("own file");
            assert_eq!(DeviceKeyFile::read(&path).expect_err("others may read it").code, "file_readable_by_others");
        }
    }

    #[test]
    fn a_file_with_anything_changed_is_no_key() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key.json");
        DeviceKeyFile::generate(Algorithm::P256, None).expect("random bytes").write_new(&path).expect("own directory");
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(DeviceKeyFile::parse(&text).is_some());
        for (from, to) in [
            ("thronos-device-key", "thronos-key"),
            ("\"version\": 1", "\"version\": 2"),
            ("p256", "secp256k1"),
            ("p256", "rsa"),
            ("\"key\": \"0", "\"key\": \"1"),
            ("\"device\": null", "\"device\": 7"),
            ("{", "{\"more\": 1,"),
            ("}", ""),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(DeviceKeyFile::parse(&text.replacen(from, to, 1)).is_none(), "{from}");
        }
    }
}
