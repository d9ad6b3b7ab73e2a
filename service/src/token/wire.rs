//! The form of a token: JWS compact serialisation (RFC 7515, 3.1) and nothing else, read strictly.
//!
//! It must not know keys, nor what a claim means. Invariants: bounded in bytes before anything is read; base64url without padding and without spare
//! bits, so a token has one spelling; JSON objects of a closed set of names, none twice.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::refused::TokenRefused;

/// Longest token.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// The header: exactly these three, all of them texts. What else RFC 7515 and 7516 know (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `zip`, `b64`, `cty`) is an
/// unknown name here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoseHeader<'a> {
    #[serde(borrow)]
    pub(super) alg: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kid: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) typ: Cow<'a, str>,
}

/// A token, taken apart.
pub(super) struct Parts<'a> {
    /// What is signed: header and payload as they were sent, with the dot between.
    pub(super) signed: &'a str,
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Takes a token apart.
///
/// # Errors
/// [`TokenRefused::TooLong`], [`TokenRefused::Form`].
pub(super) fn parts(token: &str) -> Result<Parts<'_>, TokenRefused> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenRefused::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefused::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenRefused::Form)?;
    // Of a fourth part the dot is no letter of base64url.
    Ok(Parts { signed, header: decode(header)?, payload: decode(payload)?, signature: decode(signature)? })
}

/// Reads a JSON object.
pub(super) fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    // A list of values in the order of the names would be read too.
    bytes.first().filter(|first| **first == b'{')?;
    serde_json::from_slice(bytes).ok()
}

/// The same for what keeps nothing of the bytes.
pub(super) fn owned_object<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    object(bytes)
}

/// What is signed.
pub(super) fn signed(header: &JoseHeader<'_>, payload: &impl Serialize) -> String {
    let part = |json: serde_json::Result<Vec<u8>>| encode(&json.expect("texts and numbers are JSON"));
    format!("{}.{}", part(serde_json::to_vec(header)), part(serde_json::to_vec(payload)))
}

/// Base64url without padding (RFC 4648, 5).
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a text that is not empty; the one text of these bytes.
fn decode(text: &str) -> Result<Vec<u8>, TokenRefused> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenRefused::Form)?;
    if bytes.is_empty() { Err(TokenRefused::Form) } else { Ok(bytes) }
}

/// Exactly so many bytes, in the one text that they have.
pub(super) fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text).ok()?.try_into().ok()
}
