//! The newest block that this wallet has found final, per chain.
//!
//! Signatures prove history only as long as old validators' keys stay secret; a wallet that remembers what it saw cannot be led onto
//! another history later. It must not know commands. Invariant: a remembered height never falls.

use serde::{Deserialize, Serialize};
use types::{ChainId, Hash32, Height};

use crate::home::WalletHome;
use crate::keystore::file::{Existing, create_private_directory, read_private, write_private};
use crate::{CheckedHeader, Error, Result};

/// A block that was found final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Its number.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
}

impl Checkpoint {
    /// The checkpoint that a checked header is.
    #[must_use]
    pub const fn of(checked: &CheckedHeader) -> Self {
        Self { height: checked.header.height, hash: checked.hash }
    }

    /// Refuses another block at the same height.
    ///
    /// # Errors
    /// `checkpoint_conflict` with both hashes.
    pub fn check(&self, other: &Self) -> Result<()> {
        if self.height != other.height || self.hash == other.hash {
            return Ok(());
        }
        let message = format!(
            "two histories: block {} is known to be {}, and the node shows {}, which may be signed with stolen or old keys",
            self.height, self.hash, other.hash
        );
        Err(Error::new(
            "checkpoint_conflict",
            message,
            "do not use this node, and ask others which history they follow",
        ))
    }

    /// The newest one of a chain that a wallet remembers.
    ///
    /// # Errors
    /// `bad_checkpoint` for a damaged file, `file`.
    pub fn load(home: &WalletHome, chain: ChainId) -> Result<Option<Self>> {
        let path = home.checkpoint_path(chain);
        if !path.exists() {
            return Ok(None);
        }
        let read = serde_json::from_str(&read_private(&path)?);
        read.map(Some).map_err(|error| {
            let message = format!("{} cannot be read: {error}", path.display());
            Error::new("bad_checkpoint", message, "put it right from a checkpoint you trust, or remove it")
        })
    }

    /// Remembers this one unless a newer one is remembered already.
    ///
    /// # Errors
    /// `checkpoint_conflict`, or as [`Self::load`] and [`WalletHome::check_owner`].
    pub fn remember(&self, home: &WalletHome, chain: ChainId) -> Result<()> {
        if let Some(known) = Self::load(home, chain)? {
            known.check(self)?;
            if known.height >= self.height {
                return Ok(());
            }
        }
        home.check_owner()?;
        let path = home.checkpoint_path(chain);
        create_private_directory(path.parent().unwrap_or(home.directory()))?;
        let text = serde_json::to_string(self).expect("a number and a hash always have a JSON form") + "\n";
        write_private(&path, text.as_bytes(), Existing::Replace)
    }
}

impl std::str::FromStr for Checkpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let read = || {
            let (height, hash) = text.split_once(':')?;
            let plain = height.bytes().all(|byte| byte.is_ascii_digit());
            Some(Self { height: Height(height.parse().ok().filter(|_| plain)?), hash: hash.parse().ok()? })
        };
        read().ok_or_else(|| {
            let shown: String = text.chars().take(100).collect();
            Error::new(
                "bad_checkpoint",
                format!("`{shown}` is not a checkpoint"),
                "write it as HEIGHT:HASH, the hash in 64 digits",
            )
        })
    }
}
