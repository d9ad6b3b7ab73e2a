//! One key that signs tokens, or only checks them.
//!
//! It must not know where it is kept, nor for how long it lives. Invariants: a key has one algorithm, and a token's header only repeats its name; a
//! secret is shown by nothing here but [`TokenKey::secret`], which its file is written by; compared is in constant time.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::claims::Jti;
use super::wire;

/// What signs. The name stands in the header of each token, and is kept with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAlgorithm {
    /// Ed25519 by the name of RFC 8037.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// Ed25519 by the name of RFC 9864.
    Ed25519,
    /// HMAC-SHA-256, where verifiers are to hold the secret: only for who asks for it.
    #[serde(rename = "HS256")]
    Hs256,
}

impl TokenAlgorithm {
    /// Its name in headers and key sets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::Hs256 => "HS256",
        }
    }
}

#[derive(Clone)]
enum Material {
    /// Signs and checks.
    Pair(Zeroizing<[u8; 32]>, VerifyingKey),
    /// Only checks.
    Public(VerifyingKey),
    /// Does both, whoever has it.
    Shared(Zeroizing<[u8; 32]>),
}

/// A key.
#[derive(Clone)]
pub struct TokenKey {
    algorithm: TokenAlgorithm,
    kid: String,
    made_ms: u64,
    material: Material,
}

/// A public key as others read it (RFC 7517, RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Jwk {
    /// `OKP`.
    pub kty: &'static str,
    /// `Ed25519`.
    pub crv: &'static str,
    /// What stands in the header of tokens that it signed.
    pub alg: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    pub used_for: &'static str,
    /// Its thumbprint by RFC 7638.
    pub kid: String,
    /// The key: 32 bytes in base64url.
    pub x: String,
}

impl TokenKey {
    /// A key of 32 random bytes that nothing else is made of, made at this instant in ms since 1970.
    #[must_use]
    pub fn new(algorithm: TokenAlgorithm, secret: Zeroizing<[u8; 32]>, made_ms: u64) -> Self {
        let material = match algorithm {
            TokenAlgorithm::EdDsa | TokenAlgorithm::Ed25519 => {
                let public = SigningKey::from_bytes(&secret).verifying_key();
                Material::Pair(secret, public)
            }
            TokenAlgorithm::Hs256 => Material::Shared(secret),
        };
        Self::of(algorithm, material, made_ms)
    }

    /// A public key that only checks; nothing if the bytes are none, or the algorithm has none.
    #[must_use]
    pub fn public(algorithm: TokenAlgorithm, key: &[u8; 32], made_ms: u64) -> Option<Self> {
        let key = VerifyingKey::from_bytes(key).ok().filter(|key| !key.is_weak())?;
        (algorithm != TokenAlgorithm::Hs256).then(|| Self::of(algorithm, Material::Public(key), made_ms))
    }

    fn of(algorithm: TokenAlgorithm, material: Material, made_ms: u64) -> Self {
        let kid = thumbprint(&material);
        Self { algorithm, kid, made_ms, material }
    }

    /// Its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// Its thumbprint (RFC 7638): base64url of SHA-256 of its required members.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// When it was made, in ms since 1970.
    #[must_use]
    pub const fn made_ms(&self) -> u64 {
        self.made_ms
    }

    /// Without what it signs by. An HS256 key keeps its secret, or it would check nothing.
    #[must_use]
    pub fn retired(self) -> Self {
        match self.material {
            Material::Pair(_, key) => Self { material: Material::Public(key), ..self },
            _ => self,
        }
    }

    /// As others read it; nothing for an HS256 key.
    #[must_use]
    pub fn jwk(&self) -> Option<Jwk> {
        let x = wire::encode(self.public_bytes()?.as_slice());
        let (kid, alg) = (self.kid.clone(), self.algorithm.name());
        Some(Jwk { kty: "OKP", crv: "Ed25519", alg, used_for: "sig", kid, x })
    }

    /// The public key; nothing for an HS256 key.
    pub(super) fn public_bytes(&self) -> Option<&[u8; 32]> {
        match &self.material {
            Material::Pair(_, key) | Material::Public(key) => Some(key.as_bytes()),
            Material::Shared(_) => None,
        }
    }

    /// What it signs by, for its file.
    pub(super) const fn secret(&self) -> Option<&Zeroizing<[u8; 32]>> {
        match &self.material {
            Material::Pair(secret, _) | Material::Shared(secret) => Some(secret),
            Material::Public(_) => None,
        }
    }

    /// Signs; nothing for a key that only checks.
    pub(super) fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        match &self.material {
            Material::Pair(secret, _) => Some(SigningKey::from_bytes(secret).sign(bytes).to_bytes().to_vec()),
            Material::Shared(secret) => Some(mac(secret, bytes).finalize().into_bytes().to_vec()),
            Material::Public(_) => None,
        }
    }

    /// The name of a token that is given for these bytes: nobody without the secret foretells it, and the same key gives the same again. Nothing for a key
    /// that only checks.
    #[must_use]
    pub fn name_for(&self, bytes: &[u8]) -> Option<Jti> {
        let of_names =
            Zeroizing::new(<[u8; 32]>::from(mac(self.secret()?, b"thr/v1/token-names").finalize().into_bytes()));
        let name: [u8; 32] = mac(&of_names, bytes).finalize().into_bytes().into();
        let (name, _) = name.split_first_chunk()?;
        Some(Jti(*name))
    }

    /// Whether it signed these bytes. Strict for Ed25519 (RFC 8032, 5.1.7; small orders refused), in constant time for HS256.
    pub(super) fn signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Pair(_, key) | Material::Public(key) => {
                Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(bytes, &signature).is_ok())
            }
            Material::Shared(secret) => mac(secret, bytes).verify_slice(signature).is_ok(),
        }
    }
}

/// Tells nothing of the secret.
impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenKey({}, {})", self.algorithm.name(), self.kid)
    }
}

fn mac(secret: &[u8; 32], bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length is one");
    mac.update(bytes);
    mac
}

fn thumbprint(material: &Material) -> String {
    // The required members in the order of their names, without spaces; of a shared secret of 32 random bytes its hash tells nothing.
    let members = Zeroizing::new(match material {
        Material::Pair(_, key) | Material::Public(key) => {
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, wire::encode(key.as_bytes()))
        }
        Material::Shared(secret) => format!(r#"{{"k":"{}","kty":"oct"}}"#, wire::encode(secret.as_slice())),
    });
    wire::encode(&Sha256::digest(members.as_bytes()))
}
