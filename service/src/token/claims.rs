//! What a token says: a closed set of claims, each required and of one type.
//!
//! It must not know what is taken. Invariant: what is written here in order is what is signed, so the same claims have the same bytes.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::kind::Role;
use super::wire;

/// Longest subject and longest audience, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// A token's own name: 16 random bytes, as 22 letters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jti(pub [u8; 16]);

impl Jti {
    /// Reads the 22 letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        wire::fixed(text).map(Self)
    }
}

impl fmt::Display for Jti {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&wire::encode(&self.0))
    }
}

impl Serialize for Jti {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Jti {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("22 letters of base64url"))
    }
}

/// The claims, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    pub(super) aud: String,
    // What is there must be a text: nothing is not the same as `null`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub(super) dev: Option<String>,
    pub(super) exp: u64,
    pub(super) iat: u64,
    pub(super) iss: String,
    pub(super) jti: Jti,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub(super) lvl: Option<u8>,
    pub(super) nbf: u64,
    pub(super) role: Role,
    pub(super) sub: String,
    pub(super) ver: u64,
}

fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Payload {
    /// Reads it, within bounds.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let read: Self = wire::owned_object(bytes)?;
        let names = [Some(&read.sub), Some(&read.aud), read.dev.as_ref()];
        let are_names = names.into_iter().flatten().all(|name| is_name(name));
        are_names.then_some(read)
    }
}

/// Whether it can be a subject, an audience or a device: visible ASCII, so that no two look alike.
pub(super) fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A device that a token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceNote {
    /// Its id, as text.
    pub device: String,
    /// Its level when the token was given: a note and never a right. Who needs the level asks the chain.
    pub level: u8,
}

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who holds it.
    pub subject: String,
    /// What the holder may do.
    pub role: Role,
    /// Version of the record that gives the holder the role.
    pub version: u64,
    /// Its own name.
    pub jti: Jti,
    /// When it was given, in seconds since 1970.
    pub issued_s: u64,
    /// When it ends, in seconds since 1970.
    pub expires_s: u64,
    /// The device, if it is of a kind that names one.
    pub device: Option<DeviceNote>,
}
