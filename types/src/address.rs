//! Addresses and their text forms.
//!
//! An address is 20 bytes: HASH160 of a compressed secp256k1 key, or of a multisig policy. People write it as
//! bech32m (`thr1…`, on test networks `thrt1…`; BIP-350). The older form `THR` and 40 hexadecimal digits has no
//! checksum; it is accepted on input and shown on request.

use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::bytes::to_hex;

/// Which network a text form belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[borsh(use_discriminant = false)]
pub enum Network {
    /// The network whose THR has value; `thr1…`.
    Main,
    /// Any other; `thrt1…`.
    Test,
}

impl Network {
    /// The human-readable part of the network's addresses.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Main => "thr",
            Self::Test => "thrt",
        }
    }
}

/// The account that owns something.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Address(pub [u8; 20]);

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// An address of the other network.
    #[error("this is an address of the {found} network; this chain's addresses begin with `{expected}1`")]
    OtherNetwork {
        /// `main` or `test`.
        found: &'static str,
        /// The prefix this chain wants.
        expected: &'static str,
    },
    /// The checksum does not match: a typo.
    #[error("the address has a typo: its checksum does not match; copy it again")]
    Checksum,
    /// Not an address at all.
    #[error("this is not an address: expected `{expected}1…` or `THR` and 40 hexadecimal digits")]
    Malformed {
        /// The prefix this chain wants.
        expected: &'static str,
    },
}

impl Address {
    /// Reads the bech32m form of `network`, or the older form, in any case.
    ///
    /// # Errors
    /// [`AddressError`] that says whether the text is of the other network, has a typo, or is no address.
    pub fn parse(text: &str, network: Network) -> Result<Self, AddressError> {
        if let Some(address) = Self::parse_legacy(text) {
            return Ok(address);
        }
        let malformed = AddressError::Malformed { expected: network.prefix() };
        let lower = text.to_ascii_lowercase();
        let found = match lower.split_once('1') {
            Some(("thr", _)) => Network::Main,
            Some(("thrt", _)) => Network::Test,
            _ => return Err(malformed),
        };
        let parsed = bech32::primitives::decode::CheckedHrpstring::new::<Bech32m>(text);
        let checked = parsed.map_err(|error| match error {
            bech32::primitives::decode::CheckedHrpstringError::Checksum(_) => AddressError::Checksum,
            _ => malformed.clone(),
        })?;
        if found != network {
            let found = if found == Network::Main { "main" } else { "test" };
            return Err(AddressError::OtherNetwork { found, expected: network.prefix() });
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        let bytes: [u8; 20] = bytes.try_into().map_err(|_| malformed.clone())?;
        let address = Self(bytes);
        // Padding bits are the one freedom that bech32 leaves; the canonical text closes it.
        if address.to_text(network) == lower { Ok(address) } else { Err(malformed) }
    }

    /// Reads the older form: `THR` and 40 hexadecimal digits, in any case. It has no checksum.
    #[must_use]
    pub fn parse_legacy(text: &str) -> Option<Self> {
        let (prefix, digits) = text.split_at_checked(3)?;
        if !prefix.eq_ignore_ascii_case("THR") || digits.len() != 40 {
            return None;
        }
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The bech32m form.
    #[must_use]
    pub fn to_text(self, network: Network) -> String {
        let prefix = Hrp::parse(network.prefix()).expect("the prefixes are valid human-readable parts");
        bech32::encode::<Bech32m>(prefix, &self.0).expect("20 bytes are within the length limit of bech32")
    }

    /// The older form, `THR` and 40 capital hexadecimal digits.
    #[must_use]
    pub fn to_legacy_text(self) -> String {
        format!("THR{}", hex::encode_upper(self.0))
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.to_legacy_text())
    }
}

/// JSON of the chain's own values has no network at hand: it carries the bytes in hex. The API writes text forms.
impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

/// Reads hex, the bech32m form of either network, or the older form.
impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let mut bytes = [0; 20];
        if hex::decode_to_slice(&text, &mut bytes).is_ok() {
            return Ok(Self(bytes));
        }
        let network = if text.to_ascii_lowercase().starts_with("thrt1") { Network::Test } else { Network::Main };
        Self::parse(&text, network).map_err(serde::de::Error::custom)
    }
}
