//! The keys of one purpose: the one that signs, and for a while the one that did.
//!
//! It must not know files. Invariants: never more than two; what is published and what is taken are told by one predicate, at the instant of the
//! question; a token that is good by the clock is never refused for a rotation.

use serde::Serialize;
use subtle::{Choice, ConstantTimeEq};

use super::key::{Jwk, TokenKey};
use super::kind::{API, LEEWAY_S};
use super::wire::JoseHeader;

/// After so long a key gives way to another: 90 days.
pub const KEY_LIFE_MS: u64 = 90 * 24 * 3_600_000;

/// The keys of a purpose.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    signs: TokenKey,
    former: Option<Former>,
}

/// A key that signed.
#[derive(Clone, Debug)]
pub(super) struct Former {
    pub(super) key: TokenKey,
    /// It checks until before then, in ms since 1970.
    pub(super) until_ms: u64,
}

/// A third key would have to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key before the present one checks tokens until {until_ms} ms since 1970; wait, or drop it with all of its tokens"
)]
pub struct RotationEarly {
    /// Until when.
    pub until_ms: u64,
}

/// Keys as others read them (RFC 7517, 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Jwks {
    /// The live ones, the one that signs first.
    pub keys: Vec<Jwk>,
}

impl TokenKeys {
    /// With one key.
    #[must_use]
    pub const fn new(signs: TokenKey) -> Self {
        Self { signs, former: None }
    }

    pub(super) const fn restored(signs: TokenKey, former: Option<Former>) -> Self {
        Self { signs, former }
    }

    /// The key that signs.
    #[must_use]
    pub const fn signs(&self) -> &TokenKey {
        &self.signs
    }

    pub(super) const fn former(&self) -> Option<&Former> {
        self.former.as_ref()
    }

    /// Whether the key that signs has done so for 90 days, or was made by a clock that was ahead and would sign for longer.
    #[must_use]
    pub const fn is_due(&self, now_ms: u64) -> bool {
        let made_ms = self.signs.made_ms();
        made_ms > now_ms.saturating_add(LEEWAY_S * 1_000) || now_ms >= made_ms.saturating_add(KEY_LIFE_MS)
    }

    /// Has another key sign from this instant on. The present one checks for as long as a token may live that it signed, whose longest life is
    /// said in seconds, and for the clocks' 30 s more.
    ///
    /// # Errors
    /// [`RotationEarly`] while the former key lives.
    pub fn rotated(&self, next: TokenKey, life_s_max: u64, now_ms: u64) -> Result<Self, RotationEarly> {
        if let Some(former) = self.live_former(now_ms) {
            return Err(RotationEarly { until_ms: former.until_ms });
        }
        let until_ms = now_ms.saturating_add(life_s_max.saturating_add(LEEWAY_S).saturating_mul(1_000));
        let former = Former { key: self.signs.clone().retired(), until_ms };
        Ok(Self { signs: next, former: Some(former) })
    }

    /// The live ones, as others read them; HS256 keys are not for others.
    #[must_use]
    pub fn jwks(&self, now_ms: u64) -> Jwks {
        let live = [Some(&self.signs), self.live_former(now_ms).map(|former| &former.key)];
        Jwks { keys: live.into_iter().flatten().filter_map(TokenKey::jwk).collect() }
    }

    /// Whether a live key that the header names, by its id and by its algorithm, signed these bytes. Whatever the header says, one signature is
    /// checked: that of the named key, or that of the key that signs.
    pub(super) fn signed(&self, header: &JoseHeader<'_>, bytes: &[u8], signature: &[u8], now_ms: u64) -> bool {
        let named = |key: &TokenKey| -> Choice {
            let [kid, alg] = [(&header.kid, key.kid()), (&header.alg, key.algorithm().name())]
                .map(|(said, own)| said.as_bytes().ct_eq(own.as_bytes()));
            kid & alg
        };
        let former = self.live_former(now_ms).map(|former| &former.key);
        let (by_signing, by_former) = (named(&self.signs), former.map_or(Choice::from(0), named));
        let key = former.filter(|_| bool::from(by_former)).unwrap_or(&self.signs);
        let is_signed = key.signed(bytes, signature);
        is_signed & bool::from(by_signing | by_former)
    }

    fn live_former(&self, now_ms: u64) -> Option<&Former> {
        // One that would live longer than any is of a clock that was ahead. A clock that was set back by a little takes none away.
        let until_ms_max = now_ms.saturating_add(API.life_s_max.saturating_add(2 * LEEWAY_S).saturating_mul(1_000));
        self.former.as_ref().filter(|former| now_ms < former.until_ms && former.until_ms <= until_ms_max)
    }
}
