//! Makes a credential (`TPM2_MakeCredential`): a secret that one endorsement key's TPM alone opens, for one attestation key alone.
//!
//! TPM 2.0 Library, part 1, section 24 and annexes B.10 and C.6. A seed goes to the endorsement key; from it come the key that encrypts the
//! secret and the one that authenticates it together with the name of the attestation key. It must not know who asks, nor keep anything.

use alloc::vec::Vec;
use core::fmt;

use aes::Aes128;
use cfb_mode::Encryptor;
use cfb_mode::cipher::KeyIvInit;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdh::EphemeralSecret;
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand_core::TryCryptoRng;
use rsa::Oaep;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::key_roles::{AttestationKey, EndorsementKey};
use crate::public_area::{Key, TpmName, with_length};

/// How long a secret may be, in bytes: a TPM takes no more than a hash.
pub const CREDENTIAL_SECRET_BYTES_MAX: usize = 32;
/// What the labels end with is part of them.
const IDENTITY: &[u8] = b"IDENTITY\0";
const STORAGE: &[u8] = b"STORAGE\0";
const INTEGRITY: &[u8] = b"INTEGRITY\0";
/// How a file of `tpm2-tools` with a credential begins: its magic and its version.
const FILE_BEGIN: [u8; 8] = [0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1];

/// Why there is no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// The secret has no bytes, or more than 32.
    SecretLength(usize),
    /// No random numbers are to be had.
    Random,
    /// The seed could not be encrypted.
    Encryption,
}

impl CredentialError {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SecretLength(_) => "credential_secret_length",
            Self::Random => "credential_random",
            Self::Encryption => "credential_encryption",
        }
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretLength(found) => write!(to, "a secret of {found} bytes fits no credential: take 1 to 32"),
            Self::Random => to.write_str("the system gives no random numbers: try again"),
            Self::Encryption => to.write_str("the seed could not be encrypted for the endorsement key: try again"),
        }
    }
}

impl core::error::Error for CredentialError {}

/// What goes to the TPM. Its secret is in it for that TPM alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TpmCredential {
    /// `TPM2B_ID_OBJECT`: two bytes of length, the integrity, and the secret, encrypted.
    pub id_object: Vec<u8>,
    /// `TPM2B_ENCRYPTED_SECRET`: two bytes of length, and the seed, encrypted.
    pub encrypted_seed: Vec<u8>,
}

impl TpmCredential {
    /// As `tpm2_activatecredential --credential-blob` takes it.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        [&FILE_BEGIN[..], &self.id_object, &self.encrypted_seed].concat()
    }
}

/// Makes a credential with a secret of 1 to 32 bytes. `random` has to be one that nobody can guess.
///
/// # Errors
/// [`CredentialError`].
pub fn make_credential<R: TryCryptoRng + ?Sized>(
    endorsement: &EndorsementKey,
    attestation: &AttestationKey,
    secret: &[u8],
    random: &mut R,
) -> Result<TpmCredential, CredentialError> {
    if !(1..=CREDENTIAL_SECRET_BYTES_MAX).contains(&secret.len()) {
        return Err(CredentialError::SecretLength(secret.len()));
    }
    let (seed, encrypted_seed) = match &endorsement.area().key {
        Key::Rsa2048(key) => seed_for_rsa(key, random)?,
        Key::P256(key) => seed_for_p256(key, random)?,
    };
    let mut id_object = Vec::new();
    with_length(&sealed(&seed, attestation.name(), secret)?, &mut id_object);
    let mut seed_object = Vec::new();
    with_length(&encrypted_seed, &mut seed_object);
    Ok(TpmCredential { id_object, encrypted_seed: seed_object })
}

type Seed = Zeroizing<[u8; 32]>;

fn seed_for_rsa<R: TryCryptoRng + ?Sized>(
    key: &rsa::PublicKey,
    random: &mut R,
) -> Result<(Seed, Vec<u8>), CredentialError> {
    let mut seed = Seed::default();
    random.try_fill_bytes(seed.as_mut_slice()).map_err(|_| CredentialError::Random)?;
    let padding = Oaep::<Sha256>::new_with_label(IDENTITY);
    let encrypted = key.encrypt(random, padding, seed.as_slice()).map_err(|error| match error {
        rsa::Error::Rng => CredentialError::Random,
        _ => CredentialError::Encryption,
    })?;
    Ok((seed, encrypted))
}

/// `KDFe`: SHA-256 of a counter, the shared x, the label, and x of both keys, this one's first.
fn seed_for_p256<R: TryCryptoRng + ?Sized>(
    key: &p256::PublicKey,
    random: &mut R,
) -> Result<(Seed, Vec<u8>), CredentialError> {
    let own = EphemeralSecret::try_generate_from_rng(random).map_err(|_| CredentialError::Random)?;
    let (own_point, their_point) = (own.public_key().to_sec1_point(false), key.to_sec1_point(false));
    let (Some(own_x), Some(own_y), Some(their_x)) = (own_point.x(), own_point.y(), their_point.x()) else {
        return Err(CredentialError::Encryption);
    };
    let shared = own.diffie_hellman(key);
    let mut hash = Sha256::new();
    for part in [&1_u32.to_be_bytes(), shared.raw_secret_bytes().as_slice(), IDENTITY, own_x, their_x] {
        hash.update(part);
    }
    let mut point = Vec::new();
    with_length(own_x, &mut point);
    with_length(own_y, &mut point);
    Ok((Seed::new(hash.finalize().into()), point))
}

/// The integrity and the secret, encrypted. The key is used once, so the cipher begins with zeros.
fn sealed(seed: &Seed, name: &TpmName, secret: &[u8]) -> Result<Vec<u8>, CredentialError> {
    let storage = derived(seed, STORAGE, name.as_bytes(), 128)?;
    let mut encrypted = Vec::new();
    with_length(secret, &mut encrypted);
    let cipher = storage.first_chunk::<16>().map(|key| Encryptor::<Aes128>::new(key.into(), &[0; 16].into()));
    cipher.ok_or(CredentialError::Encryption)?.encrypt(&mut encrypted);
    let key = derived(seed, INTEGRITY, &[], 256)?;
    let integrity = authenticated(key.as_slice(), &[&encrypted, name.as_bytes()])?;
    let mut whole = Vec::new();
    with_length(integrity.as_slice(), &mut whole);
    whole.extend_from_slice(&encrypted);
    Ok(whole)
}

/// `KDFa`, one round of it: as many bits as a hash has at most, from the front.
fn derived(seed: &Seed, label: &[u8], context: &[u8], bits: u32) -> Result<Seed, CredentialError> {
    authenticated(seed.as_slice(), &[&1_u32.to_be_bytes(), label, context, &bits.to_be_bytes()])
}

fn authenticated(key: &[u8], parts: &[&[u8]]) -> Result<Seed, CredentialError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| CredentialError::Encryption)?;
    for part in parts {
        mac.update(part);
    }
    Ok(Seed::new(mac.finalize().into_bytes().into()))
}
