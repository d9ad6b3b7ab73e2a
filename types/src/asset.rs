//! Assets of the chain.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{Address, Amount, AssetId, ByteString, limits};

/// The native asset: fees, stake and rewards.
pub const THR: AssetId = AssetId(0);
/// Paid to storage providers.
pub const VIBE: AssetId = AssetId(1);
/// Bitcoin held by the bridge.
pub const WBTC: AssetId = AssetId(2);
/// Decimals of THR; the base unit is the µTHR.
pub const THR_DECIMALS: u8 = 6;
/// Decimals of VIBE.
pub const VIBE_DECIMALS: u8 = 8;
/// Decimals of WBTC.
pub const WBTC_DECIMALS: u8 = 8;
/// Most WBTC that may ever be issued, in satoshi: 21 million BTC, as more can never be backed.
pub const WBTC_CAP: Amount = Amount(2_100_000_000_000_000);

impl AssetId {
    /// The first number that a created asset can have.
    pub const FIRST_CUSTOM: Self = Self(1_000);
}

/// What is known of an asset.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Its symbol in ASCII capitals and digits.
    #[serde(with = "ascii")]
    pub symbol: ByteString<{ limits::ASSET_SYMBOL_BYTES_MAX }>,
    /// Digits behind the point.
    pub decimals: u8,
    /// Who may mint, if anybody.
    pub minter: Option<Address>,
    /// Most base units that may ever be issued.
    pub cap: Amount,
}

/// Symbols are text in JSON, not hex.
pub(crate) mod ascii {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::ByteString;

    pub fn serialize<const MAX: usize, S: Serializer>(
        value: &ByteString<MAX>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(value))
    }

    pub fn deserialize<'de, const MAX: usize, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ByteString<MAX>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !text.is_ascii() {
            return Err(serde::de::Error::custom("expected ASCII text"));
        }
        ByteString::new(text.into_bytes())
            .map_err(|bytes| serde::de::Error::custom(format!("{} bytes, at most {MAX} are allowed", bytes.len())))
    }
}
