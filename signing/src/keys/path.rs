//! Where below the seed a key stands (BIP-32, BIP-44).

use std::str::FromStr;

use crate::{Error, Result};

/// "THR" in ASCII; unassigned in SLIP-44.
const COIN_TYPE: u32 = 5_523_538;
/// Deeper than anybody's path.
const LEVELS_MAX: usize = 16;

/// A path such as `m/44'/5523538'/0'/0/0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPath(bip32::DerivationPath);

impl KeyPath {
    /// `m/44'/5523538'/account'/0/index`.
    ///
    /// # Errors
    /// `bad_path` for numbers from 2^31.
    pub fn account(account: u32, index: u32) -> Result<Self> {
        format!("m/44'/{COIN_TYPE}'/{account}'/0/{index}").parse()
    }

    pub(crate) const fn as_bip32(&self) -> &bip32::DerivationPath {
        &self.0
    }
}

impl FromStr for KeyPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            let shown: String = text.chars().take(100).collect();
            Error::new(
                "bad_path",
                format!("`{shown}` is not a derivation path"),
                format!("write it as m/44'/{COIN_TYPE}'/0'/0/0, with numbers below 2147483648"),
            )
        };
        // The library takes more spellings than one, and its numbers may carry a sign.
        let plain = |character: char| character.is_ascii_digit() || character == '\'';
        let levels = text.strip_prefix("m/").ok_or_else(bad)?.split('/');
        if !levels.clone().all(|level| !level.is_empty() && level.chars().all(plain)) || levels.count() > LEVELS_MAX {
            return Err(bad());
        }
        text.parse().map(Self).map_err(|_| bad())
    }
}

impl std::fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}
