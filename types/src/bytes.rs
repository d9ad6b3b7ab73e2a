//! Byte strings of fixed and bounded length, written as lower-case hex in JSON.
//!
//! The fixed ones are plain bytes: whether a key is a point on its curve is for `crypto` to say.

use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::invalid_data;

/// Lower-case hexadecimal digits, in a buffer of twice the length.
fn digits_of<'a>(bytes: &[u8], buffer: &'a mut [u8]) -> &'a str {
    hex::encode_to_slice(bytes, buffer).expect("the buffer has two places for each byte");
    std::str::from_utf8(buffer).expect("digits are ASCII")
}

/// Bytes in lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len().saturating_mul(2)];
    digits_of(bytes, &mut digits).to_owned()
}

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Length in bytes.
            pub const LENGTH: usize = $length;
            /// All bytes zero.
            pub const ZERO: Self = Self([0; $length]);

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Takes exactly the right number of bytes.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Hands over the hexadecimal digits.
            fn with_digits<T>(&self, take: impl FnOnce(&str) -> T) -> T {
                let mut digits = [[0; 2]; $length];
                take(digits_of(&self.0, digits.as_flattened_mut()))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::ZERO
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<[u8; $length]> for $name {
            fn from(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.with_digits(|digits| formatter.write_str(digits))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let mut bytes = [0; $length];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| format!("expected {} hexadecimal digits", $length * 2))?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.with_digits(|digits| serializer.serialize_str(digits))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

fixed_bytes! {
    /// A SHA-256 digest.
    Hash32, 32
}
fixed_bytes! {
    /// A compressed secp256k1 public key (SEC 1).
    Secp256k1Key, 33
}
fixed_bytes! {
    /// An ECDSA signature as r ‖ s, big-endian.
    Secp256k1Signature, 64
}
fixed_bytes! {
    /// A compressed BLS12-381 public key in G2.
    BlsPublicKey, 96
}
fixed_bytes! {
    /// A compressed BLS12-381 signature in G1.
    BlsSignature, 48
}
fixed_bytes! {
    /// The Ed25519 public key of a node's network identity; its libp2p peer id follows from it.
    PeerKey, 32
}

/// So many bytes of a string are reserved before the first of them is read.
const STEP_BYTES: usize = 4_096;

/// At most `MAX` bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct ByteString<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Default for ByteString<MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<const MAX: usize> ByteString<MAX> {
    /// Takes the bytes if there are at most `MAX`; otherwise gives them back.
    ///
    /// # Errors
    /// The bytes themselves, when there are more than `MAX`.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        if bytes.len() > MAX { Err(bytes) } else { Ok(Self(bytes)) }
    }

    /// The bytes.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl<const MAX: usize> std::ops::Deref for ByteString<MAX> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize> std::fmt::Debug for ByteString<MAX> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&to_hex(&self.0))
    }
}

impl<const MAX: usize> BorshDeserialize for ByteString<MAX> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let length = u32::deserialize_reader(reader)? as usize;
        if length > MAX {
            return Err(invalid_data(format!("a string of {length} bytes, at most {MAX} are allowed")));
        }
        // Read in steps, so that a claimed length alone reserves no more than a page.
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let read = bytes.len();
            bytes.resize(length.min(read.saturating_add(STEP_BYTES)), 0);
            reader.read_exact(bytes.get_mut(read..).expect("the bytes were just made longer"))?;
        }
        Ok(Self(bytes))
    }
}

impl<const MAX: usize> Serialize for ByteString<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for ByteString<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let bytes = hex::decode(&text).map_err(|_| serde::de::Error::custom("expected hexadecimal digits"))?;
        Self::new(bytes)
            .map_err(|bytes| serde::de::Error::custom(format!("{} bytes, at most {MAX} are allowed", bytes.len())))
    }
}
